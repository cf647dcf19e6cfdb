"""Cumulative volume delta: what takers bought less what they sold."""

from math import nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.models import Floats

CERTAIN = 2.0
"""Standard errors that a mean must lie from 0 before a divergence rests on it."""

LEADING_SHARE = 0.05
LEADING_RATIO = 2.0
"""Least delta/volume of the market that leads, and how many times the other's it must be."""

ABSORBED_SHARE = 0.10
ABSORBED_ATR = 0.25
"""Least delta/volume, and the share of an ATR below which it has not moved the price."""

_TRADES_AT_ONCE = 65_536


class Window(NamedTuple):
    """Taker volume over a span of time, in the unit of its bars.

    `covered_ms`: how much of the span its bars know. Where that is 0, all else is nan.
    """

    bought: float
    sold: float
    covered_ms: int

    @property
    def delta(self) -> float:
        """bought - sold."""
        return self.bought - self.sold

    @property
    def volume(self) -> float:
        """bought + sold."""
        return self.bought + self.sold

    @property
    def delta_share(self) -> float:
        """delta / volume, -1 to 1; nan where nothing was traded."""
        return self.delta / self.volume if self.volume else nan


def delta(bought: Floats, sold: Floats) -> Floats:
    """bought - sold of each bar, shape (n,); nan where either is."""
    return bought - sold


def cumulative(delta: Floats) -> Floats:
    """The running sum, shape (n,), 0 before the first row; nan from the first nan on."""
    return np.cumsum(delta)


def into_bars(
    time_ms: NDArray[np.int64],
    size: Floats,
    bought: NDArray[np.bool_],
    open_ms: NDArray[np.int64],
    step_ms: int,
) -> tuple[Floats, Floats]:
    """Trades, in any order, summed into the bars [open, open + step): (bought, sold), each (bars,).

    Bars ascend and do not overlap. Trades outside of them are left out; a bar without trades is 0,
    one with a size of nan is nan.
    """
    cells = np.zeros(2 * len(open_ms) + 2)
    for first in range(0, len(time_ms), _TRADES_AT_ONCE):
        rows = slice(first, first + _TRADES_AT_ONCE)
        bar = _bars(time_ms[rows], open_ms, step_ms)
        cells += np.bincount(2 * bar + bought[rows], weights=size[rows], minlength=len(cells))
    return cells[3::2], cells[2::2]


def window(  # noqa: PLR0917
    open_ms: NDArray[np.int64],
    step_ms: int,
    bought: Floats,
    sold: Floats,
    start_ms: int,
    end_ms: int,
) -> Window:
    """The bars that lie wholly in [start, end), summed.

    Bars ascend; one in which either side is nan is not covered, just as one that is absent.
    """
    first = np.searchsorted(open_ms, start_ms)
    rows = slice(first, np.searchsorted(open_ms, end_ms - step_ms, "right"))
    bought, sold = bought[rows], sold[rows]
    known = ~(np.isnan(bought) | np.isnan(sold))
    covered = int(np.count_nonzero(known))
    if not covered:
        return Window(nan, nan, 0)
    return Window(float(bought[known].sum()), float(sold[known].sum()), covered * step_ms)


def divergence(close: Floats, delta: Floats, bars: int = 20) -> float:
    """Whether price and takers went opposite ways: +1 bullish, -1 bearish, 0 neither.

    From the last `bars` log returns (of bars + 1 closes) and the last `bars` deltas, of closed
    bars that end together. Both means must lie more than two standard errors from 0,
    |mean| / (sd / sqrt(bars)) > 2 with sd of ddof 1. Bullish: the price falls while takers buy.
    nan where there are fewer rows, where one of them is nan, and where a close is not above 0.
    """
    close, delta = close[-bars - 1 :], delta[-bars:]
    if len(close) <= bars or len(delta) < bars or np.isnan(delta).any() or not (close > 0).all():
        return nan
    trend, flow = _direction(np.diff(np.log(close))), _direction(delta)
    return float(flow) if trend * flow < 0 else 0.0


def leads(spot: float, perps: float) -> str:
    """Who moves the market, from delta/volume over one hour: "spot-led", "perp-led" or "".

    The leader's is at least 5 % and at least twice the other's, which has the same sign.
    Fractions; "" where one is nan.
    """
    if not spot * perps > 0:
        return ""
    spot, perps = abs(spot), abs(perps)
    if spot >= max(LEADING_SHARE, LEADING_RATIO * perps):
        return "spot-led"
    return "perp-led" if perps >= max(LEADING_SHARE, LEADING_RATIO * spot) else ""


def absorbs(perps: float, price_change: float, atr_fraction: float) -> bool:
    """Whether takers pushed one way and the price stood.

    |delta/volume| of the perps over one hour at least 10 %, |price change| below 0.25 ATR(14) of
    1h; all three fractions. False where one is nan.
    """
    return bool(abs(perps) >= ABSORBED_SHARE and abs(price_change) < ABSORBED_ATR * atr_fraction)


def _bars(
    time_ms: NDArray[np.int64], open_ms: NDArray[np.int64], step_ms: int
) -> NDArray[np.int64]:
    """The number of each trade's bar, counted from 1; 0 for the trades outside."""
    bar = np.searchsorted(open_ms, time_ms, "right")
    opened = np.concatenate(([np.iinfo(np.int64).min], open_ms))[bar]
    bar[time_ms >= opened + step_ms] = 0
    return bar


def _direction(column: Floats) -> int:
    """The sign of the mean where it is certain, else 0."""
    mean = float(column.mean())
    certain = abs(mean) * sqrt(len(column)) > CERTAIN * float(column.std(ddof=1))
    return (mean > 0) - (mean < 0) if certain else 0
