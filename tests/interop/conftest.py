"""The sandbox in a thread of its own, for clients that block."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from crypto_assistant.sandbox import Sandbox, World

NOW = 1_790_000_029_000


def unlimited() -> Callable[[], float]:
    """A clock by which every request finds a fresh window, so that no limit is ever reached."""
    windows = itertools.count(step=700)
    return lambda: float(next(windows))


@contextmanager
def served(sandbox: Sandbox) -> Iterator[dict[str, str]]:
    """Its base addresses by the names of their settings."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    serving = sandbox.serve()
    try:
        yield asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(10)
        asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.fixture(autouse=True)
def unsurprised(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Binance's SDKs only log it where an answer is not what they expect, and read on."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call")] == []


@pytest.fixture(scope="session")
def world() -> World:
    return World(seed=7, now=NOW)


@pytest.fixture(scope="session")
def sandbox(world: World) -> Sandbox:
    return Sandbox(world, clock=lambda: NOW, monotonic=unlimited())


@pytest.fixture(scope="session")
def urls(sandbox: Sandbox) -> Iterator[dict[str, str]]:
    with served(sandbox) as urls:
        yield urls
