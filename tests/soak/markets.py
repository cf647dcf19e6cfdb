"""What /price, /top10, /oi and /analysis show, held against the simulated market."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from crypto_assistant.sandbox.catalog import Kind, Market
from tests.soak import moments as m
from tests.soak import takers
from tests.soak.case import Case
from tests.soak.printed import NOTHING, SHORT, TITLES, Range, Row, Table
from tests.truth import MONEY, Truth

COLUMNS: Final[Mapping[str, m.Figure]] = {
    "last": m.last_price,
    "24h": m.change,
    "OI $": m.interest_usd,
    "24h $": m.turnover,
    "high": m.high,
    "low": m.low,
    "coins": m.interest_coins,
}
SEGMENTS: Final[Mapping[str, tuple[Kind, str]]] = {
    "USDT": ("linear", "USDT"),
    "USDC": ("linear", "USDC"),
    "coin-M": ("inverse", "USD"),
}
AGES: Final = {"15m": 900_000, "1h": 3_600_000, "4h": 14_400_000, "24h": 86_400_000}
FIVE: Final = 300_000


def price(case: Case) -> None:
    question = case.question
    kind: Kind = "inverse" if question.quote == "USD" else "linear"
    perps = _places(case, kind, question.quote)
    spots = _places(case, "spot", "USDT" if question.quote == "USD" else question.quote)
    at_spot = case.reading.find(r" spot( ·|$)") is not None  # No perp has told anything.
    _head(case, spots if at_spot else perps)
    for table in case.reading.tables:
        shown = spots if table.corner == "spot" or at_spot else perps
        if "fund/8h" in table.header:
            _quoted(case, table, perps)
        elif table.corner in {"", "perp", "spot"} and "delta" not in table.header:
            _rows(case, table, shown)
    if perps and not at_spot:
        _all_there(case, perps)
        _price_changes(case)
        _spot(case, spots)
        _spread(case, perps)


def _head(case: Case, markets: Mapping[str, Market]) -> None:
    """The last price, the day's change and range of the primary market; what all have traded."""
    first = case.reading.find(rf"^{case.question.coin} ([\d,.]+) ?") if markets else None
    venue = case.reading.find(r"(Binance|Bybit|OKX) (\S+ perp|spot)")
    if first is None or venue is None:
        case.says(bool(case.loose) or not markets, "the head is missing")
        return
    market = markets[TITLES[venue[1]]]
    case.figure("last", first[1], market, m.last_price)
    for pattern, figure in (
        (r"24h ([+-]?[\d.]+%|n/a)", m.change),
        (r"24h ([\d,.]+)–", m.low),
        (r"24h [\d,.]+–([\d,.]+)", m.high),
    ):
        if found := case.reading.find(pattern):
            case.figure(pattern, found[1], market, figure)
    found = case.reading.find(r"(\$\S+) traded(?: by (\d))?")
    if found and market.kind != "spot" and not found[2]:
        case.total("24h turnover", found[1], markets.values(), m.turnover)


def _quoted(case: Case, table: Table, perps: Mapping[str, Market]) -> None:
    """Each perp, those quoted or margined otherwise, and all of them."""
    told = {SHORT.get(row.name) for row in table.rows}
    silent = [market for venue, market in perps.items() if venue not in told]
    every = [one for one in _all_perps(case) if one not in silent]
    own = set(perps.values())
    first = next((perps[SHORT[row.name]] for row in table.rows if row.cells.get("bp") == "-"), None)
    for row in table.rows:
        if row.name in SHORT:
            market = perps[SHORT[row.name]]
            if first and market is not first and not {market.venue, first.venue} & case.loose:
                _apart(case, row, market, first)
            _cells(case, row, market)
            continue
        of = every if row.name == "all" else [one for one in every if one not in own]
        case.total(f"{row.name} OI", row.cells["OI $"], of, m.interest_usd)
        _weighted(case, row.cells["fund/8h"], of)


def _apart(case: Case, row: Row, market: Market, first: Market) -> None:
    """In basis points of the first one's mid."""
    one, other = (case.stretch.range(each, m.mid_price) for each in (market, first))
    apart = Range(1e4 * (one.low / other.high - 1), 1e4 * (one.high / other.low - 1))
    case.ranged(f"{row.name} from {first.venue}", row.cells["bp"], [apart], market.venue)


def _price_changes(case: Case) -> None:
    found = case.reading.find(r"^OI 1h (\S+) · 4h (\S+) · 24h (\S+)")
    if found and not case.loose:
        kind = "inverse" if case.question.quote == "USD" else "linear"
        perps = [one for one in _all_perps(case) if one.kind == kind]
        for text, name in zip(found.groups(), ("1h", "4h", "24h"), strict=True):
            if case.reading.find(rf"^OI .*\b{name}\b.* without "):
                continue
            case.ranged(f"OI over {name}", text, [_grown(case, perps, AGES[name])])


