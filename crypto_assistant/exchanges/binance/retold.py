"""What Binance tells a second time: what takers did, bars of mark prices.

https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Taker-BuySell-Volume
https://developers.binance.com/docs/derivatives/coin-margined-futures/market-data/rest-api/Taker-Buy-Sell-Volume
"""

from collections.abc import Mapping

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.binance import series
from crypto_assistant.exchanges.binance.statistics import Statistics
from crypto_assistant.exchanges.binance.windows import Window, bars_weight
from crypto_assistant.models import (
    Candles,
    Family,
    Instrument,
    OpenInterest,
    TakerVolumes,
    Timeframe,
)
from crypto_assistant.net.api import Api
from crypto_assistant.net.cache import Lifetime


class Retold:
    """Of both futures hosts. `prefix`: of their paths."""

    def __init__(
        self,
        apis: Mapping[Family, Api],
        prefix: Mapping[Family, str],
        statistics: Statistics,
    ) -> None:
        self._apis = apis
        self._prefix = prefix
        self._statistics = statistics

    async def takers(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> TakerVolumes:
        found = await self._statistics.takers(instrument, timeframe, limit, end_ms)
        return sound.taker_volumes(found)

    async def mark_candles(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> Candles:
        window = Window(limit, timeframe.ms, end_ms, end_ms)
        bars = await self._apis[instrument.family].get(
            self._prefix[instrument.family] + "/markPriceKlines",
            [("symbol", instrument.symbol), ("interval", timeframe.value), *window.query],
            weight=bars_weight(instrument.family, limit),
            lifetime=Lifetime.CLOSED,
            variant=instrument,
            parse=lambda payload, ms: series.mark_bars(payload, instrument, timeframe, ms),
        )
        return sound.candles(bars)

    async def open_interest(self, instrument: Instrument) -> OpenInterest:
        raise Unsupported("tells one side of open interest alone")
