"""Bybit's transaction log and executions: what each line says, and pages to the end."""

from typing import Any

import numpy as np
import pytest

from crypto_assistant.errors import Malformed, NotRead, Unreachable
from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.exchanges.bybit.account import BybitAccount
from crypto_assistant.models import Entry, Family, Flow
from tests.exchanges.bybit_account_bodies import (
    FILLS,
    KEY,
    LOG,
    POSITIONS,
    TIME,
    Venue,
    clock,
    execution,
    line,
    pages,
    position,
)
from tests.exchanges.bybit_bodies import BTC_SPOT, BTCUSD, BTCUSDT, PEPE1000, no
from tests.exchanges.conftest import NOW, Recorded

DAY = 86_400_000
START, END = NOW - 3 * DAY, NOW
QUERY = f"{LOG}?accountType=UNIFIED&startTime={START}&endTime={END}&limit=50"
Told = dict[Flow, float]


@pytest.fixture
def host() -> Venue:
    venue = Venue()
    venue.plays(TIME, clock(NOW))
    return venue


@pytest.fixture
def account(bybit: Bybit) -> BybitAccount:
    return bybit.account(KEY)


def at(time_ms: int, kind: str = "TRANSFER_IN", change: str = "1", **more: Any) -> dict[str, Any]:
    return line(kind, change, transactionTime=str(time_ms), **more)


async def told(account: BybitAccount, host: Venue, *rows: dict[str, Any]) -> tuple[Entry, ...]:
    host.plays(QUERY, pages(*[{**row, "transactionTime": str(START)} for row in rows]))
    return (await account.log(START, END)).entries


async def flows(account: BybitAccount, host: Venue, row: dict[str, Any]) -> Told:
    return {entry.flow: entry.coins for entry in await told(account, host, row)}


async def test_a_trade_is_realised_pnl_and_its_fee(account: BybitAccount, host: Venue) -> None:
    row = line("TRADE", "93.5", cashFlow="100", fee="6.5", category="inverse", currency="BTC")
    entries = await told(account, host, {**row, "symbol": "BTCUSD"})
    realised, fee = sorted(entries, key=lambda entry: entry.flow is Flow.FEE)
    key = f"592324_XRPUSDT_161440249321:5184f079-88ec-54c7-8774-5173cafd2b4e:TRADE:{START}:93.5"
    assert realised == Entry(key, Flow.REALISED, START, Family.INVERSE, "BTCUSD", "BTC", 100)
    assert fee == Entry(key, Flow.FEE, START, Family.INVERSE, "BTCUSD", "BTC", -6.5)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (line("TRADE", "-0.5", cashFlow="0", fee="0.5"), {Flow.FEE: -0.5}),
        (line("TRADE", "0.25", cashFlow="0", fee="-0.25"), {Flow.FEE: 0.25}),
        (line("SETTLEMENT", "-3", cashFlow="0", funding="-3"), {Flow.FUNDING: -3}),
        (
            # A USDC contract: eight hours of PnL and its funding in one line.
            line("SETTLEMENT", "7.5", cashFlow="10", funding="-2.5", currency="USDC"),
            {Flow.REALISED: 10, Flow.FUNDING: -2.5},
        ),
        (
            line("LIQUIDATION", "-1012", cashFlow="-1000", fee="12"),
            {Flow.REALISED: -1000, Flow.LIQUIDATION: -12},
        ),
        (line("ADL", "19", cashFlow="20", fee="1"), {Flow.REALISED: 20, Flow.FEE: -1}),
        (line("DELIVERY", "-4", cashFlow="-3", fee="1"), {Flow.REALISED: -3, Flow.FEE: -1}),
        (
            # What the documented parts do not explain is not lost.
            line("TRADE", "5", cashFlow="10", fee="2"),
            {Flow.REALISED: 10, Flow.FEE: -2, Flow.OTHER: -3},
        ),
        (line("TRADE", "-0.001", category="spot", fee="0.001"), {Flow.SPOT: -0.001}),
        (line("TRADE", "-50", category="option", cashFlow="-49", fee="1"), {Flow.OTHER: -50}),
        (line("TRANSFER_IN", "100", symbol="", category=""), {Flow.TRANSFER: 100}),
        (line("TRANSFER_OUT", "-100", symbol="", category="linear"), {Flow.TRANSFER: -100}),
        (line("FLEXIBLE_STAKING_SUBSCRIPTION", "-9", symbol=""), {Flow.TRANSFER: -9}),
        (line("ONCHAINEARN_REDEMPTION", "9", symbol=""), {Flow.TRANSFER: 9}),
        (line("FEE_REFUND", "0.75", symbol=""), {Flow.REBATE: 0.75}),
        (line("CURRENCY_SELL", "-1", symbol=""), {Flow.SPOT: -1}),
        (line("INTEREST", "-0.01", symbol=""), {Flow.OTHER: -0.01}),
        (line("BONUS", "10", symbol=""), {Flow.OTHER: 10}),
        (line("SOMETHING_NEW", "-2", symbol="", cashFlow="", fee=""), {Flow.OTHER: -2}),
        (line("BORROW", "500", symbol=""), {}),
        (line("REPAY", "-500", symbol=""), {}),
        (line("SETTLEMENT", "0", cashFlow="0", funding="0"), {}),
    ],
    ids=lambda value: value.get("type", ""),
)
async def test_what_a_line_says(
    account: BybitAccount, host: Venue, row: dict[str, Any], expected: Told
) -> None:
    assert await flows(account, host, row) == expected


