"""Which time OKX's rows bear: found out from BTC's, by candles and by what is open now."""

import asyncio
import logging

import numpy as np
import pytest

from crypto_assistant.errors import Malformed, Refused
from crypto_assistant.exchanges.okx import Okx
from crypto_assistant.exchanges.okx.dating import CLOSEST, FEWEST, fit
from crypto_assistant.exchanges.okx.source import Source
from crypto_assistant.models import Family, Floats, Timeframe
from crypto_assistant.net.door import Door
from crypto_assistant.net.limiter import Limiter, sharing
from tests.exchanges.conftest import NOW, ages
from tests.exchanges.okx_bodies import PERP, market, no, ok
from tests.exchanges.okx_dates import (
    CANDLES,
    SAMPLE,
    SPOT_BTC,
    SPOT_TAKERS,
    TAKERS,
    bars,
    candles,
    page,
    plays_dates,
    plays_interest,
    rows,
)
from tests.net.loopback import Loopback

HISTORY = "/api/v5/rubik/stat/contracts/open-interest-history"
STEP = 300_000
NOON = NOW - 30_000
BAR = Timeframe.M5
DOGE = market(Family.SPOT, "DOGE-USDT")
ETH = market(Family.LINEAR, "ETH-USDT-SWAP", 0.1)

SIZES = np.tile([100.0, 50.0], FEWEST)
OPENS = np.arange(len(SIZES)) * STEP


def plays_eth(host: Loopback) -> None:
    """What is asked for besides: two bars of ETH."""
    plays_dates(host)
    host.plays(TAKERS, rows(NOON, STEP, 0, count=2))
    host.plays(CANDLES, candles(NOON, STEP))


def lag(told: Floats, later: int = 0) -> int | None:
    return fit(OPENS + later * STEP, told, OPENS, SIZES, STEP).lag


@pytest.mark.parametrize("scale", [0.91, 1.0, 1.09])
def test_rows_that_are_nearly_the_candles_bear_the_start_or_the_end(scale: float) -> None:
    assert lag(SIZES * scale) == 0
    assert lag(SIZES * scale, later=1) == 1


@pytest.mark.parametrize("told", [SIZES * 0.89, SIZES * 1.11, SIZES * 0, SIZES * np.nan])
def test_rows_that_are_not_the_candles_bear_neither(told: Floats) -> None:
    assert lag(told) is lag(told, later=1) is None


def test_rows_of_another_day_bear_neither() -> None:
    luck = np.random.default_rng(1).lognormal(size=len(SIZES))
    assert fit(OPENS + 2 * STEP, luck, OPENS, luck, STEP).lag is None


@pytest.mark.parametrize(("growth", "found"), [(1.02, None), (1.05, 0)])
def test_the_other_date_must_be_twice_as_far_off(growth: float, found: int | None) -> None:
    sizes = growth ** np.arange(len(OPENS), dtype=float)
    off = fit(OPENS, sizes * 1.03, OPENS, sizes, STEP)
    assert [off.start, off.end] == pytest.approx([0.03, 1.03 * growth - 1])
    assert off.lag == found


def test_a_volume_that_never_changes_says_nothing_of_dates() -> None:
    steady = np.ones(len(OPENS))
    assert fit(OPENS, steady, OPENS, steady, STEP) == (0, 0)
    assert fit(OPENS, steady, OPENS, steady, STEP).lag is None


def test_a_bar_that_is_far_off_does_not_decide() -> None:
    told = SIZES.copy()
    told[:5] *= 1000
    assert lag(told) == 0
    assert fit(OPENS, told, OPENS, SIZES, STEP).start == 0 < CLOSEST


def test_from_few_rows_nothing_follows() -> None:
    def of(count: int) -> int | None:
        return fit(OPENS[:count], SIZES[:count], OPENS, SIZES, STEP).lag

    assert of(FEWEST) is None  # by the end there is one less
    assert of(FEWEST + 1) == 0
    gaps = SIZES.copy()
    gaps[FEWEST - 1 :: 2], gaps[FEWEST::2] = np.nan, 0
    assert fit(OPENS, SIZES, OPENS, gaps, STEP).lag is None


async def test_a_row_of_a_contract_that_bears_its_end_is_shown_where_it_began(
    okx: Okx, host: Loopback
) -> None:
    """Of the rows that are asked for, too; the one of the bar that has not ended is left out."""
    plays_dates(host, lag=1)
    told = [[str(NOON + n * STEP), str(3 - n), "2"] for n in (1, 0, -1)]
    host.plays(page("5m", NOON, STEP, symbol=ETH.symbol), ok(*told))
    host.plays(CANDLES, candles(NOON, STEP))
    found = await okx.taker_volumes(ETH, BAR, 2)
    assert found.open_ms.tolist() == [NOON - 2 * STEP, NOON - STEP]
    np.testing.assert_allclose(found.sold, [0.4, 0.3])
    assert found.since_ms == NOON - 2 * STEP


