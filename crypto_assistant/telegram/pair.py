"""Finds the owner's id: whoever sends the bot the code that only the terminal shows."""

import asyncio
import re
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import aiohttp
from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramConflictError
from aiogram.methods import SendMessage
from aiogram.types import Message, Update
from pydantic import ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from crypto_assistant import config
from crypto_assistant.config import Config
from crypto_assistant.errors import AssistantError, ConfigError
from crypto_assistant.telegram.patience import (
    FAILURES,
    REFUSAL,
    TOKEN_REFUSED,
    Timing,
    failure,
    passes,
    pauses,
    reason,
)
from crypto_assistant.telegram.poll import FULL_BATCH, GetRawUpdates, has_id
from crypto_assistant.telegram.serve import open_bot, own_name
from crypto_assistant.telegram.session import Session

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without I, L and O, which look like digits or like each other."""
LENGTH = 9
"""23**9 codes: 40.7 bits."""
GUESS = re.compile(rf"[A-Z\d]{{{LENGTH}}}")
MOST_GUESSES = 20

Say = Callable[[str], None]


class NotPaired(AssistantError):
    """The owner has not been found; the text says why."""


async def pair(
    settings: Config, token: str, http: aiohttp.ClientSession, say: Say, timing: Timing
) -> None:
    """Says a code, waits until the owner sends it, says the setting.

    Raises ConfigError where the token is refused, else AssistantError.
    """
    name = await own_name(http, token, settings.telegram_api_url)
    bot = open_bot(token, Session(http, settings.telegram_api_url, timing.request))
    found = await Pairing(bot, name, say, timing).found()
    say(f"Paired. This line belongs into {config.file()}:")
    say(f"TELEGRAM_CHAT_ID={_listed(settings.telegram_chat_id | found)}")


def _listed(ids: Collection[int]) -> str:
    """Users first, then groups, whose ids are negative."""
    return ",".join(map(str, sorted(ids, key=lambda known: (known < 0, abs(known)))))


class Pairing:
    """One code, and the wait for it.

    What others have sent is left for the daemon: updates are looked at and not confirmed. Only of
    a hundred that are pending the oldest must go, since Telegram shows no others before.
    """

    def __init__(self, bot: Bot, name: str, say: Say, timing: Timing) -> None:
        self._bot = bot
        self._name = name
        self._say = say
        self._timing = timing
        self._code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        self._offset: int | None = None
        self._oldest: int | None = None
        self._seen: set[int] = set()
        self._guesses = 0
        self._failure = ""

    async def found(self) -> set[int]:
        """The ids of who sent the code and of the group where; raises NotPaired, ConfigError."""
        try:
            async with asyncio.timeout(self._timing.pairing):
                update, message, user = await self._owners()
        except TimeoutError:
            raise NotPaired(f"Nobody sent the code within {self._minutes}.") from None
        finally:
            if self._guesses:
                self._say(f"Wrong codes that were sent: {self._guesses}")
        await self._thank(message)
        if update == self._oldest:  # Then nothing of others is confirmed with it.
            with suppress(*FAILURES):
                await self._bot(GetRawUpdates(offset=update + 1, timeout=0))
        return {user} if message.chat.type == ChatType.PRIVATE else {user, message.chat.id}

    @property
    def _minutes(self) -> str:
        return f"{self._timing.pairing / 60:g} minutes"

    async def _owners(self) -> tuple[int, Message, int]:
        """The update with the code, its message, its sender."""
        while await self._news(0):  # From before the code was known: no guesses.
            pass
        self._invite()
        while True:
            for update in await self._news(self._timing.long_poll):
                message = update.message
                if message is None or not self._is_code(message):
                    continue
                if message.from_user and not message.sender_chat:
                    return update.update_id, message, message.from_user.id
                self._say("The code came from somebody anonymous: send it as yourself.")

    def _invite(self) -> None:
        code = "-".join(self._code[part : part + 3] for part in range(0, LENGTH, 3))
        self._say(f"Send @{self._name} this code within {self._minutes}: {code}")
        self._say(f"To use it in a group, send there instead: /{self._code}@{self._name}")

    def _is_code(self, message: Message) -> bool:
        text = re.sub(rf"@{re.escape(self._name)}$", "", message.text or "", flags=re.IGNORECASE)
        said = re.sub(r"[\s-]", "", text.removeprefix("/")).upper()
        if said == self._code:
            return True
        self._guesses += GUESS.fullmatch(said) is not None
        if self._guesses >= MOST_GUESSES:
            raise NotPaired("Somebody tries codes: nobody is paired. Start again for another code.")
        return False

    async def _news(self, patience: int) -> list[Update]:
        """What was not there at the last look."""
        fetched = await self._fetched(patience)
        batch = [raw for raw in fetched if has_id(raw)]
        new = [raw for raw in batch if raw["update_id"] not in self._seen]
        self._seen.update(raw["update_id"] for raw in new)
        self._oldest = min((raw["update_id"] for raw in batch), default=None)
        if batch and len(fetched) >= FULL_BATCH:
            self._offset = max(raw["update_id"] for raw in batch) + 1
        elif fetched and not new:
            await asyncio.sleep(self._timing.pause)
        return [update for raw in new if (update := _read(raw))]

    async def _fetched(self, patience: int) -> list[Any]:
        async def fetch() -> list[Any]:
            return await self._bot(GetRawUpdates(offset=self._offset, timeout=patience))

        retrying = AsyncRetrying(
            retry=retry_if_exception(_passes),
            wait=pauses(self._timing),
            before_sleep=self._failed,
            reraise=True,
        )
        try:
            return await retrying(fetch)
        except TOKEN_REFUSED:
            raise ConfigError(REFUSAL) from None
        except TelegramConflictError as e:
            raise NotPaired(_conflict(e)) from None

    def _failed(self, state: RetryCallState) -> None:
        error = failure(state)
        said = reason(error) if error else ""
        if said != self._failure:
            self._say(f"{said}; trying again")
        self._failure = said

    async def _thank(self, message: Message) -> None:
        topic = message.message_thread_id if message.is_topic_message else None
        text = "Paired. I answer you once TELEGRAM_CHAT_ID is set and I am started."
        thanks = SendMessage(chat_id=message.chat.id, message_thread_id=topic, text=text)
        try:
            await self._bot(thanks)
        except FAILURES as e:
            self._say(f"The bot cannot write there: {reason(e)}")


def _passes(error: BaseException) -> bool:
    return passes(error) and not isinstance(error, TelegramConflictError)


def _conflict(error: TelegramConflictError) -> str:
    if "webhook" in error.message:
        return "A webhook is set for this bot: remove it first."
    return "The daemon, or another program, polls with this token: stop it first."


def _read(raw: Any) -> Update | None:
    try:
        return Update.model_validate(raw)
    except ValidationError:
        return None
