"""What Bybit tells a second time: both sides of open interest, mark prices, funding as it was paid.

https://bybit-exchange.github.io/docs/v5/market/history-fund-rate
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.bybit import now
from crypto_assistant.exchanges.payload import Table, moment, readable, rows
from crypto_assistant.models import (
    Candles,
    Family,
    Instrument,
    Instruments,
    OpenInterest,
    TakerVolumes,
    Timeframe,
)
from crypto_assistant.net.api import Api
from crypto_assistant.net.cache import Lifetime

PAID = 4


class Retold:
    """`market`: the bulk answer of a family. `marks`: so many bars of mark prices before an end."""

    def __init__(
        self,
        api: Api,
        market: Callable[[Family], Awaitable[Table]],
        marks: Callable[[Instrument, Timeframe, int, int], Awaitable[Candles]],
    ) -> None:
        self._api = api
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

    async def paid(self, instrument: Instrument) -> Sequence[int]:
        market = [("category", instrument.family.value), ("symbol", instrument.symbol)]
        return await self._api.get(
            "/v5/market/funding/history",
            [*market, ("limit", PAID)],
            lifetime=Lifetime.INDICATOR,
            parse=lambda result, _: _times(result["list"]),
        )


def _times(payload: Any) -> Sequence[int]:
    return sorted(readable(rows(payload), lambda row: moment(row["fundingRateTimestamp"])))
