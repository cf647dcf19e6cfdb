"""Volume by price: where it was traded, and the levels that it leaves behind."""

from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.models import Floats

_Rows = NDArray[np.intp]

EQUAL = 1e-12
"""Volumes that differ by less than this fraction differ by the rounding of their sums."""


class Profile(NamedTuple):
    """`edges`: the rows' borders, ascending, in price. `volume`: of each row, in coins."""

    edges: Floats
    volume: Floats


class Levels(NamedTuple):
    """Point of control and the borders of the value area, in price."""

    poc: float
    vah: float
    val: float


def profile(low: Floats, high: Floats, volume: Floats, rows: int = 100) -> Profile:
    """Each bar's volume spread evenly over low..high, in equal rows from the lowest to the highest.

    A bar with low == high lies wholly in its row, on a border in the upper one. A bar with a nan
    is passed over. One price only: all edges are that price, the last row has all volume.
    No bars: edges of nan, volume 0. Shapes (rows + 1,) and (rows,).
    """
    known = ~(np.isnan(low) | np.isnan(high) | np.isnan(volume))
    if not known.any():
        return Profile(np.full(rows + 1, nan), np.zeros(rows))
    if not known.all():
        low, high, volume = low[known], high[known], volume[known]
    edges = np.linspace(low.min(), high.max(), rows + 1)
    return Profile(edges, _spread(edges, low, high, volume))


def levels(profile: Profile, share: float = 0.70) -> Levels:
    """The middle of the row with most volume, and the area around it that holds `share` of all.

    The area grows from that row by the larger of its two neighbours, the lower of equal ones, and
    ends on its outer edges. Of equal rows with most volume the nearest to the middle of the range
    counts, as on the CBOT, then the lower. nan where there is no volume.
    """
    edges, volume = profile
    if not volume.any():
        return Levels(nan, nan, nan)
    poc = _busiest(volume)
    bottom, top = _value_area(volume.tolist(), poc, share)
    return Levels(
        float(edges[poc] + edges[poc + 1]) / 2, float(edges[top + 1]), float(edges[bottom])
    )


def _spread(edges: Floats, low: Floats, high: Floats, volume: Floats) -> Floats:
    """The volume of each row: whole bars, both ends of the bars over several, what lies between."""
    rows = len(edges) - 1
    first = np.minimum(edges.searchsorted(low, "right") - 1, rows - 1)
    last = np.maximum(edges.searchsorted(high) - 1, first)
    wide = last > first
    result = np.zeros(rows)
    result += np.bincount(first, np.where(wide, 0.0, volume), rows)
    density = np.divide(volume, high - low, out=np.zeros(len(low)), where=wide)
    result += np.bincount(first, density * (edges[first + 1] - low), rows)
    result += np.bincount(last, density * (high - edges[last]), rows)
    result += _between(first, last, density, rows) * np.diff(edges)
    return result


def _between(first: _Rows, last: _Rows, density: Floats, rows: int) -> Floats:
    """Of each row the density of the bars that begin below it and end above it.

    By sums alone: differences would leave a rounding error in rows that nobody traded.
    """
    pairs = np.bincount(first * rows + last, density, rows * rows).reshape(rows, rows)
    begun = pairs.cumsum(axis=0)
    across = begun[:, ::-1].cumsum(axis=1)[:, ::-1]
    result = np.zeros(rows)
    result[1:-1] = across[:-2, 2:].diagonal()
    return result


def _busiest(volume: Floats) -> int:
    rows = np.flatnonzero(volume >= volume.max() * (1 - EQUAL))
    middle = (len(volume) - 1) / 2
    return int(rows[np.argmin(np.abs(rows - middle))])


def _value_area(volume: list[float], poc: int, share: float) -> tuple[int, int]:
    """The lowest and the highest row of the area."""
    bottom = top = poc
    inside, wanted = volume[poc], share * sum(volume) * (1 - EQUAL)
    while inside < wanted and top - bottom + 1 < len(volume):
        below = volume[bottom - 1] if bottom else -1.0
        above = volume[top + 1] if top + 1 < len(volume) else -1.0
        if above > below * (1 + EQUAL):
            top, inside = top + 1, inside + above
        else:
            bottom, inside = bottom - 1, inside + below
    return bottom, top
