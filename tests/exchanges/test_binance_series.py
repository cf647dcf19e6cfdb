"""Binance's bars, what takers did in them, and single trades."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from crypto_assistant.errors import Malformed, RateLimited
from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.models import Family, Instrument, Timeframe
from crypto_assistant.net.door import Door
from tests.exchanges.binance_bodies import (
    BARS,
    BTC,
    COIN_PERP,
    INVERSE,
    KLINES,
    LINEAR,
    MARKETS,
    NEWEST,
    PEPE,
    PERP,
    SPOT,
    at,
    bar,
    in_family,
    leave,
    spend_one,
)
from tests.exchanges.conftest import NOW, Recorded, ages
from tests.net.loopback import Loopback

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOON = 1_789_992_000_000
"""2026-09-21 12:00 UTC, half a minute ago."""


def ladder(first: int, count: int, step: int) -> list[list[Any]]:
    """Bars each of which is known by its turnover."""
    starts = range(first, first + count * step, step)
    return [bar(t, "64010", ("10", str(t)), ("6", "384030"), step) for t in starts]


def spans(host: Loopback) -> list[tuple[int, int]]:
    """The limit of each request, and the length of its window."""
    queries = [dict(parse_qsl(urlsplit(target).query)) for target in host.asked]
    return [
        (int(query["limit"]), int(query["endTime"]) - int(query["startTime"]))
        for query in queries
        if "startTime" in query
    ]


async def test_candles_stay_in_order_and_the_last_is_open(binance: Binance, host: Loopback) -> None:
    host.plays("/fapi/v1/klines?symbol=1000PEPEUSDT&interval=1m&limit=2", BARS)
    bars = await binance.candles(PEPE, Timeframe.M1, 2)
    assert bars.open_ms.tolist() == [NEWEST - MINUTE, NEWEST]
    assert bars.closed.tolist() == [True, False]
    assert bars.open.tolist() == [64, 64]
    assert bars.high.tolist() == [64.03, 64.03]
    assert bars.low.tolist() == [63.99, 63.99]
    assert bars.close.tolist() == [64.01, 64.02]
    assert bars.volume.tolist() == [10_000, 2_500]
    assert bars.turnover.tolist() == [640050, 160050]
    assert bars.taker_buy is not None
    assert bars.taker_buy_turnover is not None
    assert bars.taker_buy.tolist() == [6_000, 1_000]
    assert bars.taker_buy_turnover.tolist() == [384030, 64020]


async def test_the_newest_bar_is_missed_where_it_cannot_be_read(
    binance: Binance, host: Loopback
) -> None:
    """Any other costs itself alone."""
    rows = [[NEWEST - n * MINUTE, *BARS[1][1:]] for n in range(11, -1, -1)]
    host.plays("/fapi/v1/klines", [*rows[:-1], [None, *rows[-1][1:]]])
    with pytest.raises(Malformed):
        await binance.candles(PERP, Timeframe.M1, 12)
    assert len(await binance.candles(PERP, Timeframe.M1, 12, NEWEST)) == 11
    host.plays("/fapi/v1/klines", [rows[0][:3], *rows[1:]])
    assert len(await binance.candles(PERP, Timeframe.M3, 12)) == 11


async def test_coin_margined_candles_count_contracts_first(
    binance: Binance, host: Loopback
) -> None:
    host.plays("/dapi/v1/klines", [bar(NEWEST, "64000", ("6400", "10"), ("1600", "2.5"))])
    bars = await binance.candles(COIN_PERP, Timeframe.M1, 1)
    assert (bars.volume.tolist(), bars.turnover.tolist()) == ([10], [640_000])
    assert bars.taker_buy is not None
    assert bars.taker_buy_turnover is not None
    assert (bars.taker_buy.tolist(), bars.taker_buy_turnover.tolist()) == ([2.5], [160_000])


@pytest.mark.parametrize("timeframe", list(Timeframe))
async def test_every_timeframe_is_an_interval(
    binance: Binance, host: Loopback, timeframe: Timeframe
) -> None:
    host.plays("/api/v3/klines", BARS)
    await binance.candles(BTC, timeframe, 5)
    assert host.asked == [f"/api/v3/klines?symbol=BTCUSDT&interval={timeframe.value}&limit=5"]


@pytest.mark.parametrize("family", list(Family))
async def test_a_window_is_exact_and_leaves_out_the_bar_at_its_end(
    binance: Binance, host: Loopback, family: Family
) -> None:
    """Of a longer one COIN-M sends the newest bars and the others the oldest."""
    host.plays(KLINES[family], ladder(NOON - 3 * HOUR, 2, HOUR))
    bars = await binance.candles(MARKETS[family], Timeframe.H1, 2, end_ms=NOON - HOUR)
    start, end = NOON - 3 * HOUR, NOON - HOUR - 1
    query = f"interval=1h&limit=2&startTime={start}&endTime={end}"
    assert host.asked == [f"{KLINES[family]}?symbol={MARKETS[family].symbol}&{query}"]
    assert bars.open_ms.tolist() == [NOON - 3 * HOUR, NOON - 2 * HOUR]
    assert bars.closed.all()


async def test_ends_within_the_same_bar_share_a_request(binance: Binance, host: Loopback) -> None:
    host.plays("/api/v3/klines", ladder(NOON - 4 * HOUR, 2, HOUR))
    for end_ms in (NOON - 3 * HOUR + 1, NOON - 2 * HOUR - 1, NOON - 2 * HOUR):
        await binance.candles(BTC, Timeframe.H1, 2, end_ms=end_ms)
    assert len(host.asked) == 1
    await binance.candles(BTC, Timeframe.H1, 2, end_ms=NOON - 2 * HOUR + 1)
    assert len(host.asked) == 2


async def test_bars_beyond_one_request_are_joined(binance: Binance, host: Loopback) -> None:
    newest, first = NOON, NOON - 1499 * MINUTE
    seam = newest - 999 * MINUTE
    url = "/api/v3/klines?symbol=BTCUSDT&interval=1m"
    host.plays(f"{url}&limit=1000", ladder(seam, 1000, MINUTE))
    window = f"limit=502&startTime={first - MINUTE}&endTime={seam + MINUTE - 1}"
    host.plays(f"{url}&{window}", ladder(first - MINUTE, 502, MINUTE))
    bars = await binance.candles(BTC, Timeframe.M1, 1500)
    assert len(host.asked) == 2
    expected = list(range(first, newest + 1, MINUTE))
    assert bars.open_ms.tolist() == bars.turnover.tolist() == expected
    assert bars.taker_buy is not None
    assert len(bars.taker_buy) == 1500
    assert bars.closed.tolist() == [True] * 1499 + [False]


async def test_bars_of_coin_margined_perps_span_200_days_at_most(
    binance: Binance, host: Loopback
) -> None:
    host.plays("/dapi/v1/klines", ladder(NOON - NOON % DAY - DAY, 1, DAY))
    await binance.candles(COIN_PERP, Timeframe.D1, 700, end_ms=NOON - NOON % DAY)
    assert [limit for limit, _ in spans(host)] == [200, 200, 200, 100]
    assert all(0 < limit * DAY - span <= 1 for limit, span in spans(host))


@pytest.mark.parametrize(
    ("family", "limit", "weight"),
    [
        *((LINEAR, 99, 1), (LINEAR, 100, 2), (LINEAR, 499, 2), (LINEAR, 500, 5)),
        *((LINEAR, 1000, 5), (LINEAR, 1001, 10), (LINEAR, 1500, 10), (LINEAR, 1501, 11)),
        *((INVERSE, 99, 1), (INVERSE, 1500, 10)),
        *((SPOT, 1, 2), (SPOT, 1000, 2), (SPOT, 1001, 4)),
    ],
)
async def test_bars_weigh_what_the_venue_says(
    binance: Binance, host: Loopback, family: Family, limit: int, weight: int
) -> None:
    await leave(binance, host, family, weight)
    await binance.candles(MARKETS[family], Timeframe.M1, limit)
    with pytest.raises(RateLimited):
        await spend_one(binance, family)


async def test_bars_of_the_past_are_kept_and_a_forming_one_for_five_seconds(
    binance: Binance, host: Loopback
) -> None:
    host.plays("/fapi/v1/klines", ladder(NOON - 2 * HOUR, 2, HOUR))
    async for _ in ages(0, 299):
        await binance.candles(PERP, Timeframe.H1, 2, end_ms=NOON)
    assert len(host.asked) == 1
    async for _ in ages(0, 2, 4.9, 5.1):
        await binance.candles(PERP, Timeframe.H1, 2)
    assert len(host.asked) == 3
    async for _ in ages(0, 2, 4.9, 5.1):
        await binance.candles(PERP, Timeframe.H1, 2, end_ms=NOON + 1)
    assert len(host.asked) == 5


async def test_a_bar_that_closed_just_now_is_not_yet_the_past(
    door: Door, base: str, host: Loopback
) -> None:
    """By the venue's clock it may not be over, so what was sent may not be all of it."""
    host.plays("/fapi/v1/klines", ladder(NOON - MINUTE, 1, MINUTE))
    for since_close_ms, requests in ((9_999, 2), (10_000, 3)):
        binance = at(NOON + since_close_ms, door, base)
        async for _ in ages(0, 6):
            await binance.candles(PERP, Timeframe.M1, 1, end_ms=NOON)
        assert len(host.asked) == requests


