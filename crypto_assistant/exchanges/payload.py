"""How every adapter reads a venue's answers: numbers, times, names, rows, tables.

A row that cannot be read is left out and counted; a list with too many of them is Malformed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from math import nan
from sys import intern
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from crypto_assistant import foreign
from crypto_assistant.errors import Malformed, Unreachable
from crypto_assistant.exchanges import sound
from crypto_assistant.models import Candles, Family, Floats, Instrument, Instruments, Timeframe
from crypto_assistant.net.response import UNREADABLE
from crypto_assistant.net.unread import left_out

S = TypeVar("S")
T = TypeVar("T")

NO_MARKET = "no market trades now"
LARGEST = 1e30
"""No price, size or amount of money is larger: what is, is no number of a market's."""
FEW = 8
"""Cells for which numpy's detour costs more than it saves."""
MOST_UNREAD = 0.1
"""Of a list; one that has more that cannot be read is not the documented one."""
MOST_BACK_MS = 60_000
"""By which a trade may be dated before the one before it; no documentation says that none is."""
LONGEST_NAME, LONGEST_KEY = 40, 100
CODE = re.compile(r"-?[0-9]{1,10}")
MARKUP = frozenset("<>&\"'`")
EARLIEST_MS, LATEST_MS = 1_262_304_000_000, 4_102_444_800_000
"""2010 and 2100, UTC: what a venue dates outside is no time of a market's.

Binance says that a perp is delivered on 25 December 2100.
"""


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


def name(value: object) -> str:
    """What a venue calls a market or a coin; raises Malformed for what cannot be shown as one."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME:
        raise Malformed("no name where one belongs")
    if not _is_plain(value):
        raise Malformed("a name of other characters")
    return intern(value)


def kind(value: object) -> str:
    """What a venue calls a kind of thing, "" where it has no word for it; else as `name`."""
    return "" if value == "" else name(value)


def null_as_empty(value: object) -> object:
    """A field that says by "" that there is nothing to say, and may do so by null."""
    return "" if value is None else value


def key(value: object) -> str:
    """What a venue tells its rows apart by, a whole number or a text; else raises Malformed."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Malformed("no key where one belongs")
    text = str(value)
    if len(text) > LONGEST_KEY or not _is_plain(text):
        raise Malformed("a key of other characters")
    return text


def _is_plain(text: str) -> bool:
    return foreign.clear(text) == text and not MARKUP & set(text)


def error_code(value: object) -> str:
    """A venue's number of what went wrong, or of success; "" where there is none."""
    text = "" if isinstance(value, bool) else str(value)
    return text if CODE.fullmatch(text) else ""


def uid(value: object) -> str:
    """Whose account it is, in digits; raises Malformed where that is not told."""
    text = str(value)
    if not text.isdecimal() or len(text) > LONGEST_NAME or int(text) == 0:
        raise Malformed("an account without its id")
    return text


def withdraws(powers: Iterable[str]) -> bool:
    """Whether one of a key's powers is to withdraw, whatever else its name says."""
    return any("withdraw" in power.lower() for power in powers)


def moment(value: object) -> int:
    """A time in ms that is needed; raises Malformed where it is none."""
    found = number(value)
    if not EARLIEST_MS <= found < LATEST_MS:
        raise Malformed("no time where one belongs")
    return int(found)


def readable(sent: Sequence[S], read: Callable[[S], T]) -> list[T]:
    """What `read` makes of each row; those that it cannot read are left out and counted.

    Raises Malformed where they are more than a tenth.
    """
    found = []
    for row in sent:
        try:
            found.append(read(row))
        except (Malformed, *UNREADABLE):
            continue
    unread = len(sent) - len(found)
    if unread > MOST_UNREAD * len(sent):
        raise Malformed("its rows cannot be read")
    left_out(unread)
    return found


def rows(payload: object) -> list[dict[str, Any]]:
    """The payload as a list of objects; an empty one is no answer."""
    return readable(filled(payload), _object)


def every(payload: object) -> list[dict[str, Any]]:
    """The same where a sum is made of the rows: one that is no object makes the list Malformed."""
    return [_object(row) for row in filled(payload)]


def filled(payload: object) -> list[Any]:
    """The payload as a list of whatever; an empty one is no answer."""
    if not isinstance(payload, list):
        raise Malformed("not the documented list")
    if not payload:
        raise Malformed("an empty list")
    return payload


def _object(row: object) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise Malformed("not the documented object")
    return row


def instrument(
    venue: str,
    family: Family,
    *,
    symbol: object,
    coin: object,
    quote: object,
    tick: object,
    contract: float = 1.0,
    tradfi: bool = False,
    expires_ms: int | None = None,
) -> Instrument:
    """One market, named after what the venue calls its coin."""
    return Instrument(
        venue,
        family,
        symbol=name(symbol),
        coin=name(coin),
        quote=name(quote),
        multiplier=1.0,
        contract=contract if contract > 0 else nan,
        tick=number(tick),
        tradfi=tradfi,
        expires_ms=expires_ms,
    )


