"""Binance's account log and the owner's trades, to the end of what one answer holds."""

from typing import Any

import pytest

from crypto_assistant.errors import Malformed, RateLimited, Refused, Unsupported
from crypto_assistant.exchanges.base import Account
from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.models import Entry, Flow
from tests.exchanges.binance_account_bodies import (
    COINM_INCOME,
    COINM_TRADES,
    DAY,
    KEY,
    NO_PERMISSION,
    USDM_INCOME,
    USDM_TRADES,
    Rows,
    Venue,
    are_adjacent,
    line,
    trade,
    windows,
)
from tests.exchanges.binance_bodies import (
    BTC,
    COIN_PERP,
    INVERSE,
    LINEAR,
    PEPE,
    PERP,
    leave,
    spend_one,
)
from tests.exchanges.conftest import NOW, Recorded

START, END = NOW - 2 * DAY, NOW


@pytest.fixture
def host() -> Venue:
    host = Venue()
    host.tells(COINM_INCOME, Rows([]))
    return host


@pytest.fixture
def account(binance: Binance) -> Account:
    return binance.account(KEY)


async def flow_of(account: Account, host: Venue, kind: str) -> Flow:
    host.tells(USDM_INCOME, Rows([line(kind, "-1", 1)]))
    (entry,) = (await account.log(START, END)).entries
    return entry.flow


async def test_a_line_of_the_log(account: Account, host: Venue) -> None:
    host.tells(USDM_INCOME, Rows([line("COMMISSION", "-0.12800020", 7, asset="BNB")]))
    log = await account.log(START, END)
    assert (log.start_ms, log.end_ms, log.received_ms) == (START, END, NOW)
    assert log.entries == (
        Entry(
            key="usdm:COMMISSION:9689322007:7:BNB:BTCUSDT",
            flow=Flow.FEE,
            time_ms=NOW - DAY + 7000,
            family=LINEAR,
            symbol="BTCUSDT",
            coin="BNB",
            coins=-0.1280002,
        ),
    )


@pytest.mark.parametrize(
    ("kind", "flow"),
    [
        ("REALIZED_PNL", Flow.REALISED),
        ("DELIVERED_SETTELMENT", Flow.REALISED),
        ("COMMISSION", Flow.FEE),
        ("POSITION_LIMIT_INCREASE_FEE", Flow.FEE),
        ("FUNDING_FEE", Flow.FUNDING),
        ("SPECIAL_FUNDING_FEE", Flow.FUNDING),
        ("REFERRAL_KICKBACK", Flow.REBATE),
        ("COMMISSION_REBATE", Flow.REBATE),
        ("API_REBATE", Flow.REBATE),
        ("INSURANCE_CLEAR", Flow.LIQUIDATION),
        ("TRANSFER", Flow.TRANSFER),
        ("INTERNAL_TRANSFER", Flow.TRANSFER),
        ("WELCOME_BONUS", Flow.OTHER),
        ("COIN_SWAP_DEPOSIT", Flow.OTHER),
        ("SOMETHING_NEW", Flow.OTHER),
    ],
)
async def test_why_a_wallet_changed(account: Account, host: Venue, kind: str, flow: Flow) -> None:
    assert await flow_of(account, host, kind) is flow


async def test_a_transfer_is_about_no_market(account: Account, host: Venue) -> None:
    host.tells(USDM_INCOME, Rows([line("TRANSFER", "500", 1, symbol="", tradeId="")]))
    (entry,) = (await account.log(START, END)).entries
    assert (entry.family, entry.symbol, entry.coins) == (None, "", 500)


async def test_both_futures_wallets_in_the_order_of_time(account: Account, host: Venue) -> None:
    host.tells(USDM_INCOME, Rows([line("FUNDING_FEE", "-1", 3), line("REALIZED_PNL", "2", 1)]))
    coin = line("FUNDING_FEE", "0.0001", 2, symbol="BTCUSD_PERP", asset="BTC")
    host.tells(COINM_INCOME, Rows([coin]))
    entries = (await account.log(START, END)).entries
    assert [(entry.family, entry.coin, entry.coins) for entry in entries] == [
        (LINEAR, "USDT", 2),
        (INVERSE, "BTC", 0.0001),
        (LINEAR, "USDT", -1),
    ]


