"""The facts of answers as the program prints them, so that none is lost when an answer changes."""

from typing import Any

import pytest

from tests.clock import NOW
from tests.compare.facts import COMMANDS, NOW_NAMES, Fact, facts
from tests.floor import VENUES, floor, world

HOUR = 3_600_000


@pytest.fixture
async def told() -> dict[str, Any]:
    """The answer of each command."""
    async with floor() as trading:
        await trading.open()
        return {command: await trading.ask(f"/{command} BTC") for command in COMMANDS}


def of(told: dict[str, Any], command: str) -> list[Fact]:
    return list(facts(command, told[command]))


async def test_every_answer_tells_facts_of_every_venue(told: dict[str, Any]) -> None:
    for command in ("price", "volume", "oi"):
        known = {f.question.market.venue for f in of(told, command) if f.value is not None}
        assert known == set(VENUES), command


async def test_now_is_told_by_price_and_oi(told: dict[str, Any]) -> None:
    names = {
        command: {fact.name for fact in of(told, command) if fact.question.about == "now"}
        for command in COMMANDS
    }
    assert names["price"] == set(NOW_NAMES)
    assert names["oi"] == {"oi_coins", "oi_usd", "funding_fraction"}
    assert not names["volume"] | names["cvd"]


async def test_each_perp_has_samples_of_its_open_interest(told: dict[str, Any]) -> None:
    samples = [fact for fact in of(told, "oi") if fact.question.about == "sample"]
    markets = {fact.question.market for fact in samples}
    assert {(market.venue, market.family) for market in markets} == {
        (venue, family) for venue in VENUES for family in ("linear", "inverse")
    }
    for (market, *_), name, value in samples:
        assert name == ("oi_usd" if market.family == "inverse" else "oi_coins")
        assert value is not None


async def test_windows_of_takers_are_told_where_they_are_whole(told: dict[str, Any]) -> None:
    found = [fact for fact in of(told, "cvd") if fact.question.market.venue == "binance"]
    assert {fact.question.end_ms - fact.question.start_ms for fact in found} == {
        HOUR, 4 * HOUR, 24 * HOUR
    }  # fmt: skip
    units = {fact.question.market.family: set[str]() for fact in found}
    for fact in found:
        units[fact.question.market.family].add(fact.name)
    assert units == {
        "spot": {"delta_coins", "volume_coins"},
        "linear": {"delta_coins", "volume_coins"},
        "inverse": {"delta_usd", "volume_usd"},
    }
    for kind in told["cvd"]["kinds"].values():
        for flow in kind["venues"]["binance"]["windows"].values():
            flow["complete"] = False
    left = {fact.question.market.venue for fact in of(told, "cvd")}
    assert "binance" not in left


async def test_a_bar_is_where_the_world_has_it(told: dict[str, Any]) -> None:
    bars = {fact.question.market.venue: fact for fact in of(told, "volume")}
    start_ms, end_ms = bars["binance"].question[2:]
    assert end_ms <= NOW < end_ms + (end_ms - start_ms)
    market = world().market("binance", "linear", "BTCUSDT")
    assert market is not None
    assert bars["binance"].value == world().bars(market, [start_ms, end_ms], NOW).volume[0]
