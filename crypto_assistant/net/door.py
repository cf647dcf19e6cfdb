"""What all hosts share: connections, clock, durations, cache, room for what arrives."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from crypto_assistant.net.body import Room
from crypto_assistant.net.cache import Cache


@dataclass(frozen=True, slots=True)
class Timing:
    """Every duration that somebody waits for, in seconds."""

    answer: float = 8.0
    scan: float = 60.0
    partial: float = 1.0
    attempt: float = 3.0
    tries: int = 3
    pause: tuple[float, float] = (0.2, 1.0)
    probe: float = 15.0
    blocked: float = 300.0


@dataclass(frozen=True, slots=True)
class Door:
    """What all hosts share: connections, clock, durations, cache, what goes on behind answers."""

    session: aiohttp.ClientSession
    clock_ms: Callable[[], int]
    timing: Timing = Timing()
    cache: Cache = field(default_factory=Cache)
    room: Room = field(default_factory=Room)
    _probes: set[asyncio.Task[None]] = field(default_factory=set, repr=False)

    def probe(self, probing: Coroutine[Any, Any, None]) -> None:
        """Goes on until it ends by itself, or all ends; nothing of a question is known to it."""
        task = asyncio.create_task(probing, context=Context())
        self._probes.add(task)
        task.add_done_callback(self._probes.discard)

    async def close(self) -> None:
        """Ends whatever is under way."""
        for task in self._probes:
            task.cancel()
        await asyncio.gather(*self._probes, return_exceptions=True)
        await self.cache.close()
