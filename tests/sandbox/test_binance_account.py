"""Binance's account tells the truth of its book, in Binance's fields and order."""

import json
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from yarl import URL

from crypto_assistant.sandbox import Sandbox
from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.events import Fill, Move, Payment
from crypto_assistant.sandbox.catalog import DAY
from tests.sandbox.conftest import NOW, Client
from tests.sandbox.signing import binance
from tests.shared import RECORDED, needs_shared

STARTED = NOW // DAY * DAY - 100 * DAY
ZERO = Decimal(0)
HOSTS = {"api": "BINANCE_SPOT_URL", "sapi": "BINANCE_SPOT_URL", "fapi": "BINANCE_USDM_URL",
         "dapi": "BINANCE_COINM_URL"}  # fmt: skip
INCOME, TRADES = "/fapi/v1/income", "/fapi/v1/userTrades"


class Reader:
    """`await ask("/fapi/v1/income", limit=5)` is the parsed body."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.status = 0

    async def __call__(self, path: str, method: str = "GET", **query: Any) -> Any:
        link, headers = binance(path, urlencode(query))
        url = URL(self._client.urls[HOSTS[path.split("/")[1]]] + link, encoded=True)
        async with self._client.session.request(method, url, headers=headers) as response:
            self.status = response.status
            return orjson.loads(await response.read())


@pytest.fixture
def book(sandbox: Sandbox) -> Book:
    return sandbox.account("binance").book


@pytest.fixture
def ask(client: Client) -> Reader:
    return Reader(client)


async def income(ask: Reader, path: str, start: int, end: int) -> list[Any]:
    """Every line, by windows that are halved while an answer is full."""
    rows: list[Any] = await ask(path, startTime=start, endTime=end, limit=1000)
    if len(rows) < 1000:
        return rows
    middle = (start + end) // 2
    return [*await income(ask, path, start, middle), *await income(ask, path, middle + 1, end)]


def expected(book: Book, start: int, kind: str) -> dict[tuple[str, str], Decimal]:
    """What the account log adds up to, by type and coin, out of the truth."""
    wallet = {"linear": "usdm", "inverse": "coinm"}[kind]
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for event in book.events(start, NOW + 1):
        if isinstance(event, Move):
            if event.wallet == wallet:
                name = {"transfer": "TRANSFER", "rebate": "COMMISSION_REBATE"}[event.kind]
                sums[name, event.coin] += event.amount
        elif event.market.kind == kind:
            if isinstance(event, Payment):
                sums["FUNDING_FEE", event.coin] += event.amount
            else:
                sums["REALIZED_PNL", event.coin] += event.realised
                sums["COMMISSION", event.fee_coin] -= event.fee
                sums["INSURANCE_CLEAR", event.coin] -= event.penalty
    return {name: total for name, total in sums.items() if total}


@pytest.mark.parametrize(("path", "kind"), [(INCOME, "linear"), ("/dapi/v1/income", "inverse")])
async def test_income_is_all_that_happened(ask: Reader, book: Book, path: str, kind: str) -> None:
    start = NOW - 60 * DAY
    rows = await income(ask, path, start, NOW)
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["incomeType"], row["asset"]] += Decimal(row["income"])
    assert {name: total for name, total in sums.items() if total} == expected(book, start, kind)
    keys = Counter(
        (r["incomeType"], r["tranId"], r["tradeId"], r["asset"], r["symbol"]) for r in rows
    )
    assert max(keys.values()) == 1
    assert len({row["tranId"] for row in rows}) < len(rows)  # unique within their type only
    assert {type(row["tranId"]) for row in rows} == {int if kind == "linear" else str}
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)


async def test_one_number_may_be_that_of_a_funding_of_several_markets(ask: Reader) -> None:
    rows = await income(ask, INCOME, NOW - 30 * DAY, NOW)
    symbols = defaultdict[int, list[str]](list)
    for row in rows:
        if row["incomeType"] == "FUNDING_FEE":
            symbols[row["tranId"]].append(row["symbol"])
    assert min(map(len, symbols.values())) == 1
    assert max(map(len, symbols.values())) > 2
    assert all(len(set(paid)) == len(paid) for paid in symbols.values())


async def test_profit_is_realised_by_closing_trades_alone(ask: Reader, book: Book) -> None:
    rows = await ask(INCOME, incomeType="REALIZED_PNL", limit=1000)
    closing = [
        event.id
        for event in book.events(NOW - 7 * DAY, NOW + 1)
        if isinstance(event, Fill) and event.market.kind == "linear" and event.closed
    ]
    assert [int(row["tradeId"]) for row in rows] == closing


async def test_of_a_busy_day_the_oldest_lines_are_told(ask: Reader) -> None:
    rows = await income(ask, INCOME, NOW - 30 * DAY, NOW)
    days = Counter(row["time"] // DAY for row in rows)
    assert max(days.values()) > 1000
    assert await ask(INCOME, startTime=NOW - 30 * DAY, endTime=NOW, limit=300) == rows[:300]


@pytest.mark.parametrize("path", [INCOME, "/dapi/v1/income"])
async def test_the_log_has_no_pages(ask: Reader, path: str) -> None:
    body = await ask(path, limit=5, page=2)
    assert (ask.status, body["code"]) == (400, -1104)
    assert body["msg"].endswith("read '1' parameter(s) but was sent '2'.")


@pytest.mark.parametrize("path", [INCOME, "/dapi/v1/income"])
async def test_a_lenient_venue_passes_over_the_page_that_is_asked_for(
    ask: Reader, sandbox: Sandbox, path: str
) -> None:
    sandbox.owners["binance"].lenient = True
    assert await ask(path, limit=5, page=2) == await ask(path, limit=5) != []


async def test_income_comes_from_the_last_week_unless_times_are_named(
    ask: Reader, book: Book
) -> None:
    assert len(await ask(INCOME)) == 100
    rows = await ask(INCOME, limit=1000)
    assert 0 <= rows[0]["time"] - (NOW - 7 * DAY) < DAY
    assert NOW - rows[-1]["time"] < DAY


async def test_income_is_kept_for_three_months(ask: Reader) -> None:
    rows = await ask(INCOME, startTime=STARTED, endTime=NOW)
    assert 0 <= rows[0]["time"] - (NOW - 90 * DAY) < DAY


async def test_both_ends_of_a_window_belong_to_it(ask: Reader) -> None:
    rows = await ask(INCOME, limit=1000)
    time = rows[len(rows) // 2]["time"]
    same = [row for row in rows if row["time"] == time]
    assert await ask(INCOME, startTime=time, endTime=time) == same
    before = await ask(INCOME, startTime=NOW - 7 * DAY, endTime=time - 1, limit=1000)
    after = await ask(INCOME, startTime=time + 1, endTime=NOW, limit=1000)
    assert before + same + after == rows


async def test_income_may_be_asked_by_type_and_by_contract(ask: Reader) -> None:
    rows = await ask(INCOME, limit=1000)
    some = await ask(INCOME, limit=1000, incomeType="FUNDING_FEE", symbol="BTCUSDT")
    assert some == [
        row for row in rows if (row["incomeType"], row["symbol"]) == ("FUNDING_FEE", "BTCUSDT")
    ]
    assert some


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        (INCOME, {"limit": 1001}, -1130),
        (INCOME, {"limit": 0}, -1130),
        (INCOME, {"startTime": "x"}, -1100),
        (INCOME, {"startTime": NOW, "endTime": NOW - 1}, -1130),
        (TRADES, {}, -1102),
        (TRADES, {"symbol": "NOSUCH"}, -1121),
        (TRADES, {"symbol": "BTCUSDT", "startTime": NOW - 8 * DAY, "endTime": NOW}, -4088),
        (TRADES, {"symbol": "BTCUSDT", "fromId": 1, "startTime": NOW}, -1128),
        ("/dapi/v1/userTrades", {}, -1128),
        ("/dapi/v1/userTrades", {"symbol": "BTCUSD_PERP", "pair": "BTCUSD"}, -1128),
    ],
)
async def test_wrong_questions_hear_the_exchanges_words(
    ask: Reader, path: str, query: dict[str, Any], code: int
) -> None:
    body = await ask(path, **query)
    assert (ask.status, body["code"]) == (400, code)


async def test_trades_are_those_of_the_book(ask: Reader, book: Book) -> None:
    start = NOW - 7 * DAY
    rows = await ask(TRADES, symbol="BTCUSDT", startTime=start, endTime=NOW, limit=1000)
    fills = [
        event
        for event in book.events(start, NOW + 1)
        if isinstance(event, Fill) and event.market.symbol == "BTCUSDT"
    ]
    assert len(rows) == len(fills) > 10
    for row, fill in zip(rows, fills, strict=True):
        assert (row["id"], row["orderId"], row["time"]) == (fill.id, fill.order, fill.time)
        assert (row["side"], row["positionSide"]) == (fill.side.upper(), fill.leg.upper())
        assert (Decimal(row["price"]), Decimal(row["qty"])) == (fill.price, fill.size)
        assert Decimal(row["quoteQty"]) == fill.price * fill.size
        assert (Decimal(row["commission"]), row["commissionAsset"]) == (fill.fee, fill.fee_coin)
        assert Decimal(row["realizedPnl"]) == fill.realised
        assert (row["maker"], row["buyer"]) == (fill.maker, fill.side == "buy")


async def test_trades_come_newest_or_from_a_start(ask: Reader) -> None:
    week = await ask(TRADES, symbol="ETHUSDT")
    assert await ask(TRADES, symbol="ETHUSDT", limit=3) == week[-3:]
    start = NOW - 7 * DAY
    assert await ask(TRADES, symbol="ETHUSDT", limit=3, startTime=start) == week[:3]
    assert await ask(TRADES, symbol="ETHUSDT", fromId=week[4]["id"]) == week[4:]
    old = await ask(TRADES, symbol="ETHUSDT", startTime=NOW - 50 * DAY, limit=1000)
    assert old[-1]["time"] <= NOW - 43 * DAY


async def test_trades_are_kept_for_three_months(ask: Reader, book: Book) -> None:
    assert any(isinstance(event, Fill) for event in book.events(STARTED, NOW - 91 * DAY))
    queries: list[dict[str, Any]] = [
        {"startTime": NOW - 96 * DAY, "endTime": NOW - 89 * DAY},
        {"fromId": 1},
    ]
    for query in queries:
        rows = await ask(TRADES, symbol="BTCUSDT", limit=1000, **query)
        assert 0 <= rows[0]["time"] - (NOW - 90 * DAY) < DAY


async def test_trades_of_coin_margined_contracts_are_in_contracts(ask: Reader, book: Book) -> None:
    rows = await ask("/dapi/v1/userTrades", pair="BTCUSD", limit=50)
    assert rows == await ask("/dapi/v1/userTrades", symbol="BTCUSD_PERP")
    for row in rows:
        coins = Decimal(row["qty"]) * 100 / Decimal(row["price"])
        assert abs(coins - Decimal(row["baseQty"])) <= Decimal("1e-8")
        assert (row["marginAsset"], row["positionSide"]) == ("BTC", "BOTH")


async def test_positions_are_those_of_the_book(ask: Reader, book: Book) -> None:
    held = {(h.market.symbol, h.leg.upper()): h for h in book.holdings(NOW)}
    rows = await ask("/fapi/v3/positionRisk")
    linear = {leg for leg, h in held.items() if h.market.kind == "linear"}
    assert {(row["symbol"], row["positionSide"]) for row in rows} == linear
    assert {row["positionSide"] for row in rows} == {"LONG", "SHORT"}
    for row in rows:
        holding = held[row["symbol"], row["positionSide"]]
        assert not {"leverage", "marginType"} & row.keys()
        assert Decimal(row["positionAmt"]) == holding.size
        assert Decimal(row["unRealizedProfit"]) == holding.unrealised
        assert Decimal(row["notional"]) == holding.size * holding.mark
        assert Decimal(row["liquidationPrice"]) == (holding.liquidation or 0)
        apart = holding.margin + holding.unrealised if holding.isolated else 0
        assert Decimal(row["isolatedMargin"]) == apart
        asked = Decimal(row["initialMargin"]) * holding.leverage
        assert abs(asked - holding.value) < Decimal("1e-6")
        assert row["marginAsset"] == holding.coin
    assert await ask("/fapi/v3/positionRisk", symbol="BTCUSDT") == [
        row for row in rows if row["symbol"] == "BTCUSDT"
    ]


async def test_leverage_and_mode_stand_in_the_settings(ask: Reader, book: Book) -> None:
    settings = {row["symbol"]: row for row in await ask("/fapi/v1/symbolConfig")}
    legacy = {(r["symbol"], r["positionSide"]): r for r in await ask("/fapi/v2/positionRisk")}
    assert len(legacy) == 2 * len(settings)
    for held in book.holdings(NOW):
        if held.market.kind == "linear":
            row = settings[held.market.symbol]
            assert row["leverage"] == held.leverage
            assert row["marginType"] == ("ISOLATED" if held.isolated else "CROSSED")
            old = legacy[held.market.symbol, held.leg.upper()]
            assert old["marginType"] == ("isolated" if held.isolated else "cross")
            assert (old["leverage"], Decimal(old["positionAmt"])) == (str(held.leverage), held.size)
    assert (await ask("/fapi/v1/accountConfig"))["dualSidePosition"] is True


async def test_coin_margined_positions_stand_among_all_contracts(ask: Reader, book: Book) -> None:
    rows = await ask("/dapi/v1/positionRisk")
    held = {row["symbol"]: row for row in rows if Decimal(row["positionAmt"])}
    assert len(rows) > len(held) == 1
    (holding,) = (h for h in book.holdings(NOW) if h.market.kind == "inverse")
    row = held["BTCUSD_PERP"]
    assert Decimal(row["positionAmt"]) == holding.size
    assert Decimal(row["unRealizedProfit"]) == holding.unrealised
    assert "notional" not in row
    assert len(await ask("/dapi/v1/positionRisk", pair="ETHUSD")) == 3


@pytest.mark.parametrize(
    ("path", "wallet"), [("/fapi/v3/account", "usdm"), ("/dapi/v1/account", "coinm")]
)
async def test_margin_is_cash_and_unrealised_profit(
    ask: Reader, book: Book, path: str, wallet: str
) -> None:
    body = await ask(path)
    cash, unrealised = book.balances(wallet, NOW), book.unrealised(wallet, NOW)
    assert {row["asset"] for row in body["assets"]} >= cash.keys()
    for row in body["assets"]:
        own = cash.get(row["asset"], ZERO), unrealised.get(row["asset"], ZERO)
        assert (Decimal(row["walletBalance"]), Decimal(row["unrealizedProfit"])) == own
        assert Decimal(row["marginBalance"]) == sum(own)
        apart = [h for h in book.holdings(NOW) if h.isolated and h.coin == row["asset"]]
        cross = own[0] - sum(h.margin for h in apart)
        assert Decimal(row["crossWalletBalance"]) == (cross if wallet == "usdm" else own[0])
        profit = own[1] - (sum(h.unrealised for h in apart) if wallet == "usdm" else 0)
        assert Decimal(row["crossUnPnl"]) == profit
    balances = await ask(path.replace("account", "balance"))
    assert {r["asset"]: r["balance"] for r in balances} == {
        r["asset"]: r["walletBalance"] for r in body["assets"]
    }


async def test_totals_cover_usdt_alone(ask: Reader) -> None:
    body = await ask("/fapi/v3/account")
    (usdt,) = (row for row in body["assets"] if row["asset"] == "USDT")
    assert body["totalWalletBalance"] == usdt["walletBalance"]
    assert body["totalMarginBalance"] == usdt["marginBalance"]
    assert sum(Decimal(row["walletBalance"]) > 0 for row in body["assets"]) > 1


async def test_spot_lists_every_coin_or_what_there_is(ask: Reader, book: Book) -> None:
    body = await ask("/api/v3/account", omitZeroBalances="true")
    cash = {coin: amount for coin, amount in book.balances("spot", NOW).items() if amount}
    assert {row["asset"]: Decimal(row["free"]) for row in body["balances"]} == cash
    assert (body["uid"], body["canWithdraw"]) == (book.uid, True)
    assert len((await ask("/api/v3/account"))["balances"]) > len(cash)


async def test_two_wallets_are_read_by_post(ask: Reader, book: Book) -> None:
    funding = await ask("/sapi/v1/asset/get-funding-asset", "POST", needBtcValuation="true")
    assert {r["asset"]: Decimal(r["free"]) for r in funding} == book.balances("funding", NOW)
    assert all(float(row["btcValuation"]) > 0 for row in funding)
    spot = await ask("/sapi/v3/asset/getUserAsset", "POST", needBtcValuation="true")
    worth = {row["asset"]: float(row["btcValuation"]) for row in spot}
    assert worth["NOPRICE"] == 0 < worth["USDT"]
    (row,) = await ask("/sapi/v3/asset/getUserAsset", "POST", asset="BTC")
    assert (row["asset"], row["btcValuation"]) == ("BTC", "0")


async def test_all_wallets_at_once_are_for_keys_that_may_transfer(
    ask: Reader, sandbox: Sandbox
) -> None:
    path = "/sapi/v1/asset/wallet/balance"
    assert (await ask(path))["code"] == -2015
    sandbox.owners["binance"].permissions.add("transfer")
    rows = {row["walletName"]: row for row in await ask(path, quoteAsset="USDT")}
    assert {"Spot", "Funding", "USD-M Futures", "COIN-M Futures", "Earn"} <= rows.keys()
    assert float(rows["USD-M Futures"]["balance"]) > 5000
    assert float(rows["Earn"]["balance"]) == 0


@pytest.mark.parametrize(
    ("permission", "fields"),
    [
        ("read", {"enableReading"}),
        ("trade", {"enableSpotAndMarginTrading", "enableFutures"}),
        ("transfer", {"enableInternalTransfer", "permitsUniversalTransfer"}),
        ("withdraw", {"enableWithdrawals"}),
    ],
)
async def test_a_key_tells_what_it_may_do(
    ask: Reader, sandbox: Sandbox, permission: Any, fields: set[str]
) -> None:
    sandbox.owners["binance"].permissions = {permission}
    body = await ask("/sapi/v1/account/apiRestrictions")
    writes = {name for name, value in body.items() if value is True}
    assert writes == fields


async def test_an_empty_account_has_nothing_to_tell(ask: Reader, sandbox: Sandbox) -> None:
    sandbox.owners["binance"].standing = "empty"
    assert (await ask("/api/v3/account", omitZeroBalances="true"))["balances"] == []
    assert await ask(INCOME, startTime=STARTED) == []
    assert await ask("/fapi/v3/positionRisk") == []
    assert await ask("/sapi/v1/asset/get-funding-asset", "POST") == []
    body = await ask("/fapi/v3/account")
    assert {row["walletBalance"] for row in body["assets"]} == {"0.00000000"}
    sandbox.owners["binance"].standing = "ok"
    assert await ask("/fapi/v3/positionRisk")


async def test_positions_may_be_many(ask: Reader, sandbox: Sandbox) -> None:
    few = len(await ask("/fapi/v3/positionRisk"))
    sandbox.owners["binance"].extra_positions = 20
    assert len(await ask("/fapi/v3/positionRisk")) == few + 20


@needs_shared
@pytest.mark.parametrize(
    ("file", "path", "part"),
    [
        ("positions", "/fapi/v2/positionRisk", ""),
        ("positions", "/fapi/v3/account (positions of)", "positions"),
        ("fills", TRADES, ""),
        ("income", INCOME, ""),
        ("income", "/dapi/v1/income", ""),
        ("futures_balance", "/fapi/v3/account", ""),
        ("futures_balance", "/fapi/v3/account", "assets"),
        ("futures_balance", "/fapi/v3/balance", ""),
        ("account_config", "/fapi/v1/accountConfig", ""),
        ("account_config", "/dapi/v1/account", ""),
        ("account_config", "/dapi/v1/account", "assets"),
        ("account_config", "/dapi/v1/account", "positions"),
        ("spot_balance", "/api/v3/account", ""),
        ("api_key_permissions", "/sapi/v1/account/apiRestrictions", ""),
        ("wallet_overview", "/sapi/v3/asset/getUserAsset", ""),
        ("wallet_overview", "/sapi/v1/asset/get-funding-asset", ""),
        ("wallet_overview", "/sapi/v1/asset/wallet/balance", ""),
    ],
)
async def test_rows_have_the_fields_of_recorded_ones(
    ask: Reader, sandbox: Sandbox, file: str, path: str, part: str
) -> None:
    sandbox.owners["binance"].permissions.add("transfer")
    recorded = [
        fields_of(entry["httpResponse"], part)
        for entry in json.loads((RECORDED / "binance" / f"{file}.json").read_text())
        if entry.get("url_or_path_if_known") == path
    ]
    method = "POST" if path.endswith(("-asset", "UserAsset")) else "GET"
    query = {"symbol": "BTCUSDT"} if path == TRADES else {}
    body = await ask(path.partition(" ")[0], method, **query)
    assert fields_of(body, part) in recorded


@needs_shared
async def test_positions_have_the_fields_of_the_current_version(ask: Reader) -> None:
    entries = json.loads((RECORDED / "binance" / "positions.json").read_text())
    sample = next(
        entry["httpResponse"]
        for entry in entries
        if entry.get("url_or_path_if_known") == "/fapi/v3/positionRisk"
        and "adl" in entry["httpResponse"][0]
    )
    assert fields_of(await ask("/fapi/v3/positionRisk")) == fields_of(sample)


def fields_of(body: Any, part: str = "") -> set[str]:
    rows = body[part] if part else body
    return set(rows[0] if isinstance(rows, list) else rows)
