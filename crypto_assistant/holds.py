"""Orders to stop, kept over a restart: nobody is asked again before the time that he named."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from functools import partial

from crypto_assistant.net.limiter import Limiter
from crypto_assistant.state.store import Store

log = logging.getLogger(__name__)


class Holds:
    """The last order of each venue. A database that fails costs the memory of it, no answer."""

    def __init__(self, store: Store, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self._writes: set[asyncio.Task[None]] = set()

    async def guard(self, environment: str, venue: str, limiter: Limiter) -> None:
        """Holds the limiter until the time that an earlier life was told; keeps what it is told."""
        try:
            seconds = await self._store.read(partial(_left, environment, venue, self._clock_ms()))
        except sqlite3.Error as error:
            log.warning("%s: it is not known whether it said stop: %s", venue, error)
            seconds = 0.0
        if seconds > 0:
            log.warning("%s: %s", venue, limiter.hold(seconds))
        limiter.on_hold = partial(self._note, environment, venue)

    async def close(self) -> None:
        """Waits for what is being written."""
        await asyncio.gather(*self._writes)

    def _note(self, environment: str, venue: str, until_ms: int) -> None:
        write = asyncio.create_task(self._keep(environment, venue, until_ms))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)

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
