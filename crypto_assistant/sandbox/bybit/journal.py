"""How Bybit pages through history: a window of at most seven days, newest first, by cursor."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.events import Event
from crypto_assistant.sandbox.bybit.answers import error, limit_of, whole
from crypto_assistant.sandbox.catalog import DAY
from crypto_assistant.sandbox.face import Query

T = TypeVar("T")
WEEK: Final = 7 * DAY


class Journal(Generic[T]):
    """What an account's events give, numbered from its beginning; grows as time passes."""

    def __init__(self, book: Book, rows_of: Callable[[Event], Iterable[T]]) -> None:
        self._book = book
        self._rows_of = rows_of
        self._rows: list[T] = []
        self._times: list[int] = []
        self._until = book.started

    def between(self, start: int, end: int, now: int) -> list[tuple[int, T]]:
        """Numbered rows of [start, end], oldest first; nothing of the future."""
        self._grow(now)
        first = bisect_left(self._times, start)
        last = bisect_right(self._times, min(end, now))
        return [(number, self._rows[number]) for number in range(first, last)]

    def _grow(self, now: int) -> None:
        for event in self._book.events(self._until, now + 1):
            rows = list(self._rows_of(event))
            self._rows += rows
            self._times += [event.time] * len(rows)
        self._until = max(self._until, now + 1)


def window(query: Query, now: int, default: int) -> tuple[int, int]:
    """The span asked for, both ends included; one end alone means `default` from there."""
    start, end = whole(query, "startTime", now), whole(query, "endTime", now)
    if start is None:
        end = now if end is None else end
        return end - default, end
    if end is None:
        return start, start + default
    if end < start:
        raise error("params error: startTime should be less than endTime", now)
    if end - start > WEEK:
        raise error("The time range between startTime and endTime cannot exceed 7 days.", now)
    return start, end


def page(
    numbered: list[tuple[int, T]], query: Query, now: int, default: int, most: int
) -> tuple[list[T], str]:
    """The newest rows before the cursor, and the cursor of the next page ("" after the last)."""
    before = _number(query, now)
    limit = limit_of(query, now, default, most)
    older = [(n, row) for n, row in reversed(numbered) if before is None or n < before][:limit]
    full = len(older) == limit
    cursor = f"{older[0][0]}%3A0%2C{older[-1][0]}%3A0" if full else ""
    return [row for _, row in older], cursor


def _number(query: Query, now: int) -> int | None:
    """Cursors are sent percent-encoded and come back as they were sent."""
    cursor = query.get("cursor", "")
    if not cursor:
        return None
    number = cursor.partition(",")[2].removesuffix(":0")
    if not number.isdecimal():
        raise error("params error: cursor invalid", now)
    return int(number)
