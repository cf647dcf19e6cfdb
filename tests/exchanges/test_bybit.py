"""Bybit's own bodies, and what they mean."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from crypto_assistant.errors import (
    ClockSkew,
    ExchangeError,
    GeoBlocked,
    Malformed,
    RateLimited,
    Refused,
    Unreachable,
)
from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.models import Family, Instrument, Instruments, Timeframe
from tests.exchanges.conftest import NOW, Clock, Recorded
from tests.net.loopback import Loopback, Reply

INSTRUMENTS = "/v5/market/instruments-info"
TICKERS = "/v5/market/tickers"
KLINE = "/v5/market/kline"


def ok(result: Any) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": NOW}


def no(code: int) -> dict[str, Any]:
    return {"retCode": code, "retMsg": "why", "result": {}, "retExtInfo": {}, "time": NOW}


def listed(category: str, *markets: dict[str, Any], cursor: str | None = "") -> dict[str, Any]:
    return ok({"category": category, "list": list(markets), "nextPageCursor": cursor})


def perp(symbol: str, coin: str, **more: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": coin,
        "quoteCoin": "USDT",
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": "2",
        "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
        "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.001", "minNotionalValue": "5"},
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "settleCoin": "USDT",
        "isPreListing": False,
        "preListingInfo": None,
        "symbolType": "",
        **more,
    }


BTC = perp("BTCUSDT", "BTC")
PEPE = perp("1000PEPEUSDT", "1000PEPE", priceFilter={"tickSize": "0.0000001"})

BTC_TICKER = {
    "symbol": "BTCUSDT",
    "lastPrice": "64000.10",
    "indexPrice": "64010.50",
    "markPrice": "64005.00",
    "prevPrice24h": "62500.00",
    "price24hPcnt": "0.024001",
    "highPrice24h": "64500.00",
    "lowPrice24h": "62000.00",
    "prevPrice1h": "63900.00",
    "openInterest": "110000.000",
    "openInterestValue": "7040550000.00",
    "singleOpenInterest": "55000.000",
    "singleOpenInterestValue": "3520275000.00",
    "turnover24h": "5000000000.0000",
    "volume24h": "80000.0000",
    "fundingRate": "0.0001",
    "nextFundingTime": "1790006400000",
    "fundingIntervalHour": "8",
    "predictedDeliveryPrice": "",
    "basisRate": "",
    "deliveryTime": "0",
    "ask1Size": "1.2",
    "bid1Price": "64000.00",
    "ask1Price": "64000.10",
    "bid1Size": "3.4",
    "basis": "",
}
PEPE_TICKER = {
    **BTC_TICKER,
    "symbol": "1000PEPEUSDT",
    "lastPrice": "0.0125",
    "bid1Price": "0",
    "ask1Price": "",
    "indexPrice": "0",
    "nextFundingTime": "0",
    "markPrice": "0.012",
    "highPrice24h": "0.014",
    "lowPrice24h": "0.01",
    "volume24h": "4000000",
    "turnover24h": "50000",
    "openInterest": "6000000",
    "openInterestValue": "72000",
    "singleOpenInterest": "",
    "singleOpenInterestValue": "",
    "fundingIntervalHour": "4",
    "fundingRate": "-0.00025",
}
BTCUSD_TICKER = {
    **BTC_TICKER,
    "symbol": "BTCUSD",
    "openInterest": "400000000",
    "openInterestValue": "6250.00",
    "singleOpenInterest": "200000000",
    "singleOpenInterestValue": "3125.00",
    "volume24h": "640000000",
    "turnover24h": "10000.50000000",
}
NEWEST = NOW - NOW % 60_000
BARS = [
    [str(NEWEST), "64010", "64030", "64000", "64020", "2.5", "160050"],
    [str(NEWEST - 60_000), "64000", "64015", "63990", "64010", "10", "640050"],
]


async def instruments(bybit: Bybit, host: Loopback, family: Family, *rows: Any) -> Instruments:
    host.plays(INSTRUMENTS, listed(family.value, *rows))
    return await bybit.instruments(family)


@pytest.fixture
async def linear(bybit: Bybit, host: Loopback) -> Instruments:
    """BTC, and 1000PEPE as 1000 PEPE."""
    return replace(
        await instruments(bybit, host, Family.LINEAR, BTC, PEPE), multiplier=np.array([1.0, 1000])
    )


@pytest.fixture
async def inverse(bybit: Bybit, host: Loopback) -> Instruments:
    market = perp("BTCUSD", "BTC", contractType="InversePerpetual", quoteCoin="USD")
    return await instruments(bybit, host, Family.INVERSE, {**market, "settleCoin": "BTC"})


def in_family(family: Family, symbol: str) -> Instrument:
    return Instrument("bybit", family, symbol, "BTC", "USDT", 1.0, 1.0, 0.1, tradfi=False)


async def test_the_venues_clock(bybit: Bybit, host: Loopback) -> None:
    host.plays(
        "/v5/market/time", ok({"timeSecond": "1688639403", "timeNano": "1688639403423213947"})
    )
    assert await bybit.clock_ms() == 1688639403423


async def test_perps_that_trade_are_listed_and_nothing_else(bybit: Bybit, host: Loopback) -> None:
    found = await instruments(
        bybit,
        host,
        Family.LINEAR,
        BTC,
        perp("BTCPERP", "BTC", quoteCoin="USD", settleCoin="USDC"),
        perp("BTCUSDT-25SEP26", "BTC", contractType="LinearFutures"),
        perp("BIOUSDT", "BIO", status="PreLaunch", isPreListing=True),
        perp("NEWUSDT", "NEW", isPreListing=True),
        perp("OLDUSDT", "OLD", status="Settling"),
        PEPE,
    )
    assert found.symbols == ("BTCUSDT", "BTCPERP", "1000PEPEUSDT")
    assert found.coins == ("BTC", "BTC", "1000PEPE")
    assert found.quotes == ("USDT", "USDC", "USDT")
    assert found.tick.tolist() == [0.1, 0.1, 1e-7]
    assert found.multiplier.tolist() == found.contract.tolist() == [1, 1, 1]
    assert found.received_ms == NOW


async def test_what_is_no_coin_is_marked(bybit: Bybit, host: Loopback) -> None:
    kinds = ["", "innovation", "adventure", "stock", "commodity", "forex", "xstocks", "etf"]
    rows = [perp(f"C{i}USDT", f"C{i}", symbolType=kind) for i, kind in enumerate(kinds)]
    unnamed = perp("CUSDT", "C")
    del unnamed["symbolType"]
    found = await instruments(bybit, host, Family.LINEAR, *rows, unnamed)
    assert found.tradfi.tolist() == [False] * 3 + [True] * 5 + [False]


async def test_spot_markets_come_without_pages(bybit: Bybit, host: Loopback) -> None:
    market = {
        "symbolId": 9,
        "symbol": "BTCUSDT",
        "baseCoin": "BTC",
        "quoteCoin": "USDT",
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "utaOnly",
        "stTag": "0",
        "lotSizeFilter": {"basePrecision": "0.000001", "minOrderAmt": "5"},
        "priceFilter": {"tickSize": "0.1"},
        "symbolType": "",
    }
    host.plays(INSTRUMENTS, ok({"category": "spot", "list": [market]}))
    found = await bybit.instruments(Family.SPOT)
    assert (found.symbols, found.quotes) == (("BTCUSDT",), ("USDT",))
    assert len(host.asked) == 1


async def test_a_list_of_more_than_a_page_is_read_to_its_end(bybit: Bybit, host: Loopback) -> None:
    coins = [f"C{i}" for i in range(1203)]
    rows = [perp(f"{coin}USDT", coin) for coin in coins]
    first = f"{INSTRUMENTS}?category=linear&limit=1000"
    cursor = "first%3DC1000USDT%26last%3DC1202USDT"
    host.plays(first, listed("linear", *rows[:1000], cursor=cursor))
    host.plays(f"{first}&cursor={cursor}", listed("linear", *rows[1000:], cursor="end"))
    host.plays(f"{first}&cursor=end", listed("linear", cursor=None))
    found = await bybit.instruments(Family.LINEAR)
    assert found.coins == tuple(coins)
    assert len(host.asked) == 3


async def test_a_cursor_that_never_ends_does(bybit: Bybit, host: Loopback) -> None:
    host.plays(INSTRUMENTS, listed("linear", BTC, cursor="again"))
    assert "BTC" in (await bybit.instruments(Family.LINEAR)).coins


async def test_maintenance_is_not_an_empty_exchange(bybit: Bybit, host: Loopback) -> None:
    host.plays(INSTRUMENTS, listed("linear", perp("BTCUSDT", "BTC", status="Closed")))
    with pytest.raises(Unreachable, match="no market trades now"):
        await bybit.instruments(Family.LINEAR)


async def test_an_empty_list_of_instruments_is_no_answer(bybit: Bybit, host: Loopback) -> None:
    host.plays(INSTRUMENTS, listed("linear"))
    with pytest.raises(Malformed):
        await bybit.instruments(Family.LINEAR)


async def test_tickers_are_per_plain_coin(
    bybit: Bybit, host: Loopback, linear: Instruments
) -> None:
    host.plays(TICKERS, listed("linear", PEPE_TICKER, BTC_TICKER))
    tickers = await bybit.tickers(linear)
    btc, pepe = tickers[0], tickers[1]
    assert (btc.last, btc.bid, btc.ask, btc.change_24h) == (64000.1, 64000, 64000.1, 0.024001)
    assert (btc.high_24h, btc.low_24h) == (64500, 62000)
    assert (btc.volume_24h, btc.turnover_24h) == (80000, 5e9)
    assert (pepe.last, pepe.high_24h, pepe.low_24h) == (0.0000125, 0.000014, 0.00001)
    assert (pepe.volume_24h, pepe.turnover_24h) == (4e9, 50000)
    assert (pepe.bid, pepe.ask, pepe.received_ms) == (None, None, NOW)


async def test_an_inverse_volume_is_usd_and_its_turnover_coins(
    bybit: Bybit, host: Loopback, inverse: Instruments
) -> None:
    host.plays(TICKERS, listed("inverse", BTCUSD_TICKER))
    ticker = await bybit.ticker(inverse[0])
    assert (ticker.volume_24h, ticker.turnover_24h) == (10000.5, 640e6)


async def test_spot_has_no_futures_fields(bybit: Bybit, host: Loopback) -> None:
    row = {
        "symbol": "BTCUSDT",
        "bid1Price": "20517.96",
        "bid1Size": "2",
        "ask1Price": "20527.77",
        "ask1Size": "1.862172",
        "lastPrice": "20533.13",
        "prevPrice24h": "20393.48",
        "price24hPcnt": "0.0068",
        "highPrice24h": "21128.12",
        "lowPrice24h": "20318.89",
        "turnover24h": "243765620.65899866",
        "volume24h": "11801.27771",
        "usdIndexPrice": "20784.12009279",
    }
    host.plays(f"{TICKERS}?category=spot&symbol=BTCUSDT", listed("spot", row))
    ticker = await bybit.ticker(in_family(Family.SPOT, "BTCUSDT"))
    assert (ticker.last, ticker.mid) == (20533.13, (20517.96 + 20527.77) / 2)
    assert (ticker.volume_24h, ticker.turnover_24h) == (11801.27771, 243765620.65899866)


async def test_the_old_open_interest_counts_both_sides(
    bybit: Bybit, host: Loopback, linear: Instruments
) -> None:
    host.plays(TICKERS, listed("linear", BTC_TICKER, PEPE_TICKER))
    found = await bybit.open_interests(linear)
    assert found.coins.tolist() == [55000, 3e9]
    assert found.usd.tolist() == [3520275000, 36000]


async def test_an_inverse_open_interest_is_usd_and_its_value_coins(
    bybit: Bybit, host: Loopback, inverse: Instruments
) -> None:
    old = {key: value for key, value in BTCUSD_TICKER.items() if not key.startswith("single")}
    host.plays(TICKERS, listed("inverse", BTCUSD_TICKER))
    new_fields = await bybit.open_interests(inverse)
    host.plays(TICKERS, listed("inverse", old))
    old_fields = await bybit.open_interest(inverse[0])
    assert (new_fields[0].usd, new_fields[0].coins) == (200e6, 3125)
    assert (old_fields.usd, old_fields.coins) == (200e6, 3125)


async def test_funding_and_mark(bybit: Bybit, host: Loopback, linear: Instruments) -> None:
    host.plays(TICKERS, listed("linear", BTC_TICKER, PEPE_TICKER))
    fundings, marks = await bybit.fundings(linear), await bybit.marks(linear)
    assert (fundings[0].rate, fundings[0].hours) == (0.0001, 8)
    assert (fundings[0].next_ms, fundings[1].next_ms) == (1790006400000, None)
    assert fundings.rate_8h.tolist() == [0.0001, -0.0005]
    assert (marks[0].mark, marks[0].index) == (64005, 64010.5)
    assert (marks[1].mark, marks[1].index) == (0.000012, None)


async def test_one_request_answers_all_questions_about_a_market(
    bybit: Bybit, host: Loopback, linear: Instruments
) -> None:
    host.plays(TICKERS, listed("linear", BTC_TICKER))
    host.asked.clear()
    btc = linear[0]
    assert (await bybit.ticker(btc)).last == 64000.1
    assert (await bybit.funding(btc)).rate == 0.0001
    assert (await bybit.mark(btc)).mark == 64005
    assert (await bybit.open_interest(btc)).coins == 55000
    assert host.asked == [f"{TICKERS}?category=linear&symbol=BTCUSDT"]


async def test_rankings_are_kept_for_half_a_minute_and_prices_for_a_second(
    bybit: Bybit, host: Loopback, linear: Instruments, age: Clock
) -> None:
    host.plays(TICKERS, listed("linear", BTC_TICKER))
    host.asked.clear()
    for age.seconds in (0, 29, 31):
        await bybit.tickers(linear)
        await bybit.open_interests(linear)
    assert len(host.asked) == 2
    for age.seconds in (40, 40.9, 41.1):
        await bybit.ticker(linear[0])
    assert len(host.asked) == 4


async def test_candles_are_turned_round_and_the_last_is_open(
    bybit: Bybit, host: Loopback, linear: Instruments
) -> None:
    host.plays(KLINE, ok({"symbol": "1000PEPEUSDT", "category": "linear", "list": BARS}))
    bars = await bybit.candles(linear[1], Timeframe.M1, 2)
    assert bars.open_ms.tolist() == [NEWEST - 60_000, NEWEST]
    assert bars.closed.tolist() == [True, False]
    assert bars.open.tolist() == [64, 64.01]
    assert bars.high.tolist() == [64.015, 64.03]
    assert bars.low.tolist() == [63.99, 64]
    assert bars.close.tolist() == [64.01, 64.02]
    assert bars.volume.tolist() == [10_000, 2_500]
    assert bars.turnover.tolist() == [640050, 160050]
    assert bars.taker_buy is None


async def test_inverse_candles_count_usd(
    bybit: Bybit, host: Loopback, inverse: Instruments
) -> None:
    row = [str(NEWEST), "64000", "64000", "64000", "64000", "640000", "10"]
    host.plays(KLINE, ok({"symbol": "BTCUSD", "category": "inverse", "list": [row]}))
    bars = await bybit.candles(inverse[0], Timeframe.H1, 1)
    assert (bars.volume.tolist(), bars.turnover.tolist()) == ([10], [640000])


async def test_a_bar_is_closed_once_its_time_is_up(
    bybit: Bybit, host: Loopback, linear: Instruments
) -> None:
    row = [str(NOW - 60_000), *BARS[0][1:]]
    host.plays(KLINE, ok({"symbol": "BTCUSDT", "category": "linear", "list": [row]}))
    assert (await bybit.candles(linear[0], Timeframe.M1, 1)).closed.tolist() == [True]


@pytest.mark.parametrize(
    ("timeframe", "interval"),
    [
        *[("1m", "1"), ("3m", "3"), ("5m", "5"), ("15m", "15"), ("30m", "30"), ("1h", "60")],
        *[("2h", "120"), ("4h", "240"), ("6h", "360"), ("12h", "720"), ("1d", "D")],
    ],
)
async def test_every_timeframe_has_its_interval(
    bybit: Bybit, host: Loopback, timeframe: str, interval: str
) -> None:
    host.plays(KLINE, ok({"symbol": "BTCUSDT", "category": "linear", "list": BARS}))
    await bybit.candles(in_family(Family.LINEAR, "BTCUSDT"), Timeframe(timeframe), 5)
    query = f"category=linear&symbol=BTCUSDT&interval={interval}&limit=5"
    assert host.asked == [f"{KLINE}?{query}"]


@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        (no(10001), Refused, "refused: why (10001)"),
        (no(10002), ClockSkew, "why"),
        (no(10009), GeoBlocked, "geo-blocked"),
        (no(10024), GeoBlocked, "geo-blocked"),
        (Reply(b"<html>CloudFront: blocked in your country</html>", 403), GeoBlocked, "geo"),
        (Reply(b"not found", 404), Refused, "HTTP 404"),
        ({"result": {}}, Malformed, "without a code"),
        ({"retCode": "", "result": {}}, Malformed, "without a code"),
        ({"retCode": 0, "retMsg": "OK"}, Malformed, "another shape"),
        (ok({}), Malformed, "another shape"),
        (ok(None), Malformed, "another shape"),
        (listed("linear"), Malformed, "an empty list"),
        (listed("linear", {**BTC_TICKER, "lastPrice": "soon"}), Malformed, "a text"),
    ],
)
async def test_errors_say_what_the_venue_said(
    bybit: Bybit, host: Loopback, reply: Any, error: type[ExchangeError], text: str
) -> None:
    host.plays(TICKERS, reply)
    with pytest.raises(error) as raised:
        await bybit.ticker(in_family(Family.LINEAR, "BTCUSDT"))
    assert text in str(raised.value)
    assert len(host.asked) == 1


@pytest.mark.parametrize("code", [10000, 10016, 170007, 131001, 131003, 3400214])
async def test_a_failure_of_the_venues_servers_is_tried_again(
    bybit: Bybit, host: Loopback, code: int
) -> None:
    host.plays(TICKERS, no(code), listed("linear", BTC_TICKER))
    assert (await bybit.ticker(in_family(Family.LINEAR, "BTCUSDT"))).last == 64000.1


async def test_too_many_requests_from_an_address_are_paid_with_ten_minutes(
    bybit: Bybit, host: Loopback
) -> None:
    host.plays(TICKERS, Reply(b"403, access too frequent", 403))
    for symbol in ("BTCUSDT", "ETHUSDT"):
        with pytest.raises(RateLimited) as limited:
            await bybit.ticker(in_family(Family.LINEAR, symbol))
        assert limited.value.until_ms == pytest.approx(NOW + 600_000, abs=5000)
    assert len(host.asked) == 1


@pytest.mark.parametrize("code", [10006, 10018, 10429])
async def test_a_limit_in_the_body_lasts_until_the_time_in_the_header(
    bybit: Bybit, host: Loopback, code: int
) -> None:
    reset = {"X-Bapi-Limit-Reset-Timestamp": str(NOW + 90_000)}
    host.plays(TICKERS, Reply(no(code), headers=reset))
    with pytest.raises(RateLimited) as limited:
        await bybit.ticker(in_family(Family.LINEAR, "BTCUSDT"))
    assert limited.value.until_ms == pytest.approx(NOW + 90_000, abs=5000)
    assert len(host.asked) == 1


async def test_recorded_instruments(bybit: Bybit, host: Loopback, recorded: Recorded) -> None:
    entry = recorded("bybit/instruments/000")
    host.plays(INSTRUMENTS, ok({"category": "spot", "list": entry["httpResponse"]}))
    found = await bybit.instruments(Family.SPOT)
    known = entry["parsedResponse"]
    assert list(found.symbols) == [market["id"] for market in known]
    assert list(found.coins) == [market["base"] for market in known]
    assert list(found.quotes) == [market["quote"] for market in known]
    assert found.tick.tolist() == [market["precision"]["price"] for market in known]


@pytest.mark.parametrize(
    ("number", "symbols"),
    [("017", ("BTCUSDT", "ETHUSDT")), ("009", ("1000000BABYDOGEUSDT",))],
)
async def test_recorded_linear_instruments(
    bybit: Bybit, host: Loopback, recorded: Recorded, number: str, symbols: tuple[str, ...]
) -> None:
    host.plays(INSTRUMENTS, recorded(f"bybit/instruments/{number}")["httpResponse"])
    found = await bybit.instruments(Family.LINEAR)
    assert found.symbols == symbols
    assert not found.tradfi.any()


async def test_recorded_stocks_on_spot_are_tradfi(
    bybit: Bybit, host: Loopback, recorded: Recorded
) -> None:
    host.plays(INSTRUMENTS, recorded("bybit/instruments/022")["httpResponse"])
    assert (await bybit.instruments(Family.SPOT)).tradfi.tolist() == [True]


async def test_recorded_ticker(bybit: Bybit, host: Loopback, recorded: Recorded) -> None:
    entry = recorded("bybit/tickers/000")
    host.plays(TICKERS, entry["httpResponse"])
    known = entry["parsedResponse"]
    btc = in_family(Family.LINEAR, "BTCUSDT")
    ticker, mark = await bybit.ticker(btc), await bybit.mark(btc)
    assert (ticker.last, ticker.bid, ticker.ask) == (known["last"], known["bid"], known["ask"])
    assert (ticker.high_24h, ticker.low_24h) == (known["high"], known["low"])
    assert ticker.change_24h == pytest.approx(known["percentage"] / 100)
    assert ticker.volume_24h == known["baseVolume"]
    assert ticker.turnover_24h == known["quoteVolume"]
    assert (mark.mark, mark.index) == (known["markPrice"], known["indexPrice"])


async def test_recorded_funding_from_before_the_interval_was_sent(
    bybit: Bybit, host: Loopback, recorded: Recorded
) -> None:
    entry = recorded("bybit/tickers/003")
    host.plays(TICKERS, entry["httpResponse"])
    btc = in_family(Family.LINEAR, "BTCUSDT")
    funding, interest = await bybit.funding(btc), await bybit.open_interest(btc)
    assert (funding.rate, funding.next_ms) == (0.0001, 1730736000000)
    assert funding.hours is None
    assert (interest.coins, interest.usd) == (69604.924 / 2, 4774303360.35 / 2)


async def test_recorded_candles(bybit: Bybit, host: Loopback, recorded: Recorded) -> None:
    entry = recorded("bybit/klines/000")
    host.plays(KLINE, entry["httpResponse"])
    bars = await bybit.candles(in_family(Family.LINEAR, "BTCUSDT"), Timeframe.H1, 3)
    columns = (bars.open_ms, bars.open, bars.high, bars.low, bars.close, bars.volume)
    assert [list(row) for row in zip(*columns, strict=True)] == entry["parsedResponse"]
    assert bars.closed.all()


@pytest.mark.parametrize(
    ("number", "error"),
    [
        ("001", RateLimited),
        ("002", ClockSkew),
        ("003", Refused),
        ("004", Refused),
        ("010", GeoBlocked),
        ("012", Unreachable),
        ("013", Unreachable),
        ("014", RateLimited),
    ],
)
async def test_recorded_errors(
    bybit: Bybit, host: Loopback, recorded: Recorded, number: str, error: type[ExchangeError]
) -> None:
    entry = recorded(f"bybit/errors/{number}")
    reply = Reply(entry["httpResponse"], int(entry["http_status"]), entry["response_headers"])
    host.plays(TICKERS, reply)
    with pytest.raises(error):
        await bybit.ticker(in_family(Family.LINEAR, "BTCUSDT"))
