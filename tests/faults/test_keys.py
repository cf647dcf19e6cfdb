"""Keys that are missing, wrong, lapsed or too mighty: one line says so, and the rest stands."""

import logging
from typing import Any

import pytest

from crypto_assistant.accounts import CHECKED_SECONDS
from crypto_assistant.sandbox import Fault
from tests.faults.accounts import (
    KEY_CHECK,
    LINES,
    expected,
    healthy,
    signed_paths,
    stray,
    strays,
    turn,
)
from tests.faults.matrix import TITLES, venues
from tests.faults.remainder import FAMILIES, LOG, Part, account
from tests.floor import differences, floor, numbers

pytestmark = pytest.mark.usefixtures("whole")

OF_ALL = ("equity_usd", "effective_leverage", "up_1pct_usd")
WITHDRAWS = "key refused: it may withdraw; make one that only reads"
NOT_ALLOWED = "refused: Invalid API-key, IP, or permissions for action. (-2015)"
"""Binance does not tell which of them it is."""

WHOSE = {"/api/v3/account"}
"""Binance tells apart what a key may do and whose it is."""

REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("binance", "wrong key", {"key": "X" * 64}, NOT_ALLOWED),
    ("bybit", "wrong key", {"key": "X"}, "refused: API key is invalid. (10003)"),
    ("okx", "wrong key", {"key": "5a4db0c5-0000-4000-8000-0000000000e2"}, (
        "refused: no such key; one of my.okx.com or app.okx.com needs its own OKX_URL (50119)"
    )),
    ("binance", "wrong secret", {"secret": "X"}, "refused: wrong secret (-1022)"),
    ("bybit", "wrong secret", {"secret": "X"}, "refused: wrong secret (10004)"),
    ("okx", "wrong secret", {"secret": "X"}, "refused: wrong secret (50113)"),
    ("okx", "wrong passphrase", {"passphrase": "X"}, "refused: wrong passphrase (50105)"),
    ("binance", "may not read", {"permissions": set()}, NOT_ALLOWED),
    ("okx", "may not read", {"permissions": set()}, (
        "refused: This API key doesn't have permission to use this function (50120)"
    )),
    ("binance", "another IP", {"ip_allowed": False}, NOT_ALLOWED),
    ("bybit", "another IP", {"ip_allowed": False}, (
        "refused: Unmatched IP, please check your API key's bound IP addresses. (10010)"
    )),
    ("okx", "another IP", {"ip_allowed": False}, (
        "refused: Your IP 203.0.113.7 is not included in your API key's IP whitelist. (50110)"
    )),
    ("binance", "expired", {"expired": True}, NOT_ALLOWED),
    ("bybit", "expired", {"expired": True}, "refused: Your api key has expired (33004)"),
    ("okx", "expired", {"expired": True}, (
        "refused: API frozen, please contact customer service. (50100)"
    )),
]  # fmt: skip


@pytest.mark.parametrize(
    ("venue", "knobs", "reason"),
    [pytest.param(venue, knobs, why, id=f"{venue} {case}") for venue, case, knobs, why in REFUSED],
)
async def test_a_key_that_is_no_good_is_one_line_and_the_others_stand(
    venue: str, knobs: dict[str, Any], reason: str
) -> None:
    """And with it nothing was asked but whose it is and what it may do."""
    async with floor() as market:
        await market.open()
        turn(market, venue, **knobs)
        assert await stray(market, "/balance", {venue: reason}, account(venue)) == {}
        assert signed_paths(market, venue) - WHOSE == {KEY_CHECK[venue]}


@venues
async def test_with_a_key_that_may_withdraw_nothing_is_asked_but_what_it_may_do(venue: str) -> None:
    async with floor() as market:
        await market.open()
        turn(market, venue, permissions={"read", "trade", "withdraw"})
        for line, asked in zip(LINES, ({KEY_CHECK[venue]}, set(), set()), strict=True):
            await market.pass_time()
            assert await stray(market, line, {venue: WITHDRAWS}, account(venue)) == {}
            assert signed_paths(market, venue) == asked


@venues
async def test_a_key_that_learns_to_withdraw_is_refused_within_the_hour(venue: str) -> None:
    async with floor() as market:
        await market.open()
        assert await stray(market, "/balance", {}, set()) == {}
        turn(market, venue, permissions={"read", "withdraw"})
        await market.pass_time(CHECKED_SECONDS)
        assert await stray(market, "/balance", {venue: WITHDRAWS}, account(venue)) == {}
        assert signed_paths(market, venue) == {KEY_CHECK[venue]}


@pytest.mark.parametrize(
    ("knobs", "reason"),
    [
        ({"secret": "X"}, "refused: wrong secret (-1022)"),
        ({"expired": True}, NOT_ALLOWED),
    ],
    ids=["secret", "expired"],
)
async def test_a_key_that_lapses_while_it_is_known_says_so_of_each_part(
    knobs: dict[str, Any], reason: str
) -> None:
    """For the hour in which it is taken to be good prices still come without it."""
    async with floor() as market:
        await market.open()
        assert await stray(market, "/balance", {}, set()) == {}
        turn(market, "binance", **knobs)
        await market.pass_time()
        found = await market.ask("/balance")
        rest = expected("/balance", found["failed"], account("binance"))
    assert reason in found["failed"]["binance"]
    assert differences(found["total"], rest["total"]) == {}
    assert found["venues"]["binance"]["wallets"] == {}


