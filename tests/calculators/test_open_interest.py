"""Open interest: changes, their causes, quadrants and funding."""

from fractions import Fraction
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.calculators.open_interest import (
    change,
    heat,
    nearest,
    per_year,
    quadrant,
    split,
    split_inverse,
    weighted,
)
from tests.calculators.columns import amounts, floats, numbers, prices, times

rate = numbers(-0.01, 0.01)


def test_the_nearest_sample_is_the_earlier_of_two() -> None:
    samples = times(100, 200, 300)
    assert [nearest(samples, at) for at in (0, 149, 150, 151, 250, 251, 999)] == [
        *[0, 0, 0, 1, 1, 2, 2]
    ]
    assert nearest(times(), 5) is None
    assert nearest(times(7), 5) == 0


@given(st.lists(st.integers(0, 50), min_size=1, unique=True), st.integers(-10, 60))
def test_the_nearest_sample_as_a_plain_loop_finds_it(samples: list[int], at: int) -> None:
    samples.sort()
    best = 0
    for row, time in enumerate(samples):
        if abs(time - at) < abs(samples[best] - at):
            best = row
    assert nearest(times(*samples), at) == best


def test_change_by_hand() -> None:
    assert change(110, 100) == 0.1
    assert change(0, 100) == -1
    for now, then in ((5, 0), (0, 0), (nan, 5), (5, nan)):
        assert isnan(change(now, then))


def test_the_split_by_hand() -> None:
    # 10 coins at $100 become 12 at $110: two new at the old price, twelve revalued by $10.
    assert split(10, 100, 12, 110) == (200, 120)
    assert split_inverse(1_000_000, 1_250_000) == (250_000, 0)
    assert all(isnan(part) for part in split(10, 100, nan, 110))
    assert isnan(split_inverse(nan, 5)[0])


@given(amounts, prices, amounts, prices)
def test_positions_and_price_make_up_the_whole_change(
    size0: float, price0: float, size1: float, price1: float
) -> None:
    exact = Fraction(size1) * Fraction(price1) - Fraction(size0) * Fraction(price0)
    rounding = 4e-16 * (size0 + size1) * (price0 + price1)
    assert float(sum(map(Fraction, split(size0, price0, size1, price1))) - exact) == pytest.approx(
        0, abs=rounding
    )
    assert split(size0, price0, size0, price1)[0] == 0
    assert split(size0, price0, size1, price0)[1] == 0


@pytest.mark.parametrize(
    ("price", "interest", "expected"),
    [
        *[(2.5, 0.005, "new longs"), (2.5, -0.005, "shorts out")],
        *[(-2.5, 0.005, "new shorts"), (-2.5, -0.005, "longs out")],
        *[(2.499, 0.5, "small"), (-2.499, 0.5, "small")],
        *[(5, 0.0049, "small"), (5, -0.0049, "small")],
        *[(nan, 0.5, ""), (5, nan, "")],
    ],
)
def test_quadrants_begin_at_their_thresholds(price: float, interest: float, expected: str) -> None:
    assert quadrant(price, 10, interest, 0.005) == expected


def test_a_price_that_did_not_move_has_no_quadrant() -> None:
    assert quadrant(0, 0, 0.5, 0.005) == "small"
    assert quadrant(0.1, 0, 0.5, 0.005) == "new longs"
    assert quadrant(1, nan, 0.5, 0.005) == ""


@given(st.lists(st.tuples(rate, numbers(1, 1e10)), min_size=1))
def test_weighted_funding_is_that_of_a_plain_loop_and_within_the_rates(
    pairs: list[tuple[float, float]],
) -> None:
    found = weighted(floats(*(r for r, _ in pairs)), floats(*(w for _, w in pairs)))
    loop = sum(r * w for r, w in pairs) / sum(w for _, w in pairs)
    assert found == pytest.approx(loop, rel=1e-9, abs=1e-15)
    assert min(pairs)[0] - 1e-15 <= found <= max(pairs)[0] + 1e-15


def test_a_rate_per_eight_hours_is_paid_1095_times_a_year() -> None:
    assert per_year(0.0001) == pytest.approx(0.1095)


@pytest.mark.parametrize(
    ("rate", "name"),
    [
        *[(0.00029, ""), (0.0003, "elevated"), (-0.0003, "elevated"), (0.00099, "elevated")],
        *[(0.0010, "extreme"), (-0.0010, "extreme"), (0, ""), (nan, "")],
    ],
)
def test_funding_is_hot_on_either_side(rate: float, name: str) -> None:
    assert heat(rate) == name
