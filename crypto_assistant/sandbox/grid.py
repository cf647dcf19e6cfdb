"""Minutes of many markets at once: how prices walk, how much is traded, who bought.

Prices are whole numbers of ticks and sizes whole numbers of steps ("lots") before anything is
summed, so that what is printed is what is true.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.sandbox.catalog import HOUR, MINUTE, Market, decimals
from crypto_assistant.sandbox.coins import Coin
from crypto_assistant.sandbox.noise import Floats, Keys, Steps, chance, key, run, smooth, uniform

_OCTAVES: Final = (1, 4, 16, 60, 240, 1440, 5760, 23040)
_USD_PER_TRADE: Final = 2000
_QUIET: Final = 0.6  # of the hours of a thin market
_SURGE: Final = 360  # minutes
_EXTREMES: Final = {"JELLYJELLY": 0.019876, "MOVE": -0.019876}  # funding, at every payment


class Minutes(NamedTuple):
    """Prices in ticks, lots in steps. Rows are markets, columns minutes (or a single minute)."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    lots: Floats

    def at(self, minute: int) -> "Minutes":
        return Minutes(
            self.open[:, minute],
            self.high[:, minute],
            self.low[:, minute],
            self.close[:, minute],
            self.lots[:, minute],
        )


class Grid:
    """Columns of several markets, and their minutes."""

    def __init__(self, seed: int, coins: Mapping[str, Coin], markets: Sequence[Market]) -> None:
        names = sorted({name for m in markets for name in (m.coin, m.quote)})
        row = {name: n for n, name in enumerate(names)}
        self._seed, self._coins = seed, coins
        self.markets = markets
        self.inverse = np.array([m.kind == "inverse" for m in markets])
        self.unit = np.array([m.unit for m in markets])
        self.multiplier = np.array([m.multiplier for m in markets], np.float64)
        self.listed = np.array([m.listed // MINUTE for m in markets])
        self._coin = np.array([row[m.coin] for m in markets])
        self._cash = np.array([row[m.quote] for m in markets])
        self._expires = np.array([(m.expires or 0) // MINUTE for m in markets])
        self._tick = _ratio([m.tick for m in markets])
        self._step = _ratio([m.step for m in markets])
        self._base = np.log([coins[name].price for name in names])
        self._surges = {
            row[name]: (coins[name].surged / MINUTE, coins[name].surge)
            for name in names
            if coins[name].surge
        }
        self._volatility = np.array([coins[name].volatility for name in names]) / 1440**0.5
        self._keys = _keys(seed, "market", [f"{m.venue}/{m.kind}/{m.symbol}" for m in markets])
        self._walks, self._wicks, self._volumes = (
            _keys(seed, purpose, names) for purpose in ("price", "wick", "volume")
        )
        worth = np.array([coins[m.coin].price * m.multiplier for m in markets])
        self._usd_per_lot = self.size(np.ones(len(markets))) * self.unit
        self._usd_per_lot *= np.where(self.inverse, 1, worth)
        self._daily_usd = np.array([coins[m.coin].turnover * m.share for m in markets])

    def only(self, market: Market) -> "Grid":
        return Grid(self._seed, self._coins, [market])

    def ticks(self, price: Floats) -> Floats:
        """The nearest whole tick of each price, at least one."""
        return np.maximum(np.rint(_scaled(price, self._tick[::-1])), 1)

    def price(self, ticks: Floats) -> Floats:
        """Quote per base: the very float that the printed decimal parses to."""
        return _scaled(ticks, self._tick)

    def size(self, lots: Floats) -> Floats:
        """Native units: the very float that the printed decimal parses to."""
        return _scaled(lots, self._step)

    def index(self, minutes: Steps) -> Floats:
        """What one base is worth in quote at the start of each minute, before rounding."""
        log = self._log_prices(minutes)
        value: Floats = np.exp(log[self._coin] - log[self._cash]) * self.multiplier[:, None]
        return value

    def minutes(self, first: int, count: int) -> Minutes:
        minutes, edges = run(first, count), run(first, count + 1)
        ticks = self.lasts(edges)
        open_, close = ticks[:, :-1], ticks[:, 1:]
        top, bottom = np.maximum(open_, close), np.minimum(open_, close)
        high = top + np.rint(top * self._wick(1, minutes))
        low = np.maximum(bottom - np.rint(bottom * self._wick(2, minutes)), 1)
        return Minutes(open_, high, low, close, self._lots(minutes))

    def opens(self, minute: int) -> Floats:
        """Ticks at the start of the minute, or at the first trade of those listed since."""
        ticks = self.minutes(minute, 1).open[:, 0]
        for row in np.flatnonzero(self.listed > minute).tolist():
            first = int(self.listed[row])
            ticks[row] = self.only(self.markets[row]).minutes(first, 1).open[0, 0]
        return ticks

    def lasts(self, minutes: Steps) -> Floats:
        """Ticks of the last price at the start of each minute."""
        return self._lasts(self.index(minutes), minutes)

    def indices(self, minutes: Steps) -> Floats:
        """Ticks of the index at the start of each minute."""
        return self.ticks(self.index(minutes))

    def marks(self, minutes: Steps) -> Floats:
        """Ticks of the mark price at the start of each minute."""
        index = self.index(minutes)
        return mark(self.ticks(index), self._lasts(index, minutes))

    def bought(self, first: int, bars: Minutes) -> Floats:
        """The lots that takers bought: more of them in rising minutes."""
        luck = self.luck(3, run(first, bars.lots.shape[1]))
        share = 0.36 + 0.2 * luck + 0.08 * (bars.close >= bars.open)
        lots: Floats = np.rint(bars.lots * share)
        return lots

    def turnover(self, bars: Minutes) -> Floats:
        """Volume at the mean of open, high, low and close: quote units, where inverse coins."""
        shape = -1, *(1,) * (bars.lots.ndim - 1)
        mean = self.price((bars.open + bars.high + bars.low + bars.close) / 4)
        value = self.size(bars.lots) * self.unit.reshape(shape)
        turnover: Floats = np.where(self.inverse.reshape(shape), value / mean, value * mean)
        return turnover

    def trades(self, lots: Floats) -> Floats:
        """How many trades: two at least, one of each side, where there is more than one lot."""
        per_trade = np.maximum(1, _USD_PER_TRADE // self._usd_per_lot)
        count = np.ceil(lots / per_trade.reshape(-1, *(1,) * (lots.ndim - 1)))
        trades: Floats = np.minimum(lots, np.maximum(count, 2))
        return trades

    def open_interest(self, minutes: Steps) -> Floats:
        """Lots, each contract counted once; trades alone change it."""
        lots = self._interest(minutes)
        for row, market in self._thin:
            lots[row] = market._interest(market._stirred(minutes))[0]
        return lots

    def quiet(self, minutes: Steps) -> NDArray[np.bool_]:
        """When nobody trades the one market."""
        quiet: NDArray[np.bool_] = self.luck(37, minutes // 60)[0] < _QUIET
        return quiet & self.markets[0].thin

    def _interest(self, minutes: Steps) -> Floats:
        coin = self._volumes[self._coin] ^ np.uint64(11)
        tide = 0.25 * smooth(coin, minutes, 1440) + 0.04 * smooth(coin, minutes, 120)
        tide += 0.03 * smooth(self._keys ^ np.uint64(11), minutes, 300)
        usual = 0.4 * self._daily_usd / self._usd_per_lot
        lots: Floats = np.rint(usual[:, None] * np.exp(tide))
        return lots

    def long_share(self, salt: int, minutes: Steps) -> Floats:
        """The part that is long of some group of traders, between 0.22 and 0.78."""
        keys = self._keys ^ np.uint64(salt)
        return 0.5 + 0.2 * smooth(keys, minutes, 1440) + 0.08 * smooth(keys, minutes, 90)

    def luck(self, salt: int, steps: Steps) -> Floats:
        """Each market's own randomness."""
        return uniform(self._keys[:, None] ^ np.uint64(salt), steps[None])

    @cached_property
    def _thin(self) -> list[tuple[int, "Grid"]]:
        """The rows of thin markets, and each by itself."""
        alone = len(self.markets) == 1
        return [
            (row, self if alone else self.only(market))
            for row, market in enumerate(self.markets)
            if market.thin
        ]

    def _hushed(self, column: Floats, minutes: Steps) -> Floats:
        """None of it where nobody trades."""
        for row, market in self._thin:
            column[row, market.quiet(minutes)] = 0
        return column

    def _stirred(self, minutes: Steps) -> Steps:
        """Of the one market, a thin one: since when what is so at the start of a minute is so."""
        before = (minutes - 1) // 60
        hours = before.copy()
        while (still := self.quiet(hours * 60)).any():
            hours[still] -= 1
        return np.where(hours < before, (hours + 1) * 60, minutes)

    def _lasts(self, index: Floats, minutes: Steps) -> Floats:
        ticks = self.ticks(index * self._premium(minutes))
        for row, market in self._thin:
            steps = market._stirred(minutes)
            ticks[row] = market.ticks(market.index(steps) * market._premium(steps))[0]
        return ticks

    def _log_prices(self, minutes: Steps) -> Floats:
        moving = np.flatnonzero(self._volatility)  # cash stands still
        walk = np.zeros((len(moving), len(minutes)))
        for period in _OCTAVES:
            walk += smooth(self._walks[moving], minutes, period) * period**0.5
        log: Floats = np.repeat(self._base[:, None], len(minutes), axis=1)
        log[moving] += walk * self._volatility[moving, None]
        for row, (begun, surge) in self._surges.items():
            log[row] += surge * np.clip((minutes - begun) / _SURGE, 0, 1)
        return log

    def _premium(self, minutes: Steps) -> Floats:
        """Venues differ by some basis points; a dated future adds 5 % a year until delivery."""
        years = np.maximum(self._expires[:, None] - minutes, 0) / 525_600
        return 1 + 2e-4 * smooth(self._keys, minutes, 45) + 0.05 * years

    def _wick(self, salt: int, minutes: Steps) -> Floats:
        luck = uniform(self._wicks[:, None] ^ np.uint64(salt), minutes[None])
        reach: Floats = (luck * luck * self._volatility[:, None])[self._coin]
        return self._hushed(reach, minutes)

    def _lots(self, minutes: Steps) -> Floats:
        """Slow tides and bursts shared by a coin's markets, a time of day, luck of each market."""
        tide = 0.4 * smooth(self._volumes, minutes, 240) + 0.5 * smooth(self._volumes, minutes, 7)
        coin = np.exp(tide)[self._coin] * (1 + 0.35 * np.sin(minutes * (2 * np.pi / 1440) - 2.2))
        luck = 0.4 + 1.2 * self.luck(5, minutes)
        lots: Floats = np.rint(coin * luck * (self._daily_usd / self._usd_per_lot / 1440)[:, None])
        return self._hushed(lots, minutes)


def mark(fair: Floats, last: Floats) -> Floats:
    """Ticks of the mark price: part of the way from the index to the last trade."""
    ticks: Floats = np.rint(fair + (last - fair) * 0.4)
    return ticks


def funding_rate(seed: int, market: Market, paid_at: int) -> float:
    """The rate of the payment at `paid_at` (ms); positive: longs pay shorts."""
    if market.coin in _EXTREMES:
        return _EXTREMES[market.coin]
    luck = chance(key(seed, "funding", market.venue, market.symbol), paid_at // HOUR)
    return round((0.00006 + 0.0004 * (luck - 0.4)) * (market.interval or 8) / 8, 8)


def _ratio(steps: Sequence[str]) -> tuple[Floats, Floats]:
    """Steps as whole numerators and powers of ten: n * p / q is then rounded once."""
    powers = [10 ** decimals(step) for step in steps]
    wholes = [float(Fraction(step) * power) for step, power in zip(steps, powers, strict=True)]
    return np.array(wholes), np.array(powers, np.float64)


def _scaled(whole: Floats, ratio: tuple[Floats, Floats]) -> Floats:
    p, q = (part.reshape(-1, *(1,) * (whole.ndim - 1)) for part in ratio)
    return whole * p / q


def _keys(seed: int, purpose: str, names: Sequence[str]) -> Keys:
    return np.array([key(seed, purpose, name) for name in names], np.uint64)
