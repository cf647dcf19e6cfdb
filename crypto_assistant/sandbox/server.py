"""The simulated exchanges on loopback ports, with their limits and, on request, their failures."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from email.utils import formatdate
from typing import Final, NamedTuple, Protocol
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from crypto_assistant.sandbox.account import gate
from crypto_assistant.sandbox.account.book import book
from crypto_assistant.sandbox.account.owner import Account, owners
from crypto_assistant.sandbox.account.plan import HISTORY
from crypto_assistant.sandbox.binance import BinanceCoinM, BinanceSpot, BinanceUsdM
from crypto_assistant.sandbox.bybit import Bybit
from crypto_assistant.sandbox.catalog import DAY, Venue
from crypto_assistant.sandbox.face import Face, Query, Refusal, Signed
from crypto_assistant.sandbox.faults import Fault, Reply, spoil
from crypto_assistant.sandbox.limits import BinanceLimit, BybitLimit, OkxLimit, Rejection
from crypto_assistant.sandbox.okx import Dates, Okx
from crypto_assistant.sandbox.world import World

_STAMPS: Final = frozenset({"timestamp", "recvWindow", "signature"})
"""What a signed request differs in each time it is asked."""


class Seen(NamedTuple):
    """A request that reached the sandbox, and the setting of the host that it reached."""

    venue: str
    method: str
    path: str
    query: dict[str, str]
    host: str


class Limit(Protocol):
    def admit(self, path: str, query: Query, now: int) -> dict[str, str]: ...


class Sandbox:
    """Three exchanges that agree on one world.

    `clock` tells the time in ms UTC (a constant freezes it), `monotonic` the seconds that the
    limits count. `latency` delays every answer by so many seconds. `requests` are the latest seen,
    `rejected` those that passed a limit.
    `owners` hold the keys and the accounts, which began 100 days before the world did. `dates`: how
    OKX dates its statistics.
    """

    def __init__(
        self,
        world: World,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        self.world = world
        self.latency = 0.0
        self.requests: deque[Seen] = deque(maxlen=20_000)
        self.rejected: deque[Seen] = deque(maxlen=1000)
        self.faults: list[Fault] = []
        self.owners = owners()
        self.dates = Dates()
        self._clock = clock
        futures = BinanceLimit(2400, monotonic)  # USD-M and COIN-M draw on one pool
        self._hosts: list[_Host] = [
            _Host(self, BinanceSpot(world), BinanceLimit(6000, monotonic)),
            _Host(self, BinanceUsdM(world), futures),
            _Host(self, BinanceCoinM(world), futures),
            _Host(self, Bybit(world), BybitLimit(monotonic)),
            _Host(self, Okx(world, lambda: self.dates), OkxLimit(monotonic)),
        ]

    def now(self) -> int:
        return self._clock()

    def account(self, venue: Venue) -> Account:
        """The venue's owner, and the truth about the account."""
        owner, started = self.owners[venue], (self.world.born // DAY - HISTORY) * DAY
        idle = owner.standing == "empty"
        return Account(owner, book(self.world, venue, started, owner.extra_positions, idle))

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[dict[str, str]]:
        """Listens on one loopback port a host; yields base addresses by the names of settings."""
        async with AsyncExitStack() as stack:
            yield {
                host.setting: await stack.enter_async_context(host.serve()) for host in self._hosts
            }


class _Host:
    def __init__(self, sandbox: Sandbox, face: Face, limit: Limit) -> None:
        self.setting = face.setting
        self._sandbox = sandbox
        self._face = face
        self._limit = limit
        self._bodies = _Bodies()
        self._printed: tuple[Account, Mapping[str, Signed]] | None = None

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        runner = web.ServerRunner(
            web.Server(self._handle, handler_cancellation=True, access_log=None),
            shutdown_timeout=0.1,
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            yield site.name
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        venue = self._face.venue
        call = gate.Call(request.method, request.raw_path, request.headers, await request.text())
        query = {**request.query, **dict(parse_qsl(call.body))}
        seen = Seen(venue, call.method, call.path, query, self.setting)
        self._sandbox.requests.append(seen)
        if self._sandbox.latency:
            await asyncio.sleep(self._sandbox.latency)
        reply = self._reply(call, query)
        for fault in self._sandbox.faults:
            if fault.strikes(venue, call.path, request.query_string):
                await _interrupt(fault, request)
                reply = spoil(fault, reply)
        return await _send(request, reply, self._sandbox.now())

    def _reply(self, call: gate.Call, query: dict[str, str]) -> Reply:
        signed = self._signed().get(call.path)
        if call.method != (signed.method if signed else "GET"):
            return _reply(405, {"msg": "Method Not Allowed"})
        now = self._sandbox.now()
        try:
            headers = self._limit.admit(call.path, query, now)
        except Rejection as rejection:
            seen = Seen(self._face.venue, call.method, call.path, query, self.setting)
            self._sandbox.rejected.append(seen)
            return _reply(rejection.status, rejection.body, rejection.headers)
        try:
            if signed:
                return Reply(200, self._opened(signed, call, query, now), headers)
            return Reply(200, self._body(call.path, query, now), headers)
        except Refusal as refusal:
            return _reply(refusal.status, refusal.body, headers)

    def _signed(self) -> Mapping[str, Signed]:
        account = self._sandbox.account(self._face.venue)
        if self._printed is None or not _same(self._printed[0], account):
            self._printed = account, self._face.signed(account)
        return self._printed[1]

    def _opened(self, signed: Signed, call: gate.Call, query: Query, now: int) -> bytes:
        owner = self._sandbox.owners[self._face.venue]
        gate.admit(self._face.venue, call, owner, signed.permission, now)
        asked = sorted((name, query[name]) for name in query.keys() - _STAMPS)
        return self._bodies.once(
            now // 1000,
            (now, repr(owner), call.path, *asked),
            lambda: orjson.dumps(signed.route(query, now)),
        )

    def _body(self, path: str, query: dict[str, str], now: int) -> bytes:
        route = self._face.routes.get(path)
        if route is None:
            raise self._face.unknown(path, now)
        if path.endswith("/time"):
            return orjson.dumps(route(query, now))
        asked = self._sandbox.dates, path, *sorted(query.items())
        return self._bodies.once(now // 1000, asked, lambda: orjson.dumps(route(query, now)))


def _same(one: Account, other: Account) -> bool:
    return one.owner is other.owner and one.book is other.book


class _Bodies:
    """Answers of the running second: what is asked twice is computed once."""

    def __init__(self) -> None:
        self._second = -1
        self._kept: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    def once(self, second: int, key: tuple[object, ...], build: Callable[[], bytes]) -> bytes:
        if second != self._second:
            self._second = second
            self._kept.clear()
        if key not in self._kept:
            self._kept[key] = build()
            if len(self._kept) > 256:
                self._kept.popitem(last=False)
        return self._kept[key]


def _reply(status: int, body: object, headers: dict[str, str] | None = None) -> Reply:
    if isinstance(body, str):
        return Reply(status, body.encode(), headers or {}, "text/html")
    return Reply(status, orjson.dumps(body), headers or {})


async def _interrupt(fault: Fault, request: web.BaseRequest) -> None:
    if fault.kind == "timeout":
        await asyncio.Event().wait()
    if fault.kind == "slow":
        await asyncio.sleep(float(fault.value))
    if fault.kind == "reset":
        _drop(request)


async def _send(request: web.BaseRequest, reply: Reply, now: int) -> web.StreamResponse:
    date = formatdate(now // 1000, usegmt=True)
    headers = {"Date": date, **reply.headers, "Content-Type": reply.content_type}
    if reply.cut is None or request.transport is None or request.transport.is_closing():
        return web.Response(status=reply.status, body=reply.body, headers=headers)
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(reply.body)
    await response.prepare(request)
    await response.write(reply.body[: reply.cut])
    _drop(request)
    return response


def _drop(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()
