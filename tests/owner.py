"""The simulated owner's accounts behind the program, at times that the tests set."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import aiohttp

from crypto_assistant.accounts import Access
from crypto_assistant.app import view_of
from crypto_assistant.clocks import monotonic
from crypto_assistant.commands import COMMANDS
from crypto_assistant.desk import Desk
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.front import Front
from crypto_assistant.ledger import Ledger
from crypto_assistant.net.door import Door
from crypto_assistant.sandbox import Fault, Sandbox
from crypto_assistant.sandbox.account.owner import owners
from crypto_assistant.state.store import Store
from tests.clock import NOW
from tests.floor import SHIPPED, key, world
from tests.venues import account_at

DAY: Final = 86_400_000


@dataclass
class Clock:
    """The time at the exchanges and on this host, which stands still until it is set."""

    ms: int = NOW

    def __call__(self) -> int:
        return self.ms


@cache
def exchanges() -> tuple[Sandbox, Clock]:
    """Once for all tests: an account's past is worked out once."""
    clock = Clock()
    return Sandbox(world(), clock, monotonic), clock


@asynccontextmanager
async def program(
    store: Store,
    ms: int = NOW,
    zone: ZoneInfo | None = None,
    *,
    ahead_ms: int = 0,
    faults: Iterable[Fault] = (),
) -> AsyncIterator[tuple[Front, Sandbox]]:
    """Started at that time on what an earlier life has kept; its listings are loaded.

    `ahead_ms`: of this host's clock to the exchanges'. `faults`: there are from the start on.
    """
    sandbox, clock = exchanges()
    clock.ms = ms
    sandbox.faults[:] = faults
    sandbox.latency = 0.0
    for venue, owner in owners().items():
        if sandbox.owners[venue] != owner:  # What is printed of an account is printed once.
            sandbox.owners[venue] = owner

    def host() -> int:
        return clock() + ahead_ms

    async with sandbox.serve() as urls, aiohttp.ClientSession() as session:
        door = Door(session, host)
        venues = [exchange(door, urls) for exchange in EXCHANGES]
        accounts = {v.name: Access(account_at(v, key(v)), Ledger(store)) for v in venues}
        desk = Desk(venues, timing=SHIPPED, clock_ms=host, accounts=accounts, zone=zone)
        view = view_of(EXCHANGES, zone)
        try:
            await desk.keeper.load(SHIPPED.answer)
            await asyncio.sleep(60)  # What came with the listings is too old to be used again.
            sandbox.requests.clear()
            yield Front(COMMANDS, desk, view), sandbox
        finally:
            await desk.close()
            await door.close()
