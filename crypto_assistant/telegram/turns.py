"""Of several answers to one message, only the newest goes on."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Any, cast
from weakref import WeakValueDictionary


class Turns:
    """The tasks that answer into the same message."""

    def __init__(self) -> None:
        self._newest: dict[Hashable, asyncio.Task[Any]] = {}
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def newest(self, message: Hashable) -> AsyncIterator[None]:
        """Cancels an older block for the same message and waits until it has ended.

        A block that is cancelled so ends without an exception.
        """
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        older = self._newest.get(message)
        self._newest[message] = task
        if older:
            older.cancel()
        try:
            async with self._locks.setdefault(message, asyncio.Lock()):
                yield
        except asyncio.CancelledError:
            if self._newest.get(message) is task:
                raise
            task.uncancel()
        finally:
            if self._newest.get(message) is task:
                del self._newest[message]
