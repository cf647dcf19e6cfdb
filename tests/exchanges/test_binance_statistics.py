"""Binance's samples of open interest and its counts of who is long."""

from asyncio import gather
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest

from crypto_assistant.errors import Malformed, NotListed, RateLimited, Unsupported
from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.models import Instrument, Timeframe
from crypto_assistant.net.door import Door
from tests.exchanges.binance_bodies import (
    BARS,
    COIN_PERP,
    INVERSE,
    LINEAR,
    PEPE,
    PERP,
    at,
    bar,
    coin_margined,
    in_family,
    leave,
    spend_one,
    symbols,
)
from tests.exchanges.conftest import NOW, Recorded, ages
from tests.net.loopback import Loopback, Reply

HOUR, DAY = 3_600_000, 86_400_000
FIVE = 300_000
NOON = 1_789_992_000_000
"""2026-09-21 12:00 UTC, half a minute ago."""
HISTORY = "/futures/data/openInterestHist"
GLOBAL = "/futures/data/globalLongShortAccountRatio"
TOP = "/futures/data/topLongShortAccountRatio"
POSITIONS = "/futures/data/topLongShortPositionRatio"


def sample(time_ms: Any, size: Any, value: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "sumOpenInterest": size,
        "sumOpenInterestValue": value,
        "CMCCirculatingSupply": "19900000",
        "timestamp": time_ms,
    }


def coin_sample(time_ms: int, contracts: str, coins: str, kind: str) -> dict[str, Any]:
    row = {**sample(time_ms, contracts, coins), "pair": "BTCUSD", "contractType": kind}
    del row["symbol"], row["CMCCirculatingSupply"]
    return row


SAMPLES = [sample(NOON - FIVE, "6000", "75"), sample(NOON, "6400", "80")]


def ladder(first: int, count: int) -> list[dict[str, Any]]:
    return [sample(t, str(t), "1") for t in range(first, first + count * FIVE, FIVE)]


async def test_samples_are_coins_and_dollars(binance: Binance, host: Loopback) -> None:
    host.plays(f"{HISTORY}?symbol=1000PEPEUSDT&period=5m&limit=2", SAMPLES)
    history = await binance.open_interest_history(PEPE, Timeframe.M5, 2)
    assert history.time_ms.tolist() == [NOON - FIVE, NOON]
    assert history.coins.tolist() == [6_000_000, 6_400_000]
    assert history.usd.tolist() == [75, 80]
    assert history.received_ms == NOW


async def test_coin_margined_samples_are_contracts_and_coins_of_a_pair(
    binance: Binance, host: Loopback
) -> None:
    url = f"{HISTORY}?pair=BTCUSD&contractType=PERPETUAL&period=1h&limit=1"
    host.plays(url, [coin_sample(NOON, "4000000", "6250.5", "PERPETUAL")])
    history = await binance.open_interest_history(COIN_PERP, Timeframe.H1, 1)
    assert (history.usd.tolist(), history.coins.tolist()) == ([400e6], [6250.5])


SEPTEMBER, DECEMBER = 1_790_323_200_000, 1_798_185_600_000
QUARTERS = [
    coin_margined("BTCUSD_PERP", "BTC", 100),
    coin_margined("BTCUSD_261225", "BTC", 100, contractType="NEXT_QUARTER", deliveryDate=DECEMBER),
    coin_margined(
        "BTCUSD_260925", "BTC", 100, contractType="CURRENT_QUARTER", deliveryDate=SEPTEMBER
    ),
]


@pytest.mark.parametrize(
    ("symbol", "expires_ms", "kind"),
    [
        ("BTCUSD_260925", SEPTEMBER, "CURRENT_QUARTER"),
        ("BTCUSD_261225", DECEMBER, "NEXT_QUARTER"),
    ],
)
async def test_a_dated_coin_margined_future_is_asked_by_its_quarter(
    binance: Binance, host: Loopback, symbol: str, expires_ms: int, kind: str
) -> None:
    host.plays("/dapi/v1/exchangeInfo", symbols(*QUARTERS))
    url = f"{HISTORY}?pair=BTCUSD&contractType={kind}&period=5m&limit=1"
    host.plays(url, [coin_sample(NOON, "300", "0.5", kind)])
    future = replace(in_family(INVERSE, symbol, contract=100), expires_ms=expires_ms)
    history = await binance.open_interest_history(future, Timeframe.M5, 1)
    assert (history.usd.tolist(), history.coins.tolist()) == ([30_000], [0.5])


