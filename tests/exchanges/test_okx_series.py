"""OKX's candles and trades: units, order, pages."""

from typing import Any

import numpy as np
import pytest

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.okx import Okx
from crypto_assistant.models import Family, Timeframe
from tests.exchanges.conftest import NOW, Recorded, ages
from tests.exchanges.okx_bodies import COIN_PERP, PERP, SATS_PERP, SPOT, market, ok
from tests.net.loopback import Loopback

CANDLES = "/api/v5/market/candles"
OLD_CANDLES = "/api/v5/market/history-candles"
TRADES = "/api/v5/market/trades"

MINUTE = 60_000
NEWEST = NOW - NOW % 60_000
BARS = [
    [str(NEWEST), "64010", "64030", "64000", "64020", "250", "2.5", "160050", "0"],
    [str(NEWEST - 60_000), "64000", "64015", "63990", "64010", "1000", "10", "640050", "1"],
]


async def test_candles_are_turned_round_and_counted_in_coins(okx: Okx, host: Loopback) -> None:
    host.plays(f"{CANDLES}?instId=1000SATS-USDT-SWAP&bar=1m&limit=2", ok(*BARS))
    bars = await okx.candles(SATS_PERP, Timeframe.M1, 2)
    assert bars.open_ms.tolist() == [NEWEST - 60_000, NEWEST]
    assert bars.closed.tolist() == [True, False]
    assert bars.open.tolist() == [64, 64.01]
    assert bars.high.tolist() == [64.015, 64.03]
    assert bars.low.tolist() == [63.99, 64]
    assert bars.close.tolist() == [64.01, 64.02]
    assert bars.volume.tolist() == [10_000, 2_500]
    assert bars.turnover.tolist() == [640050, 160050]
    assert bars.taker_buy is None


async def test_the_newest_bar_is_missed_where_it_cannot_be_read(okx: Okx, host: Loopback) -> None:
    """Any other costs itself alone."""
    newest, *others = [[str(NEWEST - n * MINUTE), *BARS[0][1:]] for n in range(12)]
    host.plays(CANDLES, ok(["", *newest[1:]], *others))
    with pytest.raises(Malformed):
        await okx.candles(PERP, Timeframe.M1, 12)
    assert len(await okx.candles(PERP, Timeframe.M1, 12, NEWEST)) == 11
    host.plays(CANDLES, ok(newest, *others[:-1], others[-1][:3]))
    assert len(await okx.candles(PERP, Timeframe.M3, 12)) == 11


async def test_spot_candles_come_in_coins_and_quote(okx: Okx, host: Loopback) -> None:
    row = [str(NEWEST), "64000", "64000", "64000", "64000", "2", "128000", "128000", "1"]
    host.plays(CANDLES, ok(row))
    bars = await okx.candles(SPOT, Timeframe.H1, 1)
    assert (bars.volume.tolist(), bars.turnover.tolist()) == ([2], [128000])


async def test_inverse_candles_come_in_contracts(okx: Okx, host: Loopback) -> None:
    row = [str(NEWEST), "64000", "64000", "64000", "64000", "6400", "10", "640000", "1"]
    host.plays(CANDLES, ok(row))
    bars = await okx.candles(COIN_PERP, Timeframe.H1, 1)
    assert (bars.volume.tolist(), bars.turnover.tolist()) == ([10], [640000])


@pytest.mark.parametrize(
    ("timeframe", "bar"),
    [
        *[("1m", "1m"), ("3m", "3m"), ("5m", "5m"), ("15m", "15m"), ("30m", "30m"), ("1h", "1H")],
        *[("2h", "2H"), ("4h", "4H"), ("6h", "6Hutc"), ("12h", "12Hutc"), ("1d", "1Dutc")],
    ],
)
async def test_long_bars_start_at_midnight_utc(
    okx: Okx, host: Loopback, timeframe: str, bar: str
) -> None:
    host.plays(CANDLES, ok(*BARS))
    await okx.candles(PERP, Timeframe(timeframe), 5)
    assert host.asked == [f"{CANDLES}?instId=BTC-USDT-SWAP&bar={bar}&limit=5"]


def at_two_times(body: dict[str, Any]) -> dict[str, Any]:
    """The documentation's sample has both of its bars at one time."""
    newer, older = body["data"]
    older[0] = str(int(newer[0]) - MINUTE)
    return body


async def test_recorded_candles(okx: Okx, host: Loopback, recorded: Recorded) -> None:
    host.plays(CANDLES, at_two_times(recorded("okx/klines/007")["httpResponse"]))
    bars = await okx.candles(PERP, Timeframe.M1, 2)
    assert bars.close.tolist() == [3.72, 3.708]
    assert bars.closed.tolist() == [True, False]


