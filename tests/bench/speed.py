# ruff: noqa: T201
"""From command line to Answer, against the same requests sent bare and all at once."""

import gc
import time
from collections.abc import Awaitable
from statistics import median
from typing import Any

from crypto_assistant.net.api import clock_ms
from tests.bench import bare
from tests.bench.trading import LINES, Trading, trading
from tests.bench.upstream import upstream

ROUNDS = 20
FAR_ROUNDS = 10


async def report() -> None:
    gc.freeze()  # As the daemon does.
    await _compare_all(0.0, ROUNDS)
    await _compare_all(0.080, FAR_ROUNDS)


async def _compare_all(latency: float, rounds: int) -> None:
    now_ms = clock_ms()
    print(f"Time at {1000 * latency:g} ms upstream, median of {rounds} rounds, ms")
    print(f"{'':20} {'GETs':>5} {'answer':>8} {'bare':>8} {'ratio':>6}")
    async with (
        upstream(latency=latency, frozen_ms=now_ms, limits=False) as urls,
        trading(urls, lambda: now_ms) as desk,
    ):
        await desk.open()
        for line in LINES:
            await _compare(desk, line, rounds)
    print()


async def _compare(desk: Trading, line: str, rounds: int) -> None:
    ours: list[float] = []
    theirs: list[float] = []
    urls: list[str] = []
    for _ in range(rounds):
        desk.forget()
        ours.append(await _milliseconds(desk.ask(line)))
        urls = list(desk.sent.urls)
        theirs.append(await _milliseconds(bare.ask(desk.session, urls)))
    answer, sent = median(ours), median(theirs)
    print(
        f"{line:20} {len(urls):5} {answer:8.1f} {sent:8.1f} {answer / sent:6.2f}",
        *desk.failed.items(),
    )


async def _milliseconds(work: Awaitable[Any]) -> float:
    start = time.perf_counter()
    await work
    return 1000 * (time.perf_counter() - start)
