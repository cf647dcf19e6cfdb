"""Binance: spot, USDⓈ-M and COIN-M over REST.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api
https://developers.binance.com/docs/derivatives
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from crypto_assistant.errors import ClockSkew, Refused, Unreachable, Unsupported
from crypto_assistant.exchanges.base import (
    Table,
    candles,
    listing,
    matrix,
    number,
    price,
    rows,
    trading,
)
from crypto_assistant.models import (
    Candles,
    Family,
    Funding,
    Fundings,
    Instrument,
    Instruments,
    Mark,
    Marks,
    OpenInterest,
    OpenInterests,
    Ticker,
    Tickers,
    Timeframe,
)
from crypto_assistant.net.api import Api, Door, Response, Stop
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.limiter import Budget, Limiter

RETRYABLE = {-1000, -1001, -1006, -1007, -1008, -1016}
CLOCK = {-1021}
LIMITS = {-1003, -1015}

STATISTICS = (
    *("lastPrice", "priceChangePercent", "highPrice", "lowPrice"),
    *("volume", "quoteVolume", "baseVolume"),
)
BOOK = ("bidPrice", "askPrice")
PREMIUM = ("markPrice", "indexPrice", "lastFundingRate", "nextFundingTime")

PREFIX = {Family.SPOT: "/api/v3", Family.LINEAR: "/fapi/v1", Family.INVERSE: "/dapi/v1"}


class Binance:
    """Sizes are coins on spot and USDⓈ-M, contracts of a fixed USD amount on COIN-M."""

    name: ClassVar[str] = "binance"
    title: ClassVar[str] = "Binance"
    addresses: ClassVar[Mapping[str, str]] = {
        "BINANCE_SPOT_URL": "https://api.binance.com",
        "BINANCE_USDM_URL": "https://fapi.binance.com",
        "BINANCE_COINM_URL": "https://dapi.binance.com",
    }

    def __init__(self, door: Door, urls: Mapping[str, str]) -> None:
        limiter = Limiter(time.monotonic, door.clock_ms)
        spot = Budget(6000, 60, "X-MBX-USED-WEIGHT-1M")
        # One counter for both futures hosts since 2026-06-30.
        futures = Budget(2400, 60, "X-MBX-USED-WEIGHT-1M")
        self._funding_info = Budget(500, 300)
        self._apis = {
            Family.SPOT: Api(door, urls["BINANCE_SPOT_URL"], limiter, spot, unwrap),
            Family.LINEAR: Api(door, urls["BINANCE_USDM_URL"], limiter, futures, unwrap),
            Family.INVERSE: Api(door, urls["BINANCE_COINM_URL"], limiter, futures, unwrap),
        }

    async def clock_ms(self) -> int:
        return await self._apis[Family.SPOT].get(
            "/api/v3/time", parse=lambda payload, _: int(number(payload.get("serverTime")))
        )

    async def instruments(self, family: Family) -> Instruments:
        spot = family is Family.SPOT
        return await self._apis[family].get(
            PREFIX[family] + "/exchangeInfo",
            # Without leveraged tokens, delisted markets and the permission sets of each market.
            [("permissions", "SPOT"), ("showPermissionSets", "false"), ("symbolStatus", "TRADING")]
            if spot
            else (),
            weight=20 if spot else 1,
            lifetime=Lifetime.INSTRUMENTS,
            parse=lambda payload, received_ms: _instruments(payload, family, received_ms),
        )

    async def tickers(self, listed: Instruments) -> Tickers:
        weight = 80 if listed.family is Family.SPOT else 40
        statistics = await self._all(listed.family, "/ticker/24hr", STATISTICS + BOOK, weight)
        return _tickers(statistics, statistics, listed)

    async def ticker(self, instrument: Instrument) -> Ticker:
        if instrument.family is Family.SPOT:
            statistics = book = await self._one(
                instrument, "/ticker/24hr", STATISTICS + BOOK, weight=2
            )
        else:  # Their 24 h statistics carry no bid and ask.
            statistics, book = await asyncio.gather(
                self._one(instrument, "/ticker/24hr", STATISTICS),
                self._one(instrument, "/ticker/bookTicker", BOOK, weight=2),
            )
        listed = Instruments.one(instrument, statistics.received_ms)
        return _tickers(statistics, book, listed)[0]

    async def candles(self, instrument: Instrument, timeframe: Timeframe, limit: int) -> Candles:
        query = [("symbol", instrument.symbol), ("interval", timeframe.value), ("limit", limit)]
        steps = [(99, 1), (499, 2), (1000, 5), (1500, 10)]
        spot = instrument.family is Family.SPOT
        return await self._apis[instrument.family].get(
            PREFIX[instrument.family] + "/klines",
            query,
            weight=2 if spot else next(weight for most, weight in steps if limit <= most),
            variant=instrument,
            parse=lambda payload, ms: _candles(payload, instrument, timeframe, ms),
        )

    async def fundings(self, listed: Instruments) -> Fundings:
        premiums, hours = await asyncio.gather(
            self._premiums(listed.family), self._funding_hours(listed.family)
        )
        return _fundings(premiums, hours, listed)

    async def funding(self, instrument: Instrument) -> Funding:
        premium, hours = await asyncio.gather(
            self._premium(instrument), self._funding_hours(instrument.family)
        )
        return _fundings(premium, hours, Instruments.one(instrument, premium.received_ms))[0]

    async def marks(self, listed: Instruments) -> Marks:
        return _marks(await self._premiums(listed.family), listed)

    async def mark(self, instrument: Instrument) -> Mark:
        premium = await self._premium(instrument)
        return _marks(premium, Instruments.one(instrument, premium.received_ms))[0]

    async def open_interests(self, listed: Instruments) -> OpenInterests:
        raise Unsupported("open interest is told market by market")

    async def open_interest(self, instrument: Instrument) -> OpenInterest:
        table = await self._one(
            instrument, "/openInterest", ["openInterest"], lifetime=Lifetime.INDICATOR
        )
        listed = Instruments.one(instrument, table.received_ms)
        (size,) = table.columns(listed.symbols, "openInterest")
        coins = usd = np.full(1, np.nan)
        if instrument.family is Family.INVERSE:
            usd = size * listed.contract
        else:
            coins = size * listed.multiplier
        return OpenInterests(listed, coins, usd, table.received_ms)[0]

    async def _premium(self, instrument: Instrument) -> Table:
        weight = 10 if instrument.family is Family.INVERSE else 1
        return await self._one(instrument, "/premiumIndex", PREMIUM, weight=weight)

    async def _premiums(self, family: Family) -> Table:
        return await self._all(family, "/premiumIndex", PREMIUM, weight=10)

    async def _funding_hours(self, family: Family) -> dict[str, float]:
        """The interval of each perp that is not paid every eight hours."""
        return await self._apis[family].get(
            PREFIX[family] + "/fundingInfo",
            weight=1,
            budget=self._funding_info,
            lifetime=Lifetime.INSTRUMENTS,
            # On COIN-M it may be empty; hundreds of USDⓈ-M perps are paid more often.
            parse=lambda payload, _: {
                row["symbol"]: number(row["fundingIntervalHours"])
                for row in (rows(payload) if family is Family.LINEAR else payload)
            },
        )

    async def _all(self, family: Family, path: str, names: Sequence[str], weight: float) -> Table:
        return await self._apis[family].get(
            PREFIX[family] + path,
            weight=weight,
            lifetime=Lifetime.RANKING,
            parse=lambda body, ms: Table.read(body, ms, "symbol", names),
        )

    async def _one(
        self,
        instrument: Instrument,
        path: str,
        names: Sequence[str],
        *,
        weight: float = 1,
        lifetime: Lifetime = Lifetime.PRICE,
    ) -> Table:
        """A market's numbers; the futures hosts differ in whether one row comes in a list."""
        return await self._apis[instrument.family].get(
            PREFIX[instrument.family] + path,
            [("symbol", instrument.symbol)],
            weight=weight,
            lifetime=lifetime,
            parse=lambda body, ms: Table.read(
                body if isinstance(body, list) else [body], ms, "symbol", names
            ),
        )


