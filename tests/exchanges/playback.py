"""The simulated venues' answers, kept and played to the adapters without a connection."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, cast

import aiohttp
import orjson
from yarl import URL

from crypto_assistant.errors import ExchangeError
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.net.door import Door, Timing
from crypto_assistant.sandbox import Sandbox
from tests.exchanges.questions import Question, markets, questions
from tests.exchanges.simulated import NOW
from tests.floor import key
from tests.sandbox.conftest import known_world
from tests.venues import account_at

STAMPS = re.compile(r"[?&]timestamp=\d+&recvWindow=.*")
"""What a signed request differs in each time it is asked."""
MOST_ROWS = 30
"""Enough to tell a list from a few, and few enough to be read a thousand times a second."""
ONCE = Timing(answer=5.0, attempt=5.0, tries=1, pause=(0.0, 0.0))


@dataclass(frozen=True)
class Answer:
    """As much of aiohttp's as is read."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> "Answer":
        return self

    async def iter_any(self) -> AsyncIterator[bytes]:
        yield self.body

    async def __aenter__(self) -> "Answer":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


Answers = Mapping[str, Answer]
"""By method and address, without what makes a signed one new each time."""


@dataclass(frozen=True)
class Tape:
    """In a session's place: gives the answers that it holds, and 404 to all else."""

    answers: Answers
    closed: bool = False

    def request(self, method: str, url: URL, **_: Any) -> Answer:
        return self.answers.get(_asked(method, url), Answer(b"", 404))


@dataclass(frozen=True)
class Recorder:
    """In a session's place: keeps what the session is answered."""

    session: aiohttp.ClientSession
    answers: dict[str, Answer] = field(default_factory=dict)
    closed: bool = False

    @asynccontextmanager
    async def request(self, method: str, url: URL, **more: Any) -> AsyncIterator[Answer]:
        async with self.session.request(method, url, **more) as response:
            answer = Answer(await response.read(), response.status)
        self.answers[_asked(method, url)] = answer
        yield answer


def path(asked: str) -> str:
    return URL(asked.partition(" ")[2]).path


async def asked(
    venue: type[Exchange],
    urls: Mapping[str, str],
    session: Tape | Recorder,
    question: Question,
    now_ms: int = NOW,
) -> Any:
    """What an adapter that was never asked before says, or its error; anything else is raised."""
    door = Door(cast("Any", session), lambda: now_ms, ONCE)
    exchange = venue(door, urls)
    try:
        return await question.ask(exchange, account_at(exchange, key(exchange)))
    except ExchangeError as error:
        return error
    finally:
        await door.close()


async def recorded(venue: type[Exchange]) -> tuple[Mapping[str, str], dict[Question, Answers]]:
    """The addresses, and every question with what the simulated venue answered to it."""
    sandbox = Sandbox(known_world(), lambda: NOW, count(step=700).__next__)
    async with sandbox.serve() as urls, aiohttp.ClientSession() as session:
        door = Door(session, lambda: NOW)
        exchange = venue(door, urls)
        about = await markets(exchange)
        known = frozenset(market.one.symbol for market in about)
        found: dict[Question, Answers] = {}
        for question in questions(account_at(exchange, key(exchange)), about):
            recorder = Recorder(session)
            await asked(venue, urls, recorder, question)
            found[question] = {
                at: replace(answer, body=_shortened(answer.body, known))
                for at, answer in recorder.answers.items()
            }
        await asyncio.sleep(0)
    return urls, found


def _asked(method: str, url: URL) -> str:
    return f"{method} {STAMPS.sub('', str(url))}"


def _shortened(body: bytes, known: frozenset[str]) -> bytes:
    shorter: bytes = orjson.dumps(_fewer(orjson.loads(body), known))
    return shorter


def _fewer(answer: Any, known: frozenset[str]) -> Any:
    """The answer with fewer rows in its lists, those about the `known` markets among them."""
    if isinstance(answer, dict):
        return {key: _fewer(value, known) for key, value in answer.items()}
    if not isinstance(answer, list):
        return answer
    step = -(-len(answer) // MOST_ROWS)
    return [
        _fewer(row, known)
        for number, row in enumerate(answer)
        if number % step == 0 or (isinstance(row, dict) and known.intersection(_texts(row)))
    ]


def _texts(row: Mapping[str, Any]) -> list[str]:
    return [value for value in row.values() if isinstance(value, str)]
