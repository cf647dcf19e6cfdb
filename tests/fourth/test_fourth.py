"""A fourth exchange is one package and one line: nothing else of the program knows of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import fsum
from typing import Any

import pytest

from crypto_assistant import check
from crypto_assistant.app import Surroundings, connected, open_desk, view_of
from crypto_assistant.clocks import monotonic
from crypto_assistant.commands import COMMANDS
from crypto_assistant.config import Config, load
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.front import Front
from crypto_assistant.sandbox import Sandbox
from tests.clock import NOW, clock
from tests.floor import SHIPPED, numbers, world
from tests.fourth.exchange import Fourth
from tests.net.loopback import Loopback
from tests.truth import Truth
from tests.venues import VENUES

FOUR = (*EXCHANGES, Fourth)
NAMES = (*VENUES, "fourth")
STEP = 900_000


def perp(coin: str, last: float, turnover: float) -> dict[str, Any]:
    return {
        "id": f"{coin}-PERP",
        "coin": coin,
        "tick": 0.01,
        "change": 0.01,
        "last": last,
        "bid": last,
        "ask": last,
        "high": last,
        "low": last,
        "coins": turnover / last,
        "usd": turnover,
        "mark": last,
        "index": last,
        "rate": 0.0001,
        "next": NOW + 3_600_000,
        "open": 1000.0,
    }


@asynccontextmanager
async def four(patch: pytest.MonkeyPatch) -> AsyncIterator[Config]:
    """The settings of all four; OWN is a coin that the fourth alone lists."""
    price = Truth(world()).venues("BTC", "USDT", VENUES)["binance"]["perp"]["last_price"]
    host = Loopback()
    host.plays("/time", {"ms": NOW})
    host.plays("/perps", [perp("BTC", price, 1e6), perp("OWN", 2.0, 9e6)])
    opens = [NOW // STEP * STEP - STEP * bar for bar in range(99, -1, -1)]
    host.plays("/bars", [[ms, 1, 1, 1, 1, 5 + 45 * (ms == opens[-2]), 3e5] for ms in opens])
    async with Sandbox(world(), clock, monotonic).serve() as urls, host.serve() as url:
        for name, value in (*urls.items(), ("FOURTH_URL", url)):
            patch.setenv(name, value)
        yield load(FOUR)


@asynccontextmanager
async def opened(patch: pytest.MonkeyPatch) -> AsyncIterator[Front]:
    async with (
        four(patch) as config,
        connected(config, Surroundings(config.urls), clock) as desk,
    ):
        await desk.keeper.load(SHIPPED.answer)
        yield Front(COMMANDS, desk, view_of(FOUR, None))


async def test_the_market_commands_answer_from_all_four(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(monkeypatch) as front:
        price = numbers(await front.ask("/price BTC"))
        oi = numbers(await front.ask("/oi BTC"))
        top = numbers(await front.ask("/top10 oi"))
        shown = (await front.reply("/price BTC")).text
    held = {venue: price["venues"][venue]["perp"]["oi_usd"] for venue in NAMES}
    assert set(price["totals"]["oi_usd_venues"]) == {*NAMES}
    assert price["totals"]["oi_usd"] == pytest.approx(fsum(held.values()))
    assert "\n4TH " in shown
    assert oi["venues"]["fourth"]["usdt"]["oi_usd"] == pytest.approx(held["fourth"])
    assert oi["failed"] == {}
    assert "fourth" in next(row for row in top["rows"] if row["coin"] == "BTC")["oi_venues"]


async def test_its_coins_are_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(monkeypatch) as front:
        found = numbers(await front.ask("/volscan 200 15m"))
    own = next(row for row in found["rows"] if row["coin"] == "OWN")
    assert (own["venue"], own["spike_fraction"]) == ("fourth", 9.0)


async def test_it_is_a_word_of_the_grammar_and_stands_in_the_help(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(monkeypatch) as front:
        alone = numbers(await front.ask("/price BTC fourth"))
        shown = (await front.reply("/help")).text
    assert (alone["asked"], list(alone["venues"])) == (["fourth"], ["fourth"])
    assert "A venue (binance, bybit, okx, fourth)" in shown


async def test_the_account_commands_want_no_key_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(monkeypatch) as front:
        for line in ("/balance", "/positions", "/pnl"):
            sheet = await front.reply(line)
            assert "Fourth" not in sheet.text
        status = numbers(await front.ask("/status"))
    assert status["venues"]["fourth"]["key"] == "market data alone"


async def test_the_check_asks_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with four(monkeypatch) as config:
        assert await check.report(config, clock)
    said = capsys.readouterr().out
    assert "Fourth         answers in" in said
    assert said.endswith("  key          market data alone\n")


async def test_the_simulated_market_goes_on_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    config = load(FOUR)
    async with open_desk(config, "sandbox", clock) as desk:
        sheet = await Front(COMMANDS, desk, view_of(FOUR, None)).reply("/help price")
    assert [exchange.name for exchange in desk.exchanges] == [*VENUES]
    assert "SIMULATED market: no real prices (Fourth is not simulated)" in sheet.text


def test_a_key_that_does_not_exist_is_no_key() -> None:
    config = load(FOUR)
    assert (config.key(Fourth), config.environment(Fourth)) == (None, "live")
    assert config.account_urls(Fourth) == config.urls
