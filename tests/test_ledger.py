"""The ledger keeps every line of an account's log once, and asks for none twice."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest

from crypto_assistant.errors import LedgerFailed, Malformed, Unreachable
from crypto_assistant.ledger import (
    AT_ONCE,
    REACH_MARGIN_MS,
    SETTLING_MS,
    Book,
    Ledger,
    Snapshot,
    SnapshotRow,
)
from crypto_assistant.models import Entry, Family, Flow
from crypto_assistant.net.limiter import sharing
from crypto_assistant.state.store import Store
from tests.account_log import BOOK, DAY, HOUR, MINUTE, NOW, PlayedAccount, SetClock, line, quiet
from tests.clock import clock

MIDNIGHT = NOW - NOW % DAY
TEN_DAYS = [line(f"day {n}", MIDNIGHT - n * DAY + HOUR) for n in range(10)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "assistant.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[Ledger]:
    async with Store.opened(path, clock) as store:
        yield Ledger(store)


async def everything(ledger: Ledger, book: Book = BOOK) -> list[Entry]:
    return await ledger.entries(book, 0, 2 * NOW)


async def keys(ledger: Ledger) -> list[str]:
    return [entry.key for entry in await everything(ledger)]


def unreachable(_start_ms: int, _end_ms: int) -> Unreachable:
    return Unreachable("no answer")


async def test_what_has_been_written_for_years_is_read_by_the_same_words(
    path: Path, ledger: Ledger
) -> None:
    words = ("realised", "fee", "funding", "rebate", "liquidation", "transfer", "spot", "other")
    families = ("linear", "inverse", "spot")
    rows = [
        (*BOOK, "key", flow, n, families[n % 3], "BTCUSDT", "USDT", 1.0)
        for n, flow in enumerate(words)
    ]
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    found = await everything(ledger)
    assert [entry.flow for entry in found] == list(Flow)
    assert [entry.family for entry in found[:3]] == [Family.LINEAR, Family.INVERSE, Family.SPOT]


async def test_a_line_is_read_as_it_was_written(ledger: Ledger) -> None:
    lines = [
        Entry("a", Flow.REALISED, NOW - HOUR, Family.INVERSE, "BTCUSD_PERP", "BTC", 0.1 + 0.2),
        Entry("b", Flow.TRANSFER, NOW - MINUTE, None, "", "USDT", -5e-324),
    ]
    await ledger.update(BOOK, PlayedAccount(lines), NOW - DAY, NOW, quiet)
    assert await everything(ledger) == lines


async def test_lines_come_in_the_order_of_time_and_of_their_window_alone(ledger: Ledger) -> None:
    account = PlayedAccount(TEN_DAYS)
    await ledger.update(BOOK, account, MIDNIGHT - 9 * DAY, NOW, quiet)
    first, last = TEN_DAYS[3].time_ms, TEN_DAYS[1].time_ms
    assert await ledger.entries(BOOK, first, last) == [TEN_DAYS[3], TEN_DAYS[2]]


async def test_only_what_may_still_come_late_is_asked_for_again(ledger: Ledger) -> None:
    account = PlayedAccount()
    await ledger.update(BOOK, account, NOW - HOUR, NOW, quiet)
    account.asked.clear()
    account.clock = SetClock(NOW + MINUTE)
    assert await ledger.update(BOOK, account, NOW - HOUR, NOW + MINUTE, quiet) == NOW - HOUR
    assert account.asked == [(NOW - SETTLING_MS, NOW + MINUTE)]


async def test_a_line_that_appears_late_is_found(ledger: Ledger) -> None:
    time_ms, seen_ms = NOW - MINUTE, NOW - MINUTE + HOUR
    account = PlayedAccount([line("late", time_ms)], late={"late": seen_ms})
    for now_ms in (NOW, NOW + 30 * MINUTE):
        account.clock = SetClock(now_ms)
        await ledger.update(BOOK, account, NOW - HOUR, now_ms, quiet)
        assert await keys(ledger) == []
    account.clock = SetClock(seen_ms)
    await ledger.update(BOOK, account, NOW - HOUR, seen_ms, quiet)
    assert await keys(ledger) == ["late"]


async def test_a_line_that_appears_later_than_that_is_found_where_all_is_read_afresh(
    ledger: Ledger,
) -> None:
    time_ms, seen_ms = NOW - MINUTE, NOW + DAY
    account = PlayedAccount([*TEN_DAYS, line("very late", time_ms)], late={"very late": seen_ms})
    for now_ms in (NOW, NOW + SETTLING_MS, seen_ms):
        account.clock = SetClock(now_ms)
        await ledger.update(BOOK, account, MIDNIGHT - 2 * DAY, now_ms, quiet)
    before = await keys(ledger)
    assert "very late" not in before
    account.asked.clear()
    start_ms = MIDNIGHT - DAY
    assert await ledger.update(BOOK, account, start_ms, seen_ms, quiet, afresh=True) == start_ms
    assert min(account.asked)[0] == start_ms
    assert await keys(ledger) == [*before, "very late"]


async def test_one_line_told_twice_is_one_and_its_flows_are_several(ledger: Ledger) -> None:
    funding, fee = line("8", NOW - MINUTE, 2.0, Flow.FUNDING), line("8", NOW - MINUTE, -1.0)
    account = PlayedAccount([funding, fee, funding])
    await ledger.update(BOOK, account, NOW - HOUR, NOW, quiet)
    await ledger.update(BOOK, account, NOW - HOUR, NOW, quiet)
    assert await everything(ledger) == [funding, fee]


@pytest.mark.parametrize("other", [line("8", NOW - MINUTE, -1.0), line("8", NOW - HOUR, 2.0)])
@pytest.mark.parametrize("at_once", [False, True])
async def test_a_line_of_another_amount_or_time_than_before_is_told_and_nothing_is_kept_of_it(
    ledger: Ledger, other: Entry, at_once: bool
) -> None:
    one, window = line("8", NOW - MINUTE, 2.0), (NOW - 2 * HOUR, NOW)
    account = PlayedAccount([one, other] if at_once else [one])
    if not at_once:
        await ledger.update(BOOK, account, *window, quiet)
        account.lines = [other, line("9", NOW - MINUTE)]
    before = await everything(ledger)
    with pytest.raises(Malformed, match=r"^a line of the account log told in two ways: 8$"):
        await ledger.update(BOOK, account, *window, quiet, afresh=True)
    assert await everything(ledger) == before


async def test_no_window_is_longer_than_the_venue_allows_and_each_is_asked_for_alike(
    ledger: Ledger,
) -> None:
    account = PlayedAccount(fails=unreachable)
    for start_ms in (MIDNIGHT - DAY - 5 * HOUR, MIDNIGHT - DAY - 2 * HOUR):
        with pytest.raises(Unreachable):
            await ledger.update(BOOK, account, start_ms, NOW, quiet)
    assert sorted(account.asked) == [
        (MIDNIGHT - DAY - 5 * HOUR, MIDNIGHT - DAY),
        (MIDNIGHT - DAY - 2 * HOUR, MIDNIGHT - DAY),
        *[(MIDNIGHT - DAY, MIDNIGHT)] * 2,
        *[(MIDNIGHT, NOW)] * 2,
    ]


async def test_only_the_gaps_are_asked_for(ledger: Ledger) -> None:
    account = PlayedAccount(TEN_DAYS)
    for day in (2, 4):
        start_ms = MIDNIGHT - day * DAY
        await ledger.update(BOOK, account, start_ms, start_ms + 6 * HOUR, quiet)
    account.asked.clear()
    start_ms, end_ms = MIDNIGHT - 4 * DAY + 3 * HOUR, MIDNIGHT - 2 * DAY + 12 * HOUR
    assert await ledger.update(BOOK, account, start_ms, end_ms, quiet) == start_ms
    assert sorted(account.asked) == [
        (MIDNIGHT - 4 * DAY + 6 * HOUR, MIDNIGHT - 3 * DAY),
        (MIDNIGHT - 3 * DAY, MIDNIGHT - 2 * DAY),
        (MIDNIGHT - 2 * DAY + 6 * HOUR, end_ms),
    ]
    assert await keys(ledger) == ["day 4", "day 3", "day 2"]


async def test_the_windows_around_one_that_fails_are_kept(ledger: Ledger) -> None:
    broken = (MIDNIGHT - 2 * DAY, MIDNIGHT - DAY)
    error = Unreachable("no answer in 8 s")
    account = PlayedAccount(TEN_DAYS, fails=lambda *window: error if window == broken else None)
    start_ms = MIDNIGHT - 3 * DAY
    with pytest.raises(Unreachable) as raised:
        await ledger.update(BOOK, account, start_ms, NOW, quiet)
    assert raised.value is error
    assert await keys(ledger) == ["day 3", "day 1", "day 0"]

    account.asked.clear()
    account.fails = lambda *_: None
    assert await ledger.update(BOOK, account, start_ms, NOW - HOUR, quiet) == start_ms
    assert account.asked == [broken]
    assert await keys(ledger) == ["day 3", "day 2", "day 1", "day 0"]


async def test_a_venue_that_is_down_is_not_asked_for_window_after_window(ledger: Ledger) -> None:
    account = PlayedAccount(fails=unreachable)
    with pytest.raises(Unreachable):
        await ledger.update(BOOK, account, NOW - 60 * DAY, NOW, quiet)
    assert len(account.asked) == AT_ONCE


async def test_a_venue_is_asked_for_a_few_windows_at_once(ledger: Ledger) -> None:
    account = PlayedAccount()
    await ledger.update(BOOK, account, NOW - 60 * DAY, NOW, quiet)
    assert account.most_at_once == AT_ONCE


async def test_of_several_failures_the_first_is_told(ledger: Ledger) -> None:
    numbered = (Unreachable(f"failure {number}") for number in range(AT_ONCE))
    account = PlayedAccount(fails=lambda *_: next(numbered))
    with pytest.raises(Unreachable, match="failure 0"):
        await ledger.update(BOOK, account, NOW - 60 * DAY, NOW, quiet)


async def test_the_latest_windows_are_asked_for_first(ledger: Ledger) -> None:
    account = PlayedAccount()
    await ledger.update(BOOK, account, NOW - 9 * DAY, NOW, quiet)
    assert len(account.asked) == 10
    assert account.asked == sorted(account.asked, reverse=True)


async def test_who_waits_hears_of_every_window(ledger: Ledger) -> None:
    heard: list[tuple[int, int]] = []
    await ledger.update(
        BOOK, PlayedAccount(), MIDNIGHT - 2 * DAY, NOW, lambda *how_many: heard.append(how_many)
    )
    assert heard == [(0, 3), (1, 3), (2, 3), (3, 3)]


async def test_what_the_venue_has_forgotten_is_not_asked_for(ledger: Ledger) -> None:
    account = PlayedAccount()
    since_ms = await ledger.update(BOOK, account, NOW - 100 * DAY, NOW, quiet)
    assert since_ms == min(account.asked)[0] == NOW - 90 * DAY + REACH_MARGIN_MS


async def test_a_window_that_the_venue_has_forgotten_altogether_is_not_complete(
    ledger: Ledger,
) -> None:
    account = PlayedAccount()
    start_ms, end_ms = NOW - 100 * DAY, NOW - 95 * DAY
    assert await ledger.update(BOOK, account, start_ms, end_ms, quiet) == end_ms
    assert account.asked == []


async def test_history_outlives_the_venues(ledger: Ledger) -> None:
    account = PlayedAccount(TEN_DAYS)
    start_ms = MIDNIGHT - 9 * DAY
    await ledger.update(BOOK, account, start_ms, NOW, quiet)
    later_ms = NOW + 85 * DAY
    account.clock, account.lines = SetClock(later_ms), []
    assert await ledger.update(BOOK, account, start_ms, later_ms, quiet) == start_ms
    assert await everything(ledger) == TEN_DAYS[::-1]


async def test_history_with_a_hole_in_it_is_complete_from_the_hole_on(ledger: Ledger) -> None:
    account = PlayedAccount(TEN_DAYS)
    await ledger.update(BOOK, account, MIDNIGHT - 9 * DAY, NOW, quiet)
    later_ms = NOW + 91 * DAY
    account.clock = SetClock(later_ms)
    since_ms = await ledger.update(BOOK, account, MIDNIGHT - 9 * DAY, later_ms, quiet)
    assert since_ms == later_ms - 90 * DAY + REACH_MARGIN_MS


async def test_the_future_is_not_asked_for(ledger: Ledger) -> None:
    account = PlayedAccount()
    await ledger.update(BOOK, account, NOW - HOUR, NOW + 3 * DAY, quiet)
    assert account.asked == [(NOW - HOUR, NOW)]
    assert await ledger.update(BOOK, account, NOW + DAY, NOW + 3 * DAY, quiet) == NOW + DAY


@pytest.mark.parametrize(
    "garbage",
    [
        line("no amount", NOW - HOUR, nan),
        line("no amount", NOW - HOUR, inf),
        line("no time", 0),
        line("no time", NOW),
    ],
)
async def test_garbage_never_gets_into_the_ledger(ledger: Ledger, garbage: Entry) -> None:
    class Garbled(PlayedAccount):
        async def _told(self, start_ms: int, end_ms: int) -> tuple[Entry, ...]:
            return (*await super()._told(start_ms, end_ms), garbage)

    account = Garbled([line("sound", NOW - HOUR)])
    with pytest.raises(Malformed, match=garbage.key):
        await ledger.update(BOOK, account, NOW - 2 * HOUR, NOW, quiet)
    assert await everything(ledger) == []


async def test_the_books_of_two_accounts_are_two(ledger: Ledger) -> None:
    others = [
        BOOK._replace(venue="bybit"),
        BOOK._replace(environment="testnet"),
        BOOK._replace(uid="1002"),
    ]
    for number, book in enumerate([BOOK, *others]):
        account = PlayedAccount([line("1", NOW - HOUR, number)])
        await ledger.update(book, account, NOW - DAY, NOW, quiet)
    for number, book in enumerate([BOOK, *others]):
        assert [entry.coins for entry in await everything(ledger, book)] == [number]


async def test_two_who_ask_at_once_ask_the_venue_once(ledger: Ledger) -> None:
    account = PlayedAccount(TEN_DAYS)
    window = (MIDNIGHT - 5 * DAY, MIDNIGHT)
    await asyncio.gather(*(ledger.update(BOOK, account, *window, quiet) for _ in range(2)))
    assert len(account.asked) == len(set(account.asked)) == 5


async def test_who_gives_up_leaves_what_came_whole(ledger: Ledger) -> None:
    account = PlayedAccount(TEN_DAYS)
    window = (MIDNIGHT - 9 * DAY, MIDNIGHT)

    stalled = asyncio.Event()

    def stall(done: int, _total: int) -> None:
        if done == 2:
            account.open.clear()
            stalled.set()

    update = asyncio.create_task(ledger.update(BOOK, account, *window, stall))
    await stalled.wait()
    update.cancel()
    with pytest.raises(asyncio.CancelledError):
        await update
    assert 2 <= len(await keys(ledger)) < 9
    account.asked.clear()
    account.open.set()
    left = 9 - len(await keys(ledger))
    await ledger.update(BOOK, account, *window, quiet)
    assert len(account.asked) == left
    assert await keys(ledger) == [f"day {n}" for n in range(9, 0, -1)]


async def test_lines_without_their_coverage_are_not_kept(ledger: Ledger, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            """CREATE TRIGGER full BEFORE INSERT ON coverage
            BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"""
        )
    with pytest.raises(LedgerFailed, match=r"database on this host failed: the disk is full$"):
        await ledger.update(BOOK, PlayedAccount(TEN_DAYS), NOW - 5 * DAY, NOW, quiet)
    assert await everything(ledger) == []


async def test_what_a_fast_clock_covered_ahead_of_time_is_asked_for_when_it_has_come(
    ledger: Ledger,
) -> None:
    fast = PlayedAccount(TEN_DAYS, clock=SetClock(NOW + DAY))
    await ledger.update(BOOK, fast, NOW - DAY, NOW + DAY, quiet)
    lines = [*TEN_DAYS, line("new", NOW + HOUR)]
    for now_ms in (NOW + MINUTE, NOW + 5 * HOUR):
        there = [entry for entry in lines if entry.time_ms < now_ms]
        account = PlayedAccount(there, clock=SetClock(now_ms))
        await ledger.update(BOOK, account, NOW - DAY, now_ms, quiet)
    assert "new" in await keys(ledger)


async def test_a_question_does_not_wait_for_who_may_use_a_part_of_the_limits(
    ledger: Ledger,
) -> None:
    slow = PlayedAccount(TEN_DAYS)
    slow.open.clear()
    with sharing(0.5):
        reading = asyncio.create_task(ledger.update(BOOK, slow, NOW - 9 * DAY, NOW, quiet))
    await asyncio.sleep(0)
    account = PlayedAccount(TEN_DAYS)
    async with asyncio.timeout(5):
        await ledger.update(BOOK, account, NOW - DAY, NOW, quiet)
    assert account.asked
    reading.cancel()


async def test_two_processes_may_keep_one_ledger(path: Path) -> None:
    account = PlayedAccount(TEN_DAYS)
    async with Store.opened(path, clock) as one, Store.opened(path, clock) as other:
        odd = [(MIDNIGHT - n * DAY, MIDNIGHT - (n - 1) * DAY) for n in range(1, 10, 2)]
        even = [(MIDNIGHT - n * DAY, MIDNIGHT - (n - 1) * DAY) for n in range(2, 9, 2)]
        await asyncio.gather(
            *(Ledger(one).update(BOOK, account, *window, quiet) for window in odd),
            *(Ledger(other).update(BOOK, account, *window, quiet) for window in even),
        )
        for ledger in (Ledger(one), Ledger(other)):
            assert await keys(ledger) == [f"day {n}" for n in range(9, 0, -1)]


def snapshot(taken_ms: int, *rows: SnapshotRow) -> Snapshot:
    return Snapshot(*BOOK, taken_ms, rows)


async def test_a_snapshot_is_read_as_it_was_taken(ledger: Ledger) -> None:
    taken = snapshot(
        NOW,
        SnapshotRow("unified", "USDT", 0.1 + 0.2, -3.0, 1.0),
        SnapshotRow("funding", "NOPRICE", 5.0, None, None),
    )
    await ledger.keep_snapshot(taken)
    assert await ledger.snapshot_since(BOOK, NOW) == taken


async def test_an_empty_account_has_a_snapshot_too(ledger: Ledger) -> None:
    await ledger.keep_snapshot(snapshot(NOW))
    assert await ledger.snapshot_since(BOOK, NOW) == snapshot(NOW)


async def test_the_first_snapshot_from_a_moment_on_is_found(ledger: Ledger) -> None:
    assert await ledger.first_snapshot_ms(BOOK) is None
    for hours in (2, 0, 1):
        await ledger.keep_snapshot(snapshot(NOW + hours * HOUR))
    assert await ledger.snapshot_since(BOOK, NOW + 1) == snapshot(NOW + HOUR)
    assert await ledger.snapshot_since(BOOK, NOW + 2 * HOUR + 1) is None
    assert await ledger.snapshot_since(BOOK._replace(uid="1002"), NOW) is None
    assert await ledger.first_snapshot_ms(BOOK) == NOW
    assert await ledger.first_snapshot_ms(BOOK._replace(uid="1002")) is None


async def test_a_moment_has_one_snapshot(ledger: Ledger) -> None:
    first = snapshot(NOW, SnapshotRow("trading", "BTC", 1.0, 0.0, 60_000.0))
    await ledger.keep_snapshot(first)
    await ledger.keep_snapshot(replace(first, rows=()))
    assert await ledger.snapshot_since(BOOK, NOW) == first


async def test_a_snapshot_without_its_numbers_is_not_kept(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        await ledger.keep_snapshot(snapshot(NOW, SnapshotRow("trading", "BTC", nan, 0.0, 1.0)))
    assert await ledger.first_snapshot_ms(BOOK) is None