async def test_the_venues_number_is_unique_within_a_kind_a_trade_a_coin_a_market_and_a_wallet(
    account: Account, host: Venue
) -> None:
    same: dict[str, Any] = {"tranId": 1, "tradeId": "1", "asset": "BNB", "symbol": ""}
    kinds = line("TRANSFER", "-1", 1, **same), line("COMMISSION", "-2", 2, **same)
    trades = line("COMMISSION", "-3", 3, **same | {"tradeId": "2"})
    coins = line("COMMISSION", "-4", 4, **same | {"asset": "USDT"})
    markets = line("COMMISSION", "-5", 5, **same | {"symbol": "ETHUSDT"})
    host.tells(USDM_INCOME, Rows([*kinds, trades, coins, markets]))
    host.tells(COINM_INCOME, Rows([line("TRANSFER", "1", 6, **same)]))
    entries = (await account.log(START, END)).entries
    assert [entry.coins for entry in entries] == [-1, -2, -3, -4, -5, 1]
    assert len({entry.key for entry in entries}) == 6


async def test_a_funding_of_several_markets_under_one_number_is_theirs_all(
    account: Account, host: Venue
) -> None:
    paid: dict[str, Any] = {"tranId": 7, "tradeId": "", "time": NOW - DAY}
    host.tells(
        USDM_INCOME,
        Rows(
            [
                line("FUNDING_FEE", f"-{i}", i, **paid, symbol=symbol)
                for i, symbol in enumerate(("BTCUSDT", "ETHUSDT", "SOLUSDT"), 1)
            ]
        ),
    )
    entries = (await account.log(START, END)).entries
    assert [(entry.symbol, entry.coins) for entry in entries] == [
        ("BTCUSDT", -1),
        ("ETHUSDT", -2),
        ("SOLUSDT", -3),
    ]


async def test_one_line_that_is_told_twice_is_one(account: Account, host: Venue) -> None:
    host.tells(USDM_INCOME, Rows([line("FUNDING_FEE", "-1", 7)] * 2))
    assert len((await account.log(START, END)).entries) == 1


@pytest.mark.parametrize("differing", [{"income": "-2"}, {"time": NOW - 2000}])
async def test_two_lines_that_only_their_amounts_or_times_tell_apart_are_told(
    account: Account, host: Venue, differing: dict[str, Any]
) -> None:
    one = line("FUNDING_FEE", "-1", 7)
    host.tells(USDM_INCOME, Rows([one, one | differing]))
    with pytest.raises(Malformed, match=r"two ways: usdm:FUNDING_FEE:9689322007:7:USDT:BTCUSDT$"):
        await account.log(START, END)


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("lines", [0, 1, 999, 1000, 1001, 2500])
async def test_no_line_is_lost_or_doubled_whichever_end_of_a_window_the_venue_cuts(
    account: Account, host: Venue, lines: int, newest: bool
) -> None:
    rows = [line("COMMISSION", str(-i), i) for i in range(lines)]
    told = host.tells(USDM_INCOME, Rows(rows, newest=newest))
    entries = (await account.log(START, END)).entries
    assert [entry.coins for entry in entries] == [-i for i in range(lines)]
    assert (len(told.asked) > 1) == (lines >= 1000)


async def test_the_log_is_asked_for_as_the_venue_knows_it(account: Account, host: Venue) -> None:
    told = host.tells(USDM_INCOME, Rows([line("COMMISSION", "-1", i) for i in range(2500)]))
    await account.log(START, END)
    signing = {"timestamp", "recvWindow", "signature"}
    assert {frozenset(query.keys() - signing) for query in told.asked} == {
        frozenset({"startTime", "endTime", "limit"})
    }
    assert {query["limit"] for query in told.asked} == {"1000"}


async def test_nearly_a_thousand_lines_of_one_moment_are_found_among_many(
    account: Account, host: Venue
) -> None:
    fundings = [line("FUNDING_FEE", "1", i, time=NOW - DAY) for i in range(999)]
    fees = [line("COMMISSION", "-1", i) for i in range(1, 1500)]
    host.tells(USDM_INCOME, Rows([*fundings, *fees]))
    assert len((await account.log(START, END)).entries) == 999 + 1499


async def test_more_lines_in_a_moment_than_an_answer_holds_are_not_cut(
    account: Account, host: Venue
) -> None:
    told = host.tells(
        USDM_INCOME, Rows([line("FUNDING_FEE", "1", i, time=NOW - DAY) for i in range(1000)])
    )
    with pytest.raises(Malformed, match="more rows in a millisecond"):
        await account.log(START, END)
    assert len(told.asked) < 60


@pytest.mark.parametrize("time_ms", [START - 1, END])
async def test_lines_of_another_time_are_not_believed(
    account: Account, host: Venue, time_ms: int
) -> None:
    host.plays(USDM_INCOME, [line("COMMISSION", "-1", 1, time=time_ms)])
    with pytest.raises(Malformed, match="another time"):
        await account.log(START, END)


