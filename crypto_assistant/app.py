"""Builds everything, runs it, closes it."""

import asyncio
import ctypes
import gc
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import aiohttp
from pydantic import SecretStr

from crypto_assistant.accounts import Access
from crypto_assistant.clocks import monotonic
from crypto_assistant.commands import COMMANDS
from crypto_assistant.config import Config, is_loopback
from crypto_assistant.desk import Desk
from crypto_assistant.errors import ExchangeError
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import LIVE, Account, Exchange
from crypto_assistant.front import Front
from crypto_assistant.holds import Holds
from crypto_assistant.ledger import Ledger
from crypto_assistant.net.api import Door, Timing
from crypto_assistant.net.body import PACKED
from crypto_assistant.net.names import Names
from crypto_assistant.net.signed import Key
from crypto_assistant.state.store import Store
from crypto_assistant.view import View

Market = Literal["live", "sandbox", "auto"]

TIMING = Timing()
SEED = 1
"""Of the simulated market: the same for everybody, so that its numbers can be talked about."""
M_MMAP_THRESHOLD = -3
LARGE_BYTES = 128 * 1024
AUTO_PATIENCE = 3.0
"""Seconds in which one exchange must answer for `auto` to mean the live market."""


@asynccontextmanager
async def open_front(
    config: Config, market: Market, clock_ms: Callable[[], int], store: Store | None = None
) -> AsyncIterator[Front]:
    """Everything that answers command lines, its listings kept fresh, until the block ends.

    `store`: the market's database, where it is open already.
    """
    async with (
        open_desk(config, market, clock_ms, store) as desk,
        alongside(desk.keeper.keep(give_memory_back)),
    ):
        titles = {exchange.name: exchange.title for exchange in EXCHANGES}
        yield Front(COMMANDS, desk, View(titles, config.timezone))


@asynccontextmanager
async def alongside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on until the block ends."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def open_desk(
    config: Config, market: Market, clock_ms: Callable[[], int], store: Store | None = None
) -> AsyncIterator[Desk]:
    """The exchanges: the real ones, the simulated ones, or whichever answers."""
    if market != "sandbox":
        databases = partial(database, config)
        async with connected(config, config.urls, databases, clock_ms, store) as desk:
            if market == "live" or await anyone_there(desk):
                yield desk
                return
    async with (
        simulation(clock_ms) as urls,
        connected(config, urls, None, clock_ms, store) as desk,
    ):
        yield desk


def database(config: Config, environment: str) -> Path:
    """Where the log of accounts of real money is kept, and that of play money."""
    return config.state_directory / ("live.db" if environment == LIVE else "testnet.db")


@asynccontextmanager
async def simulation(clock_ms: Callable[[], int]) -> AsyncIterator[dict[str, str]]:
    """The simulated exchanges; yields their addresses by the names of their settings."""
    from crypto_assistant.sandbox import Sandbox, World  # noqa: PLC0415 (only where it is wanted)

    async with Sandbox(World(SEED, clock_ms()), clock_ms, monotonic).serve() as urls:
        yield urls


@asynccontextmanager
async def connected(
    config: Config,
    urls: Mapping[str, str],
    databases: Callable[[str], Path | None] | None,
    clock_ms: Callable[[], int],
    store: Store | None = None,
) -> AsyncIterator[Desk]:
    """A desk with connections of its own, and with the owner's accounts.

    `databases`: the file that keeps what concerns accounts of an environment, None for memory
    alone; None instead of it all: exchanges and accounts are simulated. `store`: what is open
    already for real money.
    """
    simulated = databases is None
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            connection(None if simulated else config.https_proxy)
        )
        door = Door(session, clock_ms, TIMING)
        exchanges = [exchange(door, urls) for exchange in EXCHANGES]
        practice = {} if simulated else _practice(config, door)
        accounts = (
            _simulated_accounts(exchanges) if simulated else _accounts(config, exchanges, practice)
        )
        stores = await _stores(stack, accounts, databases, clock_ms, store)
        venues = [(LIVE, exchange) for exchange in exchanges]
        venues += [(config.environment(type(exchange)), exchange) for exchange in practice.values()]
        await _keep_holds(stack, door, stores, venues)
        stack.push_async_callback(door.close)
        desk = Desk(
            exchanges,
            timing=TIMING,
            clock_ms=clock_ms,
            simulated=simulated,
            zone=config.timezone,
            accounts=_accesses(stack, accounts, stores),
        )
        stack.push_async_callback(desk.close)
        yield desk


