"""Ten coins over all venues together, by turnover, change, funding or open interest."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeGuard, TypeVar

import numpy as np

from crypto_assistant.errors import ExchangeError, Malformed, Refused
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings.coins import Market, by_coin, proven_others
from crypto_assistant.listings.lists import Listing
from crypto_assistant.models import (
    Family,
    Fundings,
    Instruments,
    Marks,
    OpenInterest,
    Tickers,
    known,
)
from crypto_assistant.round import Round
from crypto_assistant.subjects.ranking.replies import OneByOne, Replies
from crypto_assistant.subjects.ranking.rows import Coins, Row, first_ten, row_of

T = TypeVar("T")

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
class Ranked:
    """The rows, and what restricts them."""

    least_turnover_usd: float | None
    rows: tuple[Row, ...]
    one_by_one_venues: tuple[str, ...]


class Ranking:
    """Asked in bulk; open interest that a venue tells market by market in a second wave."""

    def __init__(self, round: Round, *, market: str, order: str) -> None:
        self._round = round
        self._market = market
        self._order = order
        self._replies = Replies()
        self._coins: Coins | None = None
        for family in FAMILIES[market]:
            _ask(round, family, self._replies)

    def __call__(self) -> Ranked:
        """By what has arrived up to now."""
        coins = self._merged() if self._coins is None else self._coins
        least = None if self._order in {"volume", "oi"} else LEAST_TURNOVER_USD[self._market]
        best = first_ten(coins, self._order, least, self._replies)
        one_by_one = tuple(self._replies.one_by_one) if self._order == "oi" else ()
        rows = tuple(row_of(coin, coins[coin], self._replies, self._places(coin)) for coin in best)
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

        async def interests(exchange: Exchange) -> OneByOne:
            async def fetch() -> OneByOne:
                found = await _one_by_one(exchange, wanted[exchange.name])
                if found.failure:  # What was told is of use now, but is not kept.
                    self._replies.one_by_one_in_part[exchange.name] = found
                    raise found.failure
                return found

            if shown is not None:
                return await fetch()
            # What a list that failed has left out is missing from the answer of that time alone.
            families = frozenset(market.family for market in wanted[exchange.name])
            key = exchange.name, self._market, families
            return await self._round.desk.kept.get(key, ONE_BY_ONE_SECONDS, fetch)

        self._replies.one_by_one = self._round.ask("open interest", interests, wanted)


def _ask(round: Round, family: Family, replies: Replies) -> None:
    def listed(exchange: Exchange) -> Instruments:
        return round.listings.listed(exchange.name, family)

    async def tickers(exchange: Exchange) -> Tickers:
        found = await exchange.tickers(listed(exchange))
        if np.isnan(found.last + found.turnover_24h).all():
            raise Malformed("no price or no turnover in any row")
        return found

    async def fundings(exchange: Exchange) -> Fundings:
        found = await exchange.fundings(listed(exchange))
        if np.isnan(found.rate_8h).all():
            raise Malformed("no funding in any row")
        return found

    replies.tickers[family] = round.ask(PART[family], tickers)
    if family is not Family.SPOT:
        replies.interests[family] = round.ask(
            _interest(family), lambda ex: ex.open_interests(listed(ex))
        )
    if family is Family.LINEAR:
        replies.fundings[family] = round.ask("funding", fundings)


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


async def _one_by_one(exchange: Exchange, markets: Sequence[Market]) -> OneByOne:
    """Each market's open interest; coins are valued at the mark price.

    A market that the venue refuses, having delisted it since, is missing from the answer; so is one
    that fails, for which `failure` is set.
    """
    lists = {market.family: market.tickers.instruments for market in markets}
    marks = await asyncio.gather(*(_or_error(exchange.marks(listed)) for listed in lists.values()))
    mark = dict(zip(lists, marks, strict=True))
    answers = await asyncio.gather(
        *(_or_error(_interest_of(exchange, market, mark[market.family])) for market in markets)
    )
    usd = {}
    received = [one.received_ms for one in marks if isinstance(one, Marks)]
    failures = [one for one in answers if _is_failure(one)]
    for market, answer in zip(markets, answers, strict=True):
        if isinstance(answer, OpenInterest):
            received.append(answer.received_ms)
            if answer.usd is not None:
                usd[market.family, market.symbol] = answer.usd
    if failures and not usd:
        raise failures[0]
    return OneByOne(usd, min(received), failures[0] if failures else None)


async def _interest_of(
    exchange: Exchange, market: Market, marks: Marks | ExchangeError
) -> OpenInterest:
    if isinstance(marks, ExchangeError):
        raise marks
    return await exchange.open_interest(market.instrument, known(marks.mark[market.row]))


async def _or_error(question: Awaitable[T]) -> T | ExchangeError:
    try:
        return await question
    except ExchangeError as error:
        return error


def _is_failure(answer: OpenInterest | ExchangeError) -> TypeGuard[ExchangeError]:
    return isinstance(answer, ExchangeError) and not isinstance(answer, Refused)
