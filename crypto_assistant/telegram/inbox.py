"""What was asked and is not answered yet, on disk, so that it outlives the process."""

import logging
import sqlite3
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any

import orjson

from crypto_assistant.net.api import clock_ms
from crypto_assistant.state.store import Store

log = logging.getLogger(__name__)


class Inbox:
    """The updates in the store; while the disk fails they are answered all the same."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._failing: set[str] = set()

    async def left(self) -> tuple[list[Any], list[Any]]:
        """What earlier lives left open, as Telegram sent it: to be answered, and given up."""
        try:
            left = await self._store.left()
        except sqlite3.Error as error:
            self._failed("keep", error)
            return [], []
        return list(map(orjson.loads, left.to_answer)), list(map(orjson.loads, left.given_up))

    async def keep(self, updates: Mapping[int, Any]) -> None:
        """Keeps updates by their ids."""
        if updates:
            bodies = {update_id: orjson.dumps(raw) for update_id, raw in updates.items()}
            await self._succeeds("keep", self._store.keep(bodies, clock_ms()))

    async def forget(self, update_ids: Iterable[int]) -> None:
        """Takes out what is answered."""
        await self._succeeds("forget", self._store.forget(update_ids))

    async def _succeeds(self, what: str, writing: Awaitable[None]) -> None:
        try:
            await writing
        except sqlite3.Error as error:
            self._failed(what, error)
            return
        if self._failing == {what}:
            log.warning("the inbox is written again")
        self._failing.discard(what)

    def _failed(self, what: str, error: sqlite3.Error) -> None:
        """Told once for as long as it lasts; what does not need the failing disk may go well."""
        if not self._failing:
            log.error(
                "the inbox cannot be written (%s): questions are answered, "
                "but a restart now would lose or repeat them",
                error,
            )
        self._failing.add(what)
