"""What /balance, /positions and /pnl show, held against the books of the simulated accounts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import Final

from crypto_assistant.sandbox.account.events import Holding
from crypto_assistant.sandbox.catalog import Venue
from tests.soak.case import Case
from tests.soak.moments import VENUES, mid_price
from tests.soak.printed import SHORT, Range, printed
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


def balance(case: Case) -> None:
    """Equity and unrealised PnL of each venue, and the total."""
    equities = {str(venue): _equity(case, venue) for venue in VENUES if venue in case.asked}
    for table in case.reading.tables:
        if table.header != ("equity", "unrealised"):
            continue
        for row in table.rows:
            _wallets(case, SHORT[row.name], row.cells, equities)
    found = case.reading.find(r"^Balance (-?\$[\d,.]+)")
    if found:
        parts = {
            (venue, wallet): part for venue, of in equities.items() for wallet, part in of.items()
        }
        case.summed("balance", found[1], parts)
    _all_named(case, "equity")


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
    return Range(fsum(one.low for one in worths), fsum(one.high for one in worths))


def _venue(name: str) -> Venue:
    return next(venue for venue in VENUES if venue == name)


def positions(case: Case) -> None:
    """Each position is one of the books', and all of them are there."""
    table = [t for t in case.reading.tables if t.header[:2] == ("size $", "PnL $")]
    rows = [row for one in table for row in one.rows]
    if case.question.details:
        return
    open_now = {str(venue): _legs(case, venue) for venue in VENUES if venue in case.asked}
    for row in rows:
        venue = SHORT[row.name.rpartition(" ")[2]]
        market = row.name.rpartition(" ")[0]
        legs = [leg for leg in open_now[venue] if market in leg[0]]
        _one_of(case, row.name, row.cells, legs)
    for venue, legs in open_now.items():
        shown = sum(SHORT[row.name.rpartition(" ")[2]] == venue for row in rows)
        whole = shown == len(legs) or venue in case.loose
        case.says(whole, f"{venue}: {shown} positions are shown, open are {len(legs)}")
    _gross(case, open_now)


Leg = tuple[tuple[str, ...], Range, Range]
"""What a market is called, the signed size in USD, the unrealised PnL in USD."""


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
        found.append((_called(case, holding), Range(min(sizes), max(sizes)), _around(gains)))
    return found


def _size(holding: Holding) -> float:
    native = float(holding.size) * holding.market.unit
    return native if holding.market.kind == "inverse" else native * float(holding.mark)


def _called(case: Case, holding: Holding) -> tuple[str, ...]:
    """The coin and its quote; the symbol while the venue's lists are not known."""
    market, name = holding.market, case.stretch.truths[-1].ticker(holding.market)
    called = name if market.quote == "USDT" else f"{name}/{market.quote}"
    return (called, market.symbol) if market.venue in case.loose else (called,)


def _one_of(case: Case, name: str, cells: Mapping[str, str], legs: Sequence[Leg]) -> None:
    size, gain = printed(cells["size $"]), printed(cells["PnL $"])
    case.checked[case.question.command] += 2
    fits = [
        leg
        for leg in legs
        if (size is None or size.meets(leg[1])) and (gain is None or gain.meets(leg[2]))
    ]
    told = f"{cells['size $']} {cells['PnL $']}"
    case.says(bool(fits), f"position {name}: {told} is shown, open are {legs}")


def _gross(case: Case, open_now: Mapping[str, Sequence[Leg]]) -> None:
    """Sums over all positions, where all are there."""
    if case.loose:
        return
    sizes = [leg[1] for legs in open_now.values() for leg in legs]
    if found := case.reading.find(r"^Gross (\S+) · net (\S+)"):
        sides = [sorted((abs(size.low), abs(size.high))) for size in sizes]
        gross = Range(fsum(low for low, _ in sides), fsum(high for _, high in sides))
        net = Range(fsum(s.low for s in sizes), fsum(s.high for s in sizes))
        case.ranged("gross", found[1], [gross])
        case.ranged("net", found[2], [net])
    if found := case.reading.find(r"^Unrealised (\S+)"):
        gains = [leg[2] for legs in open_now.values() for leg in legs]
        total = Range(fsum(g.low for g in gains), fsum(g.high for g in gains))
        case.ranged("unrealised", found[1], [total])


def pnl(case: Case) -> None:
    """Realised, the sum of all that came and went, and what is open, of each venue."""
    if case.stretch.first_ms // DAY != case.stretch.last_ms // DAY:
        return  # Which day was asked for cannot be told.
    start = (case.stretch.last_ms // DAY - DAYS[case.question.words[0]]) * DAY
    for table in case.reading.tables:
        if table.header == ("realised", "sum", "open"):
            for row in table.rows:
                if row.name in SHORT and SHORT[row.name] not in case.loose:
                    _came(case, _venue(SHORT[row.name]), row.cells, start)
    _all_named(case, "realised")


def _came(case: Case, venue: Venue, cells: Mapping[str, str], start: int) -> None:
    accounts = [Account(case.stretch.sandbox, venue, truth.now) for truth in case.stretch.truths]
    sums = [account.sums(start) for account in accounts]
    parts = ("realised", "fees", "funding", "rebates", "liquidation")
    realised = [float(one.get("realised", 0)) for one in sums]
    whole = [float(sum(one.get(part, 0) for part in parts)) for one in sums]
    opened = [float(account.unrealised()) for account in accounts]
    for column, values in (("realised", realised), ("sum", whole), ("open", opened)):
        case.ranged(f"{venue} {column}", cells[column], [_around(values)], venue)