async def test_no_bars_before_a_market_was_listed(binance: Binance, host: Loopback) -> None:
    host.plays("/fapi/v1/klines", [])
    bars = await binance.candles(PERP, Timeframe.H1, 24, end_ms=NOON - 100 * DAY)
    assert len(bars) == 0
    assert bars.open_ms.dtype == np.int64
    with pytest.raises(Malformed, match="an empty list"):
        await binance.candles(PERP, Timeframe.H1, 24)
    with pytest.raises(Malformed, match="an empty list"):
        await binance.candles(PERP, Timeframe.H1, 24, end_ms=NOW)


async def test_a_young_market_has_fewer_bars(binance: Binance, host: Loopback) -> None:
    host.plays("/api/v3/klines", [])
    host.plays("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000", BARS)
    bars = await binance.candles(BTC, Timeframe.M1, 1500)
    assert bars.open_ms.tolist() == [NEWEST - MINUTE, NEWEST]


async def test_a_number_that_is_missing_is_not_zero(binance: Binance, host: Loopback) -> None:
    hollow = [*BARS[0]]
    hollow[5], hollow[7], hollow[9], hollow[10] = None, "", None, ""
    host.plays("/fapi/v1/klines", [hollow])
    bars, takers = (
        await binance.candles(PERP, Timeframe.M1, 1),
        await binance.taker_volumes(PERP, Timeframe.M1, 1),
    )
    for column in (bars.volume, bars.turnover, bars.taker_buy, takers.sold, takers.sold_turnover):
        assert column is not None
        assert np.isnan(column).all()


