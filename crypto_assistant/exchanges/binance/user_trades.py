"""The owner's trades of one market of Binance's futures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from crypto_assistant.errors import DAY_MS, Malformed
from crypto_assistant.exchanges.binance.told import amount, each
from crypto_assistant.models import Family, Fills, Instrument

MOST_ROWS = 1000
WINDOW_MS = 7 * DAY_MS
KEPT_MS = 180 * DAY_MS

SIDES = {"BUY": 1.0, "SELL": -1.0}
LEGS = {"BOTH": 0, "LONG": 1, "SHORT": -1}

Window = tuple[int, int]
"""A part of time, without its end."""

Ask = Callable[[Window], Awaitable["Page"]]


class Trade(NamedTuple):
    """One row in the units of `Fills`; of equal times the venue's number tells the order."""

    time_ms: float
    number: float
    size: float
    price: float
    leg: float


@dataclass(frozen=True, slots=True)
class Page:
    """The trades of a part of time; a full page may lack some of them."""

    trades: Sequence[Trade]
    full: bool
    received_ms: int

    @classmethod
    def read(cls, payload: Any, window: Window, instrument: Instrument, received_ms: int) -> "Page":
        start_ms, end_ms = window
        found = [_trade(row, instrument) for row in each(payload)]
        if not all(start_ms <= trade.time_ms < end_ms for trade in found):
            raise Malformed("a trade of another time than asked for")
        return cls(found, len(found) >= MOST_ROWS, received_ms)


async def whole(ask: Ask, start_ms: int, end_ms: int) -> list[Page]:
    """Pages that together have every trade of [`start_ms`, `end_ms`)."""
    starts = range(start_ms, end_ms, WINDOW_MS)
    return await _joined(ask, [(start, min(start + WINDOW_MS, end_ms)) for start in starts])


def fills(instrument: Instrument, start_ms: int, end_ms: int, pages: Sequence[Page]) -> Fills:
    trades = sorted(trade for page in pages for trade in page.trades)
    time_ms, _, size, price, leg = np.array(trades, float).reshape(-1, len(Trade._fields)).T
    return Fills(
        instrument,
        start_ms,
        end_ms,
        time_ms=time_ms.astype(np.int64),
        size=size,
        price=price,
        leg=leg.astype(np.int64),
        received_ms=min((page.received_ms for page in pages), default=end_ms),
    )


async def _joined(ask: Ask, windows: Sequence[Window]) -> list[Page]:
    found = await asyncio.gather(*(_window(ask, window) for window in windows))
    return [page for pages in found for page in pages]


async def _window(ask: Ask, window: Window) -> list[Page]:
    """Halved for as long as it has more trades than a page.

    So it is of no account which end the venue cuts, or how far back it goes by a trade's number.
    """
    page = await ask(window)
    if not page.full:
        return [page]
    start_ms, end_ms = window
    middle_ms = (start_ms + end_ms) // 2
    if middle_ms == start_ms:
        raise Malformed("more trades in a millisecond than a page holds")
    return await _joined(ask, [(start_ms, middle_ms), (middle_ms, end_ms)])


def _trade(row: Mapping[str, Any], instrument: Instrument) -> Trade:
    inverse = instrument.family is Family.INVERSE
    unit = instrument.contract if inverse else instrument.multiplier
    return Trade(
        amount(row["time"]),
        amount(row["id"]),
        SIDES[row["side"]] * amount(row["qty"]) * unit,
        amount(row["price"]) / instrument.multiplier,
        LEGS[row["positionSide"]],
    )
