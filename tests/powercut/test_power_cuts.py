"""A power cut at any write leaves a whole database, with all that was acknowledged."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from crypto_assistant.state.store import Store
from tests.account_log import BOOK
from tests.clock import clock
from tests.powercut.lives import BODY, window
from tests.powercut.recording import Recorder, Recording
from tests.state import former

CUTS, CUTS_OF_A_COMMAND = 200, 50
ROWS = 300

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is missing: apt install gcc"),
]


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder.built(tmp_path)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """What is watched; the state directory is in it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    return disk


def cuts(recording: Recording, tmp_path: Path, number: int) -> Iterator[tuple[Path, list[int]]]:
    """What is left by each, and what had been acknowledged."""
    for seed in range(number):
        left = tmp_path / f"cut {seed}"
        left.mkdir()
        yield left, recording.cut(Random(seed), left)  # noqa: S311
        shutil.rmtree(left)


def column(path: Path, sql: str) -> set[int]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {int(value) for (value,) in connection.execute(sql)}


async def open_and_close(path: Path) -> None:
    async with Store.opened(path, clock) as store:
        condition = await store.condition()
        assert (store.begun_anew, condition.trouble) == (0, None)


def is_lost(path: Path, acknowledged: list[int]) -> bool:
    """Whether something is, of all that the steps had done."""
    last = max(acknowledged, default=-1)
    inbox = column(path, "SELECT update_id FROM inbox")
    holds = column(path, "SELECT substr(venue, 7) FROM holds")
    covered = column(path, "SELECT end_ms FROM coverage")
    steps = set(range(last + 1))
    kept = {number for number in steps if number % 3}
    forgotten = {number for number in steps if number % 3 == 0} - {last}
    return not (
        kept <= inbox
        and not forgotten & inbox
        and steps <= column(path, "SELECT key FROM entries")
        and steps <= column(path, "SELECT taken_ms FROM snapshots")
        and steps <= holds
        and (last < 0 or max(covered) >= window(last)[1])
    )


def losses(recorder: Recorder, tmp_path: Path, disk: Path, mode: str) -> int:
    """How many of the cuts lost what was acknowledged; none leaves a damaged database."""
    recording = recorder.run(disk, "tests.powercut.lives", str(disk), mode)
    lost = 0
    for left, acknowledged in cuts(recording, tmp_path, CUTS):
        path = left / "state" / "live.db"
        asyncio.run(open_and_close(path))
        lost += is_lost(path, acknowledged)
        assert not list(path.parent.glob("*corrupt*"))
    return lost


def test_two_hundred_power_cuts_lose_nothing_that_was_acknowledged(
    recorder: Recorder, tmp_path: Path, disk: Path
) -> None:
    assert losses(recorder, tmp_path, disk, "FULL") == 0


def test_with_transactions_that_are_not_synced_they_would(
    recorder: Recorder, tmp_path: Path, disk: Path
) -> None:
    assert losses(recorder, tmp_path, disk, "NORMAL") > CUTS / 2


def write_former(path: Path) -> None:
    """A database of the version before, with lines that the migration changes."""
    path.parent.mkdir(exist_ok=True)
    rows = ((*BOOK, f"{n}", "fee", n, None, "BTCUSDT", "USDT", 1.0) for n in range(ROWS))
    former.write(path, entries=rows, coverage=[(*BOOK, 0, ROWS)])


def test_a_migration_is_done_whole_or_not_at_all(
    recorder: Recorder, tmp_path: Path, disk: Path
) -> None:
    write_former(disk / "state" / "live.db")
    recording = recorder.run(disk, "tests.powercut.commands", str(disk), "migrate")
    for left, _ in cuts(recording, tmp_path, CUTS_OF_A_COMMAND):
        path = left / "state" / "live.db"
        asyncio.run(open_and_close(path))
        assert column(path, "SELECT time_ms FROM entries WHERE key GLOB '*:BTCUSDT'") == set(
            range(ROWS)
        )
        assert column(path, "SELECT DISTINCT length(key) - length(time_ms) FROM entries") == {8}
        assert not list(path.parent.glob("*corrupt*"))


def write_inbox(path: Path, number: int) -> None:
    """As a daemon that was killed leaves it: all that it holds is in its log alone."""

    async def fill(elsewhere: Path) -> None:
        async with Store.opened(elsewhere / path.name, clock) as store:
            await store.keep({number + n: BODY for n in range(10)}, 1)
            for suffix in ("", "-wal"):
                shutil.copy(elsewhere / f"{path.name}{suffix}", path.parent)

    path.parent.mkdir(exist_ok=True)
    asyncio.run(fill(path.parent.parent.parent / f"made {number}"))


def test_a_restore_leaves_what_was_there_or_the_copy(
    recorder: Recorder, tmp_path: Path, disk: Path
) -> None:
    write_inbox(disk / "state" / "live.db", 100)
    write_inbox(disk / "mine.db", 500)
    recording = recorder.run(disk, "tests.powercut.commands", str(disk), "restore", "mine.db")
    there, copy = set(range(100, 110)), set(range(500, 510))
    for left, acknowledged in cuts(recording, tmp_path, CUTS_OF_A_COMMAND):
        path = left / "state" / "live.db"
        asyncio.run(open_and_close(path))
        found = column(path, "SELECT update_id FROM inbox")
        assert found == copy or (found == there and not acknowledged)
        assert not list(path.parent.glob("*corrupt*"))
        if found == copy:
            (kept,) = path.parent.glob("*.replaced-*Z")
            assert column(kept, "SELECT update_id FROM inbox") == there


def test_a_copy_that_was_told_is_whole_and_its_source_stays(
    recorder: Recorder, tmp_path: Path, disk: Path
) -> None:
    write_inbox(disk / "state" / "live.db", 100)
    recording = recorder.run(disk, "tests.powercut.commands", str(disk), "backup", "mine.db")
    for left, acknowledged in cuts(recording, tmp_path, CUTS_OF_A_COMMAND):
        copy = left / "mine.db"
        if acknowledged or (copy.exists() and copy.stat().st_size):
            assert column(copy, "SELECT update_id FROM inbox") == set(range(100, 110))
        asyncio.run(open_and_close(left / "state" / "live.db"))
        there = column(left / "state" / "live.db", "SELECT update_id FROM inbox")
        assert there == set(range(100, 110))
