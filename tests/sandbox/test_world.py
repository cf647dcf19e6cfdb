"""The truth is a pure function, and its parts agree with each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto_assistant.sandbox import World
from crypto_assistant.sandbox.catalog import DAY, HOUR, MINUTE, Kind, Venue
from crypto_assistant.sandbox.noise import chance, run, smooth, uniform
from tests.sandbox.conftest import NOW

KINDS: list[tuple[Venue, Kind]] = [
    (venue, kind)
    for venue in ("binance", "bybit", "okx")
    for kind in ("spot", "linear", "inverse")
]  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=6)
@given(st.lists(st.integers(-3 * DAY, 3 * DAY), min_size=1, max_size=4))
def test_the_order_of_questions_does_not_matter(offsets: list[int]) -> None:
    walked = World(seed=7, now=NOW)
    seen = [walked.quotes("bybit", "inverse", NOW + offset) for offset in offsets]
    fresh = World(seed=7, now=NOW)
    assert seen[-1] == fresh.quotes("bybit", "inverse", NOW + offsets[-1])


def test_another_seed_is_another_market(world: World) -> None:
    other = World(seed=8, now=NOW)
    market = world.market("okx", "spot", "BTC-USDT")
    assert market is not None
    assert world.quote(market, NOW).last != other.quote(market, NOW).last


@pytest.mark.parametrize("period", [1, 7, 60, 1440])
@pytest.mark.parametrize("first", [-3, 0, 29_833_333])
def test_noise_is_the_same_step_by_step_and_in_a_run(period: int, first: int) -> None:
    keys, steps = np.array([3, 2**63 + 5], np.uint64), run(first, 3000)
    some = range(0, 3000, 23)
    alone = [smooth(keys, steps[n : n + 1], period) for n in some]
    assert smooth(keys, steps, period)[:, some].tolist() == np.concatenate(alone, axis=1).tolist()


@given(st.integers(0, 2**64 - 1), st.integers(-(2**40), 2**40))
def test_noise_is_the_same_of_one_key_and_of_many(key: int, step: int) -> None:
    assert chance(key, step) == uniform(np.array([key], np.uint64), np.array([step]))[0]


@pytest.mark.parametrize(("venue", "kind"), KINDS)
def test_24_hours_are_the_sum_of_their_minutes(world: World, venue: Venue, kind: Kind) -> None:
    minute = NOW // MINUTE * MINUTE
    edges = range(minute - 1439 * MINUTE, minute + MINUTE + 1, MINUTE)
    for market in world.listed(venue, kind)[:12]:
        quote, bars = world.quote(market, NOW), world.bars(market, edges, NOW)
        assert quote.open == bars.open[0]
        assert quote.high == bars.high.max()
        assert quote.low == bars.low.min()
        assert quote.last == bars.close[-1]
        assert quote.volume == pytest.approx(bars.volume.sum(), rel=1e-12)
        assert quote.turnover == pytest.approx(bars.turnover.sum(), rel=1e-12)
        assert quote.trades == bars.trades.sum()


def test_what_nobody_trades_stands_still(world: World) -> None:
    market = world.market("binance", "linear", "SEIUSDT")
    assert market is not None
    minute = NOW // MINUTE * MINUTE
    edges = range(minute - 1439 * MINUTE, minute + MINUTE + 1, MINUTE)
    bars, interest = world.bars(market, edges, NOW), world.interest(market, edges)
    quiet = bars.volume == 0
    assert quiet.tolist() == (~world.traded(market, edges[1:], MINUTE)).tolist()
    assert 0.3 < quiet.mean() < 0.9
    assert (bars.low == bars.high)[quiet].all()
    assert (bars.open[1:] == bars.close[:-1]).all()
    assert (np.diff(interest)[quiet] == 0).all()
    assert np.count_nonzero(np.diff(interest)) > 300
    for start in np.array(edges)[:-1][quiet][::90].tolist():
        assert len(world.trades(market, start, start + MINUTE, NOW)) == 0
    quote = world.quote(market, NOW)
    assert (quote.open, quote.last) == (bars.open[0], bars.close[-1])
    assert (quote.high, quote.low) == (bars.high.max(), bars.low.min())
    assert quote.volume == pytest.approx(bars.volume.sum(), rel=1e-12)


def test_a_market_younger_than_a_day_counts_from_its_listing(world: World) -> None:
    market = world.market("binance", "linear", "LITUSDT")
    assert market is not None
    quote = world.quote(market, NOW)
    bars = world.bars(market, range(market.listed, NOW + MINUTE, MINUTE), NOW)
    assert NOW - market.listed < HOUR
    assert len(bars.start) == 41
    assert quote.open == quote.hour_ago == bars.open[0]
    assert quote.volume == pytest.approx(bars.volume.sum())


def test_long_bars_are_made_of_short_ones(world: World) -> None:
    market = world.market("okx", "linear", "ETH-USDT-SWAP")
    assert market is not None
    start = NOW // HOUR * HOUR - 5 * HOUR
    hours = world.bars(market, range(start, start + 7 * HOUR, HOUR), NOW)
    minutes = world.bars(market, range(start, start + 6 * HOUR + 1, MINUTE), NOW)
    assert hours.close[-1] == minutes.close[-1] == world.quote(market, NOW).last
    hour = (minutes.start - start) // HOUR
    assert [minutes.high[hour == n].max() for n in range(6)] == hours.high.tolist()
    assert [minutes.open[hour == n][0] for n in range(6)] == hours.open.tolist()
    for name in ("volume", "turnover", "taker_buy", "taker_buy_turnover", "trades"):
        sums = [getattr(minutes, name)[hour == n].sum() for n in range(6)]
        assert getattr(hours, name) == pytest.approx(sums, rel=1e-12)


def test_a_bar_opens_where_the_one_before_closed(world: World) -> None:
    market = world.market("binance", "spot", "SOLUSDT")
    assert market is not None
    bars = world.bars(market, range(NOW - NOW % HOUR - 2 * DAY, NOW, 15 * MINUTE), NOW)
    assert np.array_equal(bars.open[1:], bars.close[:-1])
    assert np.all(bars.high >= np.maximum(bars.open, bars.close))
    assert np.all(bars.low <= np.minimum(bars.open, bars.close))
    assert np.all((bars.taker_buy >= 0) & (bars.taker_buy <= bars.volume))


def test_a_closed_bar_stays_as_it_was(world: World) -> None:
    market = world.market("bybit", "linear", "BTCUSDT")
    assert market is not None
    edges = range(NOW - NOW % HOUR - 3 * HOUR, NOW + HOUR, HOUR)
    before, after = world.bars(market, edges, NOW), world.bars(market, edges, NOW + 20_000)
    assert np.array_equal(before.volume[:-1], after.volume[:-1])
    assert before.volume[-1] < after.volume[-1]


def test_bigger_coins_trade_more(world: World) -> None:
    quotes = world.quotes("binance", "linear", NOW)
    turnover = [quotes[f"{coin}USDT"].turnover for coin in ("BTC", "ETH", "SOL", "XRP")]
    assert turnover == sorted(turnover, reverse=True)


def test_venues_agree_on_a_coin_within_basis_points(world: World) -> None:
    prices = [
        world.quotes("binance", "linear", NOW)["1000PEPEUSDT"].last / 1000,
        world.quotes("bybit", "linear", NOW)["1000PEPEUSDT"].last / 1000,
        world.quotes("okx", "linear", NOW)["PEPE-USDT-SWAP"].last,
        world.quotes("okx", "spot", NOW)["PEPE-USDT"].last,
    ]
    assert max(prices) / min(prices) < 1.002
    assert len(set(prices)) > 1


def test_one_ticker_can_name_two_coins(world: World) -> None:
    binance = world.quotes("binance", "linear", NOW)["NEIROUSDT"].last
    bybit = world.quotes("bybit", "linear", NOW)["NEIROUSDT"].last
    assert bybit > 2 * binance


def test_coins_are_counted_alike_whatever_the_contract(world: World) -> None:
    """BTC of open interest is BTC: per coin, per 0.01 coin and per 100 USD alike."""
    markets = (
        (world.market("binance", "linear", "BTCUSDT"), None),
        (world.market("okx", "linear", "BTC-USDT-SWAP"), None),
        (world.market("okx", "inverse", "BTC-USD-SWAP"), 100),
    )
    for market, step_in_usd in markets:
        assert market is not None
        quote = world.quote(market, NOW)
        value = quote.open_interest * (step_in_usd or market.unit * quote.mark_price)
        assert quote.open_interest_coins * quote.mark_price == pytest.approx(value)


def test_funding_is_that_of_the_payment_to_come(world: World) -> None:
    for market in world.listed("binance", "linear"):
        if market.interval and market.closed is None:
            quote = world.quote(market, NOW)
            assert 0 < quote.next_funding - NOW <= market.interval * HOUR
            assert quote.next_funding % (market.interval * HOUR) == 0
            assert quote.funding == world.funding(market, quote.next_funding)


def test_real_size_is_real_size() -> None:
    world = World(seed=7, now=NOW, extra=560)
    spot = world.listed("binance", "spot")
    assert 3_300 < len(spot) < 3_500
    assert 1_400 < sum(market.closed is None for market in spot) < 1_600
    for venue, kind in KINDS:
        if kind == "linear":
            assert sum(market.is_perpetual for market in world.listed(venue, kind)) >= 600
    assert len({(m.venue, m.kind, m.symbol) for m in world.markets}) == len(world.markets)


def test_pages_are_tried_on_extremes(world: World) -> None:
    perps = world.quotes("bybit", "linear", NOW)
    jelly, move = perps["JELLYJELLYUSDT"], perps["MOVEUSDT"]
    assert 10 < jelly.last / jelly.open < 20
    assert (jelly.funding, move.funding) == (0.019876, -0.019876)
    for coin, most in (("JELLYJELLY", "bybit"), ("MOVE", "bybit"), ("NOT", "okx"), ("STEP", "okx")):
        turnover = {
            market.venue: world.quote(market, NOW).turnover
            for market in world.markets
            if (market.coin, market.kind) == (coin, "linear")
        }
        assert max(turnover, key=lambda venue: turnover[venue]) == most