def _places(case: Case, kind: Kind, quote: str) -> dict[str, Market]:
    """The coin's market of a kind, by venue."""
    found = {v: case.stretch.find(v, kind, case.question.coin, quote) for v in case.asked}
    listed = {venue: market for venue, market in found.items() if market}
    same = case.same(listed.values())
    return {venue: market for venue, market in listed.items() if market in same}


def _rows(case: Case, table: Table, markets: Mapping[str, Market]) -> None:
    for row in table.rows:
        market = markets.get(SHORT.get(row.name, ""))
        case.says(market is not None, f"{row.name}: such a market is not listed")
        if market:
            _cells(case, row, market)


def _cells(case: Case, row: Row, market: Market) -> None:
    for column, text in row.cells.items():
        if column == "OI $":  # Binance's is coins and a mark price, which may be of two moments.
            held = case.stretch.range(market, m.interest_usd)
            case.ranged(f"{row.name} OI $", text, [held], market.venue)
        elif column in COLUMNS:
            case.figure(column, text, market, COLUMNS[column])
        elif column == "fund %":
            _rate(case, text, market)
        elif column == "fund/8h":
            rates = [100 * truth.funding_8h(market) for truth in case.stretch.truths]
            case.number(f"{row.name} funding", text, rates, market.venue)


def _rate(case: Case, text: str, market: Market) -> None:
    """In percent, over the market's own interval."""
    rate, _, hours = text.rpartition("/") if text != NOTHING else (text, "", "")
    values = [100 * value for value in case.stretch.values(market, m.funding)]
    case.number(f"{market.venue} funding", rate, values, market.venue)
    told = {f"{market.interval}h", "", *(["?h"] if market.venue in case.loose else [])}
    case.says(hours in told, f"{market.venue} pays every {market.interval} h, not {hours}")


def _all_there(case: Case, markets: Mapping[str, Market]) -> None:
    """Who has a market is in the table or named."""
    shown = {SHORT.get(row.name) for table in case.reading.tables for row in table.rows}
    for venue in markets:
        there = venue in shown or venue in case.loose
        case.says(there, f"{venue} is not in the table and not named")


def _spot(case: Case, spots: Mapping[str, Market]) -> None:
    """Where no venue is named it is the primary one's."""
    found = case.reading.find(r"^Spot (\S+)(?: \((\w+)\))?")
    if found is None or found[1] == NOTHING:
        return
    venue = case.reading.find(r"(Binance|Bybit|OKX) \S+ perp")
    name = SHORT[found[2]] if found[2] else TITLES[venue[1]] if venue else ""
    case.says(name in spots, f"{name} has no such spot market")
    if name in spots:
        case.figure("spot", found[1], spots[name], m.last_price)


def _spread(case: Case, perps: Mapping[str, Market]) -> None:
    """Between the two venues that are named."""
    found = case.reading.find(r"^Spread (\S+ bp): (\w+) low, (\w+) high")
    if not found:
        return
    sides = [
        next((p for v, p in perps.items() if v == SHORT[name]), None) for name in found.groups()[1:]
    ]
    low, high = sides
    if low is None or high is None or {low.venue, high.venue} & set(case.gapped):
        return  # Where a book is missing, the last price stands for the middle.
    lowest, highest = case.stretch.range(low, m.mid_price), case.stretch.range(high, m.mid_price)
    spread = Range(highest.low / lowest.high - 1, highest.high / lowest.low - 1)
    case.ranged("spread", found[1], [spread])


def top10(case: Case) -> None:
    market = case.question.words[0]
    rows: dict[str, dict[str, str]] = {}
    for table in case.reading.tables:
        for row in table.rows:
            if row.name != "lowest":  # A second header.
                rows.setdefault(case.whole_name(row.name), {}).update(row.cells)
    case.says(len(rows) <= 10, f"{len(rows)} rows")
    for coin, cells in rows.items():
        _ranked(case, coin, cells, _ranked_markets(case, coin, market))
    if case.question.words[1] == "volume" and not case.loose:
        _nobody_left_out(case, rows, market)


