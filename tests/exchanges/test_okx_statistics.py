"""OKX's trading statistics: who bought, how much is open, who is long, and in which units."""

import asyncio
from typing import Any

import numpy as np
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import Malformed, Unsupported
from crypto_assistant.exchanges.okx import Okx
from crypto_assistant.exchanges.okx.limits import FORGOTTEN, TAKERS, Budgets
from crypto_assistant.models import Family, TakerVolumes, Timeframe
from tests.exchanges.conftest import NOW, Recorded, ages
from tests.exchanges.okx_bodies import COIN_PERP, SATS_PERP, market, ok
from tests.exchanges.okx_dates import asked, page, plays_dates, plays_interest, traded
from tests.net.loopback import Loopback

CANDLES = "/api/v5/market/candles"
SPOT_TAKERS = "/api/v5/rubik/stat/taker-volume"
HISTORY = "/api/v5/rubik/stat/contracts/open-interest-history"
ALL_ACCOUNTS = "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract"
TOP_ACCOUNTS = f"{ALL_ACCOUNTS}-top-trader"
TOP_POSITIONS = "/api/v5/rubik/stat/contracts/long-short-position-ratio-contract-top-trader"

STEP = 300_000
NOON = NOW - 30_000
"""The end of the last five minutes, half a minute ago."""
BAR = Timeframe.M5
BTC_PERP = market(Family.LINEAR, "BTC-USDT-SWAP", 0.01)
PERP = market(Family.LINEAR, "ETH-USDT-SWAP", 0.01)
SPOT = market(Family.SPOT, "ETH-USDT")


@pytest.fixture(autouse=True)
def dated(host: Loopback) -> None:
    """A row of a contract bears the start of its bar, of a coin the end; samples are of theirs."""
    plays_dates(host)
    plays_interest(host, "500", (NOON, "501"))


def row(time: int | str, *cells: Any) -> list[Any]:
    return [str(time), *cells]


def candle(time: int, contracts: str, coins: str, quote: str) -> list[str]:
    return [str(time), "1", "1", "1", "1", contracts, coins, quote, "1"]


def plays_takers(host: Loopback, *rows: list[Any]) -> None:
    host.plays(TAKERS, ok(*rows))
    host.plays(CANDLES, ok(candle(NOON - STEP, "5000", "50", "3200000")))


async def test_sold_comes_before_bought_in_contracts(okx: Okx, host: Loopback) -> None:
    rows = [row(NOON - STEP, "1000", "3000"), row(NOON - 2 * STEP, "7", "5")]
    host.plays(TAKERS, ok(*rows))
    old = candle(NOON - 2 * STEP, "12", "0.12", "7200")
    host.plays(CANDLES, ok(candle(NOON - STEP, "4000", "40", "2560000"), old))
    found = await okx.taker_volumes(PERP, BAR, 2)
    assert found.open_ms.tolist() == [NOON - 2 * STEP, NOON - STEP]
    np.testing.assert_allclose(found.sold, [0.07, 10])
    np.testing.assert_allclose(found.bought, [0.05, 30])
    np.testing.assert_allclose(found.sold_turnover, [4200, 640_000])
    np.testing.assert_allclose(found.bought_turnover, [3000, 1_920_000])
    assert found.closed.tolist() == [True, True]
    assert (found.since_ms, found.timeframe, found.instrument) == (NOON - 2 * STEP, BAR, PERP)


async def test_contracts_are_asked_for_and_the_candles_of_the_same_bars(
    okx: Okx, host: Loopback
) -> None:
    plays_takers(host, row(NOON - STEP, "1", "1"))
    await okx.taker_volumes(PERP, BAR, 2)
    assert sorted(asked(host)) == [
        f"{CANDLES}?instId={PERP.symbol}&bar=5m&limit=2&after={NOON}",
        page("5m", NOON, STEP, symbol=PERP.symbol),
    ]


async def test_takers_of_an_inverse_market_are_dollars(okx: Okx, host: Loopback) -> None:
    host.plays(TAKERS, ok(row(NOON - STEP, "100", "300")))
    host.plays(CANDLES, ok(candle(NOON - STEP, "640", "1", "64000")))
    found = await okx.taker_volumes(COIN_PERP, BAR, 1)
    assert (found.sold_turnover.tolist(), found.bought_turnover.tolist()) == ([10_000], [30_000])
    np.testing.assert_allclose(found.sold, [10_000 / 64_000])
    np.testing.assert_allclose(found.bought, [30_000 / 64_000])


