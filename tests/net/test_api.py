"""Every way in which a venue's host can fail, over real HTTP."""

import asyncio
import gzip
import tracemalloc
import zlib
from codecs import BOM_UTF8
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from crypto_assistant.app import connection
from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import (
    Blocked,
    ExchangeError,
    GeoBlocked,
    Malformed,
    RateLimited,
    Refused,
    Unreachable,
)
from crypto_assistant.exchanges.payload import number, readable
from crypto_assistant.net.api import Api
from crypto_assistant.net.body import OTHER, PACKED, ROOM
from crypto_assistant.net.deadline import once
from crypto_assistant.net.door import Door, Timing
from crypto_assistant.net.limiter import Budget, Limiter, sharing
from crypto_assistant.net.request import Dialect, Request, target
from crypto_assistant.net.response import UNREADABLE, Response, Stop
from tests.net.attacks import bomb
from tests.net.conftest import due_in
from tests.net.loopback import Loopback, Reply

NOW = 1_789_992_000_000
SHIPPED = Timing()
GOOD = {"price": "1"}


@pytest.fixture
def door(session: aiohttp.ClientSession) -> Door:
    return Door(session, lambda: NOW)


@pytest.fixture
def budget() -> Budget:
    return Budget(100, 60, "X-Used")


@pytest.fixture
def venue(door: Door, base: str, budget: Budget) -> Api:
    return Api(door, base, Limiter(lambda: NOW), budget, DIALECT)


def unwrap(response: Response) -> Any:
    if response.status == 200:
        if response.body == "stop":
            raise Stop(30.0)
        return response.body
    raise Refused(f"HTTP {response.status}", "no")


PATHS = ("/price", "/other", "/elsewhere", "/a", "/b", "/c")
DIALECT = Dialect(unwrap, frozenset(("GET", path) for path in PATHS))


async def ask(venue: Api, path: str = "/price", **more: Any) -> Any:
    return await venue.get(path, parse=lambda payload, received_ms: (payload, received_ms), **more)


def test_what_a_request_bears_is_not_shown_with_it() -> None:
    assert "hush" not in repr(Request("/price", headers={"X-MBX-APIKEY": "hush"}))


async def test_an_answer_is_parsed_once_and_dated(venue: Api, host: Loopback) -> None:
    host.plays("/price?symbol=A%2FB", GOOD)
    assert await ask(venue, query=[("symbol", "A/B")]) == (GOOD, NOW)


ZIPPED = {
    "gzip": gzip.compress(b'{"price": "1"}'),
    "x-gzip": gzip.compress(b'{"price": "1"}'),
    "deflate": zlib.compress(b'{"price": "1"}'),
}


def zipped(how: str, body: bytes) -> Reply:
    return Reply(body, headers={"Content-Encoding": how})


@pytest.mark.parametrize("how", ZIPPED)
async def test_a_compressed_answer_is_read(venue: Api, host: Loopback, how: str) -> None:
    host.plays("/price", zipped(how, ZIPPED[how]))
    assert (await ask(venue))[0] == GOOD
    assert set(PACKED.split(", ")) <= ZIPPED.keys()


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"NaN", b"-Infinity"])
async def test_a_number_beyond_all_numbers_is_none(
    venue: Api, host: Loopback, number: bytes
) -> None:
    host.plays("/price", Reply(b'{"price": "1", "other": [%s]}' % number))
    assert (await ask(venue))[0] == {**GOOD, "other": [None]}


@pytest.mark.parametrize("text", [b'"\\ud800"', b"[" * 100_000, b"9" * 5000, b"\xff"])
async def test_what_is_no_json_in_any_way_is_no_answer(
    venue: Api, host: Loopback, text: bytes
) -> None:
    host.plays("/price", Reply(text))
    with pytest.raises(Unreachable, match="cut short"):
        await ask(venue)


