"""What Binance tells a thousand rows at a time: the windows of full answers are halved."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.binance.amounts import each

MOST_ROWS = 1000

Window = tuple[int, int]
"""A part of time, without its end."""


class Dated(Protocol):
    """A row of the past."""

    @property
    def time_ms(self) -> float: ...


R = TypeVar("R", bound=Dated)


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """The rows of a part of time; a full page may lack some of them."""

    rows: Sequence[R]
    full: bool
    received_ms: int

    @classmethod
    def read(
        cls, payload: Any, window: Window, received_ms: int, row: Callable[[Mapping[str, Any]], R]
    ) -> "Page[R]":
        start_ms, end_ms = window
        found = [row(one) for one in each(payload)]
        if not all(start_ms <= one.time_ms < end_ms for one in found):
            raise Malformed("a row of another time than asked for")
        return cls(found, len(found) >= MOST_ROWS, received_ms)


Ask = Callable[[Window], Awaitable[Page[R]]]


async def whole(ask: Ask[R], windows: Iterable[Window]) -> list[Page[R]]:
    """Pages that together have every row of the windows; an empty window is not asked for.

    Where one fails, nothing more is asked for.
    """
    try:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(_halved(ask, w)) for w in windows if w[0] < w[1]]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    return [page for task in asked for page in task.result()]


async def _halved(ask: Ask[R], window: Window) -> list[Page[R]]:
    """Halved for as long as it has more rows than a page, down to a millisecond.

    So it is of no account which end the venue cuts, or how far back it goes by a row's number.
    """
    page = await ask(window)
    if not page.full:
        return [page]
    start_ms, end_ms = window
    middle_ms = (start_ms + end_ms) // 2
    if middle_ms == start_ms:
        raise Malformed("more rows in a millisecond than an answer holds")
    return await whole(ask, [(start_ms, middle_ms), (middle_ms, end_ms)])
