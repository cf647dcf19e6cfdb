"""What takers bought less what they sold, by hand, by plain loops and by its invariants."""

from itertools import accumulate, pairwise
from math import exp, isnan, log, nan, sqrt
from statistics import mean, stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.calculators.cvd import (
    Window,
    absorbs,
    cumulative,
    delta,
    divergence,
    into_bars,
    leads,
    window,
)
from tests.calculators.columns import amounts, floats, numbers, times

STEP = 100
BARS = np.arange(1000, 2000, STEP)

trade = st.tuples(st.integers(500, 2500), amounts, st.booleans())
taker = amounts | st.just(nan)
bar = st.tuples(taker, taker)


def test_delta_and_its_running_sum_by_hand() -> None:
    bars = delta(floats(5, 1, 4), floats(2, 4, 4))
    assert bars.tolist() == [3, -3, 0]
    assert cumulative(bars).tolist() == [3, 0, 0]
    assert cumulative(floats()).tolist() == []


def test_after_a_gap_the_running_sum_is_unknown() -> None:
    bars = delta(floats(5, nan, 4), floats(2, 4, 4))
    assert np.array_equal(cumulative(bars), floats(3, nan, nan), equal_nan=True)


@given(st.lists(st.tuples(amounts, amounts)))
def test_the_running_sum_is_that_of_a_plain_loop(bars: list[tuple[float, float]]) -> None:
    bought, sold = floats(*(b for b, _ in bars)), floats(*(s for _, s in bars))
    expected = list(accumulate(b - s for b, s in bars))
    assert cumulative(delta(bought, sold)).tolist() == expected


def test_trades_fall_into_the_bar_in_which_they_happened() -> None:
    bought, sold = into_bars(
        times(1299, 1100, 1199, 1300, 999, 1150),
        floats(1, 2, 4, 8, 16, 32),
        np.array([True, True, False, True, True, False]),
        times(1000, 1100, 1200),
        STEP,
    )
    assert bought.tolist() == [0, 2, 1]
    assert sold.tolist() == [0, 36, 0]


def test_trades_between_bars_that_are_not_adjacent_are_left_out() -> None:
    bought, sold = into_bars(
        times(1050, 1100, 1250, 1300), floats(1, 2, 4, 8), np.ones(4, bool), times(1000, 1300), STEP
    )
    assert bought.tolist() == [1, 8]
    assert sold.tolist() == [0, 0]


def test_without_trades_bars_are_zero_and_without_bars_there_are_none() -> None:
    bought, sold = into_bars(times(), floats(), np.array([], bool), BARS, STEP)
    assert bought.tolist() == sold.tolist() == [0] * 10
    bought, sold = into_bars(times(1), floats(1), np.array([True]), times(), STEP)
    assert bought.tolist() == sold.tolist() == []


def test_a_trade_of_unknown_size_makes_its_side_of_its_bar_unknown() -> None:
    bought, sold = into_bars(
        times(1000, 1001, 1100), floats(nan, 1, 2), np.array([True, False, True]), BARS[:2], STEP
    )
    assert np.array_equal(bought, floats(nan, 2), equal_nan=True)
    assert sold.tolist() == [1, 0]


