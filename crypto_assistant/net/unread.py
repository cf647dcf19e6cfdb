"""How many rows of an answer could not be read, counted while it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


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


def left_out(rows: int) -> None:
    """So many rows more were left out; told to nobody where nobody counts."""
    _unread.get(Unread()).rows += rows