@pytest.mark.parametrize(
    "payload", [{}, "bars", [None], [[]], [BARS[0][:10]], [[None, *BARS[0][1:]]]]
)
async def test_what_are_no_bars_is_refused(binance: Binance, host: Loopback, payload: Any) -> None:
    host.plays("/fapi/v1/klines", payload)
    with pytest.raises(Malformed):
        await binance.candles(PERP, Timeframe.M1, 1, end_ms=NOON - DAY)


async def test_what_takers_did_not_buy_they_sold(binance: Binance, host: Loopback) -> None:
    host.plays("/fapi/v1/klines?symbol=1000PEPEUSDT&interval=1m&limit=2", BARS)
    takers = await binance.taker_volumes(PEPE, Timeframe.M1, 2)
    assert takers.open_ms.tolist() == [NEWEST - MINUTE, NEWEST]
    assert (takers.bought.tolist(), takers.sold.tolist()) == ([6_000, 1_000], [4_000, 1_500])
    assert takers.bought_turnover.tolist() == [384030, 64020]
    assert takers.sold_turnover.tolist() == [256020, 96030]
    assert takers.closed.tolist() == [True, False]
    assert (takers.since_ms, takers.received_ms) == (NEWEST - MINUTE, NOW)


async def test_coin_margined_takers_trade_coins_and_dollars(
    binance: Binance, host: Loopback
) -> None:
    host.plays("/dapi/v1/klines", [bar(NEWEST, "64000", ("6400", "10"), ("1600", "2.5"))])
    takers = await binance.taker_volumes(COIN_PERP, Timeframe.M1, 1)
    assert (takers.bought.tolist(), takers.sold.tolist()) == ([2.5], [7.5])
    assert takers.bought_turnover.tolist() == [160_000]
    assert takers.sold_turnover.tolist() == [480_000]


