"""The same requests sent bare: aiohttp, orjson, and the columns that the program reads."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import numpy as np
import orjson
from yarl import URL

from crypto_assistant.models import Floats

Field = str | int
"""The name of a field, or its place where a row is a list."""

OKX_TICKER = (*("last", "bidPx", "askPx", "open24h", "high24h", "low24h", "vol24h", "volCcy24h"),)
FIELDS: Mapping[str, Sequence[Field]] = {
    "24hr": (
        *("lastPrice", "priceChangePercent", "highPrice", "lowPrice", "volume"),
        *("quoteVolume", "baseVolume", "bidPrice", "askPrice"),
    ),
    "bookTicker": ("bidPrice", "askPrice"),
    "premiumIndex": ("markPrice", "indexPrice", "lastFundingRate", "nextFundingTime"),
    "fundingInfo": ("fundingIntervalHours",),
    "openInterest": ("openInterest",),
    "openInterestHist": ("timestamp", "sumOpenInterest", "sumOpenInterestValue"),
    "klines": (*range(8), 9, 10),
    "tickers": (
        *("lastPrice", "bid1Price", "ask1Price", "price24hPcnt", "highPrice24h", "lowPrice24h"),
        *("volume24h", "turnover24h", "fundingRate", "fundingIntervalHour", "nextFundingTime"),
        *("markPrice", "indexPrice", "openInterest", "openInterestValue"),
        *("singleOpenInterest", "singleOpenInterestValue", *OKX_TICKER),
    ),
    "kline": range(7),
    "mark-price-kline": range(5),
    "recent-trade": ("time", "price", "size", "seq"),
    "ticker": OKX_TICKER,
    "candles": range(9),
    "history-candles": range(9),
    "funding-rate": ("fundingRate", "fundingTime", "nextFundingTime"),
    "mark-price": ("markPx",),
    "index-tickers": ("idxPx",),
    "open-interest": (
        *("oi", "oiCcy", "oiUsd"),
        *("timestamp", "openInterest", "singleOpenInterest"),
    ),
    "open-interest-history": range(4),
    "taker-volume": range(3),
    "taker-volume-contract": range(3),
}
"""By the last part of the path."""


async def ask(
    session: aiohttp.ClientSession, urls: Sequence[str], at_once: int = 1000
) -> list[list[Floats]]:
    """The columns of every answer; `at_once`: requests under way to a host."""
    gates: Mapping[str | None, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(at_once))

    async def gated(url: URL) -> list[Floats]:
        async with gates[url.authority]:
            return await _columns(session, url)

    return await asyncio.gather(*(gated(URL(url, encoded=True)) for url in urls))


async def _columns(session: aiohttp.ClientSession, url: URL) -> list[Floats]:
    async with session.get(url) as response:
        rows = _rows(orjson.loads(await response.read()))
    return [
        np.fromiter((float(row[name] or "nan") for row in rows), float, len(rows))
        for name in FIELDS[url.name]
        if rows and _has(rows[0], name)
    ]


def _rows(body: Any) -> Sequence[Any]:
    """Out of the venue's envelope; one object is one row."""
    found: Any = body
    if isinstance(body, dict):
        found = body.get("data", body.get("result", {"list": [body]}).get("list", []))
    return found  # type: ignore[no-any-return]


def _has(row: Any, name: Field) -> bool:
    return name < len(row) if isinstance(name, int) else name in row
