"""Open interest over all venues: its sums, its changes, the funding it pays, its quadrant."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import nan

import numpy as np

from crypto_assistant.calculators import open_interest as calculate
from crypto_assistant.models import Family, known, total
from crypto_assistant.subjects.bars.moves import Move, Moves
from crypto_assistant.subjects.bars.windows import WINDOWS, Windows
from crypto_assistant.subjects.open_interest.perps import Change, Interest, Perp

Venues = Mapping[str, tuple[str, ...]]
"""What a total is over: the venues of each segment."""
Key = tuple[str, str]
"""A market by its segment and its venue."""


@dataclass(frozen=True, slots=True)
class InterestTotals:
    """Each over the markets that sent the figure.

    `segment_oi_usd`: by segment. `share_fractions`: of `oi_usd`, by venue and segment, of the
    venues all of whose perps are in it. Funding is weighted with open interest in USD.
    """

    oi_usd: float | None
    oi_usd_venues: Venues
    oi_coins: float | None
    oi_coins_venues: Venues
    segment_oi_usd: Mapping[str, float | None]
    share_fractions: Mapping[str, Mapping[str, float]]
    funding_8h_fraction: float | None
    funding_year_fraction: float | None
    funding_venues: Venues


@dataclass(frozen=True, slots=True)
class WindowChange:
    """Changes over the markets present at both ends.

    Linear ones in coins, coin-margined ones in USD; in USD both, of which `positions_usd` is what
    was opened and closed, `price_usd` what the price did to what was open.
    """

    delta_linear_coins: float | None
    change_linear_fraction: float | None
    linear_venues: Venues
    delta_inverse_usd: float | None
    change_inverse_fraction: float | None
    inverse_venues: Venues
    delta_usd: float | None
    positions_usd: float | None
    price_usd: float | None
    usd_venues: Venues


@dataclass(frozen=True, slots=True)
class Quadrant:
    """`name`: new longs, shorts out, new shorts, longs out; small where too little moved.

    None where something that it takes is not known. `price_change_atrs`: in ATR(14) of bars as
    long as the window.
    """

    price_change_fraction: float | None
    price_change_atrs: float | None
    oi_change_fraction: float | None
    name: str | None


def totals(interest: Interest) -> InterestTotals:
    markets = _markets(interest)
    usd = _told(markets, lambda market: market.oi_usd)
    coins = _told(markets, lambda market: market.oi_coins)
    oi_usd = total(usd.values())
    rates = {
        key: (rate, usd[key])
        for key, market in markets.items()
        if (rate := market.funding_8h_fraction) is not None and key in usd
    }
    funding = known(calculate.weighted(*np.array([*rates.values()], float).reshape(-1, 2).T))
    return InterestTotals(
        oi_usd=oi_usd,
        oi_usd_venues=_venues(usd),
        oi_coins=total(coins.values()),
        oi_coins_venues=_venues(coins),
        segment_oi_usd={
            name: total(part for (segment, _), part in usd.items() if segment == name)
            for name in dict.fromkeys(segment for segment, _ in markets)
        },
        share_fractions=_shares(markets, usd, oi_usd),
        funding_8h_fraction=funding,
        funding_year_fraction=None if funding is None else calculate.per_year(funding),
        funding_venues=_venues(rates),
    )


def lacking_perps(over: Venues, held: Interest, family: Family | None = None) -> list[Key]:
    """The perps that a sum is not over."""
    return [
        (segment, venue)
        for venue, markets in held.items()
        for segment, market in markets.items()
        if family in {None, market.family} and venue not in over.get(segment, ())
    ]


def changes(interest: Interest, windows: Windows = WINDOWS) -> Mapping[str, WindowChange]:
    """By window."""
    markets = _markets(interest)
    return {name: _window(markets, name) for name in windows}


def quadrants(
    changed: Mapping[str, WindowChange], moves: Moves | None, *, inverse: bool = False
) -> Mapping[str, Quadrant]:
    """By window; of linear markets, of coin-margined ones where only those were asked for."""
    return {
        name: _quadrant(
            window.change_inverse_fraction if inverse else window.change_linear_fraction,
            moves.windows[name] if moves else None,
            calculate.LEAST_CHANGES[name],
        )
        for name, window in changed.items()
    }


def _markets(interest: Interest) -> dict[Key, Perp]:
    return {
        (segment, venue): market
        for venue, markets in interest.items()
        for segment, market in markets.items()
    }


def _told(markets: Mapping[Key, Perp], figure: Callable[[Perp], float | None]) -> dict[Key, float]:
    figures = ((key, figure(market)) for key, market in markets.items())
    return {key: value for key, value in figures if value is not None}


def _venues(keys: Iterable[Key]) -> Venues:
    found: dict[str, tuple[str, ...]] = {}
    for segment, venue in keys:
        found[segment] = (*found.get(segment, ()), venue)
    return found


def _shares(
    markets: Iterable[Key], usd: Mapping[Key, float], whole: float | None
) -> dict[str, dict[str, float]]:
    partial = {venue for segment, venue in markets if (segment, venue) not in usd}
    shares: dict[str, dict[str, float]] = {}
    for (segment, venue), part in usd.items():
        if whole and venue not in partial:
            shares.setdefault(venue, {})[segment] = part / whole
    return shares


def _window(markets: Mapping[Key, Perp], name: str) -> WindowChange:
    compared = {
        key: change
        for key, market in markets.items()
        if (change := market.changes[name]) is not None and change.change_fraction is not None
    }
    linear = {k: c for k, c in compared.items() if markets[k].family is Family.LINEAR}
    inverse = {k: c for k, c in compared.items() if markets[k].family is Family.INVERSE}
    split = {k: c for k, c in compared.items() if c.price_usd is not None}
    delta_coins = total(change.delta_coins for change in linear.values())
    delta_usd = total(change.delta_usd for change in inverse.values())
    return WindowChange(
        delta_linear_coins=delta_coins,
        change_linear_fraction=_ratio(delta_coins, linear.values(), lambda c: c.then_coins),
        linear_venues=_venues(linear),
        delta_inverse_usd=delta_usd,
        change_inverse_fraction=_ratio(delta_usd, inverse.values(), lambda c: c.then_usd),
        inverse_venues=_venues(inverse),
        delta_usd=total(change.delta_usd for change in split.values()),
        positions_usd=total(change.positions_usd for change in split.values()),
        price_usd=total(change.price_usd for change in split.values()),
        usd_venues=_venues(split),
    )


def _ratio(
    delta: float | None, changes: Iterable[Change], then: Callable[[Change], float | None]
) -> float | None:
    before = total(map(then, changes))
    return delta / before if delta is not None and before else None


def _quadrant(oi_change: float | None, move: Move | None, least: float) -> Quadrant:
    change = move.change_price if move else None
    atr = move.atr_14_price if move else None
    moved, usual, grown = (nan if x is None else x for x in (change, atr, oi_change))
    name = calculate.quadrant(moved, usual, grown, least)
    return Quadrant(
        price_change_fraction=move.change_fraction if move else None,
        price_change_atrs=change / atr if change is not None and atr else None,
        oi_change_fraction=oi_change,
        name=name or None,
    )
