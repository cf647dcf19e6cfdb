"""How long an answer stays good, and one request for many callers."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from enum import Enum
from typing import Any, TypeVar

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import ExchangeError

T = TypeVar("T")


SWEEP_SECONDS = 1.0
"""How often what is too old is thrown away: looking through all of it at each answer is slow."""
LATE_SECONDS = 1.0
"""How long a flight must have been under way for its failure to be another one's."""


class Lifetime(Enum):
    """Seconds for which data of a kind is handed out again."""

    MOMENT = 0.0
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

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._flights: dict[Hashable, tuple[float, asyncio.Task[Any]]] = {}
        self._swept = 0.0

    async def get(self, key: Hashable, seconds: float, fetch: Callable[[], Awaitable[T]]) -> T:
        """What is kept under `key`, else what `fetch` brings."""
        joined = monotonic()
        expires, value = self._kept.get(key, (0.0, None))
        if expires > joined:
            return value  # type: ignore[no-any-return]
        begun, flight = self._under_way(key) or self._begin(key, seconds, fetch)
        try:
            return await asyncio.shield(flight)
        except ExchangeError:
            if joined - begun < LATE_SECONDS:
                raise
        # It failed those who had waited longer; who came late asks for himself.
        return await self.get(key, seconds, fetch)

    async def close(self) -> None:
        """Ends the flights under way."""
        flights = [flight for _, flight in self._flights.values()]
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _under_way(self, key: Hashable) -> tuple[float, asyncio.Task[Any]] | None:
        """One that has just ended is still there until the event loop tells so."""
        found = self._flights.get(key)
        return None if found is None or found[1].done() else found

    def _begin(
        self, key: Hashable, seconds: float, fetch: Callable[[], Awaitable[T]]
    ) -> tuple[float, asyncio.Task[Any]]:
        flight = asyncio.create_task(self._fly(key, seconds, fetch))
        flight.add_done_callback(lambda flight: self._landed(key, flight))
        self._flights[key] = monotonic(), flight
        return self._flights[key]

    async def _fly(self, key: Hashable, seconds: float, fetch: Callable[[], Awaitable[T]]) -> T:
        value = await fetch()
        now = monotonic()
        if now - self._swept >= SWEEP_SECONDS:
            self._sweep(now)
        self._kept[key] = (now + seconds, value)
        return value

    def _landed(self, key: Hashable, flight: asyncio.Task[Any]) -> None:
        if self._flights[key][1] is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # Looked at, for where every caller has left.

    def _sweep(self, now: float) -> None:
        self._swept = now
        for key in [key for key, (expires, _) in self._kept.items() if expires <= now]:
            del self._kept[key]
