"""What takers did over a span of time: in one market, in its bars, and summed over markets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from crypto_assistant.calculators.cvd import Window, delta, window
from crypto_assistant.models import Floats, TakerVolumes, known, total


@dataclass(frozen=True, slots=True)
class Flow:
    """Of one market. Delta is what takers bought less what they sold, volume both together.

    `covered_ms`: how much of the span the venue tells; `complete` where it is all of it.
    """

    delta_usd: float | None
    delta_coins: float | None
    volume_usd: float | None
    volume_coins: float | None
    delta_volume_fraction: float | None
    delta_oi_fraction: float | None
    covered_ms: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Sum:
    """Of the markets that tell all of the span: their venues, by kind of market."""

    delta_usd: float | None
    delta_coins: float | None
    volume_usd: float | None
    volume_coins: float | None
    delta_volume_fraction: float | None
    delta_oi_fraction: float | None
    delta_venues: Mapping[str, Sequence[str]]
    delta_oi_venues: Mapping[str, Sequence[str]]


Key = tuple[str, str]
"""A market by its kind and its venue."""


def common_end(series: Iterable[TakerVolumes], step_ms: int, now_ms: int) -> int:
    """The last boundary up to which every series has closed bars.

    At most one step before the last one by the clock: whoever is later than that is not waited for.
    """
    last = now_ms // step_ms * step_ms
    ends = [_closed_until(part) // step_ms * step_ms for part in series if part.closed.any()]
    return max(last - step_ms, min([last, *ends]))


def flow(series: TakerVolumes, start_ms: int, end_ms: int, oi_usd: float | None = None) -> Flow:
    """Of the whole bars in [start, end), which lie on boundaries of the series' own bars."""
    coins = _window(series, series.bought, series.sold, start_ms, end_ms)
    usd = _window(series, series.bought_turnover, series.sold_turnover, start_ms, end_ms)
    covered_ms = min(coins.covered_ms, usd.covered_ms)
    if covered_ms and start_ms <= series.since_ms < end_ms:
        # Of its oldest bar the venue tells only what came after `since_ms`.
        covered_ms -= series.since_ms % series.timeframe.ms
    delta_usd = known(usd.delta)
    return Flow(
        delta_usd=delta_usd,
        delta_coins=known(coins.delta),
        volume_usd=known(usd.volume),
        volume_coins=known(coins.volume),
        delta_volume_fraction=known(usd.delta_share),
        delta_oi_fraction=_share(delta_usd, oi_usd),
        covered_ms=covered_ms,
        complete=covered_ms == end_ms - start_ms,
    )


def since(
    series: TakerVolumes, start_ms: int, came_ms: int, oi_usd: float | None = None
) -> Flow | None:
    """From `start_ms` to the venue's time when it came; None where no forming bar tells it."""
    if not len(series) or series.closed[-1]:
        return None
    end_ms = int(series.open_ms[-1]) + series.timeframe.ms
    whole = flow(series, start_ms, end_ms, oi_usd)
    to_come_ms = max(0, end_ms - came_ms)
    return replace(whole, covered_ms=max(0, whole.covered_ms - to_come_ms))


def per_bar(series: TakerVolumes, end_ms: int, bar_ms: int, count: int) -> Floats | None:
    """The delta in USD of each of the last `count` bars, made of whole bars of the series.

    None where the venue does not tell all of them.
    """
    start_ms = end_ms - count * bar_ms
    if not flow(series, start_ms, end_ms).complete:
        return None
    rows = (series.open_ms >= start_ms) & (series.open_ms < end_ms)
    deltas = delta(series.bought_turnover, series.sold_turnover)[rows]
    sums: Floats = deltas.reshape(count, -1).sum(axis=1)
    return sums


def summed(flows: Mapping[Key, Flow | None], oi_usd: Mapping[Key, float | None]) -> Sum:
    """The complete ones; their share of open interest over the markets that tell that, too."""
    whole = {key: part for key, part in flows.items() if part and part.complete}
    held = {key: oi for key in whole if (oi := oi_usd[key]) is not None}
    delta_usd = total(part.delta_usd for part in whole.values())
    volume_usd = total(part.volume_usd for part in whole.values())
    return Sum(
        delta_usd=delta_usd,
        delta_coins=total(part.delta_coins for part in whole.values()),
        volume_usd=volume_usd,
        volume_coins=total(part.volume_coins for part in whole.values()),
        delta_volume_fraction=_share(delta_usd, volume_usd),
        delta_oi_fraction=_share(total(whole[key].delta_usd for key in held), total(held.values())),
        delta_venues=by_kind(whole),
        delta_oi_venues=by_kind(held),
    )


def by_kind(keys: Iterable[Key]) -> dict[str, list[str]]:
    """The venues of each kind of market."""
    found: dict[str, list[str]] = {}
    for kind, venue in keys:
        found.setdefault(kind, []).append(venue)
    return found


def _window(
    series: TakerVolumes, bought: Floats, sold: Floats, start_ms: int, end_ms: int
) -> Window:
    return window(series.open_ms, series.timeframe.ms, bought, sold, start_ms, end_ms)


def _closed_until(series: TakerVolumes) -> int:
    return int(series.open_ms[series.closed][-1]) + series.timeframe.ms


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
