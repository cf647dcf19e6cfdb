"""One venue host over HTTP: every request passes its limits, time-outs, retries and cache."""

import asyncio
import json
import logging
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Coroutine, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from functools import partial
from random import uniform
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import (
    Blocked,
    Cut,
    ExchangeError,
    GeoBlocked,
    Malformed,
    NoAnswer,
    NoConnection,
    RateLimited,
    Unreachable,
)
from crypto_assistant.net import firewall
from crypto_assistant.net.body import Room
from crypto_assistant.net.cache import Cache, Lifetime
from crypto_assistant.net.deadline import due
from crypto_assistant.net.health import Health
from crypto_assistant.net.limiter import Budget, Limiter
from crypto_assistant.net.response import UNREADABLE, Response, Stop
from crypto_assistant.net.unread import counting

T = TypeVar("T")
Query = Sequence[tuple[str, str | int]]

log = logging.getLogger(__name__)

LARGEST_BODY = 48 * 1024 * 1024
"""Above the largest real instrument list, below what would endanger a small host.

All bodies together that arrive from a host at one time are no larger.
"""

share: ContextVar[float] = ContextVar("share", default=1.0)
"""What part of each limit the answer that is being worked on may use."""


@contextmanager
def sharing(part: float) -> Iterator[None]:
    """Whatever is asked inside leaves the rest of each limit to others."""
    token = share.set(part)
    try:
        yield
    finally:
        share.reset(token)


def target(path: str, query: Query) -> str:
    """Path and query as they go on the wire."""
    return f"{path}?{urlencode(query)}" if query else path


@dataclass(frozen=True, slots=True)
class Timing:
    """Every duration that somebody waits for, in seconds."""

    answer: float = 8.0
    scan: float = 60.0
    partial: float = 1.0
    attempt: float = 3.0
    tries: int = 3
    pause: tuple[float, float] = (0.2, 1.0)
    probe: float = 15.0
    blocked: float = 300.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `target`: path and query as they go on the wire, percent-encoded.

    `hide`: from an answer's words to those that may be shown.
    """

    target: str
    method: Literal["GET", "POST"] = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    hide: Callable[[str], str] = field(default=str, repr=False)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Reads = frozenset[tuple[str, str]]
"""(method, path) pairs that read and change nothing."""


class WouldNotRead(Exception):
    """A request that is on no list of those that only read: a bug, never sent."""


Unwrap = Callable[[Response], Any]
"""A venue's envelope: returns the payload, raises Stop or the ExchangeError that it means."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a venue is spoken to: its envelope, and all that may be sent to it."""

    unwrap: Unwrap
    reads: Reads


@dataclass(frozen=True, slots=True)
class Door:
    """What all hosts share: connections, clock, durations, cache, what goes on behind answers."""

    session: aiohttp.ClientSession
    clock_ms: Callable[[], int]
    timing: Timing = Timing()
    cache: Cache = field(default_factory=Cache)
    _probes: set[asyncio.Task[None]] = field(default_factory=set, repr=False)

    def probe(self, probing: Coroutine[Any, Any, None]) -> None:
        """Goes on until it ends by itself, or all ends; nothing of a question is known to it."""
        task = asyncio.create_task(probing, context=Context())
        self._probes.add(task)
        task.add_done_callback(self._probes.discard)

    async def close(self) -> None:
        """Ends whatever is under way."""
        for task in self._probes:
            task.cancel()
        await asyncio.gather(*self._probes, return_exceptions=True)
        await self.cache.close()


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


