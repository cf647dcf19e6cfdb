"""Volume by price: each row by a plain loop, the levels by hand."""

from math import isnan, nan, nextafter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.calculators.profile import Levels, Profile, levels, profile
from crypto_assistant.models import Floats
from tests.calculators.columns import SCALES, amounts, floats, numbers, walk

bar = st.tuples(numbers(1, 2), numbers(1, 2), amounts)


def by_rows(*volume: float) -> Profile:
    """A profile of these rows, a dollar each, from $0."""
    return Profile(np.arange(len(volume) + 1.0), floats(*volume))


def test_a_bar_is_spread_evenly_over_its_range() -> None:
    edges, volume = profile(floats(0, 5), floats(10, 7.5), floats(100, 50), rows=5)
    # The first: 20 in each row of $2. The second, 20 a dollar: from $5 a row's half, and to $7.5.
    assert edges.tolist() == [0, 2, 4, 6, 8, 10]
    assert volume == pytest.approx([20, 20, 40, 50, 20])


def test_a_bar_at_one_price_lies_wholly_in_its_row_on_a_border_in_the_upper() -> None:
    low = floats(0, 3, 4, 10)
    high = floats(10, 3, 4, 10)
    assert profile(low, high, floats(0, 1, 2, 4), rows=5).volume.tolist() == [0, 1, 2, 0, 4]


def test_a_bar_that_ends_on_a_border_leaves_nothing_beyond() -> None:
    found = profile(floats(0, 2), floats(10, 4), floats(0, 7), rows=5)
    assert found.volume == pytest.approx([0, 7, 0, 0, 0], abs=0)


def test_one_row_holds_everything() -> None:
    assert profile(floats(1, 2), floats(3, 4), floats(5, 6), rows=1).volume.tolist() == [11]
    assert profile(floats(0, 2), floats(4, 4), floats(4, 6), rows=2).volume.tolist() == [2, 8]


def test_a_market_at_one_price_has_its_levels_there() -> None:
    found = profile(floats(7, 7), floats(7, 7), floats(1, 2))
    assert set(found.edges.tolist()) == {7}
    assert found.volume.sum() == found.volume[-1] == 3
    assert levels(found) == Levels(7, 7, 7)


def test_no_bars_have_no_profile_and_no_levels() -> None:
    for rows in (floats(), floats(nan)):
        found = profile(rows, rows, rows)
        assert np.isnan(found.edges).all()
        assert found.volume.tolist() == [0] * 100
        assert all(isnan(level) for level in levels(found))


def test_without_volume_there_are_no_levels() -> None:
    found = profile(floats(1), floats(2), floats(0), rows=4)
    assert found.edges.tolist() == [1, 1.25, 1.5, 1.75, 2]
    assert all(isnan(level) for level in levels(found))


@pytest.mark.parametrize("hole", range(3))
def test_a_bar_with_a_gap_is_passed_over(hole: int) -> None:
    bars = np.array([[1, 0, 2], [3, 9, 3], [5, 1, 5]], dtype=np.float64)
    bars[hole, 1] = nan
    found = profile(bars[0], bars[1], bars[2], rows=4)
    whole = profile(floats(1, 2), floats(3, 3), floats(5, 5), rows=4)
    assert found.edges.tolist() == whole.edges.tolist()
    assert found.volume.tolist() == whole.volume.tolist()


def loop(low: Floats, high: Floats, volume: Floats, edges: Floats) -> list[float]:
    rows = [0.0] * (len(edges) - 1)
    for bottom, top, traded in zip(low.tolist(), high.tolist(), volume.tolist(), strict=True):
        for row, (start, end) in enumerate(zip(edges.tolist(), edges.tolist()[1:], strict=False)):
            if bottom < top:
                rows[row] += traded * max(0.0, min(end, top) - max(start, bottom)) / (top - bottom)
            elif start <= bottom < end or (row == len(rows) - 1 and bottom == end):
                rows[row] += traded
    return rows


@given(st.lists(bar, min_size=1, max_size=30), st.integers(1, 40))
def test_a_profile_as_a_plain_loop_makes_it(
    bars: list[tuple[float, float, float]], rows: int
) -> None:
    low = floats(*(min(a, b) for a, b, _ in bars))
    high = floats(*(max(a, b) for a, b, _ in bars))
    volume = floats(*(traded for *_, traded in bars))
    found = profile(low, high, volume, rows)
    expected = loop(low, high, volume, found.edges)
    assert found.volume == pytest.approx(expected, rel=1e-9, abs=1e-12 * volume.sum())
    assert found.volume.sum() == pytest.approx(volume.sum(), rel=1e-12)
    assert (found.volume >= 0).all()
    assert (np.diff(found.edges) >= 0).all()


