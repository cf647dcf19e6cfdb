"""Clients that others wrote read every face of the sandbox, and find the world's truth there.

Run in the environment of requirements.lock, whose clients warn and leave sockets open:
`pytest -W ignore --confcutdir tests/interop tests/interop/peers.py`.
"""

from typing import Any

import okx.MarketData  # type: ignore[import-not-found]
import okx.PublicData  # type: ignore[import-not-found]
import okx.TradingData  # type: ignore[import-not-found]
import pybit.unified_trading  # type: ignore[import-not-found]
import pytest
from binance_sdk_derivatives_trading_coin_futures import (  # type: ignore[import-not-found]
    derivatives_trading_coin_futures as coin_futures,
)
from binance_sdk_derivatives_trading_usds_futures import (  # type: ignore[import-not-found]
    derivatives_trading_usds_futures as usds_futures,
)
from binance_sdk_spot import spot  # type: ignore[import-not-found]

from crypto_assistant.sandbox import World
from crypto_assistant.sandbox.catalog import HOUR, MINUTE, Kind, Market, Venue
from crypto_assistant.sandbox.tape import Quote
from tests.interop.clients import ccxt_clients
from tests.interop.conftest import NOW

BTC: list[tuple[Venue, Kind, str]] = [
    ("binance", "spot", "BTCUSDT"),
    ("binance", "linear", "BTCUSDT"),
    ("binance", "linear", "1000PEPEUSDT"),
    ("binance", "inverse", "BTCUSD_PERP"),
    ("bybit", "spot", "BTCUSDT"),
    ("bybit", "linear", "BTCUSDT"),
    ("bybit", "linear", "BTCPERP"),
    ("bybit", "linear", "SHIB1000USDT"),
    ("bybit", "inverse", "BTCUSD"),
    ("okx", "spot", "BTC-USDT"),
    ("okx", "linear", "BTC-USDT-SWAP"),
    ("okx", "linear", "PEPE-USDT-SWAP"),
    ("okx", "inverse", "BTC-USD-SWAP"),
]
SAMPLES = [NOW // (5 * MINUTE) * 5 * MINUTE - back * MINUTE for back in (5, 0)]
PERPETUALS = [case for case in BTC if case[1] != "spot"]


@pytest.fixture(scope="session")
def ccxts(urls: dict[str, str]) -> dict[str, Any]:
    return ccxt_clients(urls)


def listed(exchange: Any, market: Market) -> dict[str, Any] | None:
    """ccxt's view of one of our markets."""
    kinds = ("spot",) if market.kind == "spot" else ("swap", "future")
    found = [m for m in exchange.markets_by_id.get(market.symbol, []) if m["type"] in kinds]
    return found[0] if found else None


def known(world: World, case: tuple[Venue, Kind, str]) -> tuple[Market, Quote]:
    market = world.market(*case)
    assert market is not None
    return market, world.quote(market, NOW)


def last_trade(world: World, case: tuple[Venue, Kind, str]) -> tuple[float, float, bool]:
    """Price, size, and whether the taker bought."""
    market, _ = known(world, case)
    trades = world.trades(market, 0, NOW + 1, NOW, limit=1, newest=True)
    return float(trades.price[0]), float(trades.size[0]), bool(trades.bought[0])


def both(
    ccxts: dict[str, Any], world: World, case: tuple[Venue, Kind, str]
) -> tuple[Market, dict[str, Any]]:
    """One of our markets, and ccxt's view of it."""
    market, _ = known(world, case)
    theirs = listed(ccxts[market.venue], market)
    assert theirs is not None
    return market, theirs


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
def test_ccxt_understands_every_market(ccxts: dict[str, Any], world: World, venue: str) -> None:
    for market in world.markets:
        if market.venue != venue:
            continue
        theirs = listed(ccxts[venue], market)
        if market.closed is not None:
            assert theirs is None or theirs["active"] is False
            continue
        assert theirs is not None, market.symbol
        assert theirs["active"] is True
        ends = market.expires or market.renewed  # To ccxt whatever ends is a future.
        assert theirs["type"] == ("spot" if market.kind == "spot" else "future" if ends else "swap")
        assert theirs["precision"]["price"] == pytest.approx(float(market.tick))
        if market.kind != "spot":
            assert theirs["contractSize"] == pytest.approx(market.unit)
            assert theirs["settle"] == market.settle
            assert theirs["inverse"] is (market.kind == "inverse")
            assert theirs["expiry"] == ends


@pytest.mark.parametrize("case", BTC, ids=str)
def test_ccxt_reads_tickers(
    ccxts: dict[str, Any], world: World, case: tuple[Venue, Kind, str]
) -> None:
    market, quote = known(world, case)
    theirs = listed(ccxts[market.venue], market)
    assert theirs is not None
    ticker = ccxts[market.venue].fetch_tickers([theirs["symbol"]])[theirs["symbol"]]
    assert ticker["last"] == quote.last
    assert ticker["open"] == quote.open
    assert ticker["high"] == quote.high
    assert ticker["low"] == quote.low
    assert ticker["percentage"] == pytest.approx((quote.last / quote.open - 1) * 100, abs=1e-3)
    if market.venue != "binance" or market.kind == "spot":
        assert (ticker["bid"], ticker["ask"]) == (quote.bid, quote.ask)
    if market.venue == "okx" and market.kind != "spot":
        # ccxt passes contracts on as base.
        assert ticker["baseVolume"] == quote.volume
    elif market.kind == "inverse":
        # Bybit's inverse volume is USD, which ccxt passes on as base.
        coins = ticker["quoteVolume" if market.venue == "bybit" else "baseVolume"]
        assert coins == pytest.approx(quote.coins)
    else:
        assert ticker["baseVolume"] * market.multiplier == pytest.approx(quote.coins)


@pytest.mark.parametrize("case", BTC, ids=str)
@pytest.mark.parametrize(("timeframe", "step"), [("1h", HOUR), ("15m", HOUR // 4)])
def test_ccxt_reads_candles(
    ccxts: dict[str, Any],
    world: World,
    case: tuple[Venue, Kind, str],
    timeframe: str,
    step: int,
) -> None:
    market, _ = known(world, case)
    theirs = listed(ccxts[market.venue], market)
    assert theirs is not None
    end = NOW // step * step + step
    rows = ccxts[market.venue].fetch_ohlcv(theirs["symbol"], timeframe, limit=5)
    bars = world.bars(market, range(end - 5 * step, end + 1, step), NOW)
    assert [row[0] for row in rows] == bars.start.tolist()
    prices = [list(p) for p in zip(bars.open, bars.high, bars.low, bars.close, strict=True)]
    assert [row[1:5] for row in rows] == prices
    volume = bars.volume
    if market.venue == "okx" and market.kind == "linear":
        volume = bars.volume * market.unit
    elif market.kind == "inverse":
        volume = bars.turnover
    assert [row[5] for row in rows] == pytest.approx(volume.tolist())


@pytest.mark.parametrize("case", PERPETUALS, ids=str)
def test_ccxt_reads_funding(
    ccxts: dict[str, Any], world: World, case: tuple[Venue, Kind, str]
) -> None:
    market, quote = known(world, case)
    theirs = listed(ccxts[market.venue], market)
    assert theirs is not None
    funding = ccxts[market.venue].fetch_funding_rate(theirs["symbol"])
    assert funding["fundingRate"] == quote.funding
    assert funding["fundingTimestamp"] == quote.next_funding
    if market.venue != "okx":
        assert (funding["markPrice"], funding["indexPrice"]) == (
            quote.mark_price,
            quote.index_price,
        )
    if funding["interval"] is not None:
        assert funding["interval"] == f"{market.interval}h"
    history = ccxts[market.venue].fetch_funding_rate_history(theirs["symbol"], limit=3)
    assert [row["fundingRate"] for row in history] == [
        world.funding(market, row["timestamp"]) for row in history
    ]
    assert len(history) == 3


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
def test_ccxt_reads_all_funding_at_once(ccxts: dict[str, Any], world: World, venue: Venue) -> None:
    rates = ccxts[venue].fetch_funding_rates()
    linear = [m for m in world.listed(venue, "linear") if m.is_perpetual and m.closed is None]
    for market in linear:
        theirs = listed(ccxts[venue], market)
        assert theirs is not None
        assert rates[theirs["symbol"]]["fundingRate"] == world.quote(market, NOW).funding


# ccxt reads Bybit's from its history.
@pytest.mark.parametrize("case", [case for case in PERPETUALS if case[0] != "bybit"], ids=str)
def test_ccxt_reads_open_interest(
    ccxts: dict[str, Any], world: World, case: tuple[Venue, Kind, str]
) -> None:
    market, quote = known(world, case)
    theirs = listed(ccxts[market.venue], market)
    assert theirs is not None
    interest = ccxts[market.venue].fetch_open_interest(theirs["symbol"])
    coins = interest["baseVolume"] if market.venue == "okx" else interest["openInterestAmount"]
    if market.venue == "binance" and market.kind == "inverse":
        coins = coins * market.unit / quote.mark_price
    assert coins * market.multiplier == pytest.approx(quote.open_interest_coins)


@pytest.mark.parametrize("case", BTC, ids=str)
def test_ccxt_reads_candles_since_a_time(
    ccxts: dict[str, Any], world: World, case: tuple[Venue, Kind, str]
) -> None:
    market, theirs = both(ccxts, world, case)
    since = NOW // HOUR * HOUR - 40 * HOUR
    rows = ccxts[market.venue].fetch_ohlcv(theirs["symbol"], "1h", since=since, limit=6)
    bars = world.bars(market, range(since, since + 7 * HOUR, HOUR), NOW)
    assert [row[0] for row in rows] == bars.start.tolist()
    assert [row[4] for row in rows] == bars.close.tolist()


@pytest.mark.parametrize("case", [case for case in PERPETUALS if case[0] == "bybit"], ids=str)
def test_ccxt_reads_bybits_candles_of_mark_and_index(
    ccxts: dict[str, Any], world: World, case: tuple[Venue, Kind, str]
) -> None:
    market, theirs = both(ccxts, world, case)
    since = NOW // HOUR * HOUR - 40 * HOUR
    edges = range(since, since + 7 * HOUR, HOUR)
    for read, bars in (
        (ccxts["bybit"].fetch_mark_ohlcv, world.mark_bars(market, edges, NOW)),
        (ccxts["bybit"].fetch_index_ohlcv, world.index_bars(market, edges, NOW)),
    ):
        rows = read(theirs["symbol"], "1h", since=since, limit=6)
        prices = (column.tolist() for column in bars)
        assert [row[:5] for row in rows] == [list(row) for row in zip(*prices, strict=True)]
    opens = world.marks(market, edges[:-1]).tolist()
    assert world.mark_bars(market, edges, NOW).open.tolist() == opens


@pytest.mark.parametrize("case", BTC, ids=str)
def test_ccxt_reads_trades(
    ccxts: dict[str, Any], world: World, case: tuple[Venue, Kind, str]
) -> None:
    market, theirs = both(ccxts, world, case)
    rows = ccxts[market.venue].fetch_trades(theirs["symbol"], limit=50)
    trades = world.trades(market, 0, NOW + 1, NOW, limit=50, newest=True)
    assert [row["timestamp"] for row in rows] == trades.time.tolist()
    assert sorted(row["amount"] for row in rows) == sorted(trades.size.tolist())
    assert sorted(row["price"] for row in rows) == sorted(trades.price.tolist())
    bought = sum(row["amount"] for row in rows if row["side"] == "buy")
    assert bought == pytest.approx(trades.size[trades.bought].sum())


@pytest.mark.parametrize("case", PERPETUALS, ids=str)
def test_ccxt_reads_the_history_of_open_interest(
    ccxts: dict[str, Any], world: World, case: tuple[Venue, Kind, str]
) -> None:
    market, theirs = both(ccxts, world, case)
    read = ccxts[market.venue].fetch_open_interest_history
    last = NOW // HOUR * HOUR
    # ccxt passes both sides of Bybit on.
    sides = 2 if market.venue == "bybit" else 1
    name = "openInterestValue" if case[:2] == ("bybit", "inverse") else "openInterestAmount"
    for end in (last, last - 36 * HOUR):
        times = range(end - 3 * HOUR, end + 1, HOUR)
        rows = read(theirs["symbol"], "1h", since=times[0], limit=4, params={"until": end})
        assert [row["timestamp"] for row in rows] == list(times)
        sizes = world.interest(market, times) * sides
        assert [row[name] for row in rows] == sizes.tolist()


@pytest.mark.parametrize("case", PERPETUALS, ids=str)
def test_ccxt_reads_long_short_ratios(
    ccxts: dict[str, Any], world: World, case: tuple[Venue, Kind, str]
) -> None:
    market, theirs = both(ccxts, world, case)
    params = {"contractType": "PERPETUAL"} if market.venue == "binance" else {}
    read = ccxts[market.venue].fetch_long_short_ratio_history
    rows = read(theirs["symbol"], "1h", limit=3, params=params)
    last = NOW // HOUR * HOUR
    times = [last - 2 * HOUR, last - HOUR, last]
    share = world.ratios(market, times).accounts
    assert sorted(row["timestamp"] for row in rows) == times
    ratios = [row["longShortRatio"] for row in sorted(rows, key=lambda row: row["timestamp"])]
    assert ratios == pytest.approx((share / (1 - share)).tolist(), abs=1e-3)


@pytest.mark.parametrize("case", [case for case in PERPETUALS if case[0] == "okx"], ids=str)
def test_ccxt_asks_okx_for_taker_volume(
    ccxts: dict[str, Any], world: World, case: tuple[Venue, Kind, str]
) -> None:
    market, _ = known(world, case)
    ask = ccxts["okx"].publicGetRubikStatTakerVolumeContract
    body = ask({"instId": market.symbol, "period": "5m", "limit": "1", "end": str(SAMPLES[1])})
    ((start, sold, bought),) = body["data"]
    bar = world.bars(market, SAMPLES, NOW)
    assert int(start) == SAMPLES[0]
    assert float(bought) == bar.taker_buy[0]
    assert float(sold) == pytest.approx(bar.volume[0] - bar.taker_buy[0])


def test_binances_sdk_reads_spot(urls: dict[str, str], world: World) -> None:
    config = spot.ConfigurationRestAPI(base_path=urls["BINANCE_SPOT_URL"])
    rest = spot.Spot(config_rest_api=config).rest_api
    quote = known(world, ("binance", "spot", "BTCUSDT"))[1]
    symbols = rest.exchange_info().data().symbols
    assert {s.symbol for s in symbols} == {m.symbol for m in world.listed("binance", "spot")}
    day = rest.ticker24hr(symbol="BTCUSDT").data().actual_instance
    assert (float(day.last_price), float(day.volume)) == (quote.last, quote.volume)
    price = rest.ticker_price(symbol="BTCUSDT").data().actual_instance
    assert float(price.price) == quote.last
    best = rest.ticker_book_ticker(symbol="BTCUSDT").data().actual_instance
    assert float(best.bid_price) == quote.bid
    assert float(rest.depth("BTCUSDT", limit=5).data().asks[0][0]) == quote.ask
    trade = rest.agg_trades("BTCUSDT", limit=1).data()[0]
    newest = last_trade(world, ("binance", "spot", "BTCUSDT"))
    assert (float(trade.p), float(trade.q), not trade.m) == newest
    assert float(rest.klines("BTCUSDT", "1h", limit=1).data()[0][4]) == quote.last
    assert rest.time().data().server_time == NOW


def test_binances_sdk_reads_usd_margined(urls: dict[str, str], world: World) -> None:
    config = usds_futures.ConfigurationRestAPI(base_path=urls["BINANCE_USDM_URL"])
    rest = usds_futures.DerivativesTradingUsdsFutures(config_rest_api=config).rest_api
    market, quote = known(world, ("binance", "linear", "BTCUSDT"))
    symbols = rest.exchange_information().data().symbols
    assert {s.symbol for s in symbols} == {m.symbol for m in world.listed("binance", "linear")}
    day = rest.ticker24hr_price_change_statistics(symbol="BTCUSDT").data().actual_instance
    assert (float(day.last_price), float(day.volume)) == (quote.last, quote.volume)
    mark = rest.mark_price(symbol="BTCUSDT").data().actual_instance
    assert (float(mark.mark_price), mark.next_funding_time) == (
        quote.mark_price,
        quote.next_funding,
    )
    assert float(mark.last_funding_rate) == quote.funding
    interest = rest.open_interest("BTCUSDT").data()
    assert float(interest.open_interest) == quote.open_interest
    price = rest.symbol_price_ticker_v2(symbol="BTCUSDT").data().actual_instance
    assert float(price.price) == quote.last
    hours = {row.symbol: row.funding_interval_hours for row in rest.get_funding_rate_info().data()}
    assert hours["MONUSDT"] == 1
    paid = rest.get_funding_rate_history(symbol="BTCUSDT", limit=2).data()
    assert float(paid[-1].funding_rate) == world.funding(market, paid[-1].funding_time)
    assert float(rest.kline_candlestick_data("BTCUSDT", "1h", limit=1).data()[0][4]) == quote.last
    assert float(rest.order_book("BTCUSDT", limit=5).data().bids[0][0]) == quote.bid
    trade = rest.compressed_aggregate_trades_list("BTCUSDT", limit=1).data()[0]
    newest = last_trade(world, ("binance", "linear", "BTCUSDT"))
    assert (float(trade.p), float(trade.q), not trade.m) == newest


def test_binances_sdk_reads_statistics_of_usd_margined(urls: dict[str, str], world: World) -> None:
    config = usds_futures.ConfigurationRestAPI(base_path=urls["BINANCE_USDM_URL"])
    rest = usds_futures.DerivativesTradingUsdsFutures(config_rest_api=config).rest_api
    market, _ = known(world, ("binance", "linear", "BTCUSDT"))
    interest = rest.open_interest_statistics("BTCUSDT", "5m", limit=2).data()
    assert [row.timestamp for row in interest] == SAMPLES
    sizes = [float(row.sum_open_interest) for row in interest]
    assert sizes == world.interest(market, SAMPLES).tolist()
    for ask, shares in (
        (rest.long_short_ratio, world.ratios(market, SAMPLES).accounts),
        (rest.top_trader_long_short_ratio_accounts, world.ratios(market, SAMPLES).top_accounts),
        (rest.top_trader_long_short_ratio_positions, world.ratios(market, SAMPLES).top_positions),
    ):
        rows = ask("BTCUSDT", "5m", limit=2).data()
        assert [float(row.long_account) for row in rows] == shares.round(4).tolist()


def test_binances_sdk_reads_coin_margined(urls: dict[str, str], world: World) -> None:
    config = coin_futures.ConfigurationRestAPI(base_path=urls["BINANCE_COINM_URL"])
    rest = coin_futures.DerivativesTradingCoinFutures(config_rest_api=config).rest_api
    quote = known(world, ("binance", "inverse", "BTCUSD_PERP"))[1]
    symbols = rest.exchange_information().data().symbols
    sizes = {s.symbol: (s.contract_size, s.contract_status) for s in symbols}
    assert sizes["BTCUSD_PERP"] == (100, "TRADING")
    assert sizes["ETHUSD_PERP"] == (10, "TRADING")
    (day,) = rest.ticker24hr_price_change_statistics(symbol="BTCUSD_PERP").data()
    assert float(day.volume) == quote.volume
    assert float(day.base_volume) == pytest.approx(quote.coins)
    interest = rest.open_interest("BTCUSD_PERP").data()
    assert float(interest.open_interest) == quote.open_interest
    (price,) = rest.symbol_price_ticker(symbol="BTCUSD_PERP").data()
    assert float(price.price) == quote.last
    row = rest.kline_candlestick_data("BTCUSD_PERP", "1h", limit=1).data()[0]
    assert float(row[4]) == quote.last
    paid = rest.get_funding_rate_history_of_perpetual_futures("BTCUSD_PERP", limit=2).data()
    assert len(paid) == 2
    trade = rest.compressed_aggregate_trades_list("BTCUSD_PERP", limit=1).data()[0]
    newest = last_trade(world, ("binance", "inverse", "BTCUSD_PERP"))
    assert (float(trade.p), float(trade.q), not trade.m) == newest


def test_binances_sdk_reads_statistics_of_coin_margined(urls: dict[str, str], world: World) -> None:
    config = coin_futures.ConfigurationRestAPI(base_path=urls["BINANCE_COINM_URL"])
    rest = coin_futures.DerivativesTradingCoinFutures(config_rest_api=config).rest_api
    market, _ = known(world, ("binance", "inverse", "BTCUSD_PERP"))
    asked = {"pair": "BTCUSD", "period": "5m", "contract_type": "PERPETUAL", "limit": 2}
    interest = rest.open_interest_statistics(**asked).data()
    assert [row.timestamp for row in interest] == SAMPLES
    sizes = [float(row.sum_open_interest) for row in interest]
    assert sizes == world.interest(market, SAMPLES).tolist()
    ratios = world.ratios(market, SAMPLES)
    rows = rest.long_short_ratio(**asked).data()
    assert [float(row.long_account) for row in rows] == ratios.accounts.round(4).tolist()
    rows = rest.top_trader_long_short_ratio_accounts(**asked).data()
    assert [float(row.long_account) for row in rows] == ratios.top_accounts.round(4).tolist()
    rows = rest.top_trader_long_short_ratio_positions(**asked).data()
    assert [float(row.long_position) for row in rows] == ratios.top_positions.round(4).tolist()


def test_pybit_reads_bybit(urls: dict[str, str], world: World) -> None:
    session = pybit.unified_trading.HTTP()
    session.endpoint = urls["BYBIT_URL"]
    market, quote = known(world, ("bybit", "inverse", "BTCUSD"))
    info = session.get_instruments_info(category="linear", limit=1000)["result"]["list"]
    live = {m.symbol for m in world.listed("bybit", "linear") if m.closed is None}
    assert {row["symbol"] for row in info} == live
    (ticker,) = session.get_tickers(category="inverse", symbol="BTCUSD")["result"]["list"]
    assert float(ticker["lastPrice"]) == quote.last
    assert float(ticker["openInterest"]) == 2 * quote.open_interest
    rows = session.get_kline(category="inverse", symbol="BTCUSD", interval=60)["result"]["list"]
    assert float(rows[0][4]) == quote.last
    book = session.get_orderbook(category="inverse", symbol="BTCUSD")["result"]
    assert float(book["b"][0][0]) == quote.bid
    paid = session.get_funding_rate_history(category="inverse", symbol="BTCUSD", limit=1)
    (last,) = paid["result"]["list"]
    assert float(last["fundingRate"]) == world.funding(market, int(last["fundingRateTimestamp"]))
    assert session.get_server_time()["time"] == NOW


def test_pybit_reads_statistics_of_bybit(urls: dict[str, str], world: World) -> None:
    session = pybit.unified_trading.HTTP()
    session.endpoint = urls["BYBIT_URL"]
    case: tuple[Venue, Kind, str] = ("bybit", "inverse", "BTCUSD")
    market, _ = known(world, case)
    asked = {"category": "inverse", "symbol": "BTCUSD", "limit": 2}
    first = session.get_open_interest(**asked, intervalTime="5min")["result"]
    older = session.get_open_interest(**asked, intervalTime="5min", cursor=first["nextPageCursor"])[
        "result"
    ]
    rows = [*first["list"], *older["list"]][::-1]
    times = [int(row["timestamp"]) for row in rows]
    assert times == list(range(SAMPLES[0] - 10 * MINUTE, SAMPLES[1] + 1, 5 * MINUTE))
    sizes = [float(row["singleOpenInterest"]) for row in rows]
    assert sizes == world.interest(market, times).tolist()
    rows = session.get_long_short_ratio(**asked, period="5min")["result"]["list"][::-1]
    shares = world.ratios(market, SAMPLES).accounts.round(4).tolist()
    assert [float(row["buyRatio"]) for row in rows] == shares
    marks = session.get_mark_price_kline(**asked, interval=5)["result"]["list"][::-1]
    assert [int(row[0]) for row in marks] == SAMPLES
    assert [float(row[1]) for row in marks] == world.marks(market, SAMPLES).tolist()
    index = session.get_index_price_kline(**asked, interval=5)["result"]["list"][0]
    assert float(index[4]) == world.quote(market, NOW).index_price
    trade = session.get_public_trade_history(**asked)["result"]["list"][0]
    side = trade["side"] == "Buy"
    assert (float(trade["price"]), float(trade["size"]), side) == last_trade(world, case)


def test_python_okx_reads_okx(urls: dict[str, str], world: World) -> None:
    public = okx.PublicData.PublicAPI(domain=urls["OKX_URL"])
    prices = okx.MarketData.MarketAPI(domain=urls["OKX_URL"])
    market, quote = known(world, ("okx", "linear", "BTC-USDT-SWAP"))
    swaps = public.get_instruments("SWAP")["data"]
    assert {row["instId"]: row["ctVal"] for row in swaps}["BTC-USDT-SWAP"] == "0.01"
    (interest,) = public.get_open_interest("SWAP", instId="BTC-USDT-SWAP")["data"]
    assert float(interest["oiCcy"]) == pytest.approx(quote.open_interest_coins)
    (rate,) = public.get_funding_rate("BTC-USDT-SWAP")["data"]
    assert (float(rate["fundingRate"]), int(rate["fundingTime"])) == (
        quote.funding,
        quote.next_funding,
    )
    last = public.funding_rate_history("BTC-USDT-SWAP", limit="1")["data"][0]
    assert float(last["realizedRate"]) == world.funding(market, int(last["fundingTime"]))
    (mark,) = public.get_mark_price("SWAP", instId="BTC-USDT-SWAP")["data"]
    assert float(mark["markPx"]) == quote.mark_price
    assert int(public.get_system_time()["data"][0]["ts"]) == NOW
    tickers = {row["instId"]: row for row in prices.get_tickers("SWAP")["data"]}
    assert float(tickers["BTC-USDT-SWAP"]["last"]) == quote.last
    (ticker,) = prices.get_ticker("BTC-USDT-SWAP")["data"]
    assert float(ticker["volCcy24h"]) == pytest.approx(quote.coins)
    (index,) = prices.get_index_tickers(instId="BTC-USDT")["data"]
    assert float(index["idxPx"]) == quote.index_price
    assert float(prices.get_candlesticks("BTC-USDT-SWAP", bar="1H")["data"][0][4]) == quote.last
    assert prices.get_history_candlesticks("BTC-USDT-SWAP", bar="1Dutc", limit="2")["data"]
    (book,) = prices.get_orderbook("BTC-USDT-SWAP", sz="1")["data"]
    assert float(book["asks"][0][0]) == quote.ask


def test_python_okx_reads_statistics_of_okx(urls: dict[str, str], world: World) -> None:
    trading = okx.TradingData.TradingDataAPI(domain=urls["OKX_URL"])
    prices = okx.MarketData.MarketAPI(domain=urls["OKX_URL"])
    case: tuple[Venue, Kind, str] = ("okx", "linear", "BTC-USDT-SWAP")
    market, _ = known(world, case)
    rows = trading.get_open_interest_history("BTC-USDT-SWAP", limit="2")["data"][::-1]
    assert [int(row[0]) for row in rows] == SAMPLES
    assert [float(row[1]) for row in rows] == world.interest(market, SAMPLES).tolist()
    end, sold, bought = trading.get_taker_volume("DOGE", "SPOT", period="5m")["data"][1]
    doge, _ = known(world, ("okx", "spot", "DOGE-USDT"))
    bar = world.bars(doge, [int(end) - 5 * MINUTE, int(end)], NOW)
    assert float(bought) == bar.taker_buy[0]
    assert float(sold) == pytest.approx(bar.volume[0] - bar.taker_buy[0])
    assert len(trading.get_taker_volume("DOGE", "SPOT", period="5m")["data"]) == 2 * 288 + 1
    futures = okx.PublicData.PublicAPI(domain=urls["OKX_URL"]).get_open_interest("FUTURES")["data"]
    assert all(float(row["oi"]) > 0 for row in futures)
    trade = prices.get_trades("BTC-USDT-SWAP", limit="1")["data"][0]
    side = trade["side"] == "buy"
    assert (float(trade["px"]), float(trade["sz"]), side) == last_trade(world, case)
