"""Nothing that this program sends places an order, moves money or changes a setting."""

import re
from typing import Final

import pytest

from crypto_assistant.audit.run import audit
from crypto_assistant.commands import COMMANDS
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.sandbox import Fault
from crypto_assistant.state.store import Store
from tests.clock import clock
from tests.floor import VENUES
from tests.owner import program
from tests.shared import SHARED, needs_shared

REFERENCE = SHARED / "exchange-apis.md"

GET = {
    "binance": {
        "/api/v3/": "account aggTrades exchangeInfo klines ticker/24hr time",
        "/dapi/v1/": (
            "account aggTrades exchangeInfo fundingInfo fundingRate income klines "
            "markPriceKlines openInterest positionRisk premiumIndex ticker/24hr "
            "ticker/bookTicker userTrades"
        ),
        "/fapi/v1/": (
            "aggTrades exchangeInfo fundingInfo fundingRate income klines markPriceKlines "
            "openInterest premiumIndex symbolConfig ticker/24hr ticker/bookTicker userTrades"
        ),
        "/fapi/v3/": "account positionRisk",
        "/futures/data/": (
            "globalLongShortAccountRatio openInterestHist takerBuySellVol takerlongshortRatio "
            "topLongShortAccountRatio topLongShortPositionRatio"
        ),
        "/sapi/v1/": "account/apiRestrictions",
    },
    "bybit": {
        "/v5/": (
            "account/info account/transaction-log account/wallet-balance "
            "asset/transfer/query-account-coins-balance execution/list position/list "
            "user/query-api"
        ),
        "/v5/market/": (
            "account-ratio funding/history instruments-info kline mark-price-kline "
            "open-interest recent-trade tickers time"
        ),
    },
    "okx": {
        "/api/v5/": (
            "account/balance account/bills account/bills-archive account/config "
            "account/positions asset/balances trade/fills trade/fills-history"
        ),
        "/api/v5/market/": (
            "candles history-candles index-tickers mark-price-candles ticker tickers trades"
        ),
        "/api/v5/public/": (
            "funding-rate funding-rate-history instruments mark-price open-interest time"
        ),
        "/api/v5/rubik/stat/": (
            "contracts/long-short-account-ratio-contract "
            "contracts/long-short-account-ratio-contract-top-trader "
            "contracts/long-short-position-ratio-contract-top-trader "
            "contracts/open-interest-history taker-volume taker-volume-contract"
        ),
    },
}
"""Written down from the venues' documentation, where each of them is said to read."""

POST = {"binance": {"/sapi/v1/asset/get-funding-asset"}, "bybit": set(), "okx": set()}
"""What only reads, though it is posted."""

SHORTENED: Final = {
    "/fapi/v1/ticker/bookTicker": "fapi ticker/price v2 and bookTicker",
    "/fapi/v1/markPriceKlines": "indexPriceKlines(pair), markPriceKlines(symbol)",
    "/futures/data/takerBuySellVol": "/futures/data/takerlongshortRatio, takerBuySellVol",
    "/futures/data/topLongShortAccountRatio": "globalLongShortAccountRatio, topLongShortAcc",
    "/futures/data/topLongShortPositionRatio": "topLongShortAccountRatio, topLongShortPos",
    "/v5/market/mark-price-kline": "| mark-price-kline, index-price-kline",
    "/api/v5/market/mark-price-candles": "| mark-price-candles, index-candles",
}
"""How the reference words what it names beside another path."""

QUESTIONS: Final = (
    *("/price BTC/USD details", "/price PEPE", "/top10 tradfi oi", "/oi ETH details"),
    *("/balance details", "/positions details", "/pnl BTC details", "/pnl 30d okx BTC details"),
)
UNANSWERED: Final = ("/balance", "/positions", "/pnl 7d", "/price BTC")
NOT_ASKED: Final = ("exchangeInfo", "instruments", "-info", "aggTrades", "/trades", "-candles")
"""The ends of market data that was asked for before, or that these questions can do without."""


def documented(venue: str) -> set[tuple[str, str]]:
    named = {("GET", start + end) for start, ends in GET[venue].items() for end in ends.split()}
    return named | {("POST", path) for path in POST[venue]}


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_what_an_adapter_may_send_only_reads(exchange: type[Exchange]) -> None:
    assert exchange.reads == documented(exchange.name)


@needs_shared
@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_what_an_adapter_may_send_is_in_the_reference(exchange: type[Exchange]) -> None:
    text = REFERENCE.read_text()
    assert [read for read in sorted(exchange.reads) if not is_told(text, *read)] == []


def is_told(text: str, method: str, path: str) -> bool:
    """COIN-M's paths are those of USD-M; what is named without a method is a GET."""
    if method == "POST":
        return f"| POST {path} |" in text
    paths = {path, path.replace("/dapi/", "/fapi/")}
    named = "|".join(map(re.escape, paths))
    words = {words for path, words in SHORTENED.items() if path in paths}
    return bool(re.search(rf"(?<!POST )({named})(?![\w/-])", text)) or any(w in text for w in words)


def test_what_is_not_in_the_reference_would_be_found() -> None:
    text = "| GET /dapi/v1/account 5, | POST /v5/order/create | /fapi/v1/klines-old"
    assert is_told(text, "GET", "/dapi/v1/account")
    assert not is_told(text, "POST", "/dapi/v1/account")
    assert not is_told(text, "GET", "/v5/order/create")
    assert not is_told(text, "GET", "/fapi/v1/klines")
    assert not is_told(text, "GET", "/v1/account/withdraw")


async def test_whatever_is_asked_only_what_reads_is_sent() -> None:
    async with Store.opened(None, clock) as store, program(store) as (front, sandbox):
        for line in (*(command.example for command in COMMANDS), *QUESTIONS):
            sheet = await front.reply(line)
            assert sheet.answer, line
            assert sheet.answer.provenance.failed == {}, line
        await audit(front.desk.exchanges, clock)
        sent = [(seen.venue, seen.method, seen.path) for seen in sandbox.requests]
        sandbox.requests.clear()
        sandbox.faults += [Fault(venue, "http", 503) for venue in VENUES]
        for line in UNANSWERED:
            await front.reply(line)
        again = [(seen.venue, seen.method, seen.path) for seen in sandbox.requests]
    reads = {(venue, *read) for venue in VENUES for read in documented(venue)}
    assert again
    assert {*sent, *again} - reads == set()
    assert {read for read in reads.difference(sent) if not read[-1].endswith(NOT_ASKED)} == set()
