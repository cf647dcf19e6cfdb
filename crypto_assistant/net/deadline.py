"""When what is asked is due, and what came of it by then."""

import asyncio
import logging
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from typing import TypeVar

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import ExchangeError, InternalError, NoAnswer

log = logging.getLogger(__name__)

T = TypeVar("T")

due: ContextVar[float] = ContextVar("due")
"""When the answer that is being worked on is due, on the clock of `monotonic`."""


@contextmanager
def question(seconds: float) -> Iterator[None]:
    """Whatever is asked inside is due in `seconds`, or when what it is part of is."""
    token = due.set(min(due.get(inf), monotonic() + seconds))
    try:
        yield
    finally:
        due.reset(token)


@contextmanager
def sparing(seconds: float) -> Iterator[None]:
    """Whatever is asked inside leaves so much of the question's time to what follows."""
    token = due.set(due.get(inf) - seconds)
    try:
        yield
    finally:
        due.reset(token)


is_once: ContextVar[bool] = ContextVar("is_once", default=False)
"""Whether nothing is asked again that has failed."""


@contextmanager
def once() -> Iterator[None]:
    """Whatever is asked inside is asked one time, whatever comes of it."""
    token = is_once.set(True)
    try:
        yield
    finally:
        is_once.reset(token)


async def outcome(
    answer: Awaitable[T], patience: float, whom: str = "one venue"
) -> T | ExchangeError:
    """The answer, or the error that took its place, at the latest when the question is due.

    `whom`: the venue that is asked, and for what, as the log names it.
    """
    left = due.get(inf) - monotonic()
    try:
        async with asyncio.timeout(min(left, patience)):
            return await answer
    except TimeoutError:
        return NoAnswer(patience)
    except ExchangeError as error:
        return error.alone()  # It may be kept for minutes.
    except (Exception, asyncio.CancelledError) as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
            raise  # Whoever asked has gone; otherwise something of the venue's ended alone.
        # A bug that one venue's answer meets is not the end of the others'.
        log.exception("a question to %s failed", whom)
        return InternalError()
