"""What /balance, /positions and /pnl show, held against the books of the simulated accounts."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import Final, NamedTuple

from crypto_assistant.sandbox.account.events import Holding
from crypto_assistant.sandbox.catalog import Venue
from tests.soak.case import Case
from tests.soak.moments import VENUES, mid_price
from tests.soak.printed import NOTHING, SHORT, Range, Row, printed
from tests.truth import Truth
from tests.truths.pnl import Account

WALLETS: Final[Mapping[Venue, tuple[str, ...]]] = {
    "binance": ("spot", "funding", "usdm", "coinm"),
    "bybit": ("unified", "funding"),
    "okx": ("trading", "funding"),
}
DAY: Final = 86_400_000
DAYS: Final = {"today": 0, "7d": 6, "30d": 29}
"""Whole days before today."""
SHOWN: Final = 8
LONGEST_NAME: Final = 8
MARKS: Final = {"USDT": "", "USDC": "c", "USD": "$"}
"""What stands behind a coin by what its perp is quoted in."""
AWAY_SLACK: Final = 2e-4
"""Liquidation prices are told in the steps of the market's price."""


def balance(case: Case) -> None:
    """Equity and unrealised PnL of each venue, and the total."""
    equities = {str(venue): _equity(case, venue) for venue in VENUES if venue in case.asked}
    for table in case.reading.tables:
        if table.header != ("equity", "unrealised"):
            continue
        for row in table.rows:
            _wallets(case, SHORT[row.name], row.cells, equities)
    found = case.reading.find(r"^Balance (-?\$[\d,.]+|n/a)")
    if found:
        parts = {
            (venue, wallet): part for venue, of in equities.items() for wallet, part in of.items()
        }
        case.summed("balance", found[1], parts)
    if not case.loose:
        _coins(case, equities)
    _all_named(case, "equity")


def _coins(case: Case, equities: Mapping[str, Mapping[str, Range]]) -> None:
    """The largest over all wallets; what Details tell of each venue's stands below."""
    for line in case.reading.lines:
        if re.match(r"(Binance|Bybit|OKX) \$", line):
            return
        for coin, shown in re.findall(r"(?:^| · )([A-Z]+) (\$[\d,.]+)", line):
            held = [
                part
                for of in equities.values()
                for wallet, part in of.items()
                if wallet.endswith(f" {coin}")
            ]
            case.ranged(f"all {coin}", shown, [_whole(held)])


def _wallets(
    case: Case,
    venue: str,
    cells: Mapping[str, str],
    equities: Mapping[str, Mapping[str, Range]],
) -> None:
    parts = {(venue, wallet): part for wallet, part in equities[venue].items()}
    case.summed(f"{venue} equity", cells["equity"], parts)
    if printed(cells["unrealised"]) is None:
        case.gap(f"{venue} unrealised", cells["unrealised"], venue)
    elif venue not in case.loose:
        case.ranged(f"{venue} unrealised", cells["unrealised"], [_unrealised(case, _venue(venue))])


def _around(values: Iterable[float]) -> Range:
    """Amounts of one second at the prices of another: a thousandth more than they moved."""
    found = list(values)
    slack = 0.02 + 1e-3 * max(map(abs, found))
    return Range(min(found) - slack, max(found) + slack)


def _all_named(case: Case, column: str) -> None:
    shown = {
        SHORT[row.name]: row.cells.get(column, "")
        for table in case.reading.tables
        for row in table.rows
        if row.name in SHORT and column in table.header
    }
    for venue in case.asked:
        there = venue in shown or venue in case.reading.failed
        case.says(there, f"{venue} is neither in the table nor named")


def _equity(case: Case, venue: Venue) -> dict[str, Range]:
    """By wallet and coin: amounts and prices may have been asked for seconds apart.

    Where a venue fails, the prices may be those that it reckons with itself.
    """
    slack = 1e-3 if venue in case.loose else 0.0
    found = {
        f"{wallet} {coin}": _worth(case, venue, coin, held)
        for wallet in WALLETS[venue]
        for coin, held in _held(case, venue, wallet).items()
    }
    return {
        what: Range(one.low - slack * abs(one.low), one.high + slack * abs(one.high))
        for what, one in found.items()
        if any(one)
    }


def _held(case: Case, venue: Venue, wallet: str) -> dict[str, list[float]]:
    """By coin, unrealised PnL included, second by second."""
    book = case.stretch.sandbox.account(venue).book
    found: defaultdict[str, list[float]] = defaultdict(list)
    for truth in case.stretch.truths:
        cash, gains = book.balances(wallet, truth.now), book.unrealised(wallet, truth.now)
        for coin in cash.keys() | gains.keys():
            found[coin].append(float(cash.get(coin, 0)) + float(gains.get(coin, 0)))
    return found


