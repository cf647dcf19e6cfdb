"""The owner's open positions on every venue.

Asked in bulk; what depends on which markets are open (funding, ATRs) in a second wave.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from crypto_assistant import worth
from crypto_assistant.exchanges.base import Account, Exchange
from crypto_assistant.listings.coins import Name, other_coins
from crypto_assistant.listings.lists import Listing
from crypto_assistant.models import Family, Funding, Fundings, Position, Positions, Timeframe
from crypto_assistant.round import Round
from crypto_assistant.subjects.account import exposure, wallets
from crypto_assistant.subjects.account.environments import counted, environments
from crypto_assistant.subjects.account.exposure import Open
from crypto_assistant.subjects.account.markets import Markets
from crypto_assistant.subjects.account.wallets import Purses
from crypto_assistant.subjects.bars import trend
from crypto_assistant.worth import NO_PRICES, Prices

if TYPE_CHECKING:
    from crypto_assistant.subjects.bars.primary import Build
    from crypto_assistant.subjects.bars.trend import Indicators

FAMILIES = (Family.LINEAR, Family.INVERSE)
LARGEST = 20
"""Positions whose way to liquidation is measured in ATRs, too, beside the nearest."""


@dataclass(frozen=True, slots=True)
class Found:
    """The positions, what is liquidated first before the others.

    `whole_venues`: those that told of every family; `flat_venues`: of them, those without any.
    `unread`: how many of other kinds a venue has, which is then neither.
    """

    positions: tuple[Open, ...]
    whole_venues: tuple[str, ...]
    flat_venues: tuple[str, ...]
    unread: Mapping[str, int]
    purses: Mapping[str, Purses]
    priced: Mapping[str, Prices]


class Question:
    """Asked at once of all venues that have a key. `coin`: the only one that is wanted."""

    def __init__(self, round: Round, coin: str | None) -> None:
        self._round = round
        self._coin = coin
        self._markets = {venue: Markets(venue, round.listings) for venue in round.asked}
        self._families = {venue: round.desk.accounts[venue].families for venue in round.asked}
        self._by_family = {family: self._ask(family) for family in FAMILIES}
        self._prices = worth.question(round)
        self._purses = wallets.question(round, aside=True)
        self._fundings: Mapping[Family, Mapping[str, Fundings]] = {}
        self._ranges: Mapping[tuple[str, str], Build[Indicators]] = {}

    def __call__(self) -> Found:
        """By what has arrived up to now."""
        priced, others = self._prices(), other_coins(self._round.listings)
        rows = [
            exposure.read(
                position,
                priced.get(position.venue, NO_PRICES),
                self._funding(position),
                self._atr(position),
                other_coin=_name(position) in others,
            )
            for position in self._wanted()
        ]
        unread = {venue: count for venue in self._families if (count := self._unread(venue))}
        whole_venues = [venue for venue in self._families if self._is_whole(venue)]
        there = {row.venue for row in rows}
        return Found(
            positions=tuple(sorted(rows, key=exposure.urgency)),
            whole_venues=tuple(whole_venues),
            flat_venues=tuple(venue for venue in whole_venues if venue not in there),
            unread=unread,
            purses=self._purses(priced),
            priced=priced,
        )

    async def settle(self, report: Callable[[], None]) -> None:
        await self._round.settle(report, spare=self._round.desk.timing.attempt)
        positions = self._wanted()
        self._ask_fundings(positions)
        self._ask_ranges(positions)
        await self._round.settle(report)

    def _ask(self, family: Family) -> Mapping[str, Positions]:
        def question(account: Account) -> Awaitable[Positions]:
            return account.positions(family, partial(self._round.listings.called, account.venue))

        venues = [venue for venue, families in self._families.items() if family in families]
        return self._round.ask_owner(f"{family} positions", question, venues)

    def _ask_fundings(self, positions: Iterable[Position]) -> None:
        places = {_place(position) for position in positions if _is_perp(position)}

        def of(family: Family) -> Mapping[str, Fundings]:
            def question(exchange: Exchange) -> Awaitable[Fundings]:
                return exchange.fundings(self._round.listings.listed(exchange.name, family))

            venues = [venue for venue, other in places if other is family]
            return self._round.ask(f"{family} funding", question, venues)

        self._fundings = {family: of(family) for family in FAMILIES}

    def _ask_ranges(self, positions: Iterable[Position]) -> None:
        largest = sorted(positions, key=lambda position: -(position.usd or 0.0))
        real = counted(environments(self._round.desk, self._round.asked))
        nearest = sorted((one for one in largest if one.venue in real), key=_away)
        markets = {
            _market(position): position.instrument
            for position in (*nearest[:1], *largest[:LARGEST])
            if position.instrument and position.liquidation is not None
        }
        self._ranges = {
            place: trend.indicators(self._round, market, Timeframe.H1)
            for place, market in markets.items()
        }

    def _wanted(self) -> list[Position]:
        return [
            position
            for by_venue in self._by_family.values()
            for positions in by_venue.values()
            for position in positions.positions
            if self._coin in {None, self._markets[position.venue].coin_of(position)}
        ]

    def _is_whole(self, venue: str) -> bool:
        arrived = all(venue in self._by_family[family] for family in self._families[venue])
        return arrived and not self._unread(venue)

    def _unread(self, venue: str) -> int:
        """Whichever family is asked for, a venue tells of the same others."""
        answers = (by_venue[venue] for by_venue in self._by_family.values() if venue in by_venue)
        return max((answer.unread for answer in answers), default=0)

    def _funding(self, position: Position) -> Funding | None:
        fundings = self._fundings.get(position.family, {}).get(position.venue)
        row = fundings.instruments.row.get(position.symbol) if fundings else None
        return None if fundings is None or row is None else fundings[row]

    def _atr(self, position: Position) -> float | None:
        asked = self._ranges.get(_market(position))
        indicators = asked() if asked else None
        return indicators.atr_14_price if indicators else None


def _market(position: Position) -> tuple[str, str]:
    return position.venue, position.symbol


def _away(position: Position) -> float:
    """To liquidation, as a fraction of the mark price."""
    if position.liquidation is None or not position.mark:
        return inf
    return abs(position.liquidation / position.mark - 1)


def _place(position: Position) -> Listing:
    return position.venue, position.family


def _is_perp(position: Position) -> bool:
    return position.instrument is None or position.instrument.expires_ms is None


def _name(position: Position) -> Name:
    coin = position.instrument.coin if position.instrument else ""
    return position.venue, position.family, coin
