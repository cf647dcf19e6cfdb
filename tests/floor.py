"""The simulated exchanges at one frozen moment, and a front that answers questions over them."""

import asyncio
import gc
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from math import isclose
from typing import Any, Final

import aiohttp
import orjson

from crypto_assistant.accounts import Access
from crypto_assistant.app import view_of
from crypto_assistant.clocks import monotonic
from crypto_assistant.commands import COMMANDS
from crypto_assistant.desk import Desk
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.front import Front, Sheet
from crypto_assistant.grammar import Answer, encode
from crypto_assistant.ledger import Ledger
from crypto_assistant.net.door import Door, Timing
from crypto_assistant.net.signed import Key
from crypto_assistant.sandbox import KEYS, Dates, Sandbox, World
from crypto_assistant.sandbox.account.owner import owners
from crypto_assistant.state.store import Store
from crypto_assistant.view import WIDEST_TABLE
from tests.clock import NOW, clock
from tests.venues import account_at

VENUES: Final = tuple(exchange.name for exchange in EXCHANGES)

SHIPPED: Final = Timing()


@cache
def world(extra: int = 0) -> World:
    """What is true: the same for all tests, its prices of the moment reckoned once.

    With this seed the coin whose name Bybit gives to another one is among the gainers.
    """
    world = World(seed=13, now=NOW, extra=extra)
    for venue, kind in {(market.venue, market.kind) for market in world.markets}:
        world.quotes(venue, kind, NOW)
        world.openings(venue, kind, NOW)
    gc.freeze()  # It is never garbage, and need not be looked through for any.
    return world


@dataclass(frozen=True)
class Floor:
    """A desk over the simulated exchanges that has asked nothing yet."""

    sandbox: Sandbox
    front: Front
    urls: dict[str, str]

    async def open(self) -> None:
        """Loads the listings; what came along with them is then too old to be used again."""
        await self.front.desk.keeper.load(SHIPPED.answer)
        await self.pass_time()

    async def pass_time(self, seconds: float = 60.0) -> None:
        """A minute later: lists are still known, prices and rankings are asked for anew."""
        await asyncio.sleep(seconds)
        self.sandbox.requests.clear()

    async def ask(self, line: str) -> Any:
        """What `ask --json` prints, read back."""
        answer = await self.front.ask(line)
        assert_readable(self.front.sheet(line, answer))
        return numbers(answer)

    async def watch(self, line: str) -> list[Sheet]:
        """Everything that is shown for a line, the whole answer last."""
        shown: list[Sheet] = []
        shown.append(await self.front.reply(line, shown.append))
        return shown

    def gets(self, venue: str) -> Counter[str]:
        """The paths that a venue was asked for."""
        return Counter(seen.path for seen in self.sandbox.requests if seen.venue == venue)


@asynccontextmanager
async def floor(
    timing: Timing = SHIPPED, *, extra: int = 0, clock_ms: Callable[[], int] = clock
) -> AsyncIterator[Floor]:
    """Everything but Telegram and the terminal, over loopback; unless told time stands still."""
    sandbox = _exchanges(extra, clock_ms)
    sandbox.faults.clear()
    sandbox.latency = 0.0
    sandbox.requests.clear()
    sandbox.dates = Dates()
    for venue, owner in owners().items():
        if sandbox.owners[venue] != owner:  # What is printed of an account is printed once.
            sandbox.owners[venue] = owner
    async with (
        sandbox.serve() as urls,
        aiohttp.ClientSession() as session,
        Store.opened(None, clock_ms) as store,
    ):
        door = Door(session, clock_ms, timing)
        exchanges = [exchange(door, urls) for exchange in EXCHANGES]
        ledger = Ledger(store)
        accounts = {
            exchange.name: Access(account_at(exchange, key(exchange)), ledger)
            for exchange in exchanges
        }
        desk = Desk(exchanges, timing=timing, clock_ms=clock_ms, accounts=accounts)
        view = view_of(EXCHANGES, None)
        try:
            yield Floor(sandbox, Front(COMMANDS, desk, view), urls)
        finally:
            await desk.kept.close()
            await door.close()


def key(exchange: Exchange) -> Key:
    """The one that the simulated venue knows."""
    return Key(*(KEYS[name] for name in exchange.credentials))


@cache
def _exchanges(extra: int, clock_ms: Callable[[], int]) -> Sandbox:
    """Once for all tests, so that what they print at the one moment is put together once."""
    return Sandbox(world(extra), clock_ms, monotonic)


def numbers(answer: Answer) -> Any:
    return orjson.loads(encode(answer))


def assert_readable(sheet: Sheet) -> None:
    """No table is wider than a phone, and no gap in the data shows through as a number."""
    for table in re.findall(r"<pre>(.*?)</pre>", sheet.text, re.DOTALL):
        assert max(map(len, table.split("\n"))) <= WIDEST_TABLE
    assert not re.search(r"\b(nan|inf|None)\b", sheet.text)


def differences(found: Any, expected: Any) -> dict[str, tuple[Any, Any]]:
    """Where two JSON values differ, by path; floats may differ in the tenth digit.

    What is expected to be `...` is compared elsewhere.
    """
    mine, theirs = leaves(found), leaves(expected)
    pairs = {path: (mine.get(path, "-"), theirs.get(path, "-")) for path in {**theirs, **mine}}
    open_ended = tuple(f"{path}/" for path, value in theirs.items() if value is ...)
    return {
        path: pair
        for path, pair in pairs.items()
        if not _equal(*pair) and not f"{path}/".startswith(open_ended)
    }


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float | int):
        return isclose(one, other, rel_tol=1e-9)
    return bool(one == other)


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Every value that holds no others, by its path."""
    if not value or not isinstance(value, dict | list):
        return {path: value}
    items: Any = value.items() if isinstance(value, dict) else enumerate(value)
    return {at: leaf for key, item in items for at, leaf in leaves(item, f"{path}/{key}").items()}
