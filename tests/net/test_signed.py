"""Requests in the owner's name, to a venue that has a clock of its own."""

import asyncio
import gzip
import hmac
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import ClockSkew, ExchangeError, Malformed, Refused, Unreachable
from crypto_assistant.net.api import Api
from crypto_assistant.net.body import OTHER
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.door import Door
from crypto_assistant.net.limiter import Budget, Limiter
from crypto_assistant.net.request import Dialect, Request, WouldNotRead
from crypto_assistant.net.response import Response
from crypto_assistant.net.signed import MEASURED_MS, Key, Signature, SignedApi, VenueClock

NOW: Final = 1_789_992_000_000
HOUR_MS: Final = 3_600_000
WINDOW_MS: Final = 5000
KEY: Final = Key("HushKey0123456789", "HushSecret/+=0123", "Hush! a pass&phrase/=")
WALLET: Final = {"total": "1"}
READS: Final = frozenset({("GET", "/time"), ("GET", "/wallet"), ("POST", "/posted")})


@dataclass
class Clock:
    """This host's time, which stands still but for what a test does with it."""

    ms: int = NOW

    def __call__(self) -> int:
        return self.ms


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def stamp(self) -> int:
        return int(self.query["stamp"][0])

    @property
    def signature(self) -> str:
        return self.query["signature"][0]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.query} {self.headers}"


Play = Callable[[Asked], web.StreamResponse]


@dataclass
class Venue:
    """Takes what is signed within the window by its clock, `ahead_ms` of this host's.

    `plays`: what it does instead, once each. `travels`: called on the way there, and back.
    """

    clock: Callable[[], int]
    ahead_ms: int = 0
    skews: bool = False
    plays: list[Play] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    travels: tuple[Callable[[], None], Callable[[], None]] = (lambda: None, lambda: None)
    clock_is_told: bool = True

    @property
    def signed(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.path != "/time"]

    @property
    def now_ms(self) -> int:
        return self.clock() + self.ahead_ms

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        body = await request.read()
        asked = Asked(request.method, path, parse_qs(query), dict(request.headers), body)
        self.asked.append(asked)
        if path == "/time":
            return self._time()
        if self.plays:
            play = self.plays.pop(0)
            if play is silence:
                await asyncio.Event().wait()
            return play(asked)
        if self.skews or not -WINDOW_MS <= asked.stamp - self.now_ms < 1000:
            return web.json_response({"code": "skew", "msg": f"your {asked.stamp} is off"})
        return web.json_response(WALLET)

    def _time(self) -> web.StreamResponse:
        there, back = self.travels
        there()
        told = web.json_response({"ms": self.now_ms}, status=200 if self.clock_is_told else 403)
        back()
        return told


def unwrap(response: Response) -> Any:
    body = response.body if isinstance(response.body, dict) else {}
    if body.get("code") == "skew":
        raise ClockSkew(str(body["msg"]))
    if body.get("code") == "busy":
        raise Unreachable(str(body["msg"]))
    if response.status != 200:
        raise Refused(f"HTTP {response.status}", str(body.get("msg", "no reason given")))
    return response.body


DIALECT: Final = Dialect(unwrap, READS)


def sign(method: str, target: str, now_ms: int) -> Signature:
    stamped = f"{'&' if '?' in target else '?'}stamp={now_ms}"
    digest = hmac.new(KEY.secret.encode(), f"{method}{target}{stamped}".encode(), "sha256")
    headers = {"X-Key": KEY.name, "X-Phrase": KEY.passphrase, "X-Window": str(WINDOW_MS)}
    return Signature(f"{stamped}&signature={digest.hexdigest()}", headers)


def signed(method: str, target: str) -> str:
    return sign(method, target, NOW).query.rpartition("=")[2]


@dataclass
class Desk:
    """Who asks: the door to the venue, with a key and without."""

    api: Api
    signed: SignedApi
    venue_clock: VenueClock

    async def ask(self, path: str = "/wallet", **more: Any) -> Any:
        return await self.signed.read(path, parse=lambda payload, _: payload["total"], **more)