def listing(
    venue: str,
    family: Family,
    received_ms: int,
    markets: Sequence[Instrument],
    *,
    unread: int,
) -> Instruments:
    """The markets of one answer that trade; `unread`: rows that were left out.

    Raises Unreachable where there is none: that is maintenance, not an empty exchange.
    """
    if not markets:
        raise Unreachable(NO_MARKET)
    return sound.instruments(Instruments.of(venue, family, markets, received_ms, unread))


class Table:
    """The numbers of one answer, a row per market: small enough to keep, read against any list."""

    def __init__(self, row: Mapping[str, int], column: Mapping[str, Floats], received_ms: int):
        self._row = row
        self._column = column
        self.received_ms = received_ms

    @classmethod
    def read(cls, payload: object, received_ms: int, key: str, names: Sequence[str]) -> "Table":
        """The fields `names` of every object of the list, by the symbol under `key`.

        A field that is missing, null or "" is NaN; an object with one that is no number, or
        without its symbol, is left out.
        """
        markets = filled(payload)
        try:
            row, column = _columns(markets, key, names)
        except (Malformed, *UNREADABLE):
            found = readable(markets, lambda one: (one, _columns([one], key, names)))
            row, column = _columns([one for one, _ in found], key, names)
        return cls(row, column, received_ms)

    def columns(self, symbols: Sequence[str], *names: str) -> list[Floats]:
        """One column per name, aligned with `symbols`; NaN for those that the answer lacks."""
        at = np.array([self._row.get(symbol, -1) for symbol in symbols], int)
        return [self._column[name][at] for name in names]


def _columns(
    markets: Sequence[Mapping[str, Any]], key: str, names: Sequence[str]
) -> tuple[dict[str, int], dict[str, Floats]]:
    """Row numbers by symbol, and the columns."""
    return (
        {name(market[key]): i for i, market in enumerate(markets)},
        # The NaN at the end is what markets that are not in the answer find at -1.
        {field: numbers([market.get(field) for market in markets] + [nan]) for field in names},
    )


def price(column: Floats) -> Floats:
    """A column of prices: zero is a placeholder for none, and what is less is for `sound`."""
    return np.where(column == 0, nan, column)


def times(column: Floats) -> Floats:
    """A column of times in ms: NaN where one is none of a market's, as 0 is."""
    return np.where((column >= EARLIEST_MS) & (column < LATEST_MS), column, nan)


def needed(what: str, column: Floats) -> Floats:
    """A column of what a sum is made of; raises Malformed where one is missing."""
    if np.isnan(column).any():
        raise Malformed(f"a row without its {what}")
    return column


def in_turn(time: Floats) -> Floats:
    """The times of trades in the order in which the venue numbers them.

    Raises Malformed where they go back: since when nothing is missing would be told by a wrong one.
    """
    if (np.maximum.accumulate(time) - time > MOST_BACK_MS).any():
        raise Malformed("trades out of order")
    return time


def matrix(payload: object, width: int, newest: int | None = None) -> Floats:
    """Rows of arrays (candles) as a matrix of their first `width` numbers; the time is first.

    A row without its time, or with less than that, is left out. Raises Malformed for an empty list,
    and where the row number `newest` cannot be read: without it the one before would pass for it.
    """
    if payload == []:
        raise Malformed("an empty list")
    if not isinstance(payload, list):
        raise Malformed("not the documented bars")
    with suppress(Malformed, *UNREADABLE):
        return _bars(payload, width)
    if newest is not None:
        readable([payload[newest]], lambda row: _bars([row], width))
    return np.concatenate(readable(payload, lambda row: _bars([row], width)))


def series(payload: object, names: Sequence[str], newest: int | None = None) -> list[Floats]:
    """The fields `names` of a list of objects as columns, the time first; as `matrix` does."""
    cells = [_fields(row, names) for row in filled(payload)]
    return list(matrix(cells, len(names), newest).T)


def _fields(row: object, names: Sequence[str]) -> list[object]:
    """None of them where it is no object."""
    return [row.get(field) for field in names] if isinstance(row, dict) else []


def _bars(payload: Sequence[Sequence[object]], width: int) -> Floats:
    cells = [cell for row in payload for cell in row[:width]]
    if len(cells) != width * len(payload):
        raise Malformed("not the documented bars")
    bars = numbers(cells).reshape(-1, width)
    if np.isnan(times(bars[:, 0])).any():
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
    opened = bars[:, 0]
    newest = opened[opened <= received_ms + sound.CLOCK_OFF_MS].max(initial=0)
    return Candles(
        instrument,
        timeframe,
        open_ms=opened.astype(np.int64),
        open=bars[:, 1] / instrument.multiplier,
        high=bars[:, 2] / instrument.multiplier,
        low=bars[:, 3] / instrument.multiplier,
        close=bars[:, 4] / instrument.multiplier,
        volume=volume,
        turnover=turnover,
        taker_buy=taker_buy,
        taker_buy_turnover=taker_buy_turnover,
        # Behind a newer one none is forming, whatever any clock says.
        closed=closed | (opened < newest),
        received_ms=received_ms,
    )
