"""No body takes more of a small host's memory than there is, or another venue's answer."""

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import orjson
import pytest

from crypto_assistant.errors import Blocked, Cut, Malformed, NoAnswer, RateLimited, Refused
from crypto_assistant.exchanges.binance.envelope import unwrap as of_binance
from crypto_assistant.net.api import Api
from crypto_assistant.net.body import (
    LIST,
    MB,
    MEMORY,
    OTHER,
    PIECE,
    ROOM,
    Room,
    Size,
    cost,
    decoded,
)
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.door import Door
from crypto_assistant.net.limiter import Budget, Limiter
from crypto_assistant.net.request import Dialect
from tests.net.attacks import BODIES
from tests.net.loopback import Loopback, Reply
from tests.shared import RECORDED, needs_shared

NOW = 1_789_992_000_000
GOOD = {"price": "1"}
PATHS: Final = ("/price", "/a", "/b", "/c")
TEXTS: Final = {name: made(Size(MB // 4, 2 * MB)) for name, made in BODIES.items()}


def api(door: Door, base: str) -> Api:
    dialect = Dialect(of_binance, frozenset(("GET", path) for path in PATHS))
    return Api(door, base, Limiter(lambda: NOW), Budget(100, 60), dialect)


@pytest.fixture
def door(session: Any) -> Door:
    return Door(session, lambda: NOW)


@pytest.fixture
def venue(door: Door, base: str) -> Api:
    return api(door, base)


async def ask(venue: Api, path: str = "/price", lifetime: Lifetime = Lifetime.PRICE) -> Any:
    return await venue.get(path, lifetime=lifetime, parse=lambda payload, _: payload)


@contextmanager
def measured() -> Iterator[list[int]]:
    """The most bytes that Python took inside, afterwards."""
    tracemalloc.start()
    most: list[int] = []
    try:
        yield most
    finally:
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


@pytest.mark.parametrize("name", BODIES)
def test_objects_take_little_more_than_was_reckoned(name: str) -> None:
    """Beside twelve bytes for each of the text that orjson lays claim to, and does not use."""
    text = bytearray(TEXTS[name])
    with measured() as most:
        decoded(text)
    assert most[0] < 1.2 * cost(text) + 13 * len(text) + 100_000


@needs_shared
def test_what_the_venues_really_send_is_read_with_room() -> None:
    bodies = [
        sample["httpResponse"] or sample["parsedResponse"]
        for path in RECORDED.glob("*/*.json")
        for sample in json.loads(path.read_text())
    ]
    texts = [orjson.dumps(body) for body in bodies]
    assert max(map(cost, texts)) < OTHER.objects / 10
    assert max(map(len, texts)) < OTHER.body / 10


@needs_shared
def test_a_list_of_half_as_many_markets_again_as_there_are_is_read() -> None:
    """Binance, which lists the most, has some 1600 spot markets."""
    for venue in ("binance", "bybit", "okx"):
        samples = json.loads((RECORDED / venue / "instruments.json").read_text())
        rows = max((s["httpResponse"] for s in samples), key=lambda r: isinstance(r, list))
        text = orjson.dumps((rows * 1000)[:2400])
        assert len(text) < LIST.body
        assert cost(text) < LIST.objects


@pytest.mark.parametrize(("kind", "lifetime"), [(OTHER, Lifetime.PRICE), (LIST, Lifetime.RANKING)])
@pytest.mark.parametrize("body", ["empty dicts", "floats"])
async def test_what_would_take_too_much_is_not_decoded(
    venue: Api, host: Loopback, kind: Size, lifetime: Lifetime, body: str
) -> None:
    fits = BODIES[body](kind)
    host.plays("/a", Reply(fits))
    host.plays("/b", Reply(fits[:-1] + b"," * 20 + b"]"))
    assert await ask(venue, "/a", lifetime)
    with pytest.raises(Malformed, match="an answer too large to read"):
        await ask(venue, "/b", lifetime)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (b'["NaN", NaN, "-1e999\\"", -1e999, 1e5]', ["NaN", None, '-1e999"', None, 1e5]),
        (b'{"1e999": 1e+999, "b": [-Infinity]}', {"1e999": None, "b": [None]}),
        (b"[" + b"9" * 400 + b".5, 2]", [None, 2]),
        ('["\u4f60", NaN]'.encode(), ["\u4f60", None]),
        (b'[NaN, "\\ud800"]', None),
        (b"[NaN, 1.2.3e4]", None),
        (b'[NaN, "', None),
        (b"NaN", None),
    ],
)
def test_numbers_beyond_all_numbers_are_null_outside_of_texts(text: bytes, read: Any) -> None:
    assert decoded(bytearray(text)) == read


def test_a_letter_wider_than_a_byte_counts_for_its_own_text() -> None:
    plain = b'{"a":"%s","b":"x"}' % (b"y" * 1000)
    assert cost(plain) == cost(b'{"a":"","b":""}')
    assert cost(plain.replace(b"x", b"\\u4f60")) - cost(plain) < 40
    assert cost(plain.replace(b"y", "\u4f60".encode())) - cost(plain) > 3 * 4000
    assert cost(plain.replace(b"x", b'\\"\\u4f60')) - cost(plain) > 4 * 1000


async def test_the_host_that_sends_the_most_makes_room(
    door: Door, host: Loopback, venue: Api
) -> None:
    """It keeps nearly all of the room, and says nothing more."""
    host.plays("/price", Reply([1] * 300_000))
    hungry = Loopback()
    for path in ("/a", "/b", "/c"):
        hungry.plays(path, Reply(b" " * (2 * LIST.body - 100), stall=True))
    async with hungry.serve() as base:
        other = api(door, base)
        taken = [
            asyncio.create_task(ask(other, path, Lifetime.RANKING)) for path in ("/a", "/b", "/c")
        ]
        await asyncio.sleep(0.5)
        assert door.room.taken > 16 * MB
        assert len(await ask(venue, lifetime=Lifetime.RANKING)) == 300_000
        assert door.room.taken < MEMORY - 300_000 * 96
        found = await asyncio.gather(*taken, return_exceptions=True)
    assert {type(one) for one in found} <= {NoAnswer, Malformed}


async def test_what_waits_in_a_connection_takes_room(
    door: Door, host: Loopback, venue: Api
) -> None:
    host.plays("/price", Reply(b" " * 2 * MB, stall=True))
    asking = asyncio.create_task(ask(venue))
    await asyncio.sleep(0.5)
    assert door.room.taken == MB + PIECE
    asking.cancel()


async def test_a_room_is_free_again_whatever_has_been_read(
    door: Door, host: Loopback, venue: Api
) -> None:
    host.plays("/a", Reply(b" " * (OTHER.body + 1)))
    host.plays("/b", Reply(GOOD, cut=True))
    host.plays("/price", GOOD)
    for path in ("/a", "/b", "/price"):
        with suppress(Malformed, Cut):
            await ask(venue, path)
    assert door.room.taken == 0


async def test_what_follows_the_end_of_a_packed_answer_is_not_read(door: Door) -> None:
    sent = 0

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
        writer.write(gzip.compress(b'{"price": "1"}'))
        with suppress(ConnectionError):
            while sent < 64 * MB:
                writer.write(b"a" * MB)
                await writer.drain()
                sent += MB
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await ask(api(door, f"http://127.0.0.1:{port}")) == GOOD
        await asyncio.sleep(1)
    assert sent < 8 * MB


@pytest.mark.parametrize("status", [418, 429])
async def test_a_stop_is_one_however_much_comes_with_it(
    venue: Api, host: Loopback, status: int
) -> None:
    for path, body in (("/a", b"[" * OTHER.body), ("/b", b" " * (OTHER.body + 1))):
        host.plays(path, Reply(body, status, {"Retry-After": "60"}))
    with pytest.raises(RateLimited, match="rate-limited until"):
        await ask(venue, "/a")
    other = api(Door(venue._door.session, lambda: NOW), venue._base)
    with pytest.raises(RateLimited, match="rate-limited until"):
        await ask(other, "/b")


@pytest.mark.parametrize("headers", [{}, {"cf-mitigated": "challenge"}])
@pytest.mark.parametrize("page", ["spaces", "tags"])
async def test_a_firewall_is_known_by_the_beginning_of_its_page(
    venue: Api, host: Loopback, page: str, headers: dict[str, str]
) -> None:
    host.plays("/price", Reply(BODIES[page](OTHER), 403, headers))
    with measured() as most, pytest.raises(Blocked):
        await ask(venue)
    assert most[0] < 32 * MB


async def test_an_error_keeps_nothing_of_what_was_read(venue: Api, host: Loopback) -> None:
    """Many may fail before whoever asked hears of the first."""

    def trip(payload: Any, _: int) -> Any:
        return payload["no such field"]

    host.plays("/price", GOOD)
    with pytest.raises(Malformed, match="another shape") as met:
        await venue.get("/price", parse=trip)
    assert met.value.__cause__ is met.value.__context__ is None
    known = [frame.frame.f_locals for frame in met.traceback if "net" in str(frame.path)]
    assert GOOD not in [value for frame in known for value in frame.values()]


async def test_of_a_long_excuse_the_beginning_is_kept(venue: Api, host: Loopback) -> None:
    host.plays("/price", Reply({"code": -9, "msg": "sorry " * 100_000}, 400))
    with pytest.raises(Refused, match="sorry sorry") as met:
        await ask(venue)
    assert len(str(met.value)) <= 300
    assert venue.health.last_error
    assert len(venue.health.last_error.text) <= 300


def test_the_limits_are_those_of_a_small_host() -> None:
    assert Room(ROOM).taken == 0
    assert (ROOM, LIST.body, OTHER.body) == (24 * MB, 8 * MB, 2 * MB)
    assert max(LIST.objects, OTHER.objects) <= 48 * MB