async def test_takers_of_thousands_are_told_per_coin(okx: Okx, host: Loopback) -> None:
    host.plays(TAKERS, ok(row(NOON - STEP, "2", "3")))
    host.plays(CANDLES, ok(candle(NOON - STEP, "5", "5000", "1")))
    found = await okx.taker_volumes(SATS_PERP, BAR, 1)
    assert (found.sold.tolist(), found.bought.tolist()) == ([2e6], [3e6])
    np.testing.assert_allclose([found.sold_turnover[0], found.bought_turnover[0]], [0.4, 0.6])


async def test_a_contract_of_another_size_is_counted_anew(okx: Okx, host: Loopback) -> None:
    plays_takers(host, row(NOON - STEP, "100", "100"))
    host.plays(HISTORY, ok(row(NOON - STEP, "100", "1", "1")))
    for contract in (0.01, 0.1):
        perp = market(Family.LINEAR, "ETH-USDT-SWAP", contract)
        assert (await okx.taker_volumes(perp, BAR, 1)).bought.tolist() == [100 * contract]
        assert (await okx.open_interest_history(perp, BAR, 1)).coins.tolist() == [100 * contract]


async def test_the_bar_that_still_grows_is_left_out(okx: Okx, host: Loopback) -> None:
    plays_takers(host, row(NOON, "1", "1"), row(NOON - STEP, "2", "2"))
    found = await okx.taker_volumes(PERP, BAR, 2)
    assert found.open_ms.tolist() == [NOON - STEP]


async def test_without_a_candle_the_other_unit_is_not_known(okx: Okx, host: Loopback) -> None:
    rows = [
        row(NOON - STEP, "1", "2"),
        row(NOON - 2 * STEP, "3", "4"),
        row(NOON - 3 * STEP, "5", 0),
    ]
    plays_takers(host, *rows)
    linear = await okx.taker_volumes(PERP, BAR, 3)
    assert linear.sold.tolist() == [0.05, 0.03, 0.01]
    assert np.isnan(linear.sold_turnover).tolist() == [True, True, False]
    np.testing.assert_array_equal(linear.bought_turnover[:2], [0, np.nan])
    inverse = await okx.taker_volumes(COIN_PERP, BAR, 3)
    assert inverse.sold_turnover.tolist() == [500, 300, 100]
    assert np.isnan(inverse.sold).tolist() == [True, True, False]


@pytest.mark.parametrize("candles", [("0", "0", "0"), ("100", "", "6400"), ("100", "1", "")])
async def test_a_candle_without_a_price_values_nothing(
    okx: Okx, host: Loopback, candles: tuple[str, str, str]
) -> None:
    host.plays(TAKERS, ok(row(NOON - STEP, "1", "2")))
    host.plays(CANDLES, ok(candle(NOON - STEP, *candles)))
    found = await okx.taker_volumes(PERP, BAR, 1)
    assert np.isnan([found.bought_turnover[0], found.sold_turnover[0]]).all()


@pytest.mark.parametrize("cell", ["", None])
async def test_a_side_that_is_not_told_is_not_zero(
    okx: Okx, host: Loopback, cell: str | None
) -> None:
    plays_takers(host, row(NOON - STEP, cell, "100"))
    found = await okx.taker_volumes(PERP, BAR, 1)
    assert np.isnan([found.sold[0], found.sold_turnover[0]]).all()
    assert found.bought.tolist() == [1]


@pytest.mark.parametrize(
    "rows", [[row(NOON, "1")], [row(NOON, "1", "soon")], [{"ts": "1"}], [row("", "1", "1")]]
)
async def test_statistics_of_another_shape_are_malformed(
    okx: Okx, host: Loopback, rows: list[Any]
) -> None:
    plays_takers(host, *rows)
    with pytest.raises(Malformed):
        await okx.taker_volumes(PERP, BAR, 1)


async def test_a_market_without_statistics_has_no_takers(okx: Okx, host: Loopback) -> None:
    plays_takers(host)
    with pytest.raises(Unsupported, match="no statistics of takers of ETH-USDT-SWAP"):
        await okx.taker_volumes(PERP, BAR, 1)


