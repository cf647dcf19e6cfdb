"""A host that has long been silent is asked once per interval, and its answer is immediate."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import aiohttp
import pytest

from crypto_assistant.errors import (
    ExchangeError,
    GeoBlocked,
    Malformed,
    RateLimited,
    Refused,
    Unreachable,
)
from crypto_assistant.net.api import Api, Dialect, Door, Request, Timing, deadline
from crypto_assistant.net.cache import Cache, Lifetime
from crypto_assistant.net.health import Health
from crypto_assistant.net.limiter import Budget, Limiter
from crypto_assistant.net.response import Response
from tests.net.loopback import Loopback, Reply

NOON_MS = 1_789_992_000_000
"""2026-09-21 12:00 UTC."""
NOW = NOON_MS + 30_000
PATHS = ("/price", "/other", "/third", "/v5/market/time")
GOOD = {"price": "1"}
QUICK = Timing(answer=0.2, attempt=0.1, pause=(0.001, 0.002), probe=0.02)
"""For hosts that fail at once."""
NEVER = 3600.0


async def never_asked() -> None:
    """What the tests of the clockwork ask again."""


class Clockwork:
    """A host's health by a clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.health = Health("fapi.binance.com", 8.0, self.clock_ms, lambda: self.seconds)

    def clock_ms(self) -> int:
        return NOON_MS + round(1000 * (self.seconds - 1000.0))

    def fails(self, path: str = "/price", why: str = "HTTP 503", **more: Any) -> None:
        more = {"sent": self.seconds, "whole": True, **more}
        self.health.failed(path, why, never_asked, **more)

    def fails_for(self, seconds: float, *paths: str, why: str = "HTTP 503") -> None:
        """Twice at each path now, and once more at each so much later."""
        for path in (*paths, *paths):
            self.fails(path, why)
        self.seconds += seconds
        for path in paths:
            self.fails(path, why)

    def refuses(self, path: str = "/price") -> str:
        """What the next question is told, not the one under way."""
        self.seconds += 0.5
        return str(self.health.refusal(path) or "")


@pytest.fixture
def clockwork() -> Clockwork:
    return Clockwork()


def test_a_host_that_fails_for_eight_seconds_is_down(clockwork: Clockwork) -> None:
    clockwork.fails_for(7.5, "/price", "/other")
    assert not clockwork.refuses()
    clockwork.seconds += 0.5
    clockwork.fails()
    for path in PATHS:
        assert clockwork.refuses(path) == "HTTP 503 since 12:00 UTC"
    assert clockwork.health.down_since_ms == NOON_MS


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("no answer in 8 s", "no answer since 12:00 UTC"),
        ("no connection", "no connection since 12:00 UTC"),
        ("the answer was cut short", "cut answers since 12:00 UTC"),
        ("HTML instead of JSON", "HTML instead of JSON since 12:00 UTC"),
        ("Server error.", "Server error since 12:00 UTC"),
    ],
)
def test_it_is_told_what_goes_on_and_since_when(clockwork: Clockwork, why: str, said: str) -> None:
    clockwork.fails_for(8, "/price", "/other", why=why)
    assert clockwork.refuses() == said


def test_an_outage_began_when_the_first_that_failed_was_sent(clockwork: Clockwork) -> None:
    clockwork.seconds += 2
    for path in ("/price", "/other", "/third"):
        clockwork.fails(path, "no answer in 8 s", sent=1000 - 6.5)
    assert clockwork.refuses() == "no answer since 11:59 UTC"


def test_after_a_day_the_day_is_told_too(clockwork: Clockwork) -> None:
    clockwork.fails_for(8, "/price", "/other")
    clockwork.seconds += 2 * 86_400
    assert clockwork.refuses() == "HTTP 503 since 21 Sep 12:00 UTC"


def test_two_failures_are_too_few(clockwork: Clockwork) -> None:
    clockwork.fails("/price")
    clockwork.seconds += 30
    clockwork.fails("/other")
    assert not clockwork.refuses()
    clockwork.fails("/other")
    assert clockwork.refuses()


def test_an_answer_in_between_begins_the_count_anew(clockwork: Clockwork) -> None:
    clockwork.fails_for(7, "/price", "/other")
    clockwork.health.answered("/third", 0.1)
    clockwork.seconds += 2
    clockwork.fails("/price")
    clockwork.fails("/other")
    assert not clockwork.refuses()


def test_failures_far_apart_are_not_one_outage(clockwork: Clockwork) -> None:
    clockwork.fails_for(0, "/price", "/other")
    clockwork.seconds += 600
    clockwork.fails(whole=False)
    assert not clockwork.refuses()
    clockwork.fails()
    clockwork.fails(whole=False)
    assert not clockwork.refuses()