async def test_a_byte_order_mark_is_no_part_of_the_answer(venue: Api, host: Loopback) -> None:
    host.plays("/price", Reply(BOM_UTF8 + b'{"price": "1"}'))
    assert (await ask(venue))[0] == GOOD


@pytest.mark.parametrize(
    "failure",
    [
        Reply(b"bad gateway", 502),
        Reply({"code": -1001}, 503),
        Reply(GOOD, cut=True),
        Reply(b'{"price": "1'),
        Reply(b""),
        *(zipped(how, b"not packed") for how in ZIPPED),
        *(zipped(how, body[:-14]) for how, body in ZIPPED.items()),
        Reply(hang=True),
        Reply(GOOD, reset=True),
        Reply(b" " * 1_000_000, pause=0.5),
    ],
    ids=[
        *("502", "503", "cut", "truncated", "empty"),
        *(f"{what} {how}" for what in ("bad", "cut") for how in ZIPPED),
        *("silence", "reset", "a byte at a time"),
    ],
)
async def test_what_may_pass_is_tried_again(venue: Api, host: Loopback, failure: Reply) -> None:
    host.plays("/price", failure, GOOD)
    assert (await ask(venue))[0] == GOOD
    assert len(host.asked) == 2


async def test_three_tries_are_enough(venue: Api, host: Loopback) -> None:
    host.plays("/price", Reply(b"", 502))
    with pytest.raises(Unreachable, match="HTTP 502"):
        await ask(venue)
    assert len(host.asked) == 3


async def test_what_is_asked_once_is_not_asked_again(venue: Api, host: Loopback) -> None:
    host.plays("/price", Reply(status=503))
    with once(), pytest.raises(Unreachable):
        await ask(venue)
    assert len(host.asked) == 1


@pytest.mark.parametrize(("attempt", "tries"), [(2 / 3, 2), (100, 1)])
async def test_no_try_outlasts_the_answer(
    session: aiohttp.ClientSession, host: Loopback, base: str, attempt: float, tries: int
) -> None:
    host.plays("/price", Reply(hang=True))
    timing, budget = replace(SHIPPED, attempt=SHIPPED.answer * attempt), Budget(100, 60)
    door = Door(session, lambda: NOW, timing)
    with pytest.raises(Unreachable, match="no answer in"):
        await ask(Api(door, base, Limiter(lambda: NOW), budget, DIALECT))
    assert 1 <= len(host.asked) <= tries
    assert budget.used(monotonic()) == len(host.asked)


@pytest.mark.parametrize(
    "cut",
    [Reply(GOOD, cut=True), Reply(GOOD, reset=True), zipped("gzip", ZIPPED["gzip"][:-14])],
    ids=["cut", "reset", "compressed"],
)
async def test_an_answer_that_is_always_cut_is_named_so(
    venue: Api, host: Loopback, cut: Reply
) -> None:
    host.plays("/price", cut)
    with pytest.raises(Unreachable, match="cut short"):
        await ask(venue)


async def test_a_closed_port_is_no_connection(door: Door, budget: Budget) -> None:
    venue = Api(door, "http://127.0.0.1:9", Limiter(lambda: NOW), budget, DIALECT)
    with pytest.raises(Unreachable, match="no connection"):
        await ask(venue)
    assert budget.used(monotonic()) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_is_not_tried_again(venue: Api, host: Loopback, status: int) -> None:
    host.plays("/price", Reply({"msg": "no"}, status))
    with pytest.raises(Refused, match=f"HTTP {status}"):
        await ask(venue)
    assert len(host.asked) == 1


async def test_a_redirect_is_not_followed(venue: Api, host: Loopback) -> None:
    host.plays("/price", Reply(b"", 302, {"Location": "/elsewhere"}))
    host.plays("/elsewhere", GOOD)
    with pytest.raises(Malformed, match="HTTP 302"):
        await ask(venue)
    assert host.asked == ["/price"]


