"""Whatever a venue does wrong, the owner's other accounts are as they were, and the reason there.

What belongs to it is gone, the totals are those of the rest.
"""

import re

import pytest

from crypto_assistant.sandbox import Fault
from tests.faults.accounts import (
    KEY_CHECK,
    LINES,
    expected,
    signed_paths,
    stray,
    strays,
)
from tests.faults.matrix import BROKEN, Broken, venues
from tests.faults.remainder import account, comparable
from tests.floor import VENUES, differences, floor

pytestmark = pytest.mark.usefixtures("whole")

OF_EACH = {"waf", "error_code"}
"""Kinds of failure that read otherwise at each venue."""
CASES = [
    pytest.param(broken, VENUES[at], LINES[(i // len(VENUES) + at) % len(LINES)], id=f"{broken}")
    for i, broken in enumerate(BROKEN)
    for at in (range(len(VENUES)) if broken.kind in OF_EACH else [i % len(VENUES)])
]
"""Every kind of failure, the venues and the lines in turn."""


@pytest.mark.parametrize(("broken", "venue", "line"), CASES)
async def test_a_venue_that_fails_takes_its_own_account_only(
    broken: Broken, venue: str, line: str
) -> None:
    async with floor() as market:
        await market.open()
        await market.front.desk.accounts[venue].permissions()
        market.sandbox.faults = [broken.at(venue)]
        assert await stray(market, line, {venue: broken.says(venue)}, account(venue)) == {}


@venues
async def test_without_the_lists_of_a_venue_the_other_accounts_are_told(venue: str) -> None:
    async with floor() as market:
        market.sandbox.faults = [Fault(venue, "http", 503)]
        assert await strays(market, {venue: "HTTP 503"}, account(venue)) == {}


@venues
async def test_nothing_is_asked_with_a_key_of_which_nothing_is_known(venue: str) -> None:
    """The account is there as soon as the venue says what the key may do."""
    check = KEY_CHECK[venue]
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "http", 503, check)]
        assert await stray(market, "/balance", {venue: "HTTP 503"}, account(venue)) == {}
        assert signed_paths(market, venue) == {KEY_CHECK[venue]}
        market.sandbox.faults = []
        await market.pass_time()
        assert await stray(market, "/balance", {}, set()) == {}


@venues
async def test_a_venue_that_recovers_is_back_in_the_next_answer(venue: str) -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "geo_blocked")]
        failed = {venue: "geo-blocked"}
        assert await stray(market, "/pnl today", failed, account(venue)) == {}
        market.sandbox.faults = []
        assert await strays(market, {}, set()) == {}


async def test_with_every_venue_down_nothing_is_worth_nothing() -> None:
    lost = {part for venue in VENUES for part in account(venue)}
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault(venue, "http", 502) for venue in VENUES]
        assert await strays(market, dict.fromkeys(VENUES, "HTTP 502"), lost) == {}
        texts = [(await market.front.reply(line)).text for line in LINES]
    assert not any("$0" in text for text in texts)
    assert texts[1].startswith("<b>Balance n/a</b>\n")
    assert "n/a for" not in texts[1]
    assert texts[2].startswith("<b>Open positions: n/a</b> · 0/3 venues\n")


@pytest.mark.parametrize(("venue", "line"), list(zip(VENUES, LINES, strict=True)))
async def test_a_silent_venue_is_waited_for_until_the_answer_is_due(venue: str, line: str) -> None:
    async with floor() as market:
        await market.open()
        await market.ask(line)
        await market.pass_time()
        market.sandbox.faults = [Fault(venue, "timeout")]
        found = await market.ask(line)
    assert re.fullmatch(r"no answer in [\d.]+ s", found["failed"][venue])
    whole = expected(line, found["failed"], account(venue))
    assert differences(comparable(line, found, account(venue)), whole) == {}


@venues
async def test_numbers_that_are_null_are_nobodys(venue: str) -> None:
    async with floor() as market:
        await market.open()
        await market.front.desk.accounts[venue].permissions()
        market.sandbox.faults = [Fault(venue, "null_fields")]
        for line in LINES:
            await market.pass_time()
            found = await market.ask(line)
            whole = expected(line, {venue: found["failed"][venue]}, account(venue))
            whole["answered"] = found["answered"]  # Of its prices the times still come.
            assert differences(comparable(line, found, account(venue)), whole) == {}, line
