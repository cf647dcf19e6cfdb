"""Clients that others wrote read the owner's accounts, and find the truth of their books there."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import binance_common.utils  # type: ignore[import-not-found]
import ccxt  # type: ignore[import-not-found]
import okx.Account  # type: ignore[import-not-found]
import okx.Funding  # type: ignore[import-not-found]
import okx.Trade  # type: ignore[import-not-found]
import okx.utils  # type: ignore[import-not-found]
import pybit.exceptions  # type: ignore[import-not-found]
import pybit.unified_trading  # type: ignore[import-not-found]
import pytest
from binance_common.errors import BadRequestError  # type: ignore[import-not-found]
from binance_sdk_derivatives_trading_coin_futures import (  # type: ignore[import-not-found]
    derivatives_trading_coin_futures as coin_futures,
)
from binance_sdk_derivatives_trading_usds_futures import (  # type: ignore[import-not-found]
    derivatives_trading_usds_futures as usds_futures,
)
from binance_sdk_spot import spot  # type: ignore[import-not-found]

from crypto_assistant.sandbox import KEYS, Sandbox
from crypto_assistant.sandbox.account.book import Book, changes
from crypto_assistant.sandbox.account.events import Fill, Payment
from crypto_assistant.sandbox.catalog import DAY, Kind, Venue
from tests.interop.clients import ccxt_clients
from tests.interop.conftest import NOW

WEEK = 7 * DAY
WRONG = "f" * 64


@pytest.fixture(scope="session")
def owned(urls: dict[str, str]) -> dict[str, Any]:
    """ccxt with the owner's keys and the sandbox's clock."""
    exchanges = ccxt_clients(urls)
    for venue, exchange in exchanges.items():
        exchange.apiKey = KEYS[f"{venue.upper()}_API_KEY"]
        exchange.secret = KEYS[f"{venue.upper()}_SECRET_KEY"]
        exchange.milliseconds = lambda: NOW
    exchanges["okx"].password = KEYS["OKX_PASSPHRASE"]
    exchanges["binance"].options["leverageBrackets"] = {}
    return exchanges


@pytest.fixture(scope="session", autouse=True)
def clocks() -> Iterator[None]:
    """The other clients sign with the sandbox's time, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pybit._helpers, "generate_timestamp", lambda: NOW)
        patch.setattr(binance_common.utils, "get_timestamp", lambda: NOW)
        patch.setattr(okx.utils, "get_timestamp", lambda: "2026-09-21T14:13:49.000Z")
        yield


def book_of(sandbox: Sandbox, venue: Venue) -> Book:
    return sandbox.account(venue).book


def flows(book: Book, wallet: str, start: int, end: int) -> list[tuple[str, Decimal]]:
    """What each event did to each coin of a wallet, sorted."""
    found: list[tuple[str, Decimal]] = []
    for event in book.events(start, end):
        total: defaultdict[str, Decimal] = defaultdict(Decimal)
        for (place, coin), amount in changes(event):
            if place == wallet:
                total[coin] += amount
        found += total.items()
    return sorted(found)


def summed(amounts: list[tuple[str, Decimal]]) -> dict[str, Decimal]:
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for coin, amount in amounts:
        total[coin] += amount
    return dict(total)


def equity(book: Book, wallet: str) -> dict[str, float]:
    cash, upl = book.balances(wallet, NOW), book.unrealised(wallet, NOW)
    return {coin: float(cash[coin] + upl.get(coin, 0)) for coin in cash}


@pytest.mark.parametrize(
    ("venue", "wallet", "asked"),
    [
        ("binance", "spot", {}),
        ("binance", "funding", {"type": "funding"}),
        ("binance", "usdm", {"type": "swap", "subType": "linear"}),
        ("binance", "coinm", {"type": "swap", "subType": "inverse"}),
        ("bybit", "unified", {}),
        ("bybit", "funding", {"type": "funding"}),
        ("okx", "trading", {}),
        ("okx", "funding", {"type": "funding"}),
    ],
)
def test_ccxt_reads_every_wallet(
    owned: dict[str, Any], sandbox: Sandbox, venue: Venue, wallet: str, asked: dict[str, str]
) -> None:
    book = book_of(sandbox, venue)
    total = owned[venue].fetch_balance(asked)["total"]
    # Of Bybit's unified wallet ccxt tells the cash.
    cash = {coin: float(amount) for coin, amount in book.balances(wallet, NOW).items()}
    truth = cash if venue == "bybit" else equity(book, wallet)
    assert {coin: amount for coin, amount in total.items() if amount} == pytest.approx(
        {coin: amount for coin, amount in truth.items() if amount}
    )


