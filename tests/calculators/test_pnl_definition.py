"""Profit and loss against a plain loop in fractions, and what holds whatever the fills are."""

from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate, product
from math import fsum
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.calculators.pnl import Ledger, average_cost, fifo, first_from_flat
from crypto_assistant.models import Floats
from tests.calculators.columns import SCALES, floats

Method = Callable[..., Ledger]
METHODS: list[Method] = [average_cost, fifo]
WAYS = [*product(METHODS, [False, True])]
"""Each method, in linear and in inverse markets: all ways see the same fills, drawn once."""

EXACT = 1e-12
"""How far a profit may be off, as a share of the turnover in the settle coin."""


class Fill(NamedTuple):
    milli: int
    """The signed size in thousandths: exact, where a float is not."""
    price: float


# Small and round sizes let positions come back to 0 and pass through it.
millis = st.integers(-3, 3).map(lambda n: 1000 * n) | st.integers(-5000, 5000)
fill_lists = st.builds(
    lambda rows, scale: [Fill(milli, ticks * scale) for milli, ticks in rows],
    st.lists(st.tuples(millis, st.integers(800, 1250)), max_size=25),
    st.sampled_from(SCALES),
)
some_fills = fill_lists.filter(bool)


def columns(fills: list[Fill]) -> tuple[Floats, Floats]:
    return floats(*(fill.milli / 1000 for fill in fills)), floats(*(fill.price for fill in fills))


def turnover(fills: list[Fill], inverse: bool) -> float:
    """What changed hands in the settle coin."""
    return fsum(abs(m) / 1000 / p if inverse else abs(m) / 1000 * p for m, p in fills)


def about(expected: float | list[float], fills: list[Fill], inverse: bool) -> object:
    return pytest.approx(expected, rel=0, abs=EXACT * turnover(fills, inverse))


def held(expected: float | list[float] | Floats) -> object:
    """Positions of up to 125, a few roundings off."""
    return pytest.approx(expected, rel=0, abs=125 * EXACT)


class Exact(NamedTuple):
    realised: Fraction
    position: Fraction
    entry: Fraction | None


def profit(size: Fraction, entry: Fraction, leave: Fraction, inverse: bool) -> Fraction:
    return size * (1 / entry - 1 / leave) if inverse else size * (leave - entry)


def mean(lots: list[tuple[Fraction, Fraction]], inverse: bool) -> Fraction | None:
    size = sum((size for size, _ in lots), Fraction())
    if not size:
        return None
    if inverse:
        return size / sum(size / price for size, price in lots)
    return sum((size * price for size, price in lots), Fraction()) / size


def by_definition(fills: list[Fill], method: Method, inverse: bool) -> list[Exact]:
    """Lot by lot; at average cost all that is open is one lot at its mean price."""
    lots: list[tuple[Fraction, Fraction]] = []
    told = []
    for milli, price_ in fills:
        left, price, realised = Fraction(milli, 1000), Fraction(price_), Fraction()
        while left and lots and lots[0][0] * left < 0:
            size, entry = lots.pop(0)
            closed = size if abs(size) <= abs(left) else -left
            realised += profit(closed, entry, price, inverse)
            left += closed
            if size != closed:
                lots.insert(0, (size - closed, entry))
        lots += [(left, price)] if left else []
        position, entry_ = sum((size for size, _ in lots), Fraction()), mean(lots, inverse)
        if method is average_cost and entry_ is not None:
            lots = [(position, entry_)]
        told.append(Exact(realised, position, entry_))
    return told


@given(fills=some_fills)
def test_every_row_is_that_of_a_plain_loop_in_fractions(fills: list[Fill]) -> None:
    for method, inverse in WAYS:
        ledger = method(*columns(fills), inverse=inverse)
        exact = by_definition(fills, method, inverse)
        expected = [float(row.realised) for row in exact]
        assert ledger.realised.tolist() == about(expected, fills, inverse)
        assert ledger.position.tolist() == held([float(row.position) for row in exact])
        assert [size == 0 for size in ledger.position] == [row.position == 0 for row in exact]
        entry = [np.nan if row.entry is None else float(row.entry) for row in exact]
        assert ledger.entry.tolist() == pytest.approx(entry, rel=1e-9, nan_ok=True)
        assert fsum(lot.size for lot in ledger.lots) == held(ledger.position[-1])