async def test_a_line_about_no_market_names_none(account: BybitAccount, host: Venue) -> None:
    for row in (line("TRANSFER_IN", "1", symbol=""), line("TRADE", "1", category="option")):
        (entry,) = await told(account, host, row)
        assert (entry.family, entry.symbol, entry.coin) == (None, "", "USDT")


async def test_a_spot_trade_moves_two_coins_each_with_the_fee_in_its_change(
    account: BybitAccount, host: Venue
) -> None:
    of = {"category": "spot", "cashFlow": "0", "funding": ""}
    bought = line("TRADE", "0.00999", currency="BTC", qty="0.01", fee="0.00001", **of)
    paid = line("TRADE", "-640", currency="USDT", qty="-640", **of)
    entries = await told(account, host, bought, paid)
    assert {(e.flow, e.family, e.symbol, e.coin, e.coins) for e in entries} == {
        (Flow.SPOT, Family.SPOT, "BTCUSDT", "BTC", 0.00999),
        (Flow.SPOT, Family.SPOT, "BTCUSDT", "USDT", -640.0),
    }


async def test_lines_of_one_id_are_told_apart(account: BybitAccount, host: Venue) -> None:
    row = line("TRADE", "-1", cashFlow="0", fee="1")
    others = [
        {**row, "tradeId": "another"},
        {**row, "id": "another"},
        {**row, "change": "-2", "fee": "2"},
        {**row, "type": "ADL"},
    ]
    entries = await told(account, host, row, *others, row)
    assert len({entry.key for entry in entries}) == len(entries) == 5


async def test_the_log_is_paged_to_the_end_in_the_order_of_time(
    account: BybitAccount, host: Venue
) -> None:
    rows = [at(END - 1 - n // 3 * 1000, change=str(n + 1), id=str(n)) for n in range(137)]
    cursor = "21963%3A1%2C14954%3A1"
    host.plays(QUERY, pages(*rows[:50], cursor=cursor))
    # A line of the first page once more, and a short page that is not the last one.
    host.plays(f"{QUERY}&cursor={cursor}", pages(*rows[49:98], cursor="a%3D"))
    host.plays(f"{QUERY}&cursor=a%3D", pages(*rows[98:], cursor="b"))
    host.plays(f"{QUERY}&cursor=b", pages(cursor="b"))
    log = await account.log(START, END)
    assert (log.start_ms, log.end_ms, log.received_ms) == (START, END, NOW)
    assert [entry.coins for entry in log.entries] == [float(n) for n in range(137, 0, -1)]
    assert (np.diff([entry.time_ms for entry in log.entries]) >= 0).all()


async def test_a_windows_end_belongs_to_the_next_window(account: BybitAccount, host: Venue) -> None:
    times = (END + 1, END, END - 1, START, START - 1)
    host.plays(QUERY, pages(*[at(time, id=str(time)) for time in times]))
    log = await account.log(START, END)
    assert [entry.time_ms for entry in log.entries] == [START, END - 1]


@pytest.mark.parametrize("far", [START - 2, END + 2, 1_275_350_400_000, 4_083_955_200_000])
async def test_a_row_of_another_time_than_asked_for_fails_the_sum(
    account: BybitAccount, host: Venue, far: int
) -> None:
    one_way(host)
    host.plays(QUERY, pages(at(START), at(far, id="2")))
    host.plays(fills_of("BTCUSDT", START, END), pages(execution(far, "Buy", "1", "64000")))
    with pytest.raises(Malformed, match="another time"):
        await account.log(START, END)
    with pytest.raises(Malformed, match="another time"):
        await account.fills(BTCUSDT, START, END)


async def test_an_account_where_nothing_happened(account: BybitAccount, host: Venue) -> None:
    host.plays(QUERY, pages())
    assert (await account.log(START, END)).entries == ()


async def test_one_failing_page_of_the_log_fails_it(account: BybitAccount, host: Venue) -> None:
    host.plays(QUERY, pages(at(START), cursor="next"))
    host.plays(f"{QUERY}&cursor=next", no(10016))
    with pytest.raises(Unreachable):
        await account.log(START, END)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"change": ""}, {"change": None}, {"transactionTime": ""}, {"cashFlow": "all"}),
        *({name: cell} for name in ("cashFlow", "funding", "fee") for cell in (None, "NaN", ...)),
        {"id": ...},
    ],
)
async def test_a_line_that_is_not_understood_fails_the_log(
    account: BybitAccount, host: Venue, wrong: dict[str, Any]
) -> None:
    row = {**at(START, "TRADE"), **wrong}
    host.plays(QUERY, pages({name: cell for name, cell in row.items() if cell is not ...}))
    with pytest.raises(Malformed):
        await account.log(START, END)