async def test_a_day_of_five_minutes_comes_in_three_pages(okx: Okx, host: Loopback) -> None:
    """The first of them is what its dates are found out with."""
    times = [NOON - n * STEP for n in range(289)]
    host.plays(CANDLES, ok(*(candle(time, "2", "1", "64000") for time in times)))
    for skip, count in ((0, 100), (100, 100), (200, 89)):
        part = times[skip : skip + count]
        rows = [row(time, "0", str(traded(time, STEP))) for time in part]
        host.plays(page("5m", part[0], STEP, count=count), ok(*rows))
    found = await okx.taker_volumes(BTC_PERP, BAR, 288)
    assert found.open_ms.tolist() == times[:0:-1]
    contracts = [traded(time, STEP) for time in times[:0:-1]]
    np.testing.assert_allclose(found.bought, np.array(contracts) / 100)
    assert found.since_ms == times[-1]
    assert host.asked.count(page("5m", NOON, STEP)) == 1
    assert len(host.asked) == 5


@pytest.mark.parametrize(
    ("timeframe", "period"),
    [
        *[("5m", "5m"), ("15m", "15m"), ("30m", "30m"), ("1h", "1H"), ("2h", "2H")],
        *[("4h", "4H"), ("6h", "6Hutc"), ("12h", "12Hutc"), ("1d", "1Dutc")],
    ],
)
async def test_long_periods_start_at_midnight_utc(
    okx: Okx, host: Loopback, timeframe: str, period: str
) -> None:
    bar = Timeframe(timeframe)
    plays_dates(host, bar, period)
    time = NOW // bar.ms * bar.ms - bar.ms
    host.plays(TAKERS, ok(row(time, "1", "1")))
    host.plays(CANDLES, ok(candle(time, "2", "1", "64000")))
    host.plays(HISTORY, ok(row(time, "1", "1", "1")))
    assert (await okx.taker_volumes(PERP, bar, 1)).open_ms.tolist() == [time]
    assert (await okx.open_interest_history(PERP, bar, 1)).time_ms.tolist() == [time]
    told = [target for target in asked(host) if "rubik" in target]
    assert all(f"&period={period}&" in target for target in told)


@pytest.mark.parametrize("timeframe", [Timeframe.M1, Timeframe.M3])
async def test_statistics_start_at_five_minutes(
    okx: Okx, host: Loopback, timeframe: Timeframe
) -> None:
    with pytest.raises(Unsupported, match=f"no takers of linear in bars of {timeframe}"):
        await okx.taker_volumes(PERP, timeframe, 10)
    with pytest.raises(Unsupported, match=f"every {timeframe}"):
        await okx.open_interest_history(PERP, timeframe, 10)
    assert host.asked == []


async def spot_takers(okx: Okx, host: Loopback, scale: float) -> TakerVolumes:
    """Of a candle of 60 coins, then of one of 40, with statistics `scale` times as large."""
    rows = [row(NOON, str(30 * scale), str(10 * scale))]
    rows += [row(NOON - STEP, str(20 * scale), str(40 * scale)), row(NOON - 2 * STEP, "9", "9")]
    host.plays(SPOT_TAKERS, ok(row(NOON + STEP, "900", "900"), *rows))
    bars = [candle(NOON - STEP, "40", "2560000", "2560000")]
    host.plays(CANDLES, ok(*bars, candle(NOON - 2 * STEP, "60", "3000000", "3000000")))
    return await okx.taker_volumes(SPOT, BAR, 2)


@pytest.mark.parametrize("scale", [0.91, 1, 1.09])
async def test_spot_statistics_are_coins_where_the_candles_agree(
    okx: Okx, host: Loopback, scale: float
) -> None:
    found = await spot_takers(okx, host, scale)
    assert found.open_ms.tolist() == [NOON - 2 * STEP, NOON - STEP]
    np.testing.assert_allclose(found.sold, [20 * scale, 30 * scale])
    np.testing.assert_allclose(found.bought, [40 * scale, 10 * scale])
    np.testing.assert_allclose(found.bought_turnover, [2_000_000 * scale, 640_000 * scale])
    assert found.since_ms == NOON - 2 * STEP
    assert f"{SPOT_TAKERS}?ccy=ETH&instType=SPOT&period=5m" in host.asked