def trade(time_ms: int, price: str, size: str, *, buyer_was_maker: Any) -> dict[str, Any]:
    return {
        "a": time_ms - NOON,
        "p": price,
        "q": size,
        "nq": size,
        "f": 1,
        "l": 1,
        "T": time_ms,
        "m": buyer_was_maker,
    }


TRADES = [
    trade(NOON + 1, "0.0125", "100", buyer_was_maker=True),
    trade(NOON + 1, "0.0126", "200", buyer_was_maker=False),
    trade(NOON + 9, "0.0127", "300", buyer_was_maker=False),
]


async def test_a_taker_sold_where_the_buyer_was_the_maker(binance: Binance, host: Loopback) -> None:
    host.plays("/fapi/v1/aggTrades?symbol=1000PEPEUSDT&limit=1000", TRADES)
    trades = await binance.trades(PEPE)
    assert trades.bought.tolist() == [False, True, True]
    assert trades.time_ms.tolist() == [NOON + 1, NOON + 1, NOON + 9]
    assert trades.price.tolist() == pytest.approx([0.0000125, 0.0000126, 0.0000127])
    assert trades.size.tolist() == [100_000, 200_000, 300_000]
    assert trades.turnover.tolist() == pytest.approx([1.25, 2.52, 3.81])
    assert (trades.since_ms, trades.received_ms) == (NOON + 1, NOW)


async def test_a_coin_margined_trade_counts_contracts(binance: Binance, host: Loopback) -> None:
    host.plays("/dapi/v1/aggTrades", [trade(NOON, "64000", "640", buyer_was_maker=True)])
    trades = await binance.trades(COIN_PERP)
    assert (trades.size.tolist(), trades.turnover.tolist()) == ([1], [64_000])
    assert trades.price.tolist() == [64_000]


async def test_a_full_page_may_begin_within_a_millisecond(binance: Binance, host: Loopback) -> None:
    page = [trade(NOON + max(0, i - 2), "64000", "1", buyer_was_maker=False) for i in range(1000)]
    host.plays("/api/v3/aggTrades", page)
    trades = await binance.trades(BTC)
    assert trades.since_ms == trades.time_ms[0] == NOON + 1
    columns = (trades.time_ms, trades.price, trades.size, trades.turnover, trades.bought)
    assert [len(column) for column in columns] == [997] * 5


@pytest.mark.parametrize(
    ("family", "path", "weight"),
    [
        (SPOT, "/api/v3/aggTrades", 4),
        (LINEAR, "/fapi/v1/aggTrades", 20),
        (INVERSE, "/dapi/v1/aggTrades", 20),
    ],
)
async def test_trades_weigh_what_the_venue_says(
    binance: Binance, host: Loopback, family: Family, path: str, weight: int
) -> None:
    await leave(binance, host, family, weight)
    host.plays(path, TRADES)
    await binance.trades(MARKETS[family])
    with pytest.raises(RateLimited):
        await spend_one(binance, family)


