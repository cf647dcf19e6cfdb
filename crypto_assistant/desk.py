"""Asks every exchange at once and keeps book: who said what, who failed, and why."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from crypto_assistant.accounts import Access
from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import (
    ExchangeError,
    InternalError,
    RateLimited,
    Unreachable,
    Unsupported,
    lasting,
)
from crypto_assistant.exchanges.base import IN_DOUBT, Account, Believing, Exchange
from crypto_assistant.listings.lists import Listings, Place, per_plain_coin
from crypto_assistant.models import Family, Instruments, Provenance, Tickers
from crypto_assistant.net.api import Timing, deadline
from crypto_assistant.net.cache import Cache, Lifetime
from crypto_assistant.vitals import Vitals

log = logging.getLogger(__name__)


class Dated(Protocol):
    """Anything that an exchange answered."""

    @property
    def received_ms(self) -> int: ...


T = TypeVar("T", bound=Dated)

RELOAD_SECONDS = 560.0
"""Just under ten minutes, so that a new listing is known within ten."""
RETRY_SECONDS = 15.0
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
        accounts: Mapping[str, Access] | None = None,
        zone: ZoneInfo | None = None,
    ) -> None:
        self.exchanges = tuple(exchanges)
        self.accounts = accounts or {}
        """The owner's, by the venues that have a key."""
        self.zone = zone
        """Where the owner's days begin; None: UTC."""
        self.timing = timing
        self.clock_ms = clock_ms
        self.simulated = simulated
        self.kept = Cache()
        """Answers that several venues' data went into, or that stay good for long."""
        self.vitals = Vitals()
        self._listings = Listings({exchange.name: exchange.title for exchange in exchanges})
        self._lists: dict[Place, Instruments] = {}
        self._arrivals: dict[tuple[Place, type], tuple[int, float]] = {}
        """Of each list and its tickers: what they say of themselves, and by `monotonic`."""
        self._failing: set[Place] = set()
        self._loading: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the first load of the listings is over."""
        return bool(self._listings.instruments or self._listings.errors)

    async def listings(self) -> Listings:
        """What is listed where; waits only for the first load after the start."""
        if not self.is_open:
            # Not longer: the question that waits for them has to be asked, too.
            await self.load(self.timing.attempt)
        return self._listings

    async def keep_listings(self, loaded: Callable[[], None]) -> None:
        """Keeps the listings and the tickers that rank the markets fresh, for ever.

        `loaded` is called after each load, when the bodies that it read are gone.
        """
        while True:
            try:
                await self.load(self.timing.attempt)
            except Exception:  # Lists that nobody keeps would age without a word.
                log.exception("the listings were not loaded")
            loaded()
            ages = (self._age((e.name, family)) for e in self.exchanges for family in Family)
            await asyncio.sleep(max(RETRY_SECONDS, RELOAD_SECONDS - max(ages, default=0.0)))

    async def load(self, patience: float) -> None:
        """Loads what is missing or old; callers at the same time share one load.

        A list that takes longer than `patience` goes on arriving and is there the next time.
        """
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load(patience))
        await asyncio.shield(self._loading)

    async def close(self) -> None:
        """Ends the load and the flights under way, while there still is a connection."""
        if self._loading:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        await self.kept.close()

    @contextmanager
    def question(self, seconds: float) -> Iterator[None]:
        """Whatever is asked inside is due in `seconds`, or when what it is part of is."""
        token = deadline.set(min(deadline.get(inf), monotonic() + seconds))
        try:
            yield
        finally:
            deadline.reset(token)

    @contextmanager
    def sparing(self, seconds: float) -> Iterator[None]:
        """Whatever is asked inside leaves so much of the question's time to what follows."""
        token = deadline.set(deadline.get(inf) - seconds)
        try:
            yield
        finally:
            deadline.reset(token)

    def doubts(self, venue: str) -> Iterator[tuple[str, str]]:
        """What may be amiss in whatever the venue answers: of what, and why."""
        if unread := self._listings.unread(venue):
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
        """Those of them that the owner has no key of."""
        names = (exchange.name for exchange in self.named(venue))
        return [name for name in names if name not in self.accounts]

    def of_owner(
        self, question: Callable[[Account], Awaitable[T]]
    ) -> Callable[[Exchange], Awaitable[T]]:
        """A question of one request or a few, asked only with keys that may be used."""

        async def ask(exchange: Exchange) -> T:
            with self.question(self.timing.answer):
                return await self.accounts[exchange.name].ask(question)

        return ask

    async def _load(self, patience: float) -> None:
        stale = self._stale()
        lists, errors = await self._each(
            {place: exchange.instruments(place[1]) for place, exchange in stale.items()}, patience
        )
        self._lists |= lists
        plain = per_plain_coin(self._lists)
        instruments = {place: listed.where(~listed.dated) for place, listed in plain.items()}
        venues = {exchange.name: exchange for exchange in self.exchanges}
        unread = {*lists, *self._renamed(instruments)}
        tickers, silent = await self._each(
            {place: venues[place[0]].tickers(instruments[place]) for place in unread}, patience
        )
        self._note(lists)
        self._note(tickers)
        self._tell(errors | silent)
        self._listings = replace(
            self._listings,
            instruments=instruments,
            dated={place: listed.where(listed.dated) for place, listed in plain.items()},
            tickers={**self._listings.tickers, **tickers},
            errors={place: error for place, error in errors.items() if place not in self._lists},
        )

    def _renamed(self, instruments: Mapping[Place, Instruments]) -> Iterator[Place]:
        """The places where a list that came later says what a plain coin is called."""
        for place, before in self._listings.instruments.items():
            if instruments[place].coins != before.coins:
                yield place

    def _tell(self, failures: dict[Place, ExchangeError]) -> None:
        """Logs what has begun to fail, once."""
        told: dict[tuple[str, str], list[Family]] = {}
        for (venue, family), error in failures.items():
            if (venue, family) not in self._failing:
                told.setdefault((venue, str(error)), []).append(family)
        for (venue, why), families in told.items():
            log.warning("%s: listings not loaded (%s): %s", venue, ", ".join(families), why)
        self._failing = set(failures)

    def _stale(self) -> dict[Place, Exchange]:
        """The places whose list or tickers are missing or old."""
        return {
            (exchange.name, family): exchange
            for exchange in self.exchanges
            for family in Family
            if self._age((exchange.name, family)) > RELOAD_SECONDS * 0.9
        }

    def _note(self, arrived: Mapping[Place, Dated]) -> None:
        """When each of them arrived by a clock that nobody sets; some have been kept since."""
        for place, answer in arrived.items():
            known_ms, _ = self._arrivals.get((place, type(answer)), (None, 0.0))
            if known_ms != answer.received_ms:
                age = (self.clock_ms() - answer.received_ms) / 1000
                age = min(max(age, 0.0), Lifetime.INSTRUMENTS.value)
                self._arrivals[place, type(answer)] = answer.received_ms, monotonic() - age

    def _age(self, place: Place) -> float:
        """Seconds since the older of a place's list and its tickers arrived."""
        arrivals = [self._arrivals.get((place, kind)) for kind in (Instruments, Tickers)]
        return max(monotonic() - at[1] if at else inf for at in arrivals)

    async def _each(
        self, questions: Mapping[Place, Awaitable[T]], patience: float
    ) -> tuple[dict[Place, T], dict[Place, ExchangeError]]:
        """All answers at once, by the places of the questions, and the errors by theirs."""
        with self.question(self.timing.answer):
            asked = (
                outcome(question, patience, f"{venue} ({family} listings)")
                for (venue, family), question in questions.items()
            )
            results = await asyncio.gather(*asked)
        held = {e.name: e.limiter.held_until_ms for e in self.exchanges}
        pairs = [
            (place, _held_up(result, held[place[0]], self.clock_ms()))
            for place, result in zip(questions, results, strict=True)
        ]
        return (
            {place: result for place, result in pairs if not isinstance(result, ExchangeError)},
            {place: result for place, result in pairs if isinstance(result, ExchangeError)},
        )


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
        left = min(patience or self._desk.timing.answer, deadline.get(inf) - monotonic())
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
                kind, why = lasting(str(error)), str(error)[:LONGEST_REASON]
                parts.setdefault(kind, []).append(part)
                if kind not in whys or " since " in why:  # Since when it lasts says more.
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


def _held_up(result: T | ExchangeError, until_ms: int | None, now_ms: int) -> T | ExchangeError:
    """What was not sent, since the venue has said stop, is late for no other reason."""
    return RateLimited(until_ms, now_ms) if until_ms and isinstance(result, Unreachable) else result


async def outcome(
    question: Awaitable[T], patience: float, whom: str = "one venue"
) -> T | ExchangeError:
    """The answer, or the error that took its place, at the latest when the question is due.

    `whom`: the venue that is asked, and for what, as the log names it.
    """
    left = deadline.get(inf) - monotonic()
    try:
        async with asyncio.timeout(min(left, patience)):
            return await question
    except TimeoutError:
        return Unreachable(f"no answer in {round(patience, 1):g} s")
    except ExchangeError as error:
        # It may be kept for minutes: without the frames that hold what was read before it failed.
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    except (Exception, asyncio.CancelledError) as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
            raise  # Whoever asked has gone; otherwise something of the venue's ended alone.
        # A bug that one venue's answer meets is not the end of the others'.
        log.exception("a question to %s failed", whom)
        return InternalError()