def side_of(row: Any) -> str:
    """Where ccxt derives none (COIN-M, one-way) from the size that Binance sent."""
    return str(row["side"] or ("long" if float(row["info"]["positionAmt"]) > 0 else "short"))


def test_ccxt_reads_positions(owned: dict[str, Any], sandbox: Sandbox) -> None:
    asked: dict[Venue, list[dict[str, str]]] = {
        "binance": [{"subType": "linear"}, {"subType": "inverse"}],
        "bybit": [{"settleCoin": "USDT"}, {"settleCoin": "USDC"}, {"subType": "inverse"}],
        "okx": [{}],
    }
    for venue, queries in asked.items():
        rows = [row for query in queries for row in owned[venue].fetch_positions(None, query)]
        told = {
            (row["info"].get("symbol", row["info"].get("instId")), side_of(row)): (
                row["contracts"],
                row["entryPrice"],
                row["unrealizedPnl"],
            )
            for row in rows
        }
        truth = {
            (held.market.symbol, "long" if held.size > 0 else "short"): (
                pytest.approx(float(abs(held.size))),
                pytest.approx(float(held.entry)),
                pytest.approx(float(held.unrealised)),
            )
            for held in book_of(sandbox, venue).holdings(NOW)
        }
        assert told == truth


@pytest.mark.parametrize(
    ("venue", "wallet", "asked"),
    [
        ("binance", "usdm", {"type": "swap", "subType": "linear", "limit": 1000}),
        ("bybit", "unified", {"limit": 50}),
    ],
)
def test_ccxt_reads_the_log(
    owned: dict[str, Any], sandbox: Sandbox, venue: Venue, wallet: str, asked: dict[str, Any]
) -> None:
    rows = owned[venue].fetch_ledger(None, NOW - DAY, asked["limit"], {**asked, "until": NOW})
    truth = flows(book_of(sandbox, venue), wallet, NOW - DAY, NOW + 1)
    assert len(rows) < asked["limit"]
    assert summed(ledger(rows)) == pytest.approx(summed(truth))


def test_ccxt_reads_okxs_bills(owned: dict[str, Any], sandbox: Sandbox) -> None:
    """It asks for one kind of instrument at a time."""
    book = book_of(sandbox, "okx")
    rows = owned["okx"].fetch_ledger(None, None, 100, {"type": "spot"})
    earliest = NOW - WEEK
    trades = [
        (coin, amount)
        for event in book.events(earliest, NOW + 1)
        if isinstance(event, Fill) and event.market.kind == "spot"
        for (_, coin), amount in changes(event)
    ]
    assert 0 < len(rows) < 100
    assert summed(ledger(rows)) == pytest.approx(summed(trades))


def ledger(rows: list[Any]) -> list[tuple[str, Decimal]]:
    """By ccxt's directions; its amounts have signs at one venue and none at another."""
    return [
        (
            row["currency"],
            abs(Decimal(str(row["amount"]))) * (1 if row["direction"] == "in" else -1),
        )
        for row in rows
    ]


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
def test_ccxt_reads_trades_and_funding(
    owned: dict[str, Any], sandbox: Sandbox, venue: Venue
) -> None:
    symbol, start = "BTC/USDT:USDT", NOW - 2 * DAY
    events = [
        event
        for event in book_of(sandbox, venue).events(start, NOW + 1)
        if isinstance(event, Fill | Payment)
        and (event.market.coin, event.market.quote, event.market.kind) == ("BTC", "USDT", "linear")
    ]
    fills = [event for event in events if isinstance(event, Fill)]
    trades = owned[venue].fetch_my_trades(symbol, start)
    told = [(t["timestamp"], t["side"], t["amount"], t["price"], t["fee"]["cost"]) for t in trades]
    assert told == [
        (f.time, f.side, float(f.size), float(f.price), pytest.approx(float(f.fee))) for f in fills
    ]
    paid = owned[venue].fetch_funding_history(symbol, start, 50)
    # ccxt hands on Bybit's sign of a fee: positive where it was paid.
    sign = -1 if venue == "bybit" else 1
    payments = sorted((e.time, float(e.amount)) for e in events if isinstance(e, Payment))
    assert sorted((row["timestamp"], sign * row["amount"]) for row in paid) == payments