async def test_a_dated_future_that_was_delivered_is_not_listed(
    binance: Binance, host: Loopback
) -> None:
    host.plays("/dapi/v1/exchangeInfo", symbols(*QUARTERS))
    gone = replace(in_family(INVERSE, "BTCUSD_260626", contract=100), expires_ms=NOON - 90 * DAY)
    with pytest.raises(NotListed, match=gone.symbol):
        await binance.open_interest_history(gone, Timeframe.M5, 1)


async def test_a_window_of_the_past_has_both_its_ends(binance: Binance, host: Loopback) -> None:
    last = NOON - DAY
    window = f"limit=2&startTime={last - FIVE}&endTime={last + FIVE - 1}"
    url = f"{HISTORY}?symbol=BTCUSDT&period=5m&{window}"
    host.plays(url, ladder(last - FIVE, 2))
    latest = iter((last, last + 1, last + FIVE - 1))
    async for _ in ages(0, 100, 299):
        history = await binance.open_interest_history(PERP, Timeframe.M5, 2, end_ms=next(latest))
        assert history.time_ms.tolist() == [last - FIVE, last]
    assert host.asked == [url]


async def test_samples_beyond_one_request_are_joined(binance: Binance, host: Loopback) -> None:
    first, seam = NOON - 599 * FIVE, NOON - 499 * FIVE
    url = f"{HISTORY}?symbol=BTCUSDT&period=5m"
    host.plays(f"{url}&limit=500", ladder(seam, 500))
    window = f"limit=102&startTime={first - FIVE}&endTime={seam + FIVE - 1}"
    host.plays(f"{url}&{window}", ladder(first - FIVE, 102))
    history = await binance.open_interest_history(PERP, Timeframe.M5, 600)
    assert history.time_ms.tolist() == list(range(first, NOON + 1, FIVE))
    assert history.coins.tolist() == history.time_ms.tolist()
    assert len(host.asked) == 2


async def test_what_is_older_than_thirty_days_is_not_asked_for(
    binance: Binance, host: Loopback
) -> None:
    """An older start is refused, with all that the window has after it."""
    oldest = NOON - 30 * DAY + FIVE
    window = f"limit=3&startTime={oldest}&endTime={oldest + 3 * FIVE - 1}"
    host.plays(f"{HISTORY}?symbol=BTCUSDT&period=5m&{window}", ladder(oldest, 3))
    history = await binance.open_interest_history(PERP, Timeframe.M5, 288, end_ms=oldest + 2 * FIVE)
    assert len(history) == 3
    before = await binance.open_interest_history(PERP, Timeframe.M5, 288, end_ms=oldest - DAY)
    assert len(before) == 0
    assert len(host.asked) == 1


async def test_a_sample_about_to_be_too_old_is_not_asked_for(
    door: Door, base: str, host: Loopback
) -> None:
    oldest = NOON - 30 * DAY
    host.plays(HISTORY, ladder(oldest + FIVE, 1))
    for seconds in (50, 70):
        binance = at(NOON - 1000 * seconds, door, base)
        await binance.open_interest_history(PERP, Timeframe.M5, 9, end_ms=oldest + FIVE)
    starts = [dict(parse_qsl(target))["startTime"] for target in host.asked]
    assert starts == [str(oldest + FIVE), str(oldest)]


async def test_no_samples_before_a_market_was_listed(binance: Binance, host: Loopback) -> None:
    host.plays(HISTORY, [])
    history = await binance.open_interest_history(PERP, Timeframe.H1, 2, end_ms=NOON - DAY)
    assert len(history) == 0
    with pytest.raises(Malformed, match="an empty list"):
        await binance.open_interest_history(PERP, Timeframe.H1, 2)


YESTERDAY = NOON - DAY
DAYS_SAMPLES = f"{HISTORY}?symbol=BTCUSDT&period=5m"


def traded(first: int, *sizes: str) -> list[list[Any]]:
    """Bars of five minutes in which so much was traded."""
    pairs = ((size, size) for size in sizes)
    return [bar(first + row * FIVE, "64000", pair, pair, FIVE) for row, pair in enumerate(pairs)]


async def test_what_is_left_out_while_nobody_traded_is_as_before_but_not_valued(
    binance: Binance, host: Loopback
) -> None:
    first = NOON - 3 * FIVE
    host.plays(HISTORY, [sample(first, "6", "75"), sample(NOON, "7", "90")])
    window = f"limit=2&startTime={first}&endTime={NOON - FIVE - 1}"
    host.plays(f"/fapi/v1/klines?symbol=BTCUSDT&interval=5m&{window}", traded(first, "0", "0.0"))
    history = await binance.open_interest_history(PERP, Timeframe.M5, 4)
    assert history.time_ms.tolist() == [NOON - n * FIVE for n in (3, 2, 1, 0)]
    assert history.coins.tolist() == [6, 6, 6, 7]
    assert np.array_equal(history.usd, [75, np.nan, np.nan, 90], equal_nan=True)