def desk_of(
    session: aiohttp.ClientSession,
    base: str,
    host_ms: Callable[[], int],
    dialect: Dialect = DIALECT,
) -> Desk:
    door = Door(session, host_ms)
    limiter = Limiter(host_ms)
    api = Api(door, base, limiter, Budget(1000, 60), dialect)

    async def venue_ms() -> int:
        return await api.get(
            "/time", parse=lambda payload, _: int(payload["ms"]), lifetime=Lifetime.MOMENT
        )

    clock = VenueClock(venue_ms, host_ms)
    return Desk(api, SignedApi(api, sign, clock), clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def venue(clock: Clock) -> Venue:
    return Venue(clock)


@pytest.fixture
async def base(venue: Venue) -> AsyncIterator[str]:
    async with venue.serve() as base:
        yield base


@pytest.fixture
def desk(session: aiohttp.ClientSession, base: str, clock: Clock) -> Desk:
    return desk_of(session, base, clock)


def silence(_: Asked) -> web.StreamResponse:
    """Never played: nothing is answered."""
    raise AssertionError


def plays(status: int, body: object, headers: dict[str, str] | None = None) -> Play:
    return lambda _: web.json_response(body, status=status, headers=headers)


async def test_each_try_is_signed_anew(desk: Desk, venue: Venue, clock: Clock) -> None:
    def busy(_: Asked) -> web.StreamResponse:
        clock.ms += 40
        return web.Response(status=502)

    venue.plays = [busy, busy]
    assert await desk.ask() == "1"
    assert [asked.stamp for asked in venue.signed] == [NOW, NOW + 40, NOW + 80]
    assert len({asked.signature for asked in venue.signed}) == 3


async def test_nothing_signed_is_kept_or_shared(desk: Desk, venue: Venue) -> None:
    await asyncio.gather(desk.ask(), desk.ask())
    await desk.ask()
    assert len(venue.signed) == 3


@pytest.mark.parametrize("ahead_ms", [HOUR_MS, -HOUR_MS])
async def test_a_wrong_clock_of_this_host_breaks_nothing(
    desk: Desk, venue: Venue, ahead_ms: int
) -> None:
    venue.ahead_ms = ahead_ms
    assert await desk.ask() == "1"
    assert [asked.path for asked in venue.asked] == ["/time", "/wallet"]
    assert desk.venue_clock.ahead_seconds == ahead_ms / 1000


@pytest.mark.parametrize("ahead_ms", [HOUR_MS, -HOUR_MS])
async def test_a_clock_that_went_wrong_is_measured_and_the_question_asked_again(
    desk: Desk, venue: Venue, ahead_ms: int
) -> None:
    await desk.ask()
    venue.asked.clear()
    venue.ahead_ms = ahead_ms
    assert await desk.ask() == "1"
    assert [asked.path for asked in venue.asked] == ["/wallet", "/time", "/wallet"]


async def test_a_venue_that_finds_every_clock_wrong_is_asked_twice(
    desk: Desk, venue: Venue
) -> None:
    venue.skews = True
    with pytest.raises(ClockSkew, match="is off"):
        await desk.ask()
    assert [asked.path for asked in venue.asked] == ["/time", "/wallet", "/time", "/wallet"]


@pytest.mark.parametrize(
    ("passed_ms", "measurements"),
    [(MEASURED_MS, 1), (MEASURED_MS + 1, 2), (-MEASURED_MS - 1, 2)],
)
async def test_clocks_drift_and_are_compared_again(
    desk: Desk, venue: Venue, clock: Clock, passed_ms: int, measurements: int
) -> None:
    await desk.ask()
    clock.ms += passed_ms
    await desk.ask()
    assert [asked.path for asked in venue.asked].count("/time") == measurements


@pytest.mark.parametrize("ahead_ms", [0, 700, -700, HOUR_MS])
async def test_no_stamp_is_ahead_of_the_venue(
    desk: Desk, venue: Venue, clock: Clock, ahead_ms: int
) -> None:
    def pass_ms(ms: int) -> Callable[[], None]:
        return lambda: setattr(clock, "ms", clock.ms + ms)

    venue.ahead_ms, venue.travels = ahead_ms, (pass_ms(300), pass_ms(400))
    await desk.ask()
    assert venue.signed[0].stamp == venue.now_ms - 400


@pytest.mark.parametrize(("ahead_ms", "least"), [(350, 0), (-250, 0), (1400, 1.0), (-1300, -1.0)])
async def test_clocks_differ_by_no_more_than_the_way_there_and_back_can_tell(
    desk: Desk, venue: Venue, clock: Clock, ahead_ms: int, least: float
) -> None:
    venue.ahead_ms = ahead_ms
    venue.travels = (
        lambda: setattr(clock, "ms", clock.ms + 300),
        lambda: setattr(clock, "ms", clock.ms + 400),
    )
    await desk.ask()
    assert desk.venue_clock.ahead_seconds == least


async def test_while_the_venues_time_is_not_known_nothing_is_signed(
    desk: Desk, venue: Venue
) -> None:
    venue.clock_is_told = False
    with pytest.raises(Refused, match="HTTP 403"):
        await desk.ask()
    assert venue.signed == []
    assert desk.venue_clock.ahead_seconds is None
    venue.clock_is_told = True
    assert await desk.ask() == "1"


async def test_who_waits_for_the_limits_is_signed_when_his_turn_comes(
    session: aiohttp.ClientSession, venue: Venue, base: str
) -> None:
    def passing() -> int:
        return round(1000 * monotonic())

    venue.clock = passing
    desk, budget = desk_of(session, base, passing), Budget(1, 5)
    await asyncio.gather(desk.ask(budget=budget), desk.ask(budget=budget))
    first, second = (asked.stamp for asked in venue.signed)
    assert second - first == 5000


async def test_what_is_signed_is_what_is_sent(desk: Desk, venue: Venue) -> None:
    await desk.ask(query=[("coin", "A/B"), ("limit", 5)])
    (asked,) = venue.signed
    assert asked.query["coin"] == ["A/B"]
    assert asked.signature == signed("GET", "/wallet?coin=A%2FB&limit=5")
    assert asked.headers["X-Key"] == KEY.name


async def test_what_is_posted_has_its_signature_in_the_query_and_no_body(
    desk: Desk, venue: Venue
) -> None:
    assert await desk.ask("/posted", method="POST") == "1"
    (asked,) = venue.signed
    assert (asked.method, asked.path, asked.body) == ("POST", "/posted", b"")
    assert asked.signature == signed("POST", "/posted")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/order"),
        ("POST", "/order"),
        ("POST", "/wallet"),
        ("GET", "/posted"),
        ("GET", "/wallet/"),
        ("GET", "/WALLET"),
        ("GET", "//wallet"),
        ("GET", "/wallet/../order"),
        ("GET", "/order#/wallet"),
        ("GET", "/order;/wallet"),
    ],
)
async def test_what_is_on_no_list_is_never_sent(
    desk: Desk, venue: Venue, method: str, path: str
) -> None:
    with pytest.raises(WouldNotRead) as bug:
        await desk.ask(path, method=method, query=[("amount", 1)])
    assert str(bug.value) == f"{method} {path}"
    assert venue.signed == []


