"""What /volume, /cvd and /volscan show, held against the simulated market's bars."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress, product
from math import fsum, nan
from statistics import median
from typing import Final, NamedTuple

import numpy as np

from crypto_assistant.sandbox.candles import Bars
from crypto_assistant.sandbox.catalog import Kind, Market
from tests.soak.case import Case, place
from tests.soak.moments import is_other, sums, turnover
from tests.soak.printed import SHORT, Range, Table

FIVE: Final = 300_000
DAY: Final = 86_400_000
STEPS: Final = {"5m": FIVE, "15m": 3 * FIVE, "1h": 12 * FIVE, "4h": 48 * FIVE}
WINDOWS: Final = {"1h": 12 * FIVE, "4h": 48 * FIVE, "24h": DAY}
BARS: Final = 96
LEAST_BAR: Final = 250_000
CLOSE: Final = 0.9
"""Markets whose turnover is so near the largest may be taken for it."""
HURRY: Final = 10_000
"""Milliseconds between a question and the oldest datum of its answer, at most."""
SCAN: Final = 60_000
"""Milliseconds that a scan may take, of the bar that was the last one when it began."""
ROWS: Final[Mapping[str, tuple[tuple[Kind, str], ...]]] = {
    "spot": (("spot", "USDT"),),
    "linear": (("linear", "USDT"), ("linear", "USDC")),
    "coin-M": (("inverse", "USD"),),
}
PERPS: Final = (*ROWS["linear"], *ROWS["coin-M"])
SEGMENTS: Final[Mapping[str, tuple[Kind, str]]] = {
    "USDT": ("linear", "USDT"),
    "USDC": ("linear", "USDC"),
    "USD": ("inverse", "USD"),
}


def volume(case: Case) -> None:
    """Coins, USD and RVOL of the closed bar on each venue, and their sums."""
    for table in case.reading.tables:
        if table.header[:2] == ("coins", "$"):
            _closed(case, table)


def _closed(case: Case, table: Table) -> None:
    step = STEPS[case.question.timeframe]
    title, _, closed = table.above.rpartition(" · bar to ")
    kind, quote = _market_kind(title.removeprefix("Volume "), case.question.quote)
    at = _bar(case, closed, step)
    markets = _markets(case, [(kind, quote)])
    shown = {SHORT[row.name]: row.cells for row in table.rows if row.name in SHORT}
    for venue, cells in shown.items():
        if market := markets.get((venue, kind, quote)):
            _traded(case, cells, market, (at, step))
    for venue, *_ in markets:
        there = venue in shown or venue in case.loose
        case.says(there, f"{venue} is not in the table and not named")
    _all(case, table, [m for (v, *_), m in markets.items() if v in shown], at, step)


def _market_kind(title: str, quote: str) -> tuple[Kind, str]:
    if title == "spot":
        return "spot", "USDT" if quote == "USD" else quote
    return ("inverse", "USD") if quote == "USD" else ("linear", quote)


def _bar(case: Case, closed: str, step: int, hurry: int = HURRY) -> int:
    """Where the bar begins that closed at HH:MM:SS: the last one that had."""
    last = case.stretch.last_ms // step * step
    said = closed.removesuffix(" UTC")
    ends = [end for end in (last, last - step) if said in {_clock(end), _clock(end)[:5]}]
    recent = [end for end in ends if end + step >= case.stretch.first_ms - hurry]
    case.says(bool(recent), f"the bar that closed {closed} is not the last one")
    return (recent or [last])[0] - step


def _clock(ms: int) -> str:
    seconds = ms // 1000 % 86_400
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _markets(case: Case, kinds: Iterable[tuple[Kind, str]]) -> dict[tuple[str, Kind, str], Market]:
    found = {
        (venue, kind, quote): market
        for kind, quote in kinds
        for venue in case.asked
        if (market := case.stretch.find(venue, kind, case.question.coin, quote))
    }
    truth = case.stretch.truths[-1]
    return {place: market for place, market in found.items() if not is_other(truth, market)}


def bars(case: Case, market: Market, edges: Sequence[int], now: int | None = None) -> Bars:
    return case.stretch.sandbox.world.bars(market, edges, now or case.stretch.last_ms)


def _coins(market: Market, told: Bars) -> float:
    if market.kind == "inverse":
        return float(told.turnover.sum())
    return float(told.volume.sum()) * market.unit * market.multiplier


def _usd(market: Market, told: Bars) -> float:
    of = told.volume * market.unit if market.kind == "inverse" else told.turnover
    return float(of.sum())


def _traded(case: Case, cells: Mapping[str, str], market: Market, bar: tuple[int, int]) -> None:
    venue, (at, step) = market.venue, bar
    told = bars(case, market, [at, at + step])
    coins = _coins(market, told)
    case.number(f"{venue} bar coins", cells["coins"], [coins], venue)
    case.number(f"{venue} bar $", cells["$"], [_usd(market, told)], venue)
    against, text = _relative(cells)
    usual = _usual(case, [market], against, at, step)
    if usual and venue not in case.loose:
        case.number(f"{venue} RVOL", text, [coins / usual], venue)


def _relative(cells: Mapping[str, str]) -> tuple[str, str]:
    """`7d` and `0.60`: what stands in the cell, or in its header for all."""
    header, text = next((name, cell) for name, cell in cells.items() if name.startswith("RVOL"))
    words = f"{header} {text}".split()
    return words[1], words[-1].removesuffix("x")


def _usual(case: Case, markets: Sequence[Market], against: str, at: int, step: int) -> float | None:
    """The median of the markets' sums at those times; None where one of them lacks one."""
    if against not in {"7d", str(BARS)}:
        return None
    opens = _slots(at) if against == "7d" else [at - n * step for n in range(1, BARS + 1)]
    volumes = [[_coins(m, bars(case, m, [a, a + step])) for m in markets] for a in opens]
    return median(map(fsum, volumes)) if all(map(all, volumes)) else None


