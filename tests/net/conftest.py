"""A host on loopback, and a session that unpacks nothing, as the program's own."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.net.loopback import Loopback


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


@pytest.fixture
def host() -> Loopback:
    return Loopback()


@pytest.fixture
async def base(host: Loopback) -> AsyncIterator[str]:
    async with host.serve() as base:
        yield base
