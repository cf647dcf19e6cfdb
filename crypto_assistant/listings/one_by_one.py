"""Markets that a venue tells of one at a time."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from crypto_assistant.errors import Refused

T = TypeVar("T")


async def each(questions: Iterable[Awaitable[T]]) -> list[T | None]:
    """What is said to all of them at once.

    None where the venue refuses: it has delisted the market since its list was read.
    """
    return await asyncio.gather(*map(_unless_refused, questions))


async def _unless_refused(question: Awaitable[T]) -> T | None:
    try:
        return await question
    except Refused:
        return None
