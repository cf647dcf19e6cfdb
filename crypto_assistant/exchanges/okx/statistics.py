"""OKX's trading statistics: takers, open interest, longs against shorts, period by period.

https://www.okx.com/docs-v5/en/#trading-statistics
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges.okx import series, takers
from crypto_assistant.exchanges.okx.limits import (
    ALL_ACCOUNTS,
    OPEN_INTERESTS,
    SPOT_TAKERS,
    TAKERS,
    TOP_ACCOUNTS,
    TOP_POSITIONS,
)
from crypto_assistant.exchanges.okx.periods import PERIODS, SPOT_PERIODS, window, window_lifetime
from crypto_assistant.exchanges.okx.source import Source
from crypto_assistant.exchanges.pages import paged
from crypto_assistant.models import (
    Family,
    Instrument,
    LongShorts,
    OpenInterestHistory,
    TakerVolumes,
    Timeframe,
)
from crypto_assistant.net.api import Query
from crypto_assistant.net.cache import Lifetime

T = TypeVar("T")

LARGEST_PAGE = 100
COUNTS = {
    ALL_ACCOUNTS: "all accounts",
    TOP_ACCOUNTS: "top 5 % accounts",
    TOP_POSITIONS: "top 5 % positions",
}


class Statistics:
    """Periods that have ended; of a market the newest 1440 are kept, of a coin fewer."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @staticmethod
    def tells_takers(instrument: Instrument, timeframe: Timeframe) -> bool:
        """Whether takers are published in bars of that length."""
        return timeframe in (SPOT_PERIODS if instrument.family is Family.SPOT else PERIODS)

    async def takers(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> TakerVolumes:
        """The last `limit` bars before `end_ms`, in one unit, the other NaN."""
        if instrument.family is Family.SPOT:
            of_coin = await self._takers_of_coin(instrument, timeframe)
            return takers.within(of_coin, end_ms - limit * timeframe.ms, end_ms)

        async def page(count: int, end_ms: int | None) -> TakerVolumes:
            read, contracts = series.takers, [("unit", 1)]
            return await self._page(
                TAKERS, instrument, timeframe, count, end_ms, read=read, more=contracts
            )

        return await paged(limit, LARGEST_PAGE, timeframe.ms, page, end_ms=end_ms, now_ms=end_ms)

    async def _takers_of_coin(self, instrument: Instrument, timeframe: Timeframe) -> TakerVolumes:
        """All spot pairs of the coin together; one answer has all that is kept: 2 or 30 days."""
        coin = instrument.symbol.partition("-")[0]
        return await self._source.get(
            SPOT_TAKERS,
            [("ccy", coin), ("instType", "SPOT"), ("period", SPOT_PERIODS[timeframe])],
            lifetime=Lifetime.INDICATOR,
            variant=instrument,
            parse=lambda data, ms: series.takers(data, instrument, timeframe, ms),
        )

    async def open_interests(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> OpenInterestHistory:
        """The last `limit` samples at or before `end_ms`."""
        if timeframe not in PERIODS:
            raise Unsupported(f"does not publish open interest every {timeframe}")

        async def page(count: int, end_ms: int | None) -> OpenInterestHistory:
            read = series.open_interests
            return await self._page(OPEN_INTERESTS, instrument, timeframe, count, end_ms, read=read)

        return await paged(limit, LARGEST_PAGE, timeframe.ms, page, end_ms=end_ms, now_ms=end_ms)

    async def long_shorts(self, instrument: Instrument) -> LongShorts:
        """Each of the venue's counts that it keeps for this market."""
        found = await asyncio.gather(*(self._long_shorts(path, instrument) for path in COUNTS))
        counts = tuple(count for one in found for count in one.counts)
        return LongShorts(instrument, counts, min(one.received_ms for one in found))

    async def _long_shorts(self, path: str, instrument: Instrument) -> LongShorts:
        period = Timeframe.M5
        return await self._source.get(
            path,
            # The newer of the two rows may be of a period that has not ended.
            [("instId", instrument.symbol), ("period", PERIODS[period]), ("limit", 2)],
            lifetime=Lifetime.INDICATOR,
            variant=instrument,
            symbol=instrument.symbol,
            parse=lambda data, ms: series.long_shorts(data, instrument, COUNTS[path], period, ms),
        )

    async def _page(
        self,
        path: str,
        instrument: Instrument,
        timeframe: Timeframe,
        count: int,
        end_ms: int | None,
        *,
        read: Callable[[Any, Instrument, Timeframe, int], T],
        more: Query = (),
    ) -> T:
        # The row of the last period that has ended may come late.
        settled_ms = self._source.clock_ms() - timeframe.ms
        market = [("instId", instrument.symbol), ("period", PERIODS[timeframe])]
        return await self._source.get(
            path,
            [*market, *more, *window(count, end_ms, timeframe)],
            lifetime=window_lifetime(end_ms, settled_ms),
            variant=instrument,
            symbol=instrument.symbol,
            parse=lambda data, ms: read(data, instrument, timeframe, ms),
        )