async def test_both_ends_of_a_window_belong_to_one_window_only(
    account: Account, host: Venue
) -> None:
    edges = START - 1, START, END - 1, END
    rows = [line("FUNDING_FEE", "1", i, time=time) for i, time in enumerate(edges)]
    host.tells(USDM_INCOME, Rows(rows))
    log = await account.log(START, END)
    assert [entry.time_ms for entry in log.entries] == [START, END - 1]


@pytest.mark.parametrize("broken", [1, 2, 3])
async def test_an_answer_that_fails_fails_all(account: Account, host: Venue, broken: int) -> None:
    rows = [line("COMMISSION", "-1", i) for i in range(2500)]
    host.tells(USDM_INCOME, Rows(rows, broken=broken))
    with pytest.raises(Refused, match="malformed"):
        await account.log(START, END)


async def test_a_host_that_fails_fails_all(account: Account, host: Venue) -> None:
    host.tells(USDM_INCOME, Rows([line("COMMISSION", "-1", 1)]))
    host.tells(COINM_INCOME, Rows([], broken=1))
    with pytest.raises(Refused):
        await account.log(START, END)


@pytest.mark.parametrize("gone", ["income", "asset", "time", "tranId", "incomeType"])
async def test_a_line_of_another_shape_is_not_left_out(
    account: Account, host: Venue, gone: str
) -> None:
    row = line("COMMISSION", "-1", 1)
    host.plays(USDM_INCOME, [row])
    assert len((await account.log(START, END)).entries) == 1
    host.plays(USDM_INCOME, [{name: value for name, value in row.items() if name != gone}])
    with pytest.raises(Malformed):
        await account.log(START, END)


async def test_the_log_of_an_account_without_futures_says_why(
    account: Account, host: Venue
) -> None:
    host.plays(USDM_INCOME, NO_PERMISSION)
    with pytest.raises(Refused, match="may not read futures"):
        await account.log(START, END)


async def test_a_week_of_the_log_is_a_request_of_each_host(account: Account, host: Venue) -> None:
    told = host.tells(USDM_INCOME, Rows([]))
    await account.log(NOW - account.log_window_ms, NOW)
    assert windows(told.asked) == [(NOW - 7 * DAY, NOW - 1)]
    assert sorted(host.signed) == [f"GET {COINM_INCOME}", f"GET {USDM_INCOME}"]


async def test_an_answer_of_both_logs_weighs_fifty(
    binance: Binance, account: Account, host: Venue
) -> None:
    host.tells(USDM_INCOME, Rows([]))
    await leave(binance, host, INVERSE, 50)
    await account.log(START, END)
    with pytest.raises(RateLimited):
        await spend_one(binance, INVERSE)


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("binance/income/001", COINM_INCOME),
        ("binance/income/002", USDM_INCOME),
        ("binance/income/003", USDM_INCOME),
    ],
)
async def test_documented_lines_are_told_apart(
    account: Account, host: Venue, recorded: Recorded, entry: str, path: str
) -> None:
    """The transfer and the fee share a number."""
    rows = recorded(entry)["httpResponse"]
    host.tells(USDM_INCOME, Rows([]))
    host.tells(path, Rows(rows))
    entries = (await account.log(1570608000000, 1570636800001)).entries
    flows = [(Flow.TRANSFER, -0.375), (Flow.FEE, -0.01)]
    assert [(one.flow, one.coins) for one in entries] == flows[: len(rows)]


async def test_a_linear_trade_is_coins(account: Account, host: Venue) -> None:
    rows = [
        trade(2, NOW - DAY, qty="3000", price="0.0125", symbol="1000PEPEUSDT"),
        trade(1, NOW - DAY, qty="1000", price="0.0120", symbol="1000PEPEUSDT", side="BUY"),
    ]
    host.tells(USDM_TRADES, Rows(rows))
    fills = await account.fills(PEPE, START, END)
    assert (fills.instrument, fills.start_ms, fills.end_ms) == (PEPE, START, END)
    assert fills.time_ms.tolist() == [NOW - DAY] * 2
    assert fills.size.tolist() == [1_000_000, -3_000_000]
    assert fills.price.tolist() == pytest.approx([0.000012, 0.0000125])
    assert (fills.leg.tolist(), fills.received_ms) == ([0, 0], NOW)


async def test_an_inverse_trade_is_dollars_and_a_leg_of_hedge_mode(
    account: Account, host: Venue
) -> None:
    rows = [
        trade(i, NOW - DAY + i, symbol="BTCUSD_PERP", qty="3", positionSide=leg)
        for i, leg in enumerate(("LONG", "SHORT"))
    ]
    host.tells(COINM_TRADES, Rows(rows))
    fills = await account.fills(COIN_PERP, START, END)
    assert fills.size.tolist() == [-300, -300]
    assert fills.price.tolist() == [64000.1, 64000.1]
    assert fills.leg.tolist() == [1, -1]


