"""Binance's markets at this moment, its errors and its limits."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from crypto_assistant.errors import (
    Blocked,
    ClockSkew,
    ExchangeError,
    GeoBlocked,
    Malformed,
    RateLimited,
    Refused,
    Unreachable,
    Unsupported,
)
from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.models import Instruments, Timeframe
from tests.exchanges.binance_bodies import (
    COIN_PERP,
    COIN_TICKER,
    LINEAR,
    PEPE_PREMIUM,
    PEPE_TICKER,
    PERP,
    PREMIUM,
    SPOT,
    TICKER,
    in_family,
    perp,
    symbols,
)
from tests.exchanges.conftest import NOW, Clock, Recorded, ages
from tests.net.loopback import Loopback, Reply


@pytest.fixture
async def linear(binance: Binance, host: Loopback) -> Instruments:
    """BTC, and 1000PEPE as 1000 PEPE."""
    markets = symbols(perp("BTCUSDT", "BTC"), perp("1000PEPEUSDT", "1000PEPE"))
    host.plays("/fapi/v1/exchangeInfo", markets)
    found = await binance.instruments(LINEAR)
    host.asked.clear()
    return replace(found, multiplier=np.array([1.0, 1000]))


async def test_the_venues_clock(binance: Binance, host: Loopback) -> None:
    host.plays("/api/v3/time", {"serverTime": 1499827319559})
    assert await binance.clock_ms() == 1499827319559


@pytest.mark.parametrize("hours", [0, None, "", [], True, "often"])
async def test_an_interval_of_no_hours_is_unknown(
    binance: Binance, host: Loopback, hours: object
) -> None:
    host.plays("/fapi/v1/premiumIndex?symbol=BTCUSDT", PREMIUM)
    host.plays("/fapi/v1/fundingInfo", [{"symbol": "BTCUSDT", "fundingIntervalHours": hours}])
    funding = await binance.funding(PERP)
    assert (funding.rate, funding.hours, funding.rate_8h) == (0.0001, None, None)


async def test_tickers_are_per_plain_coin_and_changes_fractions(
    binance: Binance, host: Loopback, linear: Instruments
) -> None:
    host.plays("/fapi/v1/ticker/24hr", [PEPE_TICKER, TICKER])
    tickers = await binance.tickers(linear)
    btc, pepe = tickers[0], tickers[1]
    assert (btc.last, btc.high_24h, btc.low_24h) == (64000.1, 64500, 62000)
    assert btc.change_24h == pytest.approx(0.024)
    assert (btc.volume_24h, btc.turnover_24h) == (80000, 5e9)
    assert (btc.bid, btc.ask, btc.mid) == (None, None, 64000.1)
    assert (pepe.last, pepe.high_24h, pepe.low_24h) == (0.0000125, 0.000014, None)
    assert pepe.change_24h == pytest.approx(-0.9596)
    assert (pepe.volume_24h, pepe.turnover_24h) == (4e9, 50000)


async def test_a_perps_ticker_has_its_book(
    binance: Binance, host: Loopback, linear: Instruments
) -> None:
    book = {"symbol": "1000PEPEUSDT", "bidPrice": "0.0124", "bidQty": "1", "askPrice": "0.0126"}
    host.plays("/fapi/v1/ticker/24hr?symbol=1000PEPEUSDT", PEPE_TICKER)
    host.plays("/fapi/v1/ticker/bookTicker?symbol=1000PEPEUSDT", {**book, "time": NOW})
    ticker = await binance.ticker(linear[1])
    assert (ticker.bid, ticker.ask) == (0.0000124, 0.0000126)
    assert ticker.volume_24h == 4e9


async def test_a_spot_ticker_is_one_request(binance: Binance, host: Loopback) -> None:
    host.plays("/api/v3/ticker/24hr", {**TICKER, "bidPrice": "63999", "askPrice": "64001"})
    ticker = await binance.ticker(in_family(SPOT, "BTCUSDT"))
    assert (ticker.bid, ticker.ask, ticker.turnover_24h) == (63999, 64001, 5e9)
    assert len(host.asked) == 1


async def test_coin_margined_volume_is_contracts_and_answers_are_lists(
    binance: Binance, host: Loopback
) -> None:
    host.plays("/dapi/v1/ticker/24hr?symbol=BTCUSD_PERP", [COIN_TICKER])
    book = {"symbol": "BTCUSD_PERP", "bidPrice": "64000", "askPrice": "64001", "pair": "BTCUSD"}
    host.plays("/dapi/v1/ticker/bookTicker?symbol=BTCUSD_PERP", [book])
    ticker = await binance.ticker(COIN_PERP)
    assert (ticker.volume_24h, ticker.turnover_24h) == (10000.5, 640e6)
    assert (ticker.bid, ticker.ask) == (64000, 64001)


async def test_funding_is_paid_every_eight_hours_unless_told(
    binance: Binance, host: Loopback, linear: Instruments
) -> None:
    pepe = {"symbol": "1000PEPEUSDT", "adjustedFundingRateCap": "0.02", "fundingIntervalHours": 4}
    host.plays("/fapi/v1/premiumIndex", [PREMIUM, PEPE_PREMIUM])
    host.plays("/fapi/v1/fundingInfo", [pepe])
    fundings = await binance.fundings(linear)
    assert fundings.rate.tolist() == [0.0001, -0.00025]
    assert fundings.hours.tolist() == [8, 4]
    assert fundings.rate_8h.tolist() == [0.0001, -0.0005]
    assert fundings[0].next_ms == 1790006400000


@pytest.mark.parametrize("lost", [{}, {"symbol": None}, {"symbol": ""}, None, [], "BTCUSDT"])
async def test_an_interval_of_nobody_may_be_that_of_any_perp_without_one(
    binance: Binance, host: Loopback, linear: Instruments, lost: object
) -> None:
    rest = [{"symbol": f"COIN{n}USDT", "fundingIntervalHours": 4} for n in range(9)]
    pepe = {"symbol": "1000PEPEUSDT", "fundingIntervalHours": 4}
    host.plays("/fapi/v1/premiumIndex", [PREMIUM, PEPE_PREMIUM])
    host.plays("/fapi/v1/fundingInfo", [*rest, lost, pepe])
    fundings = await binance.fundings(linear)
    assert np.array_equal(fundings.hours, [np.nan, 4], equal_nan=True)


@pytest.mark.parametrize("payload", [{}, "none", {"BTCUSD_PERP": 4}])
async def test_what_is_no_list_of_intervals_is_refused(
    binance: Binance, host: Loopback, payload: object
) -> None:
    host.plays("/dapi/v1/premiumIndex", [{**PREMIUM, "symbol": "BTCUSD_PERP"}])
    host.plays("/dapi/v1/fundingInfo", payload)
    with pytest.raises(Malformed):
        await binance.funding(COIN_PERP)


async def test_no_adjusted_interval_is_no_failure(binance: Binance, host: Loopback) -> None:
    host.plays("/dapi/v1/premiumIndex", [{**PREMIUM, "symbol": "BTCUSD_PERP"}])
    host.plays("/dapi/v1/fundingInfo", [])
    assert (await binance.funding(COIN_PERP)).hours == 8


async def test_placeholders_of_dated_futures_are_not_numbers(
    binance: Binance, host: Loopback
) -> None:
    row = {**PREMIUM, "symbol": "BTCUSD_PERP", "lastFundingRate": "", "nextFundingTime": 0}
    host.plays("/dapi/v1/premiumIndex", [row])
    host.plays("/dapi/v1/fundingInfo", [])
    funding = await binance.funding(COIN_PERP)
    assert (funding.rate, funding.next_ms) == (None, None)


async def test_marks_are_per_plain_coin(
    binance: Binance, host: Loopback, linear: Instruments
) -> None:
    host.plays("/fapi/v1/premiumIndex", [PREMIUM, PEPE_PREMIUM])
    marks = await binance.marks(linear)
    assert (marks[0].mark, marks[0].index) == (64005, 64010.5)
    assert (marks[1].mark, marks[1].index) == (0.000012, None)


async def test_an_empty_list_of_intervals_is_believed_on_coin_m_only(
    binance: Binance, host: Loopback
) -> None:
    host.plays("/fapi/v1/premiumIndex?symbol=BTCUSDT", PREMIUM)
    host.plays("/fapi/v1/fundingInfo", [])
    with pytest.raises(Malformed, match="an empty list"):
        await binance.funding(PERP)


async def test_mark_and_funding_share_a_request(binance: Binance, host: Loopback) -> None:
    host.plays("/fapi/v1/premiumIndex?symbol=BTCUSDT", PREMIUM)
    host.plays("/fapi/v1/fundingInfo", [{"symbol": "LPTUSDT", "fundingIntervalHours": 4}])
    assert (await binance.mark(PERP)).mark == 64005
    assert (await binance.funding(PERP)).rate == 0.0001
    assert len(host.asked) == 2


async def test_special_payments_are_none_of_those_that_come_by_the_hour(
    binance: Binance, host: Loopback
) -> None:
    hour = {"symbol": "BTCUSDT", "fundingTime": NOW - 30_000, "markPrice": "64005"}
    old = {"symbol": "BTCUSDT", "fundingTime": NOW - 28_830_000, "fundingRate": "0.0002"}
    regular = {**hour, "fundingRate": "-0.0001", "rateType": "Regular"}
    special = {**hour, "fundingRate": "0.02", "rateType": "Special"}
    host.plays("/fapi/v1/fundingRate?symbol=BTCUSDT&limit=3", [old, special, regular, special])
    found = await binance.funding_history(PERP, 3)
    assert found.time_ms.tolist() == [NOW - 28_830_000, NOW - 30_000]
    assert found.rate.tolist() == [0.0002, -0.0001]


async def test_open_interest_is_coins_or_contracts(
    binance: Binance, host: Loopback, linear: Instruments
) -> None:
    host.plays("/fapi/v1/openInterest", {"symbol": "1000PEPEUSDT", "openInterest": "6000"})
    coin = {"symbol": "BTCUSD_PERP", "pair": "BTCUSD", "openInterest": "4000000"}
    host.plays("/dapi/v1/openInterest", {**coin, "contractType": "PERPETUAL", "time": NOW})
    host.plays("/fapi/v1/premiumIndex", {**PREMIUM, "symbol": "1000PEPEUSDT", "markPrice": "0.02"})
    of_linear, of_inverse, marked = (
        await binance.open_interest(linear[1]),
        await binance.open_interest(COIN_PERP),
        await binance.open_interest(COIN_PERP, 40_000.0),
    )
    assert of_linear.coins == 6_000_000
    assert of_linear.usd == pytest.approx(120)
    assert (of_inverse.coins, of_inverse.usd) == (None, 400e6)
    assert (marked.coins, marked.usd) == (10_000, 400e6)


async def test_open_interest_in_bulk_is_not_offered(binance: Binance, linear: Instruments) -> None:
    with pytest.raises(Unsupported):
        await binance.open_interests(linear)


async def test_the_futures_hosts_share_one_limit(binance: Binance, host: Loopback) -> None:
    full = {"X-MBX-USED-WEIGHT-1M": "2399"}
    host.plays(
        "/fapi/v1/openInterest", Reply({"symbol": "BTCUSDT", "openInterest": "1"}, 200, full)
    )
    host.plays("/api/v3/time", {"serverTime": NOW})
    await binance.open_interest(PERP)
    with pytest.raises(RateLimited):
        await binance.candles(COIN_PERP, Timeframe.H1, 300)
    assert await binance.clock_ms() == NOW


@pytest.mark.parametrize(("used", "fits"), [(2360, True), (2361, False)])
async def test_a_bulk_request_weighs_what_the_venue_says(
    binance: Binance, host: Loopback, linear: Instruments, used: int, fits: bool
) -> None:
    full = {"X-MBX-USED-WEIGHT-1M": str(used)}
    host.plays(
        "/fapi/v1/openInterest", Reply({"symbol": "BTCUSDT", "openInterest": "1"}, 200, full)
    )
    host.plays("/fapi/v1/ticker/24hr", [TICKER])
    await binance.open_interest(PERP)
    with nullcontext() if fits else pytest.raises(RateLimited):
        await binance.tickers(linear)


async def test_rankings_are_kept_for_half_a_minute_and_prices_for_a_second(
    binance: Binance, host: Loopback, linear: Instruments
) -> None:
    host.plays("/fapi/v1/ticker/24hr", [TICKER])
    host.plays("/fapi/v1/premiumIndex", [PREMIUM])
    host.plays("/fapi/v1/premiumIndex?symbol=BTCUSDT", PREMIUM)
    async for _ in ages(0, 29, 31):
        await binance.tickers(linear)
        await binance.marks(linear)
    assert len(host.asked) == 4
    async for _ in ages(0, 0.9, 1.1):
        await binance.mark(PERP)
    assert len(host.asked) == 6


@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        (Reply({"code": -1121, "msg": "Invalid symbol."}, 400), Refused, "Invalid symbol. (-1121)"),
        (Reply({"code": -1021, "msg": "Timestamp"}, 400), ClockSkew, "Timestamp"),
        (Reply({"code": -1003, "msg": "Too much"}, 400), RateLimited, "rate-limited"),
        (Reply(b"<html>403 Forbidden</html>", 403), Blocked, "blocked by a firewall"),
        (Reply({"code": 0, "msg": "restricted"}, 451), GeoBlocked, "geo-blocked"),
        (Reply(b"not found", 404), Refused, "HTTP 404"),
        ([], Malformed, "an empty list"),
        ([None], Malformed, "its rows cannot be read"),
        ({**TICKER, "lastPrice": "soon"}, Malformed, "its rows cannot be read"),
    ],
)
async def test_errors_say_what_the_venue_said(
    binance: Binance, host: Loopback, reply: Any, error: type[ExchangeError], text: str
) -> None:
    host.plays("/api/v3/ticker/24hr", reply)
    with pytest.raises(error) as raised:
        await binance.ticker(in_family(SPOT, "BTCUSDT"))
    assert text in str(raised.value)
    assert len(host.asked) == 1


@pytest.mark.parametrize("code", [-1000, -1001, -1006, -1007, -1008, -1016])
async def test_a_failure_of_the_venues_servers_is_tried_again(
    binance: Binance, host: Loopback, code: int
) -> None:
    host.plays("/api/v3/ticker/24hr", Reply({"code": code, "msg": "Timeout"}, 408), TICKER)
    assert (await binance.ticker(in_family(SPOT, "BTCUSDT"))).last == 64000.1


async def test_recorded_spot_ticker(binance: Binance, host: Loopback, recorded: Recorded) -> None:
    entry = recorded("binance/tickers/002")
    host.plays("/api/v3/ticker/24hr", entry["httpResponse"])
    known = entry["parsedResponse"]
    ticker = await binance.ticker(in_family(SPOT, "BTCUSDT"))
    assert (ticker.last, ticker.bid, ticker.ask) == (known["last"], known["bid"], known["ask"])
    assert ticker.change_24h == pytest.approx(known["percentage"] / 100)
    assert (ticker.volume_24h, ticker.turnover_24h) == (known["baseVolume"], known["quoteVolume"])


async def test_recorded_coin_margined_numbers(
    binance: Binance, host: Loopback, recorded: Recorded
) -> None:
    host.plays("/dapi/v1/openInterest", recorded("binance/open_interest/000")["httpResponse"])
    premium = recorded("binance/funding_now_mark_index/001")["httpResponse"]
    host.plays("/dapi/v1/premiumIndex", premium)
    host.plays("/dapi/v1/klines", recorded("binance/klines/013")["httpResponse"])
    interest = await binance.open_interest(COIN_PERP)
    assert interest.coins == 678_465_700 / 26780.2
    bars = await binance.candles(COIN_PERP, Timeframe.D1, 7)
    assert (bars.turnover[0], bars.volume[0]) == (206_795_900, 12496.62852978)
    assert bars.turnover[0] / bars.volume[0] == pytest.approx(16548, rel=0.001)


async def test_recorded_perp_numbers(
    binance: Binance, host: Loopback, clock: Clock, recorded: Recorded
) -> None:
    clock.ms = 1687240000000
    premium = recorded("binance/funding_now_mark_index/003")["httpResponse"]
    host.plays("/fapi/v1/premiumIndex", premium)
    host.plays("/fapi/v1/fundingInfo", recorded("binance/funding_info/000")["httpResponse"])
    funding, mark = await binance.funding(PERP), await binance.mark(PERP)
    assert (funding.rate, funding.hours, funding.next_ms) == (0.00001226, 8, 1687248000000)
    assert (mark.mark, mark.index) == (26780.82240476, 26798.25197802)


@pytest.mark.parametrize(
    ("number", "error"),
    [
        ("000", RateLimited),
        ("001", RateLimited),
        ("002", Blocked),
        ("003", ClockSkew),
        ("006", Refused),
        ("009", Refused),
        ("011", Unreachable),
        ("012", Unreachable),
        ("013", Unreachable),
        ("014", GeoBlocked),
    ],
)
async def test_recorded_errors(
    binance: Binance, host: Loopback, recorded: Recorded, number: str, error: type[ExchangeError]
) -> None:
    entry = recorded(f"binance/errors/{number}")
    reply = Reply(entry["httpResponse"], int(entry["http_status"]), entry["response_headers"])
    host.plays("/api/v3/ticker/24hr", reply)
    with pytest.raises(error):
        await binance.ticker(in_family(SPOT, "BTCUSDT"))
