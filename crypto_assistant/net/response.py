"""What a venue sent, before it is known what it means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNREADABLE = (
    *(ArithmeticError, AttributeError, LookupError),
    *(RecursionError, TypeError, ValueError),
)
"""What code raises that meets another shape than it was written for."""


@dataclass(frozen=True, slots=True)
class Response:
    """`body` is the decoded JSON, None where it was not JSON."""

    status: int
    headers: Mapping[str, str]
    text: bytes | bytearray
    body: Any


class Stop(Exception):
    """A venue's order to send nothing for `seconds`; None: as its Retry-After or window says."""

    def __init__(self, seconds: float | None = None) -> None:
        super().__init__(seconds)
        self.seconds = seconds
