"""A host that has long been silent is asked once per interval, and its answer is immediate."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import aiohttp
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import (
    Blocked,
    Cut,
    ExchangeError,
    GeoBlocked,
    Malformed,
    NoAnswer,
    NoConnection,
    RateLimited,
    Refused,
    Unreachable,
)
from crypto_assistant.net.api import Api
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.deadline import due
from crypto_assistant.net.door import Door, Timing
from crypto_assistant.net.health import Health
from crypto_assistant.net.limiter import Budget, Limiter
from crypto_assistant.net.request import Dialect, Request
from crypto_assistant.net.response import Response
from tests.net.loopback import Loopback, Reply

NOON_MS = 1_789_992_000_000
"""2026-09-21 12:00 UTC."""
NOW = NOON_MS + 30_000
TIME = "/v5/market/time"
PATHS = ("/price", "/other", "/third", TIME)
GOOD = {"price": "1"}
SHIPPED = Timing()
PATIENCE = 600.0
HTTP_503 = Unreachable("HTTP 503")
NEVER = 7 * 86_400.0
"""Longer than any of these tests."""


async def never_asked() -> None:
    """What the tests of the clockwork ask again."""


class Clockwork:
    """A host's health from noon on."""

    def __init__(self) -> None:
        self._noon = monotonic()
        self.health = Health("fapi.binance.com", 8.0, 300.0, self.clock_ms)

    def clock_ms(self) -> int:
        return NOON_MS + round(1000 * (monotonic() - self._noon))

    def fails(self, path: str = "/price", why: ExchangeError = HTTP_503, **more: Any) -> None:
        more = {"sent": monotonic(), "whole": True, **more}
        self.health.failed(path, why, never_asked, **more)

    async def is_walled(self, *paths: str) -> None:
        """A firewall answers at each of them a second after the one before."""
        for path in paths:
            await asyncio.sleep(1)
            self.health.blocked(path, "blocked by a firewall", never_asked, sent=monotonic())

    async def fails_for(self, seconds: float, *paths: str, why: ExchangeError = HTTP_503) -> None:
        """Twice at each path now, and once more at each so much later."""
        for path in (*paths, *paths):
            self.fails(path, why)
        await asyncio.sleep(seconds)
        for path in paths:
            self.fails(path, why)

    async def refuses(self, path: str = "/price") -> str:
        """What the next question is told, not the one under way."""
        await asyncio.sleep(0.5)
        return str(self.health.refusal(path) or "")


@pytest.fixture
async def clockwork() -> Clockwork:
    return Clockwork()


async def test_a_host_that_fails_for_eight_seconds_is_down(clockwork: Clockwork) -> None:
    await clockwork.fails_for(7.5, "/price", "/other")
    assert not await clockwork.refuses()
    await asyncio.sleep(0.5)
    clockwork.fails()
    for path in PATHS:
        assert await clockwork.refuses(path) == "HTTP 503 since 12:00 UTC"
    assert clockwork.health.down_since_ms == NOON_MS


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (NoAnswer(8), "no answer since 12:00 UTC"),
        (NoConnection(), "no connection since 12:00 UTC"),
        (Cut(), "cut answers since 12:00 UTC"),
        (Malformed("HTML instead of JSON"), "HTML instead of JSON since 12:00 UTC"),
        (Unreachable("Server error."), "Server error since 12:00 UTC"),
    ],
)
async def test_it_is_told_what_goes_on_and_since_when(
    clockwork: Clockwork, why: ExchangeError, said: str
) -> None:
    await clockwork.fails_for(8, "/price", "/other", why=why)
    assert await clockwork.refuses() == said


async def test_an_outage_began_when_the_first_that_failed_was_sent(clockwork: Clockwork) -> None:
    await asyncio.sleep(2)
    for path in ("/price", "/other", "/third"):
        clockwork.fails(path, NoAnswer(8), sent=monotonic() - 8.5)
    assert await clockwork.refuses() == "no answer since 11:59 UTC"


