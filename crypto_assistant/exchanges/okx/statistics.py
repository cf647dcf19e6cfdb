"""OKX's trading statistics: takers, open interest, longs against shorts, period by period.

https://www.okx.com/docs-v5/en/#trading-statistics
"""

import asyncio

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges.okx import series, takers
from crypto_assistant.exchanges.okx.beliefs import Beliefs
from crypto_assistant.exchanges.okx.limits import (
    ALL_ACCOUNTS,
    OPEN_INTERESTS,
    SPOT_TAKERS,
    TAKERS,
    TOP_ACCOUNTS,
    TOP_POSITIONS,
)
from crypto_assistant.exchanges.okx.periods import PERIODS, SPOT_PERIODS
from crypto_assistant.exchanges.okx.rubik import Rubik
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

LARGEST_PAGE = 100
COUNTS = {
    ALL_ACCOUNTS: "all accounts",
    TOP_ACCOUNTS: "top 5 % accounts",
    TOP_POSITIONS: "top 5 % positions",
}


class Statistics:
    """Of a market the newest 1440 rows of each length are kept, of a coin fewer.

    Takers are those of periods that have ended. Open interest and ratios are what they were at the
    time that their row bears: the newest of them can be used.
    """

    def __init__(self, source: Source) -> None:
        self._rubik = Rubik(source)
        self.beliefs = Beliefs(source, self._rubik)

    @staticmethod
    def tells_takers(instrument: Instrument, timeframe: Timeframe) -> bool:
        """Whether takers are published in bars of that length."""
        return timeframe in (SPOT_PERIODS if instrument.family is Family.SPOT else PERIODS)

    async def takers(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> TakerVolumes:
        """The last `limit` bars before `end_ms`, in one unit, the other NaN."""
        if instrument.family is Family.SPOT:
            found = await self._spot_takers(instrument, timeframe)
        else:
            # Rows bear the starts of these bars or their ends: one time more than there are bars.
            # A page is asked for as a whole, so that the newest one is the same to all who ask.
            count = max(limit + 1, LARGEST_PAGE)
            found = await self._takers(instrument, timeframe, count, end_ms + timeframe.ms)
        return takers.within(found, end_ms - limit * timeframe.ms, end_ms)

    async def undated_takers(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> TakerVolumes:
        """Of a contract, each row at the time that it bears: one more than there are bars."""
        rows = await self._rubik.of_market(
            TAKERS, instrument.symbol, timeframe, count=limit + 1, end_ms=end_ms + timeframe.ms
        )
        return series.takers(rows, instrument, timeframe, lag=0)

    async def _spot_takers(self, instrument: Instrument, timeframe: Timeframe) -> TakerVolumes:
        coin = instrument.symbol.partition("-")[0]
        rows, lag = await asyncio.gather(
            self._rubik.spot_takers(coin, timeframe), self.beliefs.lag(SPOT_TAKERS, timeframe)
        )
        return series.takers(rows, instrument, timeframe, lag)

    async def _takers(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> TakerVolumes:
        """Of the last `limit` rows that bear a time before `end_ms`."""

        async def page(count: int, end_ms: int | None) -> TakerVolumes:
            rows, lag = await asyncio.gather(
                self._rubik.of_market(
                    TAKERS, instrument.symbol, timeframe, count=count, end_ms=end_ms
                ),
                self.beliefs.lag(TAKERS, timeframe),
            )
            return series.takers(rows, instrument, timeframe, lag)

        return await paged(limit, LARGEST_PAGE, timeframe.ms, page, end_ms=end_ms, now_ms=end_ms)

    async def open_interests(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> OpenInterestHistory:
        """The last `limit` samples at or before `end_ms`."""
        if timeframe not in PERIODS:
            raise Unsupported(f"does not publish open interest every {timeframe}")

        async def page(count: int, end_ms: int | None) -> OpenInterestHistory:
            rows = await self._rubik.of_market(
                OPEN_INTERESTS, instrument.symbol, timeframe, count=count, end_ms=end_ms
            )
            return series.open_interests(rows, instrument)

        end_ms += timeframe.ms
        found, _ = await asyncio.gather(
            paged(limit, LARGEST_PAGE, timeframe.ms, page, end_ms=end_ms, now_ms=end_ms),
            self.beliefs.interest(),
        )
        return found

    async def long_shorts(self, instrument: Instrument) -> LongShorts:
        """Each of the venue's counts that it keeps for this market."""
        found = await asyncio.gather(
            *(self._rubik.newest(path, instrument.symbol) for path in COUNTS)
        )
        counts = [
            count
            for path, rows in zip(COUNTS, found, strict=True)
            for count in series.long_shorts(rows, COUNTS[path])
        ]
        return LongShorts(instrument, tuple(counts), min(rows.received_ms for rows in found))
