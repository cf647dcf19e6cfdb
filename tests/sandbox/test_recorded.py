"""The faces send the fields that the exchanges were recorded sending.

Runs where a folder of recorded responses lies beside the checkout.
"""

import json
from functools import cache
from typing import Any

import pytest

from tests.sandbox.conftest import Client
from tests.shared import RECORDED, needs_shared

pytestmark = needs_shared

SPOT, USDM, COINM = "BINANCE_SPOT_URL", "BINANCE_USDM_URL", "BINANCE_COINM_URL"

# Recorded entry, our path, fields that the exchange has dropped since.
CASES = [
    ("binance/tickers/004", SPOT, "/api/v3/ticker/24hr?symbol=DOGEUSDT", ""),
    ("binance/tickers/009", SPOT, "/api/v3/ticker/price?symbol=BTCUSDT", ""),
    ("binance/klines/006", SPOT, "/api/v3/klines?symbol=BTCUSDT&interval=1m", ""),
    ("binance/instruments/005", USDM, "/fapi/v1/exchangeInfo", ""),
    ("binance/instruments/017", USDM, "/fapi/v1/exchangeInfo", "settlePlan"),
    ("binance/tickers/020", USDM, "/fapi/v1/ticker/bookTicker", ""),
    ("binance/tickers/023", USDM, "/fapi/v1/ticker/price", ""),
    ("binance/funding_info/000", USDM, "/fapi/v1/fundingInfo", ""),
    ("binance/funding_now_mark_index/003", USDM, "/fapi/v1/premiumIndex?symbol=BTCUSDT", ""),
    ("binance/funding_history/004", USDM, "/fapi/v1/fundingRate?symbol=LTCUSDT", ""),
    ("binance/open_interest/008", USDM, "/fapi/v1/openInterest?symbol=BTCUSDT", ""),
    ("binance/klines/018", USDM, "/fapi/v1/klines?symbol=LTCUSDT&interval=5m", ""),
    ("binance/orderbook/024", USDM, "/fapi/v1/depth?symbol=BTCUSDT", ""),
    ("binance/instruments/004", COINM, "/dapi/v1/exchangeInfo", ""),
    ("binance/tickers/016", COINM, "/dapi/v1/ticker/price?symbol=BTCUSD_PERP", ""),
    ("binance/tickers/026", COINM, "/dapi/v1/ticker/24hr?symbol=BTCUSD_PERP", ""),
    ("binance/funding_now_mark_index/001", COINM, "/dapi/v1/premiumIndex", ""),
    ("binance/open_interest/000", COINM, "/dapi/v1/openInterest?symbol=BTCUSD_PERP", ""),
    ("binance/klines/013", COINM, "/dapi/v1/klines?symbol=BTCUSD_PERP&interval=1d", ""),
    ("binance/orderbook/023", COINM, "/dapi/v1/depth?symbol=BTCUSD_PERP", ""),
    ("binance/public_trades/002", SPOT, "/api/v3/aggTrades?symbol=BTCUSDT", ""),
    ("binance/public_trades/015", USDM, "/fapi/v1/aggTrades?symbol=LTCUSDT", ""),
    ("binance/open_interest_history/000", USDM,
     "/futures/data/openInterestHist?symbol=LTCUSDT&period=1d", ""),
    ("binance/open_interest_history/003", COINM,
     "/futures/data/openInterestHist?contractType=CURRENT_QUARTER&pair=BTCUSD&period=5m", ""),
    ("binance/long_short_ratio/000", USDM,
     "/futures/data/globalLongShortAccountRatio?symbol=BTCUSDT&period=4h", ""),
    ("binance/long_short_ratio/003", COINM,
     "/futures/data/globalLongShortAccountRatio?pair=BTCUSD&period=5m", ""),
    ("binance/long_short_ratio/006", USDM,
     "/futures/data/topLongShortAccountRatio?symbol=BTCUSDT&period=5m", ""),
    ("binance/long_short_ratio/009", USDM,
     "/futures/data/topLongShortPositionRatio?symbol=BTCUSDT&period=1d", ""),
    ("binance/long_short_ratio/010", COINM,
     "/futures/data/topLongShortPositionRatio?pair=BTCUSD&period=5m", ""),
    ("bybit/public_trades/000", "BYBIT_URL",
     "/v5/market/recent-trade?category=linear&symbol=BTCUSDT", ""),
    ("bybit/open_interest_history/001", "BYBIT_URL",
     "/v5/market/open-interest?category=inverse&symbol=BTCUSD&intervalTime=1h", ""),
    ("bybit/long_short_ratio/001", "BYBIT_URL",
     "/v5/market/account-ratio?category=linear&symbol=BTCUSDT&period=1h", ""),
    ("okx/public_trades/004", "OKX_URL", "/api/v5/market/trades?instId=BTC-USDT", ""),
    ("okx/taker_volume/000", "OKX_URL",
     "/api/v5/rubik/stat/taker-volume?ccy=BTC&instType=SPOT&period=1H", ""),
    ("okx/open_interest_history/001", "OKX_URL",
     "/api/v5/rubik/stat/contracts/open-interest-history?instId=BTC-USDT-SWAP", ""),
    ("okx/long_short_ratio/002", "OKX_URL",
     "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract?instId=BTC-USDT-SWAP", ""),
    ("bybit/instruments/009", "BYBIT_URL", "/v5/market/instruments-info?category=linear", ""),
    ("bybit/instruments/010", "BYBIT_URL", "/v5/market/instruments-info?category=spot", ""),
    ("bybit/tickers/003", "BYBIT_URL", "/v5/market/tickers?category=linear", "timestamp"),
    ("bybit/tickers/004", "BYBIT_URL", "/v5/market/tickers?category=inverse", ""),
    ("bybit/tickers/006", "BYBIT_URL", "/v5/market/tickers?category=spot", ""),
    ("bybit/klines/000", "BYBIT_URL", "/v5/market/kline?symbol=BTCUSDT&interval=60", ""),
    ("bybit/funding_history/000", "BYBIT_URL",
     "/v5/market/funding/history?category=linear&symbol=BTCUSDT", ""),
    ("bybit/orderbook/000", "BYBIT_URL", "/v5/market/orderbook?category=linear&symbol=BTCUSDT", ""),
    ("bybit/server_time/000", "BYBIT_URL", "/v5/market/time", ""),
    ("okx/instruments/007", "OKX_URL", "/api/v5/public/instruments?instType=FUTURES", ""),
    ("okx/instruments/012", "OKX_URL", "/api/v5/public/instruments?instType=SPOT", ""),
    ("okx/tickers/000", "OKX_URL", "/api/v5/market/ticker?instId=BTC-USDT", ""),
    ("okx/open_interest/000", "OKX_URL", "/api/v5/public/open-interest?instType=SWAP", ""),
    ("okx/funding_now/001", "OKX_URL", "/api/v5/public/funding-rate?instId=BTC-USDT-SWAP", ""),
    ("okx/funding_history/001", "OKX_URL",
     "/api/v5/public/funding-rate-history?instId=BTC-USD-SWAP", ""),
    ("okx/mark_index_price/005", "OKX_URL", "/api/v5/public/mark-price?instType=SWAP", ""),
    ("okx/klines/008", "OKX_URL", "/api/v5/market/candles?instId=BTC-USDT&bar=1H", ""),
    ("okx/orderbook/005", "OKX_URL", "/api/v5/market/books?instId=BTC-USDT-SWAP", ""),
    ("okx/server_time/000", "OKX_URL", "/api/v5/public/time", ""),
]  # fmt: skip