async def test_after_a_day_the_day_is_told_too(clockwork: Clockwork) -> None:
    await clockwork.fails_for(8, "/price", "/other")
    await asyncio.sleep(2 * 86_400)
    assert await clockwork.refuses() == "HTTP 503 since 21 Sep 12:00 UTC"


async def test_two_failures_are_too_few(clockwork: Clockwork) -> None:
    clockwork.fails("/price")
    await asyncio.sleep(30)
    clockwork.fails("/other")
    assert not await clockwork.refuses()
    clockwork.fails("/other")
    assert await clockwork.refuses()


async def test_an_answer_in_between_begins_the_count_anew(clockwork: Clockwork) -> None:
    await clockwork.fails_for(7, "/price", "/other")
    clockwork.health.answered("/third", 0.1)
    await asyncio.sleep(2)
    clockwork.fails("/price")
    clockwork.fails("/other")
    assert not await clockwork.refuses()


async def test_failures_far_apart_are_not_one_outage(clockwork: Clockwork) -> None:
    await clockwork.fails_for(0, "/price", "/other")
    await asyncio.sleep(600)
    clockwork.fails(whole=False)
    assert not await clockwork.refuses()
    clockwork.fails()
    clockwork.fails(whole=False)
    assert not await clockwork.refuses()


async def test_a_try_that_had_no_time_is_no_failure_of_the_host(clockwork: Clockwork) -> None:
    for _ in range(9):
        clockwork.fails("/price", NoAnswer(8), whole=False)
        clockwork.fails("/other", NoAnswer(8), whole=False)
        await asyncio.sleep(2)
    assert not await clockwork.refuses()


async def test_a_try_that_had_no_time_tells_that_the_host_is_still_silent(
    clockwork: Clockwork,
) -> None:
    """The third try of the first question ends when the question does."""
    for passed, whole in ((3, True), (3.5, True), (1.5, False)):
        await asyncio.sleep(passed)
        sent = monotonic() - passed
        clockwork.fails("/price", NoAnswer(8), sent=sent, whole=whole)
    assert await clockwork.refuses() == "no answer since 12:00 UTC"


async def test_one_broken_path_keeps_nobody_from_the_others(clockwork: Clockwork) -> None:
    await clockwork.fails_for(8, "/price")
    assert await clockwork.refuses("/price") == "HTTP 503 since 12:00 UTC"
    assert not await clockwork.refuses("/other")
    assert clockwork.health.down_since_ms is None
    clockwork.health.answered("/other", 0.1)
    assert not await clockwork.refuses("/price")


async def test_without_a_connection_no_path_is_asked(clockwork: Clockwork) -> None:
    await clockwork.fails_for(8, "/price", why=NoConnection())
    assert await clockwork.refuses("/other") == "no connection since 12:00 UTC"


async def test_a_working_clock_does_not_make_a_host_in_maintenance_look_up(
    clockwork: Clockwork,
) -> None:
    await clockwork.fails_for(4, "/price", "/other")
    clockwork.health.answered("/v5/market/time", 0.1)
    await clockwork.fails_for(8, "/price", "/other")
    clockwork.health.answered("/v5/market/time", 0.1)
    assert await clockwork.refuses()


async def test_a_broken_clock_says_nothing_of_the_other_paths(clockwork: Clockwork) -> None:
    await clockwork.fails_for(8, "/v5/market/time", why=NoConnection())
    assert not await clockwork.refuses()
    assert clockwork.health.last_error
    assert clockwork.health.last_error.text == "no connection"


async def test_the_question_that_finds_a_host_silent_is_not_told_since_when(
    clockwork: Clockwork,
) -> None:
    await clockwork.fails_for(7.7, "/price", "/other", why=NoAnswer(8))
    assert clockwork.health.down_since_ms == NOON_MS
    assert clockwork.health.refusal("/price") is None
    await asyncio.sleep(0.8)
    assert clockwork.health.refusal("/price")


