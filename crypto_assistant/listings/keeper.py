"""Keeps what is listed where fresh, and the tickers that rank the markets."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import TypeVar

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import ExchangeError, RateLimited, Unreachable
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings.lists import Listing, Listings
from crypto_assistant.listings.names import per_plain_coin
from crypto_assistant.models import Dated, Family, Instruments, Tickers
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.deadline import outcome, question
from crypto_assistant.net.door import Timing

log = logging.getLogger(__name__)

T = TypeVar("T")

RELOAD_SECONDS = 560.0
"""Just under ten minutes, so that a new listing is known within ten."""
RETRY_SECONDS = 15.0
LONGEST_KEPT_SECONDS = 600.0
"""For which tickers rank markets while newer ones do not come."""


class Keeper:
    """The venues' lists and tickers, each asked for again before it is too old."""

    def __init__(
        self, exchanges: Sequence[Exchange], timing: Timing, clock_ms: Callable[[], int]
    ) -> None:
        self._exchanges = exchanges
        self._timing = timing
        self._clock_ms = clock_ms
        self.known = Listings({exchange.name: exchange.title for exchange in exchanges})
        """What is known up to now."""
        self._lists: dict[Listing, Instruments] = {}
        self._arrivals: dict[tuple[Listing, type], tuple[int, float]] = {}
        """Of each list and its tickers: what they say of themselves, and by `monotonic`."""
        self._failing: set[Listing] = set()
        self._loading: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the first load of the listings is over."""
        return bool(self.known.instruments or self.known.errors)

    async def listings(self) -> Listings:
        """What is listed where; waits only for the first load after the start."""
        if not self.is_open:
            # Not longer: the question that waits for them has to be asked, too.
            await self.load(self._timing.attempt)
        aged = frozenset(place for place in self.known.tickers if self._is_aged(place))
        if aged != self.known.aged:
            self.known = replace(self.known, aged=aged)
        return self.known

    async def keep(self, loaded: Callable[[], None]) -> None:
        """Keeps the listings and the tickers that rank the markets fresh, for ever.

        `loaded` is called after each load, when the bodies that it read are gone.
        """
        while True:
            try:
                await self.load(self._timing.attempt)
            except Exception:  # Lists that nobody keeps would age without a word.
                log.exception("the listings were not loaded")
            loaded()
            ages = (self._age((e.name, family)) for e in self._exchanges for family in Family)
            await asyncio.sleep(max(RETRY_SECONDS, RELOAD_SECONDS - max(ages, default=0.0)))

    async def load(self, patience: float) -> None:
        """Loads what is missing or old; callers at the same time share one load.

        A list that takes longer than `patience` goes on arriving and is there the next time.
        """
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load(patience))
        await asyncio.shield(self._loading)

    async def close(self) -> None:
        """Ends the load under way."""
        if self._loading:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)

    async def _load(self, patience: float) -> None:
        stale = self._stale()
        lists, errors = await self._each(
            {place: exchange.instruments(place[1]) for place, exchange in stale.items()}, patience
        )
        self._lists |= lists
        plain = per_plain_coin(self._lists)
        instruments = {place: listed.where(~listed.dated) for place, listed in plain.items()}
        venues = {exchange.name: exchange for exchange in self._exchanges}
        unread = {*lists, *self._renamed(instruments)}
        tickers, silent = await self._each(
            {place: venues[place[0]].tickers(instruments[place]) for place in unread}, patience
        )
        self._note(lists)
        self._note(tickers)
        self._tell(errors | silent)
        self.known = replace(
            self.known,
            instruments=instruments,
            dated={place: listed.where(listed.dated) for place, listed in plain.items()},
            tickers={**self.known.tickers, **tickers},
            errors={place: error for place, error in errors.items() if place not in self._lists},
        )

    def _renamed(self, instruments: Mapping[Listing, Instruments]) -> Iterator[Listing]:
        """The places where a list that came later says what a plain coin is called."""
        for place, before in self.known.instruments.items():
            if instruments[place].coins != before.coins:
                yield place

    def _tell(self, failures: dict[Listing, ExchangeError]) -> None:
        """Logs what has begun to fail, once."""
        begun: dict[tuple[str, str], list[Family]] = {}
        for (venue, family), error in failures.items():
            if (venue, family) not in self._failing:
                begun.setdefault((venue, str(error)), []).append(family)
        for (venue, why), families in begun.items():
            log.warning("%s: listings not loaded (%s): %s", venue, ", ".join(families), why)
        self._failing = set(failures)

    def _stale(self) -> dict[Listing, Exchange]:
        """The places whose list or tickers are missing or old."""
        return {
            (exchange.name, family): exchange
            for exchange in self._exchanges
            for family in Family
            if self._age((exchange.name, family)) > RELOAD_SECONDS * 0.9
        }

    def _note(self, arrived: Mapping[Listing, Dated]) -> None:
        """When each of them arrived by a clock that nobody sets; some have been kept since."""
        for place, answer in arrived.items():
            known_ms, _ = self._arrivals.get((place, type(answer)), (None, 0.0))
            if known_ms != answer.received_ms:
                age = (self._clock_ms() - answer.received_ms) / 1000
                age = min(max(age, 0.0), Lifetime.INSTRUMENTS.value)
                self._arrivals[place, type(answer)] = answer.received_ms, monotonic() - age

    def _is_aged(self, place: Listing) -> bool:
        """Whether a place's tickers are too old to rank its markets by."""
        arrived = self._arrivals.get((place, Tickers))
        return arrived is None or monotonic() - arrived[1] > LONGEST_KEPT_SECONDS

    def _age(self, place: Listing) -> float:
        """Seconds since the older of a place's list and its tickers arrived."""
        arrivals = [self._arrivals.get((place, kind)) for kind in (Instruments, Tickers)]
        return max(monotonic() - at[1] if at else inf for at in arrivals)

    async def _each(
        self, questions: Mapping[Listing, Awaitable[T]], patience: float
    ) -> tuple[dict[Listing, T], dict[Listing, ExchangeError]]:
        """All answers at once, by the places of the questions, and the errors by theirs."""
        with question(self._timing.answer):
            outcomes = (
                outcome(asked, patience, f"{venue} ({family} listings)")
                for (venue, family), asked in questions.items()
            )
            results = await asyncio.gather(*outcomes)
        held = {e.name: e.limiter.held_until_ms for e in self._exchanges}
        pairs = [
            (place, _held_up(result, held[place[0]], self._clock_ms()))
            for place, result in zip(questions, results, strict=True)
        ]
        return (
            {place: result for place, result in pairs if not isinstance(result, ExchangeError)},
            {place: result for place, result in pairs if isinstance(result, ExchangeError)},
        )


def _held_up(result: T | ExchangeError, until_ms: int | None, now_ms: int) -> T | ExchangeError:
    """What was not sent, since the venue has said stop, is late for no other reason."""
    return RateLimited(until_ms, now_ms) if until_ms and isinstance(result, Unreachable) else result
