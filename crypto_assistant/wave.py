"""Questions that go out to all venues at once: who said what, who failed, and why."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from itertools import chain
from math import inf
from typing import Any, TypeVar

from crypto_assistant.clocks import monotonic
from crypto_assistant.desk import Desk
from crypto_assistant.errors import ExchangeError, NotListed, RateLimited, Unsupported
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.models import Dated, Provenance
from crypto_assistant.net.deadline import due, outcome
from crypto_assistant.net.unread import Refused, watching

D = TypeVar("D", bound=Dated)

LONGEST_REASON = 160
"""Characters of what a venue says, as much as a trader reads."""
MOST_NAMED = 3
"""Parts of an answer that failed for one reason."""


class Wave:
    """Questions that go out to several exchanges at once.

    An outage becomes part of the answer, and so does a bug, which the log has in full.
    """

    def __init__(self, desk: Desk, exchanges: Sequence[Exchange]) -> None:
        self._desk = desk
        self._exchanges = exchanges
        self._started = monotonic()
        self._patience = desk.timing.answer
        self._jobs: list[Coroutine[Any, Any, None]] = []
        self._waiting: Counter[str] = Counter()
        self._received: dict[str, int] = {}
        self._answered: set[str] = set()
        self._asides: set[str] = set()
        self._past: set[str] = set()
        self._errors: dict[str, dict[str, ExchangeError]] = {}
        self._refused: dict[str, dict[str, Refused]] = {}
        self._used: dict[str, dict[str, None]] = {}
        """The parts that each venue has answered."""
        self._parts: dict[str, None] = {}
        """In the order in which they were asked for."""

    def ask(
        self,
        part: str,
        question: Callable[[Exchange], Awaitable[D]],
        venues: Collection[str] | None = None,
        *,
        aside: bool = False,
        past: bool = False,
    ) -> dict[str, D]:
        """Notes a question to every exchange, or to some; its answers are there once settled.

        `aside`: who answers nothing but this has not answered. `past`: it does not change any more,
        and has no age.
        """
        answers: dict[str, D] = {}
        self._parts[part] = None
        if aside:
            self._asides.add(part)
        if past:
            self._past.add(part)
        for exchange in self._exchanges:
            if venues is None or exchange.name in venues:
                self._jobs.append(self._answer(exchange, part, question, answers))
                self._waiting[exchange.name] += 1
        return answers

    async def settle(
        self, report: Callable[[], None], *, spare: float = 0.0, patience: float | None = None
    ) -> None:
        """Asks what was noted; calls `report` whenever somebody keeps the reader waiting.

        `spare`: seconds that whoever is silent must leave for the questions that follow.
        `patience`: seconds for questions of many requests; None: as for one.
        """
        jobs, self._jobs = self._jobs, []
        left = min(patience or self._desk.timing.answer, due.get(inf) - monotonic())
        self._patience = max(left - spare, left / 2)
        if not jobs:
            return
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
            patience = self._desk.timing.partial - (monotonic() - self._started)
            await asyncio.wait(tasks, timeout=max(0.0, patience))
            while late := [task for task in tasks if not task.done()]:
                report()
                await asyncio.wait(late, return_when=asyncio.FIRST_COMPLETED)

    def lacks(self, part: str) -> list[str]:
        """The venues that offer no such data."""
        return [
            venue
            for venue, errors in self._errors.items()
            if isinstance(errors.get(part), Unsupported)
        ]

    def provenance(self) -> Provenance:
        """Who has said what up to now."""
        asked = [exchange.name for exchange in self._exchanges]
        waiting = [venue for venue in asked if self._waiting[venue]]
        known = self._desk.provenance(
            asked, self._answered, waiting, self._why, self._received.values()
        )
        return replace(known, unlisted=tuple(filter(self._is_unlisted, asked)))

    async def _answer(
        self,
        exchange: Exchange,
        part: str,
        question: Callable[[Exchange], Awaitable[D]],
        answers: dict[str, D],
    ) -> None:
        async def asked() -> D:
            return await question(exchange)

        venue = exchange.name
        with watching() as refused:
            result = await outcome(asked(), self._patience, f"{venue} ({part})")
        if refused.fields:
            self._refused.setdefault(venue, {})[part] = refused
            self._desk.refusals.say(venue, part, refused)
        if isinstance(result, ExchangeError):
            self._errors.setdefault(venue, {})[part] = result
        else:
            answers[venue] = result
            self._used.setdefault(venue, {})[part] = None
            if part not in self._past:
                received = self._received.get(venue, result.received_ms)
                self._received[venue] = min(received, result.received_ms)
            if part not in self._asides:
                self._answered.add(venue)
        self._waiting[venue] -= 1

    def _is_unlisted(self, venue: str) -> bool:
        """Whether it had nothing to say but that."""
        errors = self._errors.get(venue, {}).values()
        silent = bool(errors) and venue not in self._answered
        return silent and all(isinstance(error, NotListed) and not error.unread for error in errors)

    def _why(self, venue: str) -> str:
        """In words, why a venue's part of the answer is missing or not whole."""
        parts: dict[str, list[str]] = {}
        whys: dict[str, str] = {}
        errors = self._errors.get(venue, {})
        holds = [error for error in errors.values() if isinstance(error, RateLimited)]
        for part in self._parts:
            error = errors.get(part)
            if isinstance(error, RateLimited):  # One order to stop, told a moment apart.
                error = max(holds, key=lambda hold: hold.until_ms)
            if error and not isinstance(error, Unsupported):
                kind, why = error.reason, str(error)[:LONGEST_REASON]
                parts.setdefault(kind, []).append(part)
                if kind not in whys or error.since_ms is not None:  # Since when it lasts says more.
                    whys[kind] = why
        if venue not in self._answered and len(parts) == 1:
            return next(iter(whys.values()))
        refused = ((part, one.words) for part, one in self._refused.get(venue, {}).items())
        doubtful = self._desk.audits.doubts(venue, self._used.get(venue, ()))
        for part, why in chain(refused, self._desk.doubts(venue), doubtful):
            parts.setdefault(why, []).append(part)
            whys[why] = why
        return "; ".join(f"{_listed(names)}: {whys[kind]}" for kind, names in parts.items())


def _listed(names: Sequence[str]) -> str:
    """Not more of them than a trader reads."""
    if len(names) <= MOST_NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
