"""The lines of /cvd that are shown first."""

from collections.abc import Iterator, Mapping, Sequence

from crypto_assistant import view as v
from crypto_assistant.listings.segments import TITLES
from crypto_assistant.models import Timeframe
from crypto_assistant.subjects.bars.windows import WINDOWS as LENGTHS
from crypto_assistant.subjects.cvd.answer import WINDOWS, Cvd
from crypto_assistant.subjects.cvd.flow import Sum
from crypto_assistant.subjects.cvd.flows import LAST_BARS, NEWEST, VenueFlows
from crypto_assistant.subjects.cvd.rows import BARS
from crypto_assistant.subjects.cvd.taker_signals import HOUR, NONE, TakerSignals

SPOT, LINEAR = "spot", ("usdt", "usdc")
LENGTHS_MS = {window: LENGTHS[window].ms for window in WINDOWS}
MINUTE_MS, HOUR_MS = Timeframe.M1.ms, Timeframe.H1.ms


def compact(answer: Cvd, view: v.View) -> v.Html:
    windows = _windows(answer)
    rows = [
        [title, *(amount(sums[window].delta_usd) for window in windows)]
        for title, _, sums in _rows(answer)
    ]
    table = v.tables(["USD", *windows.values()], rows)
    return v.lines([*table, *map(v.escape, _below(answer, view))])


def _windows(answer: Cvd) -> dict[str, str]:
    """The windows, and how the compact answer calls them."""
    windows = {window: window for window in WINDOWS}
    return windows | ({LAST_BARS: f"{BARS}×{answer.bars.timeframe}"} if answer.bars else {})


def lengths_ms(answer: Cvd) -> dict[str, int]:
    last = {LAST_BARS: BARS * answer.bars.timeframe.ms} if answer.bars else {}
    return LENGTHS_MS | last


def _rows(answer: Cvd) -> Iterator[tuple[str, Sequence[str], Mapping[str, Sum]]]:
    """Spot, linear and coin-margined: title, kinds, sums. USDT stands for itself where alone."""
    linear = [name for name in answer.kinds if name in LINEAR]
    for name, kind in answer.kinds.items():
        if len(linear) < 2 or name not in linear:
            yield TITLES[name], [name], kind.sums
        elif name == linear[0]:
            yield "linear", linear, answer.linear


def _below(answer: Cvd, view: v.View) -> Iterator[str]:
    known = any(sums[LAST_BARS].delta_venues for _, _, sums in _rows(answer) if answer.bars)
    if answer.bars and known and answer.bars.end_ms != answer.end_ms:
        yield f"{_windows(answer)[LAST_BARS]} to {view.clock(answer.bars.end_ms)}"
    yield _over(answer)
    yield _shares(answer)
    for venue in view.titles:
        if parts := _not_summed(answer, venue):
            yield f"{view.venue(venue)}, not summed: {', '.join(parts)}"
    yield from _found(answer, view)
    yield from apart(answer, view)


def _over(answer: Cvd) -> str:
    """Of how many venues each sum is: one number where it is the same for all windows."""
    parts: dict[str, list[str]] = {}
    for title, names, sums in _rows(answer):
        parts.setdefault(_counted(answer, names, sums), []).append(title)
    counted = [f"{'/'.join(titles)} {count}" for count, titles in parts.items()]
    return f"Venues: {'; '.join(counted)}"


def _counted(answer: Cvd, names: Sequence[str], sums: Mapping[str, Sum]) -> str:
    """`2/3`, or `1h 3/3, 4h/24h 2/3`."""
    asked = len(answer.provenance.asked)
    windows: dict[str, list[str]] = {}
    for window, title in _windows(answer).items():
        count = f"{len(_whole(answer, names, sums[window]))}/{asked}"
        windows.setdefault(count, []).append(title)
    if len(windows) == 1:
        return next(iter(windows))
    return ", ".join(f"{'/'.join(titles)} {count}" for count, titles in windows.items())


