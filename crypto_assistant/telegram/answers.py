"""From a message or a pressed button to its answer."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from aiogram.enums import ChatAction, ChatType
from aiogram.exceptions import TelegramAPIError
from aiogram.methods import AnswerCallbackQuery, GetMe, SendChatAction
from aiogram.types import CallbackQuery, InaccessibleMessage, Message, User

from crypto_assistant.front import Front, Sheet, Show
from crypto_assistant.telegram.outcome import Outcome, came_of, logged, named
from crypto_assistant.telegram.patience import Timing, reason
from crypto_assistant.telegram.post import Post, Unsent
from crypto_assistant.telegram.reply import APOLOGY, LONGEST_DATA, Place, Reply
from crypto_assistant.telegram.tasks import Tasks
from crypto_assistant.telegram.turns import Turns
from crypto_assistant.view import Button, escape, lines

log = logging.getLogger(__name__)

MOST_AT_ONCE = 64
"""Command lines that are worked out at the same time; an answer that waits to be sent is done."""
MOST_MISSED = 20
"""Questions that one summary repeats; of more, the newest."""

Ask = partial[Coroutine[Any, Any, Sheet]]
"""A line of somebody's, to be asked of the front."""
Missed = defaultdict[Place, list[str]]
"""Lines that were asked while nobody was here, by where they were asked."""


class Answers:
    """Runs command lines and writes what they answer into the chat."""

    def __init__(self, front: Front, post: Post, tasks: Tasks, timing: Timing) -> None:
        self._front = front
        self._post = post
        self._tasks = tasks
        self._timing = timing
        self._turns = Turns()
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)
        self._me: User | None = None

    async def asked(self, message: Message, missed: Missed | None = None) -> None:
        """A message: its text is a command line, in groups only if it is meant for this bot."""
        private = message.chat.type == ChatType.PRIVATE
        line = message.text or ""
        if not private and not await self._addressed(line):
            return
        topic = _topic(message)
        if missed is not None:
            missed[Place(message.chat.id, topic)].append(line)
            return
        typing = SendChatAction(
            chat_id=message.chat.id, action=ChatAction.TYPING, message_thread_id=topic
        )
        self._tasks.spawn(self._post.aside(typing))
        replies_to = None if private else message.message_id
        place = Place(message.chat.id, topic, replies_to, private=private)
        await self._answer(line, place, message.from_user)

    async def pressed(self, query: CallbackQuery) -> None:
        """A button: its line changes the message that it is under.

        A line with a slash is a question of its own, answered by a message of its own.
        """
        confirmation = AnswerCallbackQuery(callback_query_id=query.id)
        self._tasks.spawn(self._post.aside(confirmation, retry=True))
        if query.message is None or not query.data:
            return
        chat, message = query.message.chat, query.message.message_id
        private = chat.type == ChatType.PRIVATE
        place = Place(chat.id, _topic(query.message), under=message, private=private)
        if query.data.startswith("/"):
            await self._answer(query.data, place, query.from_user)
            return
        edited = replace(place, edits=message)
        work = partial(self._answer, query.data, edited, query.from_user, pressed=True)
        await self._turns.newest((chat.id, message), work)

    async def catch_up(self, missed: Missed) -> None:
        """One summary for each place, with buttons that ask the questions again."""
        for place, asked in missed.items():
            reply = Reply(self._post, place, self._timing)
            with logged(f"{len(asked)} questions from while nobody was here") as outcome:
                await self._finish(reply, _summary(asked), outcome)

    async def moved(self, message: Message) -> None:
        """A group has become a supergroup: it has another id now, which is not listed."""
        log.warning(
            "group %d is supergroup %d now: TELEGRAM_CHAT_ID must name that",
            message.chat.id,
            message.migrate_to_chat_id,
        )

    async def _answer(
        self, line: str, place: Place, user: User | None, *, pressed: bool = False
    ) -> None:
        ask = partial(
            self._front.reply,
            line,
            user=user.id if user else None,
            private=place.private,
            pressed=pressed,
        )
        reply = Reply(self._post, place, self._timing)
        with logged(named(line, {command.name for command in self._front.commands})) as outcome:
            try:
                sheet = await self._worked_out(ask, reply)
                outcome.came_of = came_of(sheet, self._front.view)
                await self._finish(reply, sheet, outcome)
            except Unsent:
                raise
            except Exception:
                log.exception("a bug beside the answer to %.100r", line)
                await self._finish(reply, APOLOGY, outcome)

    async def _worked_out(self, ask: Ask, reply: Reply) -> Sheet:
        """The whole answer; shows what is known while the rest is awaited."""
        news = asyncio.Event()
        partial = APOLOGY

        def show(sheet: Sheet) -> None:
            nonlocal partial
            partial = sheet
            news.set()

        asking = asyncio.create_task(self._asked_of_front(ask, show))
        asking.add_done_callback(lambda _: news.set())
        try:
            while not asking.done():
                await news.wait()
                news.clear()
                await asyncio.wait({asking}, timeout=reply.rest)
                if not asking.done():
                    await reply.show(partial)
            return asking.result()
        finally:
            asking.cancel()

    async def _asked_of_front(self, ask: Ask, show: Show) -> Sheet:
        async with self._slots:
            try:
                return await ask(show)
            except Exception:
                log.exception("a bug in the answer to %.100r", ask.args[0])
                return APOLOGY

    async def _finish(self, reply: Reply, sheet: Sheet, outcome: Outcome) -> None:
        try:
            await reply.finish(sheet)
        except Unsent as e:
            outcome.lost = f"unsent, it will be asked again: {e}"
            raise
        except TelegramAPIError as e:
            outcome.lost = f"refused for good by Telegram: {reason(e)}"

    async def _addressed(self, line: str) -> bool:
        command, _, bot = (line.split() or [""])[0].partition("@")
        if not command.startswith("/") or not bot:
            return command.startswith("/")
        if self._me is None:
            self._me = await self._post.deliver(GetMe())
        return bot.lower() == (self._me.username or "").lower()


def _topic(message: Message | InaccessibleMessage) -> int | None:
    """Where a chat has topics, the message's; the thread of a mere reply is none."""
    in_topic = isinstance(message, Message) and message.is_topic_message
    return getattr(message, "message_thread_id", None) if in_topic else None


def _summary(asked: Sequence[str]) -> Sheet:
    questions = list(
        dict.fromkeys(f"/{' '.join(line.split()).removeprefix('/')}" for line in asked)
    )
    shown = questions[-MOST_MISSED:]
    older = len(questions) - len(shown)
    text = lines(
        [
            escape("While I was away you asked:"),
            *(escape(question[:LONGEST_DATA]) for question in shown),
            escape(f"and {older} older ones" if older else ""),
        ]
    )
    return Sheet(text, tuple((Button(question, question),) for question in shown))
