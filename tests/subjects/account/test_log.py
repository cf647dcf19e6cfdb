"""What is told of a window: the lines of the account log, and the snapshots to hold it against."""

from zoneinfo import ZoneInfo

import pytest

from crypto_assistant.errors import KeyRefused, Unreachable
from crypto_assistant.ledger import Ledger, Snapshot, SnapshotRow
from crypto_assistant.subjects.account.pnl import log
from crypto_assistant.subjects.account.pnl.log import LogWindow
from tests.account_log import DAY, HOUR, MINUTE, NOW, SetClock, line, quiet
from tests.bookkept import BOOK, Written, clock_of, desk_of

ROWS = (
    SnapshotRow("trading", "USDT", 100.0, 1.0, 1.0),
    SnapshotRow("funding", "USDT", 900.0, 0.0, 1.0),
)


MIDNIGHT = NOW - NOW % DAY


async def read(account: Written, days: int, *snapshots: int, zone: str = "UTC") -> LogWindow:
    """With equity written down at these times."""
    async with desk_of(account, ZoneInfo(zone)) as (desk, ledger):
        for taken_ms in snapshots:
            await ledger.keep_snapshot(Snapshot(*BOOK, taken_ms, ROWS))
        return await log.read(desk, account.venue, days, quiet)


async def test_the_lines_are_those_from_the_start_of_the_window_to_now() -> None:
    start_ms = MIDNIGHT - 3 * DAY
    times = (start_ms - 1, start_ms, NOW - 1)
    account = Written([line(str(time), time) for time in times])
    told = await read(account, 3)
    assert [one.time_ms for one in told.entries] == [start_ms, NOW - 1]
    assert told.start_ms == told.complete_since_ms == start_ms
    assert told.end_ms == NOW


async def test_the_window_begins_at_the_owners_midnight_by_the_venues_clock() -> None:
    """It is 23:59 in Tokyo at the venue, whatever this host's clock says."""
    account = Written(clock=SetClock(MIDNIGHT + 15 * HOUR - MINUTE))
    assert (await read(account, 0, zone="Asia/Tokyo")).start_ms == MIDNIGHT - 9 * HOUR
    account = Written(clock=SetClock(MIDNIGHT + 15 * HOUR))
    assert (await read(account, 0, zone="Asia/Tokyo")).start_ms == MIDNIGHT + 15 * HOUR


async def test_a_venue_that_keeps_less_tells_since_when() -> None:
    told = await read(Written(), 120)
    assert told.start_ms == MIDNIGHT - 120 * DAY
    assert told.complete_since_ms == NOW - 90 * DAY + 10 * MINUTE


async def test_lines_from_before_a_gap_are_not_counted() -> None:
    """Nothing was read for so long that the venue has forgotten what came between."""
    long_ago = NOW - 200 * DAY
    account = Written([line("long ago", long_ago), line("new", NOW - DAY)], clock=SetClock(NOW))
    async with desk_of(account) as (desk, ledger):
        clock = clock_of(account)
        clock.ms = long_ago + DAY
        await log.read(desk, account.venue, 2, quiet)
        clock.ms = NOW
        told = await log.read(desk, account.venue, 201, quiet)
        assert len(await ledger.entries(BOOK, 0, NOW)) == 2
    assert [one.key for one in told.entries] == ["new"]


async def test_the_opening_is_the_first_snapshot_in_the_window() -> None:
    start_ms = MIDNIGHT - DAY
    times = (start_ms - 7, start_ms + 70_000, start_ms + 90_000)
    told = await read(Written(), 1, *times)
    assert told.opening is not None
    assert told.opening.taken_ms == start_ms + 70_000
    assert [one.taken_ms for one in told.snapshots] == [start_ms + 70_000, start_ms + 90_000]
    assert told.snapshots_since_ms == start_ms - 7


async def test_of_a_snapshot_only_the_wallets_count_that_the_log_is_about() -> None:
    told = await read(Written(), 1, MIDNIGHT)
    assert told.opening is not None
    assert told.opening.rows == ROWS[:1]


async def test_without_a_snapshot_there_is_no_opening() -> None:
    told = await read(Written(), 1, NOW - 2 * DAY)
    assert told.opening is None
    assert told.snapshots_since_ms == NOW - 2 * DAY
    assert (await read(Written(), 1)).snapshots_since_ms is None


async def test_every_part_that_was_read_is_told() -> None:
    heard: list[tuple[int, int]] = []
    async with desk_of(Written()) as (desk, _):
        await log.read(desk, "okx", 3, lambda *parts: heard.append(parts))
    assert heard[0][0] == 0
    assert heard[-1][0] == heard[-1][1] >= 3


async def test_a_log_that_fails_raises_and_keeps_what_came_whole() -> None:
    account = Written([line("1", NOW - 2 * DAY), line("2", NOW - MINUTE)])
    account.fails = lambda first, _last: Unreachable("HTTP 503") if first < NOW - 2 * DAY else None
    async with desk_of(account) as (desk, ledger):
        with pytest.raises(Unreachable, match="HTTP 503"):
            await log.read(desk, "okx", 5, quiet)
        assert await _kept(ledger) == ["2"]


async def _kept(ledger: Ledger) -> list[str]:
    return [one.key for one in await ledger.entries(BOOK, 0, NOW)]


async def test_nothing_is_asked_with_a_key_that_may_withdraw() -> None:
    account = Written(withdraws=True)
    with pytest.raises(KeyRefused):
        await read(account, 1)
    assert not account.asked
