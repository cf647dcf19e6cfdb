"""How long an answer stays good, and one request for many callers."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")


SWEEP_SECONDS = 1.0
"""How often what is too old is thrown away: looking through all of it at each answer is slow."""


class Lifetime(Enum):
    """Seconds for which data of a kind is handed out again."""

    PRICE = 1.0
    INDICATOR = 5.0
    RANKING = 30.0
    CLOSED = 300.0
    INSTRUMENTS = 500.0


class Cache:
    """Answers by key while they live, and the one flight under way for each key.

    A flight is a task of its own: a caller that is cancelled or out of time leaves it to the
    others. Errors are not kept.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._flights: dict[Hashable, asyncio.Task[Any]] = {}
        self._swept = now()

    async def get(self, key: Hashable, seconds: float, fetch: Callable[[], Awaitable[T]]) -> T:
        """What is kept under `key`, else what `fetch` brings."""
        expires, value = self._kept.get(key, (0.0, None))
        if expires > self._now():
            return value  # type: ignore[no-any-return]
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._fly(key, seconds, fetch))
            self._flights[key] = flight
            flight.add_done_callback(lambda flight: self._landed(key, flight))
        return await asyncio.shield(flight)

    async def close(self) -> None:
        """Ends the flights under way."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _fly(self, key: Hashable, seconds: float, fetch: Callable[[], Awaitable[T]]) -> T:
        value = await fetch()
        now = self._now()
        if now - self._swept >= SWEEP_SECONDS:
            self._sweep(now)
        self._kept[key] = (now + seconds, value)
        return value

    def _landed(self, key: Hashable, flight: asyncio.Task[Any]) -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # Looked at, for where every caller has left.

    def _sweep(self, now: float) -> None:
        self._swept = now
        for key in [key for key, (expires, _) in self._kept.items() if expires <= now]:
            del self._kept[key]
