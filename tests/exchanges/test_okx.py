"""OKX's own bodies, and what they mean."""

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import (
    Blocked,
    ClockSkew,
    ExchangeError,
    GeoBlocked,
    Malformed,
    RateLimited,
    Refused,
    Unreachable,
)
from crypto_assistant.exchanges.okx import Okx
from crypto_assistant.models import Family, Instruments
from tests.exchanges.conftest import NOW, Clock, Recorded, ages
from tests.exchanges.okx_bodies import (
    BTC,
    BTC_UM,
    BTC_USD,
    BTC_XPERP,
    DELIVERY,
    PERP,
    SATS,
    SHIB,
    SPOT,
    market,
    no,
    ok,
)
from tests.net.loopback import Loopback, Reply

INSTRUMENTS = "/api/v5/public/instruments"
TICKERS = "/api/v5/market/tickers"
TICKER = "/api/v5/market/ticker"
FUNDING = "/api/v5/public/funding-rate"
MARK = "/api/v5/public/mark-price"
INDEX = "/api/v5/market/index-tickers"
OPEN_INTEREST = "/api/v5/public/open-interest"

EIGHT_HOURS = 28_800_000
SETTLEMENT = 1_790_006_400_000


TICKER_ROW = {
    "instType": "SWAP",
    "instId": "BTC-USDT-SWAP",
    "last": "64000",
    "lastSz": "2",
    "askPx": "64000.1",
    "askSz": "12",
    "bidPx": "63999.9",
    "bidSz": "431",
    "open24h": "62500",
    "high24h": "64500",
    "low24h": "62000",
    "sodUtc0": "63000",
    "sodUtc8": "63500",
    "volCcy24h": "80000",
    "vol24h": "8000000",
    "ts": "1789992029877",
}
SATS_ROW = {
    **TICKER_ROW,
    "instId": "1000SATS-USDT-SWAP",
    "last": "0.0002",
    "bidPx": "",
    "askPx": "0",
    "open24h": "0",
    "high24h": "0.00025",
    "low24h": None,
    "vol24h": "5000",
    "volCcy24h": "5000000",
}
BTC_USD_ROW = {
    **TICKER_ROW,
    "instId": "BTC-USD-SWAP",
    "last": "50000",
    "vol24h": "6400000",
    "volCcy24h": "12799.5",
}


@pytest.fixture
def swaps(host: Loopback) -> None:
    host.plays(INSTRUMENTS, ok(BTC, SHIB, BTC_USD, SATS, BTC_UM))


@pytest.fixture
async def linear(swaps: None, okx: Okx, host: Loopback) -> Instruments:
    """BTC, SHIB, 1000SATS as 1000 SATS, and BTC margined in several dollars."""
    found = await okx.instruments(Family.LINEAR)
    host.asked.clear()
    return replace(found, multiplier=np.array([1.0, 1, 1000, 1]))


@pytest.fixture
async def inverse(swaps: None, okx: Okx, host: Loopback) -> Instruments:
    found = await okx.instruments(Family.INVERSE)
    host.asked.clear()
    return found


async def test_the_venues_clock(okx: Okx, host: Loopback) -> None:
    host.plays("/api/v5/public/time", ok({"ts": "1597026383085"}))
    assert await okx.clock_ms() == 1597026383085


async def test_a_linear_volume_is_contracts_and_counted_in_coins(
    okx: Okx, host: Loopback, linear: Instruments
) -> None:
    host.plays(f"{TICKERS}?instType=SWAP", ok(BTC_USD_ROW, SATS_ROW, TICKER_ROW))
    tickers = await okx.tickers(linear)
    btc, shib, sats = tickers[0], tickers[1], tickers[2]
    assert (btc.last, btc.bid, btc.ask) == (64000, 63999.9, 64000.1)
    assert (btc.high_24h, btc.low_24h) == (64500, 62000)
    assert btc.change_24h == pytest.approx(0.024)
    assert (btc.volume_24h, btc.turnover_24h) == (80_000, 80_000 * 64_000)
    assert (shib.last, shib.volume_24h) == (None, None)
    assert sats.last == pytest.approx(2e-7)
    assert sats.high_24h == pytest.approx(2.5e-7)
    assert (sats.bid, sats.ask, sats.change_24h, sats.low_24h) == (None, None, None, None)
    assert (sats.volume_24h, sats.turnover_24h) == (5e9, 1000)