async def test_a_key_without_its_permission_to_read_says_so_once() -> None:
    """Bybit lets such a key say what it may do."""
    reason = "refused: Permission denied, please check your API key permissions. (10005)"
    async with floor() as market:
        await market.open()
        turn(market, "bybit", permissions=set())
        sheet = await market.front.reply("/balance")
    assert f"Bybit: {reason}" in sheet.text.split("\n")
    assert " · n/a for Bybit\n" in sheet.text


NO_FUTURES = (
    "the key may not read futures, or lapsed: no futures account, one opened after the key was "
    "made, or portfolio margin"
)
FUTURES: set[Part] = {("binance", part) for part in ("usdm", "coinm", *FAMILIES, LOG)}


@pytest.mark.parametrize("standing", ["no_futures", "portfolio"])
async def test_binance_without_futures_is_spot_and_one_line(standing: str) -> None:
    async with floor() as market:
        await market.open()
        turn(market, "binance", standing=standing)
        for line in LINES:
            await market.pass_time()
            part = "USD-M wallet, COIN-M wallet: " if line == "/balance" else ""
            assert await stray(market, line, {"binance": part + NO_FUTURES}, FUTURES) == {}


CLASSIC = "a classic account: only unified ones are read"
UNIFIED: set[Part] = {("bybit", part) for part in ("unified", *FAMILIES, LOG)}


async def test_a_classic_account_at_bybit_is_its_funding_wallet_and_one_line() -> None:
    async with floor() as market:
        await market.open()
        turn(market, "bybit", standing="classic")
        for line in LINES:
            await market.pass_time()
            part = "unified wallet: " if line == "/balance" else ""
            assert await stray(market, line, {"bybit": part + CLASSIC}, UNIFIED) == {}


@pytest.mark.parametrize("venue", ["bybit", "okx"])
async def test_portfolio_margin_where_it_is_read_is_an_account_like_any(venue: str) -> None:
    async with floor() as market:
        await market.open()
        turn(market, venue, standing="portfolio")
        assert await stray(market, "/balance", {}, set()) == {}
        found, pnl = await market.ask("/positions"), await market.ask("/pnl today")
    assert (found["failed"], found["totals"]["positions"]) == ({}, 17)
    flows = healthy("/pnl today")["total"]["flows"]
    assert (pnl["failed"], differences(pnl["total"]["flows"], flows)) == ({}, {})


async def test_an_account_of_okx_that_only_knows_spot_is_flat() -> None:
    async with floor() as market:
        await market.open()
        turn(market, "okx", standing="no_futures")
        assert await stray(market, "/balance", {}, set()) == {}
        text = (await market.front.reply("/positions")).text
    assert "Flat: OKX\n" in text


@venues
async def test_a_venue_without_a_key_is_named_and_never_an_error(venue: str) -> None:
    async with floor() as market:
        await market.open()
        desk = market.front.desk
        desk.accounts = {name: one for name, one in desk.accounts.items() if name != venue}
        for line in LINES:
            await market.pass_time()
            sheet = await market.front.reply(line)
            assert sheet.answer
            found, whole = numbers(sheet.answer), expected(line, {}, account(venue))
            assert f"no key: {TITLES[venue]}\n" in sheet.text
            assert not signed_paths(market, venue)
            assert (found["failed"], found["keyless"]) == ({}, [venue])
            total = "totals" if line == "/positions" else "total"
            if line == "/positions":  # Nobody is missing who has a key.
                assert None not in [found[total].pop(name) for name in OF_ALL]
                whole[total] = {n: one for n, one in whole[total].items() if n not in OF_ALL}
            assert differences(found[total], whole[total]) == {}


@venues
async def test_a_key_that_may_trade_is_used_and_warned_of_once(
    venue: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with floor() as market:
        await market.open()
        turn(market, venue, permissions={"read", "trade", "transfer"})
        with caplog.at_level(logging.WARNING):
            assert await strays(market, {}, set(), ["/balance", "/pnl today"]) == {}
            await market.pass_time(CHECKED_SECONDS)
            assert await stray(market, "/balance", {}, set()) == {}
    (warned,) = [record.message for record in caplog.records]
    assert warned.startswith(f"{venue}: the key may do more than read (")


async def test_a_key_is_asked_about_again_after_its_venue_was_down() -> None:
    """Nothing but the question about the key is sent until it is answered."""
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("bybit", "http", 502)]
        for _ in range(2):
            await market.pass_time()
            assert await stray(market, "/positions", {"bybit": "HTTP 502"}, account("bybit")) == {}
            assert signed_paths(market, "bybit") <= {KEY_CHECK["bybit"]}
        market.sandbox.faults = []
        await market.pass_time()
        assert await stray(market, "/positions", {}, set()) == {}
