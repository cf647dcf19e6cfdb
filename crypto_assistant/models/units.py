"""The words that every noun is made of: columns, families of markets, bar lengths."""

from collections.abc import Iterable
from enum import StrEnum
from math import fsum, isnan

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

DOLLARS = ("USDT", "USDC", "USD")
"""What counts as a dollar where prices and sizes are compared."""


class Family(StrEnum):
    """What kind of market: spot, perps margined in a dollar coin, or perps margined in the coin."""

    SPOT = "spot"
    LINEAR = "linear"
    INVERSE = "inverse"


class Timeframe(StrEnum):
    """The bar lengths that all venues share."""

    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H12 = "12h"
    D1 = "1d"

    @property
    def ms(self) -> int:
        """The length of one bar."""
        unit = {"m": 60_000, "h": HOUR_MS, "d": DAY_MS}[self.value[-1]]
        return int(self.value[:-1]) * unit


def known(value: float) -> float | None:
    """A number of a column as a single value: NaN is None."""
    return None if isnan(value) else float(value)


def total(numbers: Iterable[float | None]) -> float | None:
    """The exact sum of the numbers that are known; None where none is."""
    present = [number for number in numbers if number is not None]
    return fsum(present) if present else None