@pytest.mark.parametrize("field", ["m", "T"])
@pytest.mark.parametrize("value", [None, "", "missing"])
async def test_a_trade_without_time_or_side_is_refused(
    binance: Binance, host: Loopback, field: str, value: Any
) -> None:
    row = {**TRADES[0], field: value}
    if value == "missing":
        del row[field]
    host.plays("/fapi/v1/aggTrades", [*TRADES, row])
    with pytest.raises(Malformed, match="without its"):
        await binance.trades(PERP)


@pytest.mark.parametrize(("field", "value"), [("q", None), ("q", ""), ("p", "0"), ("p", None)])
async def test_a_trade_without_its_price_or_size_is_refused(
    binance: Binance, host: Loopback, field: str, value: Any
) -> None:
    host.plays("/fapi/v1/aggTrades", [*TRADES, {**TRADES[0], field: value}])
    with pytest.raises(Malformed, match="without its"):
        await binance.trades(PERP)


async def test_trades_are_kept_for_five_seconds(binance: Binance, host: Loopback) -> None:
    host.plays("/fapi/v1/aggTrades", TRADES)
    async for _ in ages(0, 2, 4.9, 5.1):
        await binance.trades(PERP)
    assert len(host.asked) == 2


async def test_no_trades_at_all_is_no_answer(binance: Binance, host: Loopback) -> None:
    host.plays("/fapi/v1/aggTrades", [])
    with pytest.raises(Malformed, match="an empty list"):
        await binance.trades(PERP)


@pytest.mark.parametrize(
    ("number", "instrument"),
    [
        ("007", BTC),
        ("008", BTC),
        ("018", in_family(LINEAR, "LTCUSDT")),
        ("020", PERP),
        ("013", COIN_PERP),
        ("014", COIN_PERP),
    ],
)
async def test_recorded_bars_traded_between_their_low_and_their_high(
    binance: Binance, host: Loopback, recorded: Recorded, number: str, instrument: Instrument
) -> None:
    """Coins and quote currency of one trade are a price: so are those of each bar's takers."""
    host.plays(KLINES[instrument.family], recorded(f"binance/klines/{number}")["httpResponse"])
    bars = await binance.candles(instrument, Timeframe.D1, 200)
    takers = await binance.taker_volumes(instrument, Timeframe.D1, 200)
    assert (np.diff(bars.open_ms) > 0).all()
    for coins, turnover in (
        (bars.volume, bars.turnover),
        (takers.bought, takers.bought_turnover),
        (takers.sold, takers.sold_turnover),
    ):
        traded = coins > 0
        price = turnover[traded] / coins[traded]
        assert traded.any()
        assert (price >= bars.low[traded] * (1 - 1e-6)).all()
        assert (price <= bars.high[traded] * (1 + 1e-6)).all()


async def test_recorded_trades(binance: Binance, host: Loopback, recorded: Recorded) -> None:
    rows = recorded("binance/public_trades/017")["httpResponse"]
    host.plays("/fapi/v1/aggTrades", rows)
    trades = await binance.trades(in_family(LINEAR, "LTCUSDT"))
    assert trades.bought.tolist() == [False, True, False, True, False, True]
    assert trades.time_ms.tolist() == [row["T"] for row in rows]
    assert trades.size.tolist() == [float(row["q"]) for row in rows]
    assert trades.turnover[0] == pytest.approx(47.05 * 0.718)
    assert trades.since_ms == rows[0]["T"]


async def test_recorded_trades_whose_side_was_lost(
    binance: Binance, host: Loopback, recorded: Recorded
) -> None:
    host.plays("/api/v3/aggTrades", recorded("binance/public_trades/003")["httpResponse"])
    with pytest.raises(Malformed, match="a trade without its side"):
        await binance.trades(BTC)