def test_a_try_that_had_no_time_is_no_failure_of_the_host(clockwork: Clockwork) -> None:
    for _ in range(9):
        clockwork.fails("/price", "no answer in 8 s", whole=False)
        clockwork.fails("/other", "no answer in 8 s", whole=False)
        clockwork.seconds += 2
    assert not clockwork.refuses()


def test_a_try_that_had_no_time_tells_that_the_host_is_still_silent(clockwork: Clockwork) -> None:
    """The third try of the first question ends when the question does."""
    for passed, whole in ((3, True), (3.5, True), (1.5, False)):
        clockwork.seconds += passed
        sent = clockwork.seconds - passed
        clockwork.fails("/price", "no answer in 8 s", sent=sent, whole=whole)
    assert clockwork.refuses() == "no answer since 12:00 UTC"


def test_one_broken_path_keeps_nobody_from_the_others(clockwork: Clockwork) -> None:
    clockwork.fails_for(8, "/price")
    assert clockwork.refuses("/price") == "HTTP 503 since 12:00 UTC"
    assert not clockwork.refuses("/other")
    assert clockwork.health.down_since_ms is None
    clockwork.health.answered("/other", 0.1)
    assert not clockwork.refuses("/price")


def test_without_a_connection_no_path_is_asked(clockwork: Clockwork) -> None:
    clockwork.fails_for(8, "/price", why="no connection")
    assert clockwork.refuses("/other") == "no connection since 12:00 UTC"


def test_a_working_clock_does_not_make_a_host_in_maintenance_look_up(
    clockwork: Clockwork,
) -> None:
    clockwork.fails_for(4, "/price", "/other")
    clockwork.health.answered("/v5/market/time", 0.1)
    clockwork.fails_for(8, "/price", "/other")
    clockwork.health.answered("/v5/market/time", 0.1)
    assert clockwork.refuses()


def test_a_broken_clock_says_nothing_of_the_other_paths(clockwork: Clockwork) -> None:
    clockwork.fails_for(8, "/v5/market/time", why="no connection")
    assert not clockwork.refuses()
    assert clockwork.health.last_error
    assert clockwork.health.last_error.text == "no connection"


def test_the_question_that_finds_a_host_silent_is_not_told_since_when(
    clockwork: Clockwork,
) -> None:
    clockwork.fails_for(7.7, "/price", "/other", why="no answer in 8 s")
    assert clockwork.health.down_since_ms == NOON_MS
    assert clockwork.health.refusal("/price") is None
    clockwork.seconds += 0.8
    assert clockwork.health.refusal("/price")


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
        health.failed(path, "HTTP 503", say(path), sent=clockwork.seconds, whole=True)
    assert health.next_probe() is None
    clockwork.seconds += 8
    clockwork.fails("/other")
    assert [await asked(health) for _ in range(3)] == ["/price", "/other", "/price"]
    health.turned_away("/third", say("/third"))
    health.turned_away("/v5/market/time", say("the time"))
    assert [await asked(health) for _ in range(4)] == ["/third", "/other", "/price", "/third"]


def test_only_a_few_of_many_questions_are_asked_again(clockwork: Clockwork) -> None:
    clockwork.fails_for(8, *(f"/{n}" for n in range(50)))
    for n in range(50, 100):

        async def again() -> None:
            """A question of its own."""

        clockwork.health.turned_away(f"/{n}", again)
    probes = [clockwork.health.next_probe() for _ in range(100)]
    assert 4 <= len(set(probes)) <= 8


def test_down_and_back_are_told_once(
    clockwork: Clockwork, caplog: pytest.LogCaptureFixture
) -> None:
    clockwork.fails_for(8, "/price", "/other", "/third")
    clockwork.fails_for(8, "/price", "/other", "/third")
    clockwork.health.answered("/price", 0.1)
    clockwork.health.answered("/price", 0.1)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "fapi.binance.com is down: HTTP 503 since 12:00 UTC"),
        (logging.WARNING, "fapi.binance.com is back"),
    ]


def test_what_failed_for_a_moment_is_not_told(
    clockwork: Clockwork, caplog: pytest.LogCaptureFixture
) -> None:
    clockwork.fails_for(1, "/price", "/other")
    clockwork.health.answered("/price", 0.1)
    assert not caplog.records


def test_the_pace_of_a_host_is_that_of_its_last_answers(clockwork: Clockwork) -> None:
    health = clockwork.health
    assert (health.latency(0.5), health.samples) == (None, 0)
    for _ in range(50):
        health.answered("/price", 99.0)
    for n in range(200):
        health.answered("/price", 0.001 * (n + 1))
    assert (health.latency(0.5), health.latency(0.95), health.samples) == (0.1, 0.19, 200)


