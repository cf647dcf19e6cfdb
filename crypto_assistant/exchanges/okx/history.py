"""What happened on the owner's OKX account, read page by page back into the past."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.okx.envelope import objects
from crypto_assistant.exchanges.payload import moment
from crypto_assistant.net.request import Query

T = TypeVar("T")

LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """What a row says, when it was written, and the number of its bill."""

    bill: int
    time_ms: int
    said: T


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the venue keeps rows: a path for those of the last `new_ms`, another for all."""

    new: str
    old: str
    new_ms: int

    def windows(self, start_ms: int, end_ms: int, now_ms: int) -> list[tuple[str, int, int]]:
        """The path to ask for each part of [`start_ms`, `end_ms`); one part at least."""
        since_ms = now_ms - self.new_ms
        parts = [
            (self.old, start_ms, min(end_ms, since_ms)),
            (self.new, max(start_ms, since_ms), end_ms),
        ]
        return [part for part in parts if part[1] < part[2]] or [(self.new, start_ms, end_ms)]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows, of one answer the newest first."""

    rows: Sequence[Row[T]]
    received_ms: int


def page(data: object, received_ms: int, read: Callable[[dict[str, Any]], T]) -> Page[T]:
    """One answer, each of its rows read."""
    return Page(
        [Row(int(row["billId"]), moment(row["ts"]), read(row)) for row in objects(data)],
        received_ms,
    )


async def between(
    start_ms: int, end_ms: int, ask: Callable[[Query], Awaitable[Page[T]]]
) -> Page[T]:
    """Every row of [`start_ms`, `end_ms`) once; of all pages or, where one fails, of none.

    An empty stretch is not asked for.
    """
    if start_ms >= end_ms:
        return Page([], end_ms)
    # A millisecond more: right whether or not the venue counts the ends of a window in.
    window: Query = [("begin", start_ms - 1), ("end", end_ms), ("limit", LARGEST_PAGE)]
    last = first = await ask(window)
    found = {row.bill: row for row in first.rows}
    while len(last.rows) >= LARGEST_PAGE:
        seen = len(found)
        last = await ask([*window, ("after", last.rows[-1].bill)])
        found |= {row.bill: row for row in last.rows}
        if last.rows and len(found) == seen:
            raise Malformed("the same page twice")
    if not all(start_ms - 1 <= row.time_ms <= end_ms for row in found.values()):
        raise Malformed("a row of another time than asked for")
    rows = [row for row in found.values() if start_ms <= row.time_ms < end_ms]
    return Page(rows, first.received_ms)


def joined(parts: Sequence[Page[T]]) -> Page[T]:
    """The rows of all parts, the oldest first, in the order in which they were billed."""
    rows = sorted((row for part in parts for row in part.rows), key=attrgetter("time_ms", "bill"))
    return Page(rows, min(part.received_ms for part in parts))