def _slots(at: int) -> list[int]:
    return [at - n * DAY for n in range(1, 8)]


def _all(case: Case, table: Table, markets: Sequence[Market], at: int, step: int) -> None:
    row = next((row for row in table.rows if row.name == "all"), None)
    if row is None or set(case.gapped):
        return
    told = {place(m): bars(case, m, [at, at + step]) for m in markets}
    for column, figure in (("coins", _coins), ("$", _usd)):
        parts = {place(m): _exact(figure(m, told[place(m)])) for m in markets}
        case.summed(f"bar {column}", row.cells[column], parts)


def _exact(value: float) -> Range:
    return Range(value, value)


def analysis(case: Case, own: Sequence[Market]) -> None:
    """RVOL and the deltas of four hours, which bear no time: of the last bars, or those before."""
    step = STEPS[case.question.timeframe]
    if (found := case.reading.find(r"RVOL 7d ([\d.]+)x")) and own and not case.loose:
        last = case.stretch.last_ms // step * step
        told = [_rvol(case, own, at - step, step) for at in (last, last - step)]
        if known := [rvol for rvol in told if rvol is not None]:
            case.number("RVOL", found[1], known)
    for name, words in (("spot", "spot"), ("perps", "perp")):
        if found := case.reading.find(rf"{words} 4h (\S+)(?: (\S+%))?$"):
            _four_hours(case, name, found[1])
    if case.question.details:
        volume(case)


def _rvol(case: Case, markets: Sequence[Market], at: int, step: int) -> float | None:
    usual = _usual(case, markets, "7d", at, step)
    coins = fsum(_coins(market, bars(case, market, [at, at + step])) for market in markets)
    return coins / usual if usual else None


def _four_hours(case: Case, name: str, text: str) -> None:
    last = case.stretch.last_ms // FIVE * FIVE
    spans = [(end - WINDOWS["4h"], end, FIVE) for end in (last, last - FIVE, last - 2 * FIVE)]
    parts = [_parts(case, _kinds(case, name), span) for span in spans]
    if text == "n/a" and not parts[0][0]:
        return
    told = [sums(*([_exact(part.delta) for part in some] for some in pair)) for pair in parts]
    case.ranged(f"CVD {name} 4h", text, chain.from_iterable(told))


