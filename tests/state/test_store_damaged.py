"""A damaged database is set aside whole and said, and a new one begun; nothing is deleted."""

import asyncio
import logging
import os
import random
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

import pytest

from crypto_assistant.accounts import Access
from crypto_assistant.errors import LedgerFailed
from crypto_assistant.ledger import Ledger, Snapshot
from crypto_assistant.models import AccountLog
from crypto_assistant.state.damage import alone
from crypto_assistant.state.store import Store
from crypto_assistant.subjects.account.pnl.log import read
from tests.account_log import BOOK, HOUR, NOW, line, quiet
from tests.bookkept import Written, desk_of
from tests.clock import clock
from tests.state.lives import left

PAGE = 4096
RANDOM = random.Random(1)  # noqa: S311
BODIES = {n: bytes([n % 256]) * 900 for n in range(3000)}
"""More than stays in memory."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


def whole(path: Path) -> bytes:
    return path.read_bytes()


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def overwrite(path: Path, content: bytes) -> None:
    """Into the same file, which somebody may have open."""
    with path.open("r+b") as file:
        file.write(content)


async def filled(path: Path) -> bytes:
    """The file of a database with many pages, closed in good order."""
    async with Store.opened(path, clock) as store:
        await store.keep(BODIES, 1)
        await Ledger(store).keep_snapshot(Snapshot(*BOOK, 5, ()))
    return whole(path)


def aside(path: Path, companions: str = "") -> list[Path]:
    """The files, or their logs, that were set aside."""
    kept = sorted(path.parent.glob("*.corrupt-*"))
    return [one for one in kept if one.name.partition("Z")[2].lstrip(".0123456789") == companions]


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    assert {one.levelno for one in caplog.records} <= {logging.ERROR}
    return [one.getMessage() for one in caplog.records]


async def trouble(store: Store) -> str:
    return (await store.condition()).trouble or ""


def over(start: int, garbage: bytes) -> Callable[[bytes], bytes]:
    return lambda whole: whole[:start] + garbage + whole[start + len(garbage) :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "text": lambda _: b"not SQLite, and long enough to show it" * 100,
    "a few bytes": lambda _: b"SQLite",
    "zeros": lambda whole: bytes(len(whole)),
    "header": over(0, bytes(100)),
    "page size": over(16, b"\xff\xff"),
    "first page": over(100, RANDOM.randbytes(PAGE - 100)),
    "schema": over(PAGE - 300, b"TABLE ?" * 40),
    "root page": over(PAGE, RANDOM.randbytes(PAGE)),
    "inner page": over(40 * PAGE, RANDOM.randbytes(PAGE)),
    "zeroed page": over(40 * PAGE, bytes(PAGE)),
    "cut": lambda whole: whole[: len(whole) // 2 // PAGE * PAGE],
    "cut within a page": lambda whole: whole[: 60 * PAGE + 77],
    "cut to a page": lambda whole: whole[:PAGE],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
async def test_a_start_sets_a_damaged_file_aside_and_begins_a_new_one(
    path: Path, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    damaged = damage(await filled(path))
    write(path, damaged)
    async with Store.opened(path, clock) as store:
        assert await left(store) == ([], [])
        await store.keep({1: b"one"}, 1)
        (kept,) = aside(path)
        assert f"set aside as {kept.name}" in await trouble(store)
    assert kept.read_bytes() == damaged
    assert [text.startswith(f"the database {path}: it was damaged (") for text in said(caplog)]
    assert len(said(caplog)) == 1
    caplog.clear()
    async with Store.opened(path, clock) as store:
        assert await left(store) == ([b"one"], [])
        assert await trouble(store) == ""
    assert aside(path) == [kept]
    assert said(caplog) == []


async def test_the_name_of_what_is_set_aside_has_the_time_and_is_never_taken_twice(
    path: Path,
) -> None:
    for number in range(3):
        write(path, b"damaged, and for the time no. %d " % number * 100)
        async with Store.opened(path, clock) as store:
            await store.keep({1: b"one"}, 1)
    kept = aside(path)
    assert sorted(one.read_bytes().split()[6] for one in kept) == [b"0", b"1", b"2"]
    for one in kept:
        assert re.fullmatch(r"live\.db\.corrupt-20\d{6}T\d{6}Z(\.\d)?", one.name)


@pytest.mark.parametrize("damage", [DAMAGES["header"], DAMAGES["zeroed page"]])
async def test_what_a_killed_writer_had_not_written_into_the_file_is_set_aside_with_it(
    path: Path, damage: Callable[[bytes], bytes]
) -> None:
    await filled(path)
    async with Store.opened(path, clock) as store:
        await store.keep({5000: b"in the log"}, 1)
        files = {suffix: _beside(path, suffix).read_bytes() for suffix in ("", "-wal")}
    for suffix, content in files.items():
        _beside(path, suffix).write_bytes(damage(content) if suffix == "" else content)
    damaged = whole(path)
    async with Store.opened(path, clock) as store:
        assert await left(store) == ([], [])
    assert [one.read_bytes() for one in aside(path)] == [damaged]
    assert [one.read_bytes() for one in aside(path, "-wal")] == [files["-wal"]]


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


async def test_an_empty_file_is_simply_new(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(path, b"")
    async with Store.opened(path, clock) as store:
        await store.keep({1: b"one"}, 1)
        assert await trouble(store) == ""
    assert not aside(path)
    assert not said(caplog)


@pytest.mark.parametrize("garbage", [b"no log", b"no log" * 9999], ids=len)
async def test_a_write_ahead_log_that_is_none_is_set_aside_alone(
    path: Path, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await filled(path)
    _beside(path, "-wal").write_bytes(garbage)
    async with Store.opened(path, clock) as store:
        assert len((await left(store))[0]) == len(BODIES)
        (kept,) = aside(path, "-wal")
        assert kept.name in await trouble(store)
    assert aside(path) == []
    assert kept.read_bytes() == garbage
    assert len(said(caplog)) == 1


async def test_a_write_ahead_log_whose_database_is_gone_is_not_deleted(path: Path) -> None:
    async with Store.opened(path, clock) as store:
        await store.keep({1: b"one"}, 1)
        log = _beside(path, "-wal").read_bytes()
    write(path, b"")
    _beside(path, "-wal").write_bytes(log)
    async with Store.opened(path, clock) as store:
        assert await left(store) == ([], [])
    assert [one.read_bytes() for one in aside(path, "-wal")] == [log]


async def test_the_rest_of_a_torn_log_is_dropped_and_what_was_whole_is_there(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Store.opened(path, clock) as store:
        await store.keep({1: b"one"}, 1)
        await store.keep({2: b"two"}, 1)
        files = {suffix: _beside(path, suffix).read_bytes() for suffix in ("", "-wal")}
    files["-wal"] = files["-wal"][:-100] + bytes(100)
    _beside(path, "-shm").write_bytes(RANDOM.randbytes(32_768))
    for suffix, content in files.items():
        _beside(path, suffix).write_bytes(content)
    async with Store.opened(path, clock) as store:
        assert await left(store) == ([b"one"], [])
    assert not aside(path)
    assert not said(caplog)


async def test_of_several_who_find_the_damage_one_sets_aside_and_all_use_the_new_file(
    path: Path,
) -> None:
    damaged = DAMAGES["zeroed page"](await filled(path))
    write(path, damaged)

    async def opened(number: int) -> None:
        async with Store.opened(path, clock) as store:
            await store.keep({number: b"here"}, number)

    await asyncio.gather(*map(opened, range(8)))
    async with Store.opened(path, clock) as store:
        assert (await left(store))[0] == [b"here"] * 8
    assert [one.read_bytes() for one in aside(path)] == [damaged]


def test_a_file_is_set_aside_by_nobody_else_meanwhile(tmp_path: Path) -> None:
    other = os.open(tmp_path, os.O_RDONLY)
    with alone(tmp_path), pytest.raises(BlockingIOError):
        flock(other, LOCK_EX | LOCK_NB)
    flock(other, LOCK_EX | LOCK_NB)
    os.close(other)


async def damage_while_open(store: Store, path: Path, damage: Callable[[bytes], bytes]) -> None:
    await store.read(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    content = whole(path)
    overwrite(path, damage(content)[: len(content)])


EVERYWHERE = over(PAGE, RANDOM.randbytes(600 * PAGE))


async def test_damage_found_while_it_runs_costs_the_inbox_no_question(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await filled(path)
    async with Store.opened(path, clock) as store:
        await damage_while_open(store, path, EVERYWHERE)
        await store.keep(dict.fromkeys(range(9000, 9003), b"new"), 2)
        await store.forget([9001])
        await store.forget(BODIES)
        assert await left(store) == ([b"new"] * 2, [])
        (kept,) = aside(path)
        assert f"set aside as {kept.name}" in await trouble(store)
    assert len(said(caplog)) == 1
    async with Store.opened(path, clock) as store:
        assert await left(store) == ([b"new"] * 2, [])


async def test_who_finds_the_damage_later_leaves_the_new_file_alone(path: Path) -> None:
    await filled(path)
    async with Store.opened(path, clock) as one, Store.opened(path, clock) as other:
        await damage_while_open(one, path, EVERYWHERE)
        await one.left()
        await one.keep({9000: b"new"}, 2)
        rows = await other.read(lambda db: db.execute("SELECT body FROM inbox").fetchall())
        assert rows == [(b"new",)]
        assert await left(other) == ([b"new"], [])
    assert len(aside(path)) == 1


async def test_damage_found_while_it_runs_is_told_to_who_asks_for_an_account_once(
    path: Path,
) -> None:
    await filled(path)
    async with Store.opened(path, clock) as store:
        ledger = Ledger(store)
        await damage_while_open(store, path, EVERYWHERE)
        with pytest.raises(LedgerFailed, match="on this host failed: database disk image is malf"):
            await ledger.entries(BOOK, 0, 10)
        assert await ledger.first_snapshot_ms(BOOK) is None
        await ledger.keep_snapshot(Snapshot(*BOOK, 6, ()))
        assert await ledger.first_snapshot_ms(BOOK) == 6


@dataclass
class Interrupted(Written):
    """Something happens each time that its log has been read."""

    happens: Callable[[], Awaitable[None]] | None = None

    async def log(self, start_ms: int, end_ms: int) -> AccountLog:
        told = await super().log(start_ms, end_ms)
        if self.happens:
            await self.happens()
        return told


async def test_a_log_that_was_read_across_a_new_beginning_is_not_taken_for_whole(
    path: Path,
) -> None:
    owner = Interrupted(lines=[line("a", NOW - 50 * HOUR), line("b", NOW - HOUR)])
    await filled(path)
    async with Store.opened(path, clock) as store, desk_of(owner) as (desk, _):
        desk.accounts = {owner.venue: Access(owner, Ledger(store))}

        async def keys(days: int) -> list[str]:
            logged = await read(desk, owner.venue, days, quiet)
            return [entry.key for entry in logged.entries]

        async def damaged_and_noticed_by_another_question() -> None:
            owner.happens = None
            await damage_while_open(store, path, EVERYWHERE)
            await store.left()

        assert await keys(days=1) == ["b"]
        owner.happens = damaged_and_noticed_by_another_question
        with pytest.raises(LedgerFailed, match="it was damaged and is begun anew; ask again"):
            await keys(days=3)
        assert await keys(days=3) == ["a", "b"]


@pytest.mark.parametrize("sql", ["SELEC", "SELECT * FROM nothing", "INSERT INTO inbox VALUES (1)"])
async def test_a_mistake_of_ours_sets_nothing_aside(path: Path, sql: str) -> None:
    async with Store.opened(path, clock) as store:
        await store.keep({1: b"one"}, 1)
        with pytest.raises(sqlite3.OperationalError):
            await store.write(lambda db: db.execute(sql))
        assert await left(store) == ([b"one"], [])
        assert await trouble(store) == ""
    assert aside(path) == []


async def test_a_table_that_somebody_dropped_is_no_damage(path: Path) -> None:
    async with Store.opened(path, clock) as store:
        with closing(sqlite3.connect(path)) as other:
            other.execute("DROP TABLE inbox")
        assert not await store.keep({1: b"one"}, 1)
        assert await trouble(store) == "it fails: no such table: inbox"
    assert aside(path) == []