@pytest.mark.parametrize("scale", SCALES)
def test_a_profile_at_the_price_of_any_coin(scale: float) -> None:
    high, low, _, volume = walk(scale, rows=300)
    found = profile(low, high, volume)
    assert found.volume == pytest.approx(loop(low, high, volume, found.edges), rel=1e-9)
    assert (found.edges[0], found.edges[-1]) == (low.min(), high.max())


@pytest.mark.parametrize("steps", [1, 2, 3, 150])
def test_a_range_of_a_few_roundings_keeps_its_volume(steps: int) -> None:
    top = 1e5
    for _ in range(steps):
        top = nextafter(top, 2e5)
    found = profile(floats(1e5, 1e5), floats(top, 1e5), floats(3, 4))
    assert found.volume.sum() == pytest.approx(7)
    assert (found.volume >= 0).all()
    assert (np.diff(found.edges) >= 0).all()


def test_a_price_that_nobody_traded_has_no_volume_at_all() -> None:
    luck = np.random.default_rng(5)
    low = np.concatenate((luck.uniform(0, 30, 999), luck.uniform(60, 90, 999), [100]))
    found = profile(low, low + 10, luck.lognormal(9, 3, len(low)), rows=110)
    empty = (found.edges[:-1] >= 40) & (found.edges[1:] <= 60)
    assert empty.sum() > 10
    assert (found.volume[empty] == 0).all()


def test_levels_by_hand() -> None:
    # Of 100: 40 in the row from $3, then 20 above, then 12 below: 72.
    assert levels(by_rows(3, 5, 12, 40, 20, 11, 9)) == Levels(3.5, 5, 2)
    assert levels(by_rows(3, 5, 12, 40, 20, 11, 9), share=0.40) == Levels(3.5, 4, 3)
    assert levels(by_rows(3, 5, 12, 40, 20, 11, 9), share=0.41) == Levels(3.5, 5, 3)


def test_of_two_equal_neighbours_the_lower_joins() -> None:
    assert levels(by_rows(20, 60, 20)) == Levels(1.5, 2, 0)
    assert levels(by_rows(20 * (1 - 1e-15), 60, 20)) == Levels(1.5, 2, 0)


def test_at_the_end_of_the_range_the_area_grows_the_other_way() -> None:
    assert levels(by_rows(50, 1, 1, 20, 28)) == Levels(0.5, 4, 0)
    assert levels(by_rows(28, 20, 1, 1, 50)) == Levels(4.5, 5, 1)
    assert levels(by_rows(50, 0, 0, 0, 50)).poc == 0.5


def test_of_equal_rows_the_one_nearest_to_the_middle_has_the_control() -> None:
    assert levels(by_rows(9, 1, 1, 9, 1)).poc == 3.5
    assert levels(by_rows(1, 9, 1, 9, 1)).poc == 1.5
    assert levels(by_rows(1 + 1e-15, 1, 1)).poc == 1.5
    assert levels(by_rows(1.001, 1, 1)).poc == 0.5
    assert levels(by_rows(*[1] * 10)) == Levels(4.5, 7, 0)


def test_rows_that_differ_by_rounding_are_equal() -> None:
    # One bar: 100 equal rows, of which 70 are the area: 49 below the control, then 20 above.
    found = profile(floats(1.1), floats(1.3), floats(7))
    assert len(set(found.volume.tolist())) > 1
    bottom, middle, top = found.edges[[0, 49, 70]]
    assert levels(found).poc == pytest.approx(middle + 0.001)
    assert levels(found)[1:] == (top, bottom)


def test_all_of_the_volume_is_all_of_the_range() -> None:
    assert levels(by_rows(1, 3, 1, 0, 2), share=1.0) == Levels(1.5, 5, 0)
    assert levels(by_rows(1, 3, 1, 0, 2), share=1.1) == Levels(1.5, 5, 0)


@given(st.lists(amounts, min_size=1, max_size=30), numbers(0.01, 1))
def test_the_value_area_is_whole_rows_around_the_control_and_holds_its_share(
    volume: list[float], share: float
) -> None:
    poc, vah, val = levels(by_rows(*volume), share)
    if not any(volume):
        assert isnan(poc)
        return
    assert val < poc < vah
    assert volume[int(poc)] == pytest.approx(max(volume), rel=1e-11)
    area = range(int(val), int(vah))
    inside, wanted = sum(volume[row] for row in area), share * sum(volume)
    assert inside >= wanted * (1 - 1e-9)
    outermost = [volume[row] for row in (area[0], area[-1]) if row != int(poc)]
    assert not outermost or inside - max(outermost) < wanted * (1 + 1e-9)