@pytest.fixture
async def door(session: aiohttp.ClientSession) -> AsyncIterator[Door]:
    door = Door(session, Cache(time.monotonic), QUICK, lambda: NOW)
    yield door
    await door.close()


def unwrap(response: Response) -> Any:
    if response.status == 200:
        return response.body
    raise Refused(f"HTTP {response.status}", "no")


DIALECT = Dialect(unwrap, frozenset(("GET", path) for path in PATHS))


def api(door: Door, base: str) -> Api:
    limiter = Limiter(time.monotonic, door.clock_ms)
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
    async with asyncio.timeout(5):
        while venue.health.refusal("/third") is None:
            for path in ("/price", "/other"):
                with pytest.raises(ExchangeError):
                    await ask(venue, path)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 (what is waited for tells nobody)
            await asyncio.sleep(0.005)


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
    rarely = Timing(answer=0.2, attempt=0.1, pause=(0.001, 0.002), probe=NEVER)
    venue = api(opened(rarely), base)
    await bring_down(venue, host, reply)
    host.asked.clear()
    for path in PATHS:
        with pytest.raises(Unreachable) as down:
            await ask(venue, path)
        assert str(down.value).startswith(said)
    assert host.asked == []


@pytest.fixture
async def opened() -> AsyncIterator[Callable[[Timing], Door]]:
    """Doors with durations of their own."""
    doors: list[Door] = []
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        def at_pace(timing: Timing) -> Door:
            doors.append(Door(session, Cache(time.monotonic), timing, lambda: NOW))
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
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        venue = api(door, f"http://127.0.0.1:{taken.getsockname()[1]}")
        async with asyncio.timeout(5):
            while venue.health.refusal("/other") is None:
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
    started = time.monotonic()
    await until(lambda: len(host.asked) >= 8)
    assert host.asked in (["/price", "/other"] * 4, ["/other", "/price"] * 4)
    assert len(host.asked) <= 1 + (time.monotonic() - started) / QUICK.probe


async def test_nobody_tries_again_what_is_not_sent(
    opened: Callable[[Timing], Door], venue: Api, base: str, host: Loopback
) -> None:
    await bring_down(venue, host)
    stubborn = Timing(answer=NEVER, tries=10**9, pause=(0.0, 0.0), probe=NEVER)
    another = api(opened(stubborn), base)
    another.health = venue.health
    async with asyncio.timeout(5):
        with pytest.raises(Unreachable, match="since"):
            await ask(another)


async def test_a_question_under_way_keeps_its_tries_when_the_host_goes_down(
    opened: Callable[[Timing], Door], base: str, host: Loopback
) -> None:
    """What it says is what it found."""
    venue = api(opened(replace(QUICK, probe=NEVER)), base)
    slow = api(opened(Timing(pause=(1.0, 1.0), probe=NEVER)), base)
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
    door, budget = opened(replace(QUICK, probe=NEVER)), Budget(1, 1.0)
    budget.spend(1, time.monotonic())
    venue = api(door, base)
    queued = Api(door, base, Limiter(time.monotonic, door.clock_ms), budget, DIALECT)
    queued.health = venue.health
    token = deadline.set(time.monotonic() + 5)
    waiting = asyncio.create_task(ask(queued, "/third"))
    deadline.reset(token)
    await bring_down(venue, host)
    assert not waiting.done()
    with pytest.raises(Unreachable, match="since"):
        await waiting
    assert "/third" not in host.asked


async def test_what_is_not_sent_costs_nothing_of_the_limits(
    opened: Callable[[Timing], Door], base: str, host: Loopback
) -> None:
    door, budget = opened(replace(QUICK, probe=NEVER)), Budget(1000, 60)
    venue = Api(door, base, Limiter(time.monotonic, door.clock_ms), budget, DIALECT)
    await bring_down(venue, host)
    before = budget.used(time.monotonic())
    with pytest.raises(Unreachable):
        await ask(venue, "/third")
    assert budget.used(time.monotonic()) == before


async def test_a_host_that_fails_at_once_fails_whatever_time_it_had(
    venue: Api, host: Loopback
) -> None:
    for path in ("/price", "/other"):
        host.plays(path, Reply(b"", 503))
    async with asyncio.timeout(5):
        while venue.health.down_since_ms is None:
            for path in ("/price", "/other"):
                token = deadline.set(time.monotonic() + QUICK.attempt / 3)
                with pytest.raises(ExchangeError):
                    await venue.ask(path, partial(Request, path), parse=lambda p, _: p)
                deadline.reset(token)


