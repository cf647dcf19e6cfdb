"""Hands messages to Telegram until they are taken or refused."""

import asyncio
import logging
from typing import TypeVar

from aiogram import Bot
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import TelegramMethod
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from crypto_assistant.clocks import monotonic
from crypto_assistant.telegram.patience import (
    FAILURES,
    TOKEN_REFUSED,
    TRANSIENT,
    Timing,
    pauses,
    reason,
)

T = TypeVar("T")

log = logging.getLogger(__name__)


LATER = (*TRANSIENT, *TOKEN_REFUSED)
"""What does not speak against the message itself; a refused token is the poll loop's to report."""
MOST_AT_ONCE = 20
"""Requests under way; the poll loop finds one of the session's 30 connections free."""


class Unsent(Exception):
    """Telegram has neither taken nor refused it; another time it may."""


class Post:
    """Sends methods of the Bot API."""

    def __init__(self, bot: Bot, timing: Timing) -> None:
        self._bot = bot
        self._timing = timing
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)
        self._retrying = AsyncRetrying(
            retry=retry_if_exception_type(LATER),
            wait=pauses(timing),
            reraise=True,
        )

    async def deliver(self, method: TelegramMethod[T]) -> T:
        """Tries for a while; raises Unsent, or the TelegramAPIError that refuses it."""
        due = monotonic() + self._timing.give_up

        def stop(tried: RetryCallState) -> bool:
            return monotonic() + tried.upcoming_sleep >= due

        try:
            return await self._retrying.copy(stop=stop)(self.once, method)
        except TelegramRetryAfter as e:
            await asyncio.sleep(e.retry_after)
            raise Unsent(reason(e)) from None
        except LATER as e:
            raise Unsent(reason(e)) from None

    async def aside(self, method: TelegramMethod[bool], *, retry: bool = False) -> None:
        """Sends what every answer does without: a failure is only logged."""
        try:
            await (self.deliver if retry else self.once)(method)
        except (*FAILURES, Unsent) as e:
            log.debug("%s: %s", method.__api_method__, reason(e))

    async def once(self, method: TelegramMethod[T]) -> T:
        """Tries once. A request on its way comes back first, then the caller is cancelled:

        until then, whatever is sent next might be overtaken by it.
        """
        sending = asyncio.create_task(self._sent(method))
        try:
            await asyncio.wait({sending})
        except asyncio.CancelledError:
            await self._back(sending)
            raise
        return sending.result()

    async def _sent(self, method: TelegramMethod[T]) -> T:
        async with self._slots:
            return await self._bot(method)

    async def _back(self, sending: asyncio.Task[T]) -> None:
        """Whatever it brings; a second cancellation ends the request, too."""
        try:
            await asyncio.wait({sending})
        finally:
            if not sending.cancel() and not sending.cancelled():
                sending.exception()  # nobody else will look at it
