"""Columns of a figure as they are drawn: bars in pixels, venues on each other, lines in pieces."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from crypto_assistant.charts.figure import Line, Prices
from crypto_assistant.charts.scale import TimeScale
from crypto_assistant.models import Floats


def columns(prices: Prices, time: TimeScale) -> list[tuple[int, int]]:
    """Of each bar its first and its last pixel, an odd number of them."""
    width = time.x(time.start_ms + prices.step_ms) - time.left
    half = max(0, round(0.36 * width - 0.5))
    middles = [round(time.x(at_ms + prices.step_ms / 2)) for at_ms in prices.open_ms.tolist()]
    return [(middle - half, middle + half) for middle in middles]


def stacked(lines: Sequence[Line]) -> list[Floats]:
    """The values of each line, those of areas upon the areas before."""
    found: list[Floats] = []
    below: Floats | None = None
    for line in lines:
        if line.shape == "area":
            below = line.value if below is None else below + line.value
            found.append(below)
        else:
            found.append(line.value)
    return found


def pieces(column: Floats) -> list[slice]:
    """Where values follow each other without a gap."""
    there = np.isfinite(column)
    edges = [0, *(np.flatnonzero(np.diff(there)) + 1).tolist(), len(column)]
    return [slice(a, b) for a, b in pairwise(edges) if b > a and there[a]]