async def test_an_inverse_volume_is_contracts_of_dollars(
    okx: Okx, host: Loopback, inverse: Instruments
) -> None:
    host.plays(f"{TICKER}?instId=BTC-USD-SWAP", ok(BTC_USD_ROW))
    ticker = await okx.ticker(inverse[0])
    assert (ticker.volume_24h, ticker.turnover_24h) == (12_799.5, 640e6)


async def test_a_spot_volume_is_coins(okx: Okx, host: Loopback) -> None:
    row = {**TICKER_ROW, "instId": "BTC-USDT", "vol24h": "21266.5", "volCcy24h": "1519926359.6"}
    host.plays(f"{TICKER}?instId=BTC-USDT", ok({**row, "instType": "SPOT"}))
    ticker = await okx.ticker(SPOT)
    assert (ticker.volume_24h, ticker.turnover_24h) == (21266.5, 1519926359.6)


async def test_both_families_of_perps_share_the_tickers(
    okx: Okx, host: Loopback, linear: Instruments, inverse: Instruments
) -> None:
    host.plays(TICKERS, ok(TICKER_ROW, BTC_USD_ROW))
    assert (await okx.tickers(linear))[0].last == 64000
    assert (await okx.tickers(inverse))[0].last == 50000
    assert len(host.asked) == 1


def funding(symbol: str, rate: str, hours: float) -> dict[str, Any]:
    return {
        "formulaType": "withRate",
        "fundingRate": rate,
        "fundingTime": str(SETTLEMENT),
        "instId": symbol,
        "instType": "SWAP",
        "maxFundingRate": "0.00375",
        "method": "current_period",
        "minFundingRate": "-0.00375",
        "nextFundingRate": "",
        "nextFundingTime": str(SETTLEMENT + round(hours * 3_600_000)),
        "premium": "0.00009",
        "settFundingRate": "0.00007",
        "settState": "settled",
        "ts": str(NOW),
    }


async def test_the_next_settlement_is_the_funding_time(okx: Okx, host: Loopback) -> None:
    host.plays(f"{FUNDING}?instId=BTC-USDT-SWAP", ok(funding("BTC-USDT-SWAP", "0.0001", 8)))
    answer = await okx.funding(PERP)
    assert (answer.rate, answer.hours, answer.next_ms) == (0.0001, 8, SETTLEMENT)


async def test_all_fundings_come_with_one_request(
    okx: Okx, host: Loopback, linear: Instruments, inverse: Instruments
) -> None:
    rows = [funding("BTC-USD-SWAP", "-0.0002", 8), funding("SHIB-USDT-SWAP", "0.0001", 4)]
    host.plays(f"{FUNDING}?instId=ANY", ok(*rows, funding("BTC-USDT-SWAP", "0.0003", 1)))
    fundings = await okx.fundings(linear)
    assert fundings.rate[:2].tolist() == [0.0003, 0.0001]
    np.testing.assert_allclose(fundings.rate_8h, [0.0024, 0.0002, np.nan, np.nan])
    assert (await okx.fundings(inverse))[0].rate == -0.0002
    assert len(host.asked) == 1


def mark(symbol: str, price: str) -> dict[str, Any]:
    return {"instType": "SWAP", "instId": symbol, "markPx": price, "ts": str(NOW)}


def index(name: str, price: str) -> dict[str, Any]:
    return {
        "instId": name,
        "idxPx": price,
        "high24h": "1",
        "low24h": "1",
        "open24h": "1",
        "sodUtc0": "1",
        "sodUtc8": "1",
        "ts": str(NOW),
    }


@pytest.mark.parametrize(
    ("kind", "symbol", "name"),
    [
        ("SWAP", "BTC-USDT-SWAP", "BTC-USDT"),
        ("SWAP", "BTC-USD-SWAP", "BTC-USD"),
        ("SWAP", "BTC-USD_UM-SWAP", "BTC-USD"),
        ("FUTURES", "BTC-USD_UM_XPERP-310404", "BTC-USD"),
        ("FUTURES", "BTC-USDT-261225", "BTC-USDT"),
    ],
)
async def test_a_mark_stands_beside_the_index_of_its_pair(
    okx: Okx, host: Loopback, kind: str, symbol: str, name: str
) -> None:
    host.plays(f"{MARK}?instType={kind}&instId={symbol}", ok(mark(symbol, "64005.5")))
    host.plays(f"{INDEX}?instId={name}", ok(index(name, "64010")))
    answer = await okx.mark(market(Family.LINEAR, symbol))
    assert (answer.mark, answer.index) == (64005.5, 64010)


