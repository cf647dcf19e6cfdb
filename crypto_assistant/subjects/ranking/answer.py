"""Ten coins over all venues together, by turnover, change, funding or open interest."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum

import numpy as np

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings.coins import Market, Markets, by_coin, proven_others
from crypto_assistant.listings.lists import Listing
from crypto_assistant.models import (
    Family,
    Fundings,
    Instruments,
    OpenInterests,
    Tickers,
    known,
    total,
)
from crypto_assistant.round import Round, each

FAMILIES = {
    "perps": (Family.LINEAR, Family.INVERSE),
    "spot": (Family.SPOT,),
    "tradfi": (Family.LINEAR,),
}
PART = {Family.LINEAR: "perps", Family.INVERSE: "coin-margined perps", Family.SPOT: "spot"}
LEAST_TURNOVER_USD = {"perps": 10e6, "spot": 1e6, "tradfi": 10e6}
"""24 h turnover below which a coin is no gainer, no loser and no funding extreme."""
MOST_ONE_BY_ONE = 100
"""Perps asked for the order by open interest of a venue that tells it market by market."""
ONE_BY_ONE_SECONDS = 60.0
"""How long their open interest is kept."""


@dataclass(frozen=True, slots=True)
class Row:
    """One coin over all venues.

    `venues`: those asked that list it, or whose lists are not known. `turnover_venues` and
    `oi_venues`: those of which all markets are in the sum. `apart_venues`: where another coin goes
    by that name.
    """

    coin: str
    primary_venue: str
    symbol: str
    tick_size: float
    last_price: float
    change_24h_fraction: float | None
    turnover_24h_usd: float
    turnover_venues: tuple[str, ...]
    oi_usd: float | None = None
    oi_venues: tuple[str, ...] = ()
    funding_8h_fraction: float | None = None
    venues: tuple[str, ...] = ()
    apart_venues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """The rows, and what restricts them."""

    least_turnover_usd: float | None
    rows: tuple[Row, ...]
    one_by_one_venues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _OneByOne:
    """Open interest in USD of the markets that were asked one by one."""

    usd: Mapping[tuple[Family, str], float]
    received_ms: int


@dataclass(slots=True)
class _Replies:
    """What has arrived, by family and by venue."""

    tickers: dict[Family, Mapping[str, Tickers]] = field(default_factory=dict)
    fundings: dict[Family, Mapping[str, Fundings]] = field(default_factory=dict)
    interests: dict[Family, Mapping[str, OpenInterests]] = field(default_factory=dict)
    one_by_one: dict[str, _OneByOne] = field(default_factory=dict)

    def funding_8h(self, market: Market) -> float | None:
        fundings = self.fundings.get(market.family, {}).get(market.venue)
        return known(fundings.rate_8h[market.row]) if fundings else None

    def unpriced(self, coin: str, *, tradfi: bool) -> set[str]:
        """The venues with a market of the coin that was traded for nobody knows how much."""
        return {
            tickers.instruments.venue
            for by_venue in self.tickers.values()
            for tickers in by_venue.values()
            for row in np.flatnonzero(np.isnan(tickers.last * tickers.turnover_24h))
            if tickers.instruments.coins[row] == coin
            and tickers.instruments.tradfi[row] == tradfi
            and tickers.turnover_24h[row] != 0
        }

    def oi_usd(self, market: Market) -> float | None:
        bulk = self.interests.get(market.family, {}).get(market.venue)
        if bulk:
            return known(bulk.usd[market.row])
        found = self.one_by_one.get(market.venue)
        return found.usd.get((market.family, market.symbol)) if found else None


Coins = Mapping[str, Markets]


class Ranking:
    """Asked in bulk; open interest that a venue tells market by market in a second wave."""

    def __init__(self, round: Round, *, market: str, order: str) -> None:
        self._round = round
        self._market = market
        self._order = order
        self._replies = _Replies()
        self._coins: Coins | None = None
        for family in FAMILIES[market]:
            _ask(round, family, self._replies)

    def __call__(self) -> Ranked:
        """By what has arrived up to now."""
        coins = self._merged() if self._coins is None else self._coins
        least = None if self._order in {"volume", "oi"} else LEAST_TURNOVER_USD[self._market]
        best = _best(coins, self._order, least, self._replies)
        one_by_one = tuple(self._replies.one_by_one) if self._order == "oi" else ()
        rows = tuple(_row(coin, coins[coin], self._replies, self._places(coin)) for coin in best)
        return Ranked(least, rows, one_by_one)

    async def settle(self, report: Callable[[], None]) -> None:
        spare = 0.0 if self._market == "spot" else self._round.desk.timing.attempt
        await self._round.settle(report, spare=spare)
        self._coins = self._merged()
        parts = [_interest(family) for family in FAMILIES[self._market]]
        silent = {venue for part in parts for venue in self._round.lacks(part)}
        if silent:
            self._ask_one_by_one(self._coins, silent)
            await self._round.settle(report)

    def _merged(self) -> Coins:
        answers = [one for by_venue in self._replies.tickers.values() for one in by_venue.values()]
        return by_coin(
            answers,
            tradfi=self._market == "tradfi",
            without=self._round.listings.money,
            others=proven_others(self._round.listings),
        )

    def _places(self, coin: str) -> set[Listing]:
        """Where the coin itself may be listed, of the venues asked."""
        asked = self._round.asked
        families, tradfi = FAMILIES[self._market], self._market == "tradfi"
        named = proven_others(self._round.listings)
        others = {(venue, family) for venue, family, name in named if name == coin}
        places = self._round.listings.places(coin, families, tradfi)
        return {place for place in places if place[0] in asked} - others

    def _ask_one_by_one(self, coins: Coins, venues: Collection[str]) -> None:
        shown = None if self._order == "oi" else {row.coin for row in self().rows}
        wanted = _wanted(coins, venues, shown)

        async def interests(exchange: Exchange) -> _OneByOne:
            async def fetch() -> _OneByOne:
                return await _one_by_one(exchange, wanted[exchange.name])

            if shown is not None:
                return await fetch()
            # What a list that failed has left out is missing from the answer of that time alone.
            families = frozenset(market.family for market in wanted[exchange.name])
            key = exchange.name, self._market, families
            return await self._round.desk.kept.get(key, ONE_BY_ONE_SECONDS, fetch)

        self._replies.one_by_one = self._round.ask("open interest", interests, wanted)


def _ask(round: Round, family: Family, replies: _Replies) -> None:
    def listed(exchange: Exchange) -> Instruments:
        return round.listings.listed(exchange.name, family)

    async def tickers(exchange: Exchange) -> Tickers:
        found = await exchange.tickers(listed(exchange))
        if np.isnan(found.last + found.turnover_24h).all():
            raise Malformed("no price or no turnover in any row")
        return found

    replies.tickers[family] = round.ask(PART[family], tickers)
    if family is not Family.SPOT:
        replies.interests[family] = round.ask(
            _interest(family), lambda ex: ex.open_interests(listed(ex))
        )
    if family is Family.LINEAR:
        replies.fundings[family] = round.ask("funding", lambda ex: ex.fundings(listed(ex)))


def _interest(family: Family) -> str:
    return f"{PART[family]} open interest"


def _wanted(
    coins: Coins, venues: Collection[str], shown: Collection[str] | None
) -> dict[str, list[Market]]:
    """The markets to ask one by one: those of the coins shown, else the most traded ones.

    A venue that told no market is not asked.
    """
    wanted = {}
    for venue in venues:
        markets = [
            market
            for coin, markets in coins.items()
            if shown is None or coin in shown
            for market in markets.same
            if market.venue == venue
        ]
        markets.sort(key=lambda market: -market.turnover_usd)
        if markets:
            wanted[venue] = markets[:MOST_ONE_BY_ONE]
    return wanted


async def _one_by_one(exchange: Exchange, markets: Sequence[Market]) -> _OneByOne:
    """Each market's open interest; coins are valued at the mark price.

    A market that the venue refuses, having delisted it since, is missing from the answer.
    """
    lists = {market.family: market.tickers.instruments for market in markets}
    marks = await asyncio.gather(*(exchange.marks(listed) for listed in lists.values()))
    mark = dict(zip(lists, marks, strict=True))
    answers = await each(
        exchange.open_interest(market.instrument, known(mark[market.family].mark[market.row]))
        for market in markets
    )
    usd = {}
    received = [one.received_ms for one in marks]
    for market, answer in zip(markets, answers, strict=True):
        if answer:
            received.append(answer.received_ms)
            if answer.usd is not None:
                usd[market.family, market.symbol] = answer.usd
    return _OneByOne(usd, min(received))


def _best(coins: Coins, order: str, least: float | None, replies: _Replies) -> list[str]:
    """The ten coins, the first one first."""
    ranks = {
        coin: rank
        for coin, markets in coins.items()
        if (rank := _rank(order, markets.same, replies)) is not None
        if least is None or _turnover(markets.same) >= least
    }
    best = sorted(ranks, key=ranks.__getitem__, reverse=True)
    if order == "funding" and len(best) > 10:
        best = best[:5] + best[-5:]
    return best[:10]


def _rank(order: str, markets: Sequence[Market], replies: _Replies) -> float | None:
    """What coins are ordered by, the highest first; None leaves a coin out."""
    primary = markets[0]
    if order == "volume":
        return _turnover(markets)
    if order == "oi":
        return total(map(replies.oi_usd, markets))
    if order == "funding":
        return replies.funding_8h(primary)
    change = known(primary.tickers.change_24h[primary.row])
    return -change if change is not None and order == "losers" else change


def _turnover(markets: Sequence[Market]) -> float:
    return fsum(market.turnover_usd for market in markets)


def _row(coin: str, markets: Markets, replies: _Replies, asked: Collection[Listing]) -> Row:
    primary = markets.same[0]
    asked = set(asked) - {(market.venue, market.family) for market in markets.apart}
    interests = [(market, replies.oi_usd(market)) for market in markets.same]
    unpriced = replies.unpriced(coin, tradfi=bool(primary.tickers.instruments.tradfi[primary.row]))
    unvalued = unpriced | {market.venue for market, usd in interests if usd is None}
    return Row(
        coin=coin,
        primary_venue=primary.venue,
        symbol=primary.symbol,
        tick_size=float(primary.tickers.instruments.tick[primary.row]),
        last_price=float(primary.tickers.last[primary.row]),
        change_24h_fraction=known(primary.tickers.change_24h[primary.row]),
        turnover_24h_usd=_turnover(markets.same),
        turnover_venues=_whole(markets.same, asked, unpriced),
        oi_usd=total(usd for _, usd in interests),
        oi_venues=_whole(markets.same, asked, unvalued),
        funding_8h_fraction=replies.funding_8h(primary),
        venues=_once(venue for venue, _ in asked),
        apart_venues=_once(market.venue for market in markets.apart),
    )


def _whole(
    markets: Sequence[Market], asked: Collection[Listing], lacking: Collection[str]
) -> tuple[str, ...]:
    """The venues of which every family that may list the coin is among the markets.

    `lacking`: those with a market that is not in the sum.
    """
    there = {(market.venue, market.family) for market in markets}
    partial = {venue for venue, _ in set(asked) - there} | set(lacking)
    return _once(venue for venue, _ in there if venue not in partial)


def _once(venues: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(venues)))
