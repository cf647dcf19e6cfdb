"""Bybit v5: spot, USDT and USDC perps, coin-margined perps over REST.

https://bybit-exchange.github.io/docs/v5/intro
"""

import time
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from crypto_assistant.errors import ClockSkew, GeoBlocked, Malformed, Refused, Unreachable
from crypto_assistant.exchanges.base import (
    NO_MARKET,
    Table,
    candles,
    listing,
    matrix,
    number,
    price,
    rows,
)
from crypto_assistant.models import (
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
from crypto_assistant.net.api import Api, Door, Response, Stop
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.limiter import Budget, Limiter

RETRYABLE = {"10000", "10016", "131001", "131003", "170007", "3400214"}
CLOCK = {"10002"}
LIMITS = {"10006", "10018", "10429"}
REGION = {"10009", "10024"}

BAN_SECONDS = 600
"""How long an address must be silent after it broke the limit of its address."""

MOST_PAGES = 10
"""Of instruments; a cursor that leads on for ever does not."""

CRYPTO = {"", "innovation", "adventure"}
"""The `symbolType` of coins; stocks, metals, currencies, funds have names of their own."""

INTERVALS = {
    Timeframe.M1: "1",
    Timeframe.M3: "3",
    Timeframe.M5: "5",
    Timeframe.M15: "15",
    Timeframe.M30: "30",
    Timeframe.H1: "60",
    Timeframe.H2: "120",
    Timeframe.H4: "240",
    Timeframe.H6: "360",
    Timeframe.H12: "720",
    Timeframe.D1: "D",
}

TICKER = (
    *("lastPrice", "bid1Price", "ask1Price", "price24hPcnt", "highPrice24h", "lowPrice24h"),
    *("volume24h", "turnover24h"),
)
FUNDING = ("fundingRate", "fundingIntervalHour", "nextFundingTime")
MARK = ("markPrice", "indexPrice")
OPEN_INTEREST = (
    "singleOpenInterest",
    "singleOpenInterestValue",
    "openInterest",
    "openInterestValue",
)


class Bybit:
    """Sizes are coins on spot and linear perps, USD on inverse ones.

    Ticker, funding, mark and open interest are one answer, asked for and kept once.
    """

    name: ClassVar[str] = "bybit"
    title: ClassVar[str] = "Bybit"
    addresses: ClassVar[Mapping[str, str]] = {"BYBIT_URL": "https://api.bybit.com"}

    def __init__(self, door: Door, urls: Mapping[str, str]) -> None:
        limiter = Limiter(time.monotonic, door.clock_ms)
        # Published: 600. Whoever breaks it is shut out for ten minutes.
        budget = Budget(540, 5)
        self._api = Api(door, urls["BYBIT_URL"], limiter, budget, unwrap)

    async def clock_ms(self) -> int:
        return await self._api.get(
            "/v5/market/time",
            parse=lambda result, _: int(number(result["timeNano"][:-6])),
        )

    async def instruments(self, family: Family) -> Instruments:
        pages = [await self._page(family, "")]
        while (cursor := pages[-1].cursor) and len(pages) < MOST_PAGES:
            pages.append(await self._page(family, cursor))
        wanted = [market for page in pages for market in page.markets]
        if not wanted:
            raise Unreachable(NO_MARKET)
        return _instruments(wanted, family, pages[0].received_ms)

    async def tickers(self, listed: Instruments) -> Tickers:
        return _tickers(await self._market(listed.family), listed)

    async def ticker(self, instrument: Instrument) -> Ticker:
        table = await self._market(instrument.family, instrument.symbol)
        return _tickers(table, Instruments.one(instrument, table.received_ms))[0]

    async def candles(self, instrument: Instrument, timeframe: Timeframe, limit: int) -> Candles:
        return await self._api.get(
            "/v5/market/kline",
            [
                ("category", instrument.family.value),
                ("symbol", instrument.symbol),
                ("interval", INTERVALS[timeframe]),
                ("limit", limit),
            ],
            variant=instrument,
            parse=lambda result, ms: _candles(result["list"], instrument, timeframe, ms),
        )

    async def fundings(self, listed: Instruments) -> Fundings:
        return _fundings(await self._market(listed.family), listed)

    async def funding(self, instrument: Instrument) -> Funding:
        table = await self._market(instrument.family, instrument.symbol)
        return _fundings(table, Instruments.one(instrument, table.received_ms))[0]

    async def marks(self, listed: Instruments) -> Marks:
        return _marks(await self._market(listed.family), listed)

    async def mark(self, instrument: Instrument) -> Mark:
        table = await self._market(instrument.family, instrument.symbol)
        return _marks(table, Instruments.one(instrument, table.received_ms))[0]

    async def open_interests(self, listed: Instruments) -> OpenInterests:
        return _open_interests(await self._market(listed.family), listed)

    async def open_interest(self, instrument: Instrument) -> OpenInterest:
        table = await self._market(instrument.family, instrument.symbol)
        return _open_interests(table, Instruments.one(instrument, table.received_ms))[0]

    async def _market(self, family: Family, symbol: str | None = None) -> Table:
        """One market's ticker row, or all of the family."""
        names = TICKER if family is Family.SPOT else TICKER + FUNDING + MARK + OPEN_INTEREST
        return await self._api.get(
            "/v5/market/tickers",
            [("category", family.value), *([("symbol", symbol)] if symbol else [])],
            lifetime=Lifetime.PRICE if symbol else Lifetime.RANKING,
            parse=lambda result, ms: Table.read(result["list"], ms, "symbol", names),
        )

    async def _page(self, family: Family, cursor: str) -> "Page":
        path = f"/v5/market/instruments-info?category={family.value}&limit=1000"
        return await self._api.get(
            # The venue sends its cursors percent-encoded already.
            f"{path}&cursor={cursor}" if cursor else path,
            lifetime=Lifetime.INSTRUMENTS,
            # Only a page after a full one may be empty.
            parse=lambda result, ms: _page(
                result["list"] if cursor else rows(result["list"]), result, ms
            ),
        )


class Market(NamedTuple):
    """What is kept of one row of the instrument list."""

    symbol: str
    coin: str
    quote: str
    tick: float
    tradfi: bool


class Page(NamedTuple):
    """A part of the instrument list, and where the next part begins ("": nowhere)."""

    markets: list[Market]
    cursor: str
    received_ms: int


def unwrap(response: Response) -> Any:
    """Bybit sends {"retCode", "retMsg", "result"}, nearly always with HTTP 200."""
    if response.status == 403 and b"too frequent" in response.text.lower():
        raise Stop(BAN_SECONDS)
    body = response.body if isinstance(response.body, dict) else {}
    code, message = str(body.get("retCode", "")), str(body.get("retMsg") or "no reason given")
    if code == "0":
        return body.get("result")
    if response.status == 403 or code in REGION:
        raise GeoBlocked
    if code in LIMITS:
        raise Stop(_seconds_to_reset(response))
    if code in RETRYABLE:
        raise Unreachable(message)
    if code in CLOCK:
        raise ClockSkew(message)
    if not code and response.status == 200:
        raise Malformed("an answer without a code")
    raise Refused(code or f"HTTP {response.status}", message)


def _seconds_to_reset(response: Response) -> float | None:
    """By the venue's own clock, on which it stamps both times."""
    reset = number(response.headers.get("X-Bapi-Limit-Reset-Timestamp"))
    seconds = (reset - number(response.body.get("time"))) / 1000
    return seconds if seconds > 0 else None


def _page(markets: list[dict[str, Any]], result: Any, received_ms: int) -> Page:
    cursor = result.get("nextPageCursor") if markets else ""
    return Page([_market(row) for row in markets if _trades(row)], cursor or "", received_ms)


def _trades(row: Mapping[str, Any]) -> bool:
    perp = row.get("contractType", "LinearPerpetual") in {"LinearPerpetual", "InversePerpetual"}
    return perp and row["status"] == "Trading" and not row.get("isPreListing")


def _market(row: Mapping[str, Any]) -> Market:
    # USDC perps are quoted in "USD" on some of the venue's sites; they settle in USDC on all.
    settle = row.get("settleCoin")
    linear = row.get("contractType") == "LinearPerpetual"
    return Market(
        symbol=row["symbol"],
        coin=row["baseCoin"],
        quote=settle if linear and settle else row["quoteCoin"],
        tick=number(row["priceFilter"]["tickSize"]),
        tradfi=(row.get("symbolType") or "") not in CRYPTO,
    )


def _instruments(markets: list[Market], family: Family, received_ms: int) -> Instruments:
    return listing(
        "bybit",
        family,
        received_ms,
        symbol=[market.symbol for market in markets],
        coin=[market.coin for market in markets],
        quote=[market.quote for market in markets],
        contract=[1.0] * len(markets),
        tick=[market.tick for market in markets],
        tradfi=[market.tradfi for market in markets],
    )


def _tickers(table: Table, listed: Instruments) -> Tickers:
    last, bid, ask, change, high, low, volume, turnover = table.columns(listed.symbols, *TICKER)
    coins = volume * listed.multiplier
    if listed.family is Family.INVERSE:  # Volume counts USD, turnover coins.
        coins, turnover = turnover, volume * listed.contract
    return Tickers(
        instruments=listed,
        last=price(last) / listed.multiplier,
        bid=price(bid) / listed.multiplier,
        ask=price(ask) / listed.multiplier,
        change_24h=np.where(last == 0, np.nan, change),
        high_24h=price(high) / listed.multiplier,
        low_24h=price(low) / listed.multiplier,
        volume_24h=coins,
        turnover_24h=turnover,
        received_ms=table.received_ms,
    )


def _fundings(table: Table, listed: Instruments) -> Fundings:
    rate, hours, next_ms = table.columns(listed.symbols, *FUNDING)
    return Fundings(listed, rate, price(hours), price(next_ms), table.received_ms)


def _marks(table: Table, listed: Instruments) -> Marks:
    mark, index = table.columns(listed.symbols, *MARK)
    return Marks(
        listed,
        price(mark) / listed.multiplier,
        price(index) / listed.multiplier,
        table.received_ms,
    )


def _open_interests(table: Table, listed: Instruments) -> OpenInterests:
    single, single_value, both, both_value = table.columns(listed.symbols, *OPEN_INTEREST)
    # The older fields count the long and the short side of every contract.
    size = np.where(np.isnan(single), both / 2, single)
    value = np.where(np.isnan(single_value), both_value / 2, single_value)
    coins, usd = size * listed.multiplier, value
    if listed.family is Family.INVERSE:  # Open interest counts USD, its value coins.
        coins, usd = value, size * listed.contract
    return OpenInterests(listed, coins, usd, table.received_ms)


def _candles(payload: Any, instrument: Instrument, timeframe: Timeframe, now_ms: int) -> Candles:
    bars = matrix(payload, 7)[::-1]  # The venue sends the newest first.
    volume, turnover = bars[:, 5] * instrument.multiplier, bars[:, 6]
    if instrument.family is Family.INVERSE:
        volume, turnover = bars[:, 6], bars[:, 5] * instrument.contract
    return candles(
        instrument,
        timeframe,
        now_ms,
        bars=bars,
        volume=volume,
        turnover=turnover,
        closed=bars[:, 0] + timeframe.ms <= now_ms,
    )