@pytest.mark.parametrize(("scale", "off"), [(1.34, 34), (0.5, 50), (1.12, 12), (64_000, 6_399_900)])
async def test_spot_statistics_in_another_unit_are_not_used(
    okx: Okx, host: Loopback, scale: float, off: int
) -> None:
    with pytest.raises(Unsupported, match=f"statistics differ by {off} % from its candles"):
        await spot_takers(okx, host, scale)


async def test_spot_statistics_without_candles_are_not_used(okx: Okx, host: Loopback) -> None:
    host.plays(SPOT_TAKERS, ok(row(NOON, "1", "1")))
    host.plays(CANDLES, ok())
    with pytest.raises(Unsupported, match="no candles to check"):
        await okx.taker_volumes(SPOT, BAR, 2)


@pytest.mark.parametrize("timeframe", ["1m", "15m", "30m", "2h", "4h", "6h", "12h", "1d"])
async def test_spot_takers_come_by_five_minutes_and_by_the_hour(
    okx: Okx, host: Loopback, timeframe: str
) -> None:
    """Its days start at 16:00 UTC, unlike all other days of this program."""
    with pytest.raises(Unsupported, match=f"no takers of spot in bars of {timeframe}"):
        await okx.taker_volumes(SPOT, Timeframe(timeframe), 10)
    assert host.asked == []


async def test_open_interest_was_contracts_and_is_counted_in_coins(
    okx: Okx, host: Loopback
) -> None:
    rows = [row(NOON - STEP, "100", "99", "640"), row(NOON - 2 * STEP, "90", "80", "")]
    host.plays(HISTORY, ok(*rows))
    linear = await okx.open_interest_history(PERP, BAR, 2)
    assert linear.coins.tolist() == [0.9, 1]
    np.testing.assert_array_equal(linear.usd, [np.nan, 640])
    sats = await okx.open_interest_history(SATS_PERP, BAR, 2)
    assert sats.coins.tolist() == [9e7, 1e8]


async def test_open_interest_of_an_inverse_market_was_dollars(okx: Okx, host: Loopback) -> None:
    host.plays(HISTORY, ok(row(NOON - STEP, "640", "1", "64001")))
    found = await okx.open_interest_history(COIN_PERP, BAR, 1)
    assert (found.coins.tolist(), found.usd.tolist()) == ([1], [64_000])


@pytest.mark.parametrize("end_ms", [NOON, NOON + 1, NOON + STEP - 1])
async def test_a_sample_is_of_the_time_of_its_row(okx: Okx, host: Loopback, end_ms: int) -> None:
    host.plays(HISTORY, ok(row(NOON, "2", "2", "2"), row(NOON - STEP, "1", "1", "1")))
    found = await okx.open_interest_history(PERP, BAR, 2, end_ms)
    assert found.time_ms.tolist() == [NOON - STEP, NOON]
    assert found.coins.tolist() == [0.01, 0.02]
    window = f"begin={NOON - STEP - 1}&end={NOON + 1}&limit=2"
    assert asked(host) == [f"{HISTORY}?instId=ETH-USDT-SWAP&period=5m&{window}"]


async def test_before_its_listing_a_market_has_no_open_interest(okx: Okx, host: Loopback) -> None:
    host.plays(HISTORY, ok())
    found = await okx.open_interest_history(PERP, BAR, 2, NOON - 1000 * STEP)
    assert (len(found), len(found.coins), len(found.usd)) == (0, 0, 0)


async def test_old_samples_are_kept_and_the_newest_asked_again(okx: Okx, host: Loopback) -> None:
    host.plays(HISTORY, ok(row(NOON - STEP, "1", "1", "1")))
    async for _ in ages(0, 4.9, 5.1, 299):
        await okx.open_interest_history(PERP, BAR, 1)
        await okx.open_interest_history(PERP, BAR, 1, NOON - 2 * STEP)
    assert len(asked(host)) == 4


