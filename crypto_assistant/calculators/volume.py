"""Volume against what is usual: relative volume, its levels, and the share of the buyers."""

from math import isnan, log, nan

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.models import DAY_MS, Floats

LEVELS = ((0.5, "ELEVATED"), (1.5, "MODERATE"), (3.0, "HIGH"), (5.0, "EXTREME"))
"""The least spike of each level, as a fraction, ascending."""

SOONEST_PACE = 0.10
"""Share of a bar that must have passed before its pace says something."""

SD_PER_MAD = 1.4826
"""What makes the median absolute deviation of a normal distribution its standard deviation."""


def same_slot(open_ms: NDArray[np.int64], volume: Floats, at_ms: int, days: int) -> Floats:
    """The volumes of the bars that open exactly 1, 2 ... `days` days before `at_ms`.

    Shape (days,), yesterday first; nan where there is no such bar or its volume is nan.
    """
    wanted = at_ms - DAY_MS * np.arange(1, days + 1)
    _, rows, slots = np.intersect1d(open_ms, wanted, assume_unique=True, return_indices=True)
    result = np.full(days, nan)
    result[slots] = volume[rows]
    return result


def rvol(volume: float, baseline: Floats) -> float:
    """Relative volume: volume / median(baseline), 1 where it is as usual.

    nan where the baseline is empty or holds a nan, and where its median is 0.
    """
    usual = float(np.median(baseline)) if _whole(baseline) else nan
    return volume / usual if usual else nan


def spike(rvol: float) -> float:
    """How far above usual, as a fraction: rvol - 1."""
    return rvol - 1


def level(spike: float) -> str:
    """The name of the highest of `LEVELS` that the spike reaches; "" below all and for nan."""
    return next((name for least, name in reversed(LEVELS) if spike >= least), "")


def robust_z(volume: float, baseline: Floats) -> float:
    """(ln v - median) / (1.4826 MAD) over the logarithms of the baseline's volumes above 0.

    The modified z-score of Iglewicz and Hoaglin (1993). nan where the volume is not above 0,
    where the baseline holds a nan or no volume above 0, and where MAD is 0.
    """
    logs = np.log(baseline[baseline > 0])
    if not (volume > 0 and _whole(baseline) and len(logs)):
        return nan
    middle = np.median(logs)
    mad = float(np.median(np.abs(logs - middle)))
    return float(log(volume) - middle) / (SD_PER_MAD * mad) if mad else nan


def pace(volume: float, elapsed: float) -> float:
    """What a forming bar comes to if it goes on like this: volume / elapsed share of the bar.

    nan until a tenth of the bar has passed.
    """
    return volume / elapsed if elapsed >= SOONEST_PACE else nan


def buy_share(bought: float, volume: float) -> float:
    """The share of the volume that takers bought, 0 to 1; nan where the volume is 0."""
    return bought / volume if volume else nan


def _whole(column: Floats) -> bool:
    """Whether there is something in the column and nothing missing."""
    return len(column) > 0 and not isnan(column.sum())
