"""Whatever a venue does wrong: its numbers are gone, its reason is there, the rest is as it was."""

import asyncio
import sys
from pathlib import Path

import orjson
import pytest

from crypto_assistant.clocks import clock_ms, monotonic
from crypto_assistant.sandbox import Fault, Sandbox
from tests.faults.matrix import (
    BROKEN,
    EMPTY,
    LINES,
    Broken,
    in_turn,
    strays,
    truth,
    venues,
)
from tests.floor import VENUES, differences, floor, world
from tests.truth import price

ROOT = Path(__file__).parents[2]


CASES = [
    pytest.param(
        broken, venue, list(LINES)[(i + at) % len(VENUES) :: len(VENUES)], id=f"{broken}-{venue}"
    )
    for i, broken in enumerate(BROKEN)
    for at, venue in enumerate(VENUES)
]
"""Every kind of failure at every venue; every line at each venue and under each kind, in turn."""

ENOUGH = ["/price BTC details", "/top10", "/cvd BTC", "/oi BTC details"]


@pytest.mark.parametrize(("broken", "venue", "lines"), CASES)
async def test_a_venue_that_fails_leaves_the_others_as_they_were(
    broken: Broken, venue: str, lines: list[str]
) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [broken.at(venue)]
        assert await strays(market, lines, {venue: broken.says(venue)}) == {}


@pytest.mark.parametrize(("broken", "venue"), in_turn([*BROKEN, EMPTY]))
async def test_a_venue_whose_lists_never_came_is_missing_with_its_reason(
    broken: Broken, venue: str
) -> None:
    async with floor() as market:
        market.sandbox.faults = [broken.at(venue)]
        lines, failed = ["/price PEPE", "/top10"], {venue: broken.says(venue)}
        assert await strays(market, lines, failed, cold=True) == {}


@venues
async def test_without_a_venues_lists_every_command_answers_from_the_others(venue: str) -> None:
    # Nobody but Bybit tells that the 1MBABYDOGE of Binance is BABYDOGE.
    lines = [line for line in LINES if line != "/top10 spot gainers"]
    async with floor() as market:
        market.sandbox.faults = [Fault(venue, "http", 503)]
        assert await strays(market, lines, {venue: "HTTP 503"}, cold=True) == {}


@pytest.mark.parametrize("known", [True, False], ids=["listed", "unlisted"])
async def test_with_every_venue_down_the_answer_says_so_of_each(known: bool) -> None:
    async with floor() as market:
        if known:
            await market.open()
        market.sandbox.faults = [Fault(venue, "geo_blocked") for venue in VENUES]
        down = dict.fromkeys(VENUES, "geo-blocked")
        assert await strays(market, LINES, down, cold=not known) == {}


async def test_the_next_venue_is_the_primary_one() -> None:
    """And a coin of the same name is told by it."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("binance", "geo_blocked")]
        found = await market.ask("/price NEIRO")
    failed = {"binance": "geo-blocked"}
    assert differences(found, price(truth(), "NEIRO", failed=failed)) == {}
    assert found["primary_venue"] == "okx"
    assert found["totals"]["oi_usd_venues"] == ["okx"]


@pytest.mark.real
@pytest.mark.parametrize(("blocked", "status"), [(("okx",), 0), (VENUES, 1)])
@pytest.mark.slow
async def test_the_exit_status_tells_whether_anybody_answered(
    tmp_path: Path, blocked: tuple[str, ...], status: int
) -> None:
    sandbox = Sandbox(world(), clock_ms, monotonic)
    sandbox.faults = [Fault(venue, "geo_blocked") for venue in blocked]
    async with sandbox.serve() as urls:
        command = "-m", "crypto_assistant", "ask", "--json", "/price", "BTC"
        asked = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            stdout=asyncio.subprocess.PIPE,
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), **urls},
        )
        printed, _ = await asked.communicate()
    answer = orjson.loads(printed)
    assert answer["failed"] == dict.fromkeys(blocked, "geo-blocked")
    assert asked.returncode == status


async def test_a_coin_that_only_a_silent_venue_may_list_is_not_denied() -> None:
    async with floor() as market:
        market.sandbox.faults = [Fault("bybit", "http", 503)]
        text = (await market.front.reply("/price MNT")).text
    assert "Not listed by Binance, OKX; Bybit did not answer." in text


async def test_a_venue_that_recovers_is_back_in_the_next_answer() -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("okx", "geo_blocked")]
        assert await strays(market, ENOUGH, {"okx": "geo-blocked"}) == {}
        market.sandbox.faults = []
        await market.pass_time()
        assert await strays(market, ENOUGH, {}) == {}
