"""The coins of the whole market, and how far a bar of each stands out of the 96 before it."""

from dataclasses import dataclass
from math import fsum, isnan
from typing import NamedTuple

import numpy as np

from crypto_assistant.calculators.volume import buy_share, level, rvol, spike
from crypto_assistant.listings.coins import by_coin, other_coins
from crypto_assistant.listings.lists import Listings
from crypto_assistant.models import Candles, Family, Instrument, known
from crypto_assistant.subjects.bars.baselines import FEWEST, before

LEAST_TURNOVER_USD = 5e6
"""Of a coin in 24 h over the USDT perps of all venues; below it is skipped."""
LEAST_BAR_USD = 250e3
"""Of the bar itself: what stands out below it is too small to be traded on."""


class Coin(NamedTuple):
    """A coin, its most traded USDT perp, and the 24 h turnover of its USDT perps everywhere.

    `others`: its most traded USDT perps on other venues, in order.
    """

    name: str
    market: Instrument
    turnover_24h_usd: float
    others: tuple[Instrument, ...] = ()


@dataclass(frozen=True, slots=True)
class Spike:
    """A coin's last closed bar. `buy_fraction`: asked for the top ten only."""

    coin: str
    venue: str
    symbol: str
    turnover_24h_usd: float
    volume_coins: float
    turnover_usd: float | None
    change_fraction: float | None
    spike_fraction: float
    level: str
    buy_fraction: float | None

    @property
    def is_small(self) -> bool:
        """Where its turnover is not known, nobody can tell."""
        return self.turnover_usd is not None and self.turnover_usd < LEAST_BAR_USD


def universe(listings: Listings) -> list[Coin]:
    """Every coin that has a USDT perp, by the kept tickers, the most traded one first."""
    recent = listings.recent_tickers.items()
    tickers = [found for (_, family), found in recent if family is Family.LINEAR]
    coins = by_coin(tickers, tradfi=False, without=listings.money, others=other_coins(listings))
    found = []
    for name, markets in coins.items():
        perps = [market for market in markets.same if market.quote == "USDT"]
        if perps:
            turnover = fsum(perp.turnover_usd for perp in perps)
            first = {perp.venue: perp.instrument for perp in reversed(perps)}
            ranked = dict.fromkeys(perp.venue for perp in perps)
            market, *others = (first[venue] for venue in ranked)
            found.append(Coin(name, market, turnover, tuple(others)))
    return sorted(found, key=lambda coin: -coin.turnover_24h_usd)


def against_baseline(coin: Coin, bars: Candles) -> Spike | None:
    """None where there are too few bars, or nothing was traded in most of them."""
    at_ms = int(bars.open_ms[-1])
    volumes = before(at_ms, bars.timeframe.ms, bars.open_ms, bars.volume)
    volumes = volumes[~np.isnan(volumes)]
    volume = float(bars.volume[-1])
    found = spike(rvol(volume, volumes)) if len(volumes) >= FEWEST else np.nan
    if isnan(found):
        return None
    takers = bars.taker_buy
    return Spike(
        coin=coin.name,
        venue=coin.market.venue,
        symbol=coin.market.symbol,
        turnover_24h_usd=coin.turnover_24h_usd,
        volume_coins=volume,
        turnover_usd=known(bars.turnover[-1]),
        change_fraction=known(bars.close[-1] / bars.open[-1] - 1),
        spike_fraction=found,
        level=level(found),
        buy_fraction=None if takers is None else known(buy_share(float(takers[-1]), volume)),
    )


def is_void(bars: Candles) -> bool:
    """Whether the volumes that it takes are none: of the last bar, or of too many before it."""
    unknown = np.isnan(bars.volume)
    volumes = len(bars) - 1 - unknown[:-1].sum()
    return bool(unknown[-1] or (unknown.any() and volumes < FEWEST))