async def test_what_is_asked_without_a_key_must_be_on_the_list_too(
    desk: Desk, venue: Venue
) -> None:
    with pytest.raises(WouldNotRead):
        await desk.api.get("/order", parse=lambda payload, _: payload)
    assert venue.asked == []


def echo(status: int, code: str = "no") -> Play:
    """A venue that repeats all that it was sent."""
    return lambda asked: web.json_response({"code": code, "msg": str(asked)}, status=status)


def compressed(_: Asked) -> web.StreamResponse:
    body = gzip.compress(b" " * (OTHER.body + 1), 1)
    return web.Response(body=body, headers={"Content-Encoding": "gzip"})


def cut(asked: Asked) -> web.StreamResponse:
    return web.Response(body=str(asked).encode()[:30], headers={"Content-Encoding": "gzip"})


FAILURES: Final[dict[str, tuple[Play, type[ExchangeError], int]]] = {
    "a refusal that repeats it": (echo(400), Refused, 1),
    "an outage that repeats it": (echo(200, "busy"), Unreachable, 3),
    "a clock error that repeats it": (echo(200, "skew"), ClockSkew, 2),
    "an answer that repeats it": (echo(200), Malformed, 1),
    "HTML that repeats it": (lambda a: web.Response(text=f"<html>{a}"), Malformed, 1),
    "half an answer": (cut, Unreachable, 3),
    "5xx": (echo(503), Unreachable, 3),
    "an answer without an end": (compressed, Malformed, 1),
}


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Iterator[list[logging.LogRecord]]:
    """Everything that anybody logs, however unimportant."""
    with caplog.at_level(logging.DEBUG):
        yield caplog.records


