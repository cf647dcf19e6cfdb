"""An exchange of perps that has no accounts: all that the program asks of one."""

from collections.abc import Mapping
from math import nan
from typing import Any, ClassVar

import numpy as np

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges.base import Practice, Used, used
from crypto_assistant.exchanges.payload import Table, candles, instrument, matrix
from crypto_assistant.models import (
    Candles,
    Family,
    Funding,
    FundingHistory,
    Fundings,
    Instrument,
    Instruments,
    LongShorts,
    Mark,
    Marks,
    OpenInterest,
    OpenInterestHistory,
    OpenInterests,
    TakerVolumes,
    Ticker,
    Tickers,
    Timeframe,
    Trades,
)
from crypto_assistant.net.api import Api
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.door import Door
from crypto_assistant.net.limiter import Budget, Limiter
from crypto_assistant.net.request import Dialect, Reads
from crypto_assistant.net.response import Response

READS: Reads = frozenset({("GET", "/time"), ("GET", "/perps"), ("GET", "/bars")})
NUMBERS = (
    *("last", "bid", "ask", "change", "high", "low", "coins", "usd"),
    *("mark", "index", "rate", "next", "open"),
)


class Fourth:
    """One list tells everything of its perps, which are all in USDT and paid every eight hours."""

    name: ClassVar[str] = "fourth"
    title: ClassVar[str] = "Fourth"
    short: ClassVar[str] = "4TH"
    lent: ClassVar[str] = ""
    addresses: ClassVar[Mapping[str, str]] = {"FOURTH_URL": "https://fourth.example"}
    reads: ClassVar[Reads] = READS
    credentials: ClassVar[tuple[str, ...]] = ()
    practice: ClassVar[Practice | None] = None

    def __init__(self, door: Door, urls: Mapping[str, str]) -> None:
        self.limiter = Limiter(door.clock_ms)
        self._budget = Budget(600, 60)
        dialect = Dialect(_unwrap, READS)
        self._api = Api(door, urls["FOURTH_URL"], self.limiter, self._budget, dialect)
        self.hosts: Mapping[str, Api] = {"all": self._api}

    @property
    def used(self) -> Mapping[str, Used]:
        return {"address": used(self._budget)}

    async def clock_ms(self) -> int:
        return await self._api.get(
            "/time", lifetime=Lifetime.MOMENT, parse=lambda now, _: int(now["ms"])
        )

    async def instruments(self, family: Family) -> Instruments:
        if family is not Family.LINEAR:
            return Instruments.of(self.name, family, [], (await self._perps()).received_ms)
        return await self._api.get(
            "/perps", lifetime=Lifetime.INSTRUMENTS, variant="list", parse=_listed
        )

    async def tickers(self, listed: Instruments) -> Tickers:
        table = await self._perps()
        names = ("last", "bid", "ask", "change", "high", "low", "coins", "usd")
        last, bid, ask, change, high, low, coins, usd = table.columns(listed.symbols, *names)
        return Tickers(listed, last, bid, ask, change, high, low, coins, usd, table.received_ms)

    async def ticker(self, instrument: Instrument) -> Ticker:
        return (await self.tickers(await self._one(instrument)))[0]

    async def candles(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> Candles:
        query = [("perp", instrument.symbol), ("bars", timeframe.value)]

        def read(payload: object, received_ms: int) -> Candles:
            bars = matrix(payload, 7)
            bars = bars[bars[:, 0] < (end_ms or received_ms)][-limit:]
            closed = bars[:, 0] + timeframe.ms <= received_ms
            volume, turnover = bars[:, 5], bars[:, 6]
            return candles(
                instrument,
                timeframe,
                received_ms,
                bars=bars,
                volume=volume,
                turnover=turnover,
                closed=closed,
            )

        variant = instrument, limit, end_ms
        return await self._api.get("/bars", query, variant=variant, parse=read)

    async def taker_volumes(
        self, instrument: Instrument, timeframe: Timeframe, limit: int
    ) -> TakerVolumes:
        raise Unsupported("takers")

    async def trades(self, instrument: Instrument) -> Trades:
        raise Unsupported("trades")

    async def fundings(self, listed: Instruments) -> Fundings:
        table = await self._perps()
        rate, next_ms = table.columns(listed.symbols, "rate", "next")
        return Fundings(listed, rate, np.full(len(listed), 8.0), next_ms, table.received_ms)

    async def funding(self, instrument: Instrument) -> Funding:
        return (await self.fundings(await self._one(instrument)))[0]

    async def funding_history(self, instrument: Instrument, limit: int) -> FundingHistory:
        raise Unsupported("keeps no history of funding")

    async def marks(self, listed: Instruments) -> Marks:
        table = await self._perps()
        mark, index = table.columns(listed.symbols, "mark", "index")
        return Marks(listed, mark, index, table.received_ms)

    async def mark(self, instrument: Instrument) -> Mark:
        return (await self.marks(await self._one(instrument)))[0]

    async def open_interests(self, listed: Instruments) -> OpenInterests:
        table = await self._perps()
        coins, mark = table.columns(listed.symbols, "open", "mark")
        return OpenInterests(listed, coins, coins * mark, table.received_ms)

    async def open_interest(
        self, instrument: Instrument, mark: float | None = None
    ) -> OpenInterest:
        return (await self.open_interests(await self._one(instrument)))[0]

    async def open_interest_history(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> OpenInterestHistory:
        raise Unsupported("history of open interest")

    async def long_shorts(self, instrument: Instrument) -> LongShorts:
        raise Unsupported("long/short")

    async def _perps(self) -> Table:
        return await self._api.get(
            "/perps", parse=lambda payload, ms: Table.read(payload, ms, "id", NUMBERS)
        )

    async def _one(self, instrument: Instrument) -> Instruments:
        return Instruments.one(instrument, (await self._perps()).received_ms)


def _unwrap(response: Response) -> Any:
    return response.body


def _listed(payload: Any, received_ms: int) -> Instruments:
    markets = [
        instrument(
            "fourth",
            Family.LINEAR,
            symbol=perp["id"],
            coin=perp["coin"],
            quote="USDT",
            tick=perp.get("tick", nan),
        )
        for perp in payload
    ]
    return Instruments.of("fourth", Family.LINEAR, markets, received_ms)
