"""Columns for the tests, read-only as an adapter's are: no calculator writes to its arguments."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from crypto_assistant.models import Floats

SCALES = (1e-8, 1e-4, 1.0, 1e5)
"""Prices from PEPE to BTC."""

HOUR = 3_600_000
DAY = 24 * HOUR


class Bars(NamedTuple):
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def walk(scale: float = 1.0, rows: int = 1000, seed: int = 7) -> Bars:
    """Bars whose closes go up and down by about a percent."""
    luck = np.random.default_rng(seed)
    close = scale * np.exp(np.cumsum(luck.normal(0, 0.01, rows)))
    reach = close * luck.uniform(0, 0.02, (2, rows))
    bars = Bars(close + reach[0], close - reach[1], close, luck.lognormal(3, 1, rows))
    for column in bars:
        column.flags.writeable = False
    return bars


def floats(*values: float) -> Floats:
    column = np.array(values, dtype=np.float64)
    column.flags.writeable = False
    return column


def times(*values: int) -> NDArray[np.int64]:
    column = np.array(values, dtype=np.int64)
    column.flags.writeable = False
    return column


def numbers(least: float, most: float) -> st.SearchStrategy[float]:
    return st.floats(least, most, allow_nan=False, allow_subnormal=False)


amounts = numbers(0, 1e9)
prices = numbers(1e-8, 1e6)
