"""What Binance tells a second time: what takers did, bars of mark prices, funding as it was paid.

https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Taker-BuySell-Volume
https://developers.binance.com/docs/derivatives/coin-margined-futures/market-data/rest-api/Taker-Buy-Sell-Volume
"""

from collections.abc import Mapping, Sequence
from typing import Any

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.binance import series
from crypto_assistant.exchanges.binance.statistics import Statistics
from crypto_assistant.exchanges.binance.windows import Window, bars_weight
from crypto_assistant.exchanges.payload import moment, readable, rows
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
from crypto_assistant.net.limiter import Budget

PAID = 4
REGULAR = {None, "Regular"}
"""Payments besides, which are Special, come at any time; rows of old have no such field."""


class Retold:
    """Of both futures hosts. `prefix`: of their paths. `funding`: USD-M's limit for funding."""

    def __init__(
        self,
        apis: Mapping[Family, Api],
        prefix: Mapping[Family, str],
        statistics: Statistics,
        funding: Budget,
    ) -> None:
        self._apis = apis
        self._prefix = prefix
        self._statistics = statistics
        self._budgets = {Family.LINEAR: funding}

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

    async def paid(self, instrument: Instrument) -> Sequence[int]:
        return await self._apis[instrument.family].get(
            self._prefix[instrument.family] + "/fundingRate",
            [("symbol", instrument.symbol), ("limit", PAID)],
            budget=self._budgets.get(instrument.family),
            lifetime=Lifetime.INDICATOR,
            parse=lambda payload, _: _times(payload),
        )


def _times(payload: Any) -> Sequence[int]:
    paid = [row for row in rows(payload) if row.get("rateType") in REGULAR]
    return sorted(readable(paid, lambda row: moment(row["fundingTime"])))
