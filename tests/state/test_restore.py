"""A copy takes the place of the database, whole and alone, and what was there is kept."""

import asyncio
import os
import re
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from crypto_assistant.cli import main
from crypto_assistant.state.damage import COMPANIONS
from crypto_assistant.state.lock import NAME, held
from crypto_assistant.state.store import SCHEMA, Store
from tests.clock import clock
from tests.state.disks import limit_files, limited
from tests.state.lives import left_in

NOBODY = 65534
Output = pytest.CaptureFixture[str]


async def fill(path: Path, body: bytes) -> None:
    async with Store.opened(path, clock) as store:
        await store.keep({len(body): body}, 1)


async def leave_as_killed(path: Path, body: bytes) -> None:
    """The database and its log as they lie there after a SIGKILL; all is in the log alone."""
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    async with Store.opened(elsewhere / path.name, clock) as store:
        await store.keep({len(body): body}, 1)
        for suffix in ("", "-wal", "-shm"):
            shutil.copy(elsewhere / f"{path.name}{suffix}", path.parent)
    shutil.rmtree(elsewhere)


def contents(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir() if file.name != NAME}


def kept_by(printed: str) -> Path:
    """What was there, as the line says."""
    found = re.fullmatch(r".*; what was there is kept as (.*\.replaced-\d{8}T\d{6}Z)\n", printed)
    assert found, printed
    return Path(found[1])


def test_a_copy_takes_the_place_of_what_was_written_since(state: Path, capsys: Output) -> None:
    database = state / "live.db"
    asyncio.run(fill(database, b"before"))
    assert main(["backup", "mine.db"]) == 0
    asyncio.run(fill(database, b"afterwards"))
    capsys.readouterr()
    assert main(["restore", "mine.db"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{database}: as in mine.db; ")
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert asyncio.run(left_in(database)) == [b"before"]
    assert asyncio.run(left_in(kept_by(printed))) == [b"before", b"afterwards"]
    assert Path("mine.db").exists()


def test_the_log_that_a_killed_daemon_left_is_kept_and_not_applied_to_the_copy(
    state: Path, capsys: Output
) -> None:
    asyncio.run(fill(Path("mine.db"), b"before"))
    asyncio.run(leave_as_killed(state / "live.db", b"afterwards"))
    assert main(["restore", "mine.db"]) == 0
    assert not any((state / f"live.db{suffix}").exists() for suffix in COMPANIONS)
    assert asyncio.run(left_in(state / "live.db")) == [b"before"]
    assert asyncio.run(left_in(kept_by(capsys.readouterr().out))) == [b"afterwards"]


def test_what_is_in_the_log_of_the_copy_is_restored_too(state: Path) -> None:
    asyncio.run(leave_as_killed(Path("mine.db").absolute(), b"in the log"))
    assert main(["restore", "mine.db"]) == 0
    assert asyncio.run(left_in(state / "live.db")) == [b"in the log"]


def test_on_a_new_host_there_is_nothing_to_keep(state: Path, capsys: Output) -> None:
    state.rmdir()
    asyncio.run(fill(Path("mine.db"), b"before"))
    assert main(["restore", "mine.db"]) == 0
    assert capsys.readouterr().out == f"{state / 'live.db'}: as in mine.db\n"
    assert contents(state).keys() == {"live.db"}
    assert asyncio.run(left_in(state / "live.db")) == [b"before"]


def test_a_copy_that_is_not_there_makes_no_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    state = tmp_path / "nowhere"
    monkeypatch.setenv("STATE_DIRECTORY", str(state))
    assert main(["restore", str(tmp_path / "gone.db")]) == 1
    assert "is not restored" in capsys.readouterr().err
    assert not state.exists()


def test_a_copy_of_play_money_goes_where_play_money_is(state: Path) -> None:
    for name in ("live.db", "testnet.db"):
        asyncio.run(fill(state / name, name.encode()))
    before = (state / "live.db").read_bytes()
    assert main(["backup"]) == 0
    (copy,) = Path().glob("testnet-*.db")
    asyncio.run(fill(state / "testnet.db", b"afterwards"))
    assert main(["restore", str(copy)]) == 0
    assert asyncio.run(left_in(state / "testnet.db")) == [b"testnet.db"]
    assert (state / "live.db").read_bytes() == before


def test_nothing_is_restored_while_the_daemon_runs(state: Path, capsys: Output) -> None:
    for path in (state / "live.db", Path("mine.db")):
        asyncio.run(fill(path, b"before"))
    before = contents(state)
    with held(state):
        assert main(["restore", "mine.db"]) == 1
    said = f"Another daemon runs in {state}: process {os.getpid()}\n"
    assert capsys.readouterr().err == said
    assert contents(state) == before


def damage(copy: Path) -> None:
    copy.write_bytes(b"no database at all, not one" * 200)


def cut(copy: Path) -> None:
    os.truncate(copy, copy.stat().st_size - 4096)


def empty(copy: Path) -> None:
    os.truncate(copy, 0)


def move_on(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute(f"PRAGMA user_version = {len(SCHEMA) + 1}")


def contradict(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (NULL)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = 'CREATE TABLE t (x NOT NULL)' WHERE name = 't'"
        )


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (contradict, "NULL value in t.x"),
        (damage, "file is not a database"),
        (cut, "database disk image is malformed"),
        (empty, "it is none of this program's"),
        (move_on, "it is of a newer version"),
        (Path.unlink, "unable to open database file"),
    ],
)
def test_a_copy_that_cannot_be_used_changes_nothing(
    state: Path, spoil: Callable[[Path], None], reason: str, capsys: Output
) -> None:
    for path in (state / "live.db", Path("mine.db")):
        asyncio.run(fill(path, b"before"))
    before = contents(state)
    spoil(Path("mine.db"))
    assert main(["restore", "mine.db"]) == 1
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"mine.db is not restored: {reason}\n")
    assert contents(state) == before


def test_a_full_disk_changes_nothing(state: Path, capsys: Output) -> None:
    asyncio.run(fill(state / "live.db", b"afterwards"))
    asyncio.run(fill(Path("mine.db"), b"x" * 100_000))
    before = contents(state)
    with limited(state):
        limit_files(50_000)
        assert main(["restore", "mine.db"]) == 1
    assert capsys.readouterr().err == "mine.db is not restored: File too large\n"
    assert contents(state) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can restore another user's database")
def test_what_root_restores_belongs_to_whose_directory_it_is(state: Path) -> None:
    asyncio.run(fill(Path("mine.db"), b"before"))
    os.chown(state, NOBODY, NOBODY)
    assert main(["restore", "mine.db"]) == 0
    assert {file.stat().st_uid for file in state.iterdir()} == {NOBODY}
