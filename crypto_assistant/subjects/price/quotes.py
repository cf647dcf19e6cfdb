"""The coin now on every venue: prices, open interest, funding, totals, basis, spread."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings.coins import is_same_coin, other_coins, reference_price
from crypto_assistant.listings.lists import Coin, Listings
from crypto_assistant.models import (
    Family,
    Funding,
    Instrument,
    Mark,
    OpenInterest,
    Ticker,
    total,
)
from crypto_assistant.round import CoinRound


@dataclass(frozen=True, slots=True)
class Perp:
    """One venue's perp. `other_coin`: its price says that it is another coin of that name."""

    symbol: str
    last_price: float | None
    mid_price: float | None
    mark_price: float | None
    index_price: float | None
    tick_size: float
    change_24h_fraction: float | None
    high_24h_price: float | None
    low_24h_price: float | None
    volume_24h_coins: float | None
    turnover_24h_usd: float | None
    oi_coins: float | None
    oi_usd: float | None
    funding_fraction: float | None
    funding_hours: float | None
    funding_8h_fraction: float | None
    next_funding_ms: int | None
    other_coin: bool = False


@dataclass(frozen=True, slots=True)
class Spot:
    """One venue's spot market."""

    symbol: str
    last_price: float | None
    mid_price: float | None
    tick_size: float
    change_24h_fraction: float | None
    high_24h_price: float | None
    low_24h_price: float | None
    volume_24h_coins: float | None
    turnover_24h_usd: float | None
    other_coin: bool = False


@dataclass(frozen=True, slots=True)
class Markets:
    """A venue's two markets of the coin; None where it has none or did not answer."""

    perp: Perp | None
    spot: Spot | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Each over the perps of the venues that sent the figure, which are named beside it."""

    oi_usd: float | None
    oi_usd_venues: tuple[str, ...]
    oi_coins: float | None
    oi_coins_venues: tuple[str, ...]
    turnover_24h_usd: float | None
    turnover_24h_usd_venues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """Mark of the primary perp over the mid of a spot market, less one."""

    perp_venue: str
    spot_venue: str
    fraction: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The highest mid over the lowest, less one."""

    high_venue: str
    low_venue: str
    fraction: float


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
    replies = _Replies(
        perps=round.ask("perp", lambda ex: ex.ticker(perp(ex)), None if perps else ()),
        marks=round.ask("mark price", lambda ex: ex.mark(perp(ex)), perps),
        fundings=round.ask("funding", lambda ex: ex.funding(perp(ex)), perps),
        interests=round.ask("open interest", lambda ex: ex.open_interest(perp(ex)), perps),
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
            if venue not in apart and (price := _price(market)):
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
        totals=_totals(same_perps),
        basis=_basis(same_perps, same_spots),
        spread=_spread(same_perps or same_spots),
    )


def _primary(ranked: Mapping[str, Perp] | Mapping[str, Spot]) -> str | None:
    """The first that tells a price."""
    return next((venue for venue, market in ranked.items() if _price(market)), None)


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

    return {v: replace(m, other_coin=is_other(v, _price(m))) for v, m in markets.items()}


def _price(market: Perp | Spot) -> float | None:
    """Whatever the venue told of the price: enough to tell coins apart."""
    mark = market.mark_price if isinstance(market, Perp) else None
    return market.last_price or market.mid_price or mark


def _totals(perps: Mapping[str, Perp]) -> Totals:
    def over(figure: Callable[[Perp], float | None]) -> tuple[float | None, tuple[str, ...]]:
        parts = {venue: figure(perp) for venue, perp in perps.items()}
        venues = tuple(venue for venue, part in parts.items() if part is not None)
        return total(parts.values()), venues

    return Totals(
        *over(lambda perp: perp.oi_usd),
        *over(lambda perp: perp.oi_coins),
        *over(lambda perp: perp.turnover_24h_usd),
    )


def _basis(perps: Mapping[str, Perp], spots: Mapping[str, Spot]) -> Basis | None:
    marks = {venue: perp.mark_price for venue, perp in perps.items() if perp.mark_price}
    mids = {venue: spot.mid_price for venue, spot in spots.items() if spot.mid_price}
    if not marks or not mids:
        return None
    venue, mark = next(iter(marks.items()))
    spot_venue = venue if venue in mids else next(iter(mids))
    return Basis(venue, spot_venue, mark / mids[spot_venue] - 1)


def _spread(markets: Mapping[str, Perp] | Mapping[str, Spot]) -> Spread | None:
    mids = {venue: market.mid_price for venue, market in markets.items() if market.mid_price}
    if len(mids) < 2:
        return None
    high, low = max(mids, key=mids.__getitem__), min(mids, key=mids.__getitem__)
    return Spread(high, low, mids[high] / mids[low] - 1)
