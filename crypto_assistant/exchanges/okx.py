"""OKX v5: spot, perps margined in dollar coins, coin-margined perps over REST.

https://www.okx.com/docs-v5/en/
"""

import asyncio
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np

from crypto_assistant.errors import ClockSkew, GeoBlocked, Malformed, Refused, Unreachable
from crypto_assistant.exchanges.base import (
    Table,
    candles,
    listing,
    matrix,
    number,
    price,
    rows,
    trading,
)
from crypto_assistant.models import (
    HOUR_MS,
    Candles,
    Family,
    Funding,
    Fundings,
    Instrument,
    Instruments,
    Mark,
    Marks,
    OpenInterest,
    OpenInterests,
    Ticker,
    Tickers,
    Timeframe,
)
from crypto_assistant.net.api import Api, Door, Query, Response, Stop
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.limiter import Budget, Limiter

T = TypeVar("T")

RETRYABLE = {"50001", "50004", "50013", "50026"}
CLOCK = {"50102", "50112"}
LIMITS = {"50011", "50040", "50061"}
REGION = (b"country", b"region", b"restricted", b"1009")
"""What the page of a 403 says where the venue does not serve the host's country."""

TIME = "/api/v5/public/time"
INSTRUMENTS = "/api/v5/public/instruments"
TICKERS = "/api/v5/market/tickers"
TICKER = "/api/v5/market/ticker"
CANDLES = "/api/v5/market/candles"
FUNDING = "/api/v5/public/funding-rate"
MARK = "/api/v5/public/mark-price"
INDEX = "/api/v5/market/index-tickers"
OPEN_INTEREST = "/api/v5/public/open-interest"

PER_TWO_SECONDS = {
    TIME: 10,
    INSTRUMENTS: 20,
    TICKERS: 20,
    TICKER: 20,
    CANDLES: 40,
    FUNDING: 10,
    MARK: 10,
    INDEX: 20,
    OPEN_INTEREST: 20,
}
"""Requests that the venue takes from one address, counted for each path apart."""

# The plain 6H, 12H and 1D start at 16:00 UTC.
BARS = {
    Timeframe.M1: "1m",
    Timeframe.M3: "3m",
    Timeframe.M5: "5m",
    Timeframe.M15: "15m",
    Timeframe.M30: "30m",
    Timeframe.H1: "1H",
    Timeframe.H2: "2H",
    Timeframe.H4: "4H",
    Timeframe.H6: "6Hutc",
    Timeframe.H12: "12Hutc",
    Timeframe.D1: "1Dutc",
}

TICKER_FIELDS = (
    *("last", "bidPx", "askPx", "open24h", "high24h", "low24h"),
    *("vol24h", "volCcy24h"),
)


