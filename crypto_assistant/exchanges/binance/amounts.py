"""What must be told where money is concerned: a gap is an error, an empty list is none."""

from math import isnan
from typing import Any

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.payload import every, number


def amount(value: object) -> float:
    """A number that may be zero but not missing."""
    found = number(value)
    if isnan(found):
        raise Malformed("an amount is missing")
    return found


def each(payload: object) -> list[dict[str, Any]]:
    """The payload as a list of objects, none left out; an account may well have none of them."""
    return [] if payload == [] else every(payload)
