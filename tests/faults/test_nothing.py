"""Venues that answer and say nothing: numbers that are null, lists that are empty."""

from typing import Any

import pytest

from crypto_assistant.sandbox import Fault
from tests.faults.matrix import EMPTY, LINES, expected, strays, truth, venues
from tests.floor import differences, floor, leaves
from tests.truth import Fields, added_up
from tests.truths import oi

WHO_ANSWERED = {"answered", "failed", "oldest_ms"}
FROM_LISTS = {"symbol", "family", "tick_size", "other_coin", "funding_hours", "is_part"}
"""What is known of a market that says nothing; times, too."""
NOTHING: tuple[Any, ...] = ({}, [], None)


@venues
async def test_numbers_that_are_null_are_nobodys(venue: str) -> None:
    """The answer is as if the venue were away, but for what its lists and times still tell."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "null_fields")]
        for line in LINES:
            found, others = await market.ask(line), expected(line, {venue: ""})
            assert differences(_without(venue, found), _without(venue, others)) == {}, line
            numbers = {path: n for path, n in leaves(found).items() if _is_number(path, n, venue)}
            assert numbers == {}, line


@venues
async def test_empty_lists_take_their_own_numbers_only(venue: str) -> None:
    """Whatever else the venue tells is as true as ever, and in the sums."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [EMPTY.at(venue)]
        for line in LINES:
            found, others = await market.ask(line), expected(line, {venue: ""})
            summed_up = found.get("open_interest", found)
            sums = _sums(line, summed_up, others)
            assert differences({name: summed_up.pop(name) for name in sums}, sums) == {}, line
            assert _untrue(found, expected(line, {}), others) == {}, line


@pytest.mark.parametrize("line", ["/price PEPE", "/top10", "/volume BTC"])
@pytest.mark.parametrize("venue", ["bybit", "okx"])
async def test_an_empty_list_is_no_answer(line: str, venue: str) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [EMPTY.at(venue)]
        assert await strays(market, [line], {venue: "an empty list"}) == {}


@pytest.mark.parametrize("line", ["/top10", "/volume BTC"])
async def test_empty_bulk_lists_of_binance_are_no_answer(line: str) -> None:
    """Of one market alone it tells most in objects, not in lists."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [EMPTY.at("binance")]
        assert await strays(market, [line], {"binance": "an empty list"}) == {}


@pytest.mark.parametrize("kind", ["null_fields", "empty"])
async def test_coins_without_bars_there_are_scanned_on_their_next_venue(kind: Any) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("binance", kind)]
        found = await market.ask("/volscan")
    whole = expected("/volscan", {"binance": ""})
    assert found["coins_failed"] == whole["coins_failed"]
    assert found["coins_scanned"] > 30
    assert "binance" not in {row["venue"] for row in found["rows"]}
    assert found["coins_without_baseline"] == 0
    why = {"null_fields": "bars without their prices", "empty": "its last bar is not there yet"}
    assert found["failed"] == {"binance": why[kind]}


def _without(venue: str, value: Any) -> Any:
    """An answer without the entries of a venue, and without who answered."""
    if not isinstance(value, dict):
        return value
    gone = {venue, *WHO_ANSWERED}
    return {name: _without(venue, part) for name, part in value.items() if name not in gone}


def _is_number(path: str, value: Any, venue: str) -> bool:
    """Whether it is one of the venue's."""
    name = path.rpartition("/")[2]
    known = name in FROM_LISTS or name.endswith("_ms")
    return f"/{venue}/" in path and value not in NOTHING and not known


def _sums(line: str, found: Fields, others: Fields) -> Fields:
    """What is summed up of whatever the venues told."""
    sums: Fields = {}
    if line.startswith("/price"):
        sums = added_up(truth(), found["coin"], found["quote"], found["venues"])
    elif line.startswith("/oi"):
        sums = oi.added_up(found["venues"], others["primary"])
    elif line.startswith("/analysis"):
        sums = {"totals": oi.totals(found["venues"])}
    return {name: value for name, value in sums.items() if name not in {"venues", "details"}}


def _untrue(found: Fields, whole: Fields, others: Fields) -> dict[str, Any]:
    """What is neither so with all venues nor without the one, nor unknown.

    Empty statistics of takers are none that can be used.
    """
    mine = {name: value for name, value in found.items() if name not in WHO_ANSWERED}
    wrong = differences(mine, whole).keys() & differences(mine, others).keys()
    return {
        path: value
        for path, value in leaves(mine).items()
        if path in wrong and value not in NOTHING and "/unsupported_venues/" not in path
    }
