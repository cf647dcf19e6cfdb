"""Nothing that this program sends places an order, moves money or changes a setting."""

from pathlib import Path

import pytest

from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import Exchange

REFERENCE = Path(__file__).parents[2] / "shared" / "exchange-apis.md"

GET = {
    "binance": {
        "/api/v3/": "account aggTrades exchangeInfo klines ticker/24hr time",
        "/dapi/v1/": (
            "account aggTrades exchangeInfo fundingInfo income klines openInterest "
            "positionRisk premiumIndex ticker/24hr ticker/bookTicker userTrades"
        ),
        "/fapi/v1/": (
            "aggTrades exchangeInfo fundingInfo income klines openInterest premiumIndex "
            "symbolConfig ticker/24hr ticker/bookTicker userTrades"
        ),
        "/fapi/v3/": "account positionRisk",
        "/futures/data/": (
            "globalLongShortAccountRatio openInterestHist topLongShortAccountRatio "
            "topLongShortPositionRatio"
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
            "account-ratio instruments-info kline mark-price-kline open-interest recent-trade "
            "tickers time"
        ),
    },
    "okx": {
        "/api/v5/": (
            "account/balance account/bills account/bills-archive account/config "
            "account/positions asset/balances trade/fills trade/fills-history"
        ),
        "/api/v5/market/": "candles history-candles index-tickers ticker tickers trades",
        "/api/v5/public/": "funding-rate instruments mark-price open-interest time",
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


def documented(venue: str) -> set[tuple[str, str]]:
    named = {("GET", start + end) for start, ends in GET[venue].items() for end in ends.split()}
    return named | {("POST", path) for path in POST[venue]}


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_what_an_adapter_may_send_only_reads(exchange: type[Exchange]) -> None:
    assert exchange.reads == documented(exchange.name)
