# ruff: noqa: T201
"""From command line to Answer, against the same requests sent bare and all at once.

What is settled of the accounts' logs is kept, as it is from the daemon's first day on.
"""

import gc
import time
from collections.abc import Awaitable
from statistics import median
from typing import Any

from crypto_assistant.clocks import clock_ms
from tests.bench import bare
from tests.bench.trading import LINES, LONGEST_LOG, OWNERS, Trading, trading
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
    print(f"{'':20} {'sent':>5} {'answer':>8} {'bare':>8} {'ratio':>6}")
    async with (
        upstream(latency=latency, frozen_ms=now_ms, limits=False) as urls,
        trading(urls, lambda: now_ms) as desk,
    ):
        await desk.open()
        await desk.ask(LONGEST_LOG)
        for line in (*LINES, *OWNERS):
            await _compare(desk, line, rounds)
    print()


async def _compare(desk: Trading, line: str, rounds: int) -> None:
    ours: list[float] = []
    theirs: list[float] = []
    sent: list[bare.Request] = []
    for _ in range(rounds):
        await desk.forget(line)
        ours.append(await _milliseconds(desk.ask(line)))
        sent = list(desk.sent.requests)
        theirs.append(await _milliseconds(bare.ask(desk.session, sent)))
    answer, least = median(ours), median(theirs)
    print(
        f"{line:20} {len(sent):5} {answer:8.1f} {least:8.1f} {answer / least:6.2f}",
        *desk.failed.items(),
    )


async def _milliseconds(work: Awaitable[Any]) -> float:
    start = time.perf_counter()
    await work
    return 1000 * (time.perf_counter() - start)