@pytest.mark.parametrize(("status", "seconds"), [(429, 23), (418, 120)])
async def test_retry_after_stops_the_whole_venue(
    venue: Api, host: Loopback, status: int, seconds: int
) -> None:
    host.plays("/price", Reply({}, status, {"Retry-After": str(seconds)}))
    host.plays("/other", GOOD)
    for path in ("/price", "/other"):
        with pytest.raises(RateLimited) as limited:
            await ask(venue, path)
        assert limited.value.until_ms == pytest.approx(NOW + 1000 * seconds, abs=1000)
    assert host.asked == ["/price"]


async def test_a_limit_without_a_time_lasts_for_the_window(venue: Api, host: Loopback) -> None:
    host.plays("/price", Reply({}, 429))
    with pytest.raises(RateLimited) as limited:
        await ask(venue)
    assert limited.value.until_ms == pytest.approx(NOW + 60_000, abs=10)


async def test_a_stop_is_one_whatever_else_is_said(
    door: Door, base: str, budget: Budget, host: Loopback
) -> None:
    def trip(_: object) -> Any:
        raise TypeError

    host.plays("/price", Reply({"code": []}, 429))
    limiter = Limiter(lambda: NOW)
    with pytest.raises(RateLimited):
        await ask(Api(door, base, limiter, budget, replace(DIALECT, unwrap=trip)))


async def test_a_retry_after_of_nothing_holds_nobody(venue: Api, host: Loopback) -> None:
    host.plays("/price", Reply({}, 429, {"Retry-After": "0"}), GOOD)
    assert (await ask(venue))[0] == GOOD


async def test_a_stop_that_ends_in_time_is_waited_for(venue: Api, host: Loopback) -> None:
    host.plays("/price", "stop", GOOD)
    start = monotonic()
    with due_in(100):
        assert (await ask(venue))[0] == GOOD
    assert monotonic() - start == pytest.approx(30)
    assert len(host.asked) == 2


async def test_a_silent_venue_is_given_up_as_soon_by_a_question_that_has_long(
    door: Door, base: str, host: Loopback, budget: Budget
) -> None:
    host.plays("/price", Reply(hang=True))
    patient = replace(door, timing=replace(SHIPPED, tries=1000))
    start = monotonic()
    with due_in(100), pytest.raises(Unreachable, match="no answer in 8 s"):
        await ask(Api(patient, base, Limiter(lambda: NOW), budget, DIALECT))
    assert monotonic() - start < SHIPPED.answer + 0.1
    assert len(host.asked) <= 4


async def test_a_question_may_leave_a_part_of_the_limit_to_others(
    door: Door, base: str, host: Loopback
) -> None:
    for path in ("/a", "/b", "/c"):
        host.plays(path, GOOD)
    venue = Api(door, base, Limiter(lambda: NOW), Budget(4, 60), DIALECT)
    with sharing(0.5):
        await ask(venue, "/a")
        await ask(venue, "/b")
        with pytest.raises(RateLimited):
            await ask(venue, "/c")
    assert (await ask(venue, "/c"))[0] == GOOD


async def test_nobody_waits_with_a_question_that_may_use_less_of_the_limit(
    venue: Api, host: Loopback
) -> None:
    host.plays("/price", GOOD)
    with sharing(0.5):
        await ask(venue)
    await ask(venue)
    assert len(host.asked) == 2


async def test_a_caller_in_a_hurry_is_told_at_once_of_a_stop(
    door: Door, base: str, host: Loopback, budget: Budget
) -> None:
    host.plays("/price", GOOD)
    limiter = Limiter(lambda: NOW)
    limiter.hold(4)
    with due_in(2), pytest.raises(RateLimited):
        await ask(Api(door, base, limiter, budget, DIALECT))
    assert not host.asked


