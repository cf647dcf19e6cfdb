"""An exchange that knows the bars it is given, and what is read off its one market."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

import numpy as np

from crypto_assistant.desk import Desk
from crypto_assistant.errors import Unreachable
from crypto_assistant.listings.lists import Listings
from crypto_assistant.models import Candles, Family, Floats, Instrument, Timeframe
from crypto_assistant.net.door import Timing
from crypto_assistant.round import Round

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from crypto_assistant.exchanges.base import Exchange
    from crypto_assistant.net.api import Api

R = TypeVar("R")


@dataclass
class Venue:
    """Bars by timeframe, the last of them forming; of others it says that it does not answer."""

    hosts: ClassVar[Mapping[str, Api]] = {}
    name: str = "binance"
    bars: dict[Timeframe, Candles] = field(default_factory=dict)
    asked: list[tuple[Timeframe, int, int | None]] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.name.title()

    @property
    def market(self) -> Instrument:
        return Instrument(self.name, Family.LINEAR, "BTCUSDT", "BTC", "USDT", 1.0, 1.0, 0.1, False)

    async def candles(
        self, market: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> Candles:
        assert market == self.market
        self.asked.append((timeframe, limit, end_ms))
        if timeframe not in self.bars:
            raise Unreachable("no connection")
        bars = self.bars[timeframe]
        until = len(bars) if end_ms is None else int(np.searchsorted(bars.open_ms, end_ms))
        return rows(bars, slice(max(0, until - limit), until))


def rows(bars: Candles, kept: slice | NDArray[np.intp]) -> Candles:
    columns = ("open_ms", "open", "high", "low", "close", "volume", "turnover", "closed")
    return replace(bars, **{name: getattr(bars, name)[kept] for name in columns})


def candles(
    timeframe: Timeframe,
    end_ms: int,
    prices: Sequence[float] | Floats,
    *,
    ranges: Sequence[tuple[float, float]] | None = None,
    volume: Sequence[float] | None = None,
    forming: bool = True,
) -> Candles:
    """Bars that open and close at the prices; the last ends at `end_ms`."""
    close = np.array(prices, float)
    low, high = np.array(ranges, float).T if ranges else (close, close)
    size = np.ones(len(close)) if volume is None else np.array(volume, float)
    return Candles(
        instrument=Venue().market,
        timeframe=timeframe,
        open_ms=end_ms + (np.arange(len(close)) - len(close)) * timeframe.ms,
        open=close,
        high=high,
        low=low,
        close=close,
        volume=size,
        turnover=size * close,
        taker_buy=None,
        taker_buy_turnover=None,
        closed=np.arange(len(close)) < len(close) - forming,
        received_ms=end_ms,
    )


def round_of(*venues: Any, now_ms: int = 0) -> Round:
    """Questions to these venues, of which nothing is listed."""
    exchanges = cast("Sequence[Exchange]", venues)
    desk = Desk(exchanges, timing=Timing(), clock_ms=lambda: now_ms)
    return Round(desk, Listings({}), exchanges)


async def settled(round: Round, build: Callable[[], R]) -> R:
    await round.settle(lambda: None)
    return build()
