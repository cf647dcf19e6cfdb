"""Bybit v5: spot, USDT and USDC contracts, coin-margined contracts over REST.

https://bybit-exchange.github.io/docs/v5/intro
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges import payments, sound
from crypto_assistant.exchanges.base import LIVE, Practice, Used, used
from crypto_assistant.exchanges.bybit import now, series, trades
from crypto_assistant.exchanges.bybit.account import BybitAccount
from crypto_assistant.exchanges.bybit.envelope import unwrap
from crypto_assistant.exchanges.bybit.listed import MOST_PAGES, Page, instruments
from crypto_assistant.exchanges.bybit.reads import READS
from crypto_assistant.exchanges.bybit.retold import Retold
from crypto_assistant.exchanges.bybit.series import INTERVALS, OPEN_INTEREST_INTERVALS, window
from crypto_assistant.exchanges.pages import paged
from crypto_assistant.exchanges.payload import Table, moment, rows
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
from crypto_assistant.net.request import Dialect, Query, Reads
from crypto_assistant.net.signed import Key, VenueClock

DIALECT = Dialect(unwrap, READS)
MOST_BARS = 1000
MOST_SAMPLES = 200
MOST_TRADES = {Family.SPOT: 60, Family.LINEAR: 1000, Family.INVERSE: 1000}
"""Rows in one answer."""

LATE_MS = 5000
"""For so long a bar that ended may change: its last trades come late, this host's clock is fast."""


