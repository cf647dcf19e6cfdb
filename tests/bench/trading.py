"""A front over the upstream process that can be put back to cold, and what it was seen to send."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import aiohttp

from crypto_assistant.commands import COMMANDS
from crypto_assistant.commands.base import Answer
from crypto_assistant.desk import Desk
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.front import Front
from crypto_assistant.net.api import Door, Timing, clock_ms
from crypto_assistant.net.cache import Cache
from crypto_assistant.view import View

LINES = (
    "/price BTC",
    "/price PEPE",
    "/price BTC/USD",
    "/price BTC details",
    "/price PEPE details",
    "/volume BTC",
    "/volume PEPE",
    "/cvd BTC",
    "/cvd PEPE",
    "/oi BTC",
    "/oi PEPE",
    "/analysis BTC",
    "/analysis PEPE",
    "/top10",
    "/top10 funding",
    "/top10 oi",
    "/top10 spot",
    "/top10 tradfi",
)
WEIGHT = "X-MBX-USED-WEIGHT-1M"


@dataclass
class Sent:
    """Requests in the order of their answers, and the weight that Binance's hosts have counted."""

    urls: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    weight: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        self.urls.clear()
        self.refused.clear()

    async def note(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams
    ) -> None:
        self.urls.append(str(end.url))
        if end.response.status != 200:
            self.refused.append(str(end.url))
        if used := end.response.headers.get(WEIGHT):
            pool = "spot" if end.url.path.startswith("/api") else "futures"
            self.weight[pool] = max(self.weight[pool], int(used))


@dataclass
class Trading:
    front: Front
    session: aiohttp.ClientSession
    sent: Sent
    urls: Mapping[str, str]
    failed: dict[str, str] = field(default_factory=dict)
    """What was missing from the answers since the last `forget`, by venue: nothing, or a bug."""

    async def open(self) -> None:
        """Loads the listings."""
        await self.front.desk.load(60)

    async def ask(self, line: str) -> Answer:
        answer = await self.front.ask(line)
        self.failed |= answer.provenance.failed
        return answer

    def forget(self) -> None:
        """Nothing is kept but the listings, and no limit has been drawn on."""
        desk = self.front.desk
        door = Door(self.session, Cache(time.monotonic), Timing(), desk.clock_ms)
        desk.exchanges = tuple(exchange(door, self.urls) for exchange in EXCHANGES)
        desk.kept = Cache(time.monotonic)
        self.sent.clear()
        self.failed.clear()


@asynccontextmanager
async def trading(
    urls: Mapping[str, str], clock: Callable[[], int] = clock_ms, kind: type[Desk] = Desk
) -> AsyncIterator[Trading]:
    sent = Sent()
    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(sent.note)
    connector = aiohttp.TCPConnector(limit_per_host=30)
    async with aiohttp.ClientSession(connector=connector, trace_configs=[trace]) as session:
        door = Door(session, Cache(time.monotonic), Timing(), clock)
        exchanges = [exchange(door, urls) for exchange in EXCHANGES]
        desk = kind(exchanges, timing=Timing(), clock_ms=clock)
        view = View({exchange.name: exchange.title for exchange in EXCHANGES})
        yield Trading(Front(COMMANDS, desk, view), session, sent, urls)
