"""Builds everything, runs it, closes it."""

import asyncio
import ctypes
import gc
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from sqlite3 import Error
from typing import Any, Literal
from zoneinfo import ZoneInfo

import aiohttp
from pydantic import SecretStr

from crypto_assistant.accounts import Access
from crypto_assistant.clocks import monotonic
from crypto_assistant.commands import COMMANDS
from crypto_assistant.config import Config, is_loopback
from crypto_assistant.desk import Desk
from crypto_assistant.errors import ConfigError, ExchangeError
from crypto_assistant.exchanges.base import LIVE, Account, Accounted, Exchange
from crypto_assistant.front import Front
from crypto_assistant.holds import Holds
from crypto_assistant.ledger import Ledger
from crypto_assistant.net.body import PACKED
from crypto_assistant.net.connector import Connector
from crypto_assistant.net.door import Door, Timing
from crypto_assistant.net.names import Names
from crypto_assistant.net.signed import Key
from crypto_assistant.state.store import Store
from crypto_assistant.users import Users
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
    config: Config,
    market: Market,
    clock_ms: Callable[[], int],
    store: Store | None = None,
    pictures: Path | None = None,
) -> AsyncIterator[Front]:
    """Everything that answers command lines, its listings kept fresh, until the block ends.

    `store`: the market's database, where it is open already. `pictures`: where they are kept as
    files; None where a chat shows them.
    """
    async with (
        open_desk(config, market, clock_ms, store) as desk,
        alongside(desk.keeper.keep(give_memory_back)),
    ):
        view = view_of(config.exchanges, config.timezone)
        yield Front(COMMANDS, desk, view, pictures=pictures)