@pytest.mark.parametrize("venue", ["bybit", "okx"])
def test_ccxt_reads_closed_positions(owned: dict[str, Any], venue: Venue) -> None:
    rows = owned[venue].fetch_positions_history()
    assert rows
    assert all(row["realizedPnl"] is not None for row in rows)


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
@pytest.mark.parametrize("credential", ["apiKey", "secret"])
def test_ccxt_is_refused_with_a_wrong_key_or_secret(
    owned: dict[str, Any], venue: Venue, credential: str
) -> None:
    right = getattr(owned[venue], credential)
    setattr(owned[venue], credential, WRONG)
    try:
        # Once a key has worked, ccxt takes Binance's -2015 for a sign of too many requests.
        with pytest.raises((ccxt.AuthenticationError, ccxt.DDoSProtection)):
            owned[venue].fetch_balance()
    finally:
        setattr(owned[venue], credential, right)
    assert owned[venue].fetch_balance()["total"]


def session(urls: dict[str, str], secret: str = KEYS["BYBIT_SECRET_KEY"]) -> Any:
    client = pybit.unified_trading.HTTP(api_key=KEYS["BYBIT_API_KEY"], api_secret=secret)
    client.endpoint = urls["BYBIT_URL"]
    return client


def followed(read: Any, **query: object) -> list[Any]:
    """Every page that pybit is led to."""
    rows, cursor = [], ""
    while True:
        result = read(**query, **({"cursor": cursor} if cursor else {}))["result"]
        rows += result["list"]
        cursor = result["nextPageCursor"]
        if not cursor:
            return rows


def test_pybit_follows_the_log_to_its_end(urls: dict[str, str], sandbox: Sandbox) -> None:
    book, read = book_of(sandbox, "bybit"), session(urls).get_transaction_log
    busy = book.started + 85 * DAY
    rows = followed(read, accountType="UNIFIED", startTime=busy, endTime=busy + DAY - 1, limit=50)
    assert len(rows) > 150
    told = sorted((row["currency"], Decimal(row["change"])) for row in rows)
    assert told == flows(book, "unified", busy, busy + DAY)


def test_pybit_reads_bybits_account(urls: dict[str, str], sandbox: Sandbox) -> None:
    book, client = book_of(sandbox, "bybit"), session(urls)
    (account,) = client.get_wallet_balance(accountType="UNIFIED")["result"]["list"]
    told = {row["coin"]: float(row["equity"]) for row in account["coin"]}
    assert told == pytest.approx(equity(book, "unified"))
    balance = client.get_coins_balance(accountType="FUND")["result"]["balance"]
    assert {row["coin"]: Decimal(row["walletBalance"]) for row in balance} == book.balances(
        "funding", NOW
    )
    one = client.get_coin_balance(accountType="UNIFIED", coin="USDT")["result"]["balance"]
    assert Decimal(one["walletBalance"]) == book.balances("unified", NOW)["USDT"]
    assert client.get_asset_overview()["result"]["list"]
    assert client.get_api_key_information()["result"]["readOnly"] == 1
    assert client.get_account_info()["result"]["unifiedMarginStatus"] == 5
    positions = client.get_positions(category="inverse")["result"]["list"]
    inverse = [held for held in book.holdings(NOW) if held.market.kind == "inverse"]
    assert {row["symbol"] for row in positions} == {held.market.symbol for held in inverse}


def test_pybit_reads_executions_and_closed_profit(urls: dict[str, str], sandbox: Sandbox) -> None:
    book, client = book_of(sandbox, "bybit"), session(urls)
    window = {"category": "inverse", "startTime": NOW - WEEK, "endTime": NOW, "limit": 100}
    events = [
        event
        for event in book.events(NOW - WEEK, NOW + 1)
        if isinstance(event, Fill | Payment) and event.market.kind == "inverse"
    ]
    rows = followed(client.get_executions, **window)
    assert [Decimal(row["execFee"]) for row in reversed(rows)] == [
        event.fee if isinstance(event, Fill) else -event.amount for event in events
    ]
    closed = followed(client.get_closed_pnl, **window)
    gross = sum(Decimal(row[n]) for row in closed for n in ("closedPnl", "openFee", "closeFee"))
    assert gross == sum(event.realised for event in events if isinstance(event, Fill))