class Api:
    """Requests to one base address of one venue; those that read, and no others."""

    def __init__(
        self,
        door: Door,
        base: str,
        limiter: Limiter,
        budget: Budget,
        dialect: Dialect,
    ) -> None:
        self._door = door
        self._base = base
        self._limiter = limiter
        self._budget = budget
        self._dialect = dialect
        host = URL(base).host_port_subcomponent or base
        self.health = Health(host, door.timing.answer, door.timing.blocked, door.clock_ms)
        self._is_probing = False
        self._room = Room(LARGEST_BODY)

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
        question = _Question(
            request.target, lambda: request, budget or self._budget, weight, attempt
        )

        async def fetch() -> T:
            # A flight may serve callers that came later than its first one.
            due = max(self._due(), monotonic() + timing.answer)
            self._limiter.check(self._due())
            return self._parsed(parse, await self._retrying(question, due), path)

        # Who may use the whole limit does not wait with those who may use a part of it.
        key = (self._base, request.target, variant, share.get())
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
        question = _Question(path, compose, budget or self._budget, weight, attempt)
        self._limiter.check(due)
        return self._parsed(parse, await self._retrying(question, due), path)

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
        tired = monotonic() + timing.answer
        self._refuse(question)
        while True:
            tries += 1
            try:
                asked = monotonic()
                await self._limiter.admit(question.budget, question.weight, due, share.get())
                # A question that has long waits for the limits, but for the venue as long as any.
                tired += monotonic() - asked
                if tries == 1:  # Whoever has asked says what he found.
                    self._refuse(question)
                seconds = min(question.attempt, min(due, tired) - monotonic())
                return await self._attempt(question, seconds)
            except ExchangeError as error:
                pause = uniform(*timing.pause)  # noqa: S311 (it parts callers, no secret)
                is_over = tries >= timing.tries or monotonic() + pause >= min(due, tired)
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
            response = await self._send(request, seconds)
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

    async def _send(self, request: Request, seconds: float) -> Response:
        if (request.method, request.path) not in self._dialect.reads:
            raise WouldNotRead(f"{request.method} {request.path}")
        try:
            return await self._answered(request, seconds)
        except TimeoutError:
            failure: Unreachable = NoAnswer(self._door.timing.answer)
        except aiohttp.ClientPayloadError:
            failure = Cut()
        except (aiohttp.ClientError, OSError):
            failure = NoConnection()
        # Not from in there: what was caught repeats the address and the headers of the request.
        raise failure

    async def _answered(self, request: Request, seconds: float) -> Response:
        url = URL(self._base + request.target, encoded=True)
        async with (
            asyncio.timeout(seconds),
            self._door.session.request(
                request.method, url, headers=request.headers, allow_redirects=False
            ) as response,
        ):
            text = await self._room.read(response)
            return Response(response.status, response.headers, text, _json(text))

    def _judged(self, response: Response, budget: Budget) -> Any:
        used = response.headers.get(budget.header or "", "")
        if used.isdecimal():
            budget.observe(float(used), monotonic())
        try:
            return self._payload(response)
        except Stop as stop:
            seconds = (_retry_after(response), stop.seconds, budget.seconds)
            told = next(told for told in seconds if told is not None)
            raise self._limiter.hold(told) from stop

    def _payload(self, response: Response) -> Any:
        if response.status == 451:
            raise GeoBlocked
        firewall.check(response)
        if response.status in {418, 429}:
            raise self._stop(response)
        if 300 <= response.status < 400:
            raise Malformed(f"sends us to another address (HTTP {response.status})")
        if response.status >= 500:
            raise Unreachable(f"HTTP {response.status}")
        if response.body is None and response.status == 200:
            if response.text.lstrip()[:1] == b"<":
                raise Malformed("HTML instead of JSON")
            if response.text.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
                raise Malformed("UTF-16 instead of UTF-8")
            raise Cut
        return self._dialect.unwrap(response)

    def _stop(self, response: Response) -> Stop:
        """Where no header says for how long, the venue's envelope may."""
        try:
            self._dialect.unwrap(response)
        except Stop as stop:
            return stop
        except (ExchangeError, *UNREADABLE):
            pass
        return Stop()


def _json(text: bytes | bytearray) -> Any:
    plain = text.removeprefix(BOM_UTF8)
    try:
        return orjson.loads(plain)
    except orjson.JSONDecodeError:
        return _without_infinities(plain)


def _without_infinities(text: bytes | bytearray) -> Any:
    """JSON with numbers beyond all floats, which are null then; None for what is no JSON."""
    with suppress(ValueError, RecursionError, orjson.JSONEncodeError):
        return orjson.loads(orjson.dumps(json.loads(text.decode())))
    return None


def _retry_after(response: Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None
