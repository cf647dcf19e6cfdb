"""A venue's order to stop is obeyed as long as it can be meant, and no longer."""

import asyncio

import aiohttp
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import RateLimited
from crypto_assistant.exchanges.binance.market import DIALECT as BINANCE
from crypto_assistant.net.api import Api
from crypto_assistant.net.door import Door
from crypto_assistant.net.limiter import HOUR, Budget, Limiter
from crypto_assistant.net.stops import Order, order
from tests.net.loopback import Loopback, Reply

NOW = 1_789_992_000_000
DAY = 86_400.0
TIME = "/api/v3/time"


@pytest.mark.parametrize(
    ("header", "longest_ban", "seconds"),
    [
        ("0", 0.0, 0.0),
        ("59", 0.0, 59.0),
        ("3600", 0.0, 3600.0),
        ("3601", 0.0, 60.0),
        ("3601", 3 * DAY, 3601.0),
        ("259200", 3 * DAY, 3 * DAY),
        ("259201", 3 * DAY, 60.0),
        ("1790000000000000", 3 * DAY, 60.0),
        ("9" * 400, 3 * DAY, 60.0),
        *((text, 3 * DAY, 60.0) for text in ("-1", "", "soon", "1e3", "nan", "inf", "0x10", "1 0")),
        ("Mon, 21 Sep 2026 12:02:00 GMT", 3 * DAY, 60.0),
        ("\u0663\u0660", 3 * DAY, 60.0),
        (" 7 ", 0.0, 7.0),
    ],
)
def test_a_retry_after_is_obeyed_as_far_as_the_longest_ban(
    header: str, longest_ban: float, seconds: float
) -> None:
    assert order(header, 5.0, 1.0, longest_ban) == Order(seconds, "Retry-After")


@pytest.mark.parametrize(
    ("reset", "longest_ban", "seconds"),
    [
        (30.0, 0.0, 30.0),
        (600.0, 0.0, 600.0),
        (601.0, 0.0, 60.0),
        (601.0, 3 * DAY, 600.0),
        (2 * DAY, 3 * DAY, 600.0),
        (4 * DAY, 3 * DAY, 60.0),
        (1.79e15, 3 * DAY, 60.0),
        (float("inf"), 3 * DAY, 60.0),
        (float("nan"), 3 * DAY, 60.0),
        (-1.0, 3 * DAY, 60.0),
    ],
)
def test_a_reset_time_holds_for_ten_minutes_at_most(
    reset: float, longest_ban: float, seconds: float
) -> None:
    assert order(None, reset, 1.0, longest_ban) == Order(seconds, "its reset time")


def test_a_stop_without_a_time_lasts_for_the_window_of_its_limit() -> None:
    assert order(None, None, 5.0, 3 * DAY) == Order(5.0, "its limit")


@pytest.fixture
async def limiter() -> Limiter:
    began = monotonic()
    return Limiter(lambda: NOW + round(1000 * (monotonic() - began)))


@pytest.fixture
def venue(session: aiohttp.ClientSession, base: str, limiter: Limiter) -> Api:
    return Api(Door(session, lambda: NOW), base, limiter, Budget(100, 60, "X-Used"), BINANCE)


async def ask(venue: Api) -> object:
    return await venue.get(TIME, parse=lambda payload, _: payload)


def stop(retry_after: str) -> Reply:
    return Reply({}, 418, {"Retry-After": retry_after})


async def refused(venue: Api) -> int:
    with pytest.raises(RateLimited) as told:
        await ask(venue)
    return told.value.until_ms


async def test_a_ban_of_days_is_tried_once_an_hour(venue: Api, host: Loopback) -> None:
    host.plays(TIME, *[stop("259200")] * 3, {"serverTime": 1})
    for _ in range(3):
        until_ms = await refused(venue)
        assert until_ms - venue._limiter._clock_ms() == pytest.approx(3 * DAY * 1000, abs=10)
        assert {await refused(venue) for _ in range(5)} == {until_ms}
        await asyncio.sleep(HOUR - 60)
        assert await refused(venue) == until_ms
        await asyncio.sleep(61)
    assert len(host.asked) == 3
    assert await ask(venue) == {"serverTime": 1}
    assert venue._limiter.held_until_ms is None
    assert len(host.asked) == 4


async def test_one_alone_tries_a_ban(venue: Api, host: Loopback) -> None:
    host.plays(TIME, stop("259200"))
    await refused(venue)
    await asyncio.sleep(HOUR)
    asked = (venue.get(TIME, [("n", n)], parse=lambda payload, _: payload) for n in range(20))
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(one) for one in found} == {RateLimited}
    assert len(host.asked) == 2


async def test_a_try_that_nobody_answers_is_one_all_the_same(venue: Api, host: Loopback) -> None:
    host.plays(TIME, stop("259200"), Reply(b"", 502))
    until_ms = await refused(venue)
    await asyncio.sleep(HOUR)
    assert await refused(venue) == until_ms
    assert await refused(venue) == until_ms
    assert len(host.asked) == 2


async def test_what_a_venue_says_at_a_try_goes_before_what_it_said(
    venue: Api, host: Loopback
) -> None:
    host.plays(TIME, stop("259200"), stop("120"), {"serverTime": 1})
    await refused(venue)
    await asyncio.sleep(HOUR)
    await refused(venue)
    await asyncio.sleep(121)
    assert await ask(venue) == {"serverTime": 1}


@pytest.mark.parametrize("used", ["1001", "1" * 400, "99999999999"])
async def test_more_used_than_anybody_could_holds_nobody(
    venue: Api, host: Loopback, used: str
) -> None:
    host.plays(TIME, Reply({"serverTime": 1}, headers={"X-Used": used}))
    await ask(venue)
    assert venue._budget.used(monotonic()) == 1


async def test_ten_times_the_limit_may_have_been_used(venue: Api, host: Loopback) -> None:
    host.plays(TIME, Reply({"serverTime": 1}, headers={"X-Used": "1000"}))
    await ask(venue)
    assert venue._budget.used(monotonic()) == 1000
