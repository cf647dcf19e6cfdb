"""A front over the upstream process that can be put back to cold, and what it was seen to send."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import aiohttp

from crypto_assistant.accounts import Access
from crypto_assistant.clocks import clock_ms
from crypto_assistant.commands import COMMANDS
from crypto_assistant.desk import Desk
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.front import Front
from crypto_assistant.grammar import Answer, parse
from crypto_assistant.ledger import Ledger
from crypto_assistant.net.cache import Cache
from crypto_assistant.net.door import Door, Timing
from crypto_assistant.state.store import Store
from crypto_assistant.view import View
from tests.bench.bare import Request
from tests.floor import key
from tests.venues import VENUES, account_at

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
OWNERS = ("/balance", "/positions", "/pnl", "/pnl 7d", "/pnl 30d")
"""About the owner's accounts."""
LONGEST_LOG = OWNERS[-1]

WEIGHT, WALLET_WEIGHT = "X-MBX-USED-WEIGHT-1M", "X-SAPI-USED-IP-WEIGHT-1M"


@dataclass
class Sent:
    """Requests in the order of their answers, and the weight that Binance has counted.

    `weight`: of each pool, and of each path of the wallet's interface, which has one of its own.
    """

    requests: list[Request] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    weight: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        self.requests.clear()
        self.refused.clear()

    async def note(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams
    ) -> None:
        self.requests.append(Request(str(end.url), end.method, end.headers))
        if end.response.status != 200:
            self.refused.append(str(end.url))
        pool = "spot" if end.url.path.startswith("/api") else "futures"
        for header, name in ((WEIGHT, pool), (WALLET_WEIGHT, end.url.path)):
            if used := end.response.headers.get(header):
                self.weight[name] = max(self.weight[name], int(used))


@dataclass
class Trading:
    front: Front
    session: aiohttp.ClientSession
    sent: Sent
    urls: Mapping[str, str]
    ledger: Ledger
    failed: dict[str, str] = field(default_factory=dict)
    """What was missing from the answers since the last `forget`, by venue: nothing, or a bug."""

    async def open(self) -> None:
        """Loads the listings."""
        await self.front.desk.keeper.load(60)

    async def ask(self, line: str) -> Answer:
        answer = await self.front.ask(line)
        self.failed |= answer.provenance.failed
        return answer

    async def forget(self, line: str) -> None:
        """As for a first question: of the accounts only what is settled of their logs is kept.

        Where the line is about them, the daemon has checked their keys before anybody asks.
        """
        self.forget_all()
        if parse(line, COMMANDS, VENUES)[0].private:
            await self.check_keys()
            self.sent.clear()

    def forget_all(self) -> None:
        """Nothing is kept but the listings and the log, and no limit has been drawn on."""
        desk = self.front.desk
        door = Door(self.session, desk.clock_ms)
        desk.exchanges = tuple(exchange(door, self.urls) for exchange in EXCHANGES)
        desk.accounts = accounts(desk.exchanges, self.ledger)
        desk.kept = Cache()
        self.sent.clear()
        self.failed.clear()

    async def check_keys(self) -> None:
        """What the daemon does at its start and every hour."""
        checks = [access.permissions() for access in self.front.desk.accounts.values()]
        await asyncio.gather(*checks)


def accounts(exchanges: Iterable[Exchange], ledger: Ledger) -> dict[str, Access]:
    """Those of the simulated market, one at each venue."""
    return {one.name: Access(account_at(one, key(one)), ledger) for one in exchanges}


@asynccontextmanager
async def trading(
    urls: Mapping[str, str], clock: Callable[[], int] = clock_ms, kind: type[Desk] = Desk
) -> AsyncIterator[Trading]:
    sent = Sent()
    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(sent.note)
    connector = aiohttp.TCPConnector(limit_per_host=30)
    async with (
        aiohttp.ClientSession(connector=connector, trace_configs=[trace]) as session,
        Store.opened(None, clock) as store,
    ):
        door, ledger = Door(session, clock), Ledger(store)
        exchanges = [exchange(door, urls) for exchange in EXCHANGES]
        owned = accounts(exchanges, ledger)
        desk = kind(exchanges, timing=Timing(), clock_ms=clock, accounts=owned)
        view = View({exchange.name: exchange.title for exchange in EXCHANGES})
        yield Trading(Front(COMMANDS, desk, view), session, sent, urls, ledger)
