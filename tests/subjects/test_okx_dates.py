"""However OKX dates its statistics, what is shown is the world's, or n/a with the reason."""

import asyncio
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.commands import COMMANDS
from crypto_assistant.desk import Desk
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.front import Front
from crypto_assistant.net.door import Door
from crypto_assistant.sandbox import Dates, Sandbox
from crypto_assistant.view import View
from tests.clock import NOW
from tests.floor import SHIPPED, Floor, differences, numbers, world
from tests.truth import Fields, Truth
from tests.truths.analysis import analysis
from tests.truths.cvd import cvd
from tests.truths.oi import oi

EITHER = [Dates(coin, contract) for coin in (0, 1) for contract in (0, 1)]


@pytest.mark.parametrize("dates", EITHER, ids=str)
async def test_every_number_is_the_worlds_either_way(
    market: Floor, truth: Truth, dates: Dates
) -> None:
    market.sandbox.dates = dates
    assert differences(await market.ask("/cvd BTC"), cvd(truth, "BTC")) == {}
    assert differences(await market.ask("/oi BTC details"), oi(truth, "BTC", details=True)) == {}
    await market.pass_time()
    assert differences(await market.ask("/analysis BTC"), analysis(truth, "BTC")) == {}


SPOT, PERPS = ("spot",), ("usdt", "usdc", "coin_margined")
NONSENSE = [(Dates(by_coin=2), SPOT), (Dates(by_contract=2), PERPS), (Dates(2, 2), SPOT + PERPS)]


@pytest.mark.parametrize(("dates", "lost"), NONSENSE, ids=str)
async def test_rows_of_no_known_date_are_named_and_the_others_answer(
    market: Floor, truth: Truth, dates: Dates, lost: tuple[str, ...]
) -> None:
    market.sandbox.dates = dates
    found = await market.ask("/cvd BTC")
    why = found.pop("failed")["okx"]
    expected: Fields = cvd(truth, "BTC", lost=[(kind, "okx") for kind in lost])
    expected.pop("failed")
    assert differences(found, expected) == {}
    off = r"\(\d\d % off by the start, \d\d % by the end\)"
    assert re.search(f"takers: its rows of 5m do not fit its candles {off}", why)
    assert ("spot takers" in why) == (lost != PERPS)
    assert ("USDT takers" in why) == (lost != SPOT)
    assert differences(await market.ask("/oi BTC"), oi(truth, "BTC")) == {}


@pytest.fixture
async def later() -> AsyncIterator[tuple[Sandbox, Front]]:
    """The simulated exchanges at a time that goes on."""
    began = monotonic()

    def clock() -> int:
        return NOW + round(1000 * (monotonic() - began))

    sandbox = Sandbox(world(), clock, monotonic)
    async with sandbox.serve() as urls, aiohttp.ClientSession() as session:
        door = Door(session, clock)
        desk = Desk([venue(door, urls) for venue in EXCHANGES], timing=SHIPPED, clock_ms=clock)
        yield sandbox, Front(COMMANDS, desk, View({venue.name: venue.title for venue in EXCHANGES}))
        await desk.close()
        await door.close()


async def test_open_interest_of_another_size_is_named_and_the_others_answer(
    later: tuple[Sandbox, Front],
) -> None:
    """After the next row: the first that does not fit may be right."""
    sandbox, front = later
    sandbox.dates = Dates(interest=1.5)
    found = numbers(await front.ask("/oi BTC"))
    change = found["venues"]["okx"]["usdt"]["changes"]["1h"]["change_fraction"]
    assert change == pytest.approx(-1 / 3, abs=0.03)
    await asyncio.sleep(300)
    found = numbers(await front.ask("/oi BTC"))
    assert set(found["venues"]["okx"]["usdt"]["changes"].values()) == {None}
    assert found["venues"]["okx"]["usdt"]["oi_usd"] > 0
    others = ["binance", "bybit"]
    assert found["windows"]["1h"]["linear_venues"] == {"usdt": others, "usdc": others}
    reason = r"open interest history: its newest sample is \d\d\.\d % off what is open now$"
    assert re.search(reason, found["failed"]["okx"])
    assert list(found["failed"]) == ["okx"]
