"""Bybit's open interest over time, and who is long."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from crypto_assistant.errors import Malformed, Refused, Unsupported
from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.models import Instrument, Timeframe
from crypto_assistant.net.door import Door
from tests.exchanges.bybit_bodies import BTC_SPOT, BTCPERP, BTCUSD, BTCUSDT, PEPE1000, no, ok
from tests.exchanges.conftest import NOW, Recorded, ages
from tests.net.loopback import Loopback

OPEN_INTEREST = "/v5/market/open-interest"
MARKS = "/v5/market/mark-price-kline"
RATIO = "/v5/market/account-ratio"
STEP = 300_000
NEWEST = NOW - NOW % STEP
MARKET = "category=linear&symbol=BTCUSDT"


def sample(time: int, both: str = "110000.5", single: str | None = "55000.25") -> dict[str, Any]:
    return {"openInterest": both, "singleOpenInterest": single, "timestamp": str(time)}


def samples(*rows: dict[str, Any], category: str = "linear") -> dict[str, Any]:
    cursor = "lastid%3D10860957%26lasttime%3D1739725200"
    return ok({"symbol": "BTC", "category": category, "list": list(rows), "nextPageCursor": cursor})


def marks(*opens: tuple[int, str]) -> dict[str, Any]:
    """Mark candles whose open alone is the price at their time."""
    rows = [[str(time), open_, "99999", "1", "50000"] for time, open_ in opens]
    return ok({"symbol": "BTC", "category": "linear", "list": rows})


async def test_open_interest_over_time_counts_one_side(bybit: Bybit, host: Loopback) -> None:
    old = {"openInterest": "3000", "timestamp": str(NEWEST - 2 * STEP)}
    host.plays(
        OPEN_INTEREST,
        samples(
            sample(NEWEST),
            sample(NEWEST - STEP, "2000", ""),
            old,
            sample(NEWEST - 3 * STEP, "4000", None),
        ),
    )
    host.plays(MARKS, marks(*[(NEWEST - n * STEP, "64000") for n in range(5)]))
    found = await bybit.open_interest_history(BTCUSDT, Timeframe.M5, 4)
    assert found.time_ms.tolist() == [NEWEST - n * STEP for n in (3, 2, 1, 0)]
    assert found.time_ms.dtype == np.int64
    assert found.coins.tolist() == [2000, 1500, 1000, 55000.25]
    assert found.received_ms == NOW


async def test_a_sample_is_valued_at_the_mark_price_of_its_own_time(
    bybit: Bybit, host: Loopback
) -> None:
    host.plays(
        OPEN_INTEREST, samples(sample(NEWEST - STEP, "", "10"), sample(NEWEST - 2 * STEP, "", "20"))
    )
    # The newest sample is late: the newest bar has none yet.
    host.plays(
        MARKS, marks((NEWEST, "64300"), (NEWEST - STEP, "64200"), (NEWEST - 2 * STEP, "64100"))
    )
    found = await bybit.open_interest_history(BTCUSDT, Timeframe.M5, 2)
    assert found.coins.tolist() == [20, 10]
    assert found.usd.tolist() == [1_282_000, 642_000]
    assert sorted(host.asked) == [
        f"{MARKS}?{MARKET}&interval=5&limit=3",
        f"{OPEN_INTEREST}?{MARKET}&intervalTime=5min&limit=2",
    ]


async def test_samples_of_contracts_of_many_coins(bybit: Bybit, host: Loopback) -> None:
    host.plays(OPEN_INTEREST, samples(sample(NEWEST, "", "500")))
    host.plays(MARKS, marks((NEWEST, "0.0125")))
    found = await bybit.open_interest_history(PEPE1000, Timeframe.M5, 1)
    assert (found.coins.tolist(), found.usd.tolist()) == ([500_000], [6.25])


async def test_inverse_samples_are_usd_and_need_no_price(bybit: Bybit, host: Loopback) -> None:
    rows = [sample(NEWEST, "400000000", "200000000"), sample(NEWEST - STEP, "300000000", None)]
    host.plays(OPEN_INTEREST, samples(*rows, category="inverse"))
    found = await bybit.open_interest_history(BTCUSD, Timeframe.M5, 2)
    assert found.usd.tolist() == [150e6, 200e6]
    assert np.isnan(found.coins).all()
    query = "category=inverse&symbol=BTCUSD&intervalTime=5min&limit=2"
    assert host.asked == [f"{OPEN_INTEREST}?{query}"]


@pytest.mark.parametrize("mark", ["", "0"])
async def test_a_sample_without_its_mark_price_has_no_value(
    bybit: Bybit, host: Loopback, mark: str
) -> None:
    host.plays(OPEN_INTEREST, samples(*[sample(NEWEST - n * STEP) for n in range(3)]))
    host.plays(MARKS, marks((NEWEST, "64000"), (NEWEST - 2 * STEP, mark)))
    found = await bybit.open_interest_history(BTCUSDT, Timeframe.M5, 3)
    assert found.coins.tolist() == [55000.25] * 3
    assert np.isnan(found.usd).tolist() == [True, True, False]


@pytest.mark.parametrize("silent", [OPEN_INTEREST, MARKS])
async def test_samples_come_with_their_prices_or_not_at_all(
    bybit: Bybit, host: Loopback, silent: str
) -> None:
    host.plays(OPEN_INTEREST, samples(sample(NEWEST)))
    host.plays(MARKS, marks((NEWEST, "64000")))
    host.plays(silent, no(10001))
    with pytest.raises(Refused):
        await bybit.open_interest_history(BTCUSDT, Timeframe.M5, 1)


@pytest.mark.parametrize("end_ms", [NEWEST - 9 * STEP, NEWEST - 8 * STEP - 1])
async def test_the_sample_at_the_end_of_a_window_belongs_to_it(
    bybit: Bybit, host: Loopback, end_ms: int
) -> None:
    last = NEWEST - 9 * STEP
    first, after = last - 2 * STEP, last + STEP - 1
    window = f"startTime={first}&endTime={after}&limit=3"
    prices = f"start={first - STEP}&end={after}&limit=4"
    times = [last, last - STEP, first]
    host.plays(
        f"{OPEN_INTEREST}?{MARKET}&intervalTime=5min&{window}",
        samples(*[sample(time) for time in times]),
    )
    host.plays(f"{MARKS}?{MARKET}&interval=5&{prices}", marks(*[(time, "2") for time in times]))
    found = await bybit.open_interest_history(BTCUSDT, Timeframe.M5, 3, end_ms)
    assert found.time_ms.tolist() == times[::-1]
    assert found.usd.tolist() == [110000.5] * 3


async def test_a_long_history_is_asked_in_pages_and_its_prices_in_fewer(
    bybit: Bybit, host: Loopback
) -> None:
    def rows(newest: int, count: int) -> list[dict[str, Any]]:
        times = range(newest, newest - count * STEP, -STEP)
        return [sample(time, "", str(time // STEP)) for time in times]

    path = f"{OPEN_INTEREST}?{MARKET}&intervalTime=5min"
    shared = NEWEST - 199 * STEP
    window = f"startTime={shared - 89 * STEP}&endTime={shared + STEP - 1}&limit=90"
    host.plays(f"{path}&limit=200", samples(*rows(NEWEST, 200)))
    host.plays(f"{path}&{window}", samples(*rows(shared, 90)))
    host.plays(MARKS, marks(*[(NEWEST - n * STEP, "2") for n in range(289)]))
    found = await bybit.open_interest_history(BTCUSDT, Timeframe.M5, 288)
    assert found.time_ms.tolist() == list(range(NEWEST - 287 * STEP, NEWEST + 1, STEP))
    assert found.coins.tolist() == [time // STEP for time in found.time_ms.tolist()]
    assert found.usd.tolist() == [2 * coins for coins in found.coins.tolist()]
    assert len(host.asked) == 3


async def test_samples_from_before_the_listing_are_none(bybit: Bybit, host: Loopback) -> None:
    host.plays(OPEN_INTEREST, samples())
    host.plays(MARKS, marks())
    found = await bybit.open_interest_history(BTCUSDT, Timeframe.H4, 5, NOW - 86_400_000)
    assert len(found) == len(found.coins) == len(found.usd) == 0


async def test_no_newest_sample_is_no_answer(bybit: Bybit, host: Loopback) -> None:
    host.plays(OPEN_INTEREST, samples())
    with pytest.raises(Malformed, match="an empty list"):
        await bybit.open_interest_history(BTCUSD, Timeframe.M5, 5)


@pytest.mark.parametrize("value", ["", None])
async def test_a_sample_that_is_not_filled_is_not_zero(
    bybit: Bybit, host: Loopback, value: str | None
) -> None:
    row = {"openInterest": value, "timestamp": str(NEWEST)}
    host.plays(OPEN_INTEREST, samples(row, category="inverse"))
    found = await bybit.open_interest_history(BTCUSD, Timeframe.M5, 1)
    assert np.isnan(found.usd).all()


@pytest.mark.parametrize("time", ["", None])
async def test_a_sample_without_its_time_is_malformed(
    bybit: Bybit, host: Loopback, time: str | None
) -> None:
    host.plays(OPEN_INTEREST, samples({**sample(NEWEST), "timestamp": time}))
    with pytest.raises(Malformed):
        await bybit.open_interest_history(BTCUSD, Timeframe.M5, 1)


@pytest.mark.parametrize(
    ("timeframe", "interval"),
    [
        *[("5m", "5min"), ("15m", "15min"), ("30m", "30min")],
        *[("1h", "1h"), ("4h", "4h"), ("1d", "1d")],
    ],
)
async def test_every_distance_of_samples_has_its_name(
    bybit: Bybit, host: Loopback, timeframe: str, interval: str
) -> None:
    host.plays(OPEN_INTEREST, samples(sample(NEWEST)))
    await bybit.open_interest_history(BTCUSD, Timeframe(timeframe), 1)
    assert f"&intervalTime={interval}&" in host.asked[0]


@pytest.mark.parametrize(
    ("instrument", "timeframe"),
    [*[(BTCUSDT, frame) for frame in ("1m", "3m", "2h", "6h", "12h")], (BTC_SPOT, "5m")],
)
async def test_what_the_venue_does_not_sample_is_unsupported(
    bybit: Bybit, host: Loopback, instrument: Instrument, timeframe: str
) -> None:
    with pytest.raises(Unsupported):
        await bybit.open_interest_history(instrument, Timeframe(timeframe), 1)
    assert not host.asked


@pytest.mark.parametrize(("end_ms", "lives"), [(None, 5), (NEWEST, 5), (NEWEST - 1, 300)])
async def test_samples_of_the_past_are_kept_longer(
    bybit: Bybit, host: Loopback, end_ms: int | None, lives: int
) -> None:
    """The newest sample may come late."""
    host.plays(OPEN_INTEREST, samples(sample(NEWEST)))
    asked = []
    async for _ in ages(0, lives - 0.1, lives + 0.1):
        await bybit.open_interest_history(BTCUSD, Timeframe.M5, 1, end_ms)
        asked.append(len(host.asked))
    assert asked == [1, 1, 2]


@pytest.mark.parametrize(("now_ms", "asked"), [(NEWEST + 4999, 2), (NEWEST + 5000, 1)])
async def test_a_sample_is_waited_for_five_seconds(
    door: Door, base: str, host: Loopback, now_ms: int, asked: int
) -> None:
    bybit = Bybit(replace(door, clock_ms=lambda: now_ms), {"BYBIT_URL": base})
    host.plays(OPEN_INTEREST, samples(sample(NEWEST - STEP)))
    async for _ in ages(0, 6):
        await bybit.open_interest_history(BTCUSD, Timeframe.M5, 1, NEWEST - STEP)
    assert len(host.asked) == asked


async def test_recorded_open_interest_is_halved(
    bybit: Bybit, host: Loopback, recorded: Recorded
) -> None:
    entry = recorded("bybit/open_interest_history/001")
    host.plays(OPEN_INTEREST, entry["httpResponse"])
    found = await bybit.open_interest_history(BTCUSD, Timeframe.H1, 1)
    known = entry["parsedResponse"]
    assert found.usd.tolist() == [known["openInterestValue"] / 2]
    assert found.time_ms.tolist() == [known["timestamp"]]


async def test_recorded_open_interest_is_put_in_order(
    bybit: Bybit, host: Loopback, recorded: Recorded
) -> None:
    host.plays(OPEN_INTEREST, recorded("bybit/open_interest_history/002")["httpResponse"])
    found = await bybit.open_interest_history(BTCUSD, Timeframe.M5, 2)
    assert found.time_ms.tolist() == [1669571100000, 1669571400000]
    assert found.usd.tolist() == [461134292 / 2, 461134384 / 2]


def ratio(**more: Any) -> dict[str, Any]:
    row = {"symbol": "BTCUSDT", "buyRatio": "0.5777", "sellRatio": "0.4223"}
    return ok({"list": [{**row, "timestamp": str(NEWEST), **more}], "nextPageCursor": ""})


async def test_the_venue_counts_all_accounts(bybit: Bybit, host: Loopback) -> None:
    host.plays(RATIO, ratio())
    found = await bybit.long_shorts(BTCUSDT)
    [count] = found.counts
    assert (count.counts, count.long, count.time_ms) == ("all accounts", 0.5777, NEWEST)
    assert found.received_ms == NOW
    assert host.asked == [f"{RATIO}?{MARKET}&period=5min&limit=1"]


@pytest.mark.parametrize("value", ["", None, "0"])
async def test_a_count_that_is_not_filled_is_not_zero(
    bybit: Bybit, host: Loopback, value: str | None
) -> None:
    host.plays(RATIO, ratio(buyRatio=value))
    assert (await bybit.long_shorts(BTCUSDT)).counts[0].long is None


@pytest.mark.parametrize("time", ["", None])
async def test_a_count_without_its_time_is_malformed(
    bybit: Bybit, host: Loopback, time: str | None
) -> None:
    host.plays(RATIO, ratio(timestamp=time))
    with pytest.raises(Malformed):
        await bybit.long_shorts(BTCUSDT)


async def test_no_count_is_no_answer(bybit: Bybit, host: Loopback) -> None:
    host.plays(RATIO, ok({"list": [], "nextPageCursor": ""}))
    with pytest.raises(Malformed, match="an empty list"):
        await bybit.long_shorts(BTCUSDT)


@pytest.mark.parametrize("instrument", [BTC_SPOT, BTCPERP])
async def test_spot_and_usdc_accounts_are_not_counted(
    bybit: Bybit, host: Loopback, instrument: Instrument
) -> None:
    with pytest.raises(Unsupported):
        await bybit.long_shorts(instrument)
    assert not host.asked


async def test_recorded_count(bybit: Bybit, host: Loopback, recorded: Recorded) -> None:
    host.plays(RATIO, recorded("bybit/long_short_ratio/001")["httpResponse"])
    [count] = (await bybit.long_shorts(BTCUSDT)).counts
    assert (count.long, count.time_ms) == (0.49, 1696262400000)
