"""Numbers that cannot be, at one venue: named on every page, in the log once an hour."""

import re
from collections.abc import Sequence

import pytest

from crypto_assistant.sandbox import Fault
from tests.faults.matrix import TITLES, venues
from tests.floor import Floor, floor

WRONG = {
    "binance": ("lastPrice negative", "/fapi/v1/ticker"),
    "bybit": ("lastPrice negative", "/v5/market/tickers"),
    "okx": ("last negative", "/api/v5/market/ticker"),
}
HOUR = 3600.0


@venues
async def test_what_is_out_of_range_is_named_on_each_page_and_logged_once_an_hour(
    venue: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with floor() as market:
        await market.open()
        value, path = WRONG[venue]
        market.sandbox.faults = [Fault(venue, "nonsense", value, path)]
        for seconds in (0.0, 0.1, 60.0, HOUR):
            await market.pass_time(seconds)
            assert await named(market) == [TITLES[venue]]
        assert logged(caplog.messages) == [venue, venue]
        market.sandbox.faults = []
        await market.pass_time()
        assert await named(market) == []


async def named(market: Floor) -> list[str]:
    """Who is said to have told numbers out of range."""
    sheet = await market.front.reply("/price BTC")
    return re.findall(r"^(\w+): .*\d fields? out of range", sheet.text, re.MULTILINE)


def logged(messages: Sequence[str]) -> list[str]:
    return [told.partition(":")[0] for told in messages if "out of range" in told]
