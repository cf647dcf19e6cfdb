"""Which coins are the ten, and what all venues together say of each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from crypto_assistant.listings.coins import Market, Markets
from crypto_assistant.listings.lists import Listing
from crypto_assistant.models import known, total
from crypto_assistant.subjects.ranking.replies import Replies

Coins = Mapping[str, Markets]


@dataclass(frozen=True, slots=True)
class Row:
    """One coin over all venues.

    `venues`: those asked that list it, or whose lists are not known. `turnover_venues` and
    `oi_venues`: those of which all markets are in the sum. `funding_venue`: the primary one, or the
    next that has told its rate; `funding_hours`: how often that is paid. `apart_venues`: where
    another coin goes by that name.
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
    funding_venue: str | None = None
    funding_hours: float | None = None
    venues: tuple[str, ...] = ()
    apart_venues: tuple[str, ...] = ()


def first_ten(coins: Coins, order: str, least: float | None, replies: Replies) -> list[str]:
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


def _rank(order: str, markets: Sequence[Market], replies: Replies) -> float | None:
    """What coins are ordered by, the highest first; None leaves a coin out."""
    primary = markets[0]
    if order == "volume":
        return _turnover(markets)
    if order == "oi":
        return total(map(replies.oi_usd, markets))
    if order == "funding":
        return replies.funding(markets).rate_8h
    change = known(primary.tickers.change_24h[primary.row])
    return -change if change is not None and order == "losers" else change


def _turnover(markets: Sequence[Market]) -> float:
    return fsum(market.turnover_usd for market in markets)


def row_of(coin: str, markets: Markets, replies: Replies, asked: Collection[Listing]) -> Row:
    primary = markets.same[0]
    asked = set(asked) - {(market.venue, market.family) for market in markets.apart}
    interests = [(market, replies.oi_usd(market)) for market in markets.same]
    unpriced = replies.unpriced(coin, tradfi=bool(primary.tickers.instruments.tradfi[primary.row]))
    funding = replies.funding(markets.same)
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
        funding_8h_fraction=funding.rate_8h,
        funding_venue=funding.venue,
        funding_hours=funding.hours,
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
