"""Open interest: its changes, what made them, and the funding that it pays."""

from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.models import Floats

LEAST_ATR = 0.25
LEAST_CHANGES = {"15m": 0.002, "1h": 0.005, "4h": 0.01, "24h": 0.02}
"""Least moves that place a window in a quadrant: of the price in ATR, of open interest."""

HEATS = ((0.0003, "elevated"), (0.0010, "extreme"))
"""The least funding per 8 h of each name, in absolute value, ascending."""

_QUADRANTS = {
    (True, True): "new longs",
    (True, False): "shorts out",
    (False, True): "new shorts",
    (False, False): "longs out",
}
"""By whether the price rose and whether open interest did."""


def nearest(time_ms: NDArray[np.int64], at_ms: int) -> int | None:
    """The row, times ascending, nearest to `at_ms`, the earlier of two; None of no rows."""
    return int(np.argmin(np.abs(time_ms - at_ms))) if len(time_ms) else None


def change(now: float, then: float) -> float:
    """(now - then) / then, a fraction; nan where either is nan or `then` is 0."""
    return (now - then) / then if then else nan


def split(size0: float, price0: float, size1: float, price1: float) -> tuple[float, float]:
    """The change of a linear market's open interest in USD, as (positions, price).

    Positions: (q1 - q0) * p0. Price: q1 * (p1 - p0). Together q1 * p1 - q0 * p0. Sizes in coins,
    prices in USD per coin; nan where one that is needed is nan.
    """
    return (size1 - size0) * price0, size1 * (price1 - price0)


def split_inverse(usd0: float, usd1: float) -> tuple[float, float]:
    """The same of an inverse market, whose contracts are in USD: all of it is positions."""
    return usd1 - usd0, 0.0


def quadrant(price_change: float, atr: float, interest_change: float, least: float) -> str:
    """Who came or went: "new longs", "shorts out", "new shorts" or "longs out".

    "small" where the price moved by less than `LEAST_ATR` or not at all, or open interest by less
    than `least`. `price_change` and `atr` in the same unit, `interest_change` a fraction in the
    market's own contracts. "" where one is nan.
    """
    if isnan(price_change + atr + interest_change):
        return ""
    moved = price_change != 0 and abs(price_change) >= LEAST_ATR * atr
    if not moved or abs(interest_change) < least:
        return "small"
    return _QUADRANTS[price_change > 0, interest_change > 0]


def weighted(rates: Floats, weights: Floats) -> float:
    """sum(rate * weight) / sum(weight) over the rows in which both are known.

    nan where there is none, and where the weights sum to 0.
    """
    known = ~(np.isnan(rates) | np.isnan(weights))
    weight = float(weights[known].sum())
    return float((rates[known] * weights[known]).sum()) / weight if weight else nan


def per_year(rate_8h: float) -> float:
    """A funding rate per 8 h as a simple rate per year: three times a day for 365 days."""
    return rate_8h * 3 * 365


def heat(rate_8h: float) -> str:
    """The name of the highest of `HEATS` that funding reaches; "" below both and for nan."""
    return next((name for least, name in reversed(HEATS) if abs(rate_8h) >= least), "")
