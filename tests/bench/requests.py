# ruff: noqa: T201
"""GETs of each venue and Binance's weight, with nothing kept but the listings."""

from collections import Counter

from crypto_assistant.sandbox import Sandbox
from tests.bench.trading import LINES, Trading, trading
from tests.floor import VENUES, clock, world

EXTRA = 100
"""Nameless coins: enough for a hundred perps on Binance."""
DETAILS = ("/volume BTC details", "/oi BTC details")
"""What a press on Details asks for beyond the compact answer."""


async def report() -> None:
    print("Requests, cold cache, listings known")
    print(
        f"{'':20} {'Binance':>8} {'Bybit':>6} {'OKX':>5} {'GETs':>5} {'weight':>7} {'futures':>8}"
    )
    for line in ("start", *LINES, *DETAILS):
        sandbox = Sandbox(world(EXTRA), clock, lambda: 0.0)
        async with sandbox.serve() as urls, trading(urls, clock) as desk:
            gets, weight = await _cost(desk, line, urls)
        counts = " ".join(
            f"{gets[name]:{width}}" for name, width in zip(VENUES, (8, 6, 5), strict=True)
        )
        total = f"{gets.total():5} {weight['spot']:7} {weight['futures']:8}"
        print(f"{line:20} {counts} {total}", *desk.failed.items())
    print()


async def _cost(
    desk: Trading, line: str, urls: dict[str, str]
) -> tuple[Counter[str], Counter[str]]:
    before: Counter[str] = Counter()
    await desk.open()
    if line != "start":
        before = Counter(desk.sent.weight)
        desk.forget()
        await desk.ask(line)
    hosts = {url: name.split("_")[0].lower() for name, url in urls.items()}
    gets = Counter(
        hosts[next(base for base in hosts if url.startswith(base))] for url in desk.sent.urls
    )
    return gets, desk.sent.weight - before
