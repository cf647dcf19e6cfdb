"""Every adapter reads back the simulated market over time: no row lost, doubled or in another unit.

Compared exactly where a venue prints exactly, else to the last decimal that it prints.
"""

from itertools import product

import numpy as np
import pytest

from crypto_assistant.errors import Unsupported
from crypto_assistant.exchanges.base import MOST_PAYMENTS
from crypto_assistant.models import OpenInterestHistory, Timeframe
from crypto_assistant.net.unread import watching
from crypto_assistant.sandbox import World
from crypto_assistant.sandbox.trades import Trades
from tests.exchanges.simulated import (
    NOW,
    PERPS,
    SPOT,
    Case,
    Clocks,
    Fact,
    Venues,
    assert_printed,
    fact,
    last,
)

MINUTE, HOUR = 60_000, 3_600_000
BOUNDARY = NOW // HOUR * HOUR
MANY = {"binance": 3_100, "bybit": 2_300, "okx": 700}
"""Bars that need three pages at least."""
SOME = {"binance": 1_600, "bybit": 1_100, "okx": 400}
"""Two pages."""
SAMPLES = {"binance": 1_100, "bybit": 450, "okx": 250}
"""The same of open interest."""
BTC: list[Case] = [
    ("binance", "spot", "BTCUSDT"),
    ("binance", "inverse", "BTCUSD_PERP"),
    ("bybit", "linear", "BTCUSDT"),
    ("okx", "linear", "BTC-USDT-SWAP"),
]
DATED: list[Case] = [
    ("binance", "linear", "BTCUSDT_261225"),
    ("binance", "inverse", "BTCUSD_270326"),
    ("bybit", "linear", "BTCUSDT-25DEC26"),
    ("bybit", "inverse", "ETHUSDZ26"),
    ("okx", "linear", "ETH-USDT-261225"),
    ("okx", "inverse", "BTC-USD-261225"),
]


async def assert_candles(
    venues: Venues, it: Fact, timeframe: Timeframe, times: list[int], end: int | None = None
) -> None:
    exchange = venues[it.market.venue]
    found = await exchange.candles(it.instrument, timeframe, len(times), end)
    bars = it.bars(times, timeframe.ms, NOW)
    assert found.open_ms.tolist() == bars.start.tolist() == times
    for name in ("open", "high", "low", "close"):
        assert getattr(found, name).tolist() == it.price(getattr(bars, name)).tolist()
    assert_printed(found.volume, it.coins(bars.volume, bars.turnover), it.decimals)
    assert_printed(found.turnover, it.money(bars.volume, bars.turnover), it.decimals)
    assert found.closed.tolist() == [time + timeframe.ms <= NOW for time in times]
    if it.market.venue == "binance":
        assert_printed(
            found.taker_buy, it.coins(bars.taker_buy, bars.taker_buy_turnover), it.decimals
        )
        assert_printed(
            found.taker_buy_turnover, it.money(bars.taker_buy, bars.taker_buy_turnover), it.decimals
        )
    else:
        assert found.taker_buy is None


@pytest.mark.parametrize("case", [*SPOT, *PERPS], ids=str)
async def test_candles_of_every_kind_of_market(venues: Venues, world: World, case: Case) -> None:
    it = await fact(world, venues, case)
    await assert_candles(venues, it, Timeframe.M1, last(NOW, MINUTE, 60))


@pytest.mark.parametrize("limit", [1, MOST_PAYMENTS])
@pytest.mark.parametrize("case", PERPS, ids=str)
async def test_funding_as_it_was_paid(venues: Venues, world: World, case: Case, limit: int) -> None:
    it = await fact(world, venues, case)
    with watching() as refused:
        found = await venues[it.market.venue].funding_history(it.instrument, limit)
    assert refused.fields == 0
    assert it.market.interval is not None
    assert found.time_ms.tolist() == last(NOW, it.market.interval * HOUR, limit)
    paid = [world.funding(it.market, time) for time in found.time_ms.tolist()]
    assert found.rate.tolist() == paid


@pytest.mark.parametrize("case", BTC, ids=str)
async def test_candles_over_several_pages(venues: Venues, world: World, case: Case) -> None:
    it = await fact(world, venues, case)
    count = MANY[it.market.venue]
    await assert_candles(venues, it, Timeframe.M1, last(NOW, MINUTE, count))


