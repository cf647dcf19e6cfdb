"""One frozen world, served once more for every test that talks to it."""

import itertools
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import aiohttp
import orjson
import pytest

from crypto_assistant.sandbox import Dates, Sandbox, World
from crypto_assistant.sandbox.account.owner import owners

NOW = 1_790_000_029_000  # 2026-09-21 14:13:49 UTC, in the middle of a minute


@cache
def known_world() -> World:
    """The same for all who ask at NOW: its accounts and prices are reckoned once."""
    return World(seed=7, now=NOW)


@pytest.fixture(scope="session")
def world() -> World:
    return known_world()


@pytest.fixture(scope="session")
def untired(world: World) -> Sandbox:
    """Whatever is asked of it finds a fresh window of every limit."""
    return Sandbox(world, clock=lambda: NOW, monotonic=itertools.count(step=700).__next__)


@pytest.fixture
def sandbox(untired: Sandbox) -> Sandbox:
    """In the state in which it began; what it has printed at NOW it does not print again."""
    untired.owners, untired.faults, untired.latency = owners(), [], 0.0
    untired.dates = Dates()
    untired.requests.clear()
    return untired


class Client:
    """Asks the faces: `await client("OKX_URL", "/api/v5/public/time")` is the parsed body."""

    def __init__(self, urls: dict[str, str], session: aiohttp.ClientSession) -> None:
        self.urls = urls
        self.session = session

    async def __call__(self, host: str, path: str) -> Any:
        return orjson.loads((await self.answer(host, path))[1])

    async def answer(self, host: str, path: str) -> tuple[aiohttp.ClientResponse, bytes]:
        async with self.session.get(self.urls[host] + path) as response:
            return response, await response.read()


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    timeout = aiohttp.ClientTimeout(total=5)
    async with sandbox.serve() as urls, aiohttp.ClientSession(timeout=timeout) as session:
        yield Client(urls, session)
