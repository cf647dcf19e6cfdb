# ruff: noqa: T201
"""/volscan over 500 coins: requests, time, and how much of it the venues' limits dictate."""

import time
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from crypto_assistant.clocks import clock_ms
from crypto_assistant.desk import Desk
from crypto_assistant.listings.lists import Listings
from crypto_assistant.models import Family, Tickers
from crypto_assistant.subjects.scan import PART_OF_LIMITS
from crypto_assistant.subjects.scan.answer import MOST_AT_ONCE
from tests.bench import bare
from tests.bench.bare import Request
from tests.bench.trading import Trading, trading
from tests.bench.upstream import upstream
from tests.floor import VENUES

LINE = "/volscan 200 15m 500"
HOMES = ("binance", "binance", "binance", "bybit", "okx")
"""Where so many fifths of the coins trade most; the simulated ones all do on one venue."""
TURNOVER_USD = 50e6


class Published(NamedTuple):
    """So many units in so many seconds: weight on Binance, elsewhere requests."""

    limit: float
    seconds: float

    def dictates(self, units: float) -> float:
        """The least time in which our part of each window lets them pass."""
        return max(0, ceil(units / (self.limit * PART_OF_LIMITS)) - 1) * self.seconds


LIMITS: Mapping[str, Published] = {
    "binance": Published(2400, 60),
    "bybit": Published(600, 5),
    "okx": Published(40, 2),
}
"""Of candles. Takers of OKX are counted market by market: one request each dictates nothing."""


class Thick(Desk):
    """By its tickers every coin is traded enough to be scanned, and every venue has its share."""

    async def listings(self) -> Listings:
        found = await super().listings()
        perps = {place: told for place, told in found.tickers.items() if place[1] is Family.LINEAR}
        tickers = {place: _traded(told) for place, told in perps.items()}
        return replace(found, tickers={**found.tickers, **tickers})


def _traded(told: Tickers) -> Tickers:
    homes = [HOMES[crc32(name.encode()) % len(HOMES)] for name in told.instruments.coins]
    share = np.where(np.array(homes) == told.instruments.venue, 1.0, 0.1)
    return replace(told, turnover_24h=TURNOVER_USD * share)


async def report() -> None:
    now_ms = clock_ms()
    async with (
        upstream(frozen_ms=now_ms) as urls,
        trading(urls, lambda: now_ms, Thick) as desk,
    ):
        await desk.open()
        before = Counter(desk.sent.weight)
        await desk.forget(LINE)
        seconds = await _seconds(desk.ask(LINE))
        weight = (desk.sent.weight - before)["futures"]
        sent, refused = list(desk.sent.requests), len(desk.sent.refused)
        print(f"{LINE}, half of each limit, 0 ms upstream")
        dictated = _print_venues(desk, sent, weight)
        kept = await _seconds(desk.ask(LINE))
    least = await _bare(sent, urls, now_ms)
    print(f"answer {seconds:.2f} s, bare {least:.2f} s, by the limits {dictated:.1f} s;", end=" ")
    print(f"{seconds / max(2 * least, dictated):.2f} of the larger of twice bare and the limits")
    print(f"again {1000 * kept:.1f} ms; {refused} requests refused", *desk.failed.items())
    print()


def _print_venues(desk: Trading, sent: Sequence[Request], weight: int) -> float:
    """A row a venue; returns the time that the slowest one's limit dictates."""
    print(f"{'':10} {'GETs':>5} {'weight':>7} {'dictated s':>11}")
    slowest = 0.0
    for venue, exchange in zip(VENUES, desk.front.desk.exchanges, strict=True):
        hosts = tuple(desk.urls[name] for name in exchange.addresses)
        urls = [one.url for one in sent if one.url.startswith(hosts)]
        units = weight if venue == "binance" else sum("/taker-volume" not in url for url in urls)
        dictated = LIMITS[venue].dictates(units)
        slowest = max(slowest, dictated)
        shown = f"{len(urls):5} {units if venue == 'binance' else '':7} {dictated:11.1f}"
        print(f"{exchange.title:10} {shown}")
    return slowest


async def _bare(sent: Sequence[Request], urls: Mapping[str, str], now_ms: int) -> float:
    """The same requests, as many at once, to an upstream that is as cold and has no limits."""
    async with upstream(frozen_ms=now_ms, limits=False) as others, trading(others) as desk:
        moved = [one.moved(urls, others) for one in sent]
        return await _seconds(bare.ask(desk.session, moved, MOST_AT_ONCE))


async def _seconds(work: Awaitable[Any]) -> float:
    start = time.perf_counter()
    await work
    return time.perf_counter() - start
