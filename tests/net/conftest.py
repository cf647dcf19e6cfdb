"""A host on loopback, and a session that unpacks nothing, as the program's own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.net.deadline import due
from tests.net.loopback import Loopback


@contextmanager
def due_in(seconds: float) -> Iterator[None]:
    """What is asked inside has so long."""
    token = due.set(monotonic() + seconds)
    yield
    due.reset(token)


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
