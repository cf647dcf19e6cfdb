"""Binance's own bodies, as its hosts send them, and what tests of its limits do."""

from dataclasses import replace
from typing import Any

from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.models import Family, Instrument, Timeframe
from crypto_assistant.net.door import Door
from tests.exchanges.conftest import NOW
from tests.net.loopback import Loopback, Reply

SPOT, LINEAR, INVERSE = Family.SPOT, Family.LINEAR, Family.INVERSE


def symbols(*rows: dict[str, Any]) -> dict[str, Any]:
    return {
        "timezone": "UTC",
        "serverTime": NOW,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": list(rows),
    }


def perp(symbol: str, coin: str, **more: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "pair": symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1567965300000,
        "status": "TRADING",
        "baseAsset": coin,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "filters": [
            {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001"},
            {
                "filterType": "PRICE_FILTER",
                "tickSize": "0.10",
                "minPrice": "1",
                "maxPrice": "9",
            },
        ],
        **more,
    }


def coin_margined(symbol: str, coin: str, size: int, **more: Any) -> dict[str, Any]:
    row = perp(symbol, coin, quoteAsset="USD", marginAsset=coin, contractSize=size, **more)
    row["contractStatus"] = row.pop("status")
    return row


TICKER = {
    "symbol": "BTCUSDT",
    "priceChange": "1500.0",
    "priceChangePercent": "2.400",
    "weightedAvgPrice": "63000",
    "lastPrice": "64000.1",
    "lastQty": "0.1",
    "openPrice": "62500.1",
    "highPrice": "64500",
    "lowPrice": "62000",
    "volume": "80000",
    "quoteVolume": "5000000000",
    "openTime": NOW - 86_400_000,
    "closeTime": NOW,
    "firstId": 1,
    "lastId": 2,
    "count": 2,
}
PEPE_TICKER = {
    **TICKER,
    "symbol": "1000PEPEUSDT",
    "priceChangePercent": "-95.960",
    "lastPrice": "0.0125",
    "highPrice": "0.014",
    "lowPrice": "0.00",
    "volume": "4000000",
    "quoteVolume": "50000",
}
COIN_TICKER = {
    **{key: value for key, value in TICKER.items() if key != "quoteVolume"},
    "symbol": "BTCUSD_PERP",
    "pair": "BTCUSD",
    "volume": "6400000",
    "baseVolume": "10000.5",
}
PREMIUM = {
    "symbol": "BTCUSDT",
    "markPrice": "64005.00000000",
    "indexPrice": "64010.50000000",
    "estimatedSettlePrice": "64010.1",
    "lastFundingRate": "0.00010000",
    "interestRate": "0.00010000",
    "nextFundingTime": 1790006400000,
    "time": NOW,
}
PEPE_PREMIUM = {
    **PREMIUM,
    "symbol": "1000PEPEUSDT",
    "markPrice": "0.012",
    "indexPrice": "0",
    "lastFundingRate": "-0.00025",
}
NEWEST = NOW - NOW % 60_000
"""When the bar of a minute that is forming opened."""


def bar(
    start: int, close: str, sizes: tuple[str, str], taker: tuple[str, str], step: int = 60_000
) -> list[Any]:
    prices = ["64000", "64030", "63990", close]
    return [start, *prices, sizes[0], start + step - 1, sizes[1], 617, *taker, "0"]


BARS = [
    bar(NEWEST - 60_000, "64010", ("10", "640050"), ("6", "384030")),
    bar(NEWEST, "64020", ("2.5", "160050"), ("1", "64020")),
]


def in_family(family: Family, symbol: str, contract: float = 1.0) -> Instrument:
    quote = "USD" if family is INVERSE else "USDT"
    return Instrument("binance", family, symbol, "BTC", quote, 1.0, contract, 0.1, tradfi=False)


BTC = in_family(SPOT, "BTCUSDT")
PERP = in_family(LINEAR, "BTCUSDT")
COIN_PERP = in_family(INVERSE, "BTCUSD_PERP", contract=100)
PEPE = replace(in_family(LINEAR, "1000PEPEUSDT"), coin="PEPE", multiplier=1000.0)
MARKETS = {SPOT: BTC, LINEAR: PERP, INVERSE: COIN_PERP}
KLINES = {SPOT: "/api/v3/klines", LINEAR: "/fapi/v1/klines", INVERSE: "/dapi/v1/klines"}


def at(now_ms: int, door: Door, base: str) -> Binance:
    """The venue asked at another time than NOW."""
    return Binance(replace(door, clock_ms=lambda: now_ms), dict.fromkeys(Binance.addresses, base))


async def leave(binance: Binance, host: Loopback, family: Family, weight: int) -> None:
    """The venue tells that so much of its limit is left."""
    used = (6000 if family is SPOT else 2400) - weight
    host.plays(KLINES[family], Reply(BARS, 200, {"X-MBX-USED-WEIGHT-1M": str(used)}))
    host.plays("/api/v3/time", {"serverTime": NOW})
    await binance.candles(MARKETS[family], Timeframe.M3, 1)
    host.plays(KLINES[family], BARS)


async def spend_one(binance: Binance, family: Family) -> None:
    """The cheapest request of the host."""
    if family is SPOT:
        await binance.clock_ms()
    else:
        await binance.candles(MARKETS[family], Timeframe.M5, 1)
