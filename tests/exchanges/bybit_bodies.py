"""Bybit's own bodies, as its host sends them."""

from dataclasses import replace
from typing import Any

from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.models import Family, Instrument, Instruments
from tests.exchanges.conftest import NOW
from tests.net.loopback import Loopback

INSTRUMENTS = "/v5/market/instruments-info"
TICKERS = "/v5/market/tickers"


def ok(result: Any) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": NOW}


def no(code: int) -> dict[str, Any]:
    return {"retCode": code, "retMsg": "why", "result": {}, "retExtInfo": {}, "time": NOW}


def listed(category: str, *markets: dict[str, Any], cursor: str | None = "") -> dict[str, Any]:
    return ok({"category": category, "list": list(markets), "nextPageCursor": cursor})


def perp(symbol: str, coin: str, **more: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": coin,
        "quoteCoin": "USDT",
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": "2",
        "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
        "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.001", "minNotionalValue": "5"},
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "settleCoin": "USDT",
        "isPreListing": False,
        "preListingInfo": None,
        "symbolType": "",
        **more,
    }


BTC = perp("BTCUSDT", "BTC")
PEPE = perp("1000PEPEUSDT", "1000PEPE", priceFilter={"tickSize": "0.0000001"})

BTC_TICKER = {
    "symbol": "BTCUSDT",
    "lastPrice": "64000.10",
    "indexPrice": "64010.50",
    "markPrice": "64005.00",
    "prevPrice24h": "62500.00",
    "price24hPcnt": "0.024001",
    "highPrice24h": "64500.00",
    "lowPrice24h": "62000.00",
    "prevPrice1h": "63900.00",
    "openInterest": "110000.000",
    "openInterestValue": "7040550000.00",
    "singleOpenInterest": "55000.000",
    "singleOpenInterestValue": "3520275000.00",
    "turnover24h": "5000000000.0000",
    "volume24h": "80000.0000",
    "fundingRate": "0.0001",
    "nextFundingTime": "1790006400000",
    "fundingIntervalHour": "8",
    "predictedDeliveryPrice": "",
    "basisRate": "",
    "deliveryTime": "0",
    "ask1Size": "1.2",
    "bid1Price": "64000.00",
    "ask1Price": "64000.10",
    "bid1Size": "3.4",
    "basis": "",
}
PEPE_TICKER = {
    **BTC_TICKER,
    "symbol": "1000PEPEUSDT",
    "lastPrice": "0.0125",
    "bid1Price": "0",
    "ask1Price": "",
    "indexPrice": "0",
    "nextFundingTime": "0",
    "markPrice": "0.012",
    "highPrice24h": "0.014",
    "lowPrice24h": "0.01",
    "volume24h": "4000000",
    "turnover24h": "50000",
    "openInterest": "6000000",
    "openInterestValue": "72000",
    "singleOpenInterest": "",
    "singleOpenInterestValue": "",
    "fundingIntervalHour": "4",
    "fundingRate": "-0.00025",
}
BTCUSD_TICKER = {
    **BTC_TICKER,
    "symbol": "BTCUSD",
    "openInterest": "400000000",
    "openInterestValue": "6250.00",
    "singleOpenInterest": "200000000",
    "singleOpenInterestValue": "3125.00",
    "volume24h": "640000000",
    "turnover24h": "10000.50000000",
}


async def instruments(bybit: Bybit, host: Loopback, family: Family, *rows: Any) -> Instruments:
    host.plays(INSTRUMENTS, listed(family.value, *rows))
    return await bybit.instruments(family)


def in_family(family: Family, symbol: str) -> Instrument:
    return Instrument("bybit", family, symbol, "BTC", "USDT", 1.0, 1.0, 0.1, tradfi=False)


BTC_SPOT = in_family(Family.SPOT, "BTCUSDT")
BTCUSDT = in_family(Family.LINEAR, "BTCUSDT")
BTCPERP = replace(in_family(Family.LINEAR, "BTCPERP"), quote="USDC")
BTCUSD = replace(in_family(Family.INVERSE, "BTCUSD"), quote="USD")
PEPE1000 = replace(in_family(Family.LINEAR, "1000PEPEUSDT"), coin="PEPE", multiplier=1000.0)
