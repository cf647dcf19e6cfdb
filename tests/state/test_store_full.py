"""A full disk stops nothing: what cannot be kept is said, and kept again when there is room."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crypto_assistant.errors import LedgerFailed
from crypto_assistant.ledger import Ledger, Snapshot, SnapshotRow
from crypto_assistant.state.database import Timing
from crypto_assistant.state.store import SCHEMA, Store
from tests.account_log import BOOK
from tests.clock import clock
from tests.state.disks import DISKS, Disk, limit_files, limited
from tests.state.lives import left, left_in

HASTY = Timing(busy=0.05)
"""SQLite waits for others by its own clock."""
RETRY_SECONDS = 60.0
BODY = b"x" * 10_000
MINE = Snapshot(*BOOK, 5, ())


@pytest.fixture(params=DISKS, ids=lambda disk: disk.__name__)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with request.param(tmp_path) as disk:
        yield disk


@pytest.fixture
def path(disk: Disk) -> Path:
    return disk.path / "assistant.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    async with Store.opened(path, clock) as store:
        yield store


async def trouble(store: Store) -> str | None:
    return (await store.condition()).trouble


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]


def kept_in(path: Path) -> list[str]:
    return [file.name for file in path.parent.iterdir() if "corrupt" in file.name]


def in_file(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT update_id FROM inbox ORDER BY update_id").fetchall()
    return [update_id for (update_id,) in rows]


async def test_what_cannot_be_written_is_said_and_there_is_room_again(
    disk: Disk, store: Store, path: Path
) -> None:
    await store.keep({1: b"one", 2: b"two"}, 1)
    assert await trouble(store) is None
    disk.fill()
    assert not await store.keep({3: BODY}, 2)
    await store.forget([1])
    assert await trouble(store) == f"it fails: {disk.reason}"
    assert await left(store) == ([b"two", BODY], [])
    disk.free()
    assert await store.keep({4: b"four"}, 3)
    condition = await store.condition()
    assert (condition.inbox, condition.trouble) == (3, None)
    assert in_file(path) == [2, 3, 4]
    assert kept_in(path) == []


async def test_reading_and_having_nothing_to_keep_do_not_hide_that_nothing_is_written(
    disk: Disk, store: Store
) -> None:
    disk.fill()
    await store.keep({3: BODY}, 2)
    await store.keep({}, 2)
    await store.forget([3])
    await store.read(lambda db: db.execute("SELECT * FROM inbox").fetchall())
    assert await trouble(store)
    disk.free()


async def test_the_ledger_says_why_and_reads_what_it_has(disk: Disk, store: Store) -> None:
    ledger = Ledger(store)
    await ledger.keep_snapshot(MINE)
    disk.fill()
    rows = (SnapshotRow("trading", "USDT", 1.0, 0.0, 1.0),) * 500
    with pytest.raises(LedgerFailed, match=f"the database on this host failed: {disk.reason}"):
        await ledger.keep_snapshot(Snapshot(*BOOK, 6, rows))
    assert await ledger.snapshot_since(BOOK, 0) == MINE
    disk.free()
    await ledger.keep_snapshot(Snapshot(*BOOK, 7, ()))
    assert (await ledger.snapshot_since(BOOK, 6)) == Snapshot(*BOOK, 7, ())


async def test_on_a_full_disk_a_start_keeps_questions_in_memory_and_nothing_of_accounts(
    disk: Disk, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk.fill()
    async with Store.opened(path, clock) as store:
        await store.keep({1: b"one", 2: b"two"}, 1)
        await store.forget([1])
        assert await left(store) == ([], [])
        with pytest.raises(LedgerFailed, match="failed: it cannot be opened: "):
            await Ledger(store).first_snapshot_ms(BOOK)
        with pytest.raises(LedgerFailed, match="failed: it cannot be opened: "):
            await Ledger(store).keep_snapshot(MINE)
        condition = await store.condition()
        assert (condition.path, condition.inbox) == (path, 1)
        assert (condition.trouble or "").startswith("it cannot be opened: ")
        (said,) = errors(caplog)
        assert f"{path}: it cannot be opened" in said
        disk.free()
    assert await left_in(path) == [b"two"], "a stop hands over what was in memory"
    assert kept_in(path) == []


async def test_when_there_is_room_the_file_takes_over_what_was_kept_in_memory(
    disk: Disk, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert await left_in(path) == []
    async with Store.opened(path, clock) as earlier:
        await earlier.keep({1: b"one"}, 1)
    disk.fill()
    async with Store.opened(path, clock, HASTY) as store:
        await store.keep({2: b"two"}, 2)
        await store.keep({3: b"three"}, 3)
        assert (await store.condition()).inbox == 2
        disk.free()
        await asyncio.sleep(RETRY_SECONDS)
        await store.forget([2])
        assert in_file(path) == [1, 3]
        await Ledger(store).keep_snapshot(MINE)
        assert await trouble(store) is None
    assert await left_in(path) == [b"one", b"three"]
    assert [one.getMessage() for one in caplog.records][1:] == [f"the database {path} works again"]


async def test_what_a_stop_on_a_full_disk_loses_is_counted(
    disk: Disk, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk.fill()
    async with Store.opened(path, clock) as store:
        await store.keep({1: b"one", 2: b"two"}, 1)
    assert (
        caplog.records[-1]
        .getMessage()
        .startswith("the inbox on the disk is not what was answered: ")
    )


async def test_a_start_is_tried_again_after_a_while_alone(path: Path, disk: Disk) -> None:
    disk.fill()
    async with Store.opened(path, clock) as store:
        disk.free()
        await asyncio.sleep(RETRY_SECONDS - 1)
        await store.keep({1: b"one"}, 1)
        assert await trouble(store)
        await asyncio.sleep(1)
        await store.keep({2: b"two"}, 2)
        assert await trouble(store) is None


def of_the_first_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(SCHEMA[0])
        connection.execute("INSERT INTO inbox (update_id, body, received_ms) VALUES (9, x'39', 1)")
        connection.execute("PRAGMA user_version = 1")


@pytest.mark.parametrize("pages", range(6))
async def test_a_migration_that_fails_midway_leaves_the_old_version(
    tmp_path: Path, pages: int
) -> None:
    path = tmp_path / "assistant.db"
    of_the_first_version(path)
    before = path.read_bytes()
    with closing(sqlite3.connect(path)) as other, limited(tmp_path):
        # With another process there, only the log of what is written has to grow.
        assert other.execute("PRAGMA user_version").fetchall() == [(1,)]
        limit_files(pages * 4200)
        async with Store.opened(path, clock) as store:
            assert await trouble(store)
        assert other.execute("PRAGMA user_version").fetchall() == [(1,)]
        assert path.read_bytes() == before
    async with Store.opened(path, clock) as store:
        assert await left(store) == ([b"9"], [])
        assert await trouble(store) is None
        await Ledger(store).keep_snapshot(MINE)


async def test_a_database_that_another_process_has_locked_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "assistant.db"
    of_the_first_version(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with Store.opened(path, clock, HASTY) as store:
            assert await trouble(store) == "it cannot be opened: database is locked"
            await store.keep({10: b"ten"}, 2)
            other.execute("COMMIT")
            await asyncio.sleep(RETRY_SECONDS)
            await store.keep({11: b"eleven"}, 3)
            assert await left(store) == ([b"9", b"ten", b"eleven"], [])
    assert kept_in(path) == []


async def test_what_was_left_comes_when_the_file_opens_late_and_once(
    disk: Disk, path: Path
) -> None:
    async with Store.opened(path, clock) as earlier:
        await earlier.keep({1: b"one"}, 1)
    disk.fill()
    async with Store.opened(path, clock, HASTY) as store:
        assert await left(store) == ([], [])
        await store.keep({2: b"two"}, 2)
        disk.free()
        await asyncio.sleep(RETRY_SECONDS)
        await store.keep({3: b"three"}, 3)
        await store.forget([2])
        assert (await store.condition()).inbox == 2
        assert await left(store) == ([b"one", b"three"], [])
        assert await left(store) == ([], [])


async def test_a_database_that_is_up_to_date_opens_while_another_process_writes(
    tmp_path: Path,
) -> None:
    path = tmp_path / "assistant.db"
    assert await left_in(path) == []
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with Store.opened(path, clock, HASTY) as store:
            assert await trouble(store) is None
