"""Thirty private chats that ask, press buttons, and wait for what comes back."""

import asyncio
import logging
from collections import defaultdict, deque
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Final

from crypto_assistant.clocks import monotonic
from tests.botapi import Shown
from tests.soak.chats import REFUSED, Chats
from tests.soak.judge import Verdict
from tests.soak.outages import USERS
from tests.soak.printed import Reading, read
from tests.soak.questions import Question, asked, draw

log = logging.getLogger(__name__)

MOST_OPEN: Final = 2
"""Questions that somebody asks before the answer to the first is there."""
REMEMBERED: Final = 20
"""Answered questions of a chat, of which one may be answered again after a restart."""
LATEST_AGAIN_MS: Final = 120_000
"""After the first answer: a life that was killed before it noted that has ended and begun anew."""
APART: Final = 1.0
"""Seconds between two questions of a chat."""
PRESSES: Final = 0.15
"""What part of the questions are buttons."""
SUMMARY: Final = "While I was away you asked:"
APOLOGY: Final = "Something went wrong here"


@dataclass(eq=False)
class Asked:
    """A question of a chat; times: ms by Telegram's clock.

    `edits`: the message whose button was pressed. `refused`: its user had blocked the bot.
    """

    question: Question
    chat: int
    asked_ms: int
    edits: int | None = None
    seen_ms: int | None = None
    verdict: Verdict | None = None
    refused: bool = False
    again: int = 0

    @property
    def seconds(self) -> float:
        return ((self.seen_ms or 0) - self.asked_ms) / 1000


@dataclass(frozen=True)
class Seen:
    """A final answer, and the question that it answers."""

    asked: Asked
    reading: Reading
    seen_ms: int


@dataclass
class Traffic:
    """`strange`: what was shown and answers nothing that was asked."""

    api: Chats
    random: Random
    asked: list[Asked] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open: defaultdict[int, list[Asked]] = defaultdict(list)
        self._past: defaultdict[int, deque[Asked]] = defaultdict(partial(deque, maxlen=REMEMBERED))
        self._closed = asyncio.Event()
        self._last: dict[int, float] = {}
        self._buttons: dict[int, Shown] = {}

    async def flow(self, rate: float) -> None:
        """About so many questions a second over all chats, for ever."""
        due = monotonic()
        while True:
            due = max(due + self.random.expovariate(rate), monotonic() - 1)
            await asyncio.sleep(max(0.0, due - monotonic()))
            self._ask_somewhere()

    async def quiet(self) -> None:
        """Waits until nothing that was asked is open."""
        while any(self._open.values()):
            self._closed.clear()
            await self._closed.wait()

    def answered(self, shown: Shown) -> Seen | None:
        """The question that something on the screen answers for good."""
        reading = read(shown)
        if reading.text.startswith(SUMMARY):
            for line in shown.lines:
                self.api.press(shown, line, shown.chat)
            return None
        if not reading.is_final:
            return None
        found = self._match(shown, reading)
        if found is None:
            self._find_strange(f"nobody asked in chat {shown.chat}: {reading.lines[0]}")
            return None
        self._close(found)
        now = self.api.clock_ms()
        log.info("chat %d has the answer to %s", shown.chat, found.question.line)
        found.again += found.seen_ms is not None
        if now - (found.seen_ms or now) > LATEST_AGAIN_MS:
            self._find_strange(f"long answered in chat {shown.chat}: {found.question.line}")
        found.seen_ms = found.seen_ms or now
        found.refused = shown.message_id == REFUSED
        if reading.refresh and not found.refused:
            self._buttons[shown.chat] = shown
        return Seen(found, reading, now)

    def _find_strange(self, what: str) -> None:
        log.info("strange: %s", what)
        self.strange.append(what)

    def _ask_somewhere(self) -> None:
        chats = [chat for chat in USERS if self._may_ask(chat)]
        if not chats:
            return
        chat = self.random.choice(chats)
        self._last[chat] = monotonic()
        if self.random.random() >= PRESSES or not self._press(chat):
            self._say(chat)

    def _may_ask(self, chat: int) -> bool:
        few = len(self._open[chat]) < MOST_OPEN
        rested = monotonic() - self._last.get(chat, 0) >= APART
        return few and rested and chat not in self.api.blocked

    def _say(self, chat: int) -> None:
        question = draw(self.random)
        if not self._is_open(chat, question):
            self._note(question, chat)
            self.api.say(question.line, chat)

    def _press(self, chat: int) -> bool:
        shown = self._buttons.get(chat)
        question = asked(self.random.choice(_first_row(shown))) if shown else None
        if shown is None or question is None:
            return False
        busy = any(one.edits == shown.message_id for one in self._open[chat])
        if busy or self._is_open(chat, question):
            return False
        self._note(question, chat, shown.message_id)
        self.api.press(shown, question.canonical, chat)
        return True

    def _is_open(self, chat: int, question: Question) -> bool:
        return any(_key(one.question) == _key(question) for one in self._open[chat])

    def _note(self, question: Question, chat: int, edits: int | None = None) -> None:
        one = Asked(question, chat, self.api.clock_ms(), edits)
        log.info("chat %d %s %s", chat, "presses" if edits else "asks", question.line)
        self.asked.append(one)
        self._open[chat].append(one)

    def _match(self, shown: Shown, reading: Reading) -> Asked | None:
        """The oldest open question that it answers, else the last one: it may come twice."""
        waiting, past = self._open[shown.chat], self._past[shown.chat]
        both = (*waiting, *reversed(past))
        # That lists are missing names no coin: of several, whose coin nobody lists was told so.
        unsure = [*sorted(waiting, key=lambda one: bool(one.question.canonical)), *reversed(past)]
        found = [one for one in both if _answers(reading, one.question)]
        found += [one for one in unsure if _lists_are_missing(reading, one.question)]
        return next(iter(found), None)

    def _close(self, one: Asked) -> None:
        if one in self._open[one.chat]:
            self._open[one.chat].remove(one)
            self._past[one.chat].append(one)
            self._closed.set()


def _key(question: Question) -> str:
    return question.canonical or question.says


def _first_row(shown: Shown) -> list[str]:
    """The lines behind Refresh and Details."""
    buttons = (button for row in shown.buttons for button in row)
    return [line for label, line in buttons if label in {"Refresh", "Details", "Compact"}]


def _answers(reading: Reading, question: Question) -> bool:
    if reading.text.startswith(APOLOGY):
        return True
    if question.canonical:
        return reading.refresh == question.canonical
    return question.says in reading.text


def _lists_are_missing(reading: Reading, question: Question) -> bool:
    """Whether it says that the coin of such a question may be known to who did not answer."""
    unsure = "did not answer" in reading.lines[0] or "lists that arrived" in reading.lines[0]
    command = question.line.lstrip("/").split()[0]
    usage = reading.lines[-1].startswith(f"/{command} [SYMBOL]")
    return unsure and usage
