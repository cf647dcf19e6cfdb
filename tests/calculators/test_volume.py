"""Volume against what is usual, by hand and by the definition."""

from math import inf, isnan, log, nan
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.calculators.volume import (
    LEVELS,
    buy_share,
    level,
    pace,
    robust_z,
    rvol,
    same_slot,
    spike,
)
from tests.calculators.columns import DAY, HOUR, amounts, floats, numbers, times

NOON = 20_000 * DAY + 12 * HOUR
HOURS = np.arange(NOON - 8 * DAY, NOON + HOUR, HOUR)


def test_the_same_slot_is_the_bar_that_opens_a_day_two_days_and_so_on_before() -> None:
    volume = np.arange(len(HOURS), dtype=np.float64)
    newest = len(HOURS) - 1
    expected = [newest - 24 * day for day in range(1, 8)]
    assert same_slot(HOURS, volume, NOON, 7).tolist() == expected
    assert same_slot(HOURS, volume, NOON, 2).tolist() == expected[:2]


def test_a_missing_slot_is_nan_in_its_own_place() -> None:
    slots = same_slot(
        times(NOON - 3 * DAY, NOON - DAY + 1, NOON - DAY), floats(3, 99, nan), NOON, 7
    )
    assert np.array_equal(slots, floats(nan, nan, 3, nan, nan, nan, nan), equal_nan=True)
    assert np.isnan(same_slot(times(), floats(), NOON, 7)).all()


def test_relative_volume_by_hand() -> None:
    assert rvol(30, floats(10, 20, 60)) == 1.5
    assert rvol(30, floats(10, 20, 40, 60)) == 1.0
    assert rvol(0, floats(5)) == 0
    assert spike(1.5) == 0.5


@pytest.mark.parametrize("baseline", [(), (1, nan, 1), (0, 0, 9)])
def test_without_a_whole_baseline_there_is_no_relative_volume(baseline: tuple[float, ...]) -> None:
    assert isnan(rvol(10, floats(*baseline)))


@given(st.lists(numbers(1e-3, 1e9), min_size=1), numbers(1e-3, 1e9), numbers(1e-3, 1e3))
def test_relative_volume_is_that_of_the_plain_median_in_any_unit_and_order(
    baseline: list[float], volume: float, unit: float
) -> None:
    usual = rvol(volume, floats(*baseline))
    assert usual == pytest.approx(volume / median(baseline), rel=1e-12)
    assert rvol(volume, floats(*reversed(baseline))) == usual
    assert rvol(volume * unit, floats(*baseline) * unit) == pytest.approx(usual, rel=1e-12)


@pytest.mark.parametrize(
    ("spike", "name"),
    [
        *[(-1, ""), (0.499, ""), (0.5, "ELEVATED"), (1.499, "ELEVATED"), (1.5, "MODERATE")],
        *[(2.999, "MODERATE"), (3, "HIGH"), (4.999, "HIGH"), (5, "EXTREME"), (inf, "EXTREME")],
        (nan, ""),
    ],
)
def test_levels_begin_at_their_thresholds(spike: float, name: str) -> None:
    assert level(spike) == name


def test_levels_are_listed_from_the_lowest() -> None:
    assert [name for _, name in LEVELS] == ["ELEVATED", "MODERATE", "HIGH", "EXTREME"]


def test_robust_z_by_hand() -> None:
    # Logarithms -2, -1, 0, 1, 4: median 0, deviations 2, 1, 0, 1, 4, of which the median is 1.
    baseline = np.exp(floats(-2, -1, 0, 1, 4))
    assert robust_z(float(np.exp(3)), baseline) == pytest.approx(3 / 1.4826)
    assert robust_z(1, baseline) == pytest.approx(0)


def test_robust_z_leaves_out_the_bars_without_trades() -> None:
    baseline = np.exp(floats(-2, -1, 0, 1, 4))
    assert robust_z(5, np.append(baseline, [0, 0, 0])) == robust_z(5, baseline)


@pytest.mark.parametrize(
    ("volume", "baseline"),
    [
        *[(5, ()), (5, (0, 0)), (5, (3,)), (5, (3, 3, 3, 9)), (5, (1, 2, nan))],
        *[(0, (1, 2, 3)), (nan, (1, 2, 3))],
    ],
)
def test_without_spread_or_volume_there_is_no_z(volume: float, baseline: tuple[float, ...]) -> None:
    assert isnan(robust_z(volume, floats(*baseline)))


@given(st.lists(amounts, min_size=2), numbers(1e-6, 1e9))
def test_robust_z_is_that_of_the_plain_definition(baseline: list[float], volume: float) -> None:
    logs = [log(each) for each in baseline if each > 0]
    middle = median(logs) if logs else nan
    mad = median([abs(each - middle) for each in logs]) if logs else 0
    expected = (log(volume) - middle) / (1.4826 * mad) if mad > 1e-9 else nan
    if mad == 0 or mad > 1e-9:
        z = robust_z(volume, floats(*baseline))
        assert z == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True)


def test_pace_waits_for_a_tenth_of_the_bar() -> None:
    assert pace(50, 0.25) == 200
    assert pace(50, 0.1) == 500
    assert isnan(pace(50, 0.0999))
    assert isnan(pace(0, 0))
    assert isnan(pace(nan, 0.5))


def test_buy_share_by_hand() -> None:
    assert buy_share(3, 12) == 0.25
    assert buy_share(0, 12) == 0
    assert isnan(buy_share(0, 0))
    assert isnan(buy_share(nan, 12))
