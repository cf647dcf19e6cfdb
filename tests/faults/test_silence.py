"""A venue that says nothing at all: who is there is shown, and the answer comes when it is due."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.front import Sheet
from crypto_assistant.sandbox import Fault
from tests.faults.matrix import LINES, TITLES, expected, strays, truth, venues
from tests.floor import SHIPPED, VENUES, Floor, differences, floor, numbers
from tests.truths.scan import spike, universe

HEAVY = ["/price BTC details", "/cvd BTC", "/oi BTC details", "/analysis BTC"]
LIGHT = [line for line in LINES if line not in HEAVY]
SILENT = [
    *(pytest.param("binance", [line], id=f"binance-{line}") for line in HEAVY),
    pytest.param("binance", LIGHT, id="binance-others"),
    pytest.param("bybit", LIGHT, id="bybit-others"),
    # OKX is no coin's most liquid venue.
    pytest.param("okx", [line for line in LIGHT if line != "/volscan"], id="okx-others"),
]


@pytest.mark.parametrize(("venue", "lines"), SILENT)
async def test_a_silent_venue_is_waited_for_until_the_answer_is_due(
    venue: str, lines: Sequence[str]
) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "timeout")]
        began = monotonic()
        watched = await asyncio.gather(*(_first_and_whole(market, line) for line in lines))
        # What is asked again elsewhere, where the venue is the primary one, is left a try's time.
        waited = round(monotonic() - began, 3)
        assert SHIPPED.answer - SHIPPED.attempt <= waited <= SHIPPED.answer
    for line, (first, whole) in zip(lines, watched, strict=True):
        assert TITLES[venue] in first.text.partition("waiting: ")[2]
        assert whole.answer
        found = numbers(whole.answer)
        assert re.fullmatch(r"no answer in [\d.]+ s", found["failed"][venue])
        assert differences(found, expected(line, found["failed"])) == {}, line


@venues
async def test_lists_that_do_not_come_leave_time_for_the_answer(venue: str) -> None:
    failed = {venue: "no answer in 3 s"}
    async with floor() as market:
        market.sandbox.faults = [Fault(venue, "timeout")]
        began = monotonic()
        assert await strays(market, ["/price PEPE", "/top10"], failed, cold=True) == {}
        assert monotonic() - began < SHIPPED.answer


async def test_a_scan_ends_when_it_is_due_with_the_coins_that_arrived() -> None:
    """Twenty at a time are asked for: the second twenty would come too late."""
    timing = replace(SHIPPED, scan=8.0)
    async with floor(timing) as market:
        await market.open()
        market.sandbox.faults = [Fault("binance", "slow", 2.9, "/fapi/v1/klines")]
        began = monotonic()
        first, whole = await _first_and_whole(market, "/volscan 1x")
        assert monotonic() - began <= timing.scan
    assert "▓" in first.text or "░" in first.text
    assert "waiting: Binance" in first.text
    assert whole.answer
    found = numbers(whole.answer)
    assert (found["coins_scanned"], found["coins_failed"]) == (26, 17)
    assert found["failed"] == {"binance": "17 of 37 coins: no answer in 5 s"}
    coins = {coin.name: coin for coin in universe(truth(), VENUES)}
    assert found["rows"]
    for row in found["rows"]:
        assert differences(row, spike(coins[row["coin"]], "15m")) == {}


async def _first_and_whole(market: Floor, line: str) -> tuple[Sheet, Sheet]:
    """What is shown of an answer while somebody is awaited, which must be soon, and the whole."""
    first: asyncio.Future[Sheet] = asyncio.get_running_loop().create_future()

    def show(sheet: Sheet) -> None:
        if not first.done():
            first.set_result(sheet)

    async with asyncio.TaskGroup() as group:
        whole = group.create_task(market.front.reply(line, show))
        async with asyncio.timeout(SHIPPED.partial + 0.1):
            await first
    return first.result(), whole.result()
