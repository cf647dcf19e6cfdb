"""The lines of /cvd that are shown first."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from crypto_assistant import view as v
from crypto_assistant.listings.lists import Coin
from crypto_assistant.listings.segments import TITLES
from crypto_assistant.models import Timeframe
from crypto_assistant.subjects.bars.windows import WINDOWS as LENGTHS
from crypto_assistant.subjects.cvd.answer import WINDOWS, Cvd
from crypto_assistant.subjects.cvd.flow import Sum
from crypto_assistant.subjects.cvd.flows import LAST_BARS, NEWEST, SPOT, VenueFlows
from crypto_assistant.subjects.cvd.rows import BARS
from crypto_assistant.subjects.cvd.taker_signals import HOUR, NONE, TakerSignals

LINEAR = ("usdt", "usdc")
LENGTHS_MS = {window: LENGTHS[window].ms for window in WINDOWS}
MINUTE_MS, HOUR_MS = Timeframe.M1.ms, Timeframe.H1.ms


def compact(answer: Cvd, view: v.View) -> v.Html:
    if not answer.kinds:
        asked = view.venues(answer.provenance.asked)
        return v.lines([v.bold(f"{_symbol(answer)} CVD"), v.escape(f"No market known on {asked}")])
    return v.lines(
        [
            _head(answer, view),
            v.table(["", *WINDOWS], [*_deltas(answer), *_shares(answer), *_price(answer, view)]),
            *_last_bars(answer, view),
            *_since(answer, view),
            _over(answer, view),
            *map(v.escape, [*_in_part(answer, view), *_found(answer), *apart(answer, view)]),
        ]
    )


def _head(answer: Cvd, view: v.View) -> v.Html:
    bars = f" {answer.bars.timeframe}" if answer.bars else ""
    return v.flowing(
        [f"{_symbol(answer)} CVD{bars}", "USD", f"to {view.minute(answer.end_ms)}"], boldly=True
    )


def _symbol(answer: Cvd) -> str:
    return Coin(answer.coin, answer.quote).symbol


def _deltas(answer: Cvd) -> Iterator[list[str]]:
    for title, _, sums in _rows(answer):
        yield [title, *(amount(sums[window].delta_usd) for window in WINDOWS)]


def _rows(answer: Cvd) -> Iterator[tuple[str, Sequence[str], Mapping[str, Sum]]]:
    """Spot, linear and coin-margined: title, kinds, sums. USDT stands for itself where alone."""
    linear = [name for name in answer.kinds if name in LINEAR]
    for name, kind in answer.kinds.items():
        if len(linear) < 2 or name not in linear:
            yield TITLES[name], [name], kind.sums
        elif name == linear[0]:
            yield "linear", linear, answer.linear


def _groups(answer: Cvd) -> dict[str, Mapping[str, Sum]]:
    """Spot and all perps, those that the coin has."""
    groups = {SPOT: answer.kinds[SPOT].sums} if SPOT in answer.kinds else {}
    return groups | ({"perps": answer.perps} if answer.kinds.keys() - {SPOT} else {})


def _shares(answer: Cvd) -> Iterator[list[str]]:
    yield ["% vol:", *("" for _ in WINDOWS)]
    for title, sums in _groups(answer).items():
        shares = (sums[window].delta_volume_fraction for window in WINDOWS)
        yield [f" {title}", *map(v.bare_percent, shares)]


def _price(answer: Cvd, view: v.View) -> Iterator[list[str]]:
    if venue := answer.reading.primary_venue:
        changes = answer.reading.price_changes_fraction
        yield [f"{view.short(venue)} px", *(v.percent(changes[window]) for window in WINDOWS)]


def _last_bars(answer: Cvd, view: v.View) -> Iterator[v.Html]:
    sums = {title: sums[LAST_BARS] for title, sums in _groups(answer).items() if answer.bars}
    if answer.bars and any(part.delta_venues for part in sums.values()):
        end_ms = answer.bars.end_ms
        ends = "" if end_ms == answer.end_ms else f" to {view.minute(end_ms)}"
        yield v.flowing(_named(f"{_titles(answer)[LAST_BARS]}{ends}", sums))


def _named(words: str, sums: Mapping[str, Sum]) -> Iterator[str]:
    """`96×1h spot +1.20M`, `perps -3.40M`."""
    told = [f"{title} {amount(part.delta_usd)}" for title, part in sums.items()]
    yield f"{words} {told[0]}"
    yield from told[1:]


def _titles(answer: Cvd) -> dict[str, str]:
    """The windows, and how the compact answer calls them."""
    windows = {window: window for window in WINDOWS}
    return windows | ({LAST_BARS: f"{BARS}×{answer.bars.timeframe}"} if answer.bars else {})


def lengths_ms(answer: Cvd) -> dict[str, int]:
    last = {LAST_BARS: BARS * answer.bars.timeframe.ms} if answer.bars else {}
    return LENGTHS_MS | last


def _since(answer: Cvd, view: v.View) -> Iterator[v.Html]:
    """After the windows' end, over the venues that are named: few tell the bar that is forming."""
    over: dict[str, dict[str, Sum]] = {}
    for title, part in answer.since.items():
        names = dict.fromkeys(venue for venues in part.delta_venues.values() for venue in venues)
        if names:
            over.setdefault(" ".join(map(view.short, names)), {})[title] = part
    for shorts, parts in over.items():
        yield v.flowing([*_named("Since:", parts), shorts])


