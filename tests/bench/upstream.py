# ruff: noqa: T201
"""The simulated market at real size in a process of its own: `python -m tests.bench.upstream`."""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crypto_assistant.net.api import clock_ms
from crypto_assistant.sandbox import Sandbox, World

EXTRA = 560
"""Nameless coins that bring the lists to the size of the real ones."""


@asynccontextmanager
async def upstream(*, latency: float = 0.0, frozen: bool = False) -> AsyncIterator[dict[str, str]]:
    """Serves until the end of the block; yields the addresses by the names of their settings.

    `frozen`: at one moment, so that answers are worked out once, and with limits that are
    renewed all the time, so that a bench need not wait for them.
    """
    arguments = ["--latency", str(latency), *(["--frozen"] if frozen else [])]
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout
    try:
        lines = [(await server.stdout.readline()).decode().strip() for _ in range(5)]
        yield dict(line.split("=", 1) for line in lines)
    finally:
        server.terminate()
        await server.wait()


async def serve(latency: float, frozen: bool) -> None:
    now = clock_ms()
    world = World(seed=1, now=now, extra=EXTRA)
    clock = (lambda: now) if frozen else clock_ms
    monotonic = (lambda: time.monotonic() * 10_000) if frozen else time.monotonic
    sandbox = Sandbox(world, clock, monotonic)
    sandbox.latency = latency
    for venue, kind in {(market.venue, market.kind) for market in world.markets}:
        world.quotes(venue, kind, now)
    async with sandbox.serve() as urls:
        for name, url in urls.items():
            print(f"{name}={url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--frozen", action="store_true")
    given = parser.parse_args()
    asyncio.run(serve(given.latency, given.frozen))