async def test_a_firewall_before_one_path_keeps_nobody_from_the_others(
    clockwork: Clockwork, caplog: pytest.LogCaptureFixture
) -> None:
    await clockwork.is_walled("/price", "/price")
    assert await clockwork.refuses("/price") == str(Blocked())
    assert not await clockwork.refuses("/other")
    clockwork.health.answered("/other", 0.1)
    await clockwork.is_walled("/third")
    assert not await clockwork.refuses("/other")
    assert await clockwork.refuses("/price") == await clockwork.refuses("/third") == str(Blocked())
    assert clockwork.health.down_since_ms is None
    assert not caplog.records


async def test_a_firewall_before_two_paths_in_a_row_turns_the_address_away(
    clockwork: Clockwork, caplog: pytest.LogCaptureFixture
) -> None:
    await clockwork.is_walled("/price", "/other")
    for path in PATHS:
        assert await clockwork.refuses(path) == str(Blocked())
    assert clockwork.health.down_since_ms == NOON_MS + 1000
    clockwork.health.answered("/third", 0.1)
    assert not await clockwork.refuses("/third")
    assert [record.getMessage() for record in caplog.records] == [
        f"fapi.binance.com is down: {Blocked()}",
        "fapi.binance.com is back",
    ]


async def test_two_paths_that_stay_blocked_are_no_news_each_time_that_they_are_asked(
    clockwork: Clockwork,
) -> None:
    await clockwork.is_walled("/price", "/other")
    await asyncio.sleep(1)
    clockwork.health.answered("/third", 0.1)
    await clockwork.is_walled("/price", "/other")
    assert not await clockwork.refuses("/third")


async def test_a_firewall_before_the_clock_is_about_the_clock_alone(clockwork: Clockwork) -> None:
    await clockwork.is_walled(TIME, "/price")
    assert await clockwork.refuses(TIME) == str(Blocked())
    assert not await clockwork.refuses("/other")
    clockwork.health.answered(TIME, 0.1)
    assert not await clockwork.refuses(TIME)
    assert await clockwork.refuses("/price")


async def test_what_was_sent_before_the_firewall_stood_brings_nobody_back(
    clockwork: Clockwork, caplog: pytest.LogCaptureFixture
) -> None:
    await clockwork.is_walled("/price", "/other")
    caplog.clear()
    clockwork.health.answered(TIME, 0.1)
    clockwork.health.answered("/third", 2.0)
    clockwork.fails("/third", NoAnswer(8), sent=monotonic() - 8)
    assert await clockwork.refuses("/third") == str(Blocked())
    clockwork.health.answered(TIME, 0.1)
    assert await clockwork.refuses("/third") == str(Blocked())
    assert not caplog.records


async def test_where_the_firewall_has_gone_and_nobody_answers_that_is_said(
    clockwork: Clockwork,
) -> None:
    await clockwork.is_walled("/price", "/other")
    await asyncio.sleep(300)
    clockwork.fails("/price", NoConnection())
    await asyncio.sleep(9)
    assert await clockwork.refuses("/third") == "no connection since 12:05 UTC"
    assert clockwork.health.next_probe()


async def test_a_silent_host_where_a_firewall_answers_now_is_blocked(clockwork: Clockwork) -> None:
    await clockwork.fails_for(9, "/price", why=NoConnection())
    await clockwork.is_walled("/price")
    assert await clockwork.refuses("/price") == str(Blocked())
    assert not await clockwork.refuses("/other")


async def test_one_failure_behind_a_firewall_is_as_any_first(clockwork: Clockwork) -> None:
    await clockwork.is_walled("/price")
    await asyncio.sleep(300)
    clockwork.fails("/price")
    assert not await clockwork.refuses("/price")
    assert not await clockwork.refuses("/other")


