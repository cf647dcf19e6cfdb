"""One venue host over HTTP: every request passes its limits, time-outs, retries and cache."""

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from random import uniform
from typing import Any, TypeVar

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import (
    Blocked,
    ExchangeError,
    Malformed,
    NoAnswer,
    RateLimited,
    Unreachable,
)
from crypto_assistant.net.body import LIST, OTHER, Size
from crypto_assistant.net.cache import MINUTE_MS, Lifetime
from crypto_assistant.net.deadline import due, is_once
from crypto_assistant.net.door import Door
from crypto_assistant.net.health import Health
from crypto_assistant.net.host import Host
from crypto_assistant.net.limiter import Budget, Limiter, share
from crypto_assistant.net.request import Dialect, Query, Request, target
from crypto_assistant.net.response import UNREADABLE, Response, Stop
from crypto_assistant.net.status import unwrapped
from crypto_assistant.net.stops import order
from crypto_assistant.net.unread import counting
from crypto_assistant.net.venue_time import VenueTime

T = TypeVar("T")

log = logging.getLogger(__name__)

LISTS = {Lifetime.INSTRUMENTS, Lifetime.RANKING}
"""For how long answers about all markets are kept, and no others."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, once or more often.

    `asked`: the path, and the query where it is always the same. `attempt`: seconds that a try may
    take.
    """

    asked: str
    compose: Callable[[], Request]
    budget: Budget
    weight: float
    attempt: float
    most: Size