def test_pybit_is_refused_with_a_wrong_secret(urls: dict[str, str]) -> None:
    with pytest.raises(pybit.exceptions.InvalidRequestError, match="10004"):
        session(urls, WRONG).get_wallet_balance(accountType="UNIFIED")


def okx_client(kind: Any, urls: dict[str, str], secret: str = KEYS["OKX_SECRET_KEY"]) -> Any:
    return kind(
        KEYS["OKX_API_KEY"], secret, KEYS["OKX_PASSPHRASE"], flag="0", domain=urls["OKX_URL"]
    )


def test_python_okx_reads_okxs_account(urls: dict[str, str], sandbox: Sandbox) -> None:
    book, client = book_of(sandbox, "okx"), okx_client(okx.Account.AccountAPI, urls)
    (account,) = client.get_account_balance()["data"]
    told = {row["ccy"]: float(row["eq"]) for row in account["details"]}
    assert told == pytest.approx(equity(book, "trading"))
    (config,) = client.get_account_config()["data"]
    assert (config["perm"], config["uid"]) == ("read_only", str(book.uid))
    positions = client.get_positions(instType="SWAP")["data"]
    assert {row["instId"]: Decimal(row["pos"]) for row in positions} == {
        held.market.symbol: held.size for held in book.holdings(NOW)
    }
    assert client.get_positions_history()["data"]
    funding = okx_client(okx.Funding.FundingAPI, urls)
    cash = {coin: amount for coin, amount in book.balances("funding", NOW).items() if amount}
    assert {row["ccy"]: Decimal(row["bal"]) for row in funding.get_balances()["data"]} == cash
    (valuation,) = funding.get_asset_valuation(ccy="USDT")["data"]
    assert float(valuation["details"]["trading"]) == pytest.approx(float(account["totalEq"]))


def test_python_okx_follows_the_bills_to_their_end(urls: dict[str, str], sandbox: Sandbox) -> None:
    book, client = book_of(sandbox, "okx"), okx_client(okx.Account.AccountAPI, urls)
    rows, after = [], ""
    while page := client.get_account_bills_archive(after=after)["data"]:
        rows += page
        after = page[-1]["billId"]
    told = sorted((row["ccy"], Decimal(row["balChg"])) for row in rows)
    assert told == flows(book, "trading", NOW - 90 * DAY, NOW + 1)
    week = client.get_account_bills(type="8")["data"]
    paid = [e.amount for e in book.events(NOW - WEEK, NOW + 1) if isinstance(e, Payment)]
    assert [Decimal(row["pnl"]) for row in reversed(week)] == paid[-len(week) :]


def test_python_okx_reads_fills(urls: dict[str, str], sandbox: Sandbox) -> None:
    client = okx_client(okx.Trade.TradeAPI, urls)
    events = book_of(sandbox, "okx").events(NOW - 3 * DAY, NOW + 1)
    fills = [event for event in events if isinstance(event, Fill)]
    rows = client.get_fills()["data"]
    assert [(row["tradeId"], Decimal(row["fillSz"])) for row in reversed(rows)] == [
        (str(fill.id), fill.size) for fill in fills
    ]
    assert client.get_fills_history(instType="SPOT")["data"]


def test_python_okx_is_refused_with_a_wrong_secret(urls: dict[str, str]) -> None:
    client = okx_client(okx.Account.AccountAPI, urls, WRONG)
    assert client.get_account_balance()["code"] == "50113"


def binance(kit: Any, name: str, base: str, secret: str = KEYS["BINANCE_SECRET_KEY"]) -> Any:
    config = kit.ConfigurationRestAPI(
        api_key=KEYS["BINANCE_API_KEY"], api_secret=secret, base_path=base
    )
    return getattr(kit, name)(config_rest_api=config).rest_api


def usdm(urls: dict[str, str], secret: str = KEYS["BINANCE_SECRET_KEY"]) -> Any:
    return binance(usds_futures, "DerivativesTradingUsdsFutures", urls["BINANCE_USDM_URL"], secret)