async def test_rows_are_left_out_for_an_hour_and_told_for_each_path_once(
    clockwork: Clockwork, caplog: pytest.LogCaptureFixture
) -> None:
    health = clockwork.health
    health.left_out("/price", 1)
    await asyncio.sleep(3540)
    health.left_out("/price?symbol=BTC", 2)
    health.left_out("/other", 2)
    assert health.unread == 5
    await asyncio.sleep(120)
    assert health.unread == 4
    health.left_out("/price", 2)
    assert health.unread == 6
    await asyncio.sleep(3660)
    assert health.unread == 0
    assert [record.getMessage() for record in caplog.records] == [
        "fapi.binance.com/price: cannot read 1 row, left out",
        "fapi.binance.com/other: cannot read 2 rows, left out",
        "fapi.binance.com/price: cannot read 2 rows, left out",
    ]


async def asked(health: Health) -> Any:
    again = health.next_probe()
    assert again
    return await again()


async def test_what_failed_is_asked_in_turn_and_what_was_turned_away_first(
    clockwork: Clockwork,
) -> None:
    health = clockwork.health

    def say(what: str) -> Callable[[], Any]:
        async def saying() -> str:
            return what

        return saying

    for path in ("/price", "/other", "/price", "/other"):
        health.failed(path, HTTP_503, say(path), sent=monotonic(), whole=True)
    assert health.next_probe() is None
    await asyncio.sleep(8)
    clockwork.fails("/other")
    assert [await asked(health) for _ in range(3)] == ["/price", "/other", "/price"]
    health.turned_away("/third", say("/third"))
    health.turned_away("/v5/market/time", say("the time"))
    assert [await asked(health) for _ in range(4)] == ["/third", "/other", "/price", "/third"]


async def test_only_a_few_of_many_questions_are_asked_again(clockwork: Clockwork) -> None:
    await clockwork.fails_for(8, *(f"/{n}" for n in range(50)))
    for n in range(50, 100):

        async def again() -> None:
            """A question of its own."""

        clockwork.health.turned_away(f"/{n}", again)
    probes = [clockwork.health.next_probe() for _ in range(100)]
    assert 4 <= len(set(probes)) <= 8


async def test_down_and_back_are_told_once(
    clockwork: Clockwork, caplog: pytest.LogCaptureFixture
) -> None:
    await clockwork.fails_for(8, "/price", "/other", "/third")
    await clockwork.fails_for(8, "/price", "/other", "/third")
    clockwork.health.answered("/price", 0.1)
    clockwork.health.answered("/price", 0.1)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "fapi.binance.com is down: HTTP 503 since 12:00 UTC"),
        (logging.WARNING, "fapi.binance.com is back"),
    ]


async def test_what_failed_for_a_moment_is_not_told(
    clockwork: Clockwork, caplog: pytest.LogCaptureFixture
) -> None:
    await clockwork.fails_for(1, "/price", "/other")
    clockwork.health.answered("/price", 0.1)
    assert not caplog.records


async def test_the_pace_of_a_host_is_that_of_its_last_answers(clockwork: Clockwork) -> None:
    health = clockwork.health
    assert (health.latency(0.5), health.samples) == (None, 0)
    for _ in range(50):
        health.answered("/price", 99.0)
    for n in range(200):
        health.answered("/price", 0.001 * (n + 1))
    assert (health.latency(0.5), health.latency(0.95), health.samples) == (0.1, 0.19, 200)


@pytest.fixture
async def door(session: aiohttp.ClientSession) -> AsyncIterator[Door]:
    door = Door(session, lambda: NOW)
    yield door
    await door.close()


def unwrap(response: Response) -> Any:
    if response.status == 200:
        return response.body
    raise Refused(f"HTTP {response.status}", "no")


DIALECT = Dialect(unwrap, frozenset(("GET", path) for path in PATHS))


def api(door: Door, base: str) -> Api:
    limiter = Limiter(door.clock_ms)
    return Api(door, base, limiter, Budget(100_000, 60), DIALECT)


@pytest.fixture
def venue(door: Door, base: str) -> Api:
    return api(door, base)


