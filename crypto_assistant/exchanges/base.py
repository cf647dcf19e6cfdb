"""What the program asks of an exchange, and how every adapter reads numbers."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import nan
from sys import intern
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.errors import GeoBlocked, Malformed, Unreachable
from crypto_assistant.models import (
    AccountLog,
    Balance,
    Candles,
    Family,
    Fills,
    Find,
    Floats,
    Funding,
    Fundings,
    Instrument,
    Instruments,
    LongShorts,
    Mark,
    Marks,
    OpenInterest,
    OpenInterestHistory,
    OpenInterests,
    Permissions,
    Positions,
    TakerVolumes,
    Ticker,
    Tickers,
    Timeframe,
    Trades,
    Wallet,
)
from crypto_assistant.net.api import Api, Door, Reads, Response, Stop
from crypto_assistant.net.limiter import Budget, Limiter
from crypto_assistant.net.signed import Key, VenueClock

LIVE = "live"
NO_MARKET = "no market trades now"
FIREWALL_SECONDS = 60
"""How long to be silent after a firewall's refusal, which names no time."""
COUNTRY = re.compile(
    rb"\bcountry\b|\byour region\b|restricted location|error code: 1009", re.IGNORECASE
)
"""What is said where a venue does not serve the host's country; 1009 is how Cloudflare says it."""
LARGEST = 1e30
"""No price, size or amount of money is larger: what is, is no number of a market's."""
FEW = 8
"""Cells for which numpy's detour costs more than it saves."""


