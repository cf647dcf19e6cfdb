"""The same requests sent bare: aiohttp, orjson, and the columns that the program reads."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import aiohttp
import numpy as np
import orjson
from yarl import URL

from crypto_assistant.models import Floats

Field = str | int
"""The name of a field, or its place where a row is a list."""

OKX_TICKER = (*("last", "bidPx", "askPx", "open24h", "high24h", "low24h", "vol24h", "volCcy24h"),)
BILL = ("billId", "ts", "balChg", "posBalChg", "pnl", "fee")
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
    "account": ("free", "locked", "marginBalance", "unrealizedProfit"),
    "get-funding-asset": ("free", "locked", "freeze", "withdrawing"),
    "positionRisk": (
        *("positionAmt", "entryPrice", "markPrice", "unRealizedProfit", "liquidationPrice"),
        *("notional", "leverage", "positionInitialMargin"),
    ),
    "symbolConfig": ("leverage",),
    "income": ("time", "income"),
    "info": (),
    "wallet-balance": ("equity", "unrealisedPnl", "usdValue"),
    "query-account-coins-balance": ("walletBalance",),
    "list": (
        *("size", "avgPrice", "markPrice", "liqPrice", "leverage", "unrealisedPnl", "positionIM"),
    ),
    "transaction-log": ("transactionTime", "change", "cashFlow", "funding", "fee"),
    "balance": ("eq", "upl", "eqUsd"),
    "balances": ("bal",),
    "positions": (
        *("pos", "avgPx", "nonSettleAvgPx", "markPx", "liqPx", "lever", "upl"),
        *("imr", "margin", "notionalUsd"),
    ),
    "bills": BILL,
    "bills-archive": BILL,
}
"""By the last part of the path."""
WALLETS = ("balances", "assets", "details", "coin", "balance")
"""Where an account has its coins."""


class Request(NamedTuple):
    """One that was sent, signature and all."""

    url: str
    method: str
    headers: Mapping[str, str]

    def moved(self, urls: Mapping[str, str], others: Mapping[str, str]) -> "Request":
        """The same to the same host of another upstream."""
        name = next(name for name, url in urls.items() if self.url.startswith(url))
        return self._replace(url=self.url.replace(urls[name], others[name]))


async def ask(
    session: aiohttp.ClientSession, requests: Sequence[Request], at_once: int = 1000
) -> list[list[Floats]]:
    """The columns of every answer; `at_once`: requests under way to a host."""
    gates: Mapping[str | None, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(at_once))

    async def gated(request: Request) -> list[Floats]:
        url = URL(request.url, encoded=True)
        async with gates[url.authority]:
            return await _columns(session, request, url)

    return await asyncio.gather(*map(gated, requests))


async def _columns(session: aiohttp.ClientSession, request: Request, url: URL) -> list[Floats]:
    async with session.request(request.method, url, headers=request.headers) as response:
        assert response.status == 200, request.url
        rows = _rows(orjson.loads(await response.read()))
    return [
        np.fromiter((float(row[name] or "nan") for row in rows), float, len(rows))
        for name in FIELDS[url.name]
        if rows and _has(rows[0], name)
    ]


def _rows(body: Any) -> Sequence[Any]:
    """Out of the venue's envelope, and of the account that they are about."""
    found: Any = body
    if isinstance(body, dict):
        assert str(body.get("retCode", body.get("code", 0))) == "0", body
        result = body.get("result", body)
        found = body.get("data", result.get("list", [result]))
    for name in WALLETS:
        if found and isinstance(found[0], dict) and isinstance(found[0].get(name), list):
            found = found[0][name]
    return found  # type: ignore[no-any-return]


def _has(row: Any, name: Field) -> bool:
    return name < len(row) if isinstance(name, int) else name in row