class Bybit:
    """Sizes are coins on spot and linear contracts, USD on inverse ones.

    Ticker, funding, mark and open interest are one answer, asked for and kept once.
    """

    name: ClassVar[str] = "bybit"
    title: ClassVar[str] = "Bybit"
    short: ClassVar[str] = "BYB"
    lent: ClassVar[str] = ""
    addresses: ClassVar[Mapping[str, str]] = {"BYBIT_URL": "https://api.bybit.com"}
    reads: ClassVar[Reads] = READS
    credentials: ClassVar[tuple[str, ...]] = ("BYBIT_API_KEY", "BYBIT_SECRET_KEY")
    practice: ClassVar[Practice | None] = Practice(
        "BYBIT_TESTNET",
        {
            "testnet": {"BYBIT_URL": "https://api-testnet.bybit.com"},
            "demo": {"BYBIT_URL": "https://api-demo.bybit.com"},
        },
    )

    def __init__(self, door: Door, urls: Mapping[str, str]) -> None:
        self.limiter = Limiter(door.clock_ms)
        # Published: 600. Whoever breaks it is shut out for ten minutes.
        self._budget = Budget(540, 5)
        self._api = Api(door, urls["BYBIT_URL"], self.limiter, self._budget, DIALECT)
        self.hosts: Mapping[str, Api] = {"all": self._api}
        self._time = self._api.time
        self._host_ms = door.clock_ms
        self.retold = Retold(self._market, self._marks)

    @property
    def used(self) -> Mapping[str, Used]:
        return {"address": used(self._budget)}

    def account(self, key: Key, environment: str = LIVE) -> BybitAccount:
        clock = VenueClock(self.clock_ms, self._host_ms)
        return BybitAccount(self._api, self._budget, clock, key, environment)

    async def clock_ms(self) -> int:
        return await self._api.get(
            "/v5/market/time",
            lifetime=Lifetime.MOMENT,
            parse=lambda result, _: moment(result["timeNano"][:-6]),
        )

    async def instruments(self, family: Family) -> Instruments:
        pages = [await self._page(family, "")]
        while (cursor := pages[-1].cursor) and len(pages) < MOST_PAGES:
            pages.append(await self._page(family, cursor))
        return instruments(pages, family)

    async def tickers(self, listed: Instruments) -> Tickers:
        return now.tickers(await self._market(listed.family), listed)

    async def ticker(self, instrument: Instrument) -> Ticker:
        table = await self._market(instrument.family, instrument.symbol)
        return now.tickers(table, Instruments.one(instrument, table.received_ms))[0]

    async def candles(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> Candles:
        end_ms = None if end_ms is None else -(-end_ms // timeframe.ms) * timeframe.ms
        path, read = "/v5/market/kline", series.kline
        bars = await self._bars(path, read, instrument, timeframe, limit=limit, end_ms=end_ms)
        return sound.candles(bars)

    async def taker_volumes(
        self, instrument: Instrument, timeframe: Timeframe, limit: int
    ) -> TakerVolumes:
        found = trades.in_bars(
            await self.trades(instrument), timeframe, limit, self._time.past_ms()
        )
        return sound.taker_volumes(found)

    async def trades(self, instrument: Instrument) -> Trades:
        most = MOST_TRADES[instrument.family]
        return await self._api.get(
            "/v5/market/recent-trade",
            [*_market(instrument), ("limit", most)],
            lifetime=Lifetime.INDICATOR,
            variant=instrument,
            parse=lambda result, ms: sound.trades(
                trades.read(result["list"], instrument, most, ms)
            ),
        )

    async def fundings(self, listed: Instruments) -> Fundings:
        return now.fundings(await self._market(listed.family), listed)

    async def funding(self, instrument: Instrument) -> Funding:
        table = await self._market(instrument.family, instrument.symbol)
        return now.fundings(table, Instruments.one(instrument, table.received_ms))[0]

    async def funding_history(self, instrument: Instrument, limit: int) -> FundingHistory:
        return await self._api.get(
            "/v5/market/funding/history",
            [*_market(instrument), ("limit", limit)],
            lifetime=Lifetime.INDICATOR,
            variant=instrument,
            parse=lambda result, ms: payments.history(
                rows(result["list"]),
                instrument,
                ms,
                time="fundingRateTimestamp",
                rate="fundingRate",
            ),
        )

    async def marks(self, listed: Instruments) -> Marks:
        return now.marks(await self._market(listed.family), listed)

    async def mark(self, instrument: Instrument) -> Mark:
        table = await self._market(instrument.family, instrument.symbol)
        return now.marks(table, Instruments.one(instrument, table.received_ms))[0]

    async def open_interests(self, listed: Instruments) -> OpenInterests:
        return now.open_interests(await self._market(listed.family), listed)

    async def open_interest(
        self, instrument: Instrument, mark: float | None = None
    ) -> OpenInterest:
        table = await self._market(instrument.family, instrument.symbol)
        return now.open_interests(table, Instruments.one(instrument, table.received_ms))[0]

    async def open_interest_history(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> OpenInterestHistory:
        """A linear market's samples are valued at the mark prices of the same window."""
        if instrument.family is Family.SPOT or timeframe not in OPEN_INTEREST_INTERVALS:
            raise Unsupported(f"has no {timeframe} open interest of {instrument.family} markets")
        # A sample at `end_ms` itself belongs to the window.
        end_ms = None if end_ms is None else (end_ms // timeframe.ms + 1) * timeframe.ms
        samples = self._samples(instrument, timeframe, limit, end_ms)
        if instrument.family is Family.INVERSE:
            return sound.open_interest_history(await samples)
        # One bar more: the newest sample may come after the bar that opens at its time.
        marks = self._marks(instrument, timeframe, limit + 1, end_ms)
        valued = series.valued(*await asyncio.gather(samples, marks))
        return sound.open_interest_history(valued)

    async def long_shorts(self, instrument: Instrument) -> LongShorts:
        if instrument.family is Family.SPOT or instrument.quote == "USDC":
            raise Unsupported("counts longs and shorts of USDT and coin-margined contracts only")
        counts = await self._api.get(
            "/v5/market/account-ratio",
            [*_market(instrument), ("period", "5min"), ("limit", 1)],
            lifetime=Lifetime.INDICATOR,
            variant=instrument,
            parse=lambda result, ms: series.long_shorts(result["list"], instrument, ms),
        )
        return sound.long_shorts(counts)

    async def _page(self, family: Family, cursor: str) -> Page:
        path = f"/v5/market/instruments-info?category={family.value}&limit=1000"
        return await self._api.get(
            # The venue sends its cursors percent-encoded already.
            f"{path}&cursor={cursor}" if cursor else path,
            lifetime=Lifetime.INSTRUMENTS,
            parse=partial(Page.read, family=family, first=not cursor),
        )

    async def _market(self, family: Family, symbol: str | None = None) -> Table:
        """One market's ticker row, or all of the family."""
        return await self._api.get(
            "/v5/market/tickers",
            [("category", family.value), *([("symbol", symbol)] if symbol else [])],
            lifetime=Lifetime.PRICE if symbol else Lifetime.RANKING,
            parse=lambda result, ms: Table.read(result["list"], ms, "symbol", now.fields(family)),
        )

    async def _bars(
        self,
        path: str,
        read: Callable[..., Candles],
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        limit: int,
        end_ms: int | None,
    ) -> Candles:
        async def page(limit: int, end_ms: int | None) -> Candles:
            return await self._api.get(
                path,
                [
                    *_market(instrument),
                    ("interval", INTERVALS[timeframe]),
                    *window("start", "end", limit, timeframe, end_ms),
                ],
                lifetime=self._lifetime(end_ms),
                variant=instrument,
                parse=lambda result, ms: read(
                    result["list"],
                    instrument,
                    timeframe,
                    ms,
                    past_ms=self._time.past_ms(),
                    newest=end_ms is None,
                ),
            )

        now_ms = self._time.now_ms()
        return await paged(limit, MOST_BARS, timeframe.ms, page, end_ms=end_ms, now_ms=now_ms)

    async def _marks(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None
    ) -> Candles:
        path, read = "/v5/market/mark-price-kline", series.mark_kline
        return await self._bars(path, read, instrument, timeframe, limit=limit, end_ms=end_ms)

    async def _samples(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None
    ) -> OpenInterestHistory:
        async def page(limit: int, end_ms: int | None) -> OpenInterestHistory:
            return await self._api.get(
                "/v5/market/open-interest",
                [
                    *_market(instrument),
                    ("intervalTime", OPEN_INTEREST_INTERVALS[timeframe]),
                    *window("startTime", "endTime", limit, timeframe, end_ms),
                ],
                lifetime=self._lifetime(end_ms),
                variant=instrument,
                parse=lambda result, ms: series.open_interest(
                    result["list"], instrument, ms, newest=end_ms is None
                ),
            )

        now_ms = self._time.now_ms()
        return await paged(limit, MOST_SAMPLES, timeframe.ms, page, end_ms=end_ms, now_ms=now_ms)

    def _lifetime(self, end_ms: int | None) -> Lifetime:
        over = end_ms is not None and end_ms + LATE_MS <= self._time.now_ms()
        return Lifetime.CLOSED if over else Lifetime.INDICATOR


def _market(instrument: Instrument) -> Query:
    return [("category", instrument.family.value), ("symbol", instrument.symbol)]