@pytest.mark.parametrize("later", [0, 1])
async def test_rows_of_a_coin_are_shown_where_they_began(
    okx: Okx, host: Loopback, later: int
) -> None:
    plays_dates(host)
    host.plays(SPOT_BTC, rows(NOON, STEP, later))
    host.plays(SPOT_TAKERS, rows(NOON, STEP, later))
    host.plays(CANDLES, candles(NOON, STEP))
    found = await okx.taker_volumes(DOGE, BAR, 3)
    assert found.open_ms.tolist() == [NOON - n * STEP for n in (3, 2, 1)]
    np.testing.assert_allclose(found.bought, 3 * found.sold)


async def test_rows_that_fit_no_candles_are_not_used(okx: Okx, host: Loopback) -> None:
    """Two bars late; the other path is none the worse."""
    plays_dates(host)
    host.plays(page("5m", NOON, STEP), rows(NOON - 2 * STEP, STEP, 2))
    host.plays(TAKERS, rows(NOON - 2 * STEP, STEP, 2))
    host.plays(SPOT_TAKERS, rows(NOON, STEP, 1))
    host.plays(CANDLES, candles(NOON, STEP))
    off = r"\(\d\d % off by the start, \d\d % by the end\)"
    for perp in (PERP, ETH):
        with pytest.raises(Malformed, match=f"^its rows of 5m do not fit its candles {off}$"):
            await okx.taker_volumes(perp, BAR, 2)
    assert len(await okx.taker_volumes(DOGE, BAR, 2)) == 2


@pytest.mark.parametrize("few", [rows(NOON, STEP, 0, count=FEWEST - 1), ok()])
async def test_too_few_rows_are_not_used(okx: Okx, host: Loopback, few: object) -> None:
    plays_eth(host)
    host.plays(page("5m", NOON, STEP), few)
    with pytest.raises(Malformed, match=r"do not fit its candles \(too few to compare\)$"):
        await okx.taker_volumes(ETH, BAR, 2)


async def test_candles_that_are_not_closed_are_not_compared(okx: Okx, host: Loopback) -> None:
    plays_eth(host)
    host.plays(bars("BTC-USDT-SWAP", "5m", NOON), candles(NOON, STEP, confirmed="0"))
    with pytest.raises(Malformed, match="too few to compare"):
        await okx.taker_volumes(ETH, BAR, 2)


def checks(host: Loopback) -> int:
    return host.asked.count(page("5m", NOON, STEP))


