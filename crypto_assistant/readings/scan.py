"""The last closed bar of every coin, each on its most liquid venue, against its 96 bars before."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import fsum, isnan
from typing import NamedTuple

import numpy as np

from crypto_assistant.calculators.volume import buy_share, level, rvol, spike
from crypto_assistant.coins import by_coin, other_coins
from crypto_assistant.desk import LONGEST_REASON, Desk, outcome
from crypto_assistant.errors import ExchangeError, Unreachable, Unsupported
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings import Listings
from crypto_assistant.models import Candles, Family, Instrument, Provenance, Timeframe, known
from crypto_assistant.readings.baselines import BARS, FEWEST, before, closed_ms

LEAST_TURNOVER_USD = 5e6
"""Of a coin in 24 h over the USDT perps of all venues; below it is skipped."""
MOST_AT_ONCE = 20
"""Requests under way to a venue."""
GIVE_UP = 5
"""Failures in a row after which the rest of a venue's coins is not asked for."""
TOP = 10


class Coin(NamedTuple):
    """A coin, its most traded USDT perp, and the 24 h turnover of its USDT perps everywhere."""

    name: str
    market: Instrument
    turnover_24h_usd: float


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


def universe(listings: Listings) -> list[Coin]:
    """Every coin that has a USDT perp, by the kept tickers, the most traded one first."""
    tickers = [told for (_, family), told in listings.tickers.items() if family is Family.LINEAR]
    coins = by_coin(tickers, tradfi=False, without=listings.money, others=other_coins(listings))
    found = []
    for name, markets in coins.items():
        perps = [market for market in markets.same if market.quote == "USDT"]
        if perps:
            turnover = fsum(perp.turnover_usd for perp in perps)
            found.append(Coin(name, perps[0].instrument, turnover))
    return sorted(found, key=lambda coin: -coin.turnover_24h_usd)


async def scan(
    desk: Desk,
    listings: Listings,
    timeframe: Timeframe,
    most: int | None,
    report: Callable[["Scan"], None],
) -> "Scan":
    """The scan of the last closed bar, kept until the next one closes.

    `report` is called while it grows. What failed the last time is asked for again. Two at once
    share what is asked.
    """
    now_ms = desk.clock_ms()
    at_ms = closed_ms(timeframe, now_ms)
    key = ("volscan", timeframe, most, at_ms)

    async def begun() -> Scan:
        return Scan(desk, listings, timeframe, at_ms, most)

    found = await desk.kept.get(key, (at_ms + 2 * timeframe.ms - now_ms) / 1000, begun)
    if not found.is_whole:
        flight = asyncio.ensure_future(desk.kept.get((key, "flight"), 0.0, found.run))
        try:
            while not (await asyncio.wait([flight], timeout=desk.timing.partial))[0]:
                report(found)
            await flight
        finally:
            flight.cancel()
    return found


