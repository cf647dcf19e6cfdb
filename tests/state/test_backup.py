"""A backup is a whole database, whatever the daemon does meanwhile, and replaces nothing."""

import asyncio
import os
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crypto_assistant.cli import main
from crypto_assistant.errors import StateFailed
from crypto_assistant.ledger import Ledger, Snapshot
from crypto_assistant.state.backup import back_up
from crypto_assistant.state.store import Store
from tests.account_log import BOOK
from tests.clock import clock
from tests.state.disks import limit_files, limited
from tests.state.lives import left

NOBODY = 65534
Output = pytest.CaptureFixture[str]


async def fill(path: Path, body: bytes = b"one") -> None:
    async with Store.opened(path, clock) as store:
        await store.keep({1: body}, 1)
        await Ledger(store).keep_snapshot(Snapshot(*BOOK, 5, ()))


async def left_in(path: Path) -> list[bytes]:
    async with Store.opened(path, clock) as store:
        assert await Ledger(store).first_snapshot_ms(BOOK) == 5
        return (await left(store))[0]


def names(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


async def copied(databases: list[Path], target: Path) -> list[str]:
    return await asyncio.to_thread(lambda: list(back_up(databases, target, clock())))


@pytest.mark.real
async def test_a_copy_made_while_the_daemon_writes_has_all_that_was_written_before(
    tmp_path: Path,
) -> None:
    path, target = tmp_path / "live.db", tmp_path / "copy.db"
    await fill(path)
    async with Store.opened(path, clock) as store:
        await store.keep(dict.fromkeys(range(10, 500), b"before" * 200), 2)
        copying = asyncio.create_task(copied([path], target))
        pairs = 0
        while not copying.done() or pairs < 2:
            pairs += 1
            await store.keep(dict.fromkeys((1000 + 2 * pairs, 1001 + 2 * pairs), b"during"), 3)
        await copying
    left = await left_in(target)
    assert left[:491] == [b"one", *[b"before" * 200] * 490]
    assert len(left[491:]) % 2 == 0


async def test_what_a_killed_daemon_left_in_its_log_is_copied_and_the_original_stays(
    tmp_path: Path,
) -> None:
    path, target = tmp_path / "live.db", tmp_path / "copy.db"
    async with Store.opened(path, clock) as store:
        await store.keep({1: b"one"}, 1)
        await Ledger(store).keep_snapshot(Snapshot(*BOOK, 5, ()))
        files = {suffix: content(path, suffix) for suffix in ("", "-wal")}
    for suffix, original in files.items():
        put(path, suffix, original)
    await copied([path], target)
    assert {suffix: content(path, suffix) for suffix in files} == files
    assert await left_in(target) == [b"one"]


def content(path: Path, suffix: str) -> bytes:
    return path.with_name(path.name + suffix).read_bytes()


def put(path: Path, suffix: str, original: bytes) -> None:
    path.with_name(path.name + suffix).write_bytes(original)


def test_without_a_file_both_databases_are_copied_here_with_the_time_in_their_names(
    state: Path, capsys: Output
) -> None:
    for name in ("live.db", "testnet.db"):
        asyncio.run(fill(state / name, name.encode()))
    assert main(["backup"]) == 0
    live, testnet = names(Path())
    assert re.fullmatch(r"live-\d{8}T\d{6}Z\.db", live)
    assert testnet == live.replace("live", "testnet")
    assert asyncio.run(left_in(Path(testnet))) == [b"testnet.db"]
    lines = capsys.readouterr().out.splitlines()
    for line, name in zip(lines, (live, testnet), strict=True):
        assert line.startswith(f"{name}: {Path(name).stat().st_size} bytes, a copy of {state}")


def test_a_file_that_is_named_takes_the_database_of_real_money_and_says_so(
    state: Path, capsys: Output
) -> None:
    for name in ("live.db", "testnet.db"):
        asyncio.run(fill(state / name, name.encode()))
    assert main(["backup", "mine.db"]) == 0
    assert capsys.readouterr().out == (
        f"mine.db: {Path('mine.db').stat().st_size} bytes, a copy of {state / 'live.db'};"
        " testnet.db is not in it\n"
    )
    assert stat.S_IMODE(Path("mine.db").stat().st_mode) == 0o600
    assert names(Path()) == ["mine.db"]
    assert asyncio.run(left_in(Path("mine.db"))) == [b"live.db"]


def refused(argv: list[str], capsys: Output) -> str:
    """What is said in one line where nothing was copied."""
    assert main(["backup", *argv]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err


def test_without_a_database_there_is_nothing_to_copy(state: Path, capsys: Output) -> None:
    assert refused([], capsys) == f"There is no database in {state}\n"
    assert names(state) == names(Path()) == []


def test_a_backup_replaces_no_file(state: Path, capsys: Output) -> None:
    asyncio.run(fill(state / "live.db"))
    Path("mine.db").write_text("precious")
    assert refused(["mine.db"], capsys) == "No copy in mine.db: the file exists\n"
    assert Path("mine.db").read_text() == "precious"
    assert names(Path()) == ["mine.db"]


@pytest.mark.parametrize("target", ["nowhere/mine.db", "/proc/mine.db"])
def test_a_target_that_cannot_be_written_is_told_in_a_line(
    state: Path, target: str, capsys: Output
) -> None:
    asyncio.run(fill(state / "live.db"))
    assert refused([target], capsys).startswith(f"No copy in {target}: No such file")


def test_a_full_disk_is_told_in_a_line_and_leaves_no_half_copy(state: Path, capsys: Output) -> None:
    asyncio.run(fill(state / "live.db", b"x" * 100_000))
    with sqlite3.connect(state / "live.db") as open_:  # Its index is there already.
        open_.execute("SELECT * FROM inbox").fetchall()
        with limited(Path()):
            limit_files(50_000)
            assert refused(["mine.db"], capsys) == "No copy in mine.db: disk I/O error\n"
    open_.close()
    assert names(Path()) == []


def test_a_damaged_database_is_not_copied_and_stays(state: Path, capsys: Output) -> None:
    (state / "live.db").write_bytes(b"no database at all, not one" * 200)
    assert refused(["mine.db"], capsys) == "No copy in mine.db: file is not a database\n"
    assert names(Path()) == []
    assert names(state) == ["live.db"]


def test_a_copy_that_does_not_stand_up_to_a_look_is_not_kept(state: Path, capsys: Output) -> None:
    with closing(sqlite3.connect(state / "live.db")) as connection, connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (NULL)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE t (x NOT NULL)'")
    assert refused(["mine.db"], capsys) == "No copy in mine.db: NULL value in t.x\n"
    assert names(Path()) == []


WRITES = """
import os, sqlite3, sys
os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[2]))
connection = sqlite3.connect(sys.argv[1])
connection.execute("DELETE FROM inbox")
connection.commit()
"""


@pytest.fixture
def owners() -> Iterator[Path]:
    """A state directory of another user, below directories that everybody may enter."""
    with tempfile.TemporaryDirectory() as directory:
        state = Path(directory)
        yield state


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can copy another user's database")
@pytest.mark.parametrize("is_running", [False, True], ids=["stopped", "running"])
def test_a_copy_made_by_root_leaves_the_owner_everything(
    owners: Path, tmp_path: Path, is_running: bool
) -> None:
    path = owners / "live.db"
    asyncio.run(fill(path))
    for file in (owners, path):
        os.chown(file, NOBODY, NOBODY)
    reader = sqlite3.connect(path) if is_running else None
    if reader:
        reader.execute("SELECT * FROM inbox").fetchall()
    list(back_up([path], tmp_path / "copy.db", clock()))
    assert {file.stat().st_uid for file in owners.iterdir()} == {NOBODY}
    if reader:
        reader.close()
    command = [sys.executable, "-c", WRITES, str(path), str(NOBODY)]
    subprocess.run(command, check=True)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM inbox").fetchall() == []


def test_a_name_that_is_taken_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    asyncio.run(fill(path))
    lines = back_up([path], tmp_path, clock())
    (line,) = lines
    with pytest.raises(StateFailed, match="the file exists"):
        list(back_up([path], Path(line.partition(": ")[0]), clock()))
