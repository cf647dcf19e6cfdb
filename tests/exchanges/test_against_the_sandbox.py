"""Every adapter reads back what is true in the simulated market."""

from dataclasses import replace

import numpy as np
import pytest

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.exchanges.bybit import limits
from crypto_assistant.exchanges.okx.limits import READS, WINDOW, Budgets
from crypto_assistant.models import Family, Instruments
from crypto_assistant.net.limiter import Budget
from crypto_assistant.sandbox import World
from crypto_assistant.sandbox.budgets import BYBIT, OKX
from crypto_assistant.sandbox.catalog import Kind, Market, Venue
from crypto_assistant.sandbox.tape import Quote
from tests.exchanges.simulated import CONTRACTS, NOW, PLACES


class Truth:
    """What one venue lists of one kind, and the market data of all of it, symbol by symbol."""

    def __init__(self, world: World, venue: Venue, kind: Kind) -> None:
        self.inverse = kind == "inverse"
        self.markets: dict[str, Market] = {
            market.symbol: market
            for market in world.listed(venue, kind)
            if market.closed is None and market.category != "trial"
        }
        self.quotes = world.quotes(venue, kind, NOW)

    def turnover(self, market: Market, quote: Quote) -> float:
        return quote.volume * market.unit if self.inverse else quote.turnover


async def per_plain_coin(
    exchange: Exchange, kind: Kind, truth: Truth, dated: bool = False
) -> Instruments:
    """The perps and spot markets of a kind, or the dated futures."""
    listed = await exchange.instruments(Family(kind))
    wanted = listed.where(listed.dated == dated)
    known = [truth.markets[symbol] for symbol in wanted.symbols]
    return replace(wanted, multiplier=np.array([float(market.multiplier) for market in known]))


async def test_a_path_is_asked_as_often_as_the_sandbox_lets_it_be_less_a_margin() -> None:
    bybit = limits.budgets(Budget(540, 5))
    assert {path: one.limit / limits.MARGIN for path, one in bybit.items()} == pytest.approx(
        {path: BYBIT[path] for path in bybit}
    )
    okx = {path: Budgets().of(path, "BTC-USDT-SWAP") for _, path in READS}
    assert {path: WINDOW * one.limit / one.seconds for path, one in okx.items()} == pytest.approx(
        {path: OKX[path][0] for path in okx}
    )


@pytest.mark.parametrize(("venue", "kind"), PLACES)
async def test_lists(venues: dict[str, Exchange], world: World, venue: Venue, kind: Kind) -> None:
    truth = Truth(world, venue, kind)
    listed = await venues[venue].instruments(Family(kind))
    assert set(listed.symbols) == set(truth.markets)
    for i, symbol in enumerate(listed.symbols):
        market, found = truth.markets[symbol], listed[i]
        assert found.coin == market.base
        assert found.quote == (market.settle if kind == "linear" else market.quote)
        assert found.tick == float(market.tick)
        assert found.tradfi == (market.category != "crypto")
        assert found.contract == (1.0 if kind == "spot" else market.unit)
        assert found.expires_ms == market.expires
    assert listed.dated.sum() == (0 if kind == "spot" else 4)


@pytest.mark.parametrize(("venue", "kind"), PLACES)
async def test_tickers(venues: dict[str, Exchange], world: World, venue: Venue, kind: Kind) -> None:
    truth, exchange = Truth(world, venue, kind), venues[venue]
    listed = await per_plain_coin(exchange, kind, truth)
    tickers = await exchange.tickers(listed)
    for i, symbol in enumerate(listed.symbols):
        market, quote, ticker = truth.markets[symbol], truth.quotes[symbol], tickers[i]
        assert ticker.last == pytest.approx(quote.last / market.multiplier)
        assert ticker.high_24h == pytest.approx(quote.high / market.multiplier)
        assert ticker.low_24h == pytest.approx(quote.low / market.multiplier)
        assert ticker.change_24h == pytest.approx(quote.last / quote.open - 1, abs=6e-6)
        assert ticker.volume_24h == pytest.approx(quote.coins)
        # OKX tells coins alone of contracts: what they were worth lies within the day's prices.
        near = quote.high / quote.low - 1 if (venue, kind) == ("okx", "linear") else 1e-6
        assert ticker.turnover_24h == pytest.approx(truth.turnover(market, quote), rel=near)


@pytest.mark.parametrize(("venue", "kind"), PLACES)
async def test_single_tickers_have_a_book(
    venues: dict[str, Exchange], world: World, venue: Venue, kind: Kind
) -> None:
    truth, exchange = Truth(world, venue, kind), venues[venue]
    listed = await per_plain_coin(exchange, kind, truth)
    bulk = await exchange.tickers(listed)
    for i in range(min(5, len(listed))):
        market, quote = truth.markets[listed.symbols[i]], truth.quotes[listed.symbols[i]]
        ticker = await exchange.ticker(listed[i])
        assert ticker.bid == pytest.approx(quote.bid / market.multiplier)
        assert ticker.ask == pytest.approx(quote.ask / market.multiplier)
        assert replace(ticker, bid=None, ask=None) == replace(bulk[i], bid=None, ask=None)


@pytest.mark.parametrize(("venue", "kind"), CONTRACTS)
async def test_fundings_and_marks(
    venues: dict[str, Exchange], world: World, venue: Venue, kind: Kind
) -> None:
    truth, exchange = Truth(world, venue, kind), venues[venue]
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


@pytest.mark.parametrize("dated", [False, True])
@pytest.mark.parametrize(("venue", "kind"), CONTRACTS)
async def test_open_interest(
    venues: dict[str, Exchange], world: World, venue: Venue, kind: Kind, dated: bool
) -> None:
    truth, exchange = Truth(world, venue, kind), venues[venue]
    listed = await per_plain_coin(exchange, kind, truth, dated)
    for i in range(min(8, len(listed))):
        market, quote = truth.markets[listed.symbols[i]], truth.quotes[listed.symbols[i]]
        found = await exchange.open_interest(listed[i])
        if truth.inverse:
            assert found.usd == quote.open_interest * market.unit
            # Bybit prints four decimals, Binance its mark price with eight.
            assert found.coins == pytest.approx(quote.open_interest_coins, abs=6e-5, rel=1e-9)
        else:
            assert found.coins == pytest.approx(quote.open_interest_coins, rel=1e-15)
            usd = quote.open_interest * market.unit * quote.mark_price
            assert found.usd == pytest.approx(usd, rel=1e-9, abs=6e-5)


@pytest.mark.parametrize("dated", [False, True])
@pytest.mark.parametrize(("venue", "kind"), CONTRACTS)
async def test_open_interest_in_bulk_is_that_of_each(
    venues: dict[str, Exchange], world: World, venue: Venue, kind: Kind, dated: bool
) -> None:
    truth, exchange = Truth(world, venue, kind), venues[venue]
    listed = await per_plain_coin(exchange, kind, truth, dated)
    if venue == "binance":
        with pytest.raises(Unsupported):
            await exchange.open_interests(listed)
        return
    bulk = await exchange.open_interests(listed)
    assert not np.isnan(bulk.coins + bulk.usd).any()
    for i in range(4):
        assert bulk[i] == await exchange.open_interest(listed[i])
