"""The coin now on every venue: prices, open interest, funding, totals, basis, spread."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings.coins import is_same_coin, other_coins
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
    heard = _Heard(
        perps=round.ask("perp", lambda ex: ex.ticker(perp(ex)), None if perps else ()),
        marks=round.ask("mark price", lambda ex: ex.mark(perp(ex)), perps),
        fundings=round.ask("funding", lambda ex: ex.funding(perp(ex)), perps),
        interests=round.ask("open interest", lambda ex: ex.open_interest(perp(ex)), perps),
        spots=round.ask("spot", lambda ex: ex.ticker(spot(ex)), spots if perps else None),
    )
    return lambda: _quotes(coin, listings, heard)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What has arrived, by venue."""

    perps: Mapping[str, Ticker]
    marks: Mapping[str, Mark]
    fundings: Mapping[str, Funding]
    interests: Mapping[str, OpenInterest]
    spots: Mapping[str, Ticker]

    def tells(self, venue: str) -> bool:
        """Whether the venue has said anything of its perp."""
        return any(
            venue in part for part in (self.perps, self.marks, self.fundings, self.interests)
        )


def _quotes(coin: Coin, listings: Listings, heard: _Heard) -> Quotes:
    perps = {v: _perp(v, heard) for v in listings.by_turnover(coin.perps, coin) if heard.tells(v)}
    spots = {
        venue: _spot(heard.spots[venue])
        for venue in listings.by_turnover(Family.SPOT, coin.at_spot)
        if venue in heard.spots
    }
    others = other_coins(listings)
    other_perps = {venue for venue in perps if (venue, coin.perps, coin.name) in others}
    other_spots = {venue for venue in spots if (venue, Family.SPOT, coin.name) in others}
    prices = [_price(perp) for venue, perp in perps.items() if venue not in other_perps]
    prices += [_price(spot) for venue, spot in spots.items() if venue not in other_spots]
    reference = next(filter(None, prices), None)
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


def _perp(venue: str, heard: _Heard) -> Perp:
    ticker, funding = heard.perps.get(venue), heard.fundings.get(venue)
    mark, interest = heard.marks.get(venue), heard.interests.get(venue)
    if interest and mark:
        interest = interest.valued(mark.mark)
    instrument = next(part for part in (ticker, funding, mark, interest) if part).instrument
    return Perp(
        symbol=instrument.symbol,
        tick_size=instrument.tick,
        last_price=ticker.last if ticker else None,
        mid_price=ticker.mid if ticker else None,
        mark_price=mark.mark if mark else None,
        index_price=mark.index if mark else None,
        change_24h_fraction=ticker.change_24h if ticker else None,
        high_24h_price=ticker.high_24h if ticker else None,
        low_24h_price=ticker.low_24h if ticker else None,
        volume_24h_coins=ticker.volume_24h if ticker else None,
        turnover_24h_usd=ticker.turnover_24h if ticker else None,
        oi_coins=interest.coins if interest else None,
        oi_usd=interest.usd if interest else None,
        funding_fraction=funding.rate if funding else None,
        funding_hours=funding.hours if funding else None,
        funding_8h_fraction=funding.rate_8h if funding else None,
        next_funding_ms=funding.next_ms if funding else None,
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