def unwrap(response: Response) -> Any:
    """Binance sends bare payloads and, with HTTP 4xx, {"code", "msg"}."""
    if response.status == 200:
        return response.body
    error = response.body if isinstance(response.body, dict) else {}
    code, message = error.get("code"), str(error.get("msg", "no reason given"))
    if code in RETRYABLE:
        raise Unreachable(message)
    if code in LIMITS:
        raise Stop
    if code in CLOCK:
        raise ClockSkew(message)
    if response.status == 403:
        raise Stop
    raise Refused(str(code or f"HTTP {response.status}"), message)


def _instruments(payload: Any, family: Family, received_ms: int) -> Instruments:
    wanted = trading(rows(payload["symbols"]), _trades)
    return listing(
        "binance",
        family,
        received_ms,
        symbol=[row["symbol"] for row in wanted],
        coin=[row["baseAsset"] for row in wanted],
        quote=[row["quoteAsset"] for row in wanted],
        contract=[number(row.get("contractSize", 1)) for row in wanted],
        tick=[_tick(row) for row in wanted],
        tradfi=[row.get("underlyingType", "COIN") != "COIN" for row in wanted],
    )


def _trades(row: Mapping[str, Any]) -> bool:
    status = row.get("status") or row.get("contractStatus")
    perp = row.get("contractType", "PERPETUAL") in {"PERPETUAL", "TRADIFI_PERPETUAL"}
    return status == "TRADING" and perp


