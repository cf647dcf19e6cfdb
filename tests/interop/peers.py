"""Clients that others wrote read every face of the sandbox, and find the world's truth there.

Run in the environment of requirements.lock, whose clients warn and leave sockets open:
`pytest -W ignore --confcutdir tests/interop tests/interop/peers.py`.
"""

from typing import Any

import ccxt  # type: ignore[import-not-found]
import okx.MarketData  # type: ignore[import-not-found]
import okx.PublicData  # type: ignore[import-not-found]
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
from crypto_assistant.sandbox.catalog import HOUR, Kind, Market, Venue
from crypto_assistant.sandbox.tape import Quote
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
PERPETUALS = [case for case in BTC if case[1] != "spot"]


@pytest.fixture(scope="session")
def ccxts(urls: dict[str, str]) -> dict[str, Any]:
    options = {"enableRateLimit": False, "timeout": 20_000}
    exchanges = {
        "binance": ccxt.binance(options),
        "bybit": ccxt.bybit(options),
        "okx": ccxt.okx(options),
    }
    hosts = {
        "https://api.binance.com": urls["BINANCE_SPOT_URL"],
        "https://fapi.binance.com": urls["BINANCE_USDM_URL"],
        "https://dapi.binance.com": urls["BINANCE_COINM_URL"],
        "https://api.{hostname}": urls["BYBIT_URL"],
        "https://{hostname}": urls["OKX_URL"],
    }
    for exchange in exchanges.values():
        for name, address in exchange.urls["api"].items():
            for real, ours in hosts.items():
                if isinstance(address, str) and address.startswith(real):
                    exchange.urls["api"][name] = address.replace(real, ours)
    exchanges["bybit"].options["fetchMarkets"] = {"types": ["spot", "linear", "inverse"]}
    exchanges["okx"].options["fetchMarkets"] = {"types": ["spot", "swap", "future"]}
    for exchange in exchanges.values():
        exchange.load_markets()
    return exchanges


def listed(exchange: Any, market: Market) -> dict[str, Any] | None:
    """ccxt's view of one of our markets."""
    kinds = ("spot",) if market.kind == "spot" else ("swap", "future")
    found = [m for m in exchange.markets_by_id.get(market.symbol, []) if m["type"] in kinds]
    return found[0] if found else None


def known(world: World, case: tuple[Venue, Kind, str]) -> tuple[Market, Quote]:
    market = world.market(*case)
    assert market is not None
    return market, world.quote(market, NOW)


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
        assert theirs["type"] == (
            "spot" if market.kind == "spot" else "swap" if market.is_perpetual else "future"
        )
        assert theirs["precision"]["price"] == pytest.approx(float(market.tick))
        if market.kind != "spot":
            assert theirs["contractSize"] == pytest.approx(market.unit)
            assert theirs["settle"] == market.settle
            assert theirs["inverse"] is (market.kind == "inverse")
            assert theirs["expiry"] == market.expires


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