@given(fills=some_fills, data=st.data())
def test_splitting_a_fill_in_two_changes_nothing(fills: list[Fill], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(fills) - 1))
    milli, price = fills[row]
    part = data.draw(st.integers(min(milli, 0), max(milli, 0)))
    parts = [Fill(part, price), Fill(milli - part, price)]
    for method, inverse in WAYS:
        whole = method(*columns(fills), inverse=inverse)
        split = method(*columns([*fills[:row], *parts, *fills[row + 1 :]]), inverse=inverse)
        realised = split.realised.tolist()
        realised[row : row + 2] = [sum(realised[row : row + 2])]
        assert realised == about(whole.realised.tolist(), fills, inverse)
        assert np.delete(split.position, row) == held(whole.position)
        assert np.delete(split.entry, row) == pytest.approx(whole.entry, rel=1e-9, nan_ok=True)
        assert split.unrealised(price) == about(whole.unrealised(price), fills, inverse)


@given(first=fill_lists, second=fill_lists, luck=st.randoms(use_true_random=False))
def test_the_order_of_independent_coins_changes_nothing(
    first: list[Fill], second: list[Fill], luck: object
) -> None:
    turns = np.array([False] * len(first) + [True] * len(second))
    luck.shuffle(turns)  # type: ignore[attr-defined]
    queues = iter(first), iter(second)
    size, price = columns([next(queues[turn]) for turn in turns.astype(int)])
    for method in METHODS:
        apart = [method(*columns(fills)).realised for fills in (first, second)]
        mixed = np.empty(len(turns))
        for turn in (False, True):
            mixed[turns == turn] = method(size[turns == turn], price[turns == turn]).realised
        assert fsum(mixed) == fsum(np.concatenate(apart))


@given(fills=some_fills)
def test_realised_and_unrealised_are_the_cash_flow_and_the_value(fills: list[Fill]) -> None:
    for method, inverse in WAYS:
        ledger = method(*columns(fills), inverse=inverse)
        mark = fills[0].price * 1.1
        left = sum(milli for milli, _ in fills) / 1000
        if inverse:
            # A dollar of size bought is 1 / price coins received, to be given back at the mark.
            cash, value = fsum(m / 1000 / p for m, p in fills), -left / mark
        else:
            cash, value = -fsum(m / 1000 * p for m, p in fills), left * mark
        earned = fsum(ledger.realised) + ledger.unrealised(mark)
        assert earned == about(cash + value, [*fills, fills[0]], inverse)


@given(fills=some_fills)
def test_both_methods_agree_once_flat(fills: list[Fill]) -> None:
    rest = Fill(-sum(milli for milli, _ in fills), fills[0].price)
    size, price = columns([*fills, rest])
    for inverse in (False, True):
        mean_, oldest = (method(size, price, inverse=inverse) for method in (average_cost, fifo))
        assert mean_.lots == oldest.lots == ()
        assert fsum(oldest.realised) == about(fsum(mean_.realised), [*fills, rest], inverse)


@given(fills=some_fills, cut=st.integers(0, 25))
def test_a_window_opened_with_the_lots_of_the_one_before_goes_on_as_one(
    fills: list[Fill], cut: int
) -> None:
    size, price = columns(fills)
    for method, inverse in WAYS:
        whole = method(size, price, inverse=inverse)
        early = method(size[:cut], price[:cut], inverse=inverse)
        late = method(size[cut:], price[cut:], early.lots, inverse=inverse)
        realised = np.concatenate((early.realised, late.realised))
        assert realised.tolist() == about(whole.realised.tolist(), fills, inverse)
        assert np.concatenate((early.position, late.position)) == held(whole.position)
        mark = fills[0].price
        assert late.unrealised(mark) == about(whole.unrealised(mark), fills, inverse)


@given(fills=some_fills)
def test_the_other_side_of_every_fill_loses_what_this_one_earns(
    fills: list[Fill],
) -> None:
    size, price = columns(fills)
    for method, inverse in WAYS:
        ours, theirs = (method(side, price, inverse=inverse) for side in (size, -size))
        assert theirs.realised.tolist() == (-ours.realised).tolist()
        assert np.array_equal(theirs.entry, ours.entry, equal_nan=True)


@given(st.lists(millis, max_size=25), st.integers(-3, 3).map(lambda n: 1000 * n))
def test_the_first_fill_from_flat_is_that_of_a_plain_loop(sizes: list[int], opening: int) -> None:
    before = list(accumulate(sizes, initial=opening))
    position = before.pop()
    first = first_from_flat(floats(*(size / 1000 for size in sizes)), position / 1000)
    assert first == (before.index(0) if 0 in before else None)


@pytest.mark.parametrize("method", METHODS)
def test_after_a_hundred_thousand_fills_flat_is_still_flat(method: Method) -> None:
    luck = np.random.default_rng(5)
    millis = luck.integers(1, 1_000_000, 100_000)
    millis[[49_999, 99_999]] = 0
    size = np.diff(millis, prepend=0) / 1000
    ledger = method(size, luck.uniform(1, 2, len(size)))
    assert np.flatnonzero(ledger.position == 0).tolist() == [49_999, 99_999]
    assert ledger.lots == ()
    assert first_from_flat(size[1:], 0) == 49_999
