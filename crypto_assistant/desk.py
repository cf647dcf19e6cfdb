"""The exchanges, what is listed on them, and the owner's accounts there."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

from crypto_assistant.accounts import Access
from crypto_assistant.audit.findings import Audits
from crypto_assistant.exchanges.base import IN_DOUBT, Account, Believing, Exchange
from crypto_assistant.listings.keeper import Keeper
from crypto_assistant.listings.lists import Listings
from crypto_assistant.models import Dated, Provenance
from crypto_assistant.net import deadline
from crypto_assistant.net.cache import Cache
from crypto_assistant.net.door import Timing
from crypto_assistant.net.unread import Hourly
from crypto_assistant.net.venue_time import VenueTime
from crypto_assistant.users import Users
from crypto_assistant.vitals import Vitals

T = TypeVar("T", bound=Dated)


class Desk:
    """Whom there is to ask."""

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
        users: Users | None = None,
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
        self.users = users or Users()
        self.vitals = Vitals()
        self.refusals = Hourly()
        self.audits = Audits()
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

    def now_ms(self, exchanges: Sequence[Exchange]) -> int:
        """The time by the venues' own clocks, as near as they have told it."""
        return min((self._time(one).now_ms() for one in exchanges), default=self.clock_ms())

    def past_ms(self, exchanges: Sequence[Exchange]) -> int:
        """What is past at all of them for certain, as a bar must be that they call closed."""
        return min((self._time(one).past_ms() for one in exchanges), default=self.clock_ms())

    def there_ms(self, venue: str, host_ms: int) -> int:
        """What the venue's own clock said when this host's said that."""
        time = next(self._time(one) for one in self.exchanges if one.name == venue)
        return host_ms + time.now_ms() - self.clock_ms()

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

    def provenance(
        self,
        asked: Sequence[str],
        answered: Collection[str],
        waiting: Collection[str],
        why: Callable[[str], str],
        received_ms: Collection[int],
    ) -> Provenance:
        """Who has said what up to now; `why`: in words, what is amiss of a venue's part."""
        return Provenance(
            asked=tuple(asked),
            answered=tuple(venue for venue in asked if venue in answered),
            failed={venue: words for venue in asked if (words := why(venue))},
            waiting=tuple(venue for venue in asked if venue in waiting),
            simulated=self.simulated,
            time_ms=self.clock_ms(),
            oldest_ms=min(received_ms, default=None),
            clock_ahead_seconds={
                exchange.name: ahead
                for exchange in self.exchanges
                if exchange.name in asked and (ahead := self._time(exchange).ahead_seconds)
            },
        )

    def of_owner(
        self, question: Callable[[Account], Awaitable[T]]
    ) -> Callable[[Exchange], Awaitable[T]]:
        """A question of one request or a few, asked only with keys that may be used."""

        async def ask(exchange: Exchange) -> T:
            with deadline.question(self.timing.answer):
                return await self.accounts[exchange.name].ask(question)

        return ask

    def _time(self, exchange: Exchange) -> VenueTime:
        """All addresses of a venue share one; this host's where it has none."""
        return next((api.time for api in exchange.hosts.values()), VenueTime(self.clock_ms))
