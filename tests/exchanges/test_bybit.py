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
from crypto_assistant.models import Family, Instruments
from tests.exchanges.bybit_bodies import (
    BTC,
    BTC_TICKER,
    BTCUSD_TICKER,
    PEPE,
    PEPE_TICKER,
    TICKERS,
    in_family,
    instruments,
    listed,
    no,
    ok,
    perp,
)
from tests.exchanges.conftest import NOW, Clock, Recorded, ages
from tests.net.loopback import Loopback, Reply


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


async def test_the_venues_clock(bybit: Bybit, host: Loopback) -> None:
    host.plays(
        "/v5/market/time", ok({"timeSecond": "1688639403", "timeNano": "1688639403423213947"})
    )
    assert await bybit.clock_ms() == 1688639403423


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


async def test_dated_futures_are_in_the_same_answer_as_perps(
    bybit: Bybit, host: Loopback, linear: Instruments
) -> None:
    dated = {**BTC_TICKER, "symbol": "BTCUSDT-25SEP26", "fundingRate": "", "nextFundingTime": ""}
    sizes = {"singleOpenInterest": "250.5", "singleOpenInterestValue": "16100000"}
    host.plays(TICKERS, listed("linear", BTC_TICKER, {**dated, **sizes}))
    host.asked.clear()
    await bybit.open_interests(linear)
    future = replace(in_family(Family.LINEAR, "BTCUSDT-25SEP26"), expires_ms=NOW + 86_400_000)
    found = await bybit.open_interests(Instruments.one(future, NOW))
    assert (found[0].coins, found[0].usd) == (250.5, 16.1e6)
    assert host.asked == [f"{TICKERS}?category=linear"]


async def test_dated_inverse_futures_count_usd_too(bybit: Bybit, host: Loopback) -> None:
    host.plays(TICKERS, listed("inverse", {**BTCUSD_TICKER, "symbol": "BTCUSDU26"}))
    future = replace(in_family(Family.INVERSE, "BTCUSDU26"), expires_ms=NOW + 86_400_000)
    found = await bybit.open_interests(Instruments.one(future, NOW))
    assert (found[0].usd, found[0].coins) == (200e6, 3125)


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
    bybit: Bybit, host: Loopback, linear: Instruments
) -> None:
    host.plays(TICKERS, listed("linear", BTC_TICKER))
    host.asked.clear()
    async for _ in ages(0, 29, 31):
        await bybit.tickers(linear)
        await bybit.open_interests(linear)
    assert len(host.asked) == 2
    async for _ in ages(0, 0.9, 1.1):
        await bybit.ticker(linear[0])
    assert len(host.asked) == 4


@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        (no(10001), Refused, "refused: why (10001)"),
        (no(10002), ClockSkew, "why"),
        (no(10009), GeoBlocked, "geo-blocked"),
        (no(10024), GeoBlocked, "geo-blocked"),
        (Reply(b"<html>not available in your country</html>", 403), GeoBlocked, "geo"),
        (Reply(b"not found", 404), Refused, "HTTP 404"),
        ({"result": {}}, Malformed, "without a code"),
        ({"retCode": "", "result": {}}, Malformed, "without a code"),
        ({"retCode": 0, "retMsg": "OK"}, Malformed, "another shape"),
        (ok({}), Malformed, "another shape"),
        (ok(None), Malformed, "another shape"),
        (listed("linear"), Malformed, "an empty list"),
        (listed("linear", {**BTC_TICKER, "lastPrice": "soon"}), Malformed, "its rows"),
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


@pytest.mark.parametrize("told", [0, -1, None, [], NOW // 1000, NOW * 1000, NOW - 511_000])
async def test_a_limit_told_at_no_time_lasts_for_the_window(
    bybit: Bybit, host: Loopback, told: object
) -> None:
    reset = {"X-Bapi-Limit-Reset-Timestamp": str(NOW + 90_000)}
    host.plays(TICKERS, Reply(no(10006) | {"time": told}, headers=reset))
    with pytest.raises(RateLimited) as limited:
        await bybit.ticker(in_family(Family.LINEAR, "BTCUSDT"))
    assert limited.value.until_ms == pytest.approx(NOW + 5000, abs=1000)


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
    bybit: Bybit, host: Loopback, clock: Clock, recorded: Recorded
) -> None:
    clock.ms = 1730730000000
    entry = recorded("bybit/tickers/003")
    host.plays(TICKERS, entry["httpResponse"])
    btc = in_family(Family.LINEAR, "BTCUSDT")
    funding, interest = await bybit.funding(btc), await bybit.open_interest(btc)
    assert (funding.rate, funding.next_ms) == (0.0001, 1730736000000)
    assert funding.hours is None
    assert (interest.coins, interest.usd) == (69604.924 / 2, 4774303360.35 / 2)


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
