"""Bybit's account tells the truth of its book, with the traps that the exchange sets."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from crypto_assistant.sandbox import Sandbox, World
from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.events import Fill, Move, Payment
from crypto_assistant.sandbox.catalog import DAY
from tests.sandbox.conftest import NOW, Client
from tests.sandbox.readers import BybitReader

LOG, TRADES, CLOSED = "/v5/account/transaction-log", "/v5/execution/list", "/v5/position/closed-pnl"
WALLET, POSITIONS = "/v5/account/wallet-balance", "/v5/position/list"
FUND = "/v5/asset/transfer/query-account-coins-balance"
TIME = {LOG: "transactionTime", TRADES: "execTime", CLOSED: "updatedTime"}
STARTED = NOW // DAY * DAY - 100 * DAY
WEEK = 7 * DAY
ZERO = Decimal(0)
CENT = Decimal("0.01")


@pytest.fixture
def book(sandbox: Sandbox) -> Book:
    return sandbox.account("bybit").book


@pytest.fixture
def bybit(client: Client) -> BybitReader:
    return BybitReader(client)


async def pages(ask: BybitReader, path: str, **query: object) -> AsyncIterator[list[Any]]:
    """Every page, each asked for with the cursor of the one before."""
    cursor = ""
    while True:
        result = (await ask(path, cursor=cursor, **query))["result"]
        yield result["list"]
        cursor = result["nextPageCursor"]
        if not cursor:
            return


async def every(ask: BybitReader, path: str, **query: object) -> list[Any]:
    return [row async for page in pages(ask, path, **query) for row in page]


async def history(ask: BybitReader, path: str, **query: object) -> list[Any]:
    """All that the account ever did, newest first, in windows as wide as Bybit allows."""
    rows = []
    for start in reversed(range(STARTED, NOW, WEEK)):
        window = {"startTime": start, "endTime": min(start + WEEK - 1, NOW)}
        rows += await every(ask, path, **window, **query)
    return rows


def sums(rows: list[Any], coin: str, *names: str) -> dict[str, Decimal]:
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        for name in names:
            total[row[coin]] += Decimal(row[name] or 0)
    return dict(total)


async def test_the_log_adds_up_to_the_wallet(bybit: BybitReader, book: Book) -> None:
    rows = await history(bybit, LOG, limit=50)
    wallet = book.balances("unified", NOW)
    assert sums(rows, "currency", "change") == wallet
    latest = {row["currency"]: row["cashBalance"] for row in reversed(rows)}
    assert {coin: Decimal(cash) for coin, cash in latest.items()} == wallet
    (account,) = (await bybit(WALLET, accountType="UNIFIED"))["result"]["list"]
    told = {row["coin"]: Decimal(row["walletBalance"]) for row in account["coin"]}
    assert told == {coin: cash for coin, cash in wallet.items() if cash}


async def test_rows_of_the_log_are_told_apart_by_five_fields_and_not_by_id(
    bybit: BybitReader,
) -> None:
    rows = await history(bybit, LOG, limit=50)
    names = ("id", "tradeId", "type", "transactionTime", "change")
    keys = Counter(tuple(row[name] for name in names) for row in rows)
    assert set(keys.values()) == {1}
    assert len({row["id"] for row in rows}) < len(rows) * 0.6


async def test_each_row_of_the_log_is_one_change(bybit: BybitReader) -> None:
    for row in await every(bybit, LOG, startTime=NOW - WEEK, endTime=NOW, limit=50):
        cash, fee, change = (Decimal(row[name]) for name in ("cashFlow", "fee", "change"))
        assert change == cash - fee + Decimal(row["funding"] or 0)


async def test_the_log_tells_trades_and_settlements_as_they_were(
    bybit: BybitReader, book: Book
) -> None:
    rows = await every(bybit, LOG, startTime=NOW - WEEK, endTime=NOW, limit=50)
    events = [event for event in book.events(NOW - WEEK, NOW + 1) if not isinstance(event, Move)]
    fills = [e for e in events if isinstance(e, Fill) and e.market.kind != "spot"]
    payments = [event for event in events if isinstance(event, Payment)]
    trades = [row for row in rows if row["type"] == "TRADE" and row["category"] != "spot"]
    settled = [row for row in rows if row["type"] == "SETTLEMENT"]
    assert {row["funding"] for row in trades} == {""}
    assert [
        (r["symbol"], r["side"], Decimal(r["cashFlow"]), Decimal(r["fee"]), Decimal(r["size"]))
        for r in reversed(trades)
    ] == [(f.market.symbol, f.side.capitalize(), f.realised, f.fee, f.position) for f in fills]
    assert [
        (r["symbol"], Decimal(r["funding"]), Decimal(r["cashFlow"]), r["side"])
        for r in reversed(settled)
    ] == [(p.market.symbol, p.amount, p.settled, "Buy" if p.size > 0 else "Sell") for p in payments]


async def test_a_usdc_perpetual_pays_its_profit_out_with_each_funding(
    bybit: BybitReader, book: Book
) -> None:
    rows = await history(bybit, LOG, type="SETTLEMENT", category="linear", limit=50)
    paid = {row["currency"] for row in rows if Decimal(row["cashFlow"])}
    assert paid == {"USDC"}
    assert {row["currency"] for row in rows} == {"USDT", "USDC"}


async def test_the_entry_of_a_usdc_perpetual_outlives_its_settlements(
    bybit: BybitReader, book: Book
) -> None:
    (row,) = (await bybit(POSITIONS, category="linear", settleCoin="USDC"))["result"]["list"]
    (held,) = (held for held in book.holdings(NOW) if held.market.settle == "USDC")
    mark, session = Decimal(row["markPrice"]), Decimal(row["sessionAvgPrice"])
    assert abs(held.size * (mark - session) - held.unrealised) < CENT
    assert Decimal(row["avgPrice"]) == held.entry != session
    rows = (await bybit(POSITIONS, category="linear", settleCoin="USDT"))["result"]["list"]
    assert {row["sessionAvgPrice"] for row in rows} == {""}


async def test_a_liquidation_costs_more_than_its_loss(bybit: BybitReader, book: Book) -> None:
    (row,) = await history(bybit, LOG, type="LIQUIDATION", limit=50)
    (fill,) = (
        event
        for event in book.events(STARTED, NOW + 1)
        if isinstance(event, Fill) and event.cause == "liquidation"
    )
    assert Decimal(row["fee"]) == fill.fee + fill.penalty > 0
    assert Decimal(row["cashFlow"]) == fill.realised < 0
    assert row["size"] == "0"


async def test_a_spot_trade_changes_two_currencies(bybit: BybitReader) -> None:
    rows = await history(bybit, LOG, category="spot", limit=50)
    pairs = defaultdict(list)
    for row in rows:
        pairs[row["tradeId"]].append(row)
    assert pairs
    for pair in pairs.values():
        assert sorted(row["currency"] for row in pair) == ["SOL", "USDT"]
        (bought,) = (row for row in pair if Decimal(row["cashFlow"]) > 0)
        (sold,) = (row for row in pair if Decimal(row["cashFlow"]) < 0)
        assert Decimal(bought["fee"]) > 0
        assert sold["fee"] == "0"


async def test_transfers_say_where_money_went(bybit: BybitReader, book: Book) -> None:
    rows = await history(bybit, LOG, limit=50)
    moves = Counter(row["type"] for row in rows if not row["symbol"])
    assert moves["TRANSFER_IN"] >= 5
    assert moves["TRANSFER_OUT"] >= 5
    assert moves["FEE_REFUND"] == moves["INTEREST"] == 10
    outs = [Decimal(row["change"]) for row in rows if row["type"] == "TRANSFER_OUT"]
    assert max(outs) < 0


@pytest.mark.parametrize(("path", "span"), [(LOG, DAY), (TRADES, WEEK), (CLOSED, WEEK)])
async def test_without_times_only_the_last_while_is_told(
    bybit: BybitReader, path: str, span: int
) -> None:
    query = {"category": "linear", "limit": 50}
    asked = {"startTime": NOW - span, "endTime": NOW, **query}
    assert await every(bybit, path, **query) == await every(bybit, path, **asked) != []
    first = NOW - 30 * DAY
    both = {"startTime": first, "endTime": first + span, **query}
    rows = await every(bybit, path, **both)
    assert await every(bybit, path, startTime=first, **query) == rows
    assert await every(bybit, path, endTime=first + span, **query) == rows


@pytest.mark.parametrize("path", [LOG, TRADES, CLOSED])
async def test_a_window_of_more_than_a_week_is_refused(bybit: BybitReader, path: str) -> None:
    window = {"startTime": NOW - WEEK, "endTime": NOW, "category": "linear"}
    assert (await bybit(path, **window))["retCode"] == 0
    refused = await bybit(path, **{**window, "startTime": NOW - WEEK - 1})
    assert refused["retCode"] == 10001
    backwards = await bybit(path, **{**window, "startTime": NOW, "endTime": NOW - 1})
    assert backwards["retCode"] == 10001


@pytest.mark.parametrize("path", [LOG, TRADES, CLOSED])
async def test_both_ends_of_a_window_belong_to_it(bybit: BybitReader, path: str) -> None:
    query = {"category": "linear", "limit": 50}
    rows = await every(bybit, path, startTime=NOW - WEEK, endTime=NOW, **query)
    start, end = int(rows[-3][TIME[path]]), int(rows[3][TIME[path]])
    asked = await every(bybit, path, startTime=start, endTime=end, **query)
    assert asked == [row for row in rows if start <= int(row[TIME[path]]) <= end]
    assert rows[3] in asked
    assert rows[-3] in asked


@pytest.mark.parametrize(
    ("path", "default", "most"), [(LOG, 20, 50), (TRADES, 50, 100), (CLOSED, 50, 100)]
)
async def test_pages_have_a_default_and_a_greatest_size(
    bybit: BybitReader, book: Book, path: str, default: int, most: int
) -> None:
    busy = STARTED + 85 * DAY
    window = {"startTime": busy, "endTime": busy + DAY - 1, "category": "linear"}
    assert len((await bybit(path, **window))["result"]["list"]) == default
    first = (await bybit(path, **window, limit=1000))["result"]
    assert len(first["list"]) == min(most, len(await every(bybit, path, **window)))
    times = [int(row[TIME[path]]) for row in await every(bybit, path, **window)]
    assert times == sorted(times, reverse=True)


async def test_cursors_are_encoded_already(bybit: BybitReader) -> None:
    window = {"startTime": NOW - WEEK, "endTime": NOW, "limit": 5}
    cursor = (await bybit(LOG, **window))["result"]["nextPageCursor"]
    assert "%3A" in cursor
    first, second, *_ = [page async for page in pages(bybit, LOG, **window)]
    assert (await bybit(LOG, **window, cursor=cursor))["result"]["list"] == second != first
    twice = await bybit(LOG, **window, cursor=cursor.replace("%", "%25"))
    assert (twice["retCode"], twice["retMsg"]) == (10001, "params error: cursor invalid")


async def test_executions_mix_funding_in_with_the_opposite_sign(
    bybit: BybitReader, book: Book
) -> None:
    window = {"startTime": NOW - WEEK, "endTime": NOW, "category": "linear", "limit": 100}
    rows = await every(bybit, TRADES, **window)
    kinds = Counter(row["execType"] for row in rows)
    assert kinds["Trade"] > 0
    assert kinds["Funding"] > 0
    trades = await every(bybit, TRADES, **window, execType="Trade")
    assert trades == [row for row in rows if row["execType"] == "Trade"]
    linear = [
        event
        for event in book.events(NOW - WEEK, NOW + 1)
        if not isinstance(event, Move) and event.market.kind == "linear"
    ]
    assert [Decimal(row["execFee"]) for row in reversed(rows)] == [
        -event.amount if isinstance(event, Payment) else event.fee for event in linear
    ]
    assert [Decimal(row["execQty"]) for row in reversed(trades)] == [
        event.size for event in linear if isinstance(event, Fill)
    ]


async def test_executions_of_spot_name_the_coin_of_their_fee(bybit: BybitReader) -> None:
    rows = await history(bybit, TRADES, category="spot", limit=100)
    assert {(row["side"], row["feeCurrency"]) for row in rows} == {("Buy", "SOL"), ("Sell", "USDT")}
    linear = await every(bybit, TRADES, category="linear", settleCoin="USDC", limit=100)
    assert {row["feeCurrency"] for row in linear} == {""}
    assert {row["symbol"] for row in linear} == {"BTCPERP"}


@pytest.mark.parametrize("category", ["linear", "inverse"])
async def test_closed_profit_is_less_the_fees_of_both_ends(
    bybit: BybitReader, book: Book, category: str
) -> None:
    rows = await history(bybit, CLOSED, category=category, limit=100)
    realised: defaultdict[str, Decimal] = defaultdict(Decimal)
    for event in book.events(STARTED, NOW + 1):
        if isinstance(event, Fill) and event.closed and event.market.kind == category:
            realised[event.market.symbol] += event.realised
    gross = sums(rows, "symbol", "closedPnl", "openFee", "closeFee")
    assert gross == realised
    for row in rows:
        size, entry, left = (
            Decimal(row[name]) for name in ("closedSize", "avgEntryPrice", "avgExitPrice")
        )
        pnl = size * (left - entry) if category == "linear" else size / entry - size / left
        pnl = pnl if row["side"] == "Sell" else -pnl
        told = sum(Decimal(row[name]) for name in ("closedPnl", "openFee", "closeFee"))
        assert pnl == pytest.approx(told, abs=Decimal("1e-3"))


async def test_a_wallet_is_worth_its_coins(bybit: BybitReader, book: Book, world: World) -> None:
    (account,) = (await bybit(WALLET, accountType="UNIFIED"))["result"]["list"]
    coins = account["coin"]
    for row in coins:
        upl = book.unrealised("unified", NOW).get(row["coin"], ZERO)
        assert Decimal(row["unrealisedPnl"]) == upl
        assert Decimal(row["equity"]) == Decimal(row["walletBalance"]) + upl
    total = sum(Decimal(row["usdValue"]) for row in coins)
    assert abs(Decimal(account["totalEquity"]) - total) < CENT
    (bitcoin,) = (row for row in coins if row["coin"] == "BTC")
    spot = world.market("bybit", "spot", "BTCUSDT")
    assert spot is not None
    price = float(bitcoin["usdValue"]) / float(bitcoin["equity"])
    assert price == pytest.approx(world.quote(spot, NOW).last, rel=1e-3)
    (only,) = (await bybit(WALLET, accountType="UNIFIED", coin="BTC"))["result"]["list"]
    assert only["coin"] == [bitcoin]
    assert (await bybit(WALLET, accountType="CONTRACT"))["retCode"] == 10001


async def test_the_funding_wallet_is_another_path(bybit: BybitReader, book: Book) -> None:
    result = (await bybit(FUND, accountType="FUND"))["result"]
    assert {row["coin"]: Decimal(row["walletBalance"]) for row in result["balance"]} == (
        book.balances("funding", NOW)
    )
    assert "NOPRICE" in {row["coin"] for row in result["balance"]}
    assert (await bybit(FUND, accountType="UNIFIED"))["retCode"] == 10001
    unified = (await bybit(FUND, accountType="UNIFIED", coin="USDT,XRP"))["result"]["balance"]
    assert [(row["coin"], row["walletBalance"] == "0") for row in unified] == [
        ("USDT", False),
        ("XRP", True),
    ]


async def test_the_overview_names_both_wallets(bybit: BybitReader) -> None:
    overview = (await bybit("/v5/asset/asset-overview"))["result"]
    worth = {row["accountType"]: Decimal(row["totalEquity"]) for row in overview["list"]}
    assert set(worth) == {"FundingAccount", "UnifiedTradingAccount"}
    assert Decimal(overview["totalEquity"]) == sum(worth.values())
    (account,) = (await bybit(WALLET, accountType="UNIFIED"))["result"]["list"]
    assert abs(worth["UnifiedTradingAccount"] - Decimal(account["totalEquity"])) < CENT
    only = await bybit("/v5/asset/asset-overview", accountType="FundingAccount")
    assert [row["accountType"] for row in only["result"]["list"]] == ["FundingAccount"]


async def test_positions_are_those_of_the_book(bybit: BybitReader, book: Book) -> None:
    asked = ({"category": "linear", "settleCoin": "USDT"}, {"category": "inverse"})
    usdc = {"category": "linear", "settleCoin": "USDC"}
    rows = [row for query in (*asked, usdc) for row in await every(bybit, POSITIONS, **query)]
    assert len(rows) >= 2
    told = {
        row["symbol"]: (
            Decimal(row["size"]) * (1 if row["side"] == "Buy" else -1),
            *(Decimal(row[name]) for name in ("avgPrice", "markPrice", "unrealisedPnl")),
            Decimal(row["liqPrice"]) if row["liqPrice"] else None,
        )
        for row in rows
    }
    assert told == {
        held.market.symbol: (held.size, held.entry, held.mark, held.unrealised, held.liquidation)
        for held in book.holdings(NOW)
    }
    assert {row["tradeMode"] for row in rows} == {0}


async def test_linear_positions_want_a_symbol_or_a_settle_coin(bybit: BybitReader) -> None:
    assert (await bybit(POSITIONS, category="linear"))["retCode"] == 10001
    assert (await bybit(POSITIONS, category="spot", settleCoin="USDT"))["retCode"] == 10001
    assert (await bybit(POSITIONS, settleCoin="USDT"))["retCode"] == 10001


async def test_a_named_market_without_a_position_has_an_empty_row(bybit: BybitReader) -> None:
    (row,) = (await bybit(POSITIONS, category="linear", symbol="XRPUSDT"))["result"]["list"]
    assert (row["size"], row["side"], row["liqPrice"]) == ("0", "", "")
    assert (await bybit(POSITIONS, category="linear", symbol="NOSUCH"))["retCode"] == 10001


async def test_many_positions_come_in_pages_and_the_last_cursor_leads_nowhere(
    sandbox: Sandbox, bybit: BybitReader
) -> None:
    sandbox.owners["bybit"].extra_positions = 40
    query = {"category": "linear", "settleCoin": "USDT"}
    lengths = [len(page) async for page in pages(bybit, POSITIONS, **query)]
    assert lengths[0] == 20
    assert lengths[-1] == 0
    rows = await every(bybit, POSITIONS, **query)
    assert len({row["symbol"] for row in rows}) == len(rows) == sum(lengths) >= 40
    whole = (await bybit(POSITIONS, **query, limit=200))["result"]["list"]
    assert whole == rows


async def test_a_key_says_what_it_may_do(sandbox: Sandbox, bybit: BybitReader, book: Book) -> None:
    key = (await bybit("/v5/user/query-api"))["result"]
    assert (key["readOnly"], key["uta"], key["userID"]) == (1, 1, book.uid)
    assert key["permissions"]["ContractTrade"] == ["Order", "Position"]
    sandbox.owners["bybit"].permissions = {"read", "trade"}
    key = (await bybit("/v5/user/query-api"))["result"]
    assert (key["readOnly"], key["permissions"]["Wallet"]) == (0, [])
    sandbox.owners["bybit"].permissions = {"read", "withdraw"}
    key = (await bybit("/v5/user/query-api"))["result"]
    assert (key["readOnly"], key["permissions"]["Wallet"]) == (0, ["Withdraw"])


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (WALLET, {"accountType": "UNIFIED"}),
        (LOG, {}),
        (POSITIONS, {"category": "inverse"}),
        (TRADES, {"category": "linear"}),
        (CLOSED, {"category": "linear"}),
        (FUND, {"accountType": "UNIFIED", "coin": "USDT"}),
    ],
)
async def test_a_classic_account_is_told_so(
    sandbox: Sandbox, bybit: BybitReader, path: str, query: dict[str, str]
) -> None:
    assert (await bybit(path, **query))["retCode"] == 0
    sandbox.owners["bybit"].standing = "classic"
    assert (await bybit(path, **query))["retCode"] == 10028
    assert (await bybit("/v5/account/info"))["result"]["unifiedMarginStatus"] == 1
    assert (await bybit("/v5/user/query-api"))["result"]["uta"] == 0
    assert (await bybit(FUND, accountType="FUND"))["result"]["balance"]


async def test_portfolio_margin_knows_no_margin_of_one_position(
    sandbox: Sandbox, bybit: BybitReader
) -> None:
    sandbox.owners["bybit"].standing = "portfolio"
    assert (await bybit("/v5/account/info"))["result"]["marginMode"] == "PORTFOLIO_MARGIN"
    rows = await every(bybit, POSITIONS, category="linear", settleCoin="USDT")
    assert rows
    assert {(row["leverage"], row["liqPrice"], row["positionIM"]) for row in rows} == {("", "", "")}


async def test_an_empty_account_answers_with_nothing(sandbox: Sandbox, bybit: BybitReader) -> None:
    sandbox.owners["bybit"].standing = "empty"
    assert await every(bybit, LOG) == []
    assert await every(bybit, POSITIONS, category="inverse") == []
    (account,) = (await bybit(WALLET, accountType="UNIFIED"))["result"]["list"]
    assert (account["coin"], account["totalEquity"]) == ([], "0")
