"""The answers about the owner's accounts: whole, and as they must be when parts do not arrive."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

import aiohttp

from crypto_assistant.accounts import Access
from crypto_assistant.desk import Desk
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.ledger import Ledger
from crypto_assistant.net.door import Door
from crypto_assistant.state.store import Store
from tests.clock import clock
from tests.faults.matrix import TITLES
from tests.faults.remainder import Part, comparable, without
from tests.floor import SHIPPED, Floor, assert_readable, differences, floor, key, numbers
from tests.venues import account_at

LINES = ("/pnl today", "/balance", "/positions")
"""/pnl first: it has time to wait for a stop that another line was told of."""
SIGNED = re.compile(
    r"/sapi/|/api/v3/account$|/[fd]api/v\d/(account|positionRisk|symbolConfig|income|userTrades)$"
    r"|/v5/(user|account|position|asset|execution)/|/api/v5/(account|asset|trade)/"
)
"""The paths of requests in the owner's name."""
KEY_CHECK = {
    "binance": "/sapi/v1/account/apiRestrictions",
    "bybit": "/v5/user/query-api",
    "okx": "/api/v5/account/config",
}
"""What says what a key may do: the only thing that is asked before that is known."""

_healthy: dict[str, Any] = {}


async def learn() -> None:
    """Asks while nothing is wrong: all floors stand on one sandbox, and its faults are shared."""
    if not _healthy:
        async with floor() as market:
            await market.open()
            _healthy.update({line: await market.ask(line) for line in LINES})
    assert not any(answer["failed"] for answer in _healthy.values())


def healthy(line: str) -> Any:
    """The answer where nothing is wrong; other tests say that it is true."""
    return deepcopy(_healthy[line])


@asynccontextmanager
async def moved(
    market: Floor,
    *,
    host_ms: Callable[[], int] = clock,
    urls: Mapping[str, str] | None = None,
) -> AsyncIterator[Floor]:
    """The floor as another host sees it, by a clock of its own or through other addresses."""
    async with aiohttp.ClientSession() as session, Store.opened(None, host_ms) as store:
        door = Door(session, host_ms)
        exchanges = [exchange(door, {**market.urls, **(urls or {})}) for exchange in EXCHANGES]
        ledger = Ledger(store)
        accounts = {
            exchange.name: Access(account_at(exchange, key(exchange)), ledger)
            for exchange in exchanges
        }
        desk = Desk(exchanges, timing=SHIPPED, clock_ms=host_ms, accounts=accounts)
        there = replace(market, front=replace(market.front, desk=desk))
        try:
            await there.open()
            yield there
        finally:
            await desk.close()
            await door.close()


def turn(market: Floor, venue: str, **knobs: Any) -> None:
    """From now on the account of the venue, or its key, is another one."""
    owners = market.sandbox.owners
    for name, owner in owners.items():
        if name == venue:
            owners[name] = replace(owner, **knobs)


def signed_paths(market: Floor, venue: str) -> set[str]:
    """What was asked of a venue in the owner's name."""
    return {path for path in market.gets(venue) if SIGNED.match(path)}


async def strays(
    market: Floor, failed: Mapping[str, str], lost: Collection[Part], lines: Iterable[str] = LINES
) -> dict[str, Any]:
    """Lines asked a minute apart, and where they say anything but what is true of the rest."""
    found = {}
    for line in lines:
        await market.pass_time()
        found[line] = await stray(market, line, failed, lost)
    return {line: wrong for line, wrong in found.items() if wrong}


async def stray(
    market: Floor, line: str, failed: Mapping[str, str], lost: Collection[Part]
) -> dict[str, Any]:
    sheet = await market.front.reply(line)
    assert sheet.answer, sheet.text
    assert_readable(sheet)
    for venue, reason in failed.items():
        assert f"{TITLES[venue]}: {reason}" in sheet.text.split("\n"), sheet.text
    found = comparable(line, numbers(sheet.answer), lost)
    return differences(found, expected(line, failed, lost))


def expected(line: str, failed: Mapping[str, str], lost: Collection[Part]) -> Any:
    """The healthy answer without what is lost, its totals added up again."""
    return without(line, healthy(line), lost) | {"failed": dict(failed)}
