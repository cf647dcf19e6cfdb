"""How long an answer stays good, how much of it all is kept, and one request for many callers."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import ExchangeError

T = TypeVar("T")


MOST_BYTES = 16 * 1024 * 1024
"""Of all answers that are kept."""
FIELD_BYTES = 100
"""Of a number, a name or a time, and the reference to it."""
SWEEP_SECONDS = 5.0
"""How often what is too old is thrown away: looking through all of it at each answer is slow."""
MINUTE_MS = 60_000
"""At the end of the venue's minutes bars close: what an indicator was before is over."""
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


class _Kept(NamedTuple):
    """`expires`: on the clock of `monotonic`."""

    value: Any
    expires: float
    size: int


class Cache:
    """Answers by key while they live, and the one flight under way for each key.

    A flight is a task of its own: a caller that is cancelled or out of time leaves it to the
    others. Errors are not kept; where answers take more than `MOST_BYTES`, the oldest go.
    """

    def __init__(self) -> None:
        self.bytes = 0
        """Of what is kept."""
        self._kept: dict[Hashable, _Kept] = {}
        """The oldest first."""
        self._flights: dict[Hashable, tuple[float, asyncio.Task[Any]]] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    async def get(self, key: Hashable, seconds: float, fetch: Callable[[], Awaitable[T]]) -> T:
        """What is kept under `key`, else what `fetch` brings."""
        joined = monotonic()
        kept = self._kept.get(key)
        if kept and kept.expires > joined:
            return kept.value  # type: ignore[no-any-return]
        begun, flight = self._under_way(key) or self._begin(key, seconds, fetch)
        # Not shield, which since Python 3.14 logs an error whose callers have left.
        await asyncio.wait({flight})
        try:
            return flight.result()  # type: ignore[no-any-return]
        except ExchangeError:
            if joined - begun < LATE_SECONDS:
                raise
        # It failed those who had waited longer; who came late asks for himself.
        return await self.get(key, seconds, fetch)

    async def close(self) -> None:
        """Ends the flights under way."""
        if self._sweeping:
            self._sweeping.cancel()
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
        if seconds > 0:
            self._keep(key, _Kept(value, monotonic() + seconds, FIELD_BYTES + size(value)))
        return value

    def _keep(self, key: Hashable, new: _Kept) -> None:
        self._drop(key)
        self._kept[key] = new
        self.bytes += new.size
        while self.bytes > MOST_BYTES:
            self._drop(next(iter(self._kept)))
        self._sweep_later()

    def _drop(self, key: Hashable) -> None:
        if old := self._kept.pop(key, None):
            self.bytes -= old.size

    def _landed(self, key: Hashable, flight: asyncio.Task[Any]) -> None:
        if self._flights[key][1] is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # Looked at, for where every caller has left.

    def _sweep_later(self) -> None:
        if self._sweeping is None and self._kept:
            loop = asyncio.get_running_loop()
            self._sweeping = loop.call_later(SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        now, self._sweeping = monotonic(), None
        for key in [key for key, kept in self._kept.items() if kept.expires <= now]:
            self._drop(key)
        self._sweep_later()


def size(value: Any) -> int:
    """Bytes that a value takes, about: those of its columns, and `FIELD_BYTES` a field.

    What is no plain data tells its `nbytes` itself.
    """
    if (own := getattr(value, "nbytes", None)) is not None:
        return int(own)
    if is_dataclass(value):
        return sum(FIELD_BYTES + size(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, tuple | list) and value and not isinstance(value[0], str):
        return FIELD_BYTES + sum(map(size, value))
    return FIELD_BYTES * len(value) if isinstance(value, tuple | list | dict | set) else 0