async def test_longs_are_a_share_of_each_of_the_venues_counts(okx: Okx, host: Loopback) -> None:
    query = "instId=ETH-USDT-SWAP&period=5m&limit=1"
    host.plays(f"{ALL_ACCOUNTS}?{query}", ok(row(NOON, "1.5"), row(NOON - STEP, "9")))
    host.plays(f"{TOP_ACCOUNTS}?{query}", ok(row(NOON - STEP, "1")))
    host.plays(f"{TOP_POSITIONS}?{query}", ok(row(NOON, "")))
    found = await okx.long_shorts(PERP)
    assert [(count.counts, count.long, count.time_ms) for count in found.counts] == [
        ("all accounts", 0.6, NOON),
        ("top 5 % accounts", 0.5, NOON - STEP),
        ("top 5 % positions", None, NOON),
    ]
    assert found.instrument == PERP


async def test_a_count_that_the_venue_does_not_keep_is_left_out(okx: Okx, host: Loopback) -> None:
    for path in (ALL_ACCOUNTS, TOP_ACCOUNTS):
        host.plays(path, ok())
    host.plays(TOP_POSITIONS, ok(row(NOON - STEP, "3")))
    assert [count.long for count in (await okx.long_shorts(PERP)).counts] == [0.75]


async def test_statistics_are_counted_for_each_market_apart(okx: Okx, host: Loopback) -> None:
    host.plays(HISTORY, ok(row(NOON, "1", "1", "1")))
    await asyncio.gather(*(okx.open_interest_history(PERP, BAR, limit) for limit in range(1, 11)))
    began = monotonic()
    for symbol in ("XRP-USDT-SWAP", "SOL-USDT-SWAP"):
        other = market(Family.LINEAR, symbol, 0.1)
        assert len(await okx.open_interest_history(other, BAR, 1)) == 1
    assert monotonic() == began
    await okx.open_interest_history(PERP, BAR, 11)
    assert monotonic() - began == pytest.approx(2.2)


async def test_budgets_of_markets_do_not_pile_up() -> None:
    budgets = Budgets()
    paths = len(budgets)
    first = budgets.of(TAKERS, "C0-USDT-SWAP")
    for i in range(1000):
        await asyncio.sleep(1)
        budgets.of(TAKERS, f"C{i}-USDT-SWAP")
        assert budgets.of(TAKERS, "C0-USDT-SWAP") is first
    assert len(budgets) <= paths + FORGOTTEN + 2
    await asyncio.sleep(FORGOTTEN + 1)
    budgets.of(TAKERS, "C1-USDT-SWAP")
    assert len(budgets) == paths + 1


async def test_recorded_open_interest_history(okx: Okx, host: Loopback, recorded: Recorded) -> None:
    host.plays(HISTORY, recorded("okx/open_interest_history/001")["httpResponse"])
    found = await okx.open_interest_history(PERP, BAR, 2)
    assert found.coins.tolist() == pytest.approx([7313.7757500501] * 2)
    assert found.usd.tolist() == [8888888, 8888888]
    assert found.time_ms.tolist() == [1701417500000, 1701417600000]


async def test_recorded_spot_takers(okx: Okx, host: Loopback, recorded: Recorded) -> None:
    """Days that start at 16:00 UTC: the sell column is the first one."""
    body = recorded("okx/taker_volume/000")["httpResponse"]
    host.plays(
        SPOT_TAKERS,
        ok(*([str(NOON - STEP * i), *cells[1:]] for i, cells in enumerate(body["data"]))),
    )
    bars = [
        candle(NOON - STEP, "14745.7506", "1", "1"),
        candle(NOON - 2 * STEP, "12315.5417", "1", "1"),
    ]
    host.plays(CANDLES, ok(*bars))
    found = await okx.taker_volumes(SPOT, BAR, 2)
    assert found.sold.tolist() == [5312.7876, 7596.2651]
    assert found.bought.tolist() == [7002.7541, 7149.4855]


async def test_recorded_long_shorts(okx: Okx, host: Loopback, recorded: Recorded) -> None:
    for path, number in ((TOP_POSITIONS, "001"), (ALL_ACCOUNTS, "002"), (TOP_ACCOUNTS, "003")):
        host.plays(path, recorded(f"okx/long_short_ratio/{number}")["httpResponse"])
    found = await okx.long_shorts(PERP)
    assert [count.long for count in found.counts] == pytest.approx([1.1739 / 2.1739] * 3)