def told(error: BaseException, records: list[logging.LogRecord]) -> str:
    """All that can be read of an error, of what led to it, and of what was logged."""
    lines = [log.getMessage() for log in records] + [repr(vars(log)) for log in records]
    seen: list[BaseException] = []
    chain: list[BaseException | None] = [error]
    while chain:
        if (link := chain.pop()) is None or link in seen:
            continue
        seen.append(link)
        lines += [str(link), repr(link), repr(link.args), repr(vars(link))]
        chain += [link.__cause__, link.__context__]
    return "\n".join([*lines, *traceback.format_exception(error)])


def secrets(venue: Venue) -> list[str]:
    return [KEY.name, KEY.secret, KEY.passphrase, *(asked.signature for asked in venue.signed)]


@pytest.mark.parametrize("failure", FAILURES)
async def test_no_failure_tells_what_was_sent(
    desk: Desk, venue: Venue, records: list[logging.LogRecord], failure: str
) -> None:
    play, error, tries = FAILURES[failure]
    venue.plays = [play] * tries
    with pytest.raises(error) as failed:
        await desk.ask()
    assert len(venue.signed) == tries
    text = told(failed.value, records)
    assert [secret for secret in secrets(venue) if secret in text] == []


async def test_a_refusal_is_told_but_for_what_it_repeats(desk: Desk, venue: Venue) -> None:
    venue.plays = [
        lambda asked: web.json_response(
            {"msg": f"key {asked.headers['X-Key']} of 10.0.0.1 in 5000 ms: {asked.signature}"},
            status=400,
        )
    ]
    with pytest.raises(Refused) as refused:
        await desk.ask()
    text = "refused: key [hidden] of 10.0.0.1 in 5000 ms: [hidden] (HTTP 400)"
    assert str(refused.value) == text


async def test_what_is_told_would_be_found(
    desk: Desk, venue: Venue, records: list[logging.LogRecord]
) -> None:
    venue.plays = [echo(400)]
    request = Request("/wallet" + sign("GET", "/wallet", NOW).query, headers={"X-Key": KEY.name})
    with pytest.raises(Refused) as refused:
        await desk.api.ask("/wallet", lambda: request, parse=lambda payload, _: payload)
    error = Unreachable("no connection")
    error.__context__ = refused.value
    text = told(error, records)
    assert [secret in text for secret in secrets(venue)] == [True, False, False, True]


THE_TIME: Final = b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"ms":1789992000000}'


@pytest.mark.parametrize("answer", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n", b""])
async def test_a_host_that_speaks_no_http_makes_nothing_known(
    session: aiohttp.ClientSession,
    clock: Clock,
    records: list[logging.LogRecord],
    answer: bytes,
) -> None:
    sent: list[bytes] = []

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(THE_TIME if b"/time" in sent[-1] else answer)
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        desk = desk_of(session, f"http://127.0.0.1:{port}", clock)
        with pytest.raises(Unreachable, match="no connection") as failed:
            await desk.ask()
    assert KEY.name.encode() in sent[-1]
    text = told(failed.value, records)
    assert "Hush" not in text
    assert "signature=" not in text


async def test_silence_makes_nothing_known(
    session: aiohttp.ClientSession,
    venue: Venue,
    base: str,
    clock: Clock,
    records: list[logging.LogRecord],
) -> None:
    venue.plays = [silence] * 3
    with pytest.raises(Unreachable, match="no answer") as failed:
        await desk_of(session, base, clock).ask()
    assert venue.signed
    text = told(failed.value, records)
    assert [secret for secret in secrets(venue) if secret in text] == []


async def test_a_redirect_takes_nothing_to_another_host(
    desk: Desk, venue: Venue, clock: Clock
) -> None:
    other = Venue(clock)
    async with other.serve() as elsewhere:
        venue.plays = [plays(307, {}, {"Location": f"{elsewhere}/wallet"})]
        with pytest.raises(Malformed, match="HTTP 307"):
            await desk.ask()
    assert len(venue.signed) == 1
    assert other.asked == []


def test_nothing_of_a_key_is_shown() -> None:
    signature = sign("GET", "/wallet", NOW)
    request = Request("/wallet", headers=signature.headers)
    shown = f"{KEY} {KEY!r} {signature} {signature!r} {request} {[request]!r}"
    assert "Hush" not in shown
    assert "signature=" not in shown