async def ask(venue: Api, path: str = "/price", **more: Any) -> Any:
    return await venue.get(path, parse=lambda payload, _: payload, lifetime=Lifetime.MOMENT, **more)


async def bring_down(venue: Api, host: Loopback, *replies: Reply) -> None:
    """Fails at two paths until nothing is sent any more."""
    for path in ("/price", "/other"):
        host.plays(path, *(replies or (Reply(b"", 503),)))
    async with asyncio.timeout(PATIENCE):
        while venue.health.refusal("/third") is None:
            await asyncio.sleep(1)
            for path in ("/price", "/other"):
                with pytest.raises(ExchangeError):
                    await ask(venue, path)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (what is waited for tells nobody)
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(b"", 503), "HTTP 503 since 12:00 UTC"),
        (Reply(GOOD, cut=True), "cut answers since 12:00 UTC"),
        (Reply(b"<html>We'll be back soon</html>"), "HTML instead of JSON since 12:00 UTC"),
        (Reply(b"", 302, {"Location": "/"}), "sends us to another address"),
        (Reply(hang=True), "no answer since 12:00 UTC"),
    ],
    ids=["503", "cut", "HTML", "redirect", "silence"],
)
async def test_of_a_host_that_is_down_nothing_is_asked_and_the_answer_is_immediate(
    opened: Callable[[Timing], Door], base: str, host: Loopback, reply: Reply, said: str
) -> None:
    venue = api(opened(replace(SHIPPED, probe=NEVER)), base)
    await bring_down(venue, host, reply)
    host.asked.clear()
    began = monotonic()
    for path in PATHS:
        with pytest.raises(Unreachable) as down:
            await ask(venue, path)
        assert str(down.value).startswith(said)
    assert monotonic() == began
    assert host.asked == []


@pytest.fixture
async def opened() -> AsyncIterator[Callable[[Timing], Door]]:
    """Doors with durations of their own."""
    doors: list[Door] = []
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        def at_pace(timing: Timing) -> Door:
            doors.append(Door(session, lambda: NOW, timing))
            return doors[-1]

        yield at_pace
        for door in doors:
            await door.close()


async def test_one_host_that_is_down_says_nothing_of_another(door: Door, host: Loopback) -> None:
    other = Loopback()
    other.plays("/price", GOOD)
    async with host.serve() as first, other.serve() as second:
        await bring_down(api(door, first), host)
        assert await ask(api(door, second)) == GOOD


async def test_a_closed_port_is_down_too(door: Door) -> None:
    venue = api(door, "http://127.0.0.1:9")
    async with asyncio.timeout(PATIENCE):
        while venue.health.refusal("/other") is None:
            await asyncio.sleep(1)
            with pytest.raises(Unreachable):
                await ask(venue)
    with pytest.raises(Unreachable, match="no connection since 12:00 UTC"):
        await ask(venue, "/other")


async def test_a_host_that_answers_a_probe_is_asked_again(venue: Api, host: Loopback) -> None:
    await bring_down(venue, host)
    for path in ("/price", "/other"):
        host.plays(path, GOOD)
    await until(lambda: venue.health.down_since_ms is None)
    assert await ask(venue) == GOOD


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply({"msg": "no"}, 400), Refused),
        (Reply({}, 429, {"Retry-After": "60"}), RateLimited),
        (Reply({}, 451), GeoBlocked),
    ],
)
async def test_whatever_a_host_says_of_its_own_it_is_back(
    venue: Api, host: Loopback, reply: Reply, error: type[ExchangeError]
) -> None:
    await bring_down(venue, host)
    for path in ("/price", "/other"):
        host.plays(path, reply)
    await until(lambda: venue.health.down_since_ms is None)
    with pytest.raises(error):
        await ask(venue)


async def test_probes_go_out_though_nobody_asks_one_at_a_time_each_path_in_turn(
    venue: Api, host: Loopback
) -> None:
    await bring_down(venue, host)
    host.asked.clear()
    await asyncio.sleep(8.5 * SHIPPED.probe)
    assert host.asked in (["/price", "/other"] * 4, ["/other", "/price"] * 4)


