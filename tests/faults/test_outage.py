"""A venue that has long been away: its answer is immediate, and it is back when it is."""

import asyncio
import logging
import re
from collections import Counter
from dataclasses import replace

import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.net.health import Health
from crypto_assistant.sandbox import Fault
from tests.faults.matrix import TITLES, strays, venues
from tests.floor import SHIPPED, Floor, floor

ALONE = replace(SHIPPED, probe=86_400.0)
"""Nobody asks but the owner."""
LINES = ["/price PEPE", "/top10"]


def healths(market: Floor, venue: str) -> list[Health]:
    """Of the venue's hosts."""
    exchange = next(one for one in market.front.desk.exchanges if one.name == venue)
    return [api.health for api in exchange.hosts.values()]


async def until_down(market: Floor, venue: str) -> None:
    """Asked again and again, as an owner does."""
    while not any(health.down_since_ms for health in healths(market, venue)):
        await market.pass_time(10)
        await market.front.reply(f"/price BTC details {venue}")


async def until_back(market: Floor, venue: str) -> None:
    """Nobody asks but the probes."""
    while any(health.is_probed for health in healths(market, venue)):  # noqa: ASYNC110
        await asyncio.sleep(1)


@venues
async def test_of_a_venue_that_was_silent_the_next_answer_is_immediate(venue: str) -> None:
    """Nothing is sent to it; the others' numbers are as they were."""
    async with floor(ALONE) as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "timeout")]
        for sheet in await asyncio.gather(*(market.front.reply(line) for line in LINES)):
            assert re.search(rf"\n{TITLES[venue]}: no answer in [\d.]+ s", sheet.text)
        assert all(health.is_probed for health in healths(market, venue))
        await market.pass_time()
        began = monotonic()
        failed = {venue: "no answer since 14:13 UTC"}
        assert await strays(market, LINES, failed) == {}
        assert monotonic() == began
        assert market.gets(venue) == Counter()


async def test_a_venue_that_comes_back_is_in_the_next_answer_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    venue = "bybit"
    caplog.set_level(logging.WARNING, "crypto_assistant.net")
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "http", 503)]
        await until_down(market, venue)
        market.sandbox.faults = []
        await until_back(market, venue)
        await market.pass_time()
        assert await strays(market, LINES, {}) == {}
    told = Counter(record.getMessage().split(" is ")[1][:4] for record in caplog.records)
    assert told["down"] == told["back"] >= 1
    assert told.total() == 2 * told["down"]
