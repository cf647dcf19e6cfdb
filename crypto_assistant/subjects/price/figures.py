"""What a venue quotes for a coin, and what the quotes of several add up to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crypto_assistant.models import total


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
    """Mid of the primary perp over the mid of a spot market, less one."""

    perp_venue: str
    spot_venue: str
    fraction: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The highest mid over the lowest, less one."""

    high_venue: str
    low_venue: str
    fraction: float


def price(market: Perp | Spot) -> float | None:
    """Whatever the venue told of the price: enough to tell coins apart."""
    mark = market.mark_price if isinstance(market, Perp) else None
    return market.last_price or market.mid_price or mark


def distance(market: Perp | Spot, first: Perp | Spot | None) -> float | None:
    """Of its mid from the first market's, as a part of that."""
    if first is None or market.mid_price is None or not first.mid_price:
        return None
    return market.mid_price / first.mid_price - 1


def premium(perp: Perp) -> float | None:
    """Of the mark price over the index, less one."""
    if perp.mark_price is None or not perp.index_price:
        return None
    return perp.mark_price / perp.index_price - 1


def totals(perps: Mapping[str, Perp]) -> Totals:
    def over(figure: Callable[[Perp], float | None]) -> tuple[float | None, tuple[str, ...]]:
        parts = {venue: figure(perp) for venue, perp in perps.items()}
        venues = tuple(venue for venue, part in parts.items() if part is not None)
        return total(parts.values()), venues

    return Totals(
        *over(lambda perp: perp.oi_usd),
        *over(lambda perp: perp.oi_coins),
        *over(lambda perp: perp.turnover_24h_usd),
    )


def basis(perps: Mapping[str, Perp], spots: Mapping[str, Spot]) -> Basis | None:
    """At the first perp's own venue, else with the first spot market; in order of turnover."""
    mids = {venue: perp.mid_price for venue, perp in perps.items() if perp.mid_price}
    spot_mids = {venue: spot.mid_price for venue, spot in spots.items() if spot.mid_price}
    if not mids or not spot_mids:
        return None
    venue, mid = next(iter(mids.items()))
    spot_venue = venue if venue in spot_mids else next(iter(spot_mids))
    return Basis(venue, spot_venue, mid / spot_mids[spot_venue] - 1)


def spread(markets: Mapping[str, Perp] | Mapping[str, Spot]) -> Spread | None:
    mids = {venue: market.mid_price for venue, market in markets.items() if market.mid_price}
    if len(mids) < 2:
        return None
    high, low = max(mids, key=mids.__getitem__), min(mids, key=mids.__getitem__)
    return Spread(high, low, mids[high] / mids[low] - 1)
