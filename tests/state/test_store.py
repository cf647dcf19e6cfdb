"""What is kept outlives the program, and its database says what is wrong with it."""

import asyncio
import logging
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from crypto_assistant.errors import ConfigError
from crypto_assistant.journal import request
from crypto_assistant.state.database import Timing
from crypto_assistant.state.lock import held
from crypto_assistant.state.store import SCHEMA, Store
from tests.clock import clock
from tests.state.lives import left, left_in


def modes_in(directory: Path) -> set[int]:
    return {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()}


def owners_in(directory: Path) -> set[int]:
    return {file.stat().st_uid for file in directory.iterdir()}


def names_in(directory: Path) -> set[str]:
    return {file.name for file in directory.iterdir()}


async def test_what_was_kept_is_left_for_the_next_life(tmp_path: Path) -> None:
    path = tmp_path / "assistant.db"
    async with Store.opened(path, clock) as store:
        await store.keep({9: b"nine", 10: b"ten"}, 1)
        await store.forget([10])
    assert await left_in(path) == [b"nine"]


async def test_what_is_left_comes_in_the_order_of_its_arrival(tmp_path: Path) -> None:
    async with Store.opened(tmp_path / "assistant.db", clock) as store:
        await store.keep({900: b"first", 901: b"second"}, 1)
        await store.keep({5: b"third, after Telegram chose new numbers"}, 2)
        assert [body.split(b",")[0] for body in (await left(store))[0]] == [
            b"first",
            b"second",
            b"third",
        ]


async def test_an_update_that_is_kept_twice_stays_one(tmp_path: Path) -> None:
    async with Store.opened(tmp_path / "assistant.db", clock) as store:
        await store.keep({9: b"nine"}, 1)
        await store.keep({9: b"again", 10: b"ten"}, 2)
        assert (await left(store))[0] == [b"nine", b"ten"]


class Crash(Exception):
    """What a question may end a life with."""


async def begun(path: Path, end: type[BaseException] = Crash) -> list[bytes]:
    """What a life had to answer that ended so."""
    to_answer = []
    with suppress(end):
        async with Store.opened(path, clock) as store:
            to_answer = (await left(store))[0]
            raise end
    return to_answer


async def test_a_question_that_three_lives_ended_badly_with_is_handed_over_apart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "assistant.db"
    async with Store.opened(path, clock) as store:
        await store.keep({9: b"poison"}, 1)
    assert [await begun(path) for _ in range(3)] == [[b"poison"]] * 3
    assert not caplog.records
    for _ in range(2):
        async with Store.opened(path, clock) as store:
            await store.keep({10: b"harmless"}, 2)
            assert await left(store) == ([b"harmless"], [b"poison"])
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    async with Store.opened(path, clock) as store:
        await store.forget([9])
        assert await left(store) == ([b"harmless"], [])


@pytest.mark.parametrize("end", [asyncio.CancelledError, ConfigError])
async def test_a_life_that_ends_in_good_order_counts_for_no_question(
    tmp_path: Path, end: type[BaseException]
) -> None:
    path = tmp_path / "assistant.db"
    async with Store.opened(path, clock) as store:
        await store.keep({9: b"nine"}, 1)
    for _ in range(2):
        await begun(path)
    assert [await begun(path, end) for _ in range(5)] == [[b"nine"]] * 5
    assert await begun(path) == [b"nine"]
    assert await left_in(path) == []


async def busy(path: Path, is_busy: asyncio.Event, released: threading.Event) -> None:
    """A life whose database is busy when it is stopped."""
    tell = asyncio.get_running_loop().call_soon_threadsafe

    def wait(_: sqlite3.Connection) -> None:
        tell(is_busy.set)
        released.wait(10)

    async with Store.opened(path, clock) as store:
        await store.left()
        await store.keep({10: b"ten"}, 2)
        await store.read(wait)


@pytest.mark.real
async def test_a_second_stop_takes_nothing_from_the_end_of_a_busy_database(tmp_path: Path) -> None:
    path = tmp_path / "assistant.db"
    async with Store.opened(path, clock) as store:
        await store.keep({9: b"nine"}, 1)
    for _ in range(4):
        is_busy, released = asyncio.Event(), threading.Event()
        life = asyncio.create_task(busy(path, is_busy, released))
        await is_busy.wait()
        threading.Timer(0.2, released.set).start()
        for _ in range(2):
            life.cancel()
            await asyncio.sleep(0.01)
        await asyncio.gather(life, return_exceptions=True)
    assert names_in(tmp_path) == {path.name}
    assert await left_in(path) == [b"nine", b"ten"]