WALL = Reply(b"Sorry, you have been blocked", 403)


async def test_a_path_before_which_a_firewall_stands_is_asked_every_five_minutes(
    venue: Api, host: Loopback
) -> None:
    host.plays("/price", WALL)
    host.plays("/other", GOOD)
    for path in ("/price", "/other", "/price", "/other"):
        with suppress(Blocked):
            await ask(venue, path)
    assert host.asked == ["/price", "/other", "/other"]
    await asyncio.sleep(3 * SHIPPED.blocked + SHIPPED.probe)
    assert host.asked == ["/price", "/other", "/other", *["/price"] * 3]
    host.plays("/price", GOOD)
    await asyncio.sleep(SHIPPED.blocked)
    assert await ask(venue) == GOOD


async def test_what_was_blocked_with_the_whole_host_is_asked_as_soon_as_it_is_back(
    venue: Api, host: Loopback
) -> None:
    for path in PATHS[:3]:
        host.plays(path, WALL)
        with pytest.raises(Blocked):
            await ask(venue, path)
    assert host.asked == ["/price", "/other"]
    for path in PATHS[:3]:
        host.plays(path, GOOD)
    await asyncio.sleep(SHIPPED.blocked + SHIPPED.probe)
    assert host.asked[2:] == ["/third", "/price", "/other"]
    for path in PATHS[:3]:
        assert await ask(venue, path) == GOOD


async def test_of_two_paths_that_stay_blocked_each_is_asked_in_turn(
    venue: Api, host: Loopback
) -> None:
    for path, reply in (("/price", WALL), ("/third", GOOD), ("/other", WALL)):
        host.plays(path, reply)
        with suppress(Blocked):
            await ask(venue, path)
    host.asked.clear()
    await asyncio.sleep(4 * (SHIPPED.blocked + SHIPPED.probe))
    assert host.asked == ["/price", "/other"] * 2


async def test_a_host_that_falls_silent_besides_a_firewall_is_probed_as_any(
    venue: Api, host: Loopback
) -> None:
    host.plays(TIME, WALL)
    with pytest.raises(Blocked):
        await ask(venue, TIME)
    await bring_down(venue, host)
    host.asked.clear()
    for path in ("/price", "/other"):
        host.plays(path, GOOD)
    await asyncio.sleep(SHIPPED.probe + 1)
    assert len(host.asked) == 1
    assert await ask(venue) == GOOD


async def test_nobody_tries_again_what_is_not_sent(
    opened: Callable[[Timing], Door], venue: Api, base: str, host: Loopback
) -> None:
    await bring_down(venue, host)
    stubborn = Timing(answer=NEVER, tries=10**9, pause=(0.0, 0.0), probe=NEVER)
    another = api(opened(stubborn), base)
    another.health = venue.health
    began = monotonic()
    with pytest.raises(Unreachable, match="since"):
        await ask(another)
    assert monotonic() == began


async def test_a_question_under_way_keeps_its_tries_when_the_host_goes_down(
    opened: Callable[[Timing], Door], base: str, host: Loopback
) -> None:
    """What it says is what it found."""
    venue = api(opened(replace(SHIPPED, probe=NEVER)), base)
    slow = api(opened(replace(SHIPPED, answer=60.0, pause=(20.0, 20.0), probe=NEVER)), base)
    slow.health = venue.health
    host.plays("/third", Reply(b"", 503), GOOD)
    under_way = asyncio.create_task(ask(slow, "/third"))
    await until(lambda: host.asked)
    await bring_down(venue, host)
    assert not under_way.done()
    assert await under_way == GOOD


