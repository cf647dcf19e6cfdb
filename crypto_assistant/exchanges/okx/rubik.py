"""OKX's rows of trading statistics, and of the candles to check them with, as it sends them.

https://www.okx.com/docs-v5/en/#trading-statistics
"""

from typing import Any, NamedTuple

import numpy as np

from crypto_assistant.exchanges.okx.limits import CANDLES, OPEN_INTERESTS, SPOT_TAKERS, TAKERS
from crypto_assistant.exchanges.okx.periods import (
    BARS,
    PERIODS,
    SPOT_PERIODS,
    window,
    window_lifetime,
)
from crypto_assistant.exchanges.okx.source import Source
from crypto_assistant.exchanges.payload import matrix
from crypto_assistant.models import Floats, Timeframe
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.request import Query

WIDTHS = {TAKERS: 3, SPOT_TAKERS: 3, OPEN_INTERESTS: 4, CANDLES: 9}
"""Numbers in a row; of the ratios' paths two."""


class Rows(NamedTuple):
    """A row of numbers each, the venue's own time first, in ascending order."""

    cells: Floats
    received_ms: int


class Rubik:
    """The venue's statistics, so named by their paths; a market or a coin may have no rows."""

    def __init__(self, source: Source) -> None:
        self._source = source

    async def of_market(
        self,
        path: str,
        symbol: str,
        timeframe: Timeframe,
        *,
        count: int,
        end_ms: int | None,
    ) -> Rows:
        """The last `count` rows that bear a time before `end_ms`, whatever it is the time of."""
        market: Query = [("instId", symbol), ("period", PERIODS[timeframe])]
        contracts: Query = [("unit", 1)] if path == TAKERS else []
        query = [*market, *contracts, *window(count, end_ms, timeframe)]
        # Its last row may bear the start of a period, and may come late.
        settled_ms = self._source.time.now_ms() - timeframe.ms
        return await self._get(path, query, window_lifetime(end_ms, settled_ms), symbol)

    async def newest(self, path: str, symbol: str) -> Rows:
        """The newest row of five minutes."""
        query: Query = [("instId", symbol), ("period", PERIODS[Timeframe.M5]), ("limit", 1)]
        rows = await self._get(path, query, Lifetime.INDICATOR, symbol)
        return rows._replace(cells=rows.cells[-1:])

    async def spot_takers(self, coin: str, timeframe: Timeframe) -> Rows:
        """All spot pairs of the coin together; one answer has all that is kept: 2 or 30 days."""
        query = [("ccy", coin), ("instType", "SPOT"), ("period", SPOT_PERIODS[timeframe])]
        return await self._get(SPOT_TAKERS, query, Lifetime.INDICATOR)

    async def candles(self, symbol: str, timeframe: Timeframe, count: int, end_ms: int) -> Rows:
        """The last `count` of those that open before `end_ms`, not older than the newest 1440."""
        market: Query = [("instId", symbol), ("bar", BARS[timeframe])]
        query = [*market, ("limit", count), ("after", end_ms)]
        return await self._get(CANDLES, query, Lifetime.INDICATOR)

    async def _get(
        self, path: str, query: Query, lifetime: Lifetime, symbol: str | None = None
    ) -> Rows:
        width = WIDTHS.get(path, 2)
        return await self._source.get(
            path,
            query,
            lifetime=lifetime,
            symbol=symbol,
            parse=lambda data, ms: Rows(_ascending(data, width, path), ms),
        )


def _ascending(payload: Any, width: int, path: str) -> Floats:
    empty = payload == [] and path != CANDLES  # Those of BTC are never none.
    newest = 0 if path == SPOT_TAKERS else None  # The others are asked for up to an end.
    return np.empty((0, width)) if empty else matrix(payload, width, newest)[::-1]