class Okx:
    """Sizes are coins on spot and contracts on perps; the perps of both families come together."""

    name: ClassVar[str] = "okx"
    title: ClassVar[str] = "OKX"
    addresses: ClassVar[Mapping[str, str]] = {"OKX_URL": "https://www.okx.com"}

    def __init__(self, door: Door, urls: Mapping[str, str]) -> None:
        limiter = Limiter(time.monotonic, door.clock_ms)
        # A tenth longer than published: on the way to the venue requests move closer together.
        self._budgets = {path: Budget(most, 2.2) for path, most in PER_TWO_SECONDS.items()}
        self._api = Api(door, urls["OKX_URL"], limiter, self._budgets[TIME], unwrap)

    async def clock_ms(self) -> int:
        return await self._get(TIME, parse=lambda data, _: int(number(data[0]["ts"])))

    async def instruments(self, family: Family) -> Instruments:
        lists = await self._get(
            INSTRUMENTS,
            [("instType", _kind(family))],
            lifetime=Lifetime.INSTRUMENTS,
            parse=_instruments,
        )
        return lists[family]

    async def tickers(self, listed: Instruments) -> Tickers:
        query = [("instType", _kind(listed.family))]
        table = await self._table(TICKERS, query, TICKER_FIELDS, Lifetime.RANKING)
        return _tickers(table, listed)

    async def ticker(self, instrument: Instrument) -> Ticker:
        table = await self._table(TICKER, [("instId", instrument.symbol)], TICKER_FIELDS)
        return _tickers(table, Instruments.one(instrument, table.received_ms))[0]

    async def candles(self, instrument: Instrument, timeframe: Timeframe, limit: int) -> Candles:
        return await self._get(
            CANDLES,
            [("instId", instrument.symbol), ("bar", BARS[timeframe]), ("limit", limit)],
            variant=instrument,
            parse=lambda data, ms: _candles(data, instrument, timeframe, ms),
        )

    async def fundings(self, listed: Instruments) -> Fundings:
        return _fundings(await self._funding("ANY"), listed)

    async def funding(self, instrument: Instrument) -> Funding:
        table = await self._funding(instrument.symbol)
        return _fundings(table, Instruments.one(instrument, table.received_ms))[0]

    async def marks(self, listed: Instruments) -> Marks:
        """The venue tells indices by quote currency: one request for each that is listed."""
        quotes = sorted({_index(symbol).partition("-")[2] for symbol in listed.symbols})
        marks, *indices = await asyncio.gather(
            self._table(MARK, [("instType", "SWAP")], ["markPx"], Lifetime.RANKING),
            *(self._indices([("quoteCcy", quote)], Lifetime.RANKING) for quote in quotes),
        )
        return _marks(marks, indices, listed)

    async def mark(self, instrument: Instrument) -> Mark:
        symbol = instrument.symbol
        mark, index = await asyncio.gather(
            self._table(MARK, [("instType", "SWAP"), ("instId", symbol)], ["markPx"]),
            self._indices([("instId", _index(symbol))]),
        )
        return _marks(mark, [index], Instruments.one(instrument, mark.received_ms))[0]

    async def open_interests(self, listed: Instruments) -> OpenInterests:
        return _open_interests(await self._open_interest(Lifetime.RANKING), listed)

    async def open_interest(self, instrument: Instrument) -> OpenInterest:
        table = await self._open_interest(Lifetime.INDICATOR, ("instId", instrument.symbol))
        return _open_interests(table, Instruments.one(instrument, table.received_ms))[0]

    async def _funding(self, symbol: str) -> Table:
        return await self._table(
            FUNDING,
            [("instId", symbol)],
            ["fundingRate", "fundingTime", "nextFundingTime"],
            Lifetime.RANKING if symbol == "ANY" else Lifetime.PRICE,
        )

    async def _indices(self, query: Query, lifetime: Lifetime = Lifetime.PRICE) -> Table:
        return await self._table(INDEX, query, ["idxPx"], lifetime)

    async def _open_interest(self, lifetime: Lifetime, *query: tuple[str, str]) -> Table:
        names = ["oi", "oiCcy", "oiUsd"]
        return await self._table(OPEN_INTEREST, [("instType", "SWAP"), *query], names, lifetime)

    async def _table(
        self, path: str, query: Query, names: Sequence[str], lifetime: Lifetime = Lifetime.PRICE
    ) -> Table:
        return await self._get(
            path,
            query,
            lifetime=lifetime,
            parse=lambda data, ms: Table.read(data, ms, "instId", names),
        )

    async def _get(
        self,
        path: str,
        query: Query = (),
        *,
        parse: Callable[[Any, int], T],
        lifetime: Lifetime = Lifetime.PRICE,
        variant: Hashable = None,
    ) -> T:
        return await self._api.get(
            path,
            query,
            parse=parse,
            budget=self._budgets[path],
            lifetime=lifetime,
            variant=variant,
        )


def unwrap(response: Response) -> Any:
    """OKX sends {"code", "msg", "data"}; errors come with HTTP 200 as well as 4xx and 5xx."""
    body = response.body if isinstance(response.body, dict) else {}
    code, message = str(body.get("code", "")), str(body.get("msg") or "no reason given")
    if code == "0":
        return body.get("data")
    if code in LIMITS:
        raise Stop
    if code in RETRYABLE:
        raise Unreachable(message)
    if code in CLOCK:
        raise ClockSkew(message)
    if response.status == 403 and any(word in response.text.lower() for word in REGION):
        raise GeoBlocked
    if not code and response.status == 200:
        raise Malformed("an answer without a code")
    raise Refused(code or f"HTTP {response.status}", message)


def _kind(family: Family) -> str:
    return "SPOT" if family is Family.SPOT else "SWAP"