async def test_all_marks_take_an_index_request_per_quote(
    okx: Okx, host: Loopback, linear: Instruments
) -> None:
    marks = [mark("BTC-USDT-SWAP", "64005"), mark("1000SATS-USDT-SWAP", "0.0002")]
    host.plays(f"{MARK}?instType=SWAP", ok(*marks, mark("BTC-USD_UM-SWAP", "63999")))
    usdt = [index("BTC-USDT", "64010"), index("1000SATS-USDT", "0.00021")]
    host.plays(f"{INDEX}?quoteCcy=USDT", ok(*usdt))
    host.plays(f"{INDEX}?quoteCcy=USD", ok(index("BTC-USD", "64001")))
    answer = await okx.marks(linear)
    np.testing.assert_allclose(answer.mark, [64005, np.nan, 2e-7, 63999])
    np.testing.assert_allclose(answer.index, [64010, np.nan, 2.1e-7, 64001])
    assert len(host.asked) == 3


async def test_open_interest_is_contracts_and_counted_in_coins(
    okx: Okx, host: Loopback, linear: Instruments, inverse: Instruments
) -> None:
    btc = {"instId": "BTC-USDT-SWAP", "instType": "SWAP", "oi": "2663107.3"}
    btc |= {"oiCcy": "26631.073", "oiUsd": "1676426045.35", "ts": "1728728314766"}
    sats = {**btc, "instId": "1000SATS-USDT-SWAP", "oi": "7", "oiCcy": "7000", "oiUsd": ""}
    coin = {**btc, "instId": "BTC-USD-SWAP", "oi": "4000000", "oiCcy": "8000"}
    del coin["oiUsd"]
    host.plays(f"{OPEN_INTEREST}?instType=SWAP", ok(btc, sats, coin))
    of_linear, of_inverse = await okx.open_interests(linear), await okx.open_interests(inverse)
    assert (of_linear[0].coins, of_linear[0].usd) == (26631.073, 1676426045.35)
    assert (of_linear[2].coins, of_linear[2].usd) == (7e6, None)
    assert (of_inverse[0].coins, of_inverse[0].usd) == (8000, 400e6)
    assert len(host.asked) == 1


async def test_dated_futures_have_open_interest_of_their_own(okx: Okx, host: Loopback) -> None:
    future = market(Family.LINEAR, "BTC-USDT-261225", 0.01, expires_ms=DELIVERY)
    row = {"instId": "BTC-USDT-261225", "instType": "FUTURES", "oi": "500", "oiCcy": "5"}
    host.plays(f"{OPEN_INTEREST}?instType=FUTURES", ok({**row, "oiUsd": "320000", "ts": "1"}))
    answer = await okx.open_interests(Instruments.one(future, NOW))
    assert (answer[0].coins, answer[0].usd) == (5, 320_000)
    host.plays(f"{OPEN_INTEREST}?instType=FUTURES&instId=BTC-USDT-261225", ok(row))
    one = await okx.open_interest(future)
    assert (one.coins, one.usd) == (5, None)


async def test_one_markets_open_interest(okx: Okx, host: Loopback) -> None:
    row = {"instId": "BTC-USDT-SWAP", "oi": "0", "oiCcy": "0", "oiUsd": "0", "ts": "1"}
    host.plays(f"{OPEN_INTEREST}?instType=SWAP&instId=BTC-USDT-SWAP", ok(row))
    answer = await okx.open_interest(PERP)
    assert (answer.coins, answer.usd) == (0, 0)


