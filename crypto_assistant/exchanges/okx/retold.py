"""What OKX tells a second time: what takers did, bars of mark prices.

https://www.okx.com/docs-v5/en/#public-data-rest-api-get-mark-price-candlesticks
"""

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.okx import series
from crypto_assistant.exchanges.okx.limits import MARK_CANDLES
from crypto_assistant.exchanges.okx.periods import BARS
from crypto_assistant.exchanges.okx.source import Source
from crypto_assistant.exchanges.okx.statistics import Statistics
from crypto_assistant.models import Candles, Instrument, OpenInterest, TakerVolumes, Timeframe
from crypto_assistant.net.cache import Lifetime


class Retold:
    """Of one address. Bars that are not among the newest 1440 of their length are not told."""

    def __init__(self, source: Source, statistics: Statistics) -> None:
        self._source = source
        self._statistics = statistics

    async def takers(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> TakerVolumes:
        found = await self._statistics.undated_takers(instrument, timeframe, limit, end_ms)
        return sound.taker_volumes(found)

    async def mark_candles(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> Candles:
        market = [("instId", instrument.symbol), ("bar", BARS[timeframe])]
        bars = await self._source.get(
            MARK_CANDLES,
            [*market, ("limit", limit), ("after", end_ms)],
            lifetime=Lifetime.CLOSED,
            variant=instrument,
            parse=lambda data, ms: series.mark_bars(data, instrument, timeframe, ms),
        )
        return sound.candles(bars)

    async def open_interest(self, instrument: Instrument) -> OpenInterest:
        raise Unsupported("tells one side of open interest alone")