async def test_no_trades_are_an_answer(account: Account, host: Venue) -> None:
    host.tells(USDM_TRADES, Rows([]))
    fills = await account.fills(PERP, START, END)
    assert [len(column) for column in (fills.time_ms, fills.size, fills.price, fills.leg)] == [
        0
    ] * 4


async def test_an_empty_stretch_is_an_empty_answer(account: Account, host: Venue) -> None:
    log, trades = await account.log(END, END), await account.fills(PERP, END, END)
    assert (log.entries, log.received_ms, len(trades.time_ms)) == ((), END, 0)
    assert host.signed == []


async def test_trades_are_asked_for_in_weeks_that_touch(account: Account, host: Venue) -> None:
    start = NOW - 30 * DAY
    rows = [trade(day, start + day * DAY) for day in range(-1, 31)]
    told = host.tells(USDM_TRADES, Rows(rows, longest_ms=7 * DAY))
    fills = await account.fills(PERP, start, NOW)
    assert fills.time_ms.tolist() == [start + day * DAY for day in range(30)]
    asked = windows(told.asked)
    assert len(asked) == 5
    assert are_adjacent(asked)
    assert (asked[0][0], asked[-1][1]) == (start, NOW - 1)


@pytest.mark.parametrize("newest", [False, True])
async def test_no_trade_is_lost_or_doubled_whichever_end_of_a_window_the_venue_cuts(
    account: Account, host: Venue, newest: bool
) -> None:
    """More than two pages of them at one place, a thousand at another."""
    busy = [trade(i, NOW - DAY + i // 3 * 10_000) for i in range(2100)]
    full = [trade(5000 + i, NOW - 10 * DAY + i * 10_000) for i in range(1000)]
    host.tells(USDM_TRADES, Rows([*full, *busy], newest=newest))
    fills = await account.fills(PERP, NOW - 14 * DAY, NOW)
    assert fills.time_ms.tolist() == [row["time"] for row in (*full, *busy)]


async def test_more_trades_in_a_moment_than_a_page_holds_are_not_cut(
    account: Account, host: Venue
) -> None:
    host.tells(USDM_TRADES, Rows([trade(i, NOW - DAY) for i in range(1001)]))
    with pytest.raises(Malformed, match="more rows in a millisecond"):
        await account.fills(PERP, NOW - DAY - 8, NOW - DAY + 8)


@pytest.mark.parametrize("time_ms", [START - 1, END])
async def test_trades_of_another_time_are_not_believed(
    account: Account, host: Venue, time_ms: int
) -> None:
    host.plays(USDM_TRADES, [trade(1, time_ms)])
    with pytest.raises(Malformed, match="another time"):
        await account.fills(PERP, START, END)


async def test_trades_of_more_than_three_months_ago_are_not_asked_for(
    account: Account, host: Venue
) -> None:
    told = host.tells(USDM_TRADES, Rows([]))
    fills = await account.fills(PERP, NOW - 400 * DAY, NOW)
    kept = host.now_ms - 89 * DAY
    assert (fills.start_ms, windows(told.asked)[0][0]) == (kept, kept)


@pytest.mark.parametrize("gone", ["id", "side", "qty", "price", "positionSide", "time"])
async def test_a_trade_of_another_shape_is_not_left_out(
    account: Account, host: Venue, gone: str
) -> None:
    row = trade(1, NOW - DAY)
    del row[gone]
    host.plays(USDM_TRADES, [row])
    with pytest.raises(Malformed):
        await account.fills(PERP, START, END)


async def test_spot_trades_are_not_read(account: Account) -> None:
    with pytest.raises(Unsupported):
        await account.fills(BTC, START, END)


async def test_a_window_of_trades_weighs_five(
    binance: Binance, account: Account, host: Venue
) -> None:
    host.tells(USDM_TRADES, Rows([]))
    await leave(binance, host, INVERSE, 9)
    await account.fills(PERP, START, END)
    with pytest.raises(RateLimited):
        await account.fills(PERP, START, END)


@pytest.mark.parametrize(
    ("number", "trades"),
    [("001", [(0.01, 36567.1)]), ("012", [(-0.005, 2778.35), (0.005, 2779)])],
)
async def test_recorded_trades(
    account: Account,
    host: Venue,
    recorded: Recorded,
    number: str,
    trades: list[tuple[float, float]],
) -> None:
    rows = recorded(f"binance/fills/{number}")["httpResponse"]
    host.plays(USDM_TRADES, rows)
    first = int(rows[0]["time"])
    host.ahead_ms = first - NOW + DAY
    fills = await account.fills(PERP, first, first + DAY)
    assert list(zip(fills.size.tolist(), fills.price.tolist(), strict=True)) == trades
