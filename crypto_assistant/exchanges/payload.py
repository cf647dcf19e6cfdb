"""How every adapter reads a venue's answers: numbers, names, rows, tables."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import nan
from sys import intern
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.errors import GeoBlocked, Malformed, Unreachable
from crypto_assistant.models import Candles, Family, Floats, Instrument, Instruments, Timeframe
from crypto_assistant.net.api import Response, Stop

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


def forbidden(response: Response) -> GeoBlocked | Stop:
    """What a 403 means that carries no code of the venue's: the country, or too many requests."""
    return GeoBlocked() if COUNTRY.search(response.text) else Stop(FIREWALL_SECONDS)


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
