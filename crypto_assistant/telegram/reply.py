"""One message of ours: sent once, then edited in place."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiogram.exceptions import TelegramBadRequest, TelegramRetryAfter
from aiogram.methods import EditMessageText, SendMessage, TelegramMethod
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters

from crypto_assistant.clocks import monotonic
from crypto_assistant.front import Sheet
from crypto_assistant.telegram.patience import FAILURES, Timing, reason
from crypto_assistant.telegram.post import Post, Unsent
from crypto_assistant.view import Button, escape

log = logging.getLogger(__name__)

APOLOGY = Sheet(escape("Something went wrong here; it is in the log."))
UNCHANGED = "message is not modified"
NOT_EDITABLE = (
    *("message to edit not found", "message can't be edited", "there is no text in"),
    "MESSAGE_ID_INVALID",
)
NO_PLACE = re.compile(
    "chat not found|thread not found|TOPIC_(CLOSED|DELETED)|rights|_FORBIDDEN|_RESTRICTED"
    "|was (upgraded|deactivated)|PEER_ID_INVALID"
)
"""Refusals that no other text would change."""
LONGEST_DATA = 64
"""Bytes of a command line that Telegram accepts in a button."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer goes: a chat, in it a topic, there the message replied to or edited.

    `private`: whether only the owner reads there.
    """

    chat: int
    topic: int | None = None
    replies_to: int | None = None
    edits: int | None = None
    private: bool = False


class Send(Protocol):
    """One of the ways to hand a method to Telegram."""

    def __call__(self, method: TelegramMethod[Any], /) -> Awaitable[Any]: ...


class Reply:
    """Shows incomplete answers as they come, no more than one a second, and the final one."""

    def __init__(self, post: Post, place: Place, timing: Timing) -> None:
        self._post = post
        self._place = place
        self._timing = timing
        self._message = place.edits
        self._free_at = 0.0

    @property
    def rest(self) -> float:
        """Seconds until the message may be written again."""
        return max(0.0, self._free_at - monotonic())

    async def show(self, sheet: Sheet) -> None:
        """Shows an incomplete answer, which is not worth a second try."""
        try:
            await self._write(sheet, self._post.once)
        except FAILURES as e:
            log.debug("an incomplete answer was not shown: %s", reason(e))

    async def finish(self, sheet: Sheet) -> None:
        """Raises Unsent, or the TelegramAPIError that refuses the answer."""
        wait = self.rest
        await asyncio.sleep(wait)
        if wait > self._timing.give_up:
            raise Unsent("Telegram made it wait until it was stale")
        try:
            await self._write(sheet, self._post.deliver)
        except TelegramBadRequest as e:
            if NO_PLACE.search(str(e)):
                raise
            log.exception("Telegram refuses an answer in chat %d", self._place.chat)
            await self._write(APOLOGY, self._post.deliver)

    async def _write(self, sheet: Sheet, send: Send) -> None:
        self._free_at = monotonic() + self._timing.pace
        try:
            if self._message is None or not await self._edited(self._message, sheet, send):
                sent = await send(self._new(sheet))
                self._message = sent and sent.message_id
        except TelegramRetryAfter as e:
            self._free_at = monotonic() + e.retry_after
            raise

    async def _edited(self, message: int, sheet: Sheet, send: Send) -> bool:
        """Whether the message now shows the sheet; a deleted one or a photo cannot."""
        edit = EditMessageText(
            chat_id=self._place.chat,
            message_id=message,
            text=sheet.text,
            reply_markup=keyboard(sheet.buttons),
        )
        try:
            await send(edit)
        except TelegramBadRequest as e:
            if any(words in str(e) for words in NOT_EDITABLE):
                return False
            if UNCHANGED not in str(e):
                raise
        return True

    def _new(self, sheet: Sheet) -> SendMessage:
        place = self._place
        replied = place.replies_to and ReplyParameters(
            message_id=place.replies_to, allow_sending_without_reply=True
        )
        return SendMessage(
            chat_id=place.chat,
            message_thread_id=place.topic,
            text=sheet.text,
            reply_parameters=replied or None,
            reply_markup=keyboard(sheet.buttons),
        )


def keyboard(rows: Iterable[Sequence[Button]]) -> InlineKeyboardMarkup | None:
    """Buttons that carry their command lines; one whose line is too long is left out."""
    drawn = [
        [
            InlineKeyboardButton(text=button.label, callback_data=button.line)
            for button in row
            if len(button.line.encode()) <= LONGEST_DATA
        ]
        for row in rows
    ]
    kept = [row for row in drawn if row]
    return InlineKeyboardMarkup(inline_keyboard=kept) if kept else None
