"""Every adapter reads back what is true in the simulated market."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import numpy as np
import pytest

from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.models import Family, Instruments, Timeframe
from crypto_assistant.net.api import Door
from crypto_assistant.net.cache import Cache
from crypto_assistant.sandbox import Sandbox, World
from crypto_assistant.sandbox.catalog import Kind, Market, Venue
from crypto_assistant.sandbox.tape import Quote

NOW = 1_790_000_029_000
"""2026-09-21 13:33:49 UTC, in the middle of a minute."""

PLACES: list[tuple[Venue, Kind]] = [
    (venue, kind)
    for venue in ("binance", "bybit", "okx")
    for kind in ("spot", "linear", "inverse")
]  # fmt: skip
PERPS = [place for place in PLACES if place[1] != "spot"]


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=7, now=NOW)


@pytest.fixture
async def sandbox(world: World) -> AsyncIterator[dict[str, Exchange]]:
    sandbox = Sandbox(world, clock=lambda: NOW)
    async with sandbox.serve() as urls, aiohttp.ClientSession() as session:
        door = Door(session, Cache(time.monotonic), clock_ms=lambda: NOW)
        yield {exchange.name: exchange(door, urls) for exchange in EXCHANGES}


class Truth:
    """What one venue lists of one kind, and the market data of all of it, symbol by symbol."""

    def __init__(self, world: World, venue: Venue, kind: Kind) -> None:
        self.inverse = kind == "inverse"
        self.markets: dict[str, Market] = {
            market.symbol: market
            for market in world.listed(venue, kind)
            if market.closed is None and market.expires is None
        }
        self.quotes = world.quotes(venue, kind, NOW)

    def turnover(self, market: Market, quote: Quote) -> float:
        return quote.volume * market.unit if self.inverse else quote.turnover


async def per_plain_coin(exchange: Exchange, kind: Kind, truth: Truth) -> Instruments:
    listed = await exchange.instruments(Family(kind))
    known = [truth.markets[symbol] for symbol in listed.symbols]
    return replace(listed, multiplier=np.array([float(market.multiplier) for market in known]))


@pytest.mark.parametrize(("venue", "kind"), PLACES)
async def test_lists(sandbox: dict[str, Exchange], world: World, venue: Venue, kind: Kind) -> None:
    truth = Truth(world, venue, kind)
    listed = await sandbox[venue].instruments(Family(kind))
    assert set(listed.symbols) == set(truth.markets)
    for i, symbol in enumerate(listed.symbols):
        market, found = truth.markets[symbol], listed[i]
        assert found.coin == market.base
        assert found.quote == (market.settle if kind == "linear" else market.quote)
        assert found.tick == float(market.tick)
        assert found.tradfi == (market.category != "crypto")
        assert found.contract == pytest.approx(1.0 if kind == "spot" else market.unit)


@pytest.mark.parametrize(("venue", "kind"), PLACES)
async def test_tickers(
    sandbox: dict[str, Exchange], world: World, venue: Venue, kind: Kind
) -> None:
    truth, exchange = Truth(world, venue, kind), sandbox[venue]
    listed = await per_plain_coin(exchange, kind, truth)
    tickers = await exchange.tickers(listed)
    for i, symbol in enumerate(listed.symbols):
        market, quote, ticker = truth.markets[symbol], truth.quotes[symbol], tickers[i]
        assert ticker.last == pytest.approx(quote.last / market.multiplier)
        assert ticker.high_24h == pytest.approx(quote.high / market.multiplier)
        assert ticker.low_24h == pytest.approx(quote.low / market.multiplier)
        assert ticker.change_24h == pytest.approx(quote.last / quote.open - 1, abs=6e-6)
        assert ticker.volume_24h == pytest.approx(quote.coins)
        near = 0.2 if (venue, kind) == ("okx", "linear") else 1e-6
        assert ticker.turnover_24h == pytest.approx(truth.turnover(market, quote), rel=near)


@pytest.mark.parametrize(("venue", "kind"), PLACES)
async def test_single_tickers_have_a_book(
    sandbox: dict[str, Exchange], world: World, venue: Venue, kind: Kind
) -> None:
    truth, exchange = Truth(world, venue, kind), sandbox[venue]
    listed = await per_plain_coin(exchange, kind, truth)
    bulk = await exchange.tickers(listed)
    for i in range(min(5, len(listed))):
        market, quote = truth.markets[listed.symbols[i]], truth.quotes[listed.symbols[i]]
        ticker = await exchange.ticker(listed[i])
        assert ticker.bid == pytest.approx(quote.bid / market.multiplier)
        assert ticker.ask == pytest.approx(quote.ask / market.multiplier)
        assert replace(ticker, bid=None, ask=None) == replace(bulk[i], bid=None, ask=None)


@pytest.mark.parametrize(("venue", "kind"), PERPS)
async def test_fundings_and_marks(
    sandbox: dict[str, Exchange], world: World, venue: Venue, kind: Kind
) -> None:
    truth, exchange = Truth(world, venue, kind), sandbox[venue]
    listed = await per_plain_coin(exchange, kind, truth)
    fundings, marks = await exchange.fundings(listed), await exchange.marks(listed)
    for i, symbol in enumerate(listed.symbols):
        market, quote = truth.markets[symbol], truth.quotes[symbol]
        assert fundings[i].rate == pytest.approx(quote.funding)
        assert fundings[i].hours == market.interval
        assert fundings[i].next_ms == quote.next_funding
        step = 1e-8 / market.multiplier  # Binance prints eight decimals.
        assert marks[i].mark == pytest.approx(quote.mark_price / market.multiplier, abs=step)
        assert marks[i].index == pytest.approx(quote.index_price / market.multiplier, abs=step)
    assert await exchange.funding(listed[0]) == fundings[0]
    assert await exchange.mark(listed[0]) == marks[0]


@pytest.mark.parametrize(("venue", "kind"), PERPS)
async def test_open_interest(
    sandbox: dict[str, Exchange], world: World, venue: Venue, kind: Kind
) -> None:
    truth, exchange = Truth(world, venue, kind), sandbox[venue]
    listed = await per_plain_coin(exchange, kind, truth)
    for i in range(min(8, len(listed))):
        market, quote = truth.markets[listed.symbols[i]], truth.quotes[listed.symbols[i]]
        mark = quote.mark_price / market.multiplier
        found = (await exchange.open_interest(listed[i])).valued(mark)
        assert found.coins == pytest.approx(quote.open_interest_coins, rel=1e-4)
        assert found.usd == pytest.approx(quote.open_interest_coins * mark, rel=1e-3)


@pytest.mark.parametrize("venue", ["bybit", "okx"])
@pytest.mark.parametrize("kind", ["linear", "inverse"])
async def test_open_interest_in_bulk_is_that_of_each(
    sandbox: dict[str, Exchange], world: World, venue: Venue, kind: Kind
) -> None:
    truth, exchange = Truth(world, venue, kind), sandbox[venue]
    listed = await per_plain_coin(exchange, kind, truth)
    bulk = await exchange.open_interests(listed)
    assert [bulk[i] for i in range(5)] == [
        await exchange.open_interest(listed[i]) for i in range(5)
    ]


@pytest.mark.parametrize("timeframe", list(Timeframe))
@pytest.mark.parametrize(("venue", "kind"), PLACES)
async def test_candles(
    sandbox: dict[str, Exchange], world: World, venue: Venue, kind: Kind, timeframe: Timeframe
) -> None:
    truth, exchange = Truth(world, venue, kind), sandbox[venue]
    listed = await per_plain_coin(exchange, kind, truth)
    coin = "BTC" if kind == "inverse" else "PEPE"
    instrument = listed[[truth.markets[symbol].coin for symbol in listed.symbols].index(coin)]
    market = truth.markets[instrument.symbol]
    newest = NOW - NOW % timeframe.ms
    edges = range(newest - 3 * timeframe.ms, newest + timeframe.ms + 1, timeframe.ms)
    bars, found = world.bars(market, edges, NOW), await exchange.candles(instrument, timeframe, 4)
    assert found.open_ms.tolist() == bars.start.tolist()
    assert found.closed.tolist() == [True, True, True, False]
    for name in ("open", "high", "low", "close"):
        prices = getattr(bars, name) / market.multiplier
        np.testing.assert_allclose(getattr(found, name), prices)
    if truth.inverse:
        np.testing.assert_allclose(found.volume, bars.turnover, rtol=1e-4)
        np.testing.assert_allclose(found.turnover, bars.volume * market.unit)
    else:
        coins = bars.volume * market.unit * market.multiplier
        np.testing.assert_allclose(found.volume, coins)
        np.testing.assert_allclose(found.turnover, bars.turnover, rtol=1e-6)
    if found.taker_buy is not None:
        share = bars.taker_buy / bars.volume
        np.testing.assert_allclose(found.taker_buy / found.volume, share, rtol=1e-3)