Inside = tuple[tuple[str, ...], tuple[str, ...]]
"""The venues all of whose markets are in a sum, and those of which only some are."""


def _inside(answer: Cvd, names: Collection[str], part: Sum) -> Inside:
    listed = {(name, venue) for name in names for venue in answer.kinds[name].venues}
    summed = {(name, venue) for name, venues in part.delta_venues.items() for venue in venues}
    there, lacking = ({venue for _, venue in keys} for keys in (summed, listed - summed))
    asked = answer.provenance.asked
    return (
        tuple(venue for venue in asked if venue in there - lacking),
        tuple(venue for venue in asked if venue in there & lacking),
    )


def _short(inside: Inside, view: v.View) -> str:
    """`BIN OKX part of BYB`."""
    whole, part = (" ".join(map(view.short, venues)) for venues in inside)
    return f"{whole} part of {part}".strip() if part else whole or "nobody"


def _over(answer: Cvd, view: v.View) -> v.Html:
    """Who is in the sums, said once where it is the same for all; and who is in none."""
    rows = {
        title: {window: _inside(answer, names, sums[window]) for window in _titles(answer)}
        for title, names, sums in _rows(answer)
    }
    every = {inside for windows in rows.values() for inside in windows.values()}
    there = {venue for inside in every for venues in inside for venue in venues}
    if not there:
        return v.EMPTY
    alike = len(every) == 1 and not next(iter(every))[1]
    named = [view.venues(next(iter(every))[0])] if alike else _by_row(answer, rows, view)
    left = [venue for venue in answer.provenance.asked if venue in _known(answer) - there]
    return v.flowing([*named, f"{view.venues(left)} left out" if left else ""])


def _by_row(answer: Cvd, rows: Mapping[str, Mapping[str, Inside]], view: v.View) -> Iterator[str]:
    """`spot BIN`, `linear/coin-M 1h/4h BIN OKX`."""
    titles, parts = _titles(answer), dict[str, list[str]]()
    for row, windows in rows.items():
        over: dict[str, list[str]] = {}
        for window, inside in windows.items():
            over.setdefault(_short(inside, view), []).append(titles[window])
        for names, some in over.items():
            when = f" {'/'.join(some)}" if len(over) > 1 else ""
            parts.setdefault(f"{when} {names}", []).append(row)
    yield from (f"{'/'.join(of)}{words}" for words, of in parts.items())


def _known(answer: Cvd) -> set[str]:
    """The venues that list the coin and told something, be it that they have no such figures."""
    kinds = answer.kinds.values()
    return {venue for kind in kinds for venue in (*kind.venues, *kind.unsupported_venues)}


def _in_part(answer: Cvd, view: v.View) -> Iterator[str]:
    """Where a window has no sum: how much of it a venue tells, and what that is."""
    for venue in view.titles:
        parts: dict[str, list[str]] = {}
        for name, kind in answer.kinds.items():
            bare = {w: ms for w, ms in lengths_ms(answer).items() if not kind.sums[w].delta_venues}
            if venue in kind.venues and (part := partial(kind.venues[venue], bare)):
                parts.setdefault(part, []).append(TITLES[name])
        if parts:
            told = ", ".join(f"{'/'.join(titles)} {part}" for part, titles in parts.items())
            yield f"{view.venue(venue)}: {told}"


def partial(market: VenueFlows, lengths_ms: Mapping[str, int]) -> str:
    """Of the first window that is told in part only: how much, and what it tells."""
    for window, length_ms in lengths_ms.items():
        part = market.windows[window]
        if part and not part.complete:
            covered = _covered(part.covered_ms, length_ms)
            return covered if part.delta_usd is None else f"{v.flow(part.delta_usd)} in {covered}"
    return ""


def _covered(part_ms: int, length_ms: int) -> str:
    """`37 of 60 min`; of more than a day in hours."""
    unit_ms, unit = (HOUR_MS, "h") if length_ms > LENGTHS_MS["24h"] else (MINUTE_MS, "min")
    some = v.duration(part_ms) if 0 < part_ms < unit_ms else str(part_ms // unit_ms)
    return f"{some} of {length_ms // unit_ms} {unit}"


def _found(answer: Cvd) -> Iterator[str]:
    """The labels that hold."""
    reading = answer.reading
    if reading.led_by not in {None, NONE}:
        yield f"{str(reading.led_by).capitalize()} {HOUR}"
    if reading.absorption:
        yield f"Absorption {HOUR}: {moved(reading)}"
    if answer.bars and reading.divergence not in {None, NONE}:
        bars = f"{NEWEST} bars of {answer.bars.timeframe}"
        yield f"{str(reading.divergence).capitalize()} divergence, {bars}"


def moved(reading: TakerSignals) -> str:
    change, atr = reading.price_change_1h_fraction, reading.atr_14_1h_fraction
    return f"price {v.percent(change)}, ATR {v.share(atr)}"


def apart(answer: Cvd, view: v.View) -> Iterator[str]:
    for venue in view.titles:
        titles = [TITLES[name] for name, kind in answer.kinds.items() if venue in kind.apart_venues]
        if titles:
            yield f"{view.venue(venue)} {', '.join(titles)}: another coin? Not counted"


def amount(size: float | None) -> str:
    """With its sign; the unit stands in the header."""
    return v.flow(size).replace("$", "")