async def test_what_is_known_is_told_while_the_venue_says_stop(venue: Api, host: Loopback) -> None:
    host.plays("/price", GOOD)
    host.plays("/other", Reply({}, 429, {"Retry-After": "60"}))
    assert (await ask(venue))[0] == GOOD
    with pytest.raises(RateLimited):
        await ask(venue, "/other")
    assert (await ask(venue))[0] == GOOD


async def test_a_used_weight_header_counts_somebody_elses_traffic(
    venue: Api, host: Loopback
) -> None:
    host.plays("/price", Reply(GOOD, headers={"x-used": "99"}))
    await ask(venue)
    start = monotonic()
    with pytest.raises(RateLimited) as limited:
        await ask(venue, "/other", weight=2)
    assert monotonic() == start
    assert limited.value.until_ms == NOW + 60_000
    assert host.asked == ["/price"]


async def test_a_used_weight_that_is_no_number_is_passed_over(venue: Api, host: Loopback) -> None:
    host.plays("/price", Reply(GOOD, headers={"X-Used": "many"}))
    assert (await ask(venue))[0] == GOOD


async def test_each_request_costs_its_weight(venue: Api, host: Loopback, budget: Budget) -> None:
    host.plays("/price", GOOD)
    await ask(venue, weight=40)
    assert budget.used(monotonic()) == 40


async def test_a_budget_of_its_own_spares_the_venues(
    venue: Api, host: Loopback, budget: Budget
) -> None:
    own = Budget(5, 2)
    host.plays("/price", GOOD)
    await ask(venue, budget=own)
    assert (own.used(monotonic()), budget.used(monotonic())) == (1, 0)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply({"msg": "restricted location"}, 451), GeoBlocked),
        (Reply(b"<!doctype html><html>A fine page</html>"), Malformed),
        (Reply('{"price": "1"}'.encode("utf-16")), Malformed),
        (Reply(b"packed", headers={"Content-Encoding": "br"}), Malformed),
    ],
    ids=["451", "HTML", "UTF-16", "packed as nobody asked for"],
)
async def test_what_will_not_pass_is_not_tried_again(
    venue: Api, host: Loopback, reply: Reply, error: type[ExchangeError]
) -> None:
    host.plays("/price", reply)
    with pytest.raises(error):
        await ask(venue)
    assert len(host.asked) == 1


@pytest.mark.parametrize("error", [*UNREADABLE, OverflowError, ZeroDivisionError, KeyError])
async def test_whatever_an_answer_trips_over_is_its_venues_failure(
    door: Door, base: str, budget: Budget, host: Loopback, error: type[Exception]
) -> None:
    def trip(*_: object) -> Any:
        raise error("as it was read")

    host.plays("/price", GOOD)
    limiter = Limiter(lambda: NOW)
    unwraps = Api(door, base, limiter, budget, replace(DIALECT, unwrap=trip))
    parses = Api(door, base, limiter, budget, DIALECT)
    for one in (unwraps.get("/price", parse=lambda *_: 1), parses.get("/price", parse=trip)):
        with pytest.raises(Malformed, match="another shape"):
            await one


