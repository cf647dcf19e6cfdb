"""Binance's statistics of futures: samples of open interest, counts of who is long."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import numpy as np

from crypto_assistant.errors import ExchangeError, Unsupported
from crypto_assistant.exchanges.binance import quiet, series
from crypto_assistant.exchanges.binance.windows import Window
from crypto_assistant.exchanges.pages import paged
from crypto_assistant.models import (
    Candles,
    Family,
    Instrument,
    LongShorts,
    OpenInterestHistory,
    TakerVolumes,
    Timeframe,
)
from crypto_assistant.net.api import Api
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.limiter import Budget
from crypto_assistant.net.request import Query

T = TypeVar("T")

MOST_SAMPLES = 500
KEPT_MS = 30 * 86_400_000 - 60_000
"""How far back samples go, less a minute on the way: an older start is refused."""
NO_PERIODS = {Timeframe.M1, Timeframe.M3}

TAKERS = {Family.LINEAR: "/takerlongshortRatio", Family.INVERSE: "/takerBuySellVol"}
COUNTS = {
    "/globalLongShortAccountRatio": "all accounts",
    "/topLongShortAccountRatio": "top 20 % accounts",
    "/topLongShortPositionRatio": "top 20 % positions",
}


class Statistics:
    """`/futures/data` of both futures hosts.

    USD-M's has no weight but a limit of its own, COIN-M's weighs one like the rest of its host.
    `contract_type`: what COIN-M calls a future's kind. `candles`: so many bars before an end.
    """

    def __init__(
        self,
        apis: Mapping[Family, Api],
        contract_type: Callable[[Instrument], Awaitable[str]],
        candles: Callable[[Instrument, Timeframe, int, int], Awaitable[Candles]],
        clock_ms: Callable[[], int],
    ) -> None:
        self._apis = apis
        self._contract_type = contract_type
        self._candles = candles
        self._clock_ms = clock_ms
        self._budgets = {Family.LINEAR: Budget(1000, 300)}

    async def open_interest_history(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None
    ) -> OpenInterestHistory:
        """A sample at `end_ms` itself is one of them."""
        if timeframe in NO_PERIODS:
            raise Unsupported(f"open interest is not told every {timeframe}")
        history = await paged(
            limit,
            MOST_SAMPLES,
            timeframe.ms,
            partial(self._samples, instrument, timeframe),
            end_ms=None if end_ms is None else end_ms + 1,
            now_ms=self._clock_ms(),
        )
        if instrument.family is Family.INVERSE:
            return history
        if end_ms is not None:
            history = await self._with_one_before(history, timeframe, limit, end_ms)
        return await self._with_left_out(history, timeframe, limit, end_ms)

    async def takers(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> TakerVolumes:
        """Rows that bear a time from `limit` bars before `end_ms` on up to that."""
        path = TAKERS[instrument.family]
        times: Query = [("startTime", end_ms - limit * timeframe.ms), ("endTime", end_ms)]
        return await self._get(
            instrument,
            path,
            [("period", timeframe.value), ("limit", limit + 1), *times],
            lifetime=Lifetime.INDICATOR,
            parse=lambda payload, ms: series.taker_statistics(payload, instrument, timeframe, ms),
        )

    async def long_shorts(self, instrument: Instrument) -> LongShorts:
        answers = await asyncio.gather(*(self._count(instrument, path) for path in COUNTS))
        return LongShorts(
            instrument,
            tuple(count for one in answers for count in one.counts),
            min(one.received_ms for one in answers),
        )

    async def _with_one_before(
        self, history: OpenInterestHistory, timeframe: Timeframe, limit: int, end_ms: int
    ) -> OpenInterestHistory:
        """Where the first samples are left out, it is one before them that they are as."""
        first_ms = (end_ms // timeframe.ms - limit + 1) * timeframe.ms
        if len(history) and history.time_ms[0] <= first_ms:
            return history
        before = await self._samples(history.instrument, timeframe, MOST_SAMPLES, first_ms)
        return quiet.joined(before, history)

    async def _with_left_out(
        self, history: OpenInterestHistory, timeframe: Timeframe, limit: int, end_ms: int | None
    ) -> OpenInterestHistory:
        """A sample that is not there a period after its time may be one; before, it is late."""
        until_ms = self._clock_ms() - timeframe.ms
        until_ms = until_ms if end_ms is None else min(end_ms, until_ms)
        lacking = quiet.lacking(history, timeframe.ms, limit, until_ms)
        if not len(lacking):
            return history
        last_ms = int(lacking[-1])
        before_ms = int(history.time_ms[np.searchsorted(history.time_ms, lacking[0]) - 1])
        bars = (last_ms - before_ms) // timeframe.ms
        try:
            traded = await self._candles(history.instrument, timeframe, bars, last_ms)
        except ExchangeError:
            return history
        return quiet.filled(history, quiet.still(history, lacking, traded), limit)

    async def _samples(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None
    ) -> OpenInterestHistory:
        now_ms = self._clock_ms()
        window = Window(limit, timeframe.ms, end_ms, now_ms).since(now_ms - KEPT_MS)
        if not window.limit:
            return series.open_interest_history([], instrument, (0, 0), now_ms, newest=False)
        span = window.span(now_ms - KEPT_MS - timeframe.ms)
        return await self._get(
            instrument,
            "/openInterestHist",
            [("period", timeframe.value), *window.query],
            lifetime=window.lifetime,
            parse=lambda payload, ms: series.open_interest_history(
                window.answered(payload), instrument, span, ms, newest=end_ms is None
            ),
        )

    async def _count(self, instrument: Instrument, path: str) -> LongShorts:
        return await self._get(
            instrument,
            path,
            [("period", "5m"), ("limit", 1)],
            lifetime=Lifetime.INDICATOR,
            parse=lambda payload, ms: series.long_shorts(payload, COUNTS[path], instrument, ms),
        )

    async def _get(
        self,
        instrument: Instrument,
        path: str,
        query: Query,
        *,
        lifetime: Lifetime,
        parse: Callable[[Any, int], T],
    ) -> T:
        return await self._apis[instrument.family].get(
            "/futures/data" + path,
            [*await self._named(instrument), *query],
            budget=self._budgets.get(instrument.family),
            lifetime=lifetime,
            variant=instrument,
            parse=parse,
        )

    async def _named(self, instrument: Instrument) -> Query:
        """COIN-M knows pairs only, and counts all contracts of a pair where no type is named."""
        if instrument.family is not Family.INVERSE:
            return [("symbol", instrument.symbol)]
        pair = instrument.symbol.partition("_")[0]
        return [("pair", pair), ("contractType", await self._contract_type(instrument))]