def _worth(case: Case, venue: Venue, coin: str, amounts: Sequence[float]) -> Range:
    prices = [price for truth in case.stretch.truths if (price := _price(truth, venue, coin))]
    worths = [amount * price for amount in (min(amounts), max(amounts)) for price in prices]
    return Range(min(worths, default=0.0), max(worths, default=0.0))


def _price(truth: Truth, venue: Venue, coin: str) -> float | None:
    """The middle of the venue's USDT market."""
    if coin in {"USDT", "USD"}:
        return 1.0
    for market in truth.markets:
        if (market.venue, market.kind, market.base, market.quote) == (venue, "spot", coin, "USDT"):
            return mid_price(truth, market) * market.multiplier
    return None


def _unrealised(case: Case, venue: Venue) -> Range:
    """Coin by coin: of gains that nearly make up for losses, prices move each apart."""
    amounts: defaultdict[str, list[float]] = defaultdict(list)
    for truth in case.stretch.truths:
        held = Account(case.stretch.sandbox, venue, truth.now).holdings()
        for coin in {one.coin for one in held}:
            amounts[coin].append(float(sum(one.unrealised for one in held if one.coin == coin)))
    worths = [_worth(case, venue, coin, of) for coin, of in amounts.items()]
    return _whole(worths)


def _venue(name: str) -> Venue:
    return next(venue for venue in VENUES if venue == name)


def positions(case: Case) -> None:
    """Each row is one of the books' positions, what ends first before the others, and the sums are
    over all of them."""
    if case.question.details:
        return
    open_now = {str(venue): _legs(case, venue) for venue in VENUES if venue in case.asked}
    tables = [table for table in case.reading.tables if table.header == ("size", "PnL", "liq")]
    rows = [row for table in tables for row in table.rows]
    for row in rows:
        name, _, venue = row.name.rpartition(" ")
        legs = [leg for leg in open_now[SHORT[venue]] if name.strip() in leg.called]
        _one_of(case, row, legs)
    if not case.loose:
        legs = [leg for of in open_now.values() for leg in of]
        _all_there(case, rows, legs)
        _sums(case, legs)


class Leg(NamedTuple):
    """What a market is called, the signed size and the unrealised PnL in USD, and the way to
    liquidation, None where there is none."""

    called: tuple[str, ...]
    size: Range
    gain: Range
    away: Range | None


def _legs(case: Case, venue: Venue) -> list[Leg]:
    seconds = [
        (truth, case.stretch.sandbox.account(venue).book.holdings(truth.now))
        for truth in case.stretch.truths
    ]
    found = []
    for number, holding in enumerate(seconds[-1][1]):
        same = [(truth, held[number]) for truth, held in seconds if len(held) > number]
        sizes = [_size(one) for _, one in same]
        gains = [float(one.unrealised) * (_price(t, venue, one.coin) or 1) for t, one in same]
        away = [_away(one) for _, one in same]
        told = [one for one in away if one is not None]
        far = Range(min(told) - AWAY_SLACK, max(told) + AWAY_SLACK) if told else None
        size = Range(min(sizes), max(sizes))
        found.append(Leg(_called(case, holding), size, _around(gains), far))
    return found


def _size(holding: Holding) -> float:
    native = float(holding.size) * holding.market.unit
    return native if holding.market.kind == "inverse" else native * float(holding.mark)


def _away(holding: Holding) -> float | None:
    end = holding.liquidation
    return None if end is None else abs(float(end / holding.mark) - 1)


def _called(case: Case, holding: Holding) -> tuple[str, ...]:
    """The coin and its quote's mark; the symbol while the venue's lists are not known."""
    market, name = holding.market, case.stretch.truths[-1].ticker(holding.market)
    mark = MARKS[market.quote]
    called = _cut(name, LONGEST_NAME - len(mark)) + mark
    loose = market.venue in case.loose
    return (called, _cut(market.symbol, LONGEST_NAME)) if loose else (called,)


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else f"{name[: width - 1]}…"


def _one_of(case: Case, row: Row, legs: Sequence[Leg]) -> None:
    size, gain, away = (printed(row.cells[name]) for name in ("size", "PnL", "liq"))
    case.checked[case.question.command] += 3
    fits = [
        leg
        for leg in legs
        if (size is None or size.meets(leg.size))
        and (gain is None or gain.meets(leg.gain))
        and _ends(row.cells["liq"], away, leg)
    ]
    case.says(bool(fits), f"position {row.name}: {row.cells} is shown, open are {legs}")


