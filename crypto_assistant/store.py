"""What must outlive a restart: one SQLite database, on a thread of its own."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import TypeVar

from crypto_assistant.errors import ConfigError

T = TypeVar("T")

log = logging.getLogger(__name__)

SCHEMA = (
    """CREATE TABLE inbox (
        update_id INTEGER PRIMARY KEY,
        body BLOB NOT NULL,
        received_ms INTEGER NOT NULL,
        starts INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    """CREATE TABLE entries (
        venue TEXT NOT NULL,
        environment TEXT NOT NULL,
        uid TEXT NOT NULL,
        key TEXT NOT NULL,
        flow TEXT NOT NULL,
        time_ms INTEGER NOT NULL,
        family TEXT,
        symbol TEXT NOT NULL,
        coin TEXT NOT NULL,
        coins REAL NOT NULL,
        UNIQUE (venue, environment, uid, key, flow)
    ) STRICT""",
    "CREATE INDEX entries_by_time ON entries (venue, environment, uid, time_ms)",
    """CREATE TABLE coverage (
        venue TEXT NOT NULL,
        environment TEXT NOT NULL,
        uid TEXT NOT NULL,
        start_ms INTEGER NOT NULL,
        end_ms INTEGER NOT NULL CHECK (end_ms > start_ms),
        PRIMARY KEY (venue, environment, uid, start_ms)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE snapshots (
        venue TEXT NOT NULL,
        environment TEXT NOT NULL,
        uid TEXT NOT NULL,
        taken_ms INTEGER NOT NULL,
        rows TEXT NOT NULL,
        PRIMARY KEY (venue, environment, uid, taken_ms)
    ) STRICT, WITHOUT ROWID""",
)
"""One statement per version; a database that has taken the first n has `user_version` n."""

PAGES_KB = 256
"""Of the database that stay in memory."""
MOST_STARTS = 3
"""A question left this often may itself be what ends the program."""
BUSY_SECONDS = 5.0
"""For how long another process may be writing."""


class Store:
    """The database; its calls run on its thread, so that the event loop never waits for a disk."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread

    @staticmethod
    @asynccontextmanager
    async def opened(path: Path | None) -> "AsyncIterator[Store]":
        """The store at `path`, made or brought up to date; None: in memory. Raises ConfigError."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "store") as thread:
            connection = await loop.run_in_executor(thread, _opened, path)
            try:
                yield Store(connection, thread)
            finally:
                await loop.run_in_executor(thread, connection.close)

    async def keep(self, updates: Mapping[int, bytes], received_ms: int) -> None:
        """Puts updates into the inbox; one that is there already stays as it is."""
        rows = [(update_id, body, received_ms) for update_id, body in updates.items()]
        await self._execute_many(
            "INSERT OR IGNORE INTO inbox (update_id, body, received_ms) VALUES (?, ?, ?)", rows
        )

    async def forget(self, update_ids: Iterable[int]) -> None:
        """Takes out of the inbox what has been answered."""
        rows = [(update_id,) for update_id in update_ids]
        await self._execute_many("DELETE FROM inbox WHERE update_id = ?", rows)

    async def left(self) -> list[bytes]:
        """What an earlier life received and did not answer, oldest first."""
        return await self.write(_left)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns; what it changes is written whole, or not at all."""

        def transaction() -> T:
            with _transaction(self._connection):
                return work(self._connection)

        return await self._on_thread(transaction)

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """What one query finds; it waits for no other process that writes."""
        return await self._on_thread(lambda: query(self._connection))

    async def _execute_many(self, sql: str, rows: Sequence[tuple[int | bytes, ...]]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(sql, rows)

        await self.write(work)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Holds every other writer off, so that what is read in it stays true until it is written."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is None:
        return _connected(":memory:")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        return _connected(path)
    except (OSError, sqlite3.Error) as e:
        raise ConfigError(f"The database {path} cannot be used: {e}") from e


def _connected(path: Path | str) -> sqlite3.Connection:
    with ExitStack() as undo:
        connection = undo.enter_context(
            closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None))
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{PAGES_KB}")
        with _transaction(connection):
            _migrate(connection, path)
        undo.pop_all()
        return connection


def _migrate(connection: sqlite3.Connection, path: Path | str) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(SCHEMA):
        raise ConfigError(f"The database {path} was written by a newer version of this program.")
    for number, statement in enumerate(SCHEMA[version:], version + 1):
        connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")


def _left(connection: sqlite3.Connection) -> list[bytes]:
    connection.execute("UPDATE inbox SET starts = starts + 1")
    given_up = connection.execute("DELETE FROM inbox WHERE starts > ?", (MOST_STARTS,)).rowcount
    if given_up:
        log.error("%d questions are given up: %d starts left them open", given_up, MOST_STARTS)
    rows = connection.execute("SELECT body FROM inbox ORDER BY received_ms, update_id")
    return [body for (body,) in rows]