def cvd(case: Case) -> None:
    """The sums of each window over the venues that tell all of it, shares of volume, the price."""
    head = case.reading.find(r" CVD .*to (\d\d:\d\d) UTC$")
    if head is None or not case.reading.tables:
        return
    end, shares = _end(case, f"{head[1]}:00"), False
    for row in case.reading.tables[0].rows:
        shares = shares or row.name == "% vol:"
        for column, text in row.cells.items():
            span = (end - WINDOWS[column], end, FIVE)
            if row.name.endswith(" px"):
                _moved(case, SHORT[row.name[:3]], column, text, span)
            elif shares:
                _share(case, row.name, text, span)
            else:
                _check_delta(case, f"CVD {row.name} {column}", text, _kinds(case, row.name), span)
    _last_bars(case, end)
    _since(case, end)


def _kinds(case: Case, name: str) -> Sequence[tuple[Kind, str]]:
    """Which markets a row is of; `perps`: all that are asked for."""
    quote = case.question.quote
    own = (SEGMENTS[quote],) if quote != "USDT" else PERPS
    spot = (("spot", "USDC"),) if quote == "USDC" else ROWS["spot"]
    named = {"spot": spot, "perps": own, "USDT": ROWS["linear"][:1], "USDC": ROWS["linear"][1:]}
    return named.get(name) or ROWS[name]


def _last_bars(case: Case, end: int) -> None:
    bar = STEPS[case.question.timeframe]
    end = end // bar * bar
    start = end - BARS * bar
    step = FIVE if end - start <= DAY else bar
    for name, text in _groups(case, rf"96×{case.question.timeframe}(?: to \S+ \S+)?"):
        _check_delta(case, f"CVD {name} 96 bars", text, _kinds(case, name), (start, end, step))


def _groups(case: Case, words: str) -> list[tuple[str, str]]:
    """What is said of spot and of all perps; the second may stand in the next line."""
    found = re.search(rf"^{words}((?:\W+(?:spot|perps) \S+)+)", case.reading.text, re.MULTILINE)
    return re.findall(r"(spot|perps) (\S+)", found[1]) if found else []


def _since(case: Case, end: int) -> None:
    """While it goes on: where Binance alone tells it."""
    if case.reading.find(r"^(Since: .* · )?BIN$|^Since: .* · BIN$") is None:
        return
    for name, text in _groups(case, "Since:"):
        markets = _markets(case, _kinds(case, name))
        own = [market for market in markets.values() if market.venue == "binance"]
        flows = [
            fsum(_flow(case, market, (end, end + FIVE, FIVE), now).delta for market in own)
            for now in range(case.stretch.first_ms, case.stretch.last_ms + 1, 1000)
        ]
        case.ranged(f"CVD {name} since", text, [Range(min(flows), max(flows))])


def _moved(case: Case, venue: str, window: str, text: str, span: tuple[int, int, int]) -> None:
    """From close to close, in the primary market, which is named."""
    start, end, step = span
    kind, quote = SEGMENTS[case.question.quote]
    market = case.stretch.find(venue, kind, case.question.coin, quote)
    if market and text != "n/a":
        then, now = (bars(case, market, [at - step, at]).close[-1] for at in (start, end))
        case.number(f"{venue} price over {window}", text, [float(now / then - 1)], venue)


def _share(case: Case, name: str, text: str, span: tuple[int, int, int]) -> None:
    """Of one set of markets: their deltas over their volumes."""
    required, optional = _parts(case, _kinds(case, name), span)
    if text == "n/a" and not required:
        return
    shares = []
    for chosen in product((False, True), repeat=len(optional)):
        parts = [*required, *compress(optional, chosen)]
        if volume := fsum(part.volume for part in parts):
            shares.append(fsum(part.delta for part in parts) / volume)
    case.number(f"CVD {name} of volume", f"{text}%", shares)


def _end(case: Case, clock: str) -> int:
    """The five-minute boundary of that time: the last one, or the one before it."""
    last = case.stretch.last_ms // FIVE * FIVE
    ends = [end for end in (last, last - FIVE, last - 2 * FIVE) if _clock(end) == clock]
    recent = [end for end in ends if end + 2 * FIVE >= case.stretch.first_ms - HURRY]
    case.says(bool(recent), f"{clock} is not one of the last two five-minute boundaries")
    return (recent or [last])[0]


class Flow(NamedTuple):
    """USD."""

    delta: float
    volume: float


