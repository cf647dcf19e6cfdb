"""What must outlive a restart: one SQLite database, on a thread of its own."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from crypto_assistant.errors import ConfigError
from crypto_assistant.state.database import Database, Timing
from crypto_assistant.state.inbox import Inbox, Left

T = TypeVar("T")

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
    """CREATE TABLE holds (
        environment TEXT NOT NULL,
        venue TEXT NOT NULL,
        told_ms INTEGER NOT NULL,
        until_ms INTEGER NOT NULL,
        PRIMARY KEY (environment, venue)
    ) STRICT, WITHOUT ROWID""",
    # One number of Binance's may be that of a funding of several markets, of which one was kept.
    """UPDATE entries SET
        key = key || ':' || symbol,
        flow = iif(key GLOB '*:SPECIAL_FUNDING_FEE:*', 'funding', flow)
    WHERE venue = 'binance'""",
    # So its log is read again as far as it reaches, by the venue's clock 89 days: two days less, so
    # that what is read again meets what is kept. A clock of ours that is behind does no harm, since
    # the last reading was not later; one that is ahead leaves more of it taken for read.
    """INSERT INTO coverage
        SELECT 'binance, kept', environment, uid, start_ms, min(end_ms, since_ms)
        FROM coverage NATURAL JOIN (
            SELECT venue, environment, uid, max(max(end_ms), clock_ms()) - 87 * 86400000 AS since_ms
            FROM coverage GROUP BY venue, environment, uid
        )
        WHERE venue = 'binance' AND start_ms < since_ms""",
    "DELETE FROM coverage WHERE venue = 'binance'",
    "UPDATE coverage SET venue = 'binance' WHERE venue = 'binance, kept'",
    """CREATE TABLE settings (
        user INTEGER NOT NULL,
        name TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (user, name)
    ) STRICT, WITHOUT ROWID""",
)
"""One statement per version; a database that has taken the first n has `user_version` n."""

SHIPPED = Timing()


@dataclass(frozen=True, slots=True)
class Condition:
    """How the database is.

    `path`: None where nothing was to be kept. `size_bytes`: on the disk, what is not written into
    the file yet included; None where that cannot be told. `inbox`: how many questions are open.
    `trouble`: what is wrong, in words; None where nothing is.
    """

    path: Path | None
    size_bytes: int | None
    inbox: int
    trouble: str | None


class Store:
    """The database; its calls run on its thread, so that the event loop never waits for a disk.

    `read` and `write` may raise sqlite3.Error: without its past, an account's log would tell a
    wrong sum. The inbox goes on without the file, since it is in memory too: what the file could
    not take, or what was in a file that is damaged, is written with the next call that can write.
    """

    def __init__(
        self,
        path: Path | None,
        clock_ms: Callable[[], int],
        thread: ThreadPoolExecutor,
        timing: Timing,
    ) -> None:
        self._thread = thread
        self._file = Database(path, SCHEMA, timing, asyncio.get_running_loop().time, clock_ms)
        self._inbox = Inbox(self._file)
        self._writing = asyncio.Lock()

    @staticmethod
    @asynccontextmanager
    async def opened(
        path: Path | None, clock_ms: Callable[[], int], timing: Timing = SHIPPED
    ) -> "AsyncIterator[Store]":
        """The store at `path`, made or brought up to date; None: in memory.

        Raises ConfigError. A file that is damaged is set aside; one that cannot be opened for a
        while, on a full disk for instance, is tried again at later calls.
        """
        with ThreadPoolExecutor(1, "store") as thread:
            store = Store(path, clock_ms, thread, timing)
            ended_well = False
            try:
                await store._on_thread(store._file.open)
                yield store
                ended_well = True
            except (asyncio.CancelledError, ConfigError):
                ended_well = True
                raise
            finally:
                store._inbox.ending = True
                # On its way to the thread whatever happens here: a second stop may come meanwhile.
                close = partial(store._close, ended_well=ended_well)
                await asyncio.shield(asyncio.get_running_loop().run_in_executor(thread, close))

    @property
    def begun_anew(self) -> int:
        """How often the database was found damaged, and an empty one begun."""
        return self._file.begun_anew

    @property
    def trouble(self) -> str | None:
        """What is wrong with the database, in words, as far as is known; None: nothing."""
        return self._file.trouble

    async def condition(self) -> Condition:
        """How the database is; raises nothing."""
        return await self._on_thread(self._condition)

    async def keep(self, updates: Mapping[int, bytes], received_ms: int) -> bool:
        """Puts updates into the inbox; one that is there already stays as it is.

        Returns whether all that is open outlives the process. Raises nothing.
        """
        self._inbox.receives(updates, received_ms)
        return await self._on_thread(self._inbox.settle)

    async def forget(self, update_ids: Iterable[int]) -> None:
        """Takes out of the inbox what has been answered; raises nothing."""
        self._inbox.answered(update_ids)
        await self._on_thread(self._inbox.settle)

    async def left(self) -> Left:
        """What is in the inbox, once it can be read; nothing at all other calls. Raises nothing.

        What is to be answered counts as begun until a clean end.
        """
        if self._inbox.is_taken_up:  # Nobody waits for the disk to hear that again.
            return Left({}, {})
        return await self._on_thread(self._inbox.left)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns; what it changes is written whole, or not at all.

        One after the other, so that no more than one of them is ahead of a question.
        """
        async with self._writing:
            return await self._on_thread(lambda: self._file.write(work))

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """What one query finds; it waits for no other process that writes."""
        return await self._on_thread(lambda: self._file.read(query))

    async def _on_thread(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, copy_context().run, work)

    def _condition(self) -> Condition:
        file = self._file
        file.notice_loss()
        return Condition(file.path, file.size_bytes(), len(self._inbox), file.trouble)

    def _close(self, *, ended_well: bool) -> None:
        self._file.hurry()
        self._inbox.close(ended_well=ended_well)
        self._file.close()