def _index(symbol: str) -> str:
    """BTC-USDT-SWAP is reckoned with the index BTC-USDT, BTC-USD_UM-SWAP with BTC-USD."""
    return symbol.removesuffix("-SWAP").removesuffix("_UM")


def _instruments(payload: Any, received_ms: int) -> dict[Family, Instruments]:
    wanted = trading(rows(payload), _trades)
    return {family: _family(wanted, family, received_ms) for family in Family}


def _trades(row: Mapping[str, Any]) -> bool:
    return row["state"] == "live" and row.get("ruleType") != "pre_market"


def _family(markets: list[dict[str, Any]], family: Family, received_ms: int) -> Instruments:
    wanted = [row for row in markets if (row["ctType"] or "spot") == family.value]
    pairs = [_pair(row) for row in wanted]
    return listing(
        "okx",
        family,
        received_ms,
        symbol=[row["instId"] for row in wanted],
        coin=[coin for coin, _ in pairs],
        quote=[quote for _, quote in pairs],
        contract=[_contract(row) for row in wanted],
        tick=[number(row["tickSz"]) for row in wanted],
        tradfi=[row.get("instCategory") not in {None, "", "1"} for row in wanted],
    )


def _pair(row: Mapping[str, Any]) -> tuple[str, str]:
    """Coin and quote; perps name them only in their index."""
    if row["instType"] == "SPOT":
        return row["baseCcy"], row["quoteCcy"]
    coin, _, quote = (row.get("uly") or _index(row["instId"])).partition("-")
    return coin, quote


def _contract(row: Mapping[str, Any]) -> float:
    if row["instType"] == "SPOT":
        return 1.0
    return number(row["ctVal"]) * number(row.get("ctMult") or 1)


def _tickers(table: Table, listed: Instruments) -> Tickers:
    last, bid, ask, start, high, low, size, other = table.columns(listed.symbols, *TICKER_FIELDS)
    coins, turnover = size, other
    if listed.family is Family.LINEAR:  # The venue sends contracts and coins, no turnover.
        coins, turnover = other, other * last
    elif listed.family is Family.INVERSE:
        coins, turnover = other, size * listed.contract
    return Tickers(
        instruments=listed,
        last=price(last) / listed.multiplier,
        bid=price(bid) / listed.multiplier,
        ask=price(ask) / listed.multiplier,
        change_24h=price(last) / price(start) - 1,
        high_24h=price(high) / listed.multiplier,
        low_24h=price(low) / listed.multiplier,
        volume_24h=coins * listed.multiplier,
        turnover_24h=turnover,
        received_ms=table.received_ms,
    )


def _fundings(table: Table, listed: Instruments) -> Fundings:
    # "fundingTime" is the settlement to come, "nextFundingTime" the one after it.
    rate, next_ms, later_ms = table.columns(
        listed.symbols, "fundingRate", "fundingTime", "nextFundingTime"
    )
    hours = (price(later_ms) - price(next_ms)) / HOUR_MS
    return Fundings(listed, rate, price(hours), price(next_ms), table.received_ms)


def _marks(table: Table, indices: Sequence[Table], listed: Instruments) -> Marks:
    (mark,) = table.columns(listed.symbols, "markPx")
    names = [_index(symbol) for symbol in listed.symbols]
    index = np.fmax.reduce([answer.columns(names, "idxPx")[0] for answer in indices])
    return Marks(
        listed,
        price(mark) / listed.multiplier,
        price(index) / listed.multiplier,
        table.received_ms,
    )


def _open_interests(table: Table, listed: Instruments) -> OpenInterests:
    contracts, coins, usd = table.columns(listed.symbols, "oi", "oiCcy", "oiUsd")
    if listed.family is Family.INVERSE:
        usd = contracts * listed.contract
    return OpenInterests(listed, coins * listed.multiplier, usd, table.received_ms)


def _candles(payload: Any, instrument: Instrument, timeframe: Timeframe, now_ms: int) -> Candles:
    bars = matrix(payload, 9)[::-1]  # The venue sends the newest first.
    coins = bars[:, 5] if instrument.family is Family.SPOT else bars[:, 6]
    return candles(
        instrument,
        timeframe,
        now_ms,
        bars=bars,
        volume=coins * instrument.multiplier,
        turnover=bars[:, 7],
        closed=bars[:, 8] == 1,
    )