@pytest.mark.parametrize(
    ("bars", "told"),
    [
        (traded(NOON - 3 * FIVE, "0", "1"), [6, 6, 6]),
        (traded(NOON - 3 * FIVE, "1", "0"), [6, 6]),
        (traded(NOON - 2 * FIVE, "0"), [6, 6]),
        (traded(NOON - 3 * FIVE, "0", ""), [6, 6, 6]),
        (Reply({}, 500), [6, 6]),
    ],
    ids=["traded after", "traded before", "a bar lacks", "without its volume", "not told"],
)
async def test_a_sample_that_lacks_though_somebody_may_have_traded_is_not_known(
    binance: Binance, host: Loopback, bars: Any, told: list[float]
) -> None:
    """As while the statistics are down, whatever the samples around it say."""
    host.plays(HISTORY, [sample(NOON - 3 * FIVE, "6", "75"), sample(NOON, "6", "90")])
    host.plays("/fapi/v1/klines", bars)
    history = await binance.open_interest_history(PERP, Timeframe.M5, 4)
    assert history.coins.tolist() == told
    assert history.time_ms[-1] == NOON


async def test_what_is_left_out_of_coin_margined_markets_is_not_known(
    binance: Binance, host: Loopback
) -> None:
    last = YESTERDAY + FIVE
    rows = [coin_sample(last - n * FIVE, "4", "0.6", "") for n in (2, 0)]
    host.plays(HISTORY, rows)
    history = await binance.open_interest_history(COIN_PERP, Timeframe.M5, 4, end_ms=last)
    assert history.time_ms.tolist() == [last - 2 * FIVE, last]
    assert len(host.asked) == 1


async def test_what_is_left_out_at_the_ends_of_a_window_is_as_the_sample_before_it(
    binance: Binance, host: Loopback
) -> None:
    first, end = YESTERDAY - 2 * FIVE, YESTERDAY + FIVE
    window = f"limit=4&startTime={first}&endTime={end + FIVE - 1}"
    host.plays(f"{DAYS_SAMPLES}&{window}", [sample(YESTERDAY - FIVE, "7", "90")])
    earlier = f"limit=500&startTime={first - 500 * FIVE}&endTime={first - 1}"
    rows = [sample(first - n * FIVE, str(n), "9") for n in (300, 200)]
    host.plays(f"{DAYS_SAMPLES}&{earlier}", rows)
    host.plays("/fapi/v1/klines", traded(first - 200 * FIVE, *["0"] * 203))
    history = await binance.open_interest_history(PERP, Timeframe.M5, 4, end_ms=end)
    assert history.time_ms.tolist() == [first - 200 * FIVE, *range(first, end + 1, FIVE)]
    assert history.coins.tolist() == [200, 200, 7, 7, 7]
    assert np.isnan(history.usd).tolist() == [False, True, False, True, True]
    assert len(host.asked) == 3


async def test_a_sample_that_may_just_be_late_is_not_left_out(
    binance: Binance, host: Loopback
) -> None:
    host.plays("/fapi/v1/klines", traded(NOON - 3 * FIVE, "0", "0", "0"))
    host.plays(HISTORY, ladder(NOON - 3 * FIVE, 3))
    assert (await binance.open_interest_history(PERP, Timeframe.M5, 3)).time_ms[-1] == NOON - FIVE
    assert len(host.asked) == 1
    host.plays(HISTORY, ladder(NOON - 3 * FIVE, 1))
    history = await binance.open_interest_history(PERP, Timeframe.M5, 4)
    assert history.time_ms.tolist() == [NOON - n * FIVE for n in (3, 2, 1)]


FAR = [1_275_350_400_000, 4_083_955_200_000]
"""The first of June of 2010 and of 2099."""


@pytest.mark.parametrize("far", FAR)
async def test_a_sample_of_another_time_than_asked_for_costs_itself(
    binance: Binance, host: Loopback, far: int
) -> None:
    rows = ladder(NOON - 19 * FIVE, 20)
    rows[7] = sample(far, "7", "7")
    host.plays(HISTORY, rows)
    history = await binance.open_interest_history(PERP, Timeframe.M5, 20)
    assert len(history) == 19
    assert np.diff(history.time_ms).max() == 2 * FIVE


