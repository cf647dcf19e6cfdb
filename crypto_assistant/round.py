"""One round of questions: what is listed, what time it is, who is asked, and what about."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Never, TypeVar

from crypto_assistant.desk import Desk
from crypto_assistant.errors import NotListed, Refused
from crypto_assistant.exchanges.base import Account, Exchange
from crypto_assistant.listings.coins import other_coins
from crypto_assistant.listings.lists import Coin, Listings
from crypto_assistant.listings.segments import Segment
from crypto_assistant.models import Dated, Family, Instrument
from crypto_assistant.wave import Wave

T = TypeVar("T")
D = TypeVar("D", bound=Dated)


class Round(Wave):
    """Questions to the venues of `exchanges`, by the lists and the time of when it began."""

    def __init__(self, desk: Desk, listings: Listings, exchanges: Sequence[Exchange]) -> None:
        super().__init__(desk, exchanges)
        self.desk = desk
        self.listings = listings
        self.now_ms = desk.now_ms(exchanges)
        """By the venues' own clocks."""
        self.past_ms = desk.past_ms(exchanges)
        """What is past at all of them for certain: the last closed bar is counted from it."""
        self.asked = tuple(exchange.name for exchange in exchanges)

    def ask_owner(
        self,
        part: str,
        question: Callable[[Account], Awaitable[D]],
        venues: Collection[str],
        *,
        aside: bool = False,
    ) -> dict[str, D]:
        """As `ask`, of the owner's accounts at the venues."""
        return self.ask(part, self.desk.of_owner(question), venues, aside=aside)


class CoinRound(Round):
    """A round about one coin."""

    def __init__(
        self, desk: Desk, listings: Listings, exchanges: Sequence[Exchange], coin: Coin
    ) -> None:
        super().__init__(desk, listings, exchanges)
        self.coin = coin

    def ask_market(
        self,
        segment: Segment,
        part: str,
        question: Callable[[Exchange, Instrument], Awaitable[D]],
        *,
        aside: bool = False,
        past: bool = False,
    ) -> dict[str, D]:
        """As `ask`, of each venue that may list it about its market of the segment."""

        async def asked(exchange: Exchange) -> D:
            market = self.listings.market(exchange.name, segment.family, segment.coin)
            return await question(exchange, market)

        venues = self.listing(segment)
        return self.ask(f"{segment.title} {part}", asked, venues, aside=aside, past=past)

    def listing(self, segment: Segment) -> list[str]:
        """The venues that list the coin itself in the segment, or whose list is not known."""
        return [
            venue
            for venue in self.listings.titles
            if self.listings.may_list(venue, segment.family, segment.coin)
            and not self._is_other(venue, segment.family)
        ]

    def apart(self, segment: Segment) -> tuple[str, ...]:
        """The venues asked where the market of that name is another coin's."""
        listed = self.listings.by_turnover(segment.family, segment.coin)
        return tuple(v for v in self.asked if v in listed and self._is_other(v, segment.family))

    def name_absent(self, segments: Sequence[Segment]) -> None:
        """Has the venues named that list nothing of the coin's name in any of the segments."""
        there = {
            venue
            for venue in self.listings.titles
            for segment in segments
            if self.listings.may_list(venue, segment.family, segment.coin)
        }

        async def missing(exchange: Exchange) -> Never:
            unread = self.listings.unread(exchange.name) > 0
            raise NotListed(segments[0].coin.symbol, unread=unread)

        self.ask("", missing, [venue for venue in self.listings.titles if venue not in there])

    def primaries(self) -> list[Instrument]:
        """The coin's USDT perps of the venues asked, the most traded one first.

        By the kept tickers, at most ten minutes old; its spot markets where there are no perps.
        """
        for family, coin in ((self.coin.perps, self.coin), (Family.SPOT, self.coin.at_spot)):
            venues = [
                venue
                for venue in self.listings.by_turnover(family, coin)
                if venue in self.asked and not self._is_other(venue, family)
            ]
            if venues:
                return [self.listings.market(venue, family, coin) for venue in venues]
        return []

    def _is_other(self, venue: str, family: Family) -> bool:
        """Whether the venue's market is another coin's of that name."""
        return (venue, family, self.coin.name) in other_coins(self.listings)


async def each(questions: Iterable[Awaitable[T]]) -> list[T | None]:
    """What is said to all of them at once, by a venue that tells of one market at a time.

    None where it refuses: it has delisted the market since its list was read.
    """
    return await asyncio.gather(*map(_unless_refused, questions))


async def _unless_refused(question: Awaitable[T]) -> T | None:
    try:
        return await question
    except Refused:
        return None
