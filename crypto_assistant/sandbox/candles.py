"""Candles: the minutes of one market, summed between any edges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.sandbox.catalog import MINUTE
from crypto_assistant.sandbox.grid import Grid, Minutes
from crypto_assistant.sandbox.noise import Floats
from crypto_assistant.sandbox.tape import so_far

_BATCH: Final = 1 << 14  # minutes worked on at once

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bars:
    """Candles of one market, oldest first, one row per bar.

    start, end: ms, `end` exclusive. open, high, low, close: quote per base as listed. volume,
    taker_buy: native units (see Market). turnover, taker_buy_turnover: quote units, where inverse
    the coin. The last bar may still be forming.
    """

    start: Ints
    end: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    turnover: Floats
    taker_buy: Floats
    taker_buy_turnover: Floats
    trades: Floats

    def where(self, rows: NDArray[np.bool_]) -> "Bars":
        return Bars(*(getattr(self, column.name)[rows] for column in fields(Bars)))


def candles(grid: Grid, edges: Sequence[int], now: int) -> Bars:
    """Bars between neighbouring edges (ms, whole minutes) that traded and have begun by now."""
    market = grid.markets[0]
    until = now // MINUTE + 1 if market.closed is None else min(now, market.closed) // MINUTE
    times = np.array(edges, np.int64)
    bounds = np.clip(times // MINUTE, market.listed // MINUTE, until)
    traded = bounds[1:] > bounds[:-1]
    columns = _columns(grid, bounds[:-1][traded], bounds[1:][traded], now)
    return Bars(times[:-1][traded], times[1:][traded], *columns)


def joined(earlier: Bars, later: Bars) -> Bars:
    pairs = ((getattr(earlier, f.name), getattr(later, f.name)) for f in fields(Bars))
    return Bars(*(np.concatenate(pair) for pair in pairs))


def batches(starts: Ints, ends: Ints) -> Iterator[tuple[Ints, Ints]]:
    """The same bars, as many at a time as their minutes fit into little memory."""
    row = 0
    while row < len(starts):
        stop = max(row + 1, int(np.searchsorted(ends, starts[row] + _BATCH, "right")))
        yield starts[row:stop], ends[row:stop]
        row = stop


def _columns(grid: Grid, starts: Ints, ends: Ints, now: int) -> list[Floats]:
    parts = [[np.empty(0)] * 9]
    parts += [_sums(grid, *batch, now) for batch in batches(starts, ends)]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _sums(grid: Grid, starts: Ints, ends: Ints, now: int) -> list[Floats]:
    first, end = int(starts[0]), int(ends[-1])
    bars = _minutes(grid, first, end, now)
    turnover, bought = grid.turnover(bars), grid.bought(first, bars)
    share = np.divide(bought, bars.lots, out=np.zeros_like(bought), where=bars.lots > 0)
    # Every other sum is that of a gap between bars, empty where the bars are neighbours.
    at = np.stack([starts, ends], axis=1).reshape(-1)[:-1] - first

    def total(column: Floats) -> Floats:
        sums: Floats = np.add.reduceat(column, at, axis=1)[:, ::2]
        return sums

    return [
        grid.price(bars.open[:, starts - first])[0],
        grid.price(np.maximum.reduceat(bars.high, at, axis=1)[:, ::2])[0],
        grid.price(np.minimum.reduceat(bars.low, at, axis=1)[:, ::2])[0],
        grid.price(bars.close[:, ends - first - 1])[0],
        grid.size(total(bars.lots))[0],
        total(turnover)[0],
        grid.size(total(bought))[0],
        total(turnover * share)[0],
        total(grid.trades(bars.lots))[0],
    ]


def _minutes(grid: Grid, first: int, end: int, now: int) -> Minutes:
    bars = grid.minutes(first, end - first)
    if now // MINUTE == end - 1:
        running = so_far(bars.at(-1), now // 1000 % 60 / 60)
        bars = Minutes(*(column.copy() for column in bars))
        for column, value in zip(bars, running, strict=True):
            column[:, -1] = value
    return bars