def view_of(exchanges: Iterable[type[Exchange]], zone: ZoneInfo | None) -> View:
    """What pages call the exchanges and their settings."""
    exchanges = tuple(exchanges)
    return View(
        {exchange.name: exchange.title for exchange in exchanges},
        zone,
        {exchange.name: exchange.short for exchange in exchanges},
        {exchange.name: exchange.credentials for exchange in exchanges},
    )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the exchanges are, and where is kept what concerns the owner's accounts.

    `urls`: their base addresses. `simulated`: exchanges and accounts are. `directory`: of the
    databases; None: in memory alone.
    """

    urls: Mapping[str, str]
    simulated: bool = False
    directory: Path | None = None

    def database(self, environment: str) -> Path | None:
        return self.directory and database(self.directory, environment)

    def has(self, exchange: type[Exchange]) -> bool:
        """Whether the exchange is there: in a simulation one may not be."""
        return exchange.addresses.keys() <= self.urls.keys()


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
        live = Surroundings(config.urls, directory=config.state_directory)
        async with connected(config, live, clock_ms, store) as desk:
            if market == "live" or await anyone_there(desk):
                yield desk
                return
    async with (
        simulation(clock_ms) as urls,
        connected(config, Surroundings(urls, simulated=True), clock_ms, store) as desk,
    ):
        yield desk


def database(directory: Path, environment: str) -> Path:
    """Where the log of accounts of real money is kept, and that of play money."""
    return directory / ("live.db" if environment == LIVE else "testnet.db")


@asynccontextmanager
async def simulation(clock_ms: Callable[[], int]) -> AsyncIterator[dict[str, str]]:
    """The simulated exchanges; yields their addresses by the names of their settings."""
    from crypto_assistant.sandbox import Sandbox, World  # noqa: PLC0415 (only where it is wanted)

    async with Sandbox(World(SEED, clock_ms()), clock_ms, monotonic).serve() as urls:
        yield urls


@asynccontextmanager
async def connected(
    config: Config,
    around: Surroundings,
    clock_ms: Callable[[], int],
    store: Store | None = None,
) -> AsyncIterator[Desk]:
    """A desk with connections of its own, and with the owner's accounts.

    `store`: what is open already for real money.
    """
    simulated = around.simulated
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            connection(None if simulated else config.https_proxy)
        )
        door = Door(session, clock_ms, TIMING)
        exchanges = [venue(door, around.urls) for venue in config.exchanges if around.has(venue)]
        practice = {} if simulated else _practice(config, door)
        accounts = (
            _simulated_accounts(exchanges) if simulated else _accounts(config, exchanges, practice)
        )
        stores = await _stores(stack, accounts, around, clock_ms, store)
        venues = [(LIVE, exchange) for exchange in exchanges]
        venues += [(config.environment(type(exchange)), exchange) for exchange in practice.values()]
        await _keep_holds(stack, door, stores, venues)
        stack.push_async_callback(door.close)
        desk = Desk(
            exchanges,
            timing=TIMING,
            clock_ms=clock_ms,
            simulated=simulated,
            left_out=[venue.name for venue in config.exchanges if not around.has(venue)],
            zone=config.timezone,
            accounts=_accesses(stack, accounts, stores),
            kept=door.cache,
            users=await _users(stack, around, clock_ms, stores),
        )
        stack.push_async_callback(desk.close)
        yield desk


async def _stores(
    stack: AsyncExitStack,
    accounts: Sequence[Account],
    around: Surroundings,
    clock_ms: Callable[[], int],
    store: Store | None,
) -> dict[str, Store]:
    """The databases by the environments of the accounts, and what was open before."""
    stores = {} if store is None else {LIVE: store}
    for environment in {account.environment for account in accounts} - stores.keys():
        path = around.database(environment)
        stores[environment] = await stack.enter_async_context(Store.opened(path, clock_ms))
    return stores


async def _users(
    stack: AsyncExitStack,
    around: Surroundings,
    clock_ms: Callable[[], int],
    stores: dict[str, Store],
) -> Users:
    """What users have chosen is in the database of real money, made when somebody first does."""
    path = around.database(LIVE)
    if LIVE not in stores and path is None:
        return Users()

    async def store() -> Store:
        if LIVE not in stores:
            stores[LIVE] = await stack.enter_async_context(Store.opened(path, clock_ms))
        return stores[LIVE]

    users = Users(store)
    if LIVE in stores or (path and path.exists()):
        with suppress(Error, ConfigError):  # Whoever wants to choose something is told.
            await users.load()
    return users


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
        for venue in config.exchanges
        if config.key(venue) and config.environment(venue) != LIVE
    }


def _accounts(
    config: Config, exchanges: Sequence[Exchange], practice: Mapping[str, Exchange]
) -> list[Account]:
    """The owner's, of the venues that have a key."""
    places = {exchange.name: exchange for exchange in exchanges} | dict(practice)
    return [
        exchange.account(key, config.environment(type(exchange)))
        for exchange in places.values()
        if isinstance(exchange, Accounted) and (key := config.key(type(exchange)))
    ]


def _simulated_accounts(exchanges: Sequence[Exchange]) -> list[Account]:
    """Those of the sandbox: the owner's keys never go there."""
    from crypto_assistant.sandbox import KEYS  # noqa: PLC0415 (only where it is wanted)

    return [
        exchange.account(Key(*(KEYS[name] for name in exchange.credentials)))
        for exchange in exchanges
        if isinstance(exchange, Accounted)
    ]


def telegram_proxy(config: Config) -> SecretStr | None:
    """A host that reaches the exchanges through a proxy has no other way to Telegram."""
    return config.telegram_proxy or config.https_proxy


def connection(proxy: SecretStr | None) -> aiohttp.ClientSession:
    """An HTTP session, through the proxy where one is set; to this host itself without it."""
    return aiohttp.ClientSession(
        # No limit of all together: hosts that hang would keep the others waiting for seconds.
        connector=Connector(
            ssl=_tls(), limit=0, limit_per_host=30, ttl_dns_cache=300, resolver=Names()
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
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
