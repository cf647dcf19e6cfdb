"""The simulated owner's accounts behind the program, at times that the tests set."""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import aiohttp

from crypto_assistant.accounts import Access
from crypto_assistant.commands import COMMANDS
from crypto_assistant.desk import Desk
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.front import Front
from crypto_assistant.ledger import Ledger
from crypto_assistant.net.api import Door
from crypto_assistant.net.cache import Cache
from crypto_assistant.sandbox import Fault, Sandbox
from crypto_assistant.sandbox.account.owner import owners
from crypto_assistant.state.store import Store
from crypto_assistant.view import View
from tests.floor import NOW, PATIENT, SHIPPED, Moment, key, world

DAY: Final = 86_400_000


@dataclass
class Clock:
    """The time at the exchanges and on this host, which stands still until it is set."""

    ms: int = NOW

    def __call__(self) -> int:
        return self.ms


@dataclass
class Limits(Moment):
    """Seconds that pass by themselves, and at once when told to."""

    def __call__(self) -> float:
        return self.seconds + time.monotonic()


@cache
def exchanges() -> tuple[Sandbox, Clock, Limits]:
    """Once for all tests: an account's past is worked out once."""
    clock, limits = Clock(), Limits()
    return Sandbox(world(), clock, limits), clock, limits


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
    sandbox, clock, limits = exchanges()
    clock.ms = ms
    limits.seconds += 3600
    sandbox.faults[:] = faults
    for venue, owner in owners().items():
        if sandbox.owners[venue] != owner:  # What is printed of an account is printed once.
            sandbox.owners[venue] = owner
    moment = Moment()

    def host() -> int:
        return clock() + ahead_ms

    async with sandbox.serve() as urls, aiohttp.ClientSession() as session:
        door = Door(session, Cache(moment), PATIENT, host)
        venues = [exchange(door, urls) for exchange in EXCHANGES]
        accounts = {v.name: Access(v.account(key(v)), Ledger(store)) for v in venues}
        desk = Desk(venues, timing=PATIENT, clock_ms=host, accounts=accounts, zone=zone)
        view = View({exchange.name: exchange.title for exchange in EXCHANGES}, zone)
        try:
            await desk.load(SHIPPED.answer)
            sandbox.requests.clear()
            moment.seconds += 60  # What came along with the listings is too old to be used again.
            yield Front(COMMANDS, desk, view), sandbox
        finally:
            await desk.close()
            await door.close()