class Scan:
    """One bar of all coins: what was found, what was not, and why."""

    def __init__(
        self, desk: Desk, listings: Listings, timeframe: Timeframe, at_ms: int, most: int | None
    ) -> None:
        every = universe(listings)
        thick = [coin for coin in every if coin.turnover_24h_usd >= LEAST_TURNOVER_USD]
        self.timeframe = timeframe
        self.at_ms = at_ms
        self.coins = thick[:most]
        self.below_turnover = len(every) - len(thick)
        self.spikes: dict[str, Spike] = {}
        self.without_baseline: set[str] = set()
        self.failures: dict[str, ExchangeError] = {}
        self._desk = desk
        self._silent = _silent(listings)
        self._takers: dict[str, ExchangeError | None] = {}
        self._received: dict[str, int] = {}

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to ask for."""
        return not self._left() and not any(self._takers.values())

    @property
    def valid_until_ms(self) -> int:
        return self.at_ms + 2 * self.timeframe.ms

    @property
    def ranked(self) -> list[Spike]:
        """The highest spike first."""
        return sorted(self.spikes.values(), key=lambda found: -found.spike_fraction)

    async def run(self) -> None:
        """Asks for whatever is missing; returns at the latest when the question is due."""
        left = self._left()
        self.failures.clear()
        self._takers = {coin: error for coin, error in self._takers.items() if error is None}
        with self._desk.sparing(self._desk.timing.attempt):
            async with asyncio.TaskGroup() as group:
                for exchange in self._desk.exchanges:
                    coins = [coin for coin in left if coin.market.venue == exchange.name]
                    group.create_task(self._ask_venue(exchange, coins))
        await self._ask_takers()

    def provenance(self) -> Provenance:
        """Who has said what up to now."""
        there = {coin.market.venue for coin in self.coins} | self._silent.keys()
        venues = [exchange.name for exchange in self._desk.exchanges if exchange.name in there]
        waiting = {c.market.venue for c in self._left() if c.name not in self.failures}
        waiting |= {found.venue for found in self._without_takers()}
        return Provenance(
            asked=tuple(venues),
            answered=tuple(venue for venue in venues if venue in self._received),
            failed={venue: why for venue in venues if (why := self._why(venue))},
            waiting=tuple(venue for venue in venues if venue in waiting),
            simulated=self._desk.simulated,
            time_ms=self._desk.clock_ms(),
            oldest_ms=min(self._received.values(), default=None),
        )

    def _left(self) -> list[Coin]:
        return [
            coin
            for coin in self.coins
            if coin.name not in self.spikes and coin.name not in self.without_baseline
        ]

    async def _ask_venue(self, exchange: Exchange, coins: Sequence[Coin]) -> None:
        """A few coins at a time, until all are asked for or the venue is given up."""
        queue, in_a_row = iter(coins), list[ExchangeError]()

        async def work() -> None:
            for coin in queue:
                bars = await self._bars(exchange, coin.market)
                if isinstance(bars, Candles):
                    in_a_row.clear()
                    self._note(coin, bars)
                    continue
                in_a_row.append(bars)
                self.failures[coin.name] = bars
                if len(in_a_row) == GIVE_UP:
                    for worker in workers:
                        worker.cancel()
                    return

        async with asyncio.TaskGroup() as group:
            at_once = min(MOST_AT_ONCE, len(coins))
            workers = [group.create_task(work()) for _ in range(at_once)]
        for coin in self._left():
            if coin.market.venue == exchange.name and coin.name not in self.failures:
                self.failures[coin.name] = in_a_row[-1]

    async def _bars(self, exchange: Exchange, market: Instrument) -> Candles | ExchangeError:
        end_ms = self.at_ms + self.timeframe.ms
        question = exchange.candles(market, self.timeframe, BARS + 1, end_ms)
        timing = self._desk.timing
        bars = await outcome(question, timing.scan - timing.attempt)
        if isinstance(bars, ExchangeError):
            return bars
        is_there = len(bars) and bars.open_ms[-1] == self.at_ms and bars.closed[-1]
        return bars if is_there else Unreachable("its last bar is not there yet")

    def _note(self, coin: Coin, bars: Candles) -> None:
        found = _spike(coin, bars)
        if found is None:
            self.without_baseline.add(coin.name)
        else:
            self.spikes[coin.name] = found
        venue, received_ms = coin.market.venue, bars.received_ms
        self._received[venue] = min(received_ms, self._received.get(venue, received_ms))

    async def _ask_takers(self) -> None:
        """For the top ten, of the venues whose bars do not tell them."""
        exchanges = {exchange.name: exchange for exchange in self._desk.exchanges}
        markets = {coin.name: coin.market for coin in self.coins}
        questions = (
            self._ask_taker(exchanges[found.venue], markets[found.coin], found)
            for found in self._without_takers()
        )
        await asyncio.gather(*questions)

    def _without_takers(self) -> list[Spike]:
        """Those of the top ten whose takers are still to be asked for."""
        top = self.ranked[:TOP]
        return [f for f in top if f.buy_fraction is None and f.coin not in self._takers]

    async def _ask_taker(self, exchange: Exchange, market: Instrument, found: Spike) -> None:
        question = exchange.taker_volumes(market, self.timeframe, 2)
        takers = await outcome(question, self._desk.timing.scan)
        if isinstance(takers, ExchangeError):
            self._takers[found.coin] = None if isinstance(takers, Unsupported) else takers
            return
        self._takers[found.coin] = None
        row = np.flatnonzero((takers.open_ms == self.at_ms) & takers.closed)
        if len(row) and takers.since_ms <= self.at_ms:
            bought, sold = float(takers.bought[row[0]]), float(takers.sold[row[0]])
            share = known(buy_share(bought, bought + sold))
            self.spikes[found.coin] = replace(found, buy_fraction=share)

    def _why(self, venue: str) -> str:
        """In words, why a venue's part is missing or not whole."""
        coins = [coin.name for coin in self.coins if coin.market.venue == venue]
        parts = [self._silent[venue]] if venue in self._silent else []
        failures = _reasons(self.failures.get(name) for name in coins)
        if venue not in self._received and len(failures) == 1:
            parts += failures
        else:
            parts += [f"{count} of {len(coins)} coins: {why}" for why, count in failures.items()]
        parts += [f"takers: {why}" for why in _reasons(self._takers.get(name) for name in coins)]
        return "; ".join(parts)


def _silent(listings: Listings) -> dict[str, str]:
    """The venues whose coins are not known, and why."""
    places = {venue: (venue, Family.LINEAR) for venue in listings.titles}
    return {
        venue: str(listings.errors.get(place, "tickers not loaded"))[:LONGEST_REASON]
        for venue, place in places.items()
        if place not in listings.tickers
    }


def _reasons(errors: Iterable[ExchangeError | None]) -> Counter[str]:
    return Counter(str(error)[:LONGEST_REASON] for error in errors if error)


def _spike(coin: Coin, bars: Candles) -> Spike | None:
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