async def test_what_is_asked_again_is_composed_anew(venue: Api, host: Loopback) -> None:
    """A signature is of its moment."""
    numbers = count()
    for path in ("/price", "/other"):
        host.plays(path, Reply(b"", 503))

    def compose(path: str) -> Request:
        return Request(f"{path}?n={next(numbers)}")

    async with asyncio.timeout(5):
        while venue.health.down_since_ms is None:
            for path in ("/price", "/other"):
                with pytest.raises(Unreachable):
                    await venue.ask(path, partial(compose, path), parse=lambda p, _: p)
    host.asked.clear()
    sent = next(numbers)
    await until(lambda: len(host.asked) >= 3)
    assert [target.partition("=")[2] for target in host.asked] == [
        f"{sent + n}" for n in range(1, len(host.asked) + 1)
    ]


async def test_many_questions_make_no_more_probes(
    opened: Callable[[Timing], Door], base: str, host: Loopback
) -> None:
    venue = api(opened(Timing(answer=0.2, attempt=0.1, pause=(0.0, 0.0), probe=0.3)), base)
    await bring_down(venue, host)
    host.asked.clear()
    started = time.monotonic()
    for _ in range(200):
        with pytest.raises(Unreachable):
            await ask(venue, "/third")
    assert len(host.asked) <= (time.monotonic() - started) / 0.3
    host.plays("/third", GOOD)
    await until(lambda: host.asked)
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
    limiter = Limiter(time.monotonic, door.clock_ms)
    venue = Api(door, base, limiter, Budget(100_000, 60), DIALECT)
    await bring_down(venue, host)
    limiter.hold(60)
    await asyncio.sleep(2 * QUICK.probe)
    host.asked.clear()
    await asyncio.sleep(5 * QUICK.probe)
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
    started = time.monotonic()
    while time.monotonic() - started < 2 * QUICK.answer:
        with pytest.raises(Malformed):
            await venue.get("/price", parse=lambda p, _: p["price"], lifetime=Lifetime.MOMENT)
    assert venue.health.refusal("/price") is None


async def test_no_probe_outlives_the_door(host: Loopback, base: str) -> None:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        door = Door(session, Cache(time.monotonic), QUICK, lambda: NOW)
        await bring_down(api(door, base), host, Reply(b"", 503))
        host.plays("/price", Reply(hang=True))
        host.plays("/other", Reply(hang=True))
        host.asked.clear()
        await until(lambda: host.asked)
        before = asyncio.all_tasks()
        await door.close()
        ended = {task for task in before if task.done()}
        assert len(ended) == 1
        await asyncio.sleep(3 * QUICK.probe)
        assert len(host.asked) == 1


async def test_the_last_error_and_the_pace_are_known(venue: Api, host: Loopback) -> None:
    host.plays("/price", GOOD)
    await ask(venue)
    assert venue.health.last_error is None
    host.plays("/price", Reply({"msg": "no"}, 400))
    with pytest.raises(Refused):
        await ask(venue)
    assert venue.health.last_error
    assert venue.health.last_error.text == "refused: no (HTTP 400)"
    assert venue.health.last_error.at_ms == NOW
    assert venue.health.samples == 2
    assert 0 < (venue.health.latency(0.95) or 0) < 60


async def test_what_was_signed_is_in_no_error_that_is_kept(
    door: Door, base: str, host: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    def telling(response: Response) -> Any:
        message = response.body["msg"]
        raise Refused("1", message) if response.status == 400 else Unreachable(message)

    dialect = Dialect(telling, DIALECT.reads)
    venue = Api(door, base, Limiter(time.monotonic, door.clock_ms), Budget(1000, 60), dialect)
    host.plays("/price", {"msg": "busy with hush-hush"})
    host.plays("/other", {"msg": "busy with hush-hush"})

    def compose(path: str) -> Callable[[], Request]:
        return lambda: Request(path, hide=lambda text: text.replace("hush-hush", "[hidden]"))

    async with asyncio.timeout(5):
        while venue.health.down_since_ms is None:
            for path in ("/price", "/other"):
                with pytest.raises(Unreachable):
                    await venue.ask(path, compose(path), parse=lambda p, _: p)
    assert venue.health.last_error
    assert venue.health.last_error.text == "busy with [hidden]"
    assert "busy with [hidden] since" in caplog.text
    host.plays("/third", Reply({"msg": "no key hush-hush"}, 400))
    open_again = Api(door, base, Limiter(time.monotonic, door.clock_ms), Budget(1000, 60), dialect)
    with pytest.raises(Refused):
        await open_again.ask("/third", compose("/third"), parse=lambda p, _: p)
    assert open_again.health.last_error
    assert open_again.health.last_error.text == "refused: no key [hidden] (1)"
    assert "hush-hush" not in caplog.text
