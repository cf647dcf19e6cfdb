"""What time OKX's rows of statistics bear: a belief, decided from the rows themselves.

The documentation names the time of a row, not what it is the time of. What production sent, days
from 16:00 to 16:00 UTC, which are the days of Hong Kong:

- Takers by coin, 26 weeks: the quiet days are the rows of Saturday and Sunday 16:00, where those
  two days end. A row bears the end of its day.
- Takers by contract: the quiet days are the rows of Friday and Saturday 16:00. A row bears the
  start; it is the same part, within 1.1 %, of the row by coin that bears a day more.
- Open interest and ratios: a row is the value at its time.

Of shorter rows there is no evidence, and nobody promises that it stays so: the program checks.
"""

from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.models import Floats

FEWEST = 24
"""Rows that are compared, at least."""
CLOSEST = 0.10
"""How far from the candles' volumes the rows of the right date may be."""
NEAR = 0.02
"""How far from what is open now the newest sample of open interest may be."""

Times = NDArray[np.int64]


class Fit(NamedTuple):
    """How far rows of takers are from candles, if they bear the start of their period, or the end.

    Each is the median of their relative differences, NaN where fewer than FEWEST can be compared.
    """

    start: float
    end: float

    @property
    def lag(self) -> int | None:
        """0 where rows bear the start, 1 where they bear the end, None where neither is clear."""
        best, other = sorted(self)
        clear = best <= CLOSEST and 2 * best <= other and best < other
        return (self.start, self.end).index(best) if clear else None


def fit(times: Times, traded: Floats, open_ms: Times, volume: Floats, step_ms: int) -> Fit:
    """Of rows (their `times` ms, what was `traded`) to candles of the same length and unit."""
    return Fit(*(_median_off(times - lag * step_ms, traded, open_ms, volume) for lag in (0, 1)))


def apart(sample: float, now: float) -> float:
    """The relative difference of open interest to what it is now, NaN where there is none."""
    return abs(sample / now - 1) if now > 0 else nan


def _median_off(starts: Times, traded: Floats, open_ms: Times, volume: Floats) -> float:
    _, rows, bars = np.intersect1d(starts, open_ms, return_indices=True)
    taken, counted = traded[rows], volume[bars]
    both = (counted > 0) & ~np.isnan(taken)
    if both.sum() < FEWEST:
        return nan
    return float(np.median(np.abs(taken[both] / counted[both] - 1)))
