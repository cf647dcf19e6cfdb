"""The coin now on every venue: prices, open interest, funding, totals, basis, spread."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings import segments
from crypto_assistant.listings.coins import is_same_coin, other_coins, reference_price
from crypto_assistant.listings.lists import Coin, Listings
from crypto_assistant.models import (
    Family,
    Funding,
    Instrument,
    Mark,
    OpenInterest,
    Ticker,
)
from crypto_assistant.round import CoinRound
from crypto_assistant.subjects.price import figures
from crypto_assistant.subjects.price.figures import Basis, Markets, Perp, Spot, Spread, Totals


@dataclass(frozen=True, slots=True)
class Quotes:
    """`venues`: those that said something of the coin, in the order of the exchanges."""

    primary_venue: str | None
    venues: Mapping[str, Markets]
    totals: Totals
    basis: Basis | None
    spread: Spread | None


def question(round: CoinRound) -> Callable[[], Quotes]:
    """Whoever lists neither a perp nor a spot market is named for it."""
    coin, listings = round.coin, round.listings

    def perp(exchange: Exchange) -> Instrument:
        return listings.market(exchange.name, coin.perps, coin)

    def spot(exchange: Exchange) -> Instrument:
        return listings.market(exchange.name, Family.SPOT, coin.at_spot)

    # Who has no perp is named for it once; who has no spot market only where there are no perps.
    perps = [v for v in listings.titles if listings.may_list(v, coin.perps, coin)]
    spots = [v for v in listings.titles if listings.may_list(v, Family.SPOT, coin.at_spot)]
    # Named as where all perps are asked, so that a failure is told once.
    title = segments.perps(coin)[0].title
    replies = _Replies(
        perps=round.ask("perp", lambda ex: ex.ticker(perp(ex)), None if perps else ()),
        marks=round.ask("mark price", lambda ex: ex.mark(perp(ex)), perps),
        fundings=round.ask(f"{title} funding", lambda ex: ex.funding(perp(ex)), perps),
        interests=round.ask(f"{title} open interest", lambda ex: ex.open_interest(perp(ex)), perps),
        spots=round.ask("spot", lambda ex: ex.ticker(spot(ex)), spots if perps else None),
    )
    return lambda: _quotes(coin, listings, replies)


@dataclass(frozen=True, slots=True)
class _Replies:
    """What has arrived, by venue."""

    perps: Mapping[str, Ticker]
    marks: Mapping[str, Mark]
    fundings: Mapping[str, Funding]
    interests: Mapping[str, OpenInterest]
    spots: Mapping[str, Ticker]

    def tells(self, venue: str) -> bool:
        """Whether the venue has said anything of its perp."""
        return any(venue in part for part in self._of_perps)

    def market(self, venue: str) -> Instrument:
        """The perp of which it has."""
        return next(part[venue].instrument for part in self._of_perps if venue in part)

    @property
    def _of_perps(self) -> tuple[Mapping[str, Ticker | Mark | Funding | OpenInterest], ...]:
        return self.perps, self.marks, self.fundings, self.interests


def _quotes(coin: Coin, listings: Listings, replies: _Replies) -> Quotes:
    perps = {
        venue: _perp(venue, replies)
        for venue in listings.by_turnover(coin.perps, coin)
        if replies.tells(venue)
    }
    spots = {
        venue: _spot(replies.spots[venue])
        for venue in listings.by_turnover(Family.SPOT, coin.at_spot)
        if venue in replies.spots
    }
    others = other_coins(listings)
    other_perps = {venue for venue in perps if (venue, coin.perps, coin.name) in others}
    other_spots = {venue for venue in spots if (venue, Family.SPOT, coin.name) in others}
    prices: dict[str, list[float]] = {}
    for markets, apart in ((perps, other_perps), (spots, other_spots)):
        for venue, market in markets.items():
            if venue not in apart and (price := figures.price(market)):
                prices.setdefault(venue, []).append(price)
    reference = reference_price(prices) if prices else None
    perps = _told_apart(perps, other_perps, reference)
    spots = _told_apart(spots, other_spots, reference)
    same_perps = {venue: perp for venue, perp in perps.items() if not perp.other_coin}
    same_spots = {venue: spot for venue, spot in spots.items() if not spot.other_coin}
    return Quotes(
        primary_venue=_primary(same_perps or same_spots),
        venues={
            venue: Markets(perps.get(venue), spots.get(venue))
            for venue in listings.titles
            if venue in perps or venue in spots
        },
        totals=figures.totals(same_perps),
        basis=figures.basis(same_perps, same_spots),
        spread=figures.spread(same_perps or same_spots),
    )


def _primary(ranked: Mapping[str, Perp] | Mapping[str, Spot]) -> str | None:
    """The first that tells its last price; where nobody does, any price."""
    told = [venue for venue, market in ranked.items() if figures.price(market)]
    return next((venue for venue in told if ranked[venue].last_price), next(iter(told), None))


def _perp(venue: str, replies: _Replies) -> Perp:
    market = replies.market(venue)
    ticker = replies.perps.get(venue, Ticker(market))
    mark = replies.marks.get(venue, Mark(market))
    funding = replies.fundings.get(venue, Funding(market))
    interest = replies.interests.get(venue, OpenInterest(market))
    return Perp(
        symbol=market.symbol,
        tick_size=market.tick,
        last_price=ticker.last,
        mid_price=ticker.mid,
        mark_price=mark.mark,
        index_price=mark.index,
        change_24h_fraction=ticker.change_24h,
        high_24h_price=ticker.high_24h,
        low_24h_price=ticker.low_24h,
        volume_24h_coins=ticker.volume_24h,
        turnover_24h_usd=ticker.turnover_24h,
        oi_coins=interest.coins,
        oi_usd=interest.usd,
        funding_fraction=funding.rate,
        funding_hours=funding.hours,
        funding_8h_fraction=funding.rate_8h,
        next_funding_ms=funding.next_ms,
    )


def _spot(ticker: Ticker) -> Spot:
    return Spot(
        symbol=ticker.instrument.symbol,
        tick_size=ticker.instrument.tick,
        last_price=ticker.last,
        mid_price=ticker.mid,
        change_24h_fraction=ticker.change_24h,
        high_24h_price=ticker.high_24h,
        low_24h_price=ticker.low_24h,
        volume_24h_coins=ticker.volume_24h,
        turnover_24h_usd=ticker.turnover_24h,
    )


M = TypeVar("M", Perp, Spot)


def _told_apart(
    markets: Mapping[str, M], others: Collection[str], reference: float | None
) -> dict[str, M]:
    """The markets with `other_coin` set on those in `others` or too far from the reference."""

    def is_other(venue: str, price: float | None) -> bool:
        off = price and reference and not is_same_coin(price, reference)
        return venue in others or bool(off)

    return {v: replace(m, other_coin=is_other(v, figures.price(m))) for v, m in markets.items()}