async def test_a_stop_while_the_database_is_opened_closes_it(tmp_path: Path) -> None:
    path = tmp_path / "assistant.db"
    await left_in(path)
    life = asyncio.create_task(begun(path))
    await asyncio.sleep(0)
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)
    assert names_in(tmp_path) == {path.name}


@pytest.mark.real
async def test_at_the_end_nobody_is_waited_for_more_than_once(tmp_path: Path) -> None:
    path, patience = tmp_path / "assistant.db", 0.5
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        async with Store.opened(path, clock, Timing(busy=patience, last_busy=0)) as store:
            await store.keep(dict.fromkeys(range(20), b"x"), 1)
            writer.execute("BEGIN IMMEDIATE")
            answered = [asyncio.create_task(store.forget([n])) for n in range(20)]
            await asyncio.sleep(0.01)
            began = time.monotonic()
        await asyncio.gather(*answered)
        assert time.monotonic() - began < 10 * patience


async def test_what_runs_on_the_databases_thread_knows_the_request(tmp_path: Path) -> None:
    async with Store.opened(tmp_path / "assistant.db", clock) as store:
        request.set("17")
        assert await store.read(lambda _: request.get()) == "17"


async def test_how_the_database_is_can_be_told_when_its_directory_is_no_more(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "state"
    async with Store.opened(directory / "assistant.db", clock) as store:
        directory.rename(tmp_path / "elsewhere")
        directory.touch()
        assert (await store.condition()).size_bytes is None


async def test_a_question_that_came_after_the_start_is_not_counted_down(tmp_path: Path) -> None:
    path = tmp_path / "assistant.db"
    async with Store.opened(path, clock) as store:
        assert await left(store) == ([], [])
        await store.keep({9: b"nine"}, 1)
    assert [await begun(path) for _ in range(4)] == [[b"nine"]] * 3 + [[]]


async def test_the_database_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "assistant.db"
    async with Store.opened(path, clock) as store:
        await store.keep({9: b"nine"}, 1)
        assert modes_in(tmp_path) == {0o600}


async def test_a_killed_writer_leaves_a_database_that_opens(tmp_path: Path) -> None:
    path, copy = tmp_path / "assistant.db", tmp_path / "copy.db"
    async with Store.opened(path, clock) as store:
        await store.keep({9: b"nine"}, 1)
        for suffix in ("", "-wal"):
            copy.with_name(copy.name + suffix).write_bytes(
                path.with_name(path.name + suffix).read_bytes()
            )
    assert await left_in(copy) == [b"nine"]


@pytest.mark.parametrize("version", [len(SCHEMA) + 1, 9999, -1])
async def test_the_database_of_a_newer_version_is_left_as_it_is(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "assistant.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE inbox (shape TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"assistant\.db was written by a newer version"):
        await left_in(path)
    assert path.read_bytes() == before
    assert names_in(tmp_path) == {path.name}


@pytest.mark.parametrize("place", ["file/assistant.db", "file/deeper/assistant.db", "."])
async def test_a_place_that_cannot_hold_a_database_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be used"):
        await left_in(tmp_path / place)


@pytest.mark.parametrize("target", ["another.db", "nowhere.db"])
async def test_a_link_is_no_database(tmp_path: Path, target: str) -> None:
    await left_in(tmp_path / "another.db")
    before = names_in(tmp_path)
    link = tmp_path / "state" / "assistant.db"
    link.parent.mkdir()
    link.symlink_to(tmp_path / target)
    with pytest.raises(ConfigError, match="cannot be used: it is no file"):
        await left_in(link)
    assert names_in(tmp_path) == before | {"state"}


async def test_the_directory_of_the_database_is_made_for_the_owner_alone(tmp_path: Path) -> None:
    assert await left_in(tmp_path / "state" / "assistant.db") == []
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


COUNTER = "CREATE TABLE counter (n INTEGER)"


def count_up(connection: sqlite3.Connection) -> int:
    (n,) = connection.execute("SELECT coalesce(max(n), 0) FROM counter").fetchone()
    connection.execute("INSERT INTO counter VALUES (?)", (n + 1,))
    return int(n)


def count_inbox(connection: sqlite3.Connection) -> int:
    (n,) = connection.execute("SELECT count(*) FROM inbox").fetchone()
    return int(n)


def of_version(path: Path, version: int) -> None:
    """What a program of that version left, with a question in its inbox where it had one."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.create_function("clock_ms", 0, clock)
        for statement in SCHEMA[:version]:
            connection.execute(statement)
        if version:
            connection.execute(
                "INSERT INTO inbox (update_id, body, received_ms) VALUES (9, x'39', 1)"
            )
        connection.execute(f"PRAGMA user_version = {version}")


def shape(path: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT sql FROM sqlite_schema ORDER BY sql").fetchall()


@pytest.mark.parametrize("version", range(len(SCHEMA)))
async def test_a_database_of_an_older_version_is_brought_up_to_date(
    tmp_path: Path, version: int
) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    of_version(old, version)
    assert await left_in(old) == [b"9"] * bool(version)
    assert await left_in(new) == []
    assert shape(old) == shape(new)


async def test_the_processes_that_begin_at_once_make_one_database(tmp_path: Path) -> None:
    async def opened(number: int) -> None:
        async with Store.opened(tmp_path / "assistant.db", clock) as store:
            await store.keep({number: b"here"}, number)

    await asyncio.gather(*map(opened, range(8)))
    assert await left_in(tmp_path / "assistant.db") == [b"here"] * 8


async def test_what_fails_midway_is_not_written(tmp_path: Path) -> None:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO inbox (update_id, body, received_ms) VALUES (9, x'39', 1)")
        raise ZeroDivisionError

    async with Store.opened(tmp_path / "assistant.db", clock) as store:
        with pytest.raises(ZeroDivisionError):
            await store.write(work)
        await store.keep({10: b"ten"}, 1)
        assert (await left(store))[0] == [b"ten"]


async def test_what_a_writer_has_read_stays_true_until_it_has_written(tmp_path: Path) -> None:
    path = tmp_path / "assistant.db"
    async with Store.opened(path, clock) as one, Store.opened(path, clock) as other:
        await one.write(lambda db: db.execute(COUNTER))
        seen = await asyncio.gather(*(store.write(count_up) for store in [one, other] * 50))
    assert sorted(seen) == list(range(100))


async def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "assistant.db"
    async with Store.opened(path, clock) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(2):
                assert (
                    await store.read(lambda db: db.execute("SELECT * FROM inbox").fetchall()) == []
                )


async def test_a_store_without_a_place_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with Store.opened(None, clock) as store:
        await store.keep({9: b"nine"}, 1)
        assert (await left(store))[0] == [b"nine"]
    assert modes_in(tmp_path) == set()


AS_NOBODY = """
import asyncio, os, sys
from pathlib import Path
from crypto_assistant.clocks import clock_ms
from crypto_assistant.errors import ConfigError
from crypto_assistant.state.lock import held
from crypto_assistant.state.store import Store

async def main():
    os.setgid(65534), os.setuid(65534)
    try:
        async with Store.opened(Path(sys.argv[1]), clock_ms):
            print("opened")
    except ConfigError as error:
        print(error)

asyncio.run(main())
"""


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
@pytest.mark.parametrize("roots", ["", "assistant.db", "assistant.db-wal", "assistant.db-shm"])
def test_what_belongs_to_another_user_is_named(roots: str) -> None:
    with TemporaryDirectory() as directory:
        state, path = Path(directory), Path(directory) / "assistant.db"
        for name in {roots, path.name} - {""}:
            (state / name).touch(mode=0o600)
        for file in {state, path} - {state / roots}:
            os.chown(file, 65534, 65534)
        state.chmod(0o755)
        command = [sys.executable, "-c", AS_NOBODY, str(path)]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        reason = f"{state / roots} is not writable"
        assert said.stdout == f"The database {path} cannot be used: {reason}\n"
        assert said.stderr == ""


async def made_by_root(state: Path) -> set[int]:
    """Who owns what, while the database is in use."""
    with held(state):
        async with Store.opened(state / "assistant.db", clock) as store:
            await store.keep({9: b"nine"}, 1)
            return owners_in(state)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play root")
@pytest.mark.parametrize("damaged", [False, True])
async def test_what_root_makes_belongs_to_whose_directory_it_is(
    tmp_path: Path, damaged: bool
) -> None:
    if damaged:
        (tmp_path / "assistant.db").write_bytes(b"no database" * 1000)
        os.chown(tmp_path / "assistant.db", 65534, 65534)
    os.chown(tmp_path, 65534, 65534)
    assert await made_by_root(tmp_path) == {65534}


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_database_that_is_deleted_or_replaced_is_noticed_and_what_is_open_is_kept_anew(
    tmp_path: Path, replaced: bool, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "assistant.db"
    await left_in(tmp_path / "other.db")
    async with Store.opened(path, clock) as store:
        await store.left()
        await store.keep({9: b"nine"}, 1)
        path.unlink()
        if replaced:
            (tmp_path / "other.db").rename(path)
        assert "deleted or replaced" in ((await store.condition()).trouble or "")
        assert await store.keep({}, 2)
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT body FROM inbox").fetchall() == [(b"nine",)]
    assert caplog.text.count("deleted or replaced") == 1
    assert await left_in(path) == [b"nine"]
