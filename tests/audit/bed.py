"""The simulated exchanges at any time of the day, and audits of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

import aiohttp

from crypto_assistant.audit.findings import Audit
from crypto_assistant.audit.run import audit
from crypto_assistant.clocks import monotonic
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.net.door import Door
from crypto_assistant.sandbox import Sandbox, World
from tests.clock import NOW


@cache
def world(seed: int) -> World:
    return World(seed, NOW)


@dataclass
class Clock:
    """Stands at `ms` unless it `moves`; `ahead_ms`: by which this host is ahead of the venues."""

    ms: int = NOW
    ahead_ms: int = 0
    moves: bool = False
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    _began: float = field(default_factory=monotonic)

    def theirs(self) -> int:
        """Asked for by other threads, too."""
        return self.ms + round(1000 * (self._loop.time() - self._began)) * self.moves

    def ours(self) -> int:
        return self.theirs() + self.ahead_ms


@dataclass
class Bed:
    """The exchanges, simulated and as they are asked."""

    sandbox: Sandbox
    exchanges: Sequence[Exchange]
    clock: Clock
    urls: Mapping[str, str]

    async def audit(self) -> Audit:
        return await audit(self.exchanges, self.clock.ours)


@asynccontextmanager
async def bed(*, seed: int = 13, moves: bool = False) -> AsyncIterator[Bed]:
    clock = Clock(moves=moves)
    sandbox = Sandbox(world(seed), clock.theirs, monotonic)
    async with sandbox.serve() as urls, aiohttp.ClientSession() as session:
        door = Door(session, clock.ours)
        try:
            yield Bed(sandbox, [exchange(door, urls) for exchange in EXCHANGES], clock, urls)
        finally:
            await door.close()


def names(found: Audit, *, agrees: bool | None) -> set[str]:
    """What was found so: `okx takers BTC-USDT-SWAP`."""
    return {f"{one.venue} {one.name}".strip() for one in found.those(agrees)}
