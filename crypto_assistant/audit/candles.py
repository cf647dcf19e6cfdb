"""Candles against other candles: the hours of a day against the day, trades against mark prices."""

import numpy as np

from crypto_assistant.audit.check import BTC, COIN_M, Check, Looked
from crypto_assistant.errors import Malformed, Unsupported
from crypto_assistant.exchanges.base import Retelling, Retold
from crypto_assistant.models import Candles, Floats, Timeframe

HOURS = 24
USES = ("candles", "bars", "bars of the week")


async def hours(looked: Looked) -> Candles:
    """Those of the day, all of them; raises Malformed where one is missing."""
    bars = await looked.exchange.candles(looked.instrument, Timeframe.H1, HOURS, looked.end_ms)
    return whole(bars, looked.end_ms)


def whole(bars: Candles, end_ms: int) -> Candles:
    """The bars where they are the hours of the day, all of which have ended; else Malformed."""
    times = np.arange(end_ms - HOURS * bars.timeframe.ms, end_ms, bars.timeframe.ms)
    if not (np.array_equal(bars.open_ms, times) and bars.closed.all()):
        raise Malformed(f"{len(bars)} of {HOURS} hours of a day that has ended")
    return bars


def retold(looked: Looked) -> Retold:
    """What the venue tells a second time; raises Unsupported where that is nothing."""
    if not isinstance(looked.exchange, Retelling):
        raise Unsupported("tells nothing a second time")
    return looked.exchange.retold


def apart(ones: Floats, others: Floats) -> Floats:
    """By how much of the larger one the two of each pair differ; two of nothing do not."""
    gaps, sizes = np.abs(ones - others), np.maximum(np.abs(ones), np.abs(others))
    return np.divide(gaps, sizes, out=gaps, where=sizes != 0)


async def _of_day(looked: Looked) -> float:
    parts = await hours(looked)
    day = await looked.exchange.candles(looked.instrument, Timeframe.D1, 1, looked.end_ms)
    if not len(day) or day.open_ms[0] != looked.end_ms - Timeframe.D1.ms:
        raise Malformed("no candle of a day that has ended")
    sums = [parts.volume.sum(), parts.turnover.sum(), parts.high.max(), parts.low.min()]
    told = [day.volume[0], day.turnover[0], day.high[0], day.low[0]]
    ends = [parts.open[0], parts.close[-1]], [day.open[0], day.close[0]]
    return float(apart(np.array([*sums, *ends[0]]), np.array([*told, *ends[1]])).max())


async def _of_marks(looked: Looked) -> float:
    marks = await retold(looked).mark_candles(looked.instrument, Timeframe.H1, HOURS, looked.end_ms)
    traded = await hours(looked)
    return float(np.median(apart(traded.close, whole(marks, looked.end_ms).close)))


DAY = Check(
    "candles",
    "the day's candle",
    most=0.001,
    unit="%",
    why="every trade is in one hour and in one day; what is left is rounding and late bookings",
    uses=USES,
    coins=(BTC, COIN_M),
    off=_of_day,
)
MARKS = Check(
    "mark prices",
    "its candles",
    most=0.005,
    unit="%",
    why="a mark price follows the trades within tenths of a percent, half of all hours closer",
    uses=(*USES, "mark price"),
    coins=(BTC, COIN_M),
    off=_of_marks,
)
