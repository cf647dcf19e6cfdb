"""Candles of the prices that nobody trades at: the mark price, the index."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from crypto_assistant.sandbox.candles import Ints, batches
from crypto_assistant.sandbox.catalog import MINUTE
from crypto_assistant.sandbox.grid import Grid
from crypto_assistant.sandbox.noise import Floats, Steps, run


class PriceBars(NamedTuple):
    """start: ms. Prices: quote per base as listed, seen at the start of each minute and now."""

    start: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats


def price_bars(
    grid: Grid,
    ticks: Callable[[Steps], Floats],
    edges: Sequence[int],
    now: int,
    latest: float,
) -> PriceBars:
    """Bars between neighbouring edges (ms, whole minutes) that have begun by now.

    `ticks`: the prices at the start of minutes. `latest`: the price now.
    """
    minute, times = now // MINUTE, np.array(edges, np.int64)
    bounds = np.clip(times // MINUTE, grid.markets[0].listed // MINUTE, minute + 1)
    begun = bounds[1:] > bounds[:-1]

    def prices(minutes: Steps) -> Floats:
        return np.where(minutes > minute, latest, grid.price(ticks(minutes))[0])

    parts = [[np.empty(0)] * 4]
    parts += [_columns(prices, *batch) for batch in batches(bounds[:-1][begun], bounds[1:][begun])]
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return PriceBars(times[:-1][begun], *columns)


def _columns(prices: Callable[[Steps], Floats], starts: Ints, ends: Ints) -> list[Floats]:
    """A bar closes with the price at which the next one opens."""
    first = int(starts[0])
    seen = prices(run(first, int(ends[-1]) + 1 - first))
    close = seen[ends - first]
    # Every other stretch is a gap between bars, empty where the bars are neighbours.
    at = np.stack([starts, ends], axis=1).reshape(-1)[:-1] - first
    return [
        seen[starts - first],
        np.maximum(np.maximum.reduceat(seen, at)[::2], close),
        np.minimum(np.minimum.reduceat(seen, at)[::2], close),
        close,
    ]
