# ruff: noqa: T201
"""The accounts' logs of 30 days, of which nothing is kept: by the venues' limits, and without."""

import time
from collections import Counter
from collections.abc import Awaitable
from typing import Any

from crypto_assistant.clocks import clock_ms
from tests.bench import bare
from tests.bench.trading import LONGEST_LOG, Trading, trading
from tests.bench.upstream import upstream
from tests.floor import VENUES


async def report() -> None:
    await _report(0.0)
    await _report(0.080)


async def _report(latency: float) -> None:
    print(f"{LONGEST_LOG} of one venue, nothing kept, at {1000 * latency:g} ms upstream")
    print(f"{'':10} {'sent':>5} {'weight':>7} {'answer s':>9} {'bare s':>7} {'again s':>8}")
    now_ms = clock_ms()
    async with (
        upstream(latency=latency, frozen_ms=now_ms) as urls,
        upstream(latency=latency, frozen_ms=now_ms, limits=False) as unlimited,
    ):
        for venue in VENUES:
            async with trading(urls, lambda: now_ms) as desk:
                await _compare(desk, venue, unlimited)
    print()


async def _compare(desk: Trading, venue: str, unlimited: dict[str, str]) -> None:
    line = f"{LONGEST_LOG} {venue}"
    await desk.open()
    await desk.forget(line)
    before = Counter(desk.sent.weight)
    seconds = await _seconds(desk.ask(line))
    weight = (desk.sent.weight - before)["futures"]
    sent = [one.moved(desk.urls, unlimited) for one in desk.sent.requests]
    failed = dict(desk.failed)
    await bare.ask(desk.session, sent)  # The simulated venue puts its account together once.
    least = await _seconds(bare.ask(desk.session, sent))
    await desk.forget(line)
    again = await _seconds(desk.ask(line))
    shown = f"{len(sent):5} {weight or '':7} {seconds:9.2f} {least:7.2f} {again:8.2f}"
    print(f"{venue:10} {shown}", *failed.items())


async def _seconds(work: Awaitable[Any]) -> float:
    start = time.perf_counter()
    await work
    return time.perf_counter() - start
