"""The simulated exchanges at any time of the day, and audits of them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
class Bed:
    """The exchanges, simulated and as they are asked; `ahead_ms`: by which this host is fast."""

    sandbox: Sandbox
    exchanges: Sequence[Exchange]
    now_ms: int
    ahead_ms: int = 0

    async def audit(self) -> Audit:
        return await audit(self.exchanges, lambda: self.now_ms + self.ahead_ms)


@asynccontextmanager
async def bed(now_ms: int = NOW, seed: int = 13) -> AsyncIterator[Bed]:
    sandbox = Sandbox(world(seed), lambda: found.now_ms, monotonic)
    async with sandbox.serve() as urls, aiohttp.ClientSession() as session:
        door = Door(session, lambda: found.now_ms + found.ahead_ms)
        found = Bed(sandbox, [exchange(door, urls) for exchange in EXCHANGES], now_ms)
        try:
            yield found
        finally:
            await door.close()


def names(found: Audit, *, agrees: bool | None) -> set[str]:
    """What was found so: `okx takers BTC-USDT-SWAP`."""
    return {f"{one.venue} {one.name}".strip() for one in found.of(agrees)}
