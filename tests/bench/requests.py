# ruff: noqa: T201
"""Requests to each venue and Binance's weight, with nothing kept but the listings."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crypto_assistant.sandbox import Sandbox
from tests.bench.trading import LINES, LONGEST_LOG, OWNERS, Trading, trading
from tests.clock import clock
from tests.floor import VENUES, world

EXTRA = 100
"""Nameless coins: enough for a hundred perps on Binance."""
DETAILS = ("/volume BTC details", "/oi BTC details")
"""What a press on Details asks for beyond the compact answer."""
OF_OWNER = (*OWNERS, "/pnl 7d BTC details")


async def report() -> None:
    print("Requests, cold cache, listings known")
    _print_heads()
    for line in ("start", *LINES, *DETAILS):
        async with _desk() as desk:
            if line != "start":
                await desk.open()
                await desk.forget(line)
            before = Counter(desk.sent.weight)
            await (desk.open() if line == "start" else desk.ask(line))
            _print_cost(line, desk, before)
    print()
    await _report_accounts()


async def _report_accounts() -> None:
    print("The owner's accounts, keys checked, nothing of their logs kept")
    _print_heads()
    async with _desk() as desk:
        await desk.open()
        desk.forget_all()
        before = Counter(desk.sent.weight)
        await desk.check_keys()
        _print_cost("check of the keys", desk, before)
    for line in OF_OWNER:
        async with _desk() as desk:
            await desk.open()
            await _ask(desk, line, line)
            if line == LONGEST_LOG:
                await _ask(desk, line, f"{line}, log kept")
    print()


async def _ask(desk: Trading, line: str, title: str) -> None:
    await desk.forget(line)
    before = Counter(desk.sent.weight)
    await desk.ask(line)
    _print_cost(title, desk, before)


@asynccontextmanager
async def _desk() -> AsyncIterator[Trading]:
    """Over venues whose limits nobody has drawn on."""
    start = time.monotonic()
    sandbox = Sandbox(world(EXTRA), clock, lambda: time.monotonic() - start)
    async with sandbox.serve() as urls, trading(urls, clock) as desk:
        yield desk


def _print_heads() -> None:
    print(
        f"{'':20} {'Binance':>8} {'Bybit':>6} {'OKX':>5} {'sent':>5}"
        f" {'weight':>7} {'futures':>8} {'wallet':>7}"
    )


def _print_cost(title: str, desk: Trading, before: Counter[str]) -> None:
    hosts = {url: name.split("_")[0].lower() for name, url in desk.urls.items()}
    sent = Counter(
        hosts[next(base for base in hosts if one.url.startswith(base))]
        for one in desk.sent.requests
    )
    weight = desk.sent.weight - before
    wallet = sum(units for name, units in weight.items() if name.startswith("/sapi"))
    counts = " ".join(
        f"{sent[name]:{width}}" for name, width in zip(VENUES, (8, 6, 5), strict=True)
    )
    total = f"{sent.total():5} {weight['spot']:7} {weight['futures']:8} {wallet:7}"
    print(f"{title:20} {counts} {total}", *desk.failed.items())
