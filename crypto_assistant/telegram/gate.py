"""Who is heard: the listed, and nobody else."""

import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from aiogram import BaseMiddleware
from aiogram.dispatcher.middlewares.user_context import EVENT_CONTEXT_KEY, EventContext
from aiogram.types import TelegramObject

log = logging.getLogger(__name__)

MOST_STRANGERS = 1000
"""Named in the log; later ones are ignored in silence, so that nobody can fill the disk."""


class Gate(BaseMiddleware):
    """Drops every update, of whatever kind, that a listed user did not cause.

    In private the listed user is enough; a group must be listed too. `listed` is asked each time.
    """

    def __init__(self, listed: Callable[[], Collection[int]]) -> None:
        self._listed = listed
        self._strangers: set[tuple[int | None, int | None]] = set()

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        context: EventContext = data[EVENT_CONTEXT_KEY]
        if self._admits(context):
            return await handler(event, data)
        self._note(context.user_id, context.chat_id)
        return None

    def _admits(self, context: EventContext) -> bool:
        user, chat, listed = context.user_id, context.chat_id, self._listed()
        return user in listed and (chat in {None, user} or chat in listed)

    def _note(self, user: int | None, chat: int | None) -> None:
        if (user, chat) in self._strangers or len(self._strangers) >= MOST_STRANGERS:
            return
        self._strangers.add((user, chat))
        log.warning("ignored: user %s in chat %s is not listed in TELEGRAM_CHAT_ID", user, chat)