@given(st.lists(trade), st.sets(st.integers(5, 24)))
def test_trades_into_bars_as_a_plain_loop_does(
    trades: list[tuple[int, float, bool]], opens: set[int]
) -> None:
    open_ms = times(*sorted(STEP * each for each in opens))
    expected = {(int(each), side): 0.0 for each in open_ms for side in (True, False)}
    for time, size, taker_bought in trades:
        cell = (time // STEP * STEP, taker_bought)
        if cell in expected:
            expected[cell] += size
    time_ms, size_, side_ = zip(*trades, strict=True) if trades else ((), (), ())
    bought, sold = into_bars(times(*time_ms), floats(*size_), np.array(side_, bool), open_ms, STEP)
    assert bought.tolist() == pytest.approx([expected[int(each), True] for each in open_ms])
    assert sold.tolist() == pytest.approx([expected[int(each), False] for each in open_ms])


def test_many_trades_are_counted_once_each() -> None:
    count = 200_000
    time_ms = np.arange(count) % 1200 + 900
    bought, sold = into_bars(time_ms, np.ones(count), time_ms % 2 == 0, BARS, STEP)
    assert (bought + sold).sum() == np.count_nonzero((time_ms >= 1000) & (time_ms < 2000))
    assert bought[0] == np.count_nonzero((time_ms < 1100) & (time_ms >= 1000) & (time_ms % 2 == 0))


def test_a_window_holds_the_bars_that_lie_wholly_in_it() -> None:
    bought, sold = np.arange(10.0), np.full(10, 0.5)
    assert window(BARS, STEP, bought, sold, 1200, 1500) == Window(2 + 3 + 4, 1.5, 300)
    assert window(BARS, STEP, bought, sold, 1201, 1499) == Window(3, 0.5, 100)
    assert window(BARS, STEP, bought, sold, 0, 9999) == Window(45, 5, 1000)


def test_a_bar_that_is_absent_or_half_known_is_not_covered() -> None:
    open_ms = times(1000, 1100, 1200, 1500)
    bought, sold = floats(1, nan, 3, 4), floats(1, 1, 1, 1)
    assert window(open_ms, STEP, bought, sold, 1000, 1600) == Window(8, 3, 300)
    assert window(open_ms, STEP, sold, bought, 1000, 1600) == Window(3, 8, 300)


@pytest.mark.parametrize("span", [(1210, 1290), (0, 1000), (2000, 3000), (1500, 1400), (1000, 0)])
def test_a_window_over_nothing_is_unknown(span: tuple[int, int]) -> None:
    empty = window(BARS, STEP, np.ones(10), np.ones(10), *span)
    assert empty.covered_ms == 0
    assert all(isnan(number) for number in (empty.bought, empty.delta, empty.delta_share))


def test_delta_share_by_hand() -> None:
    assert Window(6, 2, STEP).delta == 4
    assert Window(6, 2, STEP).volume == 8
    assert Window(6, 2, STEP).delta_share == 0.5
    assert isnan(Window(0, 0, STEP).delta_share)


@given(st.lists(bar, min_size=10, max_size=10), st.integers(900, 2100), st.integers(900, 2100))
def test_a_window_sums_what_a_plain_loop_sums(
    bars: list[tuple[float, float]], start: int, end: int
) -> None:
    inside = [
        (b, s)
        for open_ms, (b, s) in zip(BARS.tolist(), bars, strict=True)
        if open_ms >= start and open_ms + STEP <= end and not isnan(b + s)
    ]
    found = window(
        BARS, STEP, floats(*(b for b, _ in bars)), floats(*(s for _, s in bars)), start, end
    )
    assert found.covered_ms == STEP * len(inside)
    if inside:
        assert found.bought == pytest.approx(sum(b for b, _ in inside))
        assert found.sold == pytest.approx(sum(s for _, s in inside))
        assert isnan(found.delta_share) or abs(found.delta_share) <= 1


def test_adjoining_windows_add_up() -> None:
    bought, sold = np.random.default_rng(3).uniform(0, 9, (2, 10))
    early = window(BARS, STEP, bought, sold, 1000, 1400)
    late = window(BARS, STEP, bought, sold, 1400, 2000)
    whole = window(BARS, STEP, bought, sold, 1000, 2000)
    assert whole.delta == pytest.approx(early.delta + late.delta)
    assert whole.covered_ms == early.covered_ms + late.covered_ms


UP = np.exp(np.cumsum(np.tile([0.011, 0.009], 11))[:21])
BUYING = np.tile([3.0, 5.0], 10)
AIMLESS = np.tile([3.0, -3.0], 10)


@pytest.mark.parametrize(
    ("close", "taken", "expected"),
    [
        *[(UP, -BUYING, -1), (1 / UP, BUYING, 1), (UP, BUYING, 0), (1 / UP, -BUYING, 0)],
        *[(UP, AIMLESS, 0), (np.exp(AIMLESS[:1].repeat(21)), BUYING, 0), (UP, 0 * BUYING, 0)],
        (2.0 ** np.arange(21), np.full(20, -1.0), -1),
    ],
)
def test_divergence_needs_both_to_go_surely_and_oppositely(
    close: np.ndarray[tuple[int], np.dtype[np.float64]],
    taken: np.ndarray[tuple[int], np.dtype[np.float64]],
    expected: float,
) -> None:
    assert divergence(close, taken) == expected


def test_divergence_begins_just_above_two_standard_errors() -> None:
    # Deltas 1 + x and 1 - x in turn: mean 1, sd x * sqrt(20 / 19), so two errors at sqrt(19) / 2.
    limit = sqrt(19) / 2
    for spread, expected in ((limit * 0.999, 1.0), (limit * 1.001, 0.0)):
        assert divergence(1 / UP, 1 + np.tile([spread, -spread], 10)) == expected


def test_divergence_looks_at_the_last_bars_alone() -> None:
    close = np.concatenate(([nan, 0.0, 500.0], UP))
    assert divergence(close, np.concatenate((np.full(50, 1e9), -BUYING))) == -1
    assert divergence(UP[-6:], -BUYING[-5:], bars=5) == -1


def test_divergence_is_unknown_with_too_few_bars_or_gaps() -> None:
    assert isnan(divergence(UP[1:], -BUYING))
    assert isnan(divergence(UP, -BUYING[1:]))
    assert isnan(divergence(floats(), floats()))
    for hole in (nan, 0.0, -1.0):
        assert isnan(divergence(np.append(hole, UP[1:]), -BUYING))
    assert isnan(divergence(UP, np.append(-BUYING[1:], nan)))


@given(
    st.lists(numbers(-0.02, 0.03), min_size=20, max_size=20),
    st.lists(numbers(-100, 60), min_size=20, max_size=20),
)
def test_divergence_as_the_definition_says_and_mirrored(
    returns: list[float], taken: list[float]
) -> None:
    close = [exp(each) for each in accumulate([0.0, *returns])]
    seen = [log(after / before) for before, after in pairwise(close)]
    scores = [mean(x) / (stdev(x) / sqrt(20)) if stdev(x) > 1e-9 else nan for x in (seen, taken)]
    if any(isnan(score) or abs(abs(score) - 2) < 1e-6 for score in scores):
        return
    opposite = scores[0] * scores[1] < 0 and min(map(abs, scores)) > 2
    expected = (1.0 if scores[1] > 0 else -1.0) if opposite else 0.0
    assert divergence(floats(*close), floats(*taken)) == expected
    assert divergence(1 / floats(*close), -floats(*taken)) == -expected


@pytest.mark.parametrize(
    ("spot", "perps", "reading"),
    [
        *[(0.05, 0.025, "spot-led"), (0.05, 0.026, ""), (0.0499, 0.01, ""), (0.3, -0.01, "")],
        *[(-0.2, -0.1, "spot-led"), (-0.2, -0.11, ""), (0.02, 0.05, "perp-led")],
        *[(-0.02, -0.04, ""), (-0.01, 0.2, ""), (0.2, 0, ""), (0, 0.2, ""), (0.1, 0.1, "")],
        *[(nan, 0.2, ""), (0.2, nan, "")],
    ],
)
def test_the_leader_has_a_twentieth_and_twice_the_other(
    spot: float, perps: float, reading: str
) -> None:
    assert leads(spot, perps) == reading
    mirrored = {"spot-led": "perp-led", "perp-led": "spot-led", "": ""}
    assert leads(perps, spot) == mirrored[reading]
    assert leads(-spot, -perps) == reading


@pytest.mark.parametrize(
    ("perps", "price_change", "expected"),
    [
        *[(0.10, 0.0024, True), (-0.10, -0.0024, True), (0.0999, 0, False), (0.5, 0.0025, False)],
        *[(0.5, -0.0025, False), (nan, 0, False), (0.5, nan, False)],
    ],
)
def test_absorption_is_a_tenth_taken_and_a_price_that_stands(
    perps: float, price_change: float, expected: bool
) -> None:
    assert absorbs(perps, price_change, 0.01) is expected


def test_nothing_is_absorbed_where_the_range_is_unknown() -> None:
    assert absorbs(0.5, 0, nan) is False
    assert absorbs(0.5, 0, 0) is False