def _nobody_left_out(case: Case, shown: Collection[str], market: str) -> None:
    """No coin that is not shown has clearly more turnover than the tenth."""
    truth = case.stretch.truths[-1]
    sizes: defaultdict[str, float] = defaultdict(float)
    for one in truth.markets:
        if _is_ranked(one, market) and truth.ticker(one) not in MONEY:
            sizes[truth.ticker(one)] += m.turnover(truth, one)
    least = min(sorted(sizes.values())[-10:]) * 1.02
    missing = [coin for coin, size in sizes.items() if size > least and coin not in shown]
    case.says(not missing, f"{missing} belong to the ten")


def _is_ranked(one: Market, market: str) -> bool:
    spot, tradfi = one.kind == "spot", one.category != "crypto"
    return spot == (market == "spot") and tradfi == (market == "tradfi")


def _ranked_markets(case: Case, coin: str, market: str) -> list[Market]:
    found = [one for one in case.stretch.named(coin) if _is_ranked(one, market)]
    return case.stretch.ranked(case.same(found))


def _ranked(case: Case, coin: str, cells: Mapping[str, str], markets: Sequence[Market]) -> None:
    if not markets:
        # Which plain coin a multiplier's name means is known by all lists together.
        raw = bool(case.loose) and coin in {one.base for one in case.stretch.truths[-1].markets}
        case.says(raw, f"{coin} is not listed so")
        return
    primary = list(_primaries(case, markets))
    for column in {"last", "24h"} & cells.keys():
        values = [v for one in primary for v in case.stretch.values(one, COLUMNS[column])]
        case.number(f"{coin} {column}", cells[column], values, primary[0].venue)
    for column in {"24h $", "OI $"} & cells.keys():
        case.total(f"{coin} {column}", cells[column], markets, COLUMNS[column])
    if "fund/8h" in cells:
        _ranked_funding(case, coin, cells, primary)


def _ranked_funding(
    case: Case, coin: str, cells: Mapping[str, str], primary: Sequence[Market]
) -> None:
    """Of the venue that stands beside it."""
    paying = [one for one in primary if one.venue == SHORT.get(cells.get("at", ""))]
    rates = [100 * t.funding_8h(one) for one in paying or primary for t in case.stretch.truths]
    case.number(f"{coin} funding", cells["fund/8h"], rates, primary[0].venue)
    intervals = {f"{one.interval}h" for one in paying}
    case.says(cells.get("iv") in intervals or bool(case.loose), f"{coin} pays every {intervals}")


def _primaries(case: Case, markets: Sequence[Market]) -> Iterable[Market]:
    """Those that may be the primary one: USDT first, the largest, or the next if it failed."""
    ranked = sorted(markets, key=lambda one: one.quote != "USDT")
    least = None
    for one in ranked:
        size = max(case.stretch.values(one, m.turnover))
        if least is not None and size < least:
            return
        yield one
        if least is None and one.venue not in case.loose:
            least = size * takers.CLOSE


def oi(case: Case) -> None:
    perps = _all_perps(case)
    found = case.reading.find(rf"^{case.question.coin} OI (\S+)")
    coins = case.reading.find(rf"(?:^|· )(\S+) {case.question.coin}\b")
    if found and coins:
        case.total("OI", found[1], perps, m.interest_usd)
        case.total("OI coins", coins[1], perps, m.interest_coins)
    else:
        case.says(bool(case.loose), "the line of totals is missing")
    if paid := case.reading.find(r"^Funding (\S+)/8h"):
        _weighted(case, paid[1], perps)
    for table in case.reading.tables:
        if "reading" in table.header:
            _moves(case, table, perps)
        elif table.header[:1] == ("OI $",) and "fund/8h" in table.header:
            _rows(case, table, _of_segment(table.above, perps))
        elif table.header == tuple(AGES) and table.rows[0].name in SHORT:
            _changes(case, table, perps)


def _all_perps(case: Case) -> list[Market]:
    """Of the kinds that are told; OKX's linear ones in USD are not."""
    quotes = {"USDT": {"USDT", "USDC", "USD"}}.get(case.question.quote, {case.question.quote})
    found = case.stretch.named(case.question.coin)
    told = [one for one in found if (one.kind, one.quote) in SEGMENTS.values()]
    perps = [one for one in told if one.is_perpetual and one.venue in case.asked]
    return case.same(one for one in perps if one.quote in quotes)


def _of_segment(above: str, perps: Iterable[Market]) -> dict[str, Market]:
    """`above`: BTC USDT perps $14.5B."""
    name = next((name for name in SEGMENTS if f" {name} perps" in above), "USDT")
    return {one.venue: one for one in perps if (one.kind, one.quote) == SEGMENTS[name]}