def _tick(row: Mapping[str, Any]) -> float:
    sizes = (f["tickSize"] for f in row["filters"] if f["filterType"] == "PRICE_FILTER")
    return number(next(sizes, None))


def _tickers(statistics: Table, book: Table, listed: Instruments) -> Tickers:
    last, percent, high, low, size, quote, base = statistics.columns(listed.symbols, *STATISTICS)
    bid, ask = book.columns(listed.symbols, *BOOK)
    coins, turnover = size * listed.multiplier, quote
    if listed.family is Family.INVERSE:  # "volume" counts contracts, "baseVolume" coins.
        coins, turnover = base, size * listed.contract
    return Tickers(
        instruments=listed,
        last=price(last) / listed.multiplier,
        bid=price(bid) / listed.multiplier,
        ask=price(ask) / listed.multiplier,
        change_24h=np.where(last == 0, np.nan, percent / 100),
        high_24h=price(high) / listed.multiplier,
        low_24h=price(low) / listed.multiplier,
        volume_24h=coins,
        turnover_24h=turnover,
        received_ms=min(statistics.received_ms, book.received_ms),
    )


def _fundings(premiums: Table, hours: Mapping[str, float], listed: Instruments) -> Fundings:
    rate, next_ms = premiums.columns(listed.symbols, "lastFundingRate", "nextFundingTime")
    return Fundings(
        instruments=listed,
        rate=rate,
        hours=price(np.array([hours.get(symbol, 8.0) for symbol in listed.symbols])),
        next_ms=price(next_ms),
        received_ms=premiums.received_ms,
    )


def _marks(premiums: Table, listed: Instruments) -> Marks:
    mark, index = premiums.columns(listed.symbols, "markPrice", "indexPrice")
    return Marks(
        listed,
        price(mark) / listed.multiplier,
        price(index) / listed.multiplier,
        premiums.received_ms,
    )


def _candles(payload: Any, instrument: Instrument, timeframe: Timeframe, now_ms: int) -> Candles:
    bars = matrix(payload, 11)
    volume, taker_buy = bars[:, 5] * instrument.multiplier, bars[:, 9] * instrument.multiplier
    turnover = bars[:, 7]
    if instrument.family is Family.INVERSE:  # Contracts first, then coins.
        turnover = bars[:, 5] * instrument.contract
        volume, taker_buy = bars[:, 7], bars[:, 10]
    return candles(
        instrument,
        timeframe,
        now_ms,
        bars=bars,
        volume=volume,
        turnover=turnover,
        taker_buy=taker_buy,
        closed=bars[:, 6] < now_ms,
    )
