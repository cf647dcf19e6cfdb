"""Orders to stop, kept over a restart: nobody is asked again before the time that he named."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from crypto_assistant.errors import StateFailed
from crypto_assistant.net.limiter import Limiter
from crypto_assistant.state.store import Store

T = TypeVar("T")

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""How often it is looked whether somebody has lifted an order, while one stands."""
BUSY_SECONDS = 5.0
LIFTED = 0
"""What stands in the place of the end of an order that somebody has lifted."""


class Hold(NamedTuple):
    """One order that stands; `environment`: `live`, or of play money."""

    environment: str
    venue: str
    told_ms: int
    until_ms: int


class Holds:
    """The last order of each venue. A database that fails costs the memory of it, no answer."""

    def __init__(self, store: Store, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self._writes: set[asyncio.Task[None]] = set()
        self._looks: dict[Limiter, asyncio.Task[None]] = {}

    async def guard(self, environment: str, venue: str, limiter: Limiter) -> None:
        """Holds the limiter until the time that an earlier life was told; keeps what it is told."""
        try:
            seconds = await self._store.read(partial(_left, environment, venue, self._clock_ms()))
        except sqlite3.Error as error:
            log.warning("%s: it is not known whether it said stop: %s", venue, error)
            seconds = 0.0
        if seconds > 0:
            log.warning("%s: %s", venue, limiter.hold(seconds, "told before the start"))
            self._watch(environment, venue, limiter)
        limiter.on_hold = partial(self._note, environment, venue, limiter)

    async def close(self) -> None:
        """Waits for what is being written."""
        for look in self._looks.values():
            look.cancel()
        await asyncio.gather(*self._looks.values(), return_exceptions=True)
        await asyncio.gather(*self._writes)

    def _note(self, environment: str, venue: str, limiter: Limiter, until_ms: int) -> None:
        write = asyncio.create_task(self._keep(environment, venue, until_ms))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)
        self._watch(environment, venue, limiter)

    def _watch(self, environment: str, venue: str, limiter: Limiter) -> None:
        if limiter not in self._looks:
            look = asyncio.create_task(self._look(environment, venue, limiter))
            self._looks[limiter] = look
            look.add_done_callback(lambda _: self._looks.pop(limiter))

    async def _look(self, environment: str, venue: str, limiter: Limiter) -> None:
        """Whoever lifts an order does so in the database, from a shell."""
        while limiter.held_until_ms is not None:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                is_lifted = await self._store.read(partial(_is_lifted, environment, venue))
            except sqlite3.Error:  # The log has it, from whoever had to write.
                continue
            if is_lifted and not self._writes and limiter.held_until_ms is not None:
                limiter.release()
                log.warning("%s: its order to stop was lifted", venue)

    async def _keep(self, environment: str, venue: str, until_ms: int) -> None:
        try:
            await self._store.write(partial(_keep, environment, venue, self._clock_ms(), until_ms))
        except sqlite3.Error as error:
            log.warning("%s: its order to stop is not kept: %s", venue, error)


def _left(environment: str, venue: str, now_ms: int, connection: sqlite3.Connection) -> float:
    """Seconds for which it still stands; never more than at first, whatever the clock says."""
    query = "SELECT told_ms, until_ms FROM holds WHERE environment = ? AND venue = ?"
    row = connection.execute(query, (environment, venue)).fetchone()
    if row is None:
        return 0.0
    told_ms, until_ms = map(int, row)
    return (until_ms - max(now_ms, told_ms)) / 1000


def _keep(
    environment: str, venue: str, told_ms: int, until_ms: int, connection: sqlite3.Connection
) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO holds (environment, venue, told_ms, until_ms) VALUES (?, ?, ?, ?)",
        (environment, venue, told_ms, until_ms),
    )


def _is_lifted(environment: str, venue: str, connection: sqlite3.Connection) -> bool:
    query = "SELECT until_ms FROM holds WHERE environment = ? AND venue = ?"
    return connection.execute(query, (environment, venue)).fetchall() == [(LIFTED,)]


def standing(databases: Collection[Path], now_ms: int) -> list[Hold]:
    """The orders that stand now, as the databases have them; raises StateFailed."""
    query = "SELECT environment, venue, told_ms, until_ms FROM holds WHERE until_ms > ?"
    return [
        Hold(*row)
        for path in databases
        for row in _asked(path, "ro", lambda db: db.execute(query, (now_ms,)).fetchall())
    ]


def lift(databases: Collection[Path], venue: str, now_ms: int) -> int:
    """Ends a venue's orders, also of a daemon that runs; how many. Raises StateFailed."""
    query = f"UPDATE holds SET until_ms = {LIFTED} WHERE venue = ? AND until_ms > ?"  # noqa: S608
    return sum(
        _asked(path, "rw", lambda db: db.execute(query, (venue, now_ms)).rowcount)
        for path in databases
        if any(hold.venue == venue for hold in standing([path], now_ms))
    )


def _asked(path: Path, mode: str, ask: Callable[[sqlite3.Connection], T]) -> T:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        db = sqlite3.connect(uri, timeout=BUSY_SECONDS, isolation_level=None, uri=True)
        with closing(db):
            return ask(db)
    except sqlite3.Error as error:
        raise StateFailed(f"{path}: {error}") from error