def _weighted(case: Case, text: str, perps: Sequence[Market]) -> None:
    """Funding in percent, weighted with open interest: only where all of it is there."""
    if case.loose:
        return
    rates = []
    for truth in case.stretch.truths:
        held = [truth.interest(one)[1] for one in perps]
        paid = sum(truth.funding_8h(one) * size for one, size in zip(perps, held, strict=True))
        rates.append(100 * paid / sum(held))
    shift = 2e-5  # Open interest of one second with the rates of another.
    case.ranged("funding", text, [Range(min(rates) - shift, max(rates) + shift)])


def _moves(case: Case, table: Table, perps: Sequence[Market]) -> None:
    """Changes of open interest over all linear perps, and of the primary market's price."""
    kind = "inverse" if case.question.quote == "USD" else "linear"
    linear = [one for one in perps if one.kind == kind]
    price = next(name for name in table.header if name.endswith("px"))
    for row in table.rows:
        age = AGES[row.name]
        if not case.loose:
            size = next(iter(row.cells.values()))
            case.ranged(f"OI over {row.name}", size, [_grown(case, linear, age)])
        venue = SHORT.get(price.partition(" ")[0])
        own = [one for one in linear if (one.venue, one.quote) == (venue, case.question.quote)]
        if own:
            _moved(case, row.name, row.cells[price], own[0])


def _moved(case: Case, window: str, text: str, market: Market) -> None:
    then = [_close(case, market, age) for age in _samples(case, AGES[window])]
    last = case.stretch.values(market, lambda t, one: t.quote(one).last)
    case.number(f"price over {window}", text, [b / a - 1 for a in then for b in last], market.venue)


def _close(case: Case, market: Market, end: int) -> float:
    bars = case.stretch.sandbox.world.bars(market, [end - FIVE, end], case.stretch.last_ms)
    return float(bars.close[0])


def _samples(case: Case, age: int) -> list[int]:
    """The times on the grid of five minutes that are nearest to so long before the question.

    It was asked some seconds before the answer was put together.
    """
    asked = range(case.stretch.first_ms - 4000, case.stretch.last_ms + 1000, 500)
    return sorted({round((now - age) / FIVE) * FIVE for now in asked})


def _grown(case: Case, perps: Sequence[Market], age: int) -> Range:
    """Each venue answers in a moment of its own, so each may be at its least or at its most."""
    values = [case.stretch.values(one, _native) for one in perps]
    low, high = sum(map(min, values)), sum(map(max, values))
    before = [sum(_size(case, one, time) for one in perps) for time in _samples(case, age)]
    return Range(low / max(before) - 1, high / min(before) - 1)


def _native(truth: Truth, market: Market) -> float:
    """Coins, of inverse perps USD."""
    coins, usd = truth.interest(market)
    return float(usd if market.kind == "inverse" else coins)


def _size(case: Case, market: Market, time: int) -> float:
    size = float(case.stretch.sandbox.world.interest(market, [time])[0]) * market.unit
    return size if market.kind == "inverse" else size * market.multiplier


def _changes(case: Case, table: Table, perps: Sequence[Market]) -> None:
    """Each market's own; the table above it says which kind it is of."""
    tables = case.reading.tables
    above = tables[tables.index(table) - 1].above
    markets = _of_segment(above, perps)
    for row in table.rows:
        market = markets.get(SHORT[row.name])
        for window, text in row.cells.items() if market else ():
            assert market
            grown = _grown(case, [market], AGES[window])
            percent = text if text == NOTHING else f"{text}%"
            case.ranged(f"{row.name} over {window}", percent, [grown], market.venue)


def analysis(case: Case) -> None:
    """Price, volume, takers and open interest; of the indicators the form alone."""
    perps = _all_perps(case)
    own = [one for one in perps if one.quote == case.question.quote]
    primary = list(_primaries(case, case.stretch.ranked(own)))
    for pattern, figure in (
        (rf"^{case.question.symbol} (\S+) ·", m.last_price),
        (r"^24h (\S+) · 15m \S+$", m.change),
    ):
        if (found := case.reading.find(pattern)) and primary:
            values = [v for one in primary for v in case.stretch.values(one, figure)]
            case.number("price", found[1], values, primary[0].venue)
    if found := case.reading.find(r"^OI (\$\S+|n/a)"):
        case.total("OI", found[1], perps, m.interest_usd)
    if paid := case.reading.find(r"^fund +(\S+)/8h"):
        _weighted(case, paid[1], perps)
    if (found := case.reading.find(r"^OI +4h (\S+)")) and not case.loose:
        kind = "inverse" if case.question.quote == "USD" else "linear"
        held = [one for one in perps if one.kind == kind]
        case.ranged("OI over 4h", found[1], [_grown(case, held, AGES["4h"])])
    takers.analysis(case, own)
