"""What is sent to a venue, and what may be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from crypto_assistant.net.response import Response

Query = Sequence[tuple[str, str | int]]


def target(path: str, query: Query) -> str:
    """Path and query as they go on the wire."""
    return f"{path}?{urlencode(query)}" if query else path


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `target`: path and query as they go on the wire, percent-encoded.

    `hide`: from an answer's words to those that may be shown.
    """

    target: str
    method: Literal["GET", "POST"] = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    hide: Callable[[str], str] = field(default=str, repr=False)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Reads = frozenset[tuple[str, str]]
"""(method, path) pairs that read and change nothing."""


class WouldNotRead(Exception):
    """A request that is on no list of those that only read: a bug, never sent."""


Unwrap = Callable[[Response], Any]
"""A venue's envelope: returns the payload, raises Stop or the ExchangeError that it means."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a venue is spoken to: its envelope, and all that may be sent to it.

    `longest_ban`: the longest that it documents, in seconds; 0 where it documents none.
    """

    unwrap: Unwrap
    reads: Reads
    longest_ban: float = 0.0