@cache
def entries_of(folder: str, name: str) -> Any:
    return json.loads((RECORDED / folder / f"{name}.json").read_text())


def recorded(entry: str) -> Any:
    folder, name, _ = entry.split("/")
    entries = entries_of(folder, name)
    body = next(each["httpResponse"] for each in entries if each["id"] == entry)
    return numbered(body) if folder == "bybit" else body


def numbered(body: Any) -> Any:
    """Some of Bybit's were recorded with the envelope's numbers as text."""
    if not isinstance(body, dict):
        return body
    numbers = {"retCode", "time", "ts", "u", "seq"}
    return {k: int(v) if k in numbers else numbered(v) for k, v in body.items()}


def differences(theirs: Any, ours: Any, dropped: set[str], at: str = "") -> list[str]:
    """What is missing of theirs, or of another type, along the first items of lists."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return [
            difference
            for name, value in theirs.items()
            if name not in dropped
            for difference in (
                differences(value, ours[name], dropped, f"{at}.{name}")
                if name in ours
                else [f"{at}.{name} is missing"]
            )
        ]
    if isinstance(theirs, list) and isinstance(ours, list):
        if theirs and not ours:
            return [f"{at} is empty"]
        return differences(theirs[0], ours[0], dropped, f"{at}[0]") if theirs else []
    if theirs is None or type(theirs) is type(ours):
        return []
    return [f"{at}: {theirs!r} there, {ours!r} here"]


@pytest.mark.parametrize(("entry", "host", "path", "dropped"), CASES)
async def test_recorded_fields_are_sent(
    client: Client, entry: str, host: str, path: str, dropped: str
) -> None:
    assert differences(recorded(entry), await client(host, path), set(dropped.split())) == []
