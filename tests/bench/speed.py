# ruff: noqa: T201
"""From command line to Answer, against the same requests sent bare and all at once."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Mapping, Sequence
from statistics import median
from typing import Any

import aiohttp
import numpy as np
import orjson
from yarl import URL

from crypto_assistant.models import Floats
from tests.bench.trading import LINES, Trading, trading
from tests.bench.upstream import upstream

ROUNDS = 30

OKX_TICKER = (*("last", "bidPx", "askPx", "open24h", "high24h", "low24h", "vol24h", "volCcy24h"),)
FIELDS: Mapping[str, Sequence[str]] = {
    "24hr": (
        *("lastPrice", "priceChangePercent", "highPrice", "lowPrice", "volume"),
        *("quoteVolume", "baseVolume", "bidPrice", "askPrice"),
    ),
    "bookTicker": ("bidPrice", "askPrice"),
    "premiumIndex": ("markPrice", "indexPrice", "lastFundingRate", "nextFundingTime"),
    "fundingInfo": ("fundingIntervalHours",),
    "openInterest": ("openInterest",),
    "tickers": (
        *("lastPrice", "bid1Price", "ask1Price", "price24hPcnt", "highPrice24h", "lowPrice24h"),
        *("volume24h", "turnover24h", "fundingRate", "fundingIntervalHour", "nextFundingTime"),
        *("markPrice", "indexPrice", "openInterest", "openInterestValue"),
        *("singleOpenInterest", "singleOpenInterestValue", *OKX_TICKER),
    ),
    "ticker": OKX_TICKER,
    "funding-rate": ("fundingRate", "fundingTime", "nextFundingTime"),
    "mark-price": ("markPx",),
    "index-tickers": ("idxPx",),
    "open-interest": ("oi", "oiCcy", "oiUsd"),
}
"""The columns that the program reads, by the last part of the path."""


async def report() -> None:
    async with upstream(frozen=True) as urls, trading(urls) as desk:
        await desk.open()
        gc.freeze()  # As the daemon does.
        print(f"Time at 0 ms upstream, median of {ROUNDS} rounds, ms")
        print(f"{'':16} {'GETs':>5} {'answer':>8} {'bare':>8} {'ratio':>6}")
        for line in LINES:
            await _compare(desk, line, ROUNDS)
        print()
    async with upstream(frozen=True, latency=0.080) as urls, trading(urls) as desk:
        await desk.open()
        print("Time at 80 ms upstream, median of 10 rounds, ms")
        for line in LINES:
            await _compare(desk, line, 10)
        print()


async def _compare(desk: Trading, line: str, rounds: int) -> None:
    answer: list[float] = []
    bare: list[float] = []
    urls: list[str] = []
    for _ in range(rounds):
        desk.forget()
        answer.append(await _milliseconds(desk.front.ask(line)))
        urls = list(desk.sent.urls)
        bare.append(await _milliseconds(_bare(desk.session, urls)))
    ours, theirs = median(answer), median(bare)
    print(f"{line:16} {len(urls):5} {ours:8.1f} {theirs:8.1f} {ours / theirs:6.2f}")


async def _milliseconds(work: Awaitable[Any]) -> float:
    start = time.perf_counter()
    await work
    return 1000 * (time.perf_counter() - start)


async def _bare(session: aiohttp.ClientSession, urls: Sequence[str]) -> list[list[Floats]]:
    return await asyncio.gather(*(_columns(session, URL(url, encoded=True)) for url in urls))


async def _columns(session: aiohttp.ClientSession, url: URL) -> list[Floats]:
    async with session.get(url) as response:
        rows = _rows(orjson.loads(await response.read()))
    names = FIELDS[url.name]
    return [
        np.fromiter((float(row[name] or "nan") for row in rows), float, len(rows))
        for name in names
        if rows and name in rows[0]
    ]


def _rows(body: Any) -> Sequence[Any]:
    found: Sequence[Any] = body
    if isinstance(body, dict):
        found = body.get("data") or body.get("result", {}).get("list") or [body]
    return found
