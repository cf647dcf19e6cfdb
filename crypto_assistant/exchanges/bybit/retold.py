"""What Bybit tells a second time: both sides of open interest, mark prices."""

from collections.abc import Awaitable, Callable

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.bybit import now
from crypto_assistant.exchanges.payload import Table
from crypto_assistant.models import (
    Candles,
    Family,
    Instrument,
    Instruments,
    OpenInterest,
    TakerVolumes,
    Timeframe,
)


class Retold:
    """`market`: the bulk answer of a family. `marks`: so many bars of mark prices before an end."""

    def __init__(
        self,
        market: Callable[[Family], Awaitable[Table]],
        marks: Callable[[Instrument, Timeframe, int, int], Awaitable[Candles]],
    ) -> None:
        self._market = market
        self._marks = marks

    async def takers(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> TakerVolumes:
        raise Unsupported("publishes no statistics of takers")

    async def mark_candles(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> Candles:
        return sound.candles(await self._marks(instrument, timeframe, limit, end_ms))

    async def open_interest(self, instrument: Instrument) -> OpenInterest:
        table = await self._market(instrument.family)
        if not now.tells_one_side(table, instrument.symbol):
            raise Unsupported("tells both sides of open interest alone")
        return now.halved(table, Instruments.one(instrument, table.received_ms))[0]