async def test_a_question_that_waits_for_the_limits_is_not_sent_to_a_host_that_went_down(
    opened: Callable[[Timing], Door], base: str, host: Loopback
) -> None:
    door, budget = opened(replace(SHIPPED, probe=NEVER)), Budget(1, 60)
    budget.spend(1, monotonic())
    venue = api(door, base)
    queued = Api(door, base, Limiter(door.clock_ms), budget, DIALECT)
    queued.health = venue.health
    token = due.set(monotonic() + 90)
    waiting = asyncio.create_task(ask(queued, "/third"))
    due.reset(token)
    await bring_down(venue, host)
    assert not waiting.done()
    with pytest.raises(Unreachable, match="since"):
        await waiting
    assert "/third" not in host.asked


async def test_what_is_not_sent_costs_nothing_of_the_limits(
    opened: Callable[[Timing], Door], base: str, host: Loopback
) -> None:
    door, budget = opened(replace(SHIPPED, probe=NEVER)), Budget(1000, 60)
    venue = Api(door, base, Limiter(door.clock_ms), budget, DIALECT)
    await bring_down(venue, host)
    before = budget.used(monotonic())
    with pytest.raises(Unreachable):
        await ask(venue, "/third")
    assert budget.used(monotonic()) == before


async def test_a_host_that_fails_at_once_fails_whatever_time_it_had(
    venue: Api, host: Loopback
) -> None:
    for path in ("/price", "/other"):
        host.plays(path, Reply(b"", 503))
    async with asyncio.timeout(PATIENCE):
        while venue.health.down_since_ms is None:
            await asyncio.sleep(1)
            for path in ("/price", "/other"):
                token = due.set(monotonic() + SHIPPED.attempt / 3)
                with pytest.raises(ExchangeError):
                    await venue.ask(path, partial(Request, path), parse=lambda p, _: p)
                due.reset(token)


async def test_what_is_asked_again_is_composed_anew(venue: Api, host: Loopback) -> None:
    """A signature is of its moment."""
    numbers = count()
    for path in ("/price", "/other"):
        host.plays(path, Reply(b"", 503))

    def compose(path: str) -> Request:
        return Request(f"{path}?n={next(numbers)}")

    async with asyncio.timeout(PATIENCE):
        while venue.health.down_since_ms is None:
            await asyncio.sleep(1)
            for path in ("/price", "/other"):
                with pytest.raises(Unreachable):
                    await venue.ask(path, partial(compose, path), parse=lambda p, _: p)
    host.asked.clear()
    sent = next(numbers)
    await until(lambda: len(host.asked) >= 3)
    assert [target.partition("=")[2] for target in host.asked] == [
        f"{sent + n}" for n in range(1, len(host.asked) + 1)
    ]


async def test_many_questions_make_no_more_probes(venue: Api, host: Loopback) -> None:
    await bring_down(venue, host)
    host.asked.clear()
    for _ in range(200):
        with pytest.raises(Unreachable):
            await ask(venue, "/third")
    host.plays("/third", GOOD)
    await asyncio.sleep(SHIPPED.probe + 1)
    assert host.asked == ["/third"]


async def test_a_host_where_two_paths_are_broken_is_back_when_another_is_asked_for(
    venue: Api, host: Loopback
) -> None:
    host.plays("/third", GOOD)
    await bring_down(venue, host)
    with suppress(Unreachable):
        await ask(venue, "/third")
    await until(lambda: venue.health.down_since_ms is None)
    assert await ask(venue, "/third") == GOOD


async def test_one_market_is_told_though_the_list_of_all_hangs_at_the_same_path(
    venue: Api, host: Loopback
) -> None:
    await bring_down(venue, host)
    host.plays("/price?symbol=BTC", GOOD)
    with suppress(Unreachable):
        await ask(venue, query=[("symbol", "BTC")])
    await until(lambda: venue.health.down_since_ms is None)
    assert await ask(venue, query=[("symbol", "BTC")]) == GOOD