@pytest.mark.parametrize("far", FAR)
async def test_a_newest_sample_of_another_time_is_refused(
    binance: Binance, host: Loopback, far: int
) -> None:
    host.plays(HISTORY, [*ladder(NOON - 19 * FIVE, 19), sample(far, "7", "7")])
    with pytest.raises(Malformed, match="another time"):
        await binance.open_interest_history(PERP, Timeframe.M5, 20)


@pytest.mark.parametrize("timeframe", list(Timeframe))
async def test_samples_are_five_minutes_apart_at_least(
    binance: Binance, host: Loopback, timeframe: Timeframe
) -> None:
    host.plays(HISTORY, SAMPLES)
    if timeframe in {Timeframe.M1, Timeframe.M3}:
        with pytest.raises(Unsupported):
            await binance.open_interest_history(PERP, timeframe, 2)
    else:
        await binance.open_interest_history(PERP, timeframe, 2)
        assert host.asked == [f"{HISTORY}?symbol=BTCUSDT&period={timeframe.value}&limit=2"]


async def test_a_sample_that_is_missing_is_not_zero(binance: Binance, host: Loopback) -> None:
    hollow = sample(str(NOON), None, "")
    del hollow["CMCCirculatingSupply"]
    host.plays(HISTORY, [hollow, {"symbol": "BTCUSDT", "timestamp": NOON + FIVE}])
    history = await binance.open_interest_history(PERP, Timeframe.M5, 2)
    assert history.time_ms.tolist() == [NOON, NOON + FIVE]
    assert np.isnan(history.coins).all()
    assert np.isnan(history.usd).all()


@pytest.mark.parametrize("payload", [{}, "none", [None], [sample(None, "1", "1")], [{}]])
async def test_what_are_no_samples_is_refused(
    binance: Binance, host: Loopback, payload: Any
) -> None:
    host.plays(HISTORY, payload)
    with pytest.raises(Malformed):
        await binance.open_interest_history(PERP, Timeframe.M5, 2, end_ms=NOON - DAY)


def share(time_ms: Any, **more: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "longShortRatio": "1.8105",
        "longAccount": "0.6442",
        "shortAccount": "0.3558",
        "timestamp": time_ms,
        **more,
    }


async def test_each_count_is_told_under_the_venues_own_name(
    binance: Binance, host: Loopback
) -> None:
    query = "symbol=BTCUSDT&period=5m&limit=1"
    host.plays(f"{GLOBAL}?{query}", [share(NOON, longAccount="0.61")])
    host.plays(f"{TOP}?{query}", [share(str(NOON - FIVE), longAccount="0.62")])
    host.plays(f"{POSITIONS}?{query}", [share(NOON, longAccount=0.63)])
    told = await binance.long_shorts(PERP)
    assert [(count.counts, count.long, count.time_ms) for count in told.counts] == [
        ("all accounts", 0.61, NOON),
        ("top 20 % accounts", 0.62, NOON - FIVE),
        ("top 20 % positions", 0.63, NOON),
    ]
    assert (told.instrument, told.received_ms) == (PERP, NOW)
    assert len(host.asked) == 3


@pytest.mark.parametrize("field", ["longPosition", "longAccount"])
async def test_positions_of_a_coin_margined_pair_have_their_own_name(
    binance: Binance, host: Loopback, field: str
) -> None:
    row = {"pair": "BTCUSD", "longShortRatio": "0.9353", "timestamp": NOON}
    query = "pair=BTCUSD&contractType=PERPETUAL&period=5m&limit=1"
    host.plays(f"{GLOBAL}?{query}", [{**row, "longAccount": "0.6173", "shortAccount": "0.3827"}])
    host.plays(f"{TOP}?{query}", [{**row, "longAccount": "0.6", "shortAccount": "0.4"}])
    host.plays(f"{POSITIONS}?{query}", [{**row, field: "0.4833", "shortPosition": "0.5167"}])
    told = await binance.long_shorts(COIN_PERP)
    assert [count.long for count in told.counts] == [0.6173, 0.6, 0.4833]


@pytest.mark.parametrize("value", [None, "", "missing"])
async def test_a_share_that_is_missing_is_unknown(
    binance: Binance, host: Loopback, value: Any
) -> None:
    row = share(NOON, longAccount=value)
    if value == "missing":
        del row["longAccount"]
    for path in (GLOBAL, TOP, POSITIONS):
        host.plays(path, [row])
    assert [count.long for count in (await binance.long_shorts(PERP)).counts] == [None] * 3


async def test_counts_are_kept_for_five_seconds(binance: Binance, host: Loopback) -> None:
    for path in (GLOBAL, TOP, POSITIONS):
        host.plays(path, [share(NOON)])
    async for _ in ages(0, 2, 4.9, 5.1):
        await binance.long_shorts(PERP)
    assert len(host.asked) == 6