@pytest.mark.parametrize("timeframe", list(Timeframe))
@pytest.mark.parametrize("case", BTC, ids=str)
async def test_candles_of_every_length(
    venues: Venues, world: World, case: Case, timeframe: Timeframe
) -> None:
    it = await fact(world, venues, case)
    await assert_candles(venues, it, timeframe, last(NOW, timeframe.ms, 4))


@pytest.mark.parametrize("case", BTC, ids=str)
@pytest.mark.parametrize("end", [BOUNDARY - HOUR, BOUNDARY - HOUR + 1, BOUNDARY - HOUR - 1, NOW])
async def test_candles_before_an_end(venues: Venues, world: World, case: Case, end: int) -> None:
    """A bar that opens at the end is not one of them."""
    it = await fact(world, venues, case)
    times = last(end - 1, 5 * MINUTE, SOME[it.market.venue])
    await assert_candles(venues, it, Timeframe.M5, times, end)


@pytest.mark.parametrize("case", BTC, ids=str)
@pytest.mark.parametrize("skew", list(product([-1, 0], repeat=2)))
async def test_no_bar_is_lost_around_its_opening(
    venues: Venues, world: World, clocks: Clocks, case: Case, skew: tuple[int, int]
) -> None:
    """Whichever of both clocks is ahead, the bars are those that the venue has."""
    ours, theirs = (BOUNDARY + ms for ms in skew)
    clocks.ours, clocks.theirs = ours, theirs
    it = await fact(world, venues, case)
    count = SOME[it.market.venue]
    found = await venues[it.market.venue].candles(it.instrument, Timeframe.M1, count)
    times = last(theirs, MINUTE, count)
    assert found.open_ms.tolist() == times
    assert found.close.tolist() == it.bars(times, MINUTE, theirs).close.tolist()


@pytest.mark.parametrize("case", PERPS + DATED, ids=str)
async def test_the_history_of_open_interest(venues: Venues, world: World, case: Case) -> None:
    it = await fact(world, venues, case)
    await assert_history(venues, it, Timeframe.M5, last(NOW, 5 * MINUTE, 60))


@pytest.mark.parametrize("timeframe", [Timeframe.M15, Timeframe.M30, Timeframe.H1, Timeframe.H4])
@pytest.mark.parametrize("case", BTC[1:], ids=str)
async def test_the_history_of_open_interest_in_longer_steps(
    venues: Venues, world: World, case: Case, timeframe: Timeframe
) -> None:
    it = await fact(world, venues, case)
    await assert_history(venues, it, timeframe, last(NOW, timeframe.ms, 30))


@pytest.mark.parametrize("end", [BOUNDARY - HOUR, BOUNDARY - HOUR + 1, BOUNDARY - HOUR - 1, NOW])
@pytest.mark.parametrize("case", BTC[1:], ids=str)
async def test_the_history_of_open_interest_up_to_an_end(
    venues: Venues, world: World, case: Case, end: int
) -> None:
    """A sample at the end itself is one of them."""
    it = await fact(world, venues, case)
    times = last(end, 5 * MINUTE, SAMPLES[it.market.venue])
    await assert_history(venues, it, Timeframe.M5, times, end)


@pytest.mark.parametrize("case", BTC[1:], ids=str)
@pytest.mark.parametrize("now", [BOUNDARY - 1, BOUNDARY, BOUNDARY + 1])
async def test_a_sample_is_told_from_its_time_on(
    venues: Venues, world: World, clocks: Clocks, case: Case, now: int
) -> None:
    clocks.ours = clocks.theirs = now
    it = await fact(world, venues, case)
    times = last(now, 5 * MINUTE, SAMPLES[it.market.venue])
    await assert_history(venues, it, Timeframe.M5, times)


async def assert_history(
    venues: Venues, it: Fact, timeframe: Timeframe, times: list[int], end: int | None = None
) -> None:
    exchange = venues[it.market.venue]
    found = await exchange.open_interest_history(it.instrument, timeframe, len(times), end)
    assert found.time_ms.tolist() == times
    sizes = it.world.interest(it.market, times) * it.market.unit
    marks = it.world.marks(it.market, times)
    if it.inverse:
        assert found.usd.tolist() == sizes.tolist()
        if it.market.venue == "bybit":
            assert np.isnan(found.coins).all()
        else:
            assert_printed(found.coins, sizes / marks, 8)
    else:
        assert found.coins.tolist() == (sizes * it.market.multiplier).tolist()
        assert_printed(found.usd, sizes * marks, 8)