def bars(first: int, last: int, step: int = MINUTE) -> dict[str, Any]:
    """Bars that open from `first` to `last`, the price of each its minute: newest first."""
    return ok(
        *(
            [str(time), *[str(time // MINUTE)] * 4, "100", "1", "64000", "1"]
            for time in range(last, first - 1, -step)
        )
    )


async def test_the_newest_bars_may_not_be_none(okx: Okx, host: Loopback) -> None:
    host.plays(CANDLES, ok())
    with pytest.raises(Malformed):
        await okx.candles(PERP, Timeframe.M1, 2)


async def test_before_its_listing_a_market_has_no_bars(okx: Okx, host: Loopback) -> None:
    host.plays(OLD_CANDLES, ok())
    empty = await okx.candles(PERP, Timeframe.D1, 2, NOW - 2000 * 86_400_000)
    assert (len(empty), len(empty.close), len(empty.closed)) == (0, 0, 0)


@pytest.mark.parametrize("cell", ["", None])
async def test_a_volume_that_is_not_told_is_not_zero(
    okx: Okx, host: Loopback, cell: str | None
) -> None:
    host.plays(CANDLES, ok([*BARS[0][:6], cell, cell, "0"]))
    found = await okx.candles(PERP, Timeframe.M1, 1)
    assert np.isnan([found.volume[0], found.turnover[0]]).all()


@pytest.mark.parametrize("confirm", ["", None, "NaN"])
async def test_a_bar_that_is_not_told_to_be_closed_is_so_by_the_clock(
    okx: Okx, host: Loopback, confirm: str | None
) -> None:
    host.plays(CANDLES, ok(*([*bar[:8], confirm] for bar in BARS)))
    found = await okx.candles(PERP, Timeframe.M1, 2)
    assert found.closed.tolist() == [True, False]


async def test_a_window_ends_before_the_bar_that_opens_at_its_end(okx: Okx, host: Loopback) -> None:
    """The venue leaves out the bar that opens at "after"."""
    noon = NEWEST
    host.plays(CANDLES, bars(noon - 2 * MINUTE, noon - MINUTE))
    for end_ms in (noon, noon - MINUTE + 1):
        found = await okx.candles(PERP, Timeframe.M1, 2, end_ms)
        assert found.open_ms.tolist() == [noon - 2 * MINUTE, noon - MINUTE]
    assert host.asked == [f"{CANDLES}?instId=BTC-USDT-SWAP&bar=1m&limit=2&after={noon}"]


@pytest.mark.parametrize(
    ("limit", "back", "path"),
    [
        (2, 0, CANDLES),
        (300, 1138, CANDLES),
        (300, 1140, OLD_CANDLES),
        (1, 1437, CANDLES),
        (1, 1500, OLD_CANDLES),
    ],
)
async def test_bars_older_than_the_newest_1440_are_asked_of_another_path(
    okx: Okx, host: Loopback, limit: int, back: int, path: str
) -> None:
    end_ms = NEWEST - back * MINUTE
    host.plays(path, bars(end_ms - limit * MINUTE, end_ms - MINUTE))
    found = await okx.candles(PERP, Timeframe.M1, limit, end_ms)
    assert len(found) == limit
    query = f"instId=BTC-USDT-SWAP&bar=1m&limit={limit}&after={end_ms}"
    assert host.asked == [f"{path}?{query}"]


async def test_long_series_come_in_pages_of_their_own_age(okx: Okx, host: Loopback) -> None:
    next_bar = NEWEST + MINUTE
    host.plays(
        f"{CANDLES}?instId=BTC-USDT-SWAP&bar=1m&limit=300", bars(next_bar - 300 * MINUTE, NEWEST)
    )
    for page in range(5):
        end_ms = next_bar - (299 + page * 300) * MINUTE
        count = min(300, 1302 - page * 300)
        path = OLD_CANDLES if page > 2 else CANDLES
        host.plays(
            f"{path}?instId=BTC-USDT-SWAP&bar=1m&limit={count}&after={end_ms}",
            bars(end_ms - count * MINUTE, end_ms - MINUTE),
        )
    found = await okx.candles(PERP, Timeframe.M1, 1600)
    assert found.open_ms.tolist() == [*range(NEWEST - 1599 * MINUTE, NEWEST + 1, MINUTE)]
    assert found.close.tolist() == [time / MINUTE for time in found.open_ms.tolist()]
    assert len(host.asked) == 6


async def test_closed_bars_are_kept_and_newer_ones_asked_again(okx: Okx, host: Loopback) -> None:
    host.plays(CANDLES, ok(*BARS))
    async for _ in ages(0, 4.9, 5.1, 299):
        await okx.candles(PERP, Timeframe.M1, 2)
        await okx.candles(PERP, Timeframe.M1, 2, NEWEST)
        await okx.candles(PERP, Timeframe.M1, 2, NEWEST + MINUTE)
    assert [target.partition("limit=2")[2] for target in host.asked] == [
        *("", f"&after={NEWEST}", f"&after={NEWEST + MINUTE}"),
        *("", f"&after={NEWEST + MINUTE}") * 2,
    ]


def trade(time: int, price: str, size: str, side: str | None) -> dict[str, Any]:
    return {
        "instId": "BTC-USDT-SWAP",
        "px": price,
        "side": side,
        "source": "0",
        "sz": size,
        "tradeId": str(time),
        "ts": str(time),
    }


async def test_the_side_of_a_trade_is_the_takers_and_its_size_contracts(
    okx: Okx, host: Loopback
) -> None:
    rows = [trade(NOW, "64000", "7", "buy"), trade(NOW - 5, "63999", "100", "sell")]
    host.plays(f"{TRADES}?instId=BTC-USDT-SWAP&limit=500", ok(*rows))
    found = await okx.trades(PERP)
    assert found.time_ms.tolist() == [NOW - 5, NOW]
    assert found.bought.tolist() == [False, True]
    assert found.price.tolist() == [63999, 64000]
    np.testing.assert_allclose(found.size, [1, 0.07])
    np.testing.assert_allclose(found.turnover, [63999, 4480])
    assert found.since_ms == NOW - 5


async def test_a_trade_is_counted_anew_in_contracts_of_another_size(
    okx: Okx, host: Loopback
) -> None:
    host.plays(TRADES, ok(trade(NOW, "64000", "100", "buy")))
    for contract in (0.01, 0.1):
        perp = market(Family.LINEAR, "BTC-USDT-SWAP", contract)
        assert (await okx.trades(perp)).size.tolist() == [100 * contract]


async def test_an_inverse_trade_is_contracts_of_dollars(okx: Okx, host: Loopback) -> None:
    host.plays(TRADES, ok(trade(NOW, "43574.9", "1", "sell")))
    found = await okx.trades(COIN_PERP)
    assert found.turnover.tolist() == [100]
    assert found.size.tolist() == [pytest.approx(0.00229490, rel=1e-5)]


async def test_a_trade_of_thousands_is_told_per_coin(okx: Okx, host: Loopback) -> None:
    host.plays(TRADES, ok(trade(NOW, "0.0002", "3", "buy")))
    found = await okx.trades(SATS_PERP)
    assert found.price.tolist() == [pytest.approx(2e-7)]
    assert found.size.tolist() == [3_000_000]
    assert found.turnover.tolist() == [pytest.approx(0.6)]


async def test_a_full_page_may_have_cut_its_oldest_millisecond(okx: Okx, host: Loopback) -> None:
    times = [NOW - i // 2 for i in range(500)]
    host.plays(TRADES, ok(*(trade(time, "64000", "1", "buy") for time in times)))
    found = await okx.trades(PERP)
    assert found.since_ms == NOW - 248
    assert len(found) == len(found.size) == len(found.bought) == 498
    assert found.time_ms[0] == NOW - 248


@pytest.mark.parametrize(
    "broken", [{"side": None}, {"side": "Buy"}, {"ts": ""}, {"px": ""}, {"sz": None}]
)
async def test_a_trade_that_cannot_be_placed_is_malformed(
    okx: Okx, host: Loopback, broken: dict[str, Any]
) -> None:
    rows = [trade(NOW, "64000", "1", "buy"), {**trade(NOW - 1, "64000", "1", "buy"), **broken}]
    host.plays(TRADES, ok(*rows, trade(NOW - 2, "64000", "1", "buy")))
    with pytest.raises(Malformed):
        await okx.trades(PERP)


async def test_recorded_old_candles(okx: Okx, host: Loopback, recorded: Recorded) -> None:
    host.plays(OLD_CANDLES, at_two_times(recorded("okx/klines/008")["httpResponse"]))
    found = await okx.candles(SPOT, Timeframe.M1, 2, 1597026383085)
    assert found.volume.tolist() == [24912403, 8422410]
    assert found.turnover.tolist() == [37632347.24399722, 12698348.04828491]


@pytest.mark.parametrize("number", ["001", "004"])
async def test_recorded_trades(okx: Okx, host: Loopback, recorded: Recorded, number: str) -> None:
    host.plays(TRADES, recorded(f"okx/public_trades/{number}")["httpResponse"])
    found = await okx.trades(SPOT)
    assert found.time_ms.tolist() == [1654161641568, 1654161646974]
    assert found.price.tolist() == [29964.1, 29963.2]
    assert found.size.tolist() == [0.00001, 0.00001]
    assert not found.bought.any()
