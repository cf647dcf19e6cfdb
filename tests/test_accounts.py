"""What a key may do is known before anything else is asked with it, and known anew every hour."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

import pytest

from crypto_assistant.accounts import CHECKED_SECONDS, Access
from crypto_assistant.errors import GeoBlocked, KeyRefused
from crypto_assistant.sandbox import Fault
from crypto_assistant.sandbox.account.owner import Permission
from crypto_assistant.sandbox.catalog import Venue
from tests.floor import Floor, floor, key
from tests.venues import account_at

ASKS_WHAT: Final[dict[Venue, str]] = {
    "binance": "/sapi/v1/account/apiRestrictions",
    "bybit": "/v5/user/query-api",
    "okx": "/api/v5/account/config",
}
"""Where a venue tells what a key may do."""
CLOCKS: Final = {"/api/v3/time", "/v5/market/time", "/api/v5/public/time"}
QUESTIONS: Final = ("/balance", "/positions", "/pnl")

venues = pytest.mark.parametrize("venue", ASKS_WHAT)


@pytest.fixture
async def market() -> AsyncIterator[Floor]:
    async with floor() as market:
        await market.open()
        yield market


def access(market: Floor, venue: Venue) -> Access:
    return market.front.desk.accounts[venue]


def asked_with_the_key(market: Floor, venue: Venue) -> set[str]:
    """The paths that no market data comes from."""
    public = ("/v5/market/", "/api/v5/market/", "/api/v5/public/", "/futures/data/")
    names = ("klines", "ticker/24hr", "bookTicker", "premiumIndex", "exchangeInfo", "fundingInfo")
    paths = set(market.gets(venue)) - CLOCKS
    return {path for path in paths if not path.startswith(public) and not path.endswith(names)}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    logs = (log for log in caplog.records if log.name == "crypto_assistant.accounts")
    return [log.getMessage() for log in logs if log.levelno == logging.WARNING]


async def an_hour_later(market: Floor) -> None:
    await market.pass_time(CHECKED_SECONDS)


@venues
async def test_a_key_that_only_reads_is_used_without_a_word(
    market: Floor, venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    account = await access(market, venue).account()
    assert account.venue == venue
    assert warnings(caplog) == []


@venues
async def test_while_it_is_unknown_what_a_key_may_do_nothing_is_asked_with_it(
    market: Floor, venue: Venue
) -> None:
    market.sandbox.faults.append(Fault(venue, "geo_blocked", path=ASKS_WHAT[venue]))
    for line in QUESTIONS:
        answer = await market.ask(line)
        assert "geo-blocked" in answer["failed"][venue]
    assert asked_with_the_key(market, venue) == {ASKS_WHAT[venue]}
    market.sandbox.faults.clear()
    for line in QUESTIONS:
        assert (await market.ask(line))["failed"] == {}


@venues
async def test_a_key_that_may_withdraw_is_not_used(market: Floor, venue: Venue) -> None:
    market.sandbox.owners[venue].permissions.add("withdraw")
    for line in QUESTIONS:
        answer = await market.ask(line)
        assert answer["failed"][venue].endswith(
            "key refused: it may withdraw; make one that only reads"
        )
    assert asked_with_the_key(market, venue) == {ASKS_WHAT[venue]}
    assert market.gets(venue)[ASKS_WHAT[venue]] == 1


@venues
async def test_a_key_that_was_put_right_is_used_within_the_hour(
    market: Floor, venue: Venue
) -> None:
    owner = market.sandbox.owners[venue]
    owner.permissions.add("withdraw")
    with pytest.raises(KeyRefused):
        await access(market, venue).account()
    owner.permissions.discard("withdraw")
    with pytest.raises(KeyRefused):
        await access(market, venue).account()
    await an_hour_later(market)
    await access(market, venue).account()


@venues
async def test_a_key_that_was_spoilt_is_noticed_within_the_hour(
    market: Floor, venue: Venue
) -> None:
    await access(market, venue).account()
    market.sandbox.owners[venue].permissions.add("withdraw")
    await an_hour_later(market)
    with pytest.raises(KeyRefused):
        await access(market, venue).account()


@pytest.mark.parametrize(
    ("venue", "power", "named"),
    [
        ("binance", "trade", "enableSpotAndMarginTrading"),
        ("binance", "transfer", "permitsUniversalTransfer"),
        ("bybit", "trade", "ContractTrade/Order"),
        ("bybit", "transfer", "Wallet/AccountTransfer"),
        ("okx", "trade", "trade"),
    ],
)
async def test_a_key_that_may_do_more_is_used_with_one_warning(
    market: Floor,
    venue: Venue,
    power: Permission,
    named: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    market.sandbox.owners[venue].permissions.add(power)
    for line in ("/balance", "/positions"):
        assert (await market.ask(line))["failed"] == {}
    await an_hour_later(market)
    await access(market, venue).account()
    (warning,) = warnings(caplog)
    assert warning.startswith(f"{venue}: the key may do more than read (")
    assert named in warning


async def test_what_a_key_may_do_is_warned_of_again_when_it_changes(
    market: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    permissions = market.sandbox.owners["okx"].permissions
    for change in (permissions.add, permissions.discard, permissions.add):
        change("trade")
        await an_hour_later(market)
        await access(market, "okx").account()
    assert (
        warnings(caplog)
        == ["okx: the key may do more than read (trade); make one that only reads"] * 2
    )


@venues
async def test_a_key_is_checked_once_for_all_who_ask(market: Floor, venue: Venue) -> None:
    await asyncio.gather(*(access(market, venue).account() for _ in range(20)))
    assert market.gets(venue)[ASKS_WHAT[venue]] == 1
    await market.ask("/balance")
    assert market.gets(venue)[ASKS_WHAT[venue]] == 1


async def test_a_check_that_failed_is_not_remembered(market: Floor) -> None:
    market.sandbox.faults.append(Fault("bybit", "geo_blocked", path=ASKS_WHAT["bybit"]))
    failures = await asyncio.gather(
        *(access(market, "bybit").account() for _ in range(5)), return_exceptions=True
    )
    assert [type(failure) for failure in failures] == [GeoBlocked] * 5
    assert market.gets("bybit")[ASKS_WHAT["bybit"]] == 1
    market.sandbox.faults.clear()
    await access(market, "bybit").account()


@pytest.mark.parametrize(
    ("venue", "environment"), [("binance", "testnet"), ("bybit", "demo"), ("okx", "demo")]
)
async def test_a_key_for_play_money_may_do_what_it_likes(
    market: Floor, venue: Venue, environment: str, caplog: pytest.LogCaptureFixture
) -> None:
    owner = market.sandbox.owners[venue]
    owner.permissions |= {"trade", "withdraw"}
    owner.demo = True
    exchange = next(e for e in market.front.desk.exchanges if e.name == venue)
    play = Access(account_at(exchange, key(exchange), environment), access(market, venue).ledger)
    account = await play.account()
    assert account.environment == play.environment == environment
    assert (await account.balance(account.wallets[0])).holdings
    assert warnings(caplog) == []