async def test_a_classic_account_has_no_log(account: BybitAccount, host: Venue) -> None:
    host.plays(QUERY, no(10028))
    with pytest.raises(NotRead, match=r"^a classic account: only unified ones are read$"):
        await account.log(START, END)


async def test_recorded_lines(account: BybitAccount, host: Venue, recorded: Recorded) -> None:
    for name, expected in [
        ("000", [(Flow.FUNDING, -0.0006935)]),
        ("002", [(Flow.FEE, -0.0026028), (Flow.FEE, -0.0190872), (Flow.FUNDING, -0.003676)]),
    ]:
        entry = recorded(f"bybit/transaction_log/{name}")["httpResponse"]
        times = [int(row["transactionTime"]) for row in entry["result"]["list"]]
        window = f"startTime={min(times)}&endTime={max(times) + 1}&limit=50"
        target = f"{LOG}?accountType=UNIFIED&{window}"
        host.plays(target, entry)
        host.plays(f"{target}&cursor={entry['result']['nextPageCursor']}", pages())
        log = await account.log(min(times), max(times) + 1)
        assert [(e.flow, e.coins) for e in log.entries] == expected


def fills_of(symbol: str, start_ms: int, end_ms: int, category: str = "linear") -> str:
    window = f"startTime={start_ms}&endTime={end_ms}&limit=100"
    return f"{FILLS}?category={category}&symbol={symbol}&{window}"


def one_way(host: Venue, symbol: str = "BTCUSDT", category: str = "linear") -> None:
    rows = pages(position(symbol, "", "0", positionIdx=0))
    host.plays(f"{POSITIONS}?category={category}&symbol={symbol}", rows)


async def test_fills_are_followed_through_windows_and_pages(
    account: BybitAccount, host: Venue
) -> None:
    one_way(host)
    start, second = NOW - 9 * DAY, NOW - 2 * DAY
    early, late = fills_of("BTCUSDT", start, second), fills_of("BTCUSDT", second, NOW)
    boundary = execution(second, "Buy", "4", "64000")
    host.plays(early, pages(boundary, execution(second - 1, "Buy", "3", "63000"), cursor="a%2C"))
    host.plays(f"{early}&cursor=a%2C", pages(execution(start, "Sell", "2", "62000"), cursor="b"))
    host.plays(f"{early}&cursor=b", pages(execution(start - 1, "Buy", "1", "61000")))
    host.plays(late, pages(execution(NOW, "Buy", "6", "66000"), boundary))
    found = await account.fills(BTCUSDT, start, NOW)
    assert (found.start_ms, found.end_ms, found.received_ms) == (start, NOW, NOW)
    assert found.time_ms.tolist() == [start, second - 1, second]
    assert found.size.tolist() == [-2, 3, 4]
    assert found.price.tolist() == [62000, 63000, 64000]
    assert found.leg.tolist() == [0, 0, 0]


async def test_funding_is_no_fill_but_liquidation_delivery_and_stock_splits_are(
    account: BybitAccount, host: Venue
) -> None:
    one_way(host)
    kinds = (
        *("Funding", "Trade", "AdlTrade", "BustTrade", "Delivery", "Settle", "Dividend"),
        *("CorporateAction", "ForwardSplitSettle", "ReverseSplitSettle"),
    )
    rows = [
        execution(END - 10 + n, "Sell", str(n), "64000", execType=kind)
        for n, kind in enumerate(kinds)
    ]
    host.plays(fills_of("BTCUSDT", START, END), pages(*rows))
    found = await account.fills(BTCUSDT, START, END)
    assert found.size.tolist() == [-1, -2, -3, -4, -5, -7, -8, -9]


