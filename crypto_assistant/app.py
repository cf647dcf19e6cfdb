"""Builds everything, runs it, closes it."""

import asyncio
import ctypes
import gc
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Literal

import aiohttp
from pydantic import SecretStr

from crypto_assistant.commands import COMMANDS
from crypto_assistant.config import Config
from crypto_assistant.desk import Desk
from crypto_assistant.errors import ExchangeError
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.front import Front
from crypto_assistant.net.api import Door, Timing, clock_ms
from crypto_assistant.net.cache import Cache
from crypto_assistant.view import View

Market = Literal["live", "sandbox", "auto"]

TIMING = Timing()
SEED = 1
"""Of the simulated market: the same for everybody, so that its numbers can be talked about."""
AUTO_PATIENCE = 3.0
"""Seconds in which one exchange must answer for `auto` to mean the live market."""


@asynccontextmanager
async def open_front(config: Config, market: Market) -> AsyncIterator[Front]:
    """Everything that answers command lines, its listings kept fresh, until the block ends."""
    async with open_desk(config, market) as desk:
        keeper = asyncio.create_task(desk.keep_listings(_give_memory_back))
        try:
            titles = {exchange.name: exchange.title for exchange in EXCHANGES}
            yield Front(COMMANDS, desk, View(titles, config.timezone))
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper


@asynccontextmanager
async def open_desk(config: Config, market: Market) -> AsyncIterator[Desk]:
    """The exchanges: the real ones, the simulated ones, or whichever answers."""
    if market != "sandbox":
        async with connected(config.urls, config, simulated=False) as desk:
            if market == "live" or await anyone_there(desk):
                yield desk
                return
    async with simulation() as urls, connected(urls, config, simulated=True) as desk:
        yield desk


@asynccontextmanager
async def simulation() -> AsyncIterator[dict[str, str]]:
    """The simulated exchanges; yields their addresses by the names of their settings."""
    from crypto_assistant.sandbox import Sandbox, World  # noqa: PLC0415 (only where it is wanted)

    async with Sandbox(World(SEED, clock_ms()), clock_ms).serve() as urls:
        yield urls


@asynccontextmanager
async def connected(
    urls: Mapping[str, str], config: Config, *, simulated: bool, timing: Timing = TIMING
) -> AsyncIterator[Desk]:
    """A desk with connections of its own."""
    async with connection(None if simulated else config.https_proxy) as session:
        answers = Cache(time.monotonic)
        door = Door(session, answers, timing)
        exchanges = [exchange(door, urls) for exchange in EXCHANGES]
        desk = Desk(exchanges, timing=timing, simulated=simulated)
        try:
            yield desk
        finally:
            await desk.close()
            await answers.close()


def connection(proxy: SecretStr | None) -> aiohttp.ClientSession:
    """An HTTP session, through the proxy where one is set."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=_tls(), limit_per_host=30, ttl_dns_cache=300),
        proxy=proxy.get_secret_value() if proxy else None,
        headers={"User-Agent": "crypto-assistant"},
    )


@cache
def _tls() -> ssl.SSLContext:
    """The host's certificates, loaded once for all sessions."""
    return ssl.create_default_context()


def _give_memory_back() -> None:
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
