"""Profit and loss of a position from its fills: by average cost and by FIFO.

Columns are the fills of one market and one leg (hedge mode: a call for each), in the order in which
they happened. `size` is signed, + bought: coins of a linear market, USD of an inverse one. `price`,
above 0, is in USD per coin. Profit is in the settle coin, before fees: USD, or coins if inverse.

    linear:   size * (exit - entry)
    inverse:  size * (1 / entry - 1 / exit)

A fill against the position closes it and realises; what goes beyond it opens the other side at the
fill's own price. Fills of size 0 do nothing.

Floats leave residues: 0.1 + 0.2 - 0.3 is 6e-17. A position becomes 0 where it is at most `FLAT` of
the largest since it last was: a thousandth of the smallest lot in a position of 1e9 lots, and a
hundred times the usual rounding of 100,000 fills.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from math import fsum, nan
from typing import NamedTuple, TypeVar

import numpy as np

from crypto_assistant.models import Floats

FLAT = 1e-12
"""The share of its largest size that a position may have left and still be flat."""

_Price = TypeVar("_Price", float, Floats)


class Lot(NamedTuple):
    """What was bought at a price, or with a negative size sold, and is still open."""

    size: float
    price: float


class Ledger(NamedTuple):
    """What each fill realised, and the position and its mean entry price after it, shape (n,).

    `entry` is nan while flat. `lots` are open after the last fill, the oldest first; by average
    cost there is at most one.
    """

    realised: Floats
    position: Floats
    entry: Floats
    lots: tuple[Lot, ...]
    inverse: bool

    def unrealised(self, mark: float) -> float:
        """What closing the lots at the mark price would realise; 0 while flat."""
        now = _worth(mark, self.inverse)
        return fsum(size * (now - _worth(price, self.inverse)) for size, price in self.lots)


def average_cost(
    size: Floats, price: Floats, opening: Sequence[Lot] = (), *, inverse: bool = False
) -> Ledger:
    """Each close against the mean price of what is open, as the exchanges keep it.

    The mean is weighted by size, that of an inverse market harmonic: sum(size) / sum(size / price).
    A close leaves it as it is. `opening`: what is open before the first fill. Where its price is
    nan, realised and entry are nan until the position is next flat or reversed.
    """
    return _ledger(_against_mean, size, price, opening, inverse)


def fifo(
    size: Floats, price: Floats, opening: Sequence[Lot] = (), *, inverse: bool = False
) -> Ledger:
    """Each close against the oldest lots that are open: first in, first out.

    `opening`: the lots that are open before the first fill, the oldest first. Where a price is nan,
    realised is nan as long as its lot is closed, entry until the position is next flat or reversed.
    """
    return _ledger(_against_oldest, size, price, opening, inverse)


def first_from_flat(size: Floats, position: float) -> int | None:
    """The first fill that found no position open, told from the `position` after the last fill.

    From it on profit is known without an entry price from before the first fill. A fill that
    reverses a position is no such fill: part of it closes. None where there is none.
    """
    before = position - np.cumsum(size[::-1])[::-1]
    largest = np.abs(np.append(before, position)).max()
    flat = np.flatnonzero(np.abs(before) <= FLAT * largest)
    return int(flat[0]) if len(flat) else None


def _worth(price: _Price, inverse: bool) -> _Price:
    """What a unit of size is worth in the settle coin, but for a constant: price or -1 / price.

    So profit is size * (worth at exit - worth at entry) in both kinds of market. The worth of a
    worth is the price again.
    """
    return -1 / price if inverse else price


class _Steps(NamedTuple):
    """The fills one by one, with the opening lots ahead.

    `opened`: how much of the size opened; the rest closed. `worth`: of a unit at the fill's price.
    `position`: after the fill. `dust`: what is nothing beside the largest position since flat.
    """

    size: Floats
    opened: Floats
    worth: Floats
    position: Floats
    dust: Floats


class _Outcome(NamedTuple):
    """What each step realised, the mean worth of what is open after it, and what is open at last.

    `lots`: sizes and worths.
    """

    realised: Floats
    entry: Floats
    lots: Iterable[tuple[float, float]]


def _ledger(
    method: Callable[[_Steps], _Outcome],
    size: Floats,
    price: Floats,
    opening: Sequence[Lot],
    inverse: bool,
) -> Ledger:
    steps = _steps(size, price, opening, inverse)
    realised, entry, lots = method(steps)
    fills = slice(len(opening), None)
    return Ledger(
        realised[fills],
        steps.position[fills],
        _worth(entry[fills], inverse),
        tuple(Lot(size, _worth(worth, inverse)) for size, worth in lots),
        inverse,
    )


def _steps(size: Floats, price: Floats, opening: Sequence[Lot], inverse: bool) -> _Steps:
    size = np.concatenate(([lot.size for lot in opening], size))
    price = np.concatenate(([lot.price for lot in opening], price))
    position, peak = _positions(size)
    before = np.concatenate(([0.0], position))[:-1]
    adds, keeps = before * size >= 0, before * position > 0
    opened = np.where(adds, size, np.where(keeps, 0.0, position))
    return _Steps(size, opened, _worth(price, inverse), position, FLAT * peak)


def _positions(size: Floats) -> tuple[Floats, Floats]:
    """The position after each fill, and the largest since it was last flat."""
    positions, peaks = [], []
    position = peak = 0.0
    for each in size.tolist():
        position += each
        held = abs(position)
        if held > peak:
            peak = held
        elif held <= FLAT * peak:
            position = peak = 0.0
        positions.append(position)
        peaks.append(peak)
    return np.array(positions), np.array(peaks)


def _against_mean(steps: _Steps) -> _Outcome:
    entry = np.array(_means(steps))
    before = np.concatenate(([nan], entry))[:-1]
    closed = steps.size - steps.opened
    realised = np.where(closed, closed * (before - steps.worth), 0.0)
    last = zip(steps.position[-1:].tolist(), entry[-1:].tolist(), strict=True)
    return _Outcome(realised, entry, [(size, worth) for size, worth in last if size])


def _means(steps: _Steps) -> list[float]:
    """The mean worth of what is open after each step."""
    means, mean = [], nan
    columns = (steps.opened.tolist(), steps.worth.tolist(), steps.position.tolist())
    for opened, worth, position in zip(*columns, strict=True):
        if opened == position:
            mean = worth if position else nan
        elif opened:
            mean += (worth - mean) * opened / position
        means.append(mean)
    return means


def _against_oldest(steps: _Steps) -> _Outcome:
    lots: deque[tuple[float, float]] = deque()
    gains, means, mean = [], [], nan
    rows = zip(*(column.tolist() for column in steps), strict=True)
    for size, opened, worth, position, dust in rows:
        gain = _close(lots, opened - size, worth, dust) if opened != size else 0.0
        if opened == position:
            lots.clear()
            mean = worth if position else nan
        else:
            mean += (size * (worth - mean) + gain) / position
        if opened:
            lots.append((opened, worth))
        gains.append(gain)
        means.append(mean)
    realised = np.where(np.isnan(steps.position), nan, gains)
    return _Outcome(realised, np.array(means), lots)


def _close(lots: deque[tuple[float, float]], size: float, worth: float, dust: float) -> float:
    """Takes `size` from the oldest lots: what that realises."""
    gain = 0.0
    while lots and abs(size) > dust:
        held, entry = lots.popleft()
        if abs(held) - abs(size) > dust:
            lots.appendleft((held - size, entry))
            held = size
        gain += held * (worth - entry)
        size -= held
    return gain
