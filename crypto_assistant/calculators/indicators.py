"""The indicators that traders know by name: RSI, ATR, EMA, Bollinger bands, VWAP, volatility.

Columns come back as long as they went in, nan while an indicator warms up (all nan where it never
does). RSI, ATR and EMA remember: rows of nan ahead are passed over, after a later nan all is nan.
They are seeded with a plain mean, as in TA-Lib. A seed's say fades by (1 - weight) a row: 2e-10 of
it is left after 300 rows of Wilder's 14, 3e-4 after 800 rows of EMA 200.
"""

from functools import lru_cache
from math import nan, sqrt

import numpy as np

from crypto_assistant.models import Floats

_BLOCK = 128
"""Rows that are worked out at once: more is a larger matrix, less is more steps."""


def rsi(close: Floats, period: int = 14) -> Floats:
    """Relative strength index, 0 to 100 (Wilder 1978): 100 * gain / (gain + loss).

    Gain and loss are Wilder's means of the rises and falls from close to close; the first is the
    plain mean of `period` changes and stands in row `period`. nan while the price has never moved:
    0 / 0, which charts draw as 0, 50 or 100.
    """
    changes = np.diff(close, prepend=nan)
    gain = _smooth(np.maximum(changes, 0.0), period, 1 / period)
    move = _smooth(np.abs(changes, out=changes), period, 1 / period)
    with np.errstate(invalid="ignore"):
        gain /= move
    gain *= 100
    return gain


def true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """max(high, close before) - min(low, close before), in price (Wilder 1978).

    nan in row 0, which has no close before it, and where one of the three is nan.
    """
    result = np.full(len(close), nan)
    result[1:] = np.maximum(high[1:], close[:-1])
    result[1:] -= np.minimum(low[1:], close[:-1])
    return result


def atr(high: Floats, low: Floats, close: Floats, period: int = 14) -> Floats:
    """Average true range, in price (Wilder 1978): Wilder's mean of the true range.

    The first is the plain mean of the true ranges of rows 1 to `period` and stands in the latter.
    TradingView also counts row 0, as high - low: 13/14 of that difference is left after each row.
    """
    return _smooth(true_range(high, low, close), period, 1 / period)


def ema(close: Floats, period: int) -> Floats:
    """Exponential moving average, in price: w * close + (1 - w) * before, w = 2 / (period + 1).

    The first is the plain mean of `period` closes and stands in row period - 1.
    """
    return _smooth(close.copy(), period, 2 / (period + 1))


def bollinger(close: Floats, period: int = 20, width: float = 2.0) -> tuple[Floats, Floats, Floats]:
    """Bollinger bands, in price: (mid, upper, lower), mid the mean of the last `period` closes.

    The others lie `width` population standard deviations (ddof 0) of the same closes away, as in
    Bollinger (2001), TradingView and TA-Lib. nan wherever one of the closes is.
    """
    bands = np.full((3, len(close)), nan)
    mid, upper, lower = bands[:, period - 1 :]
    closes = [close[row : row + len(mid)] for row in range(period)]
    mid[:] = upper[:] = 0
    for column in closes:
        mid += column
    mid /= period
    for column in closes:
        upper += np.square(np.subtract(column, mid, out=lower), out=lower)
    upper *= width**2 / period
    np.sqrt(upper, out=upper)
    np.subtract(mid, upper, out=lower)
    upper += mid
    return bands[0], bands[1], bands[2]


def vwap(high: Floats, low: Floats, close: Floats, volume: Floats) -> float:
    """sum((high + low + close) / 3 * volume) / sum(volume) over all rows, in price.

    TradingView's session VWAP with its source hlc3, at the last row of the session. nan where the
    volume sums to 0 and where something is nan.
    """
    traded = float(volume.sum())
    return float(((high + low + close) / 3 * volume).sum()) / traded if traded else nan


def realised_volatility(close: Floats, bars: int = 96) -> float:
    """The standard deviation (ddof 1) of the last `bars` log returns times sqrt(bars), a fraction.

    With 96 bars of 15 minutes: per day, from a mean return that is not taken to be 0. `bars` is at
    least 2. nan with fewer than bars + 1 closes, and where one of those is nan or not above 0.
    """
    used = close[-bars - 1 :]
    if len(used) <= bars or not (used > 0).all():
        return nan
    return float(np.diff(np.log(used)).std(ddof=1)) * sqrt(bars)


def _smooth(column: Floats, period: int, weight: float) -> Floats:
    """In place: y[i] = weight * x[i] + (1 - weight) * y[i - 1], from the mean of `period` x on."""
    start, end = _known(column)
    seed = min(start + period - 1, end)
    if seed < end:
        column[seed] = column[start : seed + 1].mean()
        _recur(column[seed + 1 : end], weight, float(column[seed]))
    column[:seed] = column[end:] = nan
    return column


def _known(values: Floats) -> tuple[int, int]:
    """The first stretch of rows without a nan: [start, end)."""
    gaps = np.append(np.isnan(values), True)
    start = int(gaps.argmin())
    return start, start + int(gaps[start:].argmax())


def _recur(values: Floats, weight: float, before: float) -> None:
    """The recursion in place: each block by a triangular matrix, and what it inherits."""
    within, decay = _powers(weight)
    for first in range(0, len(values), _BLOCK):
        block = values[first : first + _BLOCK]
        size = len(block)
        block[:] = within[:size, :size] @ block + decay[:size] * before
        before = float(block[-1])


@lru_cache(maxsize=8)
def _powers(weight: float) -> tuple[Floats, Floats]:
    """What a row adds to each later one of its block, and what is left of the row before it."""
    row = np.arange(_BLOCK)
    within = weight * np.tril((1 - weight) ** np.maximum(row[:, None] - row, 0))
    return within, np.array((1 - weight) ** (row + 1), float)