def _check_delta(
    case: Case,
    what: str,
    text: str,
    kinds: Iterable[tuple[Kind, str]],
    span: tuple[int, int, int],
) -> None:
    required, optional = (
        [_exact(part.delta) for part in parts] for parts in _parts(case, kinds, span)
    )
    if text != "n/a" or required:
        case.ranged(what, text, sums(required, optional))


def _parts(
    case: Case, kinds: Iterable[tuple[Kind, str]], span: tuple[int, int, int]
) -> tuple[list[Flow], list[Flow]]:
    """What is in a sum, and what may be.

    Bybit's last trades hardly ever reach back so far: where they do, they are in the sum.
    """
    required: list[Flow] = []
    optional: list[Flow] = []
    for (venue, kind, _), market in _markets(case, kinds).items():
        unsure = venue == "bybit" or (venue, kind) == ("okx", "spot") or market.listed > span[0]
        parts = optional if unsure or venue in case.loose else required
        parts.append(_flow(case, market, span))
    return required, optional


def _flow(case: Case, market: Market, span: tuple[int, int, int], now: int | None = None) -> Flow:
    """OKX tells sizes, at spot those of all pairs of the coin: they are reckoned at each bar's
    average price."""
    start, end, step = span
    edges = [start, end] if market.venue == "binance" else list(range(start, end + 1, step))
    told = bars(case, market, edges, now)
    if market.kind == "inverse":
        bought, size = told.taker_buy.sum() * market.unit, told.volume.sum() * market.unit
    elif market.venue == "binance":
        bought, size = told.taker_buy_turnover.sum(), told.turnover.sum()
    else:
        of = [told]
        if market.kind == "spot":
            of = [bars(case, pair, edges) for pair in _pairs(case, market)]
        price = told.turnover / told.volume
        bought = np.sum([one.taker_buy for one in of], axis=0) @ price
        size = np.sum([one.volume for one in of], axis=0) @ price
    return Flow(float(2 * bought - size), float(size))


def _pairs(case: Case, market: Market) -> list[Market]:
    listed = case.stretch.sandbox.world.listed("okx", "spot")
    return [one for one in listed if (one.base, one.closed) == (market.base, None)]


def volscan(case: Case) -> None:
    """The coins that are shown, against the 96 bars before; who failed is named."""
    step = STEPS[case.question.timeframe]
    head = case.reading.find(r"^RVOL 96, \S+, bar to (\S+) UTC")
    if head is None:
        return
    at = _bar(case, f"{head[1]}:00", step, SCAN)
    for table in case.reading.tables:
        for row in table.rows if "RVOL" in table.rows[0].cells else ():
            found = _scanned(case, case.whole_name(row.name))
            rvols = [_rvol_96(case, market, at, step) for market in found]
            case.number(f"{row.name} RVOL", row.cells["RVOL"].removesuffix("x"), rvols)
            sizes = [_usd(m, bars(case, m, [at, at + step])) for m in found]
            case.number(f"{row.name} bar $", row.cells["bar $"], sizes)
            case.says(max(sizes, default=0) >= LEAST_BAR, f"{row.name} is too small a bar")
    if highest := case.reading.find(r"^Highest: (\S+) (\S+)x"):
        rvols = [_rvol_96(case, market, at, step) for market in _scanned(case, highest[1])]
        case.number(f"highest {highest[1]}", highest[2], rvols)
    if failed := case.reading.find(r"([1-9]\d*) failed"):
        case.says(bool(case.loose), f"{failed[1]} coins failed and nobody is named for it")


def _scanned(case: Case, coin: str) -> list[Market]:
    """The most traded one; any other, too, where its venue may have failed."""
    named = case.same(case.stretch.named(coin))
    perps = case.stretch.ranked(m for m in named if (m.kind, m.quote) == ("linear", "USDT"))
    sizes = [max(case.stretch.values(m, turnover)) for m in perps]
    most = max(sizes, default=0)
    return [m for m, size in zip(perps, sizes, strict=True) if case.loose or size >= CLOSE * most]


def _rvol_96(case: Case, market: Market, at: int, step: int) -> float:
    told = bars(case, market, [at + n * step for n in range(-BARS, 2)])
    *before, last = told.volume.tolist()
    usual = median(before)  # 0 where nobody trades most of the time: nothing is above that.
    return float(last / usual) if usual else nan
