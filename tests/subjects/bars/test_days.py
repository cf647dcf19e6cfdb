"""Today and yesterday of one market, worked out by hand, around midnight UTC too."""

import numpy as np
import pytest

from crypto_assistant.models import Timeframe
from crypto_assistant.subjects.bars import days
from tests.subjects.venue import Venue, candles, round_of, rows, settled

MINUTE = 60_000
MIDNIGHT = 20_000 * 86_400_000
SECOND = 1000


def minutes(now_ms: int, late: int = 0) -> Venue:
    """Two days up to the minute of `now_ms`, each minute one more expensive than the last."""
    begun = now_ms // MINUTE - late
    end_ms = (begun + 1) * MINUTE
    first = 10_000.0 - (MIDNIGHT // MINUTE - (begun - 2879))
    return Venue(
        bars={Timeframe.M1: candles(Timeframe.M1, end_ms, [first + row for row in range(2880)])}
    )


async def today(venue: Venue, now_ms: int) -> days.Today | None:
    round = round_of(venue, now_ms=now_ms)
    return await settled(round, days.today(round, venue.market))


async def yesterday(venue: Venue, now_ms: int) -> days.Day | None:
    round = round_of(venue, now_ms=now_ms)
    return await settled(round, days.yesterday(round, venue.market))


@pytest.mark.parametrize(
    ("seconds", "bars", "last", "then"),
    [
        (10, 1, 10_000, 9_985),  # 23:45:10 is nearest to 23:45
        (40, 1, 10_000, 9_986),  # 23:45:40 to 23:46
        (180, 4, 10_003, 9_988),
        (14 * 60 + 59, 15, 10_014, 10_000),
        (86_399, 1440, 11_439, 11_425),
    ],
)
async def test_the_day_begins_at_midnight_and_the_quarter_of_an_hour_before_it(
    seconds: int, bars: int, last: float, then: float
) -> None:
    now_ms = MIDNIGHT + seconds * SECOND
    found = await today(minutes(now_ms), now_ms)
    assert found
    assert found.day
    assert (found.day.minutes, found.day.low_price, found.day.high_price) == (bars, 10_000, last)
    assert found.now.last_price == last
    assert found.now.change_15m_fraction == pytest.approx(last / then - 1)


async def test_before_the_first_minute_of_the_day_the_last_price_is_known() -> None:
    """By the venue's clock it is still yesterday."""
    now_ms = MIDNIGHT + SECOND
    found = await today(minutes(now_ms, late=1), now_ms)
    assert found
    assert found.day is None
    assert (found.now.last_price, found.now.vwap_distance_fraction) == (9_999, None)
    assert found.now.change_15m_fraction == pytest.approx(9_999 / 9_985 - 1)


@pytest.mark.parametrize("seconds", [0, 10, 180, 86_399])
async def test_yesterday_is_the_whole_day_before(seconds: int) -> None:
    now_ms = MIDNIGHT + seconds * SECOND
    found = await yesterday(minutes(now_ms), now_ms)
    assert found
    assert (found.minutes, found.low_price, found.high_price) == (1440, 8_560, 9_999)


async def test_averages_and_the_profile_are_of_the_bars_of_the_day() -> None:
    """Three minutes before midnight do not count; most was traded in the row at the bottom."""
    now_ms = MIDNIGHT + 2 * MINUTE + SECOND
    told = candles(
        Timeframe.M1,
        MIDNIGHT + 3 * MINUTE,
        [900, 900, 900, 104, 101, 110],
        ranges=[(800, 990)] * 3 + [(104, 104), (100, 101), (110, 200)],
        volume=[50, 50, 50, 1, 8, 1],
    )
    found = await today(Venue(bars={Timeframe.M1: told}), now_ms)
    assert found
    day = found.day
    assert day
    assert (day.minutes, day.high_price, day.low_price) == (3, 200, 100)
    vwap = (104 * 1 + (100 + 101 + 101) / 3 * 8 + (110 + 200 + 110) / 3 * 1) / 10
    assert day.vwap_price == pytest.approx(vwap)
    assert found.now.vwap_distance_fraction == pytest.approx(110 / vwap - 1)
    assert (day.poc_price, day.val_price, day.vah_price) == (100.5, 100, 101)


async def test_of_a_coin_that_was_not_listed_a_quarter_of_an_hour_ago_no_change_is_known() -> None:
    now_ms = MIDNIGHT + 600 * SECOND
    told = candles(Timeframe.M1, MIDNIGHT + 11 * MINUTE, [5, 6, 7])
    venue = Venue(bars={Timeframe.M1: told})
    found = await today(venue, now_ms)
    assert found
    assert (found.now.last_price, found.now.change_15m_fraction) == (7, None)
    assert await yesterday(venue, now_ms) is None


async def test_a_day_without_a_trade_has_extremes_and_no_averages() -> None:
    told = candles(Timeframe.M1, MIDNIGHT + 2 * MINUTE, [5, 6], volume=[0, 0])
    found = await today(Venue(bars={Timeframe.M1: told}), MIDNIGHT + MINUTE)
    assert found
    assert found.day == days.Day(MIDNIGHT, 2, 6, 5, None, None, None, None)
    assert found.now == days.Now(6, None, None)


async def test_without_any_bar_nothing_is_known() -> None:
    now_ms = MIDNIGHT + SECOND
    for venue in (Venue(), Venue(bars={Timeframe.M1: candles(Timeframe.M1, now_ms, [])})):
        assert await today(venue, now_ms) is None
        assert await yesterday(venue, now_ms) is None


def test_the_nearest_levels_are_two_above_the_price_and_two_below() -> None:
    prices = {"a": 90.0, "b": 95, "c": 99, "d": 100, "e": 101, "f": 120, "unknown": None}
    found = days.nearest(prices, 100.0)
    assert [level.name for level in found] == ["e", "d", "c", "b"]
    assert [level.distance_fraction for level in found] == pytest.approx([0.01, 0.0, -0.01, -0.05])
    assert [level.name for level in days.nearest({"only": 120.0}, 100.0)] == ["only"]
    assert days.nearest({"unknown": None}, 100.0) == []


async def test_a_minute_that_begins_before_the_venue_answers_takes_no_minute_off_the_day() -> None:
    now_ms = MIDNIGHT + 20 * MINUTE - 100
    found = await today(minutes(now_ms + 200), now_ms)
    assert found
    assert found.day
    assert (found.day.start_ms, found.day.minutes) == (MIDNIGHT, 21)


async def test_a_day_with_a_gap_begins_after_it() -> None:
    now_ms = MIDNIGHT + 600 * SECOND
    venue = minutes(now_ms)
    whole = venue.bars[Timeframe.M1]
    kept = np.delete(np.arange(len(whole)), [len(whole) - 5, len(whole) - 1500])
    venue.bars[Timeframe.M1] = rows(whole, kept)
    found, before = await today(venue, now_ms), await yesterday(venue, now_ms)
    assert found
    assert found.day
    assert (found.day.start_ms, found.day.minutes) == (MIDNIGHT + 7 * MINUTE, 4)
    assert before
    assert before.minutes == 1440
