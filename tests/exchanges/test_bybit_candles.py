"""Bybit's candles: order, units, windows, and how long they are kept."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.models import Instrument, Timeframe
from crypto_assistant.net.door import Door
from tests.exchanges.bybit_bodies import BTC_SPOT, BTCUSD, BTCUSDT, PEPE1000, ok
from tests.exchanges.conftest import NOW, Recorded, ages
from tests.net.loopback import Loopback

KLINE = "/v5/market/kline"
MINUTE = 60_000
HOUR = 3_600_000
NEWEST = NOW - NOW % MINUTE
BARS = [
    [str(NEWEST), "64010", "64030", "64000", "64020", "2.5", "160050"],
    [str(NEWEST - MINUTE), "64000", "64015", "63990", "64010", "10", "640050"],
]


def kline(*bars: Any, category: str = "linear", symbol: str = "BTCUSDT") -> dict[str, Any]:
    return ok({"symbol": symbol, "category": category, "list": list(bars)})


def bars(newest: int, count: int, step: int = MINUTE) -> list[list[str]]:
    """As the venue sends them: the newest first, prices that tell the time."""
    times = range(newest, newest - count * step, -step)
    return [[str(time), *[str(time // step)] * 4, "1", "2"] for time in times]


def window(first: int, last: int, limit: int, interval: str = "1") -> str:
    """The URL of the bars from `first` to `last`."""
    market = f"{KLINE}?category=linear&symbol=BTCUSDT&interval={interval}"
    step = {"1": MINUTE, "60": HOUR}[interval]
    return f"{market}&start={first}&end={last + step - 1}&limit={limit}"


async def test_candles_are_turned_round_and_the_last_is_open(bybit: Bybit, host: Loopback) -> None:
    host.plays(KLINE, kline(*BARS, symbol="1000PEPEUSDT"))
    bars = await bybit.candles(PEPE1000, Timeframe.M1, 2)
    assert bars.open_ms.tolist() == [NEWEST - MINUTE, NEWEST]
    assert bars.closed.tolist() == [True, False]
    assert bars.open.tolist() == [64, 64.01]
    assert bars.high.tolist() == [64.015, 64.03]
    assert bars.low.tolist() == [63.99, 64]
    assert bars.close.tolist() == [64.01, 64.02]
    assert bars.volume.tolist() == [10_000, 2_500]
    assert bars.turnover.tolist() == [640050, 160050]
    assert bars.received_ms == NOW


async def test_the_newest_bar_is_missed_where_it_cannot_be_read(
    bybit: Bybit, host: Loopback
) -> None:
    """Any other costs itself alone."""
    newest, *others = bars(NEWEST, 12)
    host.plays(KLINE, kline(["", *newest[1:]], *others))
    with pytest.raises(Malformed):
        await bybit.candles(BTCUSDT, Timeframe.M1, 12)
    assert len(await bybit.candles(BTCUSDT, Timeframe.M1, 12, NEWEST)) == 11
    host.plays(KLINE, kline(newest, *others[:-1], others[-1][:3]))
    assert len(await bybit.candles(BTCUSDT, Timeframe.M3, 12)) == 11


@pytest.mark.parametrize("instrument", [BTC_SPOT, BTCUSDT, BTCUSD])
async def test_candles_do_not_split_takers(
    bybit: Bybit, host: Loopback, instrument: Instrument
) -> None:
    host.plays(KLINE, kline(*BARS))
    bars = await bybit.candles(instrument, Timeframe.M1, 2)
    assert (bars.taker_buy, bars.taker_buy_turnover) == (None, None)


async def test_inverse_candles_count_usd(bybit: Bybit, host: Loopback) -> None:
    row = [str(NEWEST), "64000", "64000", "64000", "64000", "640000", "10"]
    host.plays(KLINE, kline(row, category="inverse", symbol="BTCUSD"))
    bars = await bybit.candles(BTCUSD, Timeframe.H1, 1)
    assert (bars.volume.tolist(), bars.turnover.tolist()) == ([10], [640000])


async def test_a_bar_is_closed_once_its_time_is_up(bybit: Bybit, host: Loopback) -> None:
    host.plays(
        KLINE, kline([str(NOW - MINUTE + 1), *BARS[0][1:]], [str(NOW - MINUTE), *BARS[1][1:]])
    )
    assert (await bybit.candles(BTCUSDT, Timeframe.M1, 2)).closed.tolist() == [True, False]


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
    host.plays(KLINE, kline(*BARS))
    await bybit.candles(BTCUSDT, Timeframe(timeframe), 5)
    query = f"category=linear&symbol=BTCUSDT&interval={interval}&limit=5"
    assert host.asked == [f"{KLINE}?{query}"]


@pytest.mark.parametrize("end_ms", [NEWEST - HOUR, NEWEST - HOUR - 1, NEWEST - HOUR - MINUTE + 1])
async def test_a_window_ends_before_the_bar_that_opens_at_its_end(
    bybit: Bybit, host: Loopback, end_ms: int
) -> None:
    last = NEWEST - HOUR - MINUTE
    host.plays(window(last - 2 * MINUTE, last, 3), kline(*bars(last, 3)))
    found = await bybit.candles(BTCUSDT, Timeframe.M1, 3, end_ms)
    assert found.open_ms.tolist() == [last - 2 * MINUTE, last - MINUTE, last]
    assert found.closed.all()


async def test_more_bars_than_a_page_are_asked_at_once(bybit: Bybit, host: Loopback) -> None:
    newest_page = f"{KLINE}?category=linear&symbol=BTCUSDT&interval=1&limit=1000"
    shared = NEWEST - 999 * MINUTE
    oldest_page = window(shared - 501 * MINUTE, shared, 502)
    host.plays(newest_page, kline(*bars(NEWEST, 1000)))
    host.plays(oldest_page, kline(*bars(shared, 502)))
    found = await bybit.candles(BTCUSDT, Timeframe.M1, 1500)
    assert sorted(host.asked) == sorted([newest_page, oldest_page])
    assert found.open_ms.tolist() == list(range(NEWEST - 1499 * MINUTE, NEWEST + 1, MINUTE))
    assert found.close.tolist() == [time // MINUTE for time in found.open_ms.tolist()]
    assert found.closed.tolist() == [True] * 1499 + [False]


async def test_pages_of_the_past_are_on_the_grid_of_the_bars(bybit: Bybit, host: Loopback) -> None:
    host.plays(KLINE, kline(*bars(NEWEST - HOUR, 3)))
    for end_ms in (NEWEST - 10 * HOUR - 5 * MINUTE, NEWEST - 10 * HOUR - 59 * MINUTE):
        await bybit.candles(BTCUSDT, Timeframe.H1, 2400, end_ms)
    assert len(host.asked) == 3
    for url in host.asked:
        first, last, limit = (int(part.split("=")[1]) for part in url.split("&")[-3:])
        assert first % HOUR == (last + 1) % HOUR == 0
        assert last + 1 - first == limit * HOUR
        assert limit <= 1000


async def test_a_young_market_has_fewer_bars(bybit: Bybit, host: Loopback) -> None:
    newest_page = f"{KLINE}?category=linear&symbol=BTCUSDT&interval=1&limit=1000"
    host.plays(newest_page, kline(*bars(NEWEST, 7)))
    host.plays(KLINE, kline())
    found = await bybit.candles(BTCUSDT, Timeframe.M1, 3000)
    assert len(found) == len(found.close) == len(found.closed) == 7


async def test_a_window_before_the_listing_is_empty(bybit: Bybit, host: Loopback) -> None:
    host.plays(KLINE, kline())
    found = await bybit.candles(BTCUSDT, Timeframe.H4, 10, NOW - 86_400_000)
    assert len(found) == len(found.volume) == len(found.closed) == 0
    assert found.open_ms.dtype == np.int64


async def test_no_newest_bar_is_no_answer(bybit: Bybit, host: Loopback) -> None:
    host.plays(KLINE, kline())
    with pytest.raises(Malformed):
        await bybit.candles(BTCUSDT, Timeframe.H1, 10)


@pytest.mark.parametrize("cell", [None, ""])
async def test_a_cell_that_is_not_filled_is_not_zero(
    bybit: Bybit, host: Loopback, cell: str | None
) -> None:
    host.plays(KLINE, kline([*BARS[0][:5], cell, cell], BARS[1]))
    found = await bybit.candles(BTCUSDT, Timeframe.M1, 2)
    assert np.isnan([found.volume[1], found.turnover[1]]).all()
    assert found.volume[0] == 10


@pytest.mark.parametrize(
    "row", [["", *BARS[0][1:]], [None, *BARS[0][1:]], BARS[0][:6], None, {"start": NEWEST}]
)
async def test_rows_that_are_no_bars_are_malformed(
    bybit: Bybit, host: Loopback, row: object
) -> None:
    host.plays(KLINE, kline(row))
    with pytest.raises(Malformed):
        await bybit.candles(BTCUSDT, Timeframe.M1, 1, NEWEST)


@pytest.mark.parametrize(("end_ms", "lives"), [(None, 5), (NEWEST, 300), (NEWEST + MINUTE, 5)])
async def test_bars_that_are_closed_are_kept_longer(
    bybit: Bybit, host: Loopback, end_ms: int | None, lives: int
) -> None:
    host.plays(KLINE, kline(*BARS))
    asked = []
    async for _ in ages(0, lives - 0.1, lives + 0.1):
        await bybit.candles(BTCUSDT, Timeframe.M1, 2, end_ms)
        asked.append(len(host.asked))
    assert asked == [1, 1, 2]


async def test_a_bar_that_has_just_closed_may_still_change(
    door: Door, base: str, host: Loopback
) -> None:
    bybit = Bybit(replace(door, clock_ms=lambda: NEWEST + 1000), {"BYBIT_URL": base})
    host.plays(KLINE, kline(*BARS))
    async for _ in ages(0, 6):
        await bybit.candles(BTCUSDT, Timeframe.M1, 2, NEWEST)
    assert len(host.asked) == 2


async def test_recorded_candles(bybit: Bybit, host: Loopback, recorded: Recorded) -> None:
    entry = recorded("bybit/klines/000")
    host.plays(KLINE, entry["httpResponse"])
    bars = await bybit.candles(BTCUSDT, Timeframe.H1, 3)
    columns = (bars.open_ms, bars.open, bars.high, bars.low, bars.close, bars.volume)
    assert [list(row) for row in zip(*columns, strict=True)] == entry["parsedResponse"]
    assert bars.closed.all()
    assert all(later - earlier == HOUR for earlier, later in pairwise(bars.open_ms.tolist()))
    assert (bars.low * bars.volume <= bars.turnover).all()
    assert (bars.turnover <= bars.high * bars.volume).all()
