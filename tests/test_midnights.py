"""Where the owner's days begin, also where clocks are moved."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crypto_assistant.midnights import midnight_ms

HOUR = 3_600_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "now", "days", "begins"),
    [
        (None, "2026-09-21T14:13:49", 0, "2026-09-21T00:00"),
        (None, "2026-09-21T00:00", 0, "2026-09-21T00:00"),
        (None, "2026-03-01T00:00", -1, "2026-02-28T00:00"),
        ("Asia/Tokyo", "2026-09-21T15:00", 0, "2026-09-21T15:00"),
        ("Asia/Tokyo", "2026-09-21T14:59:59", 0, "2026-09-20T15:00"),
        ("America/New_York", "2026-01-01T04:00", 0, "2025-12-31T05:00"),
        # Clocks go back at 03:00: a day of 25 hours.
        ("Europe/Berlin", "2026-10-25T12:00", 0, "2026-10-24T22:00"),
        ("Europe/Berlin", "2026-10-25T12:00", 1, "2026-10-25T23:00"),
        # They go forward at 02:00: one of 23.
        ("Europe/Berlin", "2026-03-29T12:00", 0, "2026-03-28T23:00"),
        ("Europe/Berlin", "2026-03-29T12:00", 1, "2026-03-29T22:00"),
        # They go forward at midnight: the day begins at 01:00.
        ("Africa/Cairo", "2026-04-24T12:00", 0, "2026-04-23T22:00"),
        ("Africa/Cairo", "2026-04-24T12:00", 1, "2026-04-24T21:00"),
        ("Africa/Cairo", "2026-04-23T21:59", 0, "2026-04-22T22:00"),
        ("America/Santiago", "2026-09-06T12:00", 0, "2026-09-06T04:00"),
        ("America/Santiago", "2026-09-06T12:00", 1, "2026-09-07T03:00"),
        ("Asia/Kolkata", "2026-09-21T18:30", 0, "2026-09-21T18:30"),
        ("Asia/Kolkata", "2026-09-21T18:29", 0, "2026-09-20T18:30"),
        # They went back at midnight to 23:00 of the day before, which had 25 hours.
        ("America/Sao_Paulo", "2018-02-18T12:00", 0, "2018-02-18T03:00"),
        ("America/Sao_Paulo", "2018-02-18T02:30", 0, "2018-02-17T02:00"),
        # 00:30 comes twice: the day begins with the first midnight.
        ("America/Havana", "2026-11-01T12:00", 0, "2026-11-01T04:00"),
    ],
)
def test_a_day_begins_with_its_first_moment(
    zone: str | None, now: str, days: int, begins: str
) -> None:
    there = ZoneInfo(zone) if zone else None
    assert midnight_ms(ms(now), there, days) == ms(begins)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Africa/Cairo", "America/Santiago"])
def test_in_every_hour_of_a_year_the_midnight_is_behind_and_the_next_one_ahead(zone: str) -> None:
    there, start = ZoneInfo(zone), ms("2026-01-01T00:00")
    for now in range(start, start + 366 * 24 * HOUR, HOUR):
        assert midnight_ms(now, there) <= now < midnight_ms(now, there, 1)
