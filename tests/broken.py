"""A field of a venue's answer as no venue should send it: which there are, and what is sent."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from crypto_assistant.sandbox.catalog import DAY
from tests.clock import NOW

Path = tuple[str | int, ...]
"""The keys and row numbers that lead to a field."""

Broken = Callable[[Any], Any]
"""From what a field said to what it says."""

MISSING = object()
RAW = {"1e400": b"1e400", "half a character": b'"\\ud800"'}
"""What orjson does not write."""
LONG = 10
"""Rows of a list that may lack one of them."""
KINDS = {
    *("type", "category", "instType", "ctType", "contractType", "incomeType", "execType"),
    *("status", "contractStatus", "state"),
}
"""Fields by which rows of one list are told apart."""


def _says(value: Any) -> Broken:
    return lambda _: value


def _number(value: int) -> Broken:
    """As a text where the venue sends its numbers so."""
    return lambda told: str(value) if isinstance(told, str) else value


def _raw(name: str) -> str:
    return f"\x7f{name}\x7f"


VALUES: Mapping[str, Broken] = {
    "null": _says(None),
    "missing": _says(MISSING),
    "empty": _says(""),
    "NaN": _says("NaN"),
    "Infinity": _says("Infinity"),
    "-1": _says(-1),
    "text -1": _says("-1"),
    "0": _says(0),
    "text 0": _says("0"),
    "10^19": _says(10**19),
    "2^63": _number(2**63),
    "3": _number(3),
    "1000": _number(1000),
    "last year": _number(NOW - 365 * DAY),
    "seconds": _number(NOW // 1000),
    "microseconds": _number(NOW * 1000),
    "nanoseconds": _number(NOW * 1_000_000),
    "a century": _number(NOW + 36_525 * DAY),
    "2010": _number(1_275_350_400_000),
    "2099": _number(4_083_955_200_000),
    "[]": _says([]),
    "{}": _says({}),
    "[[]]": _says([[]]),
    "true": _says(True),
    "false": _says(False),
    "10 KB": _says("x" * 10_240),
    "control characters": _says("\x1b[2J\r\nBTC\0"),
    "right to left": _says("BTC\u202e"),
    "markup": _says("<b>BTC</b>"),
    "in a list": lambda told: [told],
    "in an object": lambda told: {"0": told},
    **{name: _says(_raw(name)) for name in RAW},
}


class Field(NamedTuple):
    """`row`: the path of the row of a long list that it is in, or is; None where there is none."""

    path: Path
    row: Path | None = None

    def __str__(self) -> str:
        return "".join(f"/{key}" for key in self.path)


WHOLE = Field(())


def fields(answer: Any, inside: Field = WHOLE) -> Iterator[Field]:
    """Every field of an answer; those of a list in one row of each kind."""
    for key in _keys(answer):
        path = (*inside.path, key)
        is_row = inside.row is None and isinstance(key, int) and len(answer) >= LONG
        field = Field(path, path if is_row else inside.row)
        yield field
        yield from fields(answer[key], field)


def _keys(answer: Any) -> list[Any]:
    if isinstance(answer, dict):
        return list(answer)
    if not isinstance(answer, list):
        return []
    if not any(isinstance(row, dict | list) for row in answer):
        return list(range(len(answer)))
    kinds = {_kind(row): number for number, row in enumerate(answer)}
    return sorted(kinds.values()) if len(kinds) > 1 else [len(answer) // 2]


def _kind(row: Any) -> str:
    told = row.items() if isinstance(row, dict) else ()
    return repr([item for item in told if item[0] in KINDS])


def at(answer: Any, path: Path) -> Any:
    """What stands there."""
    for key in path:
        answer = answer[key]
    return answer


def printed(answer: Any, path: Path, value: str) -> bytes:
    """The answer with what stands there broken; `answer` itself stays as it is."""
    holder, key = at(answer, path[:-1]), path[-1]
    before = holder.copy()
    said = VALUES[value](holder[key])
    if said is MISSING:
        del holder[key]
    else:
        holder[key] = said
    text: bytes = orjson.dumps(answer)
    holder.clear()
    (holder.update if isinstance(holder, dict) else holder.extend)(before)
    for name, raw in RAW.items():
        text = text.replace(orjson.dumps(_raw(name)), raw)
    return text
