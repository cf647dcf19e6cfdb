# ruff: noqa: T201
"""The simulated market at real size in a process of its own: `python -m tests.bench.upstream`."""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crypto_assistant.clocks import clock_ms
from crypto_assistant.sandbox import Sandbox, World

EXTRA = 560
"""Nameless coins that bring the lists to the size of the real ones."""


@asynccontextmanager
async def upstream(
    *, latency: float = 0.0, frozen_ms: int | None = None, limits: bool = True
) -> AsyncIterator[dict[str, str]]:
    """Serves until the end of the block; yields the addresses by the names of their settings.

    `frozen_ms`: at that moment for ever, so that answers are worked out once. Without `limits`
    they are renewed all the time, so that a bench need not wait for them.
    """
    arguments = ["--latency", str(latency), *([] if limits else ["--unlimited"])]
    if frozen_ms is not None:
        arguments += ["--frozen", str(frozen_ms)]
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


async def serve(latency: float, frozen_ms: int | None, *, unlimited: bool) -> None:
    now_ms = frozen_ms or clock_ms()
    world = World(seed=1, now=now_ms, extra=EXTRA)
    clock = (lambda: now_ms) if frozen_ms else clock_ms
    for venue, kind in {(market.venue, market.kind) for market in world.markets}:
        world.quotes(venue, kind, now_ms)
    # The first minute of the limits begins with the first request: no bench outlasts it unawares.
    start, pace = time.monotonic(), 10_000 if unlimited else 1
    sandbox = Sandbox(world, clock, lambda: (time.monotonic() - start) * pace)
    sandbox.latency = latency
    for venue in sandbox.owners:
        sandbox.account(venue).book.events(0, now_ms)
    async with sandbox.serve() as urls:
        for name, url in urls.items():
            print(f"{name}={url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--frozen", type=int, metavar="MS")
    parser.add_argument("--unlimited", action="store_true")
    given = parser.parse_args()
    asyncio.run(serve(given.latency, given.frozen, unlimited=given.unlimited))
