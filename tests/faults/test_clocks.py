"""This host's clock is wrong: the answer says so, and nothing of the account is missing."""

import pytest

from tests.clock import NOW
from tests.faults.accounts import LINES, healthy, moved
from tests.floor import VENUES, differences, floor, numbers

pytestmark = pytest.mark.usefixtures("whole")

HOUR_MS = 3_600_000
BY_THIS_CLOCK = {"time_ms", "oldest_ms", "clock_ahead_seconds", "accounts", "parts", "parts_read"}


@pytest.mark.parametrize(
    ("off_ms", "said"),
    [
        (HOUR_MS, "clock: this host is 60 min ahead of Binance, Bybit, OKX"),
        (-HOUR_MS, "clock: this host is 60 min behind Binance, Bybit, OKX"),
    ],
)
async def test_a_clock_that_is_off_by_an_hour_is_told_and_changes_nothing(
    off_ms: int, said: str
) -> None:
    async with floor() as market, moved(market, host_ms=lambda: NOW + off_ms) as there:
        for line in LINES:
            sheet = await there.front.reply(line)
            assert said in sheet.text
            assert sheet.answer
            found, whole = numbers(sheet.answer), healthy(line)
            clocks = {venue: found["accounts"][venue]["clock_ahead_seconds"] for venue in VENUES}
            assert clocks == dict.fromkeys(VENUES, pytest.approx(-off_ms / 1000))
            for answer in (found, whole):
                for row in answer.get("positions", ()):
                    row.pop("liquidation_atr_1h")  # Of the bars that have closed by this clock.
                for name in BY_THIS_CLOCK & answer.keys():
                    answer.pop(name)
            assert differences(found, whole) == {}, line


@pytest.mark.parametrize("jump_ms", [-HOUR_MS, -60_000, 60_000, HOUR_MS])
async def test_a_clock_that_is_set_while_the_program_runs_is_noticed(jump_ms: int) -> None:
    """Whether the host sees it by itself or only the venues do, and refuse."""
    off = [0]
    async with floor() as market, moved(market, host_ms=lambda: NOW + off[0]) as there:
        for off[0] in (0, jump_ms):
            await market.pass_time()
            found = await there.ask("/balance")
            assert found["failed"] == {}
            assert differences(found["total"], healthy("/balance")["total"]) == {}
