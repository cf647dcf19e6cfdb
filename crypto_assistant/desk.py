"""Asks every exchange at once and keeps book: who said what, who failed, and why."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from math import inf
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from crypto_assistant.accounts import Access
from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import (
    ExchangeError,
    RateLimited,
    Unsupported,
)
from crypto_assistant.exchanges.base import IN_DOUBT, Account, Believing, Exchange
from crypto_assistant.listings.keeper import Keeper
from crypto_assistant.listings.lists import Listings
from crypto_assistant.models import Dated, Provenance
from crypto_assistant.net import deadline
from crypto_assistant.net.cache import Cache
from crypto_assistant.net.deadline import due, outcome
from crypto_assistant.net.door import Timing
from crypto_assistant.vitals import Vitals

T = TypeVar("T", bound=Dated)

LONGEST_REASON = 160
"""Characters of what a venue says, as much as a trader reads."""
MOST_NAMED = 3
"""Parts of an answer that failed for one reason."""


class Desk:
    """The exchanges, and what is listed on them."""

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        *,
        timing: Timing,
        clock_ms: Callable[[], int],
        simulated: bool = False,
        left_out: Collection[str] = (),
        accounts: Mapping[str, Access] | None = None,
        zone: ZoneInfo | None = None,
        kept: Cache | None = None,
    ) -> None:
        self.exchanges = tuple(exchanges)
        self.accounts = accounts or {}
        """The owner's, by the venues that have a key."""
        self.zone = zone
        """Where the owner's days begin; None: UTC."""
        self.timing = timing
        self.clock_ms = clock_ms
        self.simulated = simulated
        self.left_out = left_out
        """The venues that have no place in the simulated market."""
        self.kept = kept or Cache()
        """Answers that several venues' data went into, or that stay good for long."""
        self.vitals = Vitals()
        self.keeper = Keeper(exchanges, timing, clock_ms)

    async def listings(self) -> Listings:
        """What is listed where; waits only for the first load after the start."""
        return await self.keeper.listings()

    async def close(self) -> None:
        """Ends the flights under way, while there still is a connection."""
        await self.keeper.close()
        await self.kept.close()

    def doubts(self, venue: str) -> Iterator[tuple[str, str]]:
        """What may be amiss in whatever the venue answers: of what, and why."""
        if unread := self.keeper.known.unread(venue):
            yield "lists", f"{unread} of its markets cannot be read"
        for exchange in self.exchanges:
            if exchange.name == venue and isinstance(exchange, Believing):
                yield from (
                    (what, f"in doubt: {found.why}")
                    for what, found in exchange.beliefs.items()
                    if found.verdict == IN_DOUBT
                )

    def named(self, venue: str | None = None) -> list[Exchange]:
        """All exchanges, or the one that a line names."""
        return [exchange for exchange in self.exchanges if venue in {None, exchange.name}]

    def owned(self, venue: str | None = None) -> list[Exchange]:
        """Those of them that the owner has a key of."""
        return [exchange for exchange in self.named(venue) if exchange.name in self.accounts]

    def keyless(self, venue: str | None = None) -> list[str]:
        """Those of them that the owner has no key of, though they have accounts."""
        names = (exchange.name for exchange in self.named(venue) if exchange.credentials)
        return [name for name in names if name not in self.accounts]

    def of_owner(
        self, question: Callable[[Account], Awaitable[T]]
    ) -> Callable[[Exchange], Awaitable[T]]:
        """A question of one request or a few, asked only with keys that may be used."""

        async def ask(exchange: Exchange) -> T:
            with deadline.question(self.timing.answer):
                return await self.accounts[exchange.name].ask(question)

        return ask


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
        self._errors: dict[str, dict[str, ExchangeError]] = {}
        self._parts: dict[str, None] = {}
        """In the order in which they were asked for."""

    def ask(
        self,
        part: str,
        question: Callable[[Exchange], Awaitable[T]],
        venues: Collection[str] | None = None,
        *,
        aside: bool = False,
    ) -> dict[str, T]:
        """Notes a question to every exchange, or to some; its answers are there once settled.

        `aside`: who answers nothing but this has not answered.
        """
        answers: dict[str, T] = {}
        self._parts[part] = None
        if aside:
            self._asides.add(part)
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
        return Provenance(
            asked=tuple(asked),
            answered=tuple(venue for venue in asked if venue in self._answered),
            failed={venue: why for venue in asked if (why := self._why(venue))},
            waiting=tuple(venue for venue in asked if self._waiting[venue]),
            simulated=self._desk.simulated,
            time_ms=self._desk.clock_ms(),
            oldest_ms=min(self._received.values(), default=None),
        )

    async def _answer(
        self,
        exchange: Exchange,
        part: str,
        question: Callable[[Exchange], Awaitable[T]],
        answers: dict[str, T],
    ) -> None:
        async def asked() -> T:
            return await question(exchange)

        venue = exchange.name
        result = await outcome(asked(), self._patience, f"{venue} ({part})")
        if isinstance(result, ExchangeError):
            self._errors.setdefault(venue, {})[part] = result
        else:
            answers[venue] = result
            received = self._received.get(venue, result.received_ms)
            self._received[venue] = min(received, result.received_ms)
            if part not in self._asides:
                self._answered.add(venue)
        self._waiting[venue] -= 1

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
        for part, why in self._desk.doubts(venue):
            parts.setdefault(why, []).append(part)
            whys[why] = why
        return "; ".join(f"{_listed(names)}: {whys[kind]}" for kind, names in parts.items())


def _listed(names: Sequence[str]) -> str:
    """Not more of them than a trader reads."""
    if len(names) <= MOST_NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
