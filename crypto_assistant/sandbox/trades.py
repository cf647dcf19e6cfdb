"""Trades: the minutes of one market told one by one, in sums what the candles say."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.sandbox.catalog import MINUTE
from crypto_assistant.sandbox.grid import Grid, Minutes
from crypto_assistant.sandbox.noise import Floats, Steps
from crypto_assistant.sandbox.tape import turning_points

IDS: Final = 100_000  # of each minute: more than the busiest market needs

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trades:
    """Trades of one market, oldest first, one row each.

    time: ms. number: ascends from trade to trade, with gaps between the minutes. price: quote per
    base as listed. size: native units (see Market). bought: whether the taker bought.
    """

    time: Steps
    number: Steps
    price: Floats
    size: Floats
    bought: Bools

    def __len__(self) -> int:
        return len(self.time)

    def where(self, rows: Bools | slice) -> "Trades":
        return Trades(*(getattr(self, column.name)[rows] for column in fields(Trades)))


def trades(grid: Grid, start: int, end: int, limit: int | None, newest: bool) -> Trades:
    """Those in [start, end) (ms); of more than `limit` the newest or the oldest."""
    first = start // MINUTE
    every = max(1, -(-end // MINUTE) - first)
    count = every if limit is None else 1
    while True:
        found = _minutes(grid, first + every - count if newest else first, count)
        found = found.where((found.time >= start) & (found.time < end))
        if count == every or len(found) >= (limit or 0):
            return found.where(_ends(len(found), limit, newest))
        count = min(count * 2, every)


def _ends(found: int, limit: int | None, newest: bool) -> slice:
    return (
        slice(max(0, found - (found if limit is None else limit)), None) if newest else slice(limit)
    )


def _minutes(grid: Grid, first: int, count: int) -> Trades:
    """Of each minute the trades that bought and those that sold, in the order of their times."""
    bars = grid.minutes(first, count)
    lots, counts = _sides(grid, first, bars)
    side = np.repeat(np.arange(2 * count), counts)
    minute = side // 2
    number = (first + minute) * IDS + _places(counts.reshape(-1, 2).sum(axis=1))
    phase = grid.luck(17, number)[0]
    time = (first + minute) * MINUTE + (phase * MINUTE).astype(np.int64)
    order = np.argsort(time, kind="stable")
    sizes = _split(lots, counts, side, grid.luck(19, number)[0])
    return Trades(
        time=time[order],
        number=number,
        price=grid.price(_path(bars, minute, phase)[None, order])[0],
        size=grid.size(sizes[None, order].astype(np.float64))[0],
        bought=side[order] % 2 == 0,
    )


def _sides(grid: Grid, first: int, bars: Minutes) -> tuple[Steps, Steps]:
    """Lots and number of trades, minute by minute: what takers bought, what they sold."""
    lots, every = bars.lots[0], grid.trades(bars.lots)[0]
    bought = grid.bought(first, bars)[0]
    sold = lots - bought
    fewest = np.maximum(every - sold, np.minimum(bought, 1))
    most = np.minimum(bought, every - np.minimum(sold, 1))
    buys = np.clip(np.rint(every * bought / np.maximum(lots, 1)), fewest, most)
    pairs = (bought, sold), (buys, every - buys)
    both, counts = (np.stack(pair, axis=1).ravel().astype(np.int64) for pair in pairs)
    return both, counts


def _split(lots: Steps, counts: Steps, side: Steps, luck: Floats) -> Steps:
    """Each side's lots over its trades: one each, the rest by luck, most of it to a few.

    Whole numbers throughout, so that a trade does not depend on what is asked with it.
    """
    weight = np.cumsum(1 + (luck**4 * 2**20).astype(np.int64))
    before = np.concatenate([[0], weight])[np.cumsum(counts) - counts]
    total = np.concatenate([[0], weight])[np.cumsum(counts)] - before
    spare = (lots - counts)[side]
    upto = np.rint((weight - before[side]) / total[side] * spare).astype(np.int64)
    previous = np.where(_places(counts) == 0, 0, np.roll(upto, 1))
    split: Steps = 1 + upto - previous
    return split


def _places(counts: Steps) -> Steps:
    """0, 1, 2 ... within each group of so many."""
    starts = np.cumsum(counts) - counts
    return np.arange(counts.sum()) - np.repeat(starts, counts)


def _path(bars: Minutes, minute: Steps, phase: Floats) -> Floats:
    """Ticks at a phase (0 to 1) of a minute, where `so_far` has the last price."""
    turns = np.stack([column[0] for column in turning_points(bars)])
    leg = (phase * 3).astype(np.int64)
    start, end = turns[leg, minute], turns[leg + 1, minute]
    ticks: Floats = np.rint(start + (end - start) * (phase * 3 - leg))
    return ticks