async def test_perps_that_are_futures_to_the_venue_come_with_those(
    okx: Okx, host: Loopback, swaps: None
) -> None:
    host.plays(f"{INSTRUMENTS}?instType=FUTURES", ok(BTC_XPERP))
    listed, row = await okx.instruments(Family.LINEAR), {"instId": BTC_XPERP["instId"]}
    host.asked.clear()
    host.plays(f"{TICKERS}?instType=SWAP", ok(TICKER_ROW))
    host.plays(f"{TICKERS}?instType=FUTURES", ok({**TICKER_ROW, **row, "last": "64100"}))
    told = {"oi": "300", "oiCcy": "0.03", "oiUsd": "1920", "ts": "1"}
    host.plays(f"{OPEN_INTEREST}?instType=SWAP", ok({"instId": "BTC-USDT-SWAP", **told}))
    host.plays(f"{OPEN_INTEREST}?instType=FUTURES", ok({**row, **told}))
    host.plays(f"{MARK}?instType=SWAP", ok(mark("BTC-USDT-SWAP", "64005")))
    host.plays(f"{MARK}?instType=FUTURES", ok(mark(BTC_XPERP["instId"], "64105")))
    host.plays(INDEX, ok(index("BTC-USD", "64001")))
    at = [listed.row[symbol] for symbol in ("BTC-USDT-SWAP", BTC_XPERP["instId"])]
    assert (await okx.tickers(listed)).last[at].tolist() == [64000, 64100]
    interests = await okx.open_interests(listed)
    np.testing.assert_allclose(interests.coins[at], [3, 0.03])
    marks = await okx.marks(listed)
    assert marks.mark[at].tolist() == [64005, 64105]
    assert marks.index[at[1]] == 64001
    assert len(host.asked) == 8
    host.plays(
        f"{OPEN_INTEREST}?instType=FUTURES&instId={BTC_XPERP['instId']}", ok({**row, **told})
    )
    assert (await okx.open_interest(listed[at[1]])).usd == 1920


async def test_each_path_has_a_limit_of_its_own(okx: Okx, host: Loopback) -> None:
    host.plays(FUNDING, ok(funding("BTC-USDT-SWAP", "0.0001", 8)))
    host.plays(TICKER, ok(TICKER_ROW))
    for i in range(10):
        await okx.funding(market(Family.LINEAR, f"C{i}-USDT-SWAP"))
    began = monotonic()
    assert (await okx.ticker(PERP)).last == 64000
    assert monotonic() == began
    await okx.funding(PERP)
    assert monotonic() - began == pytest.approx(2.2)


async def test_rankings_are_kept_for_half_a_minute_and_prices_for_a_second(
    okx: Okx, host: Loopback, linear: Instruments
) -> None:
    host.plays(TICKERS, ok(TICKER_ROW))
    host.plays(FUNDING, ok(funding("BTC-USDT-SWAP", "0.0001", 8)))
    host.plays(OPEN_INTEREST, ok({"instId": "BTC-USDT-SWAP", "oi": "1", "oiCcy": "1"}))
    async for _ in ages(0, 29, 31):
        await okx.tickers(linear)
        await okx.fundings(linear)
        await okx.open_interests(linear)
    assert len(host.asked) == 6
    async for _ in ages(0, 0.9, 1.1):
        await okx.funding(PERP)
    assert len(host.asked) == 8


@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        (no("51001"), Refused, "refused: why (51001)"),
        (no("51000", 400), Refused, "refused: why (51000)"),
        (no("50102", 401), ClockSkew, "why"),
        (no("50112", 401), ClockSkew, "why"),
        (Reply(b"<html>not available in your country or region</html>", 403), GeoBlocked, "geo"),
        (Reply(b"error code: 1020", 403), Blocked, "blocked by a firewall"),
        ({"msg": "", "data": []}, Malformed, "without a code"),
        ({"code": "0", "msg": ""}, Malformed, "not the documented list"),
        (ok(), Malformed, "an empty list"),
        (ok({**TICKER_ROW, "last": "soon"}), Malformed, "its rows cannot be read"),
    ],
)
async def test_errors_say_what_the_venue_said(
    okx: Okx, host: Loopback, reply: Any, error: type[ExchangeError], text: str
) -> None:
    host.plays(TICKER, reply)
    with pytest.raises(error) as raised:
        await okx.ticker(PERP)
    assert text in str(raised.value)
    assert len(host.asked) == 1


@pytest.mark.parametrize(("code", "status"), [("50004", 400), ("50001", 503), ("50026", 500)])
async def test_a_failure_of_the_venues_servers_is_tried_again(
    okx: Okx, host: Loopback, code: str, status: int
) -> None:
    host.plays(TICKER, no(code, status), ok(TICKER_ROW))
    assert (await okx.ticker(PERP)).last == 64000


