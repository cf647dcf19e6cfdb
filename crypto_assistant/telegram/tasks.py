"""Work under way, which a stop lets finish for a while."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


class Tasks:
    """Tasks that nobody awaits one by one; what goes wrong in them is logged."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self, grace: float) -> None:
        """Waits at most `grace` seconds for all of them to end, then cancels the rest.

        Being cancelled itself, it waits no longer.
        """
        try:
            await self._end_within(grace)
        finally:
            # A request on its way delays the first cancellation until it is back, not the second.
            for _ in range(2):
                for task in self._tasks:
                    task.cancel()
                await self._end_within(grace / 10)

    async def _end_within(self, seconds: float) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("a bug in the Telegram front")
