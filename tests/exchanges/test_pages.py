"""Pages that are asked together are one series: no row lost, none doubled, none too many."""

from dataclasses import replace

import numpy as np
import pytest

from crypto_assistant.exchanges.pages import paged
from crypto_assistant.models import OpenInterestHistory
from crypto_assistant.models.series import taken
from tests.exchanges.binance_bodies import PERP

STEP = 300_000
LARGEST = 5
NOW = 4_000 * STEP + 7
"""The newest row is that of 4,000 steps."""


class Venue:
    """Has a row for every step up to its own time, which may differ from ours."""

    def __init__(self, now_ms: int = NOW, oldest: int = 0) -> None:
        self.now_ms = now_ms
        self.oldest = oldest
        self.asked: list[int] = []

    async def page(self, limit: int, end_ms: int | None) -> OpenInterestHistory:
        assert 0 < limit <= LARGEST
        self.asked.append(limit)
        newest = self.now_ms // STEP
        before = newest + 1 if end_ms is None else min(newest + 1, -(-end_ms // STEP))
        rows = np.arange(max(self.oldest, before - limit), before)
        return OpenInterestHistory(PERP, rows * STEP, rows / 2, rows / 4, received_ms=NOW)

    async def last(self, limit: int, end_ms: int | None = None) -> list[int]:
        series = await paged(limit, LARGEST, STEP, self.page, end_ms=end_ms, now_ms=NOW)
        numbers: list[int] = (series.time_ms // STEP).tolist()
        assert series.coins.tolist() == [number / 2 for number in numbers]
        assert series.usd.tolist() == [number / 4 for number in numbers]
        return numbers


LIMITS = range(1, 4 * LARGEST + 2)
"""Around every number of pages up to four."""


@pytest.mark.parametrize("ahead_ms", [-STEP, -8, 0, STEP - 8, STEP])
async def test_the_newest_rows_are_the_venues_whatever_its_clock_says(ahead_ms: int) -> None:
    venue = Venue(NOW + ahead_ms)
    newest = venue.now_ms // STEP
    for limit in LIMITS:
        assert await venue.last(limit) == list(range(newest - limit + 1, newest + 1))


@pytest.mark.parametrize("end_ms", [3_000 * STEP, 3_000 * STEP - 1, 2_999 * STEP + 1])
async def test_rows_before_an_end_come_in_as_few_pages_as_hold_them(end_ms: int) -> None:
    for limit in LIMITS:
        venue = Venue()
        assert await venue.last(limit, end_ms) == list(range(3_000 - limit, 3_000))
        assert len(venue.asked) == -(-limit // LARGEST)
        assert sum(venue.asked) == limit


async def test_the_newest_rows_cost_two_more_than_asked_for() -> None:
    """One on each side of the seam, for a clock that is ahead and for one that is behind."""
    for limit in LIMITS:
        venue = Venue()
        await venue.last(limit)
        assert sum(venue.asked) == (limit if limit <= LARGEST else limit + 2)
        assert len(venue.asked) == -(-sum(venue.asked) // LARGEST)


@pytest.mark.parametrize("end_ms", [None, NOW])
async def test_a_young_market_has_fewer_rows(end_ms: int | None) -> None:
    assert await Venue(oldest=3_997).last(20, end_ms) == [3_997, 3_998, 3_999, 4_000]


@pytest.mark.parametrize("end_ms", [None, NOW])
async def test_a_series_is_as_old_as_its_newest_page(end_ms: int | None) -> None:
    """The others never change: kept for minutes, they say nothing of the bar that is forming."""
    received_ms = [NOW + 2, NOW, NOW + 1]

    async def page(limit: int, end_ms: int | None) -> OpenInterestHistory:
        return replace(await Venue().page(limit, end_ms), received_ms=received_ms.pop())

    series = await paged(12, LARGEST, STEP, page, end_ms=end_ms, now_ms=NOW)
    assert series.received_ms == NOW + 1


async def test_rows_that_a_page_lacks_are_a_gap_and_move_nothing() -> None:
    async def page(limit: int, end_ms: int | None) -> OpenInterestHistory:
        whole = await Venue().page(limit, end_ms)
        return taken(whole, np.flatnonzero(whole.time_ms // STEP % 4 != 0))

    series = await paged(12, LARGEST, STEP, page, end_ms=4_001 * STEP, now_ms=NOW)
    numbers = series.time_ms // STEP
    assert numbers.tolist() == [n for n in range(3_989, 4_001) if n % 4]
    assert series.coins.tolist() == (numbers / 2).tolist()