class Exchange(Protocol):
    """Market data of one venue. Every method raises ExchangeError, Unsupported among them.

    Series are in ascending order, the bar or sample that is still forming included.
    """

    name: ClassVar[str]
    """As it is written in commands: `binance`."""
    title: ClassVar[str]
    """As it is shown: `Binance`."""
    addresses: ClassVar[Mapping[str, str]]
    """The setting of each base address and its public default."""
    reads: ClassVar[Reads]
    """Every request that the adapter may send."""
    credentials: ClassVar[tuple[str, ...]]
    """The settings of the key's name, its secret and, where the venue wants one, passphrase."""
    practice: ClassVar["Practice"]
    """Where play money is traded."""
    limiter: Limiter
    """What keeps all requests to the venue within its limits."""
    hosts: Mapping[str, Api]
    """Each base address, by what is found there: `spot`; their `health` tells how they are."""

    @property
    def used(self) -> Mapping[str, "Used"]:
        """How much of each of the venue's limits is spent in the window that ends now."""

    def __init__(self, door: Door, urls: Mapping[str, str]) -> None:
        """`urls`: the base address behind each setting of `addresses`."""

    def account(self, key: Key, environment: str = LIVE) -> "Account":
        """What the owner's key may read, at the same addresses."""

    async def clock_ms(self) -> int:
        """The venue's own time."""

    async def instruments(self, family: Family) -> Instruments:
        """Every market of the family that trades now, dated futures among them."""

    async def tickers(self, listed: Instruments) -> Tickers:
        """All tickers of `listed`, spot markets or perps, in one request."""

    async def ticker(self, instrument: Instrument) -> Ticker:
        """One market's ticker."""

    async def candles(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> Candles:
        """The last `limit` bars that open before `end_ms`; None: the forming one included."""

    async def taker_volumes(
        self, instrument: Instrument, timeframe: Timeframe, limit: int
    ) -> TakerVolumes:
        """What takers did in the last `limit` bars, as far back as the venue tells it.

        Unsupported where it does not tell it in bars of that length.
        """

    async def trades(self, instrument: Instrument) -> Trades:
        """The newest trades, as many as come with one request."""

    async def fundings(self, listed: Instruments) -> Fundings:
        """Funding of every perp of `listed`."""

    async def funding(self, instrument: Instrument) -> Funding:
        """One perp's funding."""

    async def marks(self, listed: Instruments) -> Marks:
        """Mark and index prices of every perp of `listed`."""

    async def mark(self, instrument: Instrument) -> Mark:
        """One perp's mark and index price."""

    async def open_interests(self, listed: Instruments) -> OpenInterests:
        """Open interest of all of `listed`, perps or dated futures, in one request.

        Unsupported where it is told one by one.
        """

    async def open_interest(self, instrument: Instrument) -> OpenInterest:
        """One perp's open interest."""

    async def open_interest_history(
        self, instrument: Instrument, timeframe: Timeframe, limit: int, end_ms: int | None = None
    ) -> OpenInterestHistory:
        """The last `limit` samples at or before `end_ms`, one per `timeframe` (5m to 4h)."""

    async def long_shorts(self, instrument: Instrument) -> LongShorts:
        """Who is long, by each of the venue's own counts."""


class Account(Protocol):
    """What one of the owner's keys may read. Every method raises ExchangeError."""

    venue: str
    environment: str
    """`live`, or what the venue calls its play money."""
    clock: VenueClock
    margined: ClassVar[tuple[Wallet, ...]]
    """The wallets that derivatives are margined with: what the log is about."""
    families: ClassVar[tuple[Family, ...]]
    """In which positions are asked for, one request or more each."""
    log_window_ms: ClassVar[int]
    """The longest part of the log that is asked for at once."""
    log_reach_ms: ClassVar[int]
    """How far back the venue keeps the log."""

    @property
    def wallets(self) -> tuple[Wallet, ...]:
        """All that can be asked for."""

    @property
    def unread(self) -> tuple[str, ...]:
        """Where the owner may have money that is not looked at: `Earn`."""

    async def permissions(self) -> Permissions:
        """Whose key it is, and what it may do; play money needs no look at the latter."""

    async def balance(self, wallet: Wallet) -> Balance:
        """What is in one of `wallets`."""

    async def positions(self, family: Family, find: Find) -> Positions:
        """Every open position of the family, dated futures among them."""

    async def log(self, start_ms: int, end_ms: int) -> AccountLog:
        """Every line of [`start_ms`, `end_ms`), at most `log_window_ms`, all of its pages."""

    def settled(self, instrument: Instrument) -> str:
        """How often the log realises what a position won, open as it is: `daily`; "" for never."""

    async def fills(self, instrument: Instrument, start_ms: int, end_ms: int) -> Fills:
        """The trades of one market, all pages of them; as far back as the venue keeps them."""


class Used(NamedTuple):
    """Units spent and how many may be: requests, or weight where the venue counts that."""

    units: float
    limit: float


@dataclass(frozen=True, slots=True)
class Practice:
    """A venue's play money.

    `setting`: what switches it on. `addresses`: of each environment, the base addresses that
    differ from those of real money; the first environment is meant by "true".
    """

    setting: str
    addresses: Mapping[str, Mapping[str, str]]


def forbidden(response: Response) -> GeoBlocked | Stop:
    """What a 403 means that carries no code of the venue's: the country, or too many requests."""
    return GeoBlocked() if COUNTRY.search(response.text) else Stop(FIREWALL_SECONDS)


def used(budget: Budget) -> Used:
    """What is spent of it now."""
    return Used(budget.used(time.monotonic()), budget.limit)


def number(value: object) -> float:
    """A venue's number, usually a string; NaN for null, "" and what no market can have."""
    if value is None or value == "":
        return nan
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Malformed(f"a {type(value).__name__} where a number belongs")
    try:
        result = float(value)
    except ValueError as e:
        raise Malformed("a text where a number belongs") from e
    return result if abs(result) < LARGEST else nan


def numbers(cells: Sequence[Any]) -> Floats:
    """Many of a venue's numbers; the detour over `number` only where one is not plainly one."""
    if len(cells) > FEW and set(map(type, cells)) <= {str, int, float}:
        with suppress(ValueError):
            column = np.fromiter(map(float, cells), float, len(cells))
            return np.where(np.abs(column) < LARGEST, column, nan)
    return np.array([number(cell) for cell in cells], float)


def rows(payload: object) -> list[dict[str, Any]]:
    """The payload as a list of objects; an empty one is no answer."""
    if not isinstance(payload, list) or not all(isinstance(row, dict) for row in payload):
        raise Malformed("not the documented list")
    if not payload:
        raise Malformed("an empty list")
    return payload


def trading(
    markets: list[dict[str, Any]], trades: Callable[[Mapping[str, Any]], bool]
) -> list[dict[str, Any]]:
    """The markets that trade; none at all is maintenance, not an empty exchange."""
    wanted = [market for market in markets if trades(market)]
    if not wanted:
        raise Unreachable(NO_MARKET)
    return wanted


def listing(
    venue: str,
    family: Family,
    received_ms: int,
    *,
    symbol: Sequence[str],
    coin: Sequence[str],
    quote: Sequence[str],
    contract: Sequence[float],
    tick: Sequence[float],
    tradfi: Sequence[bool],
    expires_ms: Sequence[float] = (),
) -> Instruments:
    """The markets of one answer, each named after what the venue calls its coin.

    `expires_ms`: NaN or 0 for what is not dated; empty where nothing is.
    """
    return Instruments(
        venue,
        family,
        tuple(symbol),
        tuple(intern(name) for name in coin),
        tuple(intern(name) for name in quote),
        np.ones(len(symbol)),
        np.array(contract, float),
        np.array(tick, float),
        np.array(tradfi, bool),
        price(np.array(expires_ms, float)) if expires_ms else np.full(len(symbol), nan),
        received_ms,
    )


class Table:
    """The numbers of one answer, a row per market: small enough to keep, read against any list."""

    def __init__(self, row: Mapping[str, int], column: Mapping[str, Floats], received_ms: int):
        self._row = row
        self._column = column
        self.received_ms = received_ms

    @classmethod
    def read(cls, payload: object, received_ms: int, key: str, names: Sequence[str]) -> "Table":
        """The fields `names` of every object of the list, by the symbol under `key`.

        A field that is missing, null or "" is NaN.
        """
        markets = rows(payload)
        return cls(
            {market[key]: i for i, market in enumerate(markets)},
            # The NaN at the end is what markets that are not in the answer find at -1.
            {name: numbers([market.get(name) for market in markets] + [nan]) for name in names},
            received_ms,
        )

    def columns(self, symbols: Sequence[str], *names: str) -> list[Floats]:
        """One column per name, aligned with `symbols`; NaN for those that the answer lacks."""
        at = np.array([self._row.get(symbol, -1) for symbol in symbols], int)
        return [self._column[name][at] for name in names]


def price(column: Floats) -> Floats:
    """A column of prices or times: zero is a placeholder for none."""
    return np.where(column > 0, column, nan)


def matrix(payload: Sequence[Sequence[object]], width: int) -> Floats:
    """Rows of arrays (candles) as a matrix of their first `width` numbers; the time is first."""
    if payload == []:
        raise Malformed("an empty list")
    cells = [cell for row in payload for cell in row[:width]]
    if not payload or len(cells) != width * len(payload):
        raise Malformed("not the documented bars")
    bars = numbers(cells).reshape(-1, width)
    if np.isnan(bars[:, 0]).any():
        raise Malformed("a bar without its time")
    return bars


def candles(
    instrument: Instrument,
    timeframe: Timeframe,
    received_ms: int,
    *,
    bars: Floats,
    volume: Floats,
    turnover: Floats,
    closed: NDArray[np.bool_],
    taker_buy: Floats | None = None,
    taker_buy_turnover: Floats | None = None,
) -> Candles:
    """Candles of bars that open with time, open, high, low, close in the venue's prices."""
    if len(bars) and np.isnan(bars[:, 4]).all():
        raise Malformed("bars without their prices")
    return Candles(
        instrument,
        timeframe,
        open_ms=bars[:, 0].astype(np.int64),
        open=bars[:, 1] / instrument.multiplier,
        high=bars[:, 2] / instrument.multiplier,
        low=bars[:, 3] / instrument.multiplier,
        close=bars[:, 4] / instrument.multiplier,
        volume=volume,
        turnover=turnover,
        taker_buy=taker_buy,
        taker_buy_turnover=taker_buy_turnover,
        closed=closed,
        received_ms=received_ms,
    )