def _ends(text: str, shown: Range | None, leg: Leg) -> bool:
    if text == NOTHING:
        return True
    if shown is None or leg.away is None:
        return (text == "none") == (leg.away is None)
    return shown.meets(leg.away)


def _all_there(case: Case, rows: Sequence[Row], legs: Sequence[Leg]) -> None:
    """As many as are open; of those that end, the nearest, in their order."""
    number = case.reading.find(r" · (\d+) open")
    told = int(number[1]) if number else 0
    case.says(told == len(legs), f"{told} are said to be open, open are {len(legs)}")
    shown = min(len(legs), SHOWN)
    case.says(len(rows) == shown, f"{len(rows)} rows are shown, not {shown}")
    ends = [leg.away for leg in legs if leg.away]
    places = zip(sorted(one.low for one in ends), sorted(one.high for one in ends), strict=True)
    for row, place in zip(rows, places, strict=False):
        away = printed(row.cells["liq"])
        nth = away is None or away.meets(Range(*place))
        case.says(nth, f"{row.name} ends at {row.cells['liq']}, in its place one at {place}")


def _sums(case: Case, legs: Sequence[Leg]) -> None:
    if found := case.reading.find(r"^(?:\S+ )?PnL (\S+) · \d+ open"):
        gains = [leg.gain for leg in legs]
        case.ranged("PnL", found[1], [_whole(gains)])
    sizes = [leg.size for leg in legs]
    gross = _whole(Range(*sorted((abs(size.low), abs(size.high)))) for size in sizes)
    net = _whole(sizes)
    if found := case.reading.find(r"^Gross (\S+) · (?:leverage )?(n/a|[\d.]+)"):
        wallets = [one for venue in case.asked for one in _equity(case, _venue(venue)).values()]
        equity = _whole(wallets)
        case.ranged("gross", found[1], [gross])
        case.ranged("leverage", found[2], [Range(gross.low / equity.high, gross.high / equity.low)])
    if found := case.reading.find(r"^Net (\S+) · 1% of market = (\S+)"):
        case.ranged("net", found[1], [net])
        case.ranged("1% of market", found[2], [Range(net.low / 100, net.high / 100)])


def _whole(parts: Iterable[Range]) -> Range:
    parts = list(parts)
    return Range(fsum(one.low for one in parts), fsum(one.high for one in parts))


def pnl(case: Case) -> None:
    """The sum of all that came and went, its part that was realised, and what is open, of each
    venue; on top those of all."""
    if case.stretch.first_ms // DAY != case.stretch.last_ms // DAY:
        return  # Which day was asked for cannot be told.
    start = (case.stretch.last_ms // DAY - DAYS[case.question.words[0]]) * DAY
    came = {
        str(venue): _came(case, venue, start)
        for venue in VENUES
        if venue in case.asked and venue not in case.loose
    }
    for table in case.reading.tables:
        if table.header == ("sum", "realised", "open"):
            for row in table.rows:
                venue = SHORT.get(row.name, "")
                for column in table.header if venue in came else ():
                    true = came[venue][column]
                    case.ranged(f"{venue} {column}", row.cells[column], [true], venue)
    if not case.loose:
        _on_top(case, came)
    _all_named(case, "sum")


def _on_top(case: Case, came: Mapping[str, Mapping[str, Range]]) -> None:
    """What is realised, what fees and funding are, and all of it together."""
    patterns = {"sum": rf"^PnL {case.question.words[0]} (\S+)"}
    patterns |= {
        part: rf"(?:^| · ){part} (\S+)" for part in ("realised", "fees", "funding", "open")
    }
    for what, pattern in patterns.items():
        found = case.reading.find(pattern)
        case.says(bool(found), f"no {what} is shown")
        if found:
            case.ranged(what, found[1], [_whole(of[what] for of in came.values())])


def _came(case: Case, venue: Venue, start: int) -> dict[str, Range]:
    accounts = [Account(case.stretch.sandbox, venue, truth.now) for truth in case.stretch.truths]
    sums = [account.sums(start) for account in accounts]
    parts = ("realised", "fees", "funding", "rebates", "liquidation")
    whole = [float(sum(one.get(part, 0) for part in parts)) for one in sums]
    opened = [float(account.unrealised()) for account in accounts]
    each = {part: [float(one.get(part, 0)) for one in sums] for part in parts}
    return {what: _around(of) for what, of in {**each, "sum": whole, "open": opened}.items()}
