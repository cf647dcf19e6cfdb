"""How many rows of an answer could not be read, and how many of its numbers cannot be."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf

from crypto_assistant.clocks import monotonic

log = logging.getLogger(__name__)

HOUR, MINUTE = 3600.0, 60.0


@dataclass(slots=True)
class Unread:
    """Rows that were left out of what was read."""

    rows: int = 0


_unread: ContextVar[Unread] = ContextVar("unread")


@contextmanager
def counting() -> Iterator[Unread]:
    """Counts what `left_out` is told of inside."""
    unread = Unread()
    token = _unread.set(unread)
    try:
        yield unread
    finally:
        _unread.reset(token)


class LastHour:
    """How many rows were left out in the last hour, to the minute."""

    def __init__(self) -> None:
        self._by_minute: Counter[float] = Counter()

    @property
    def rows(self) -> int:
        self._forget()
        return self._by_minute.total()

    def add(self, rows: int) -> None:
        self._forget()
        self._by_minute[monotonic() // MINUTE] += rows

    def _forget(self) -> None:
        since = (monotonic() - HOUR) // MINUTE
        for minute in [minute for minute in self._by_minute if minute <= since]:
            del self._by_minute[minute]


@dataclass(slots=True)
class Refused:
    """Numbers that cannot be what they are said to be."""

    fields: int = 0

    @property
    def words(self) -> str:
        return "1 field out of range" if self.fields == 1 else f"{self.fields} fields out of range"


class Hourly:
    """Says what was refused in the log, of each venue at most once an hour."""

    def __init__(self) -> None:
        self._said_at: dict[str, float] = {}

    def say(self, venue: str, part: str, found: Refused) -> None:
        if monotonic() - self._said_at.get(venue, -inf) >= HOUR:
            self._said_at[venue] = monotonic()
            log.warning("%s: %s: %s", venue, part, found.words)


_refused: ContextVar[Refused] = ContextVar("refused")


@contextmanager
def watching() -> Iterator[Refused]:
    """Counts what `refused` is told of inside."""
    found = Refused()
    token = _refused.set(found)
    try:
        yield found
    finally:
        _refused.reset(token)


def refused(fields: int) -> None:
    """So many numbers more were refused; told to nobody where nobody watches."""
    _refused.get(Refused()).fields += fields


def counted(rows: int) -> str:
    """So many rows, in words."""
    return f"{rows} row" if rows == 1 else f"{rows} rows"


def left_out(rows: int) -> None:
    """So many rows more were left out; told to nobody where nobody counts."""
    _unread.get(Unread()).rows += rows
