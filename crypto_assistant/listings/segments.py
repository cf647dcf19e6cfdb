"""The kinds of market that a coin trades in, and one question to a coin's market of a kind."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Never, TypeVar

from crypto_assistant.desk import Dated, Wave
from crypto_assistant.errors import NotListed
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings.coins import other_coins
from crypto_assistant.listings.lists import Coin, Listings
from crypto_assistant.models import Family, Instrument

T = TypeVar("T", bound=Dated)

TITLES = {"spot": "spot", "usdt": "USDT", "usdc": "USDC", "coin_margined": "coin-M"}
"""How each kind of market is shown, by its name in answers."""


class Segment(NamedTuple):
    """One kind of market of a coin: `name` as in answers, `title` as it is shown."""

    name: str
    title: str
    family: Family
    coin: Coin


def spot(coin: Coin) -> Segment:
    return _segment("spot", Family.SPOT, coin.at_spot)


def perps(coin: Coin) -> tuple[Segment, ...]:
    """USDT, USDC and coin-margined perps; only one of them where another quote was asked for."""
    if coin.quote != "USDT":
        return (_perps(coin),)
    return tuple(_perps(replace(coin, quote=quote)) for quote in ("USDT", "USDC", "USD"))


def every(coin: Coin) -> tuple[Segment, ...]:
    """Spot and all perps."""
    return spot(coin), *perps(coin)


def _perps(coin: Coin) -> Segment:
    inverse = coin.perps is Family.INVERSE
    return _segment("coin_margined" if inverse else coin.quote.lower(), coin.perps, coin)


def _segment(name: str, family: Family, coin: Coin) -> Segment:
    return Segment(name, TITLES[name], family, coin)


def ask(
    wave: Wave,
    listings: Listings,
    segment: Segment,
    part: str,
    question: Callable[[Exchange, Instrument], Awaitable[T]],
) -> dict[str, T]:
    """Asks the venues that may list it for their market of the segment."""

    async def asked(exchange: Exchange) -> T:
        market = listings.market(exchange.name, segment.family, segment.coin)
        return await question(exchange, market)

    return wave.ask(f"{segment.title} {part}", asked, listing(listings, segment))


def listing(listings: Listings, segment: Segment) -> list[str]:
    """The venues that list the coin itself in the segment, and those whose list is not known."""
    others = other_coins(listings)
    family, coin = segment.family, segment.coin
    return [
        venue
        for venue in listings.titles
        if listings.may_list(venue, family, coin) and (venue, family, coin.name) not in others
    ]


def apart(listings: Listings, segment: Segment, asked: Sequence[str]) -> tuple[str, ...]:
    """The venues of those asked where the market of that name is another coin's."""
    family, coin, others = segment.family, segment.coin, other_coins(listings)
    listed = listings.by_turnover(family, coin)
    return tuple(v for v in asked if v in listed and (v, family, coin.name) in others)


def ask_absent(wave: Wave, listings: Listings, segments: Sequence[Segment]) -> None:
    """Has the venues named that list nothing of the coin's name in any of the segments."""
    there = {
        venue
        for venue in listings.titles
        for segment in segments
        if listings.may_list(venue, segment.family, segment.coin)
    }

    async def missing(exchange: Exchange) -> Never:
        raise NotListed(segments[0].coin.symbol, unread=listings.unread(exchange.name) > 0)

    wave.ask("", missing, [venue for venue in listings.titles if venue not in there])


def primary(listings: Listings, coin: Coin, venue: str | None = None) -> list[Instrument]:
    """The coin's USDT perps (where there are none, its spot markets), the most traded one first.

    By the kept tickers, at most ten minutes old; `venue` leaves that one alone.
    """
    others = other_coins(listings)
    for family, wanted in ((coin.perps, coin), (Family.SPOT, coin.at_spot)):
        venues = [
            name
            for name in listings.by_turnover(family, wanted)
            if venue in {None, name} and (name, family, coin.name) not in others
        ]
        if venues:
            return [listings.market(name, family, wanted) for name in venues]
    return []
