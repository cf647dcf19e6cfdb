"""What is usual for a bar, by bars made by hand."""

from collections.abc import Sequence
from math import isnan, nan

import numpy as np

from crypto_assistant.models import Candles, Family, Timeframe
from crypto_assistant.subjects.bars.baselines import Sample, Series, closed_ms
from tests.markets import markets

STEP = 900_000
DAY = 86_400_000
AT = 100 * DAY
BTC = markets("binance", Family.LINEAR, "BTC/USDT")[0]


def bars(times: Sequence[int], volumes: Sequence[float], *, forming: bool = False) -> Candles:
    column = np.array(volumes, float)
    closed = np.ones(len(column), bool)
    closed[-1:] = not forming
    return Candles(
        BTC,
        Timeframe.M15,
        open_ms=np.array(times, np.int64),
        open=column,
        high=column,
        low=column,
        close=column,
        volume=column,
        turnover=2 * column,
        taker_buy=None,
        taker_buy_turnover=None,
        closed=closed,
        received_ms=AT,
    )


def newest(count: int) -> Candles:
    """The bar at AT with a volume of 500 after `count` others of 1, 2, 3 ..."""
    times = [AT - n * STEP for n in range(count, -1, -1)]
    return bars(times, [*range(1, count + 1), 500])


def week(*volumes: float) -> list[Candles]:
    """The same bar 1, 2, 3 ... days before, each by itself."""
    return [bars([AT - n * DAY], [volume]) for n, volume in enumerate(volumes, 1)]


def test_the_last_closed_bar_is_the_one_before_the_running_one() -> None:
    assert closed_ms(Timeframe.M15, AT + STEP) == AT
    assert closed_ms(Timeframe.M15, AT + 2 * STEP - 1) == AT
    assert closed_ms(Timeframe.D1, AT + DAY) == AT


def test_seven_days_are_better_than_the_bars_before() -> None:
    found = Series.of([newest(96), *week(1, 70, 20, 60, 30, 50, 40)]).closed_at(AT)
    assert (found.volume, found.turnover) == (500, 1000)
    assert list(found.baselines) == ["slot", "bars"]
    assert list(found.slots) == [1, 70, 20, 60, 30, 50, 40]
    assert list(found.bars) == list(range(1, 97))


def test_a_missing_day_or_a_week_without_trades_leaves_the_bars_before() -> None:
    gap = Series.of([newest(96), *week(10, 70, 20, 60, 30, 50)]).closed_at(AT)
    quiet = Series.of([newest(96), *week(9, 0, 0, 0, 0, 8, 7)]).closed_at(AT)
    assert list(gap.baselines) == list(quiet.baselines) == ["bars"]
    assert not gap.has_slots
    assert quiet.has_slots


def test_twenty_bars_are_enough_and_nineteen_are_not() -> None:
    enough, few = (Series.of([newest(count)]).closed_at(AT) for count in (20, 19))
    assert len(enough.baselines["bars"]) == 20
    assert few.baselines == {}
    assert len(few.bars_there) == 19
    assert isnan(few.robust_z)
    assert not isnan(enough.robust_z)


def test_bars_that_are_missing_are_not_counted_as_nothing_traded() -> None:
    times = [AT - n * STEP for n in range(96, -1, -1) if n % 2]
    found = Series.of([bars([*times, AT], [*([7.0] * 48), 21])]).closed_at(AT)
    assert list(found.baselines["bars"]) == [7.0] * 48


def test_a_bar_that_is_not_closed_is_missing_and_its_week_is_not() -> None:
    late = Series.of([bars([AT - STEP, AT], [1, 2], forming=True), *week(*[5.0] * 7)])
    assert isnan(late.closed_at(AT).volume)
    assert late.at(AT).volume == 2
    assert list(late.closed_at(AT).slots) == [5.0] * 7


def test_a_bar_that_came_twice_counts_once() -> None:
    found = Series.of([newest(30), newest(30)]).closed_at(AT)
    assert len(found.bars_there) == 30


def test_a_sum_has_what_all_its_parts_have() -> None:
    one = Sample(1, 10, np.array([1.0, 2.0]), np.array([nan, 5.0, 6.0]))
    other = Sample(2, 20, np.array([10.0, nan]), np.array([1.0, 2.0, 3.0]))
    found = Sample.sum([one, other])
    assert (found.volume, found.turnover) == (3, 30)
    assert found.slots[0] == 11
    assert isnan(found.slots[1])
    assert not found.has_slots
    assert list(found.bars_there) == [7, 9]