async def test_what_was_found_is_kept_for_an_hour_and_logged_when_it_changes(
    okx: Okx, host: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    plays_eth(host)
    async for _ in ages(0, 1800, 3599):
        await okx.taker_volumes(ETH, BAR, 2)
    assert checks(host) == 1
    await asyncio.sleep(2)
    await okx.taker_volumes(ETH, BAR, 2)
    assert checks(host) == 2
    plays_dates(host, lag=1)
    await asyncio.sleep(3601)
    await okx.taker_volumes(ETH, BAR, 2)
    told = [record for record in caplog.records if "okx" in record.name]
    assert [record.levelname for record in told] == ["INFO", "WARNING"]
    for record, end in zip(told, ("start", "end"), strict=True):
        text = record.getMessage()
        assert text.startswith(f"okx: rows of takers of contracts 5m bear: {end} (")
        assert f"0 % {'off ' if end == 'start' else ''}by the {end}" in text


async def test_what_fits_nothing_is_looked_at_again(okx: Okx, host: Loopback) -> None:
    plays_eth(host)
    host.plays(page("5m", NOON, STEP), rows(NOON, STEP, 0, scale=3), rows(NOON, STEP, 0))
    with pytest.raises(Malformed):
        await okx.taker_volumes(ETH, BAR, 2)
    await asyncio.sleep(6)
    assert len(await okx.taker_volumes(ETH, BAR, 2)) == 2


async def test_an_outage_is_not_a_date(okx: Okx, host: Loopback) -> None:
    plays_eth(host)
    target = bars("BTC-USDT-SWAP", "5m", NOON)
    host.plays(target, no("51000"), candles(NOON, STEP))
    with pytest.raises(Refused):
        await okx.taker_volumes(ETH, BAR, 2)
    assert len(await okx.taker_volumes(ETH, BAR, 2)) == 2


async def test_each_length_of_bars_is_found_out_by_itself(okx: Okx, host: Loopback) -> None:
    hour = Timeframe.H1
    plays_dates(host)
    plays_dates(host, hour, "1H", lag=1)
    host.plays(TAKERS, rows(NOON, hour.ms, 1, count=2))
    host.plays(CANDLES, candles(NOON, hour.ms))
    assert (await okx.taker_volumes(ETH, hour, 2)).open_ms.tolist() == [
        NOON - 2 * hour.ms,
        NOON - hour.ms,
    ]
    host.plays(TAKERS, rows(NOON, STEP, 0, count=2))
    host.plays(CANDLES, candles(NOON, STEP))
    found = await okx.taker_volumes(ETH, BAR, 2)
    assert found.open_ms.tolist() == [NOON - 2 * STEP, NOON - STEP]


OPEN = "its newest sample is {} % off what is open now"


async def interest(okx: Okx, host: Loopback) -> float:
    """What was open of ETH."""
    host.plays(HISTORY, ok([str(NOON), "7", "7", "7"]))
    return float((await okx.open_interest_history(ETH, BAR, 1)).coins[0])


@pytest.mark.parametrize("sample", ["491", "509"])
async def test_open_interest_of_the_past_leads_to_that_of_now(
    okx: Okx, host: Loopback, sample: str
) -> None:
    plays_interest(host, "500", (NOON, sample))
    async for _ in ages(0, 3599):
        assert await interest(okx, host) == pytest.approx(0.7)
    assert host.asked.count(SAMPLE) == 1
    await asyncio.sleep(2)
    await interest(okx, host)
    assert host.asked.count(SAMPLE) == 2


async def test_open_interest_of_another_size_is_not_used_after_the_next_row(
    okx: Okx, host: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    """It may have changed so much within a row; not within two. Once it fits, a doubt is new."""
    doubtful, fits = [(NOON - STEP, "300"), (NOON - STEP, "300"), (NOON, "300")], (NOON, "500")
    plays_interest(host, "500", *doubtful, fits, (NOON, "300"))
    async for _ in ages(0, 6):
        assert await interest(okx, host) == pytest.approx(0.7)
    await asyncio.sleep(6)
    with pytest.raises(Malformed, match=f"^{OPEN.format('40.0')}$"):
        await interest(okx, host)
    async for _ in ages(6, 3607):
        assert await interest(okx, host) == pytest.approx(0.7)
    told = [record.getMessage() for record in caplog.records if "okx" in record.name]
    assert told == [
        f"okx: rows of open interest bear: in doubt ({OPEN.format('40.0')})",
        f"okx: rows of open interest bear: n/a ({OPEN.format('40.0')})",
        f"okx: rows of open interest bear: its time ({OPEN.format('0.0')})",
        f"okx: rows of open interest bear: in doubt ({OPEN.format('40.0')})",
    ]


async def test_nobody_waits_for_what_is_found_with_a_part_of_the_limits(
    door: Door, base: str
) -> None:
    source = Source(door, base, Limiter(door.clock_ms))
    never = asyncio.get_running_loop().create_future()

    async def found() -> str:
        return "at once"

    with sharing(0.5):
        scans = asyncio.create_task(source.kept("lag", 60, lambda: never))
        await asyncio.sleep(1)
    assert await source.kept("lag", 60, found) == "at once"
    never.set_result("by and by")
    assert await scans == "by and by"


async def test_a_doubt_does_not_last_for_ever(okx: Okx, host: Loopback) -> None:
    """Where the next row does not come."""
    plays_interest(host, "500", (NOON - 2 * STEP, "300"))
    with pytest.raises(Malformed, match="off what is open now"):
        await interest(okx, host)


@pytest.mark.parametrize("now", ["", "0"])
async def test_open_interest_that_nothing_is_known_of_now_is_in_doubt(
    okx: Okx, host: Loopback, now: str
) -> None:
    plays_interest(host, now, (NOON - STEP, "300"), (NOON, "300"))
    assert await interest(okx, host) == pytest.approx(0.7)
    await asyncio.sleep(6)
    with pytest.raises(Malformed, match="not what is open now"):
        await interest(okx, host)


async def test_without_a_sample_nothing_can_be_told(okx: Okx, host: Loopback) -> None:
    plays_interest(host, "500", (NOON, "500"))
    host.plays(SAMPLE, ok())
    with pytest.raises(Malformed, match="no open interest of BTC-USDT-SWAP"):
        await interest(okx, host)
