"""Of several answers to one message, only the newest goes on."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, cast
from weakref import WeakValueDictionary


class Turns:
    """The tasks that answer into the same message."""

    def __init__(self) -> None:
        self._newest: dict[Hashable, asyncio.Task[Any]] = {}
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    async def newest(self, message: Hashable, work: Callable[[], Awaitable[None]]) -> None:
        """Cancels older work for the same message, waits until it has ended, then works.

        Work that is cancelled so, even before it began, ends without an exception.
        """
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        older = self._newest.get(message)
        self._newest[message] = task
        if older:
            older.cancel()
        try:
            async with self._locks.setdefault(message, asyncio.Lock()):
                await work()
        except asyncio.CancelledError:
            if self._newest.get(message) is task:
                raise
            task.uncancel()
        finally:
            if self._newest.get(message) is task:
                del self._newest[message]