async def test_rows_that_are_left_out_are_counted_and_logged_once_an_hour(
    venue: Api, base: str, host: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    host.plays("/price", [*range(19), "a text"])

    def read(payload: Any, _: int) -> list[float]:
        return readable(payload, number)

    for variant in ("one", "other"):
        assert len(await venue.get("/price", parse=read, variant=variant)) == 19
    assert venue.health.unread == 2
    assert [record.getMessage() for record in caplog.records] == [
        f"{base.removeprefix('http://')}/price: cannot read 1 row, left out"
    ]


async def test_a_firewall_is_told_with_what_may_help(venue: Api, host: Loopback) -> None:
    host.plays("/price", Reply(b"Sorry, you have been blocked", 403))
    for _ in range(2):
        with pytest.raises(Blocked, match="another address or HTTPS_PROXY may help"):
            await ask(venue)
    assert host.asked == ["/price"]


async def test_an_answer_of_another_shape_is_malformed(venue: Api, host: Loopback) -> None:
    host.plays("/price", {"no": "such field"})
    with pytest.raises(Malformed, match="another shape"):
        await venue.get("/price", parse=lambda payload, _: payload["price"])
    assert venue.health.last_error
    assert venue.health.last_error.text == "an answer of another shape"


async def test_an_answer_too_large_for_the_host_is_not_read(
    session: aiohttp.ClientSession, base: str, host: Loopback, budget: Budget
) -> None:
    zipped = gzip.compress(b" " * (OTHER.body + 1), 1)
    host.plays("/price", Reply(zipped, headers={"Content-Encoding": "gzip"}))
    door = Door(session, lambda: NOW)
    limiter = Limiter(lambda: NOW)
    with pytest.raises(Malformed, match="too large"):
        await ask(Api(door, base, limiter, budget, DIALECT))
    assert len(host.asked) == 1


@pytest.mark.parametrize("how", ["gzip", "deflate"])
@pytest.mark.slow
async def test_answers_that_unpack_to_gigabytes_do_not_fill_the_memory(
    door: Door, base: str, host: Loopback, budget: Budget, how: str
) -> None:
    venue = Api(door, base, Limiter(lambda: NOW), budget, DIALECT)
    queries = [[("symbol", f"{n}")] for n in range(5)]
    for query in queries:
        host.plays(target("/price", query), bomb(how))
    tracemalloc.start()
    try:
        asked = (ask(venue, query=query) for query in queries)
        found = await asyncio.gather(*asked, return_exceptions=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [str(one) for one in found] == ["an answer too large to read"] * len(queries)
    assert peak < 2 * ROOM


async def test_a_byte_at_a_time_holds_no_answer_beyond_its_time(
    venue: Api, host: Loopback, budget: Budget
) -> None:
    """Each byte comes well within the time of a try; all of them would take days."""
    host.plays("/price", Reply(b" " * 1_000_000, pause=0.5))
    start = monotonic()
    with pytest.raises(Unreachable, match="no answer in"):
        await ask(venue)
    assert monotonic() - start < SHIPPED.answer + 0.1
    assert budget.used(monotonic()) == len(host.asked) <= SHIPPED.tries


async def test_hosts_that_hang_keep_no_other_host_waiting(host: Loopback, base: str) -> None:
    """Not even with more questions open than a session usually has connections."""
    slow = replace(SHIPPED, answer=3600.0, attempt=3600.0)
    host.plays("/price", GOOD)
    async with AsyncExitStack() as stack:
        door = Door(await stack.enter_async_context(connection(None)), lambda: NOW, slow)
        stack.push_async_callback(door.close)

        def at(address: str) -> Api:
            return Api(door, address, Limiter(door.clock_ms), Budget(1e6, 60), DIALECT)

        hanging = [Loopback() for _ in range(4)]
        for silent in hanging:
            silent.plays("/price", Reply(hang=True))
            address = await stack.enter_async_context(silent.serve())
            for n in range(40):
                asking = asyncio.create_task(ask(at(address), query=[("n", n)]))
                stack.callback(asking.cancel)
        await asyncio.sleep(1)
        assert sum(len(silent.asked) for silent in hanging) >= 100
        async with asyncio.timeout(1):
            assert (await ask(at(base)))[0] == GOOD


async def test_the_same_question_is_sent_once_in_its_lifetime(venue: Api, host: Loopback) -> None:
    host.plays("/price", GOOD)
    assert await ask(venue) is await ask(venue)
    assert host.asked == ["/price"]


async def test_a_value_is_kept_for_each_thing_that_it_depends_on(
    venue: Api, host: Loopback
) -> None:
    host.plays("/price", {"price": "1"}, {"price": "2"})
    assert (await ask(venue, variant="a"))[0] == {"price": "1"}
    assert (await ask(venue, variant="b"))[0] == {"price": "2"}