def _whole(answer: Cvd, names: Sequence[str], part: Sum) -> list[str]:
    """The venues all of whose markets of these kinds are in the sum."""
    there = {name: answer.kinds[name].venues for name in names}
    return [
        venue
        for venue in answer.provenance.asked
        if any(venue in markets for markets in there.values())
        and all(
            venue in part.delta_venues.get(name, ())
            for name, markets in there.items()
            if venue in markets
        )
    ]


def _shares(answer: Cvd) -> str:
    """What the labels rest on."""
    parts = []
    if answer.kinds.keys() - {SPOT}:
        held = answer.perps[HOUR].delta_oi_fraction
        parts.append(f"perps {_of_volume(answer.perps)}")
        parts += [] if held is None else [f"{v.percent(held)} of OI"]
    if spot := answer.kinds.get(SPOT):
        parts.append(f"spot {_of_volume(spot.sums)}")
    return f"{HOUR}: {', '.join(parts)}"


def _of_volume(sums: Mapping[str, Sum]) -> str:
    share = sums[HOUR].delta_volume_fraction
    return v.NOTHING if share is None else f"{v.percent(share)} of volume"


def _not_summed(answer: Cvd, venue: str) -> list[str]:
    """The venue's markets that tell nothing, or only a part of a window."""
    parts: dict[str, list[str]] = {}
    for name, kind in answer.kinds.items():
        if market := kind.venues.get(venue):
            part = partial(market, lengths_ms(answer)) or _untold(market, _windows(answer))
        else:
            part = v.NOTHING if venue in kind.unsupported_venues else ""
        if part:
            parts.setdefault(part, []).append(TITLES[name])
    return [f"{'/'.join(titles)} {part}" for part, titles in parts.items()]


def partial(market: VenueFlows, lengths_ms: Mapping[str, int]) -> str:
    """Of the first window that is told in part only: how much, and what it tells."""
    for window, length_ms in lengths_ms.items():
        part = market.windows[window]
        if part and not part.complete:
            covered = _covered(part.covered_ms, length_ms)
            return covered if part.delta_usd is None else f"{v.flow(part.delta_usd)} in {covered}"
    return ""


def _untold(market: VenueFlows, windows: Mapping[str, str]) -> str:
    """The windows that the market tells nothing of."""
    titles = [title for window, title in windows.items() if market.windows[window] is None]
    return f"{'/'.join(titles)} {v.NOTHING}" if titles else ""


def _covered(part_ms: int, length_ms: int) -> str:
    """`37 of 60 min`; of more than a day in hours."""
    unit_ms, unit = (HOUR_MS, "h") if length_ms > LENGTHS_MS["24h"] else (MINUTE_MS, "min")
    some = v.duration(part_ms) if 0 < part_ms < unit_ms else str(part_ms // unit_ms)
    return f"{some} of {length_ms // unit_ms} {unit}"


def _found(answer: Cvd, view: v.View) -> Iterator[str]:
    """The labels that hold, with the market whose price they rest on."""
    reading = answer.reading
    if reading.led_by not in {None, NONE}:
        yield f"{str(reading.led_by).capitalize()} over {HOUR}"
    if reading.absorption:
        yield f"Absorption: {moved(reading, view)}"
    if answer.bars and reading.divergence not in {None, NONE}:
        bars = f"{NEWEST} bars of {answer.bars.timeframe}"
        yield f"{str(reading.divergence).capitalize()} divergence: {bars}, {_market(reading, view)}"


def _market(reading: TakerSignals, view: v.View) -> str:
    return f"{view.venue(reading.primary_venue or '')} {reading.primary_symbol}"


def moved(reading: TakerSignals, view: v.View) -> str:
    change, atr = reading.price_change_1h_fraction, reading.atr_14_1h_fraction
    moved = f"{_market(reading, view)} {v.percent(change)} over {HOUR}"
    return f"{moved}, ATR {v.percent(atr).lstrip('+')}"


def apart(answer: Cvd, view: v.View) -> Iterator[str]:
    for venue in view.titles:
        titles = [TITLES[name] for name, kind in answer.kinds.items() if venue in kind.apart_venues]
        if titles:
            yield f"{view.venue(venue)} {', '.join(titles)}: another coin? Not counted"


def amount(size: float | None) -> str:
    """With its sign; the unit stands in the header."""
    return v.flow(size).replace("$", "")
