"""What no answer of an adapter may hold, whatever the venue sent; and the rows that it holds."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from math import isinf, isnan
from typing import Any

import numpy as np

EARLIEST, LATEST = (datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000 for year in (2010, 2100))
LONGEST, LONGEST_KEY = 40, 300
MARKUP = set("<>&\"'`")


def unsound(answer: Any) -> list[str]:
    """Texts that cannot be shown, times of no market's, numbers without an end."""
    told = _leaves(answer, "" if is_dataclass(answer) else "time_ms")
    return [f"{name} {value!r:.80}" for name, value in told if not _is_sound(name, value)]


def rows(answer: Any) -> Counter[str]:
    """Each row as often as it is there; an answer about one thing is one row."""
    for name in ("counts", "holdings", "positions", "entries"):
        if hasattr(answer, name):
            return Counter(map(repr, getattr(answer, name)))
    columns = list(_columns(answer))
    return Counter(map(repr, zip(*columns, strict=True))) if columns else Counter([repr(answer)])


def _columns(answer: Any) -> Iterator[list[Any]]:
    for field in fields(answer) if is_dataclass(answer) else ():
        value = getattr(answer, field.name)
        if isinstance(value, np.ndarray):
            yield value.tolist()
        elif isinstance(value, tuple):
            yield list(value)
        elif field.name == "instruments":
            yield list(value.symbols)


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name), field.name)
    elif isinstance(value, np.ndarray):
        yield from ((name, cell) for cell in value.tolist())
    elif isinstance(value, tuple):
        for item in value:
            yield from _leaves(item, name)
    elif not isinstance(value, dict):
        yield name, value


def _is_sound(name: str, value: Any) -> bool:
    if isinstance(value, str):
        longest = LONGEST_KEY if name == "key" else LONGEST
        return len(value) <= longest and value.isprintable() and not MARKUP.intersection(value)
    if not isinstance(value, int | float) or isnan(value):
        return True
    return EARLIEST <= value < LATEST if name.endswith("_ms") else not isinf(value)
