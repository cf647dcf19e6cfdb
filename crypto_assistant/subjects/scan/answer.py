"""The last closed bar of every coin, each on its most liquid venue, against its 96 bars before."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from math import inf

import numpy as np

from crypto_assistant.calculators.volume import buy_share
from crypto_assistant.clocks import monotonic
from crypto_assistant.desk import Desk
from crypto_assistant.errors import ExchangeError, Malformed, Unreachable, Unsupported
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings.lists import Listings
from crypto_assistant.models import Candles, Instrument, TakerVolumes, Timeframe, known
from crypto_assistant.net.deadline import due, outcome, sparing
from crypto_assistant.subjects.bars.baselines import BARS, closed_ms
from crypto_assistant.subjects.scan.spikes import Coin, Spike, is_void
from crypto_assistant.subjects.scan.tally import Tally, silent

MOST_AT_ONCE = 20
"""Requests under way to a venue."""
GIVE_UP = 5
"""Failures in a row after which the rest of a venue's coins is not asked for."""
SETTLING = 2.0
"""Of `Timing.partial`, after the end of a bar: what venues say before then may not be final."""
NOT_YET = "its last bar is not there yet"


async def scan(
    desk: Desk,
    listings: Listings,
    timeframe: Timeframe,
    most: int | None,
    report: Callable[["Scan"], None],
) -> "Scan":
    """The scan of the last closed bar, kept until the next one closes.

    `report` is called while it grows. What failed the last time is asked for again. Two at once
    share what is asked, which ends with the last of them.
    """
    now_ms = desk.now_ms(desk.exchanges)
    at_ms = closed_ms(timeframe, now_ms)
    key = ("volscan", timeframe, most, at_ms)

    async def begun() -> Scan:
        return Scan(desk, listings, timeframe, at_ms, most)

    found = await desk.kept.get(key, (at_ms + 2 * timeframe.ms - now_ms) / 1000, begun)
    if not found.is_whole:
        await found.follow(listings, report)
    return found