THIN: Case = ("binance", "linear", "SEIUSDT")


async def assert_samples_of_a_thin_market(it: Fact, found: OpenInterestHistory) -> None:
    """As much is open as it is in truth; samples of quiet periods are not valued."""
    times = found.time_ms.tolist()
    sizes = it.world.interest(it.market, times)
    assert found.coins.tolist() == sizes.tolist()
    traded = it.world.traded(it.market, times, 5 * MINUTE)
    valued = np.where(traded, sizes * it.world.marks(it.market, times), np.nan)
    assert_printed(found.usd, valued, 8)


@pytest.mark.parametrize("hours", range(2, 30))
async def test_nothing_lacks_of_the_past_of_a_market_that_nobody_traded_for_hours(
    venues: Venues, world: World, hours: int
) -> None:
    it, end = await fact(world, venues, THIN), NOW - hours * HOUR
    found = await venues["binance"].open_interest_history(it.instrument, Timeframe.M5, 3, end)
    assert found.time_ms.tolist()[-3:] == last(end, 5 * MINUTE, 3)
    await assert_samples_of_a_thin_market(it, found)


@pytest.mark.parametrize("back", range(0, 600, 37))
async def test_a_market_is_quiet_up_to_now_where_as_much_is_open_now_as_then(
    venues: Venues, world: World, clocks: Clocks, back: int
) -> None:
    now = clocks.ours = clocks.theirs = NOW - back * MINUTE
    it = await fact(world, venues, THIN)
    found = await venues["binance"].open_interest_history(it.instrument, Timeframe.M5, 52)
    await assert_samples_of_a_thin_market(it, found)
    before, newest = last(now, 5 * MINUTE, 2)
    is_quiet = not world.traded(it.market, [now // MINUTE * MINUTE], 5 * MINUTE)[0]
    if is_quiet or world.traded(it.market, [newest], 5 * MINUTE)[0]:
        assert found.time_ms[-1] in {before, newest}  # The newest may just be late.


YOUNG: list[Case] = [
    ("binance", "linear", "MONUSDT"),
    ("bybit", "linear", "MONUSDT"),
    ("okx", "linear", "MON-USDT-SWAP"),
]


@pytest.mark.parametrize("case", YOUNG, ids=str)
async def test_a_young_market_begins_with_its_listing(
    venues: Venues, world: World, case: Case
) -> None:
    it, exchange = await fact(world, venues, case), venues[case[0]]
    listed, step = it.market.listed, 5 * MINUTE
    history = await exchange.open_interest_history(it.instrument, Timeframe.M5, 450)
    samples = list(range(-(-listed // step) * step, NOW + 1, step))
    assert history.time_ms.tolist() == samples
    assert history.coins.tolist() == (world.interest(it.market, samples) * it.market.unit).tolist()
    bars = await exchange.candles(it.instrument, Timeframe.M1, 2_500)
    minutes = list(range(listed, NOW + 1, MINUTE))
    assert bars.open_ms.tolist() == minutes
    assert bars.close.tolist() == it.bars(minutes, MINUTE, NOW).close.tolist()


@pytest.mark.parametrize("case", PERPS + DATED[1:2], ids=str)
async def test_who_is_long(venues: Venues, world: World, case: Case) -> None:
    it = await fact(world, venues, case)
    exchange, time = venues[it.market.venue], NOW // (5 * MINUTE) * 5 * MINUTE
    if case[0] == "bybit" and it.market.quote == "USDC":
        with pytest.raises(Unsupported):
            await exchange.long_shorts(it.instrument)
        return
    told = await exchange.long_shorts(it.instrument)
    shares = [float(share[0]) for share in world.ratios(it.market, [time])]
    assert [count.long for count in told.counts] == (
        pytest.approx(shares, rel=1e-14)
        if case[0] == "okx"
        else [round(share, 4) for share in shares][: len(told.counts)]
    )
    assert len(told.counts) == (1 if case[0] == "bybit" else 3)
    assert {count.time_ms for count in told.counts} == {time}


MOST = {"binance": 1_000, "bybit": 1_000, "okx": 500}


@pytest.mark.parametrize("case", [*SPOT, *PERPS], ids=str)
async def test_trades(venues: Venues, world: World, case: Case) -> None:
    """From `since_ms` on they are all that the world has, and nearly as many as one request."""
    it = await fact(world, venues, case)
    found = await venues[it.market.venue].trades(it.instrument)
    true = world.trades(it.market, found.since_ms, NOW + 1, NOW)
    assert found.time_ms.tolist() == true.time.tolist()
    assert found.price.tolist() == it.price(true.price).tolist()
    assert found.bought.tolist() == true.bought.tolist()
    size, turnover = in_our_units(it, true)
    np.testing.assert_allclose(found.size, size, rtol=1e-15)
    np.testing.assert_allclose(found.turnover, turnover, rtol=1e-15)
    most = 60 if case[:2] == ("bybit", "spot") else MOST[it.market.venue]
    before = world.trades(it.market, 0, found.since_ms, NOW, limit=1, newest=True)
    assert most - 20 < len(found) < most
    assert before.time[0] == found.since_ms - 1


@pytest.mark.parametrize(
    "case", [("binance", "linear", "LITUSDT"), ("bybit", "linear", "LITUSDT")], ids=str
)
async def test_all_trades_of_a_young_market(venues: Venues, world: World, case: Case) -> None:
    it = await fact(world, venues, case)
    found = await venues[it.market.venue].trades(it.instrument)
    every = world.trades(it.market, it.market.listed, NOW + 1, NOW)
    assert found.time_ms.tolist() == every.time.tolist()
    assert found.since_ms == every.time[0]


def in_our_units(it: Fact, trades: Trades) -> tuple[list[float], list[float]]:
    """Coins and quote currency, trade by trade."""
    size, turnover = [], []
    for units, price in zip(trades.size.tolist(), trades.price.tolist(), strict=True):
        if it.inverse:
            size.append(units * it.market.unit / price)
            turnover.append(units * it.market.unit)
        else:
            size.append(units * it.market.unit * it.market.multiplier)
            turnover.append(units * it.market.unit * price)
    return size, turnover


@pytest.mark.parametrize("case", [case for case in SPOT + PERPS if case[0] == "binance"], ids=str)
async def test_binance_tells_takers_exactly(venues: Venues, world: World, case: Case) -> None:
    it = await fact(world, venues, case)
    count = SOME["binance"] if case in BTC else 60
    found = await venues["binance"].taker_volumes(it.instrument, Timeframe.M1, count)
    times = last(NOW, MINUTE, count)
    bars = it.bars(times, MINUTE, NOW)
    takers, every = (bars.taker_buy, bars.taker_buy_turnover), (bars.volume, bars.turnover)
    assert found.open_ms.tolist() == times
    assert found.closed.tolist() == [True] * (count - 1) + [False]
    assert found.since_ms == times[0]
    assert_printed(found.bought, it.coins(*takers), it.decimals)
    assert_printed(found.bought_turnover, it.money(*takers), it.decimals)
    assert_printed(found.bought + found.sold, it.coins(*every), it.decimals)
    turnover = found.bought_turnover + found.sold_turnover
    assert_printed(turnover, it.money(*every), it.decimals)


@pytest.mark.parametrize("case", [case for case in PERPS + DATED if case[0] == "okx"], ids=str)
async def test_okx_tells_takers_at_the_average_price(
    venues: Venues, world: World, case: Case
) -> None:
    it = await fact(world, venues, case)
    await assert_takers(venues, it, Timeframe.M5, last(NOW - 5 * MINUTE, 5 * MINUTE, 288))


@pytest.mark.parametrize("timeframe", list(Timeframe))
async def test_okx_tells_takers_of_every_length(
    venues: Venues, world: World, timeframe: Timeframe
) -> None:
    it = await fact(world, venues, BTC[3])
    if timeframe in {Timeframe.M1, Timeframe.M3}:
        with pytest.raises(Unsupported):
            await venues["okx"].taker_volumes(it.instrument, timeframe, 9)
    else:
        await assert_takers(venues, it, timeframe, last(NOW - timeframe.ms, timeframe.ms, 9))


@pytest.mark.parametrize("now", [BOUNDARY - 1, BOUNDARY, BOUNDARY + 1])
async def test_okx_tells_a_bar_of_takers_from_its_end_on(
    venues: Venues, world: World, clocks: Clocks, now: int
) -> None:
    clocks.ours = clocks.theirs = now
    it = await fact(world, venues, BTC[3])
    await assert_takers(venues, it, Timeframe.M5, last(now - 5 * MINUTE, 5 * MINUTE, 288))


async def assert_takers(venues: Venues, it: Fact, timeframe: Timeframe, times: list[int]) -> None:
    found = await venues["okx"].taker_volumes(it.instrument, timeframe, len(times))
    bars = it.bars(times, timeframe.ms, NOW)
    assert found.open_ms.tolist() == times
    assert found.since_ms == times[0]
    assert found.closed.all()
    columns = bars.volume, bars.turnover, bars.taker_buy
    bought: list[float] = []
    sold: list[float] = []
    bought_turnover: list[float] = []
    sold_turnover: list[float] = []
    for volume, turnover, buys in zip(*(column.tolist() for column in columns), strict=True):
        unit, sells = it.market.unit, volume - buys
        # Contracts are coins, or dollars where inverse; the turnover is the other of the two.
        other = turnover / (volume * unit)
        for side, turned, contracts in (
            (bought, bought_turnover, buys),
            (sold, sold_turnover, sells),
        ):
            side.append(contracts * unit * (other if it.inverse else 1))
            turned.append(contracts * unit * (1 if it.inverse else other))
    for name, truth in (
        ("bought", bought),
        ("sold", sold),
        ("bought_turnover", bought_turnover),
        ("sold_turnover", sold_turnover),
    ):
        np.testing.assert_allclose(getattr(found, name), truth, rtol=1e-8, err_msg=name)


@pytest.mark.parametrize("timeframe", [Timeframe.M5, Timeframe.H1])
async def test_okx_counts_takers_of_spot_over_all_pairs_of_a_coin(
    venues: Venues, world: World, timeframe: Timeframe
) -> None:
    it = await fact(world, venues, ("okx", "spot", "BTC-USDT"))
    found = await venues["okx"].taker_volumes(it.instrument, timeframe, 288)
    times = last(NOW - timeframe.ms, timeframe.ms, 288)
    assert found.open_ms.tolist() == times
    bought = np.zeros(288)
    for market in world.listed("okx", "spot"):
        if market.base == "BTC":
            bought += world.bars(market, [*times, times[-1] + timeframe.ms], NOW).taker_buy
    np.testing.assert_allclose(found.bought, bought, rtol=1e-12)
    own = it.bars(times, timeframe.ms, NOW)
    prices = [cost / coins for cost, coins in zip(own.turnover, own.volume, strict=True)]
    np.testing.assert_allclose(found.bought_turnover, bought * prices, rtol=1e-9)


async def test_okx_counts_of_other_coins_are_not_their_usdt_pairs(
    venues: Venues, world: World
) -> None:
    it = await fact(world, venues, ("okx", "spot", "ETH-USDT"))
    with pytest.raises(Unsupported, match=r"differ by 1\d % from its candles"):
        await venues["okx"].taker_volumes(it.instrument, Timeframe.M5, 288)


@pytest.mark.parametrize("case", [case for case in SPOT + PERPS if case[0] == "bybit"], ids=str)
async def test_bybit_tells_takers_of_its_newest_trades(
    venues: Venues, world: World, case: Case
) -> None:
    it = await fact(world, venues, case)
    found = await venues["bybit"].taker_volumes(it.instrument, Timeframe.M5, 24)
    trades = world.trades(it.market, found.since_ms, NOW + 1, NOW)
    size, turnover = in_our_units(it, trades)
    rows = zip(trades.time.tolist(), trades.bought.tolist(), size, turnover, strict=True)
    truth = {time: [0.0, 0.0, 0.0, 0.0] for time in found.open_ms.tolist()}
    for time, bought, coins, money in rows:
        bar = truth[time // (5 * MINUTE) * 5 * MINUTE]
        bar[0 if bought else 1] += coins
        bar[2 if bought else 3] += money
    columns = found.bought, found.sold, found.bought_turnover, found.sold_turnover
    np.testing.assert_allclose(np.stack(columns, axis=1), list(truth.values()), rtol=1e-12)
    assert found.open_ms.tolist() == last(NOW, 5 * MINUTE, len(found))
    assert found.open_ms[0] <= found.since_ms < found.open_ms[0] + 5 * MINUTE
    assert found.closed.tolist() == [True] * (len(found) - 1) + [False]