async def test_an_empty_stretch_is_an_empty_answer(account: BybitAccount, host: Venue) -> None:
    one_way(host)
    host.plays(QUERY.replace(f"={START}&", f"={END}&"), pages(at(END)))
    log, trades = await account.log(END, END), await account.fills(BTCUSDT, END, END)
    assert (log.entries, len(trades.time_ms)) == ((), 0)


async def test_fills_of_one_moment_are_in_the_order_of_filling(
    account: BybitAccount, host: Venue
) -> None:
    one_way(host)
    rows = [
        execution(START, "Buy", "1", "1", seq=11, leavesQty="0"),
        execution(START, "Buy", "2", "1", seq=9, leavesQty="3"),
        execution(START, "Buy", "3", "1", seq=9, leavesQty="10"),
        execution(START, "Buy", "4", "1", seq=10, leavesQty=""),
    ]
    host.plays(fills_of("BTCUSDT", START, END), pages(*rows))
    assert (await account.fills(BTCUSDT, START, END)).size.tolist() == [3, 2, 4, 1]


async def test_in_hedge_mode_a_fill_is_of_the_leg_that_it_opens_or_closes(
    account: BybitAccount, host: Venue
) -> None:
    both = pages(
        position("BTCUSDT", "", "0", positionIdx=1), position("BTCUSDT", "", "0", positionIdx=2)
    )
    host.plays(f"{POSITIONS}?category=linear&symbol=BTCUSDT", both)
    rows = [
        execution(START, "Buy", "1", "1", closedSize="0"),
        execution(START + 1, "Sell", "1", "1", closedSize="0"),
        execution(START + 2, "Sell", "1", "1", closedSize="1"),
        execution(START + 3, "Buy", "1", "1", closedSize="1"),
    ]
    host.plays(fills_of("BTCUSDT", START, END), pages(*rows))
    assert (await account.fills(BTCUSDT, START, END)).leg.tolist() == [1, -1, 1, -1]


async def test_fills_are_in_plain_coins_or_usd(account: BybitAccount, host: Venue) -> None:
    one_way(host, "1000PEPEUSDT")
    one_way(host, "BTCUSD", "inverse")
    host.plays(
        fills_of("1000PEPEUSDT", START, END), pages(execution(START, "Buy", "400", "0.0125"))
    )
    host.plays(
        fills_of("BTCUSD", START, END, "inverse"), pages(execution(START, "Sell", "300", "64000"))
    )
    host.plays(
        fills_of("BTCUSDT", START, END, "spot"), pages(execution(START, "Buy", "0.5", "64000"))
    )
    pepe = await account.fills(PEPE1000, START, END)
    inverse = await account.fills(BTCUSD, START, END)
    spot = await account.fills(BTC_SPOT, START, END)
    assert (pepe.size.tolist(), pepe.price.tolist()) == ([400_000], [0.0000125])
    assert (inverse.size.tolist(), inverse.price.tolist()) == ([-300], [64000])
    assert (spot.size.tolist(), spot.leg.tolist()) == ([0.5], [0])


async def test_fills_reach_back_as_far_as_the_venue_keeps_them(
    account: BybitAccount, host: Venue
) -> None:
    one_way(host)
    assert len((await account.fills(BTCUSDT, 0, NOW - 800 * DAY)).size) == 0
    assert not [target for target in host.asked if target.startswith(FILLS)]


@pytest.mark.parametrize("wrong", [{"execQty": ""}, {"execPrice": ""}, {"side": "None"}])
async def test_a_fill_that_is_not_understood_fails_the_answer(
    account: BybitAccount, host: Venue, wrong: dict[str, Any]
) -> None:
    one_way(host)
    row = {**execution(START, "Buy", "1", "1"), **wrong}
    host.plays(fills_of("BTCUSDT", START, END), pages(row))
    with pytest.raises(Malformed):
        await account.fills(BTCUSDT, START, END)


async def test_recorded_executions(account: BybitAccount, host: Venue, recorded: Recorded) -> None:
    one_way(host)
    entry = recorded("bybit/fills/003")
    cursor = entry["httpResponse"]["result"]["nextPageCursor"]
    (theirs,) = entry["parsedResponse"]
    time = theirs["timestamp"]
    target = fills_of("BTCUSDT", time, time + 1)
    host.plays(target, entry["httpResponse"])
    host.plays(f"{target}&cursor={cursor}", pages())
    host.plays(TIME, clock(time + DAY))
    found = await account.fills(BTCUSDT, time, time + 1)
    assert found.size.tolist() == [theirs["amount"]]
    assert found.price.tolist() == [theirs["price"]]
