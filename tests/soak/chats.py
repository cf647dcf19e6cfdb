"""Telegram as thirty users see it: they block the bot, and delete its messages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.botapi import BadRequest, BotApi, Shown, _buttons, _caption, _checked, _refusal

REFUSED = 0
"""The number of a message that Telegram has not taken."""


@dataclass
class Chats(BotApi):
    """`blocked`: the chats of users who do not want to hear from the bot at the moment."""

    limited: bool = True
    blocked: set[int] = field(default_factory=set)

    def delete(self, chat: int) -> None:
        """A user deletes all messages of the bot."""
        for key in [key for key in self.shown if key[0] == chat]:
            del self.shown[key]

    async def next_shown(self) -> Shown:
        """What a user sees next, or would have seen; an edit that changes nothing counts, too."""
        return await self._written.get()

    def _sent(self, arguments: dict[str, Any], **content: Any) -> Any:
        return self._refused(arguments, **content) or super()._sent(arguments, **content)

    async def _on_editMessageText(self, arguments: dict[str, Any]) -> Any:  # noqa: N802
        refused = self._refused(arguments, html=_checked(arguments))
        return refused or await self._edited(arguments, super()._on_editMessageText)

    async def _on_editMessageMedia(self, arguments: dict[str, Any]) -> Any:  # noqa: N802
        refused = self._refused(arguments, html=_caption(arguments["media"]))
        return refused or await self._edited(arguments, super()._on_editMessageMedia)

    async def _edited(
        self, arguments: dict[str, Any], edit: Callable[[dict[str, Any]], Awaitable[Any]]
    ) -> Any:
        try:
            return await edit(arguments)
        except BadRequest as error:
            if "message is not modified" in str(error):
                key = int(arguments["chat_id"]), int(arguments["message_id"])
                self._written.put_nowait(self.shown[key])
            raise

    def _refused(self, arguments: dict[str, Any], **content: Any) -> web.Response | None:
        chat = int(arguments["chat_id"])
        if chat not in self.blocked:
            return None
        self._written.put_nowait(Shown(chat, REFUSED, buttons=_buttons(arguments), **content))
        return _refusal(403, "Forbidden: bot was blocked by the user")