class Scan(Tally):
    """Asks the venues for one bar of all coins."""

    def __init__(
        self, desk: Desk, listings: Listings, timeframe: Timeframe, at_ms: int, most: int | None
    ) -> None:
        super().__init__(desk, listings, timeframe, at_ms, most)
        self._end_ms = at_ms + timeframe.ms
        self._settled_ms = self._end_ms + round(1000 * SETTLING * desk.timing.partial)
        self._too_early: Counter[str] = Counter()
        self._flight: asyncio.Task[None] | None = None
        self._readers = 0

    async def follow(self, listings: Listings, report: Callable[["Scan"], None]) -> None:
        """Asks for whatever is missing, together with all who follow it at the time."""
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._run(listings))
        flight = self._flight
        self._readers += 1
        try:
            while not (await asyncio.wait([flight], timeout=self._desk.timing.partial))[0]:
                report(self)
            flight.result()
        finally:
            self._readers -= 1
            if not self._readers:
                await self._land()

    async def _land(self) -> None:
        """Ends what nobody follows any more; what was found stays."""
        flight, self._flight = self._flight, None
        if flight is not None and flight.cancel():
            await asyncio.wait([flight])

    async def _run(self, listings: Listings) -> None:
        """Returns at the latest when the question is due."""
        if silent(listings) != self._silent:
            self._know(listings)
        left = self._left()
        self._forget_failures()
        await asyncio.sleep((self._settled_ms - self._desk.now_ms(self._desk.exchanges)) / 1000)
        self._takers = {coin: error for coin, error in self._takers.items() if error is None}
        with sparing(self._desk.timing.attempt):
            async with asyncio.TaskGroup() as group:
                for exchange in self._desk.exchanges:
                    coins = [coin for coin in left if coin.market.venue == exchange.name]
                    group.create_task(self._ask_venue(exchange, coins))
            await self._ask_next(left)
        await self._ask_takers()

    async def _ask_next(self, left: Sequence[Coin]) -> None:
        """Of coins whose first venue failed, the next one that lists them, while there is time."""
        for turn in count():
            failed = [
                coin._replace(market=coin.others[turn])
                for coin in left
                if coin.name in self.failures and turn < len(coin.others)
            ]
            if not failed or due.get(inf) <= monotonic():
                return
            async with asyncio.TaskGroup() as group:
                for exchange in self._desk.exchanges:
                    coins = [coin for coin in failed if coin.market.venue == exchange.name]
                    group.create_task(self._ask_venue(exchange, coins))

    async def _ask_venue(self, exchange: Exchange, coins: Sequence[Coin]) -> None:
        """A few coins at a time, until all are asked for or the venue is given up."""
        queue, in_a_row = iter(coins), list[ExchangeError]()

        async def work() -> None:
            for coin in queue:
                bars = await self._bars(exchange, coin)
                if isinstance(bars, Candles):
                    in_a_row.clear()
                    self._note(coin, bars)
                    continue
                self._fail(coin, bars or Unreachable(NOT_YET))
                if bars is None:
                    continue
                in_a_row.append(bars)
                if len(in_a_row) == GIVE_UP:
                    for worker in workers:
                        worker.cancel()
                    return

        async with asyncio.TaskGroup() as group:
            at_once = min(MOST_AT_ONCE, len(coins))
            workers = [group.create_task(work()) for _ in range(at_once)]
        for coin in coins:
            if self._is_open(coin):
                self._fail(coin, in_a_row[-1])

    async def _bars(self, exchange: Exchange, coin: Coin) -> Candles | ExchangeError | None:
        """None where the last bar is not there, long after a venue may be late with it."""
        timing = self._desk.timing
        late_ms = self._desk.now_ms(self._desk.exchanges) - self._end_ms
        due = monotonic() + timing.answer - late_ms / 1000
        while True:
            # With one bar more than the last time: what is kept of that is not asked for again.
            rows = BARS + 1 + self._too_early[coin.name]
            question = exchange.candles(coin.market, self.timeframe, rows, self._end_ms)
            whom = f"{exchange.name} ({coin.name})"
            bars = await outcome(question, timing.scan - timing.attempt, whom)
            if isinstance(bars, ExchangeError):
                return bars
            if self._is_final(bars):
                return Malformed("bars without their volumes") if is_void(bars) else bars
            self._too_early[coin.name] += 1
            if monotonic() + timing.partial > due:
                return None
            await asyncio.sleep(timing.partial)

    def _is_final(self, bars: Candles) -> bool:
        """Whether the last bar is there and will not change."""
        is_there = len(bars) and bars.open_ms[-1] == self.at_ms and bars.closed[-1]
        return bool(is_there) and self._is_settled(bars)

    def _is_settled(self, found: Candles | TakerVolumes) -> bool:
        venue = found.instrument.venue
        return self._desk.there_ms(venue, found.received_ms) >= self._settled_ms

    async def _ask_takers(self) -> None:
        """For the top ten, of the venues whose bars do not tell them."""
        exchanges = {exchange.name: exchange for exchange in self._desk.exchanges}
        markets = {
            (coin.name, market.venue): market
            for coin in self.coins
            for market in (coin.market, *coin.others)
        }
        questions = (
            self._ask_taker(exchanges[found.venue], markets[found.coin, found.venue], found)
            for found in self._without_takers()
        )
        await asyncio.gather(*questions)

    async def _ask_taker(self, exchange: Exchange, market: Instrument, found: Spike) -> None:
        question = exchange.taker_volumes(market, self.timeframe, 2)
        takers = await outcome(question, self._desk.timing.scan, f"{exchange.name} (takers)")
        if isinstance(takers, ExchangeError):
            self._takers[found.coin] = None if isinstance(takers, Unsupported) else takers
            return
        if not self._is_settled(takers):
            self._takers[found.coin] = Unreachable(NOT_YET)
            return
        self._takers[found.coin] = None
        row = np.flatnonzero((takers.open_ms == self.at_ms) & takers.closed)
        if len(row) and takers.since_ms <= self.at_ms:
            bought, sold = float(takers.bought[row[0]]), float(takers.sold[row[0]])
            share = known(buy_share(bought, bought + sold))
            self.spikes[found.coin] = replace(found, buy_fraction=share)
