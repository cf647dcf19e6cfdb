"""The lines of /volume that are shown first, and how every answer names a relative volume."""

from collections.abc import Iterator, Mapping

from crypto_assistant import view as v
from crypto_assistant.calculators.volume import SOONEST_PACE
from crypto_assistant.listings.lists import Coin
from crypto_assistant.subjects.bars.baselines import BARS, DAYS
from crypto_assistant.subjects.volume.answer import Volume
from crypto_assistant.subjects.volume.volumes import Bar, Forming, Volumes

TITLES = {
    "spot": "spot",
    "usdt": "USDT perps",
    "usdc": "USDC perps",
    "coin_margined": "coin-M perps",
}


def title(answer: Volume) -> v.Html:
    coin = Coin(answer.coin, answer.quote, answer.tradfi)
    first = next(iter(answer.markets.values())).total
    return v.flowing(
        [
            f"{coin.symbol} volume {answer.timeframe}",
            named_rvol(first.bar) if first else "",
        ],
        boldly=True,
    )


def compact(kind: str, answer: Volume, view: v.View) -> v.Html:
    """Of one kind of market."""
    found = answer.markets[kind]
    bars = closed(found, view)
    apart = found.apart_venues
    return v.lines(
        [
            *(_table(bars, kind, answer, view) if bars else ()),
            _over(found, view),
            *_pace(found),
            *map(v.escape, _late(found, view)),
            *map(v.escape, _short_of_bars(found, view)),
            v.escape(f"{view.venues(apart)} {answer.coin}: another coin? Not counted")
            if apart
            else v.EMPTY,
        ]
    )


def closed(found: Volumes, view: v.View) -> dict[str, Bar]:
    """The closed bar on each venue, and over all of them."""
    bars = {view.short(venue): market.bar for venue, market in found.venues.items()}
    return bars | ({"all": found.total.bar} if found.total and len(bars) > 1 else {})


def _table(bars: Mapping[str, Bar], kind: str, answer: Volume, view: v.View) -> Iterator[v.Html]:
    ended = view.minute(answer.bar_open_ms + answer.timeframe.ms)
    yield v.flowing([TITLES[kind], f"bar to {ended}"])
    measured = rvols(bars)
    rows = [
        [
            name,
            v.scaled(bar.volume_coins),
            v.scaled(bar.turnover_usd),
            rvol,
            v.part(bar.buy_fraction),
        ]
        for (name, bar), rvol in zip(bars.items(), measured[1:], strict=True)
    ]
    yield v.table(["", "coins", "$", measured[0], "buy"], rows)


def rvols(bars: Mapping[str, Bar], forming: Mapping[str, Forming] | None = None) -> list[str]:
    """A header and what stands below it: the baseline is said once where it is one for all."""
    values = {name: bar.rvol for name, bar in (forming or bars).items()}
    baselines = {_baseline(bars[name]) for name, value in values.items() if value is not None}
    if len(baselines) == 1:
        return [f"RVOL {baselines.pop()}", *map(v.times, values.values())]
    return ["RVOL", *(_against(bars[name], value) for name, value in values.items())]


def named_rvol(bar: Bar | None) -> str:
    """`RVOL 7d 1.15x`: with what it is measured against."""
    return f"RVOL {_against(bar, bar.rvol)}" if bar else f"RVOL {v.NOTHING}"


def _against(bar: Bar, rvol: float | None) -> str:
    return v.NOTHING if rvol is None else f"{_baseline(bar)} {v.times(rvol)}"


def _baseline(bar: Bar) -> str:
    """`7d`, the same bar of seven days; `96`, so many bars before."""
    return f"{DAYS}d" if bar.baseline == "slot" else str(bar.baseline_bars)


def _over(found: Volumes, view: v.View) -> v.Html:
    """Who is in the sum, where somebody is not."""
    inside = found.total.venues if found.total else ()
    lacking = [venue for venue in found.venues if venue not in inside]
    if not inside or not lacking:
        return v.EMPTY
    return v.flowing([f"all: {view.venues(inside)}", f"{view.venues(lacking)} left out"])


def _pace(found: Volumes) -> Iterator[v.Html]:
    if found.total is None or found.total.forming is None:
        return
    bar, forming = found.total.bar, found.total.forming
    now = f"Now {v.part(forming.elapsed_fraction)}: pace"
    if forming.pace_coins is None:
        yield v.escape(f"{now} from {v.part(SOONEST_PACE)} on")
    else:
        pace = f"{now} {v.scaled(forming.pace_coins)}"
        yield v.flowing([pace, f"RVOL {_against(bar, forming.rvol)}"])


def _late(found: Volumes, view: v.View) -> Iterator[str]:
    """Who answers and has not closed the bar yet."""
    if late := [name for name, market in found.venues.items() if market.bar.volume_coins is None]:
        yield f"{view.venues(late)}: bar not closed yet"


def _short_of_bars(found: Volumes, view: v.View) -> Iterator[str]:
    """Who has too few bars to be measured against."""
    few: dict[int, list[str]] = {}
    for venue, market in found.venues.items():
        if market.bar.volume_coins is not None and market.bar.baseline is None:
            few.setdefault(market.bar.baseline_bars, []).append(venue)
    for count, venues in few.items():
        yield f"{view.venues(venues)}: {count} of {BARS} bars before"
