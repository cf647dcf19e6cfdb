"""While time goes on: an answer is as old as its live numbers, a bar as far along as it is."""

import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.net.cache import Lifetime
from tests.clock import NOW
from tests.floor import VENUES, floor

MINUTE = 60_000
LINES = [
    "/price BTC details",
    "/oi BTC details",
    "/cvd BTC",
    "/cvd ETH 15m",
    "/volume BTC",
    "/volume BTC 5m",
    "/analysis BTC details",
]
"""All that take bars, statistics or a day's history, some of which are kept for five minutes."""


def going_on() -> int:
    """The venues' clock and ours."""
    return NOW + int(1000 * monotonic())


@pytest.mark.parametrize("line", LINES)
async def test_what_is_kept_for_minutes_does_not_make_live_numbers_old(line: str) -> None:
    async with floor(clock_ms=going_on) as market:
        await market.open()
        for _ in range(3):
            found = await market.ask(line)
            assert found["time_ms"] - found["oldest_ms"] <= 1000 * Lifetime.INDICATOR.value
            await market.pass_time(70)


@pytest.mark.parametrize(("timeframe", "minutes"), [("15m", 15), ("1h", 60)])
async def test_a_bar_is_as_far_along_as_it_is_when_it_is_asked_for_again(
    timeframe: str, minutes: int
) -> None:
    """OKX's week comes in pages, of which all but the last are kept."""
    step = minutes * MINUTE
    async with floor(clock_ms=going_on) as market:
        await market.open()
        for _ in range(3):
            found = await market.ask(f"/volume BTC {timeframe}")
            told = found["markets"]["usdt"]["venues"]
            elapsed = {venue: told[venue]["forming"]["elapsed_fraction"] for venue in VENUES}
            passed = (found["time_ms"] - found["bar_open_ms"] - step) / step
            assert elapsed == dict.fromkeys(VENUES, pytest.approx(passed, abs=2000 / step))
            await market.pass_time(70)