class Api:
    """Requests to one base address of one venue; those that read, and no others."""

    def __init__(
        self,
        door: Door,
        base: str,
        limiter: Limiter,
        budget: Budget,
        dialect: Dialect,
        *,
        time: VenueTime | None = None,
    ) -> None:
        self._door = door
        self._base = base
        self._limiter = limiter
        self._budget = budget
        self._dialect = dialect
        self.time = time or VenueTime(door.clock_ms)
        """The venue's, all of whose addresses share it."""
        self._host = Host(door, base, dialect.reads, self.time)
        timing = door.timing
        self.health = Health(self._host.name, timing.answer, timing.blocked, door.clock_ms)
        self._is_probing = False

    async def get(
        self,
        path: str,
        query: Query = (),
        *,
        parse: Callable[[Any, int], T],
        weight: float = 1,
        lifetime: Lifetime = Lifetime.PRICE,
        budget: Budget | None = None,
        variant: Hashable = None,
    ) -> T:
        """The payload of `path` through `parse(payload, received_ms)`, as a fresh or kept value.

        `variant` is whatever else the parsed value depends on. Raises ExchangeError.
        """
        request, timing = Request(target(path, query)), self._door.timing
        attempt = timing.answer if lifetime is Lifetime.INSTRUMENTS else timing.attempt
        most = LIST if lifetime in LISTS else OTHER
        question = _Question(
            request.target, lambda: request, budget or self._budget, weight, attempt, most
        )

        async def fetch() -> T:
            # A flight may serve callers that came later than its first one.
            due = max(self._due(), monotonic() + timing.answer)
            self._limiter.check(self._due())
            return await self._answer(question, due, parse, path)

        # Who may use the whole limit does not wait with those who may use a part of it.
        minute = self.time.past_ms() // MINUTE_MS if lifetime is Lifetime.INDICATOR else None
        key = (self._base, request.target, variant, share.get(), minute)
        return await self._door.cache.get(key, lifetime.value, fetch)

    async def ask(
        self,
        path: str,
        compose: Callable[[], Request],
        *,
        parse: Callable[[Any, int], T],
        weight: float = 1,
        budget: Budget | None = None,
    ) -> T:
        """The same for a request that is composed anew for each try and never kept."""
        due, attempt = self._due(), self._door.timing.attempt
        question = _Question(path, compose, budget or self._budget, weight, attempt, OTHER)
        self._limiter.check(due)
        return await self._answer(question, due, parse, path)

    async def _answer(
        self, question: _Question, due: float, parse: Callable[[Any, int], T], path: str
    ) -> T:
        try:
            return self._parsed(parse, await self._retrying(question, due), path)
        except ExchangeError as error:
            # Until whoever asked hears of it, many more may fail.
            raise error.alone()  # noqa: B904

    def _parsed(self, parse: Callable[[Any, int], T], payload: Any, path: str) -> T:
        try:
            with counting() as unread, self._reading(path):
                value = parse(payload, self._door.clock_ms())
        except Malformed as error:
            self.health.note(str(error))
            raise
        if unread.rows:
            self.health.left_out(path, unread.rows)
        return value

    @contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        """What fails inside fails of what the venue sent."""
        try:
            yield
        except UNREADABLE as e:
            log.warning("%s%s: cannot be read: %r", self._base, path, e)
            raise Malformed("an answer of another shape") from e

    def _due(self) -> float:
        return due.get(monotonic() + self._door.timing.answer)

    async def _retrying(self, question: _Question, due: float) -> Any:
        """The payload of the first try that brings one; raises what the last one met."""
        timing, tries = self._door.timing, 0
        most = 1 if is_once.get() else timing.tries
        latest = monotonic() + timing.answer
        self._refuse(question)
        while True:
            tries += 1
            try:
                asked = monotonic()
                await self._limiter.admit(question.budget, question.weight, due, share.get())
                # A question that has long waits for the limits, but for the venue as long as any.
                latest += monotonic() - asked
                if tries == 1:  # Whoever has asked says what he found.
                    self._refuse(question)
                seconds = min(question.attempt, min(due, latest) - monotonic())
                return await self._attempt(question, seconds)
            except ExchangeError as error:
                pause = uniform(*timing.pause)  # noqa: S311 (it parts callers, no secret)
                is_over = tries >= most or monotonic() + pause >= min(due, latest)
                if is_over or not self._fits(error, question, due):
                    raise
            await asyncio.sleep(pause)

    def _fits(self, error: ExchangeError, question: _Question, due: float) -> bool:
        """Whether another try may bring what this one did not."""
        if isinstance(error, RateLimited):
            spent = question.budget, question.weight, share.get()
            return self._limiter.frees_before(due, *spent)
        return isinstance(error, Unreachable) and error.since_ms is None

    def _refuse(self, question: _Question) -> None:
        """Raises Unreachable where the host has long been silent; what was asked is asked again."""
        if refusal := self.health.refusal(question.asked):
            self.health.turned_away(question.asked, partial(self._once_more, question))
            raise refusal

    async def _attempt(self, question: _Question, seconds: float) -> Any:
        request, sent = question.compose(), monotonic()
        try:
            response = await self._host.send(request, seconds, question.most)
            with self._reading(request.path):
                payload = self._judged(response, question.budget)
        except Blocked as error:
            again = partial(self._once_more, question)
            self.health.blocked(question.asked, str(error), again, sent=sent)
            self._see_to_probes()
            raise
        except (Unreachable, Malformed) as error:
            error.hide(request.hide)
            again = partial(self._once_more, question)
            whole = seconds >= self._door.timing.attempt / 2 or not isinstance(error, NoAnswer)
            self.health.failed(question.asked, error, again, sent=sent, whole=whole)
            self._see_to_probes()
            raise
        except ExchangeError as error:
            self.health.answered(question.asked, monotonic() - sent)
            error.hide(request.hide)
            self.health.note(str(error))
            raise
        self.health.answered(question.asked, monotonic() - sent)
        return payload

    async def _once_more(self, question: _Question) -> None:
        due = monotonic() + question.attempt
        await self._limiter.admit(question.budget, question.weight, due)
        await self._attempt(question, question.attempt)

    def _see_to_probes(self) -> None:
        if self.health.is_probed and not self._is_probing:
            self._is_probing = True
            self._door.probe(self._probing())

    async def _probing(self) -> None:
        """Asks the host once per interval, a firewall less often, until it answers."""
        while self.health.is_probed and not self._door.session.closed:
            await asyncio.sleep(self._door.timing.probe)
            try:
                await self._probe()
            except Exception:  # A host that nobody asks again would be down for ever.
                log.exception("%s was not asked again", self._base)
        self._is_probing = False

    async def _probe(self) -> None:
        """One question, and all that a firewall had turned away once it lets one pass."""
        with suppress(ExchangeError):
            while again := self.health.next_probe():
                await again()

    def _judged(self, response: Response, budget: Budget) -> Any:
        used = response.headers.get(budget.header or "", "")
        if used.isdecimal():
            budget.observe(float(used), monotonic())
        try:
            payload = unwrapped(response, self._dialect.unwrap)
        except Stop as stop:
            header = response.headers.get("Retry-After")
            told = order(header, stop.seconds, budget.seconds, self._dialect.longest_ban)
            raise self._limiter.hold(told.seconds, told.by) from stop
        self._limiter.answered()
        return payload