@pytest.mark.parametrize("payload", [[], {}, [share(None)], [share(NOON, longAccount="most")]])
async def test_what_is_no_count_is_refused(binance: Binance, host: Loopback, payload: Any) -> None:
    for path in (GLOBAL, TOP):
        host.plays(path, [share(NOON)])
    host.plays(POSITIONS, payload)
    with pytest.raises(Malformed):
        await binance.long_shorts(PERP)


async def test_statistics_weigh_nothing(binance: Binance, host: Loopback) -> None:
    full = {"X-MBX-USED-WEIGHT-1M": "2400"}
    host.plays("/fapi/v1/klines", Reply(BARS, 200, full))
    host.plays(HISTORY, SAMPLES)
    await binance.candles(PERP, Timeframe.M1, 2)
    with pytest.raises(RateLimited):
        await binance.trades(PERP)
    assert len(await binance.open_interest_history(PERP, Timeframe.M5, 2)) == 2


async def test_statistics_of_coin_margined_markets_weigh_one_each(
    binance: Binance, host: Loopback
) -> None:
    for path in (GLOBAL, TOP, POSITIONS):
        host.plays(path, [share(NOON)])
    host.plays(HISTORY, SAMPLES)
    await leave(binance, host, LINEAR, 4)
    await binance.long_shorts(COIN_PERP)
    await binance.open_interest_history(COIN_PERP, Timeframe.M5, 2)
    with pytest.raises(RateLimited):
        await binance.open_interest_history(COIN_PERP, Timeframe.H1, 2)
    with pytest.raises(RateLimited):
        await spend_one(binance, LINEAR)


async def test_there_are_a_thousand_statistics_of_dollar_margined_markets(
    binance: Binance, host: Loopback
) -> None:
    for path in (GLOBAL, TOP, POSITIONS):
        host.plays(path, [share(NOON)])
    host.plays(HISTORY, SAMPLES)
    perps = [in_family(LINEAR, f"COIN{i}USDT") for i in range(333)]
    for some in range(0, 333, 37):  # Not all at once: the last ones would wait for too long.
        await gather(*map(binance.long_shorts, perps[some : some + 37]))
    await binance.open_interest_history(PERP, Timeframe.M5, 2)
    assert len(host.asked) == 1000
    with pytest.raises(RateLimited):
        await binance.open_interest_history(PERP, Timeframe.H1, 2)
    await binance.open_interest_history(COIN_PERP, Timeframe.H1, 2)
    host.plays("/fapi/v1/klines", BARS)
    await binance.candles(PERP, Timeframe.M1, 2)


LTC = in_family(LINEAR, "LTCUSDT")


@pytest.mark.parametrize(
    "case",
    [
        ("000", LTC, 45, 52),
        ("002", LTC, 45, 52),
        ("003", COIN_PERP, 11_000, 12_000),
        ("005", PERP, 7_000, 7_500),
    ],
)
async def test_recorded_samples_are_worth_their_coins(
    binance: Binance,
    host: Loopback,
    recorded: Recorded,
    case: tuple[str, Instrument, float, float],
) -> None:
    """What both columns say together is a price of those days."""
    number, instrument, low, high = case
    sent = recorded(f"binance/open_interest_history/{number}")["httpResponse"]
    later = NOON - int(sent[-1]["timestamp"])  # Nothing is asked for that old.
    host.plays(HISTORY, [{**row, "timestamp": int(row["timestamp"]) + later} for row in sent])
    history = await binance.open_interest_history(instrument, Timeframe.D1, 10)
    assert (np.diff(history.time_ms) > 0).all()
    assert (history.usd / history.coins > low).all()
    assert (history.usd / history.coins < high).all()


@pytest.mark.parametrize(
    ("instrument", "told"),
    [
        (PERP, {"000": 0.5647, "006": 0.5163, "011": 0.5310}),
        (COIN_PERP, {"003": 0.6182, "014": 0.5263, "010": 0.4821}),
    ],
)
async def test_of_recorded_counts_the_newest_is_told(
    binance: Binance,
    host: Loopback,
    recorded: Recorded,
    instrument: Instrument,
    told: dict[str, float],
) -> None:
    for path, number in zip((GLOBAL, TOP, POSITIONS), told, strict=True):
        host.plays(path, recorded(f"binance/long_short_ratio/{number}")["httpResponse"])
    counts = (await binance.long_shorts(instrument)).counts
    assert [count.long for count in counts] == list(told.values())