async def test_a_probe_waits_while_the_venue_says_stop(
    door: Door, base: str, host: Loopback
) -> None:
    limiter = Limiter(door.clock_ms)
    venue = Api(door, base, limiter, Budget(100_000, 60), DIALECT)
    await bring_down(venue, host)
    limiter.hold(60)
    host.asked.clear()
    await asyncio.sleep(45)
    assert host.asked == []
    with pytest.raises(RateLimited):
        await ask(venue)


async def test_what_is_known_is_told_while_the_host_is_down(
    door: Door, base: str, host: Loopback
) -> None:
    venue = api(door, base)
    host.plays("/third", GOOD)
    assert await venue.get("/third", parse=lambda p, _: p, lifetime=Lifetime.CLOSED) == GOOD
    await bring_down(venue, host)
    assert await venue.get("/third", parse=lambda p, _: p, lifetime=Lifetime.CLOSED) == GOOD


async def test_an_answer_that_cannot_be_read_is_an_answer(venue: Api, host: Loopback) -> None:
    host.plays("/price", {"no": "such field"})
    for _ in range(16):
        await asyncio.sleep(1)
        with pytest.raises(Malformed):
            await venue.get("/price", parse=lambda p, _: p["price"], lifetime=Lifetime.MOMENT)
    assert venue.health.refusal("/price") is None


async def test_no_probe_outlives_the_door(host: Loopback, base: str) -> None:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        door = Door(session, lambda: NOW)
        await bring_down(api(door, base), host, Reply(b"", 503))
        host.plays("/price", Reply(hang=True))
        host.plays("/other", Reply(hang=True))
        host.asked.clear()
        await until(lambda: host.asked)
        before = asyncio.all_tasks()
        await door.close()
        ended = {task for task in before if task.done()}
        assert len(ended) == 1
        await asyncio.sleep(3 * SHIPPED.probe)
        assert len(host.asked) == 1


async def test_the_last_error_and_the_pace_are_known(venue: Api, host: Loopback) -> None:
    host.plays("/price", Reply(GOOD, pause=0.1))
    await ask(venue)
    assert venue.health.last_error is None
    host.plays("/price", Reply({"msg": "no"}, 400))
    with pytest.raises(Refused):
        await ask(venue)
    assert venue.health.last_error
    assert venue.health.last_error.text == "refused: no (HTTP 400)"
    assert venue.health.last_error.at_ms == NOW
    assert venue.health.samples == 2
    assert venue.health.latency(0.95) == pytest.approx(0.1 * len('{"price":"1"}'), abs=1e-4)


async def test_what_was_signed_is_in_no_error_that_is_kept(
    door: Door, base: str, host: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    def telling(response: Response) -> Any:
        message = response.body["msg"]
        raise Refused("1", message) if response.status == 400 else Unreachable(message)

    dialect = Dialect(telling, DIALECT.reads)
    venue = Api(door, base, Limiter(door.clock_ms), Budget(1000, 60), dialect)
    host.plays("/price", {"msg": "busy with hush-hush"})
    host.plays("/other", {"msg": "busy with hush-hush"})

    def compose(path: str) -> Callable[[], Request]:
        return lambda: Request(path, hide=lambda text: text.replace("hush-hush", "[hidden]"))

    async with asyncio.timeout(PATIENCE):
        while venue.health.down_since_ms is None:
            await asyncio.sleep(1)
            for path in ("/price", "/other"):
                with pytest.raises(Unreachable):
                    await venue.ask(path, compose(path), parse=lambda p, _: p)
    assert venue.health.last_error
    assert venue.health.last_error.text == "busy with [hidden]"
    assert "busy with [hidden] since" in caplog.text
    host.plays("/third", Reply({"msg": "no key hush-hush"}, 400))
    open_again = Api(door, base, Limiter(door.clock_ms), Budget(1000, 60), dialect)
    with pytest.raises(Refused):
        await open_again.ask("/third", compose("/third"), parse=lambda p, _: p)
    assert open_again.health.last_error
    assert open_again.health.last_error.text == "refused: no key [hidden] (1)"
    assert "hush-hush" not in caplog.text