async def _stores(
    stack: AsyncExitStack,
    accounts: Sequence[Account],
    databases: Callable[[str], Path | None] | None,
    clock_ms: Callable[[], int],
    store: Store | None,
) -> dict[str, Store]:
    """The databases by the environments of the accounts, and what was open before."""
    stores = {} if store is None else {LIVE: store}
    for environment in {account.environment for account in accounts} - stores.keys():
        path = None if databases is None else databases(environment)
        stores[environment] = await stack.enter_async_context(Store.opened(path, clock_ms))
    return stores


async def _keep_holds(
    stack: AsyncExitStack,
    door: Door,
    stores: Mapping[str, Store],
    venues: Iterable[tuple[str, Exchange]],
) -> None:
    """Obeys the venues' orders to stop that an earlier life was given, where there is a store."""
    holds = {environment: Holds(store, door.clock_ms) for environment, store in stores.items()}
    for kept in holds.values():
        stack.push_async_callback(kept.close)
    for environment, exchange in venues:
        if environment in holds:
            await holds[environment].guard(environment, exchange.name, exchange.limiter)


def _accesses(
    stack: AsyncExitStack, accounts: Sequence[Account], stores: Mapping[str, Store]
) -> dict[str, Access]:
    """The accounts by their venues, behind the check of their keys, each with its ledger."""
    accesses = {a.venue: Access(a, Ledger(stores[a.environment])) for a in accounts}
    for access in accesses.values():
        stack.push_async_callback(access.close)
    return accesses


def _practice(config: Config, door: Door) -> dict[str, Exchange]:
    """By name, the venues whose key is for play money, at the addresses of that."""
    return {
        venue.name: venue(door, config.account_urls(venue))
        for venue in EXCHANGES
        if config.key(venue) and config.environment(venue) != LIVE
    }


def _accounts(
    config: Config, exchanges: Sequence[Exchange], practice: Mapping[str, Exchange]
) -> list[Account]:
    """The owner's, of the venues that have a key."""
    places = {exchange.name: exchange for exchange in exchanges} | dict(practice)
    return [
        places[venue.name].account(key, config.environment(venue))
        for venue in EXCHANGES
        if (key := config.key(venue))
    ]


def _simulated_accounts(exchanges: Sequence[Exchange]) -> list[Account]:
    """Those of the sandbox: the owner's keys never go there."""
    from crypto_assistant.sandbox import KEYS  # noqa: PLC0415 (only where it is wanted)

    return [
        exchange.account(Key(*(KEYS[name] for name in exchange.credentials)))
        for exchange in exchanges
    ]


def telegram_proxy(config: Config) -> SecretStr | None:
    """A host that reaches the exchanges through a proxy has no other way to Telegram."""
    return config.telegram_proxy or config.https_proxy


def connection(proxy: SecretStr | None) -> aiohttp.ClientSession:
    """An HTTP session, through the proxy where one is set; to this host itself without it."""
    return aiohttp.ClientSession(
        # No limit of all together: hosts that hang would keep the others waiting for seconds.
        connector=aiohttp.TCPConnector(
            ssl=_tls(), limit=0, limit_per_host=30, ttl_dns_cache=300, resolver=Names()
        ),
        proxy=proxy.get_secret_value() if proxy else None,
        middlewares=(_once, _loopback_directly) if proxy else (_once,),
        headers={"User-Agent": "crypto-assistant", "Accept-Encoding": PACKED},
        auto_decompress=False,  # net.body does it, and counts what comes of it.
    )


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """aiohttp would send a GET again by itself where the connection breaks: past all limits."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method != "GET":
            raise
        raise aiohttp.ClientConnectionError from error


async def _loopback_directly(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """A proxy would look for it on its own host."""
    if is_loopback(request.url.host):
        request.update_proxy(None, None, None)
    return await handler(request)


@cache
def _tls() -> ssl.SSLContext:
    """The host's certificates, loaded once for all sessions."""
    return ssl.create_default_context()


def keep_memory_whole() -> None:
    """Large bodies go back to the system when they are read: 6 MB of 114.

    Otherwise glibc learns from the first of them to keep room for more, and leaves holes in it.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def give_memory_back() -> None:
    """What the bodies of the lists took goes back to the system: 8 of 92 MB."""
    gc.collect()
    with suppress(AttributeError):  # Only glibc keeps it otherwise.
        ctypes.CDLL(None).malloc_trim(0)


async def anyone_there(desk: Desk) -> bool:
    """Whether one exchange at least answers soon."""

    async def answers(exchange: Exchange) -> bool:
        try:
            async with asyncio.timeout(AUTO_PATIENCE):
                return bool(await exchange.clock_ms())
        except (TimeoutError, ExchangeError):
            return False

    clocks = [asyncio.create_task(answers(exchange)) for exchange in desk.exchanges]
    try:
        for first in asyncio.as_completed(clocks):
            if await first:
                return True
        return False
    finally:
        for clock in clocks:
            clock.cancel()