@pytest.mark.parametrize(
    ("code", "status"), [("50011", 200), ("50011", 429), ("50040", 200), ("50061", 200)]
)
async def test_a_limit_holds_the_venue_for_a_window(
    okx: Okx, host: Loopback, code: str, status: int
) -> None:
    host.plays(TICKER, no(code, status), ok(TICKER_ROW))
    host.plays(FUNDING, ok(funding("BTC-USDT-SWAP", "0.0001", 8)))
    began, asking = monotonic(), asyncio.create_task(okx.ticker(PERP))
    while okx.limiter.held_until_ms is None:  # noqa: ASYNC110 (what is waited for tells nobody)
        await asyncio.sleep(0)
    assert okx.limiter.held_until_ms == NOW + 2200
    await okx.funding(PERP)
    assert monotonic() - began == pytest.approx(2.2)
    assert (await asking).last == 64000


async def test_recorded_spot_ticker(okx: Okx, host: Loopback, recorded: Recorded) -> None:
    entry = recorded("okx/tickers/000")
    host.plays(TICKER, entry["httpResponse"])
    known = entry["parsedResponse"]
    ticker = await okx.ticker(SPOT)
    assert (ticker.last, ticker.bid, ticker.ask) == (known["last"], known["bid"], known["ask"])
    assert (ticker.high_24h, ticker.low_24h) == (known["high"], known["low"])
    assert ticker.change_24h == pytest.approx(known["percentage"] / 100)
    assert ticker.volume_24h == known["baseVolume"]
    assert ticker.turnover_24h == known["quoteVolume"]


async def test_recorded_swap_ticker(okx: Okx, host: Loopback, recorded: Recorded) -> None:
    host.plays(TICKER, ok(*recorded("okx/tickers/007")["httpResponse"]["data"]))
    ticker = await okx.ticker(PERP)
    assert ticker.volume_24h == 108540.53
    assert ticker.turnover_24h == 108540.53 * 29963


async def test_recorded_inverse_ticker(
    okx: Okx, host: Loopback, recorded: Recorded, inverse: Instruments
) -> None:
    host.plays(TICKER, ok(*recorded("okx/tickers/006")["httpResponse"]["data"]))
    ticker = await okx.ticker(inverse[0])
    assert ticker.volume_24h == 17799.3208
    assert ticker.turnover_24h == 541_251_000


async def test_recorded_open_interest(
    okx: Okx, host: Loopback, recorded: Recorded, inverse: Instruments
) -> None:
    entry = recorded("okx/open_interest/000")
    host.plays(OPEN_INTEREST, entry["httpResponse"])
    answer = await okx.open_interest(PERP)
    assert answer.coins == pytest.approx(entry["parsedResponse"]["baseVolume"])
    assert answer.usd == entry["parsedResponse"]["openInterestValue"]
    host.plays(OPEN_INTEREST, recorded("okx/open_interest/006")["httpResponse"])
    old = (await okx.open_interests(inverse))[0]
    assert (old.coins, old.usd) == (13840.048827662696883, 409_297_300)


async def test_recorded_funding(okx: Okx, host: Loopback, clock: Clock, recorded: Recorded) -> None:
    clock.ms = 1743600000000
    host.plays(FUNDING, recorded("okx/funding_now/001")["httpResponse"])
    answer = await okx.funding(PERP)
    assert (answer.rate, answer.hours) == (0.0000182221218054, 8)
    assert answer.next_ms == 1743609600000


@pytest.mark.parametrize(
    ("number", "error"),
    [
        ("000", RateLimited),
        ("001", RateLimited),
        ("003", Unreachable),
        ("004", Unreachable),
        ("005", Unreachable),
        ("006", ClockSkew),
        ("007", ClockSkew),
        ("008", Refused),
        ("015", Refused),
        ("016", Refused),
    ],
)
async def test_recorded_errors(
    okx: Okx, host: Loopback, recorded: Recorded, number: str, error: type[ExchangeError]
) -> None:
    entry = recorded(f"okx/errors/{number}")
    host.plays(TICKER, Reply(entry["httpResponse"], int(entry["http_status"])))
    with pytest.raises(error):
        await okx.ticker(PERP)
