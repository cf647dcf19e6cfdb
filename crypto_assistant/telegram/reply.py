"""One message of ours: sent once, then edited in place."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiogram.exceptions import TelegramBadRequest, TelegramRetryAfter
from aiogram.methods import (
    EditMessageMedia,
    EditMessageText,
    SendDocument,
    SendMessage,
    SendPhoto,
    TelegramMethod,
)
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    Message,
    ReplyParameters,
)

from crypto_assistant.clocks import monotonic
from crypto_assistant.front import Sheet
from crypto_assistant.telegram.patience import FAILURES, Timing, reason
from crypto_assistant.telegram.post import Post, Unsent
from crypto_assistant.view import Button, escape

log = logging.getLogger(__name__)

APOLOGY = Sheet(escape("Something went wrong here; it is in the log."))
UNCHANGED = "message is not modified"
NOT_EDITABLE = (
    *("message to edit not found", "message can't be edited"),
    *("there is no text in", "there is no media in"),
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

    `under`: the message whose button was pressed, which a picture replies to. `private`: whether
    only the owner reads there.
    """

    chat: int
    topic: int | None = None
    replies_to: int | None = None
    edits: int | None = None
    under: int | None = None
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
        """Whether the message now shows the sheet; a deleted one or one of another kind cannot."""
        if sheet.as_file:
            return False
        try:
            await send(self._edit(message, sheet))
        except TelegramBadRequest as e:
            if any(words in str(e) for words in NOT_EDITABLE):
                return False
            if UNCHANGED not in str(e):
                raise
        return True

    def _edit(self, message: int, sheet: Sheet) -> EditMessageText | EditMessageMedia:
        where: dict[str, Any] = {"chat_id": self._place.chat, "message_id": message}
        buttons = keyboard(sheet.buttons)
        if sheet.picture is None:
            return EditMessageText(**where, text=sheet.text, reply_markup=buttons)
        photo = InputMediaPhoto(media=_file(sheet.picture), caption=sheet.text)
        return EditMessageMedia(**where, media=photo, reply_markup=buttons)

    def _new(self, sheet: Sheet) -> TelegramMethod[Message]:
        place = self._place
        answered = place.replies_to or (place.under if sheet.picture else None)
        common: dict[str, Any] = {
            "chat_id": place.chat,
            "message_thread_id": place.topic,
            "reply_parameters": ReplyParameters(
                message_id=answered, allow_sending_without_reply=True
            )
            if answered
            else None,
            "reply_markup": keyboard(sheet.buttons),
        }
        if sheet.picture is None:
            return SendMessage(**common, text=sheet.text)
        if sheet.as_file:
            return SendDocument(**common, document=_file(sheet.picture), caption=sheet.text)
        return SendPhoto(**common, photo=_file(sheet.picture), caption=sheet.text)


def _file(picture: bytes) -> BufferedInputFile:
    return BufferedInputFile(picture, "chart.png")


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