def coinm(urls: dict[str, str]) -> Any:
    return binance(coin_futures, "DerivativesTradingCoinFutures", urls["BINANCE_COINM_URL"])


def test_binances_sdk_reads_the_spot_wallet(urls: dict[str, str], sandbox: Sandbox) -> None:
    account = binance(spot, "Spot", urls["BINANCE_SPOT_URL"]).get_account().data()
    told = {row.asset: Decimal(row.free) + Decimal(row.locked) for row in account.balances}
    cash = book_of(sandbox, "binance").balances("spot", NOW)
    assert {c: n for c, n in told.items() if n} == {c: n for c, n in cash.items() if n}


@pytest.mark.parametrize(("kind", "wallet"), [("linear", "usdm"), ("inverse", "coinm")])
def test_binances_sdk_reads_futures(
    urls: dict[str, str], sandbox: Sandbox, kind: Kind, wallet: str
) -> None:
    book, linear = book_of(sandbox, "binance"), kind == "linear"
    rest = usdm(urls) if linear else coinm(urls)
    rows = (rest.futures_account_balance_v3() if linear else rest.futures_account_balance()).data()
    told = {row.asset: Decimal(row.balance) for row in rows if Decimal(row.balance)}
    assert told == {c: n for c, n in book.balances(wallet, NOW).items() if n}
    found = (rest.position_information_v3() if linear else rest.position_information()).data()
    sizes = {
        (row.symbol, row.position_side): Decimal(row.position_amt)
        for row in found
        if Decimal(row.position_amt)
    }
    sides = {"net": "BOTH", "long": "LONG", "short": "SHORT"}
    assert sizes == {
        (held.market.symbol, sides[held.leg]): held.size
        for held in book.holdings(NOW)
        if held.market.kind == kind
    }


@pytest.mark.parametrize("wallet", ["usdm", "coinm"])
def test_binances_sdk_reads_the_income(urls: dict[str, str], sandbox: Sandbox, wallet: str) -> None:
    read = (usdm(urls) if wallet == "usdm" else coinm(urls)).get_income_history
    rows = read(start_time=NOW - DAY, end_time=NOW, limit=1000).data()
    told = [(row.asset, Decimal(row.income)) for row in rows]
    book = book_of(sandbox, "binance")
    assert summed(told) == summed(flows(book, wallet, NOW - DAY, NOW + 1)) != {}


@pytest.mark.parametrize(
    ("wallet", "name", "least"),
    [("usdm", "fapiPrivateGetIncome", 1000), ("coinm", "dapiPrivateGetIncome", 1)],
)
def test_ccxt_reads_all_of_binances_income(
    owned: dict[str, Any], sandbox: Sandbox, wallet: str, name: str, least: int
) -> None:
    start = NOW - 30 * DAY
    rows = income(getattr(owned["binance"], name), start, NOW)
    told = [(row["asset"], Decimal(row["income"])) for row in rows]
    assert summed(told) == summed(flows(book_of(sandbox, "binance"), wallet, start, NOW + 1))
    assert len(rows) > least


def income(ask: Any, start: int, end: int) -> list[Any]:
    """By windows that are halved while an answer is full."""
    rows: list[Any] = ask({"startTime": start, "endTime": end, "limit": 1000})
    if len(rows) < 1000:
        return rows
    middle = (start + end) // 2
    return [*income(ask, start, middle), *income(ask, middle + 1, end)]


def test_binances_sdk_reads_trades(urls: dict[str, str], sandbox: Sandbox) -> None:
    rows = usdm(urls).account_trade_list("BTCUSDT", start_time=NOW - WEEK, end_time=NOW, limit=1000)
    fills = [
        event
        for event in book_of(sandbox, "binance").events(NOW - WEEK, NOW + 1)
        if isinstance(event, Fill) and event.market.symbol == "BTCUSDT"
    ]
    told = [(row.time, Decimal(row.qty), Decimal(row.realized_pnl)) for row in rows.data()]
    assert told == [(fill.time, fill.size, fill.realised) for fill in fills]


def test_binances_sdk_is_refused_with_a_wrong_secret(urls: dict[str, str]) -> None:
    with pytest.raises(BadRequestError, match="Signature"):
        usdm(urls, WRONG).futures_account_balance_v3()
