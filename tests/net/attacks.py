"""Answers that a venue, or whoever stands before it, may send to take a host's memory."""

import gzip
import zlib
from collections.abc import Callable
from functools import cache
from typing import Final

from crypto_assistant.net.body import MB, Size, cost
from tests.net.loopback import Reply

GB: Final = 1024 * MB


def bomb(how: str, unpacked: int = 4 * GB) -> Reply:
    """So many spaces, packed a thousand times smaller."""
    part, wbits = b" " * MB, {"gzip": 31, "deflate": 15}[how]
    packer = zlib.compressobj(9, wbits=wbits)
    first = packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)
    another = packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)
    return Reply(first + another * (unpacked // len(part)), headers={"Content-Encoding": how})


def _many(unit: bytes, most: Size) -> list[bytes]:
    """As many of it as are read."""
    return [unit] * min(
        most.body // (len(unit) + 1) - 4, (most.objects - 1000) // cost(unit + b",")
    )


def _list(unit: bytes) -> Callable[[Size], bytes]:
    return lambda most: b"[%s]" % b",".join(_many(unit, most))


def _wide(field: bytes, end: bytes = b"") -> Callable[[Size], bytes]:
    """A dict of names that stand only once."""
    return lambda most: (
        b"{%s%s}"
        % (
            b",".join(field % n for n in range(len(_many(field % 1_000_000, most)))),
            end,
        )
    )


def _beyond(made: Callable[[Size], bytes]) -> Callable[[Size], bytes]:
    """The same with a number beyond all numbers, for which it is read twice."""
    return lambda most: made(most)[:-1] + b",NaN]"


BODIES: Final[dict[str, Callable[[Size], bytes]]] = {
    "lists in lists": _list(b"[" * 200 + b"]" * 200),
    "dicts in dicts": _list(b'{"a":' * 100 + b"1" + b"}" * 100),
    "lists without an end": lambda most: b"[" * most.body,
    "empty dicts": _list(b"{}"),
    "empty lists": _list(b"[]"),
    "dicts of one": _list(b'{"a":"xy"}'),
    "short texts": _list(b'"ab"'),
    "floats": _list(b"1.5"),
    "escaped letters": _list(b'"\\u4f60"'),
    "one wide letter": lambda most: b'["%s\xf0\x9f\x98\x80"]' % (b"a" * (most.body - 20)),
    "a wide dict": _wide(b'"%x":"ab"'),
    "a wide dict beyond all numbers": _wide(b'"%x":1.5', b',"z":1e999'),
    "short texts beyond all numbers": _beyond(_list(b'"ab"')),
    "no number at all": _list(b"NaN"),
    "a number without an end": lambda most: b"9" * most.body,
    "a text of quotes without an end": lambda most: b'"' + b'\\"' * (most.body // 2 - 1),
    "one long text": lambda most: b'"%s"' % (b"a" * (most.body - 2)),
    "a long excuse": lambda most: (
        b'{"code":1,"retCode":1,"msg":"%s","retMsg":"%s"}' % ((b"a" * (most.body // 2 - 30),) * 2)
    ),
    "spaces": lambda most: b" " * most.body,
    "tags": lambda most: b"<a>xy" * (most.body // 5),
}
"""By what they are; each is as large as an answer of the kind may be, and passes where it can."""


@cache
def attacks(most: Size) -> dict[str, Reply]:
    """Everything at once: to be asked for again and again."""
    found = {name: Reply(made(most)) for name, made in BODIES.items()}
    walls = {f"{name}, forbidden": Reply(found[name].body, 403) for name in ("spaces", "tags")}
    behind = gzip.compress(b"{}") + b"a" * 32 * MB
    return {
        **found,
        **walls,
        "a page of a firewall": Reply(found["tags"].body, 403, {"cf-mitigated": "challenge"}),
        "a gzip bomb": bomb("gzip"),
        "a deflate bomb": bomb("deflate"),
        "a gzip bomb that says stop": Reply(bomb("gzip").body, 429, {"Content-Encoding": "gzip"}),
        "gzip with more behind its end": Reply(behind, headers={"Content-Encoding": "gzip"}),
        "no end": Reply(b"a" * 32 * MB),
    }
