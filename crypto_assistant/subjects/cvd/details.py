"""The tables of /cvd that stand under its compact lines on request."""

from collections.abc import Iterator, Mapping, Sequence

from crypto_assistant import view as v
from crypto_assistant.listings.segments import TITLES
from crypto_assistant.subjects.cvd.answer import WINDOWS, Cvd
from crypto_assistant.subjects.cvd.compact import LINEAR, amount, lengths_ms, moved, partial
from crypto_assistant.subjects.cvd.flow import Flow, Sum
from crypto_assistant.subjects.cvd.flows import LAST_BARS, NEWEST, SPOT, KindFlows
from crypto_assistant.subjects.cvd.rows import BARS
from crypto_assistant.subjects.cvd.taker_signals import HOUR, NONE

SHORT = {**{name: name for name in WINDOWS}, LAST_BARS: f"{BARS}b"}
HEADER = ("", "USD", "coins", "% vol", "% OI")


def details(answer: Cvd, view: v.View) -> Iterator[v.Html]:
    if (bars := answer.bars) and any(map(_names_bars, answer.kinds.values())):
        until = f"{BARS} bars of {bars.timeframe} to {view.minute(bars.end_ms)}"
        yield v.escape(f"{SHORT[LAST_BARS]}: {until}")
    for name, kind in answer.kinds.items():
        notes = _notes(kind, lengths_ms(answer), view)
        title = TITLES[name] if name == SPOT else f"{TITLES[name]} perps"
        yield v.lines([v.bold(title), *_table(list(_venue_rows(kind, view)), name == SPOT), *notes])
    rows = list(_group_rows(answer))
    if rows and len(answer.kinds.keys() - {SPOT}) > 1:
        yield v.lines([v.bold("Linear and all perps"), *_table(rows)])
    yield v.lines(map(v.escape, _labels(answer, view)))


def _names_bars(kind: KindFlows) -> bool:
    """Whether the last bars have a row, or a note that they are not there."""
    flows = [market.windows[LAST_BARS] for market in kind.venues.values()]
    return any(part is None or part.complete for part in flows)


def _table(rows: Sequence[Sequence[str]], spot: bool = False) -> list[v.Html]:
    """Nobody holds open interest in spot."""
    width = len(HEADER) - spot
    return v.tables(HEADER[:width], [row[:width] for row in rows]) if rows else []


def _venue_rows(kind: KindFlows, view: v.View) -> Iterator[list[str]]:
    """Window by window, the venues that tell all of it and their sum."""
    for window, short in SHORT.items():
        flows = {venue: market.windows[window] for venue, market in kind.venues.items()}
        whole = {view.short(venue): part for venue, part in flows.items() if part and part.complete}
        yield from _rows(short, {**whole, "sum": kind.sums[window]} if len(whole) > 1 else whole)


def _group_rows(answer: Cvd) -> Iterator[list[str]]:
    groups = {"lin": answer.linear} if answer.kinds.keys() & set(LINEAR) else {}
    for window, short in SHORT.items():
        sums = {name: sums[window] for name, sums in {**groups, "all": answer.perps}.items()}
        yield from _rows(short, {name: part for name, part in sums.items() if part.delta_venues})


def _rows(window: str, parts: Mapping[str, Flow | Sum]) -> Iterator[list[str]]:
    if parts:
        yield [window, *("" for _ in HEADER[1:])]
    for name, part in parts.items():
        amounts = amount(part.delta_usd), amount(part.delta_coins)
        shares = (part.delta_volume_fraction, part.delta_oi_fraction)
        yield [f" {name}", *amounts, *map(v.bare_percent, shares)]


def _notes(kind: KindFlows, lengths_ms: Mapping[str, int], view: v.View) -> Iterator[v.Html]:
    """What the sums are not over, and what came after them."""
    for venue in kind.unsupported_venues:
        yield v.escape(f"{view.venue(venue)}: n/a, no usable statistics of takers")
    for venue, market in kind.venues.items():
        if part := partial(market, lengths_ms):
            yield v.escape(f"{view.venue(venue)}, not summed: {part}")
    if lacking := [venue for venue, market in kind.venues.items() if not market.windows[LAST_BARS]]:
        yield v.escape(f"{SHORT[LAST_BARS]} n/a: {view.venues(lacking)}")
    after = {venue: market.since for venue, market in kind.venues.items()}
    if parts := [_after(view.short(venue), flow) for venue, flow in after.items() if flow]:
        yield v.flowing([f"Since: {parts[0]}", *parts[1:]])


def _after(short: str, part: Flow) -> str:
    last = "" if part.complete else f" in its last {v.duration(part.covered_ms)}"
    return f"{short} {v.flow(part.delta_usd)}{last}"


def _labels(answer: Cvd, view: v.View) -> Iterator[str]:
    reading = answer.reading
    if {reading.led_by, reading.absorption, reading.divergence} != {None}:
        absorbed = {True: "yes", False: "no", None: v.NOTHING}[reading.absorption]
        yield f"{HOUR} led: {_label(reading.led_by)} · absorption: {absorbed}"
        yield f"Divergence over {NEWEST} bars: {_label(reading.divergence)}"
    if reading.primary_venue:
        yield f"{view.venue(reading.primary_venue)} {reading.primary_symbol} over {HOUR}:"
        yield moved(reading)


def _label(name: str | None) -> str:
    return v.NOTHING if name is None else name.replace(NONE, "no")
