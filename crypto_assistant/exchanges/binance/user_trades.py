"""The owner's trades of one market of Binance's futures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.binance.amounts import amount
from crypto_assistant.exchanges.binance.halving import Page, Window
from crypto_assistant.models import DAY_MS, Family, Fills, Instrument

WINDOW_MS = 7 * DAY_MS
KEPT_MS = 89 * DAY_MS
"""Three months, however long they are."""

SIDES = {"BUY": 1.0, "SELL": -1.0}
LEGS = {"BOTH": 0, "LONG": 1, "SHORT": -1}


class Trade(NamedTuple):
    """One row in the units of `Fills`; of equal times the venue's number tells the order."""

    time_ms: float
    number: float
    size: float
    price: float
    leg: float


def windows(start_ms: int, end_ms: int) -> Iterator[Window]:
    """Parts of [`start_ms`, `end_ms`) that are short enough to be asked for."""
    for start in range(start_ms, end_ms, WINDOW_MS):
        yield start, min(start + WINDOW_MS, end_ms)


def trade(row: Mapping[str, Any], instrument: Instrument) -> Trade:
    inverse = instrument.family is Family.INVERSE
    unit = instrument.contract if inverse else instrument.multiplier
    return Trade(
        amount(row["time"]),
        amount(row["id"]),
        SIDES[row["side"]] * amount(row["qty"]) * unit,
        amount(row["price"]) / instrument.multiplier,
        LEGS[row["positionSide"]],
    )


def fills(
    instrument: Instrument, start_ms: int, end_ms: int, pages: Sequence[Page[Trade]]
) -> Fills:
    trades = sorted(trade for page in pages for trade in page.rows)
    time_ms, _, size, price, leg = np.array(trades, float).reshape(-1, len(Trade._fields)).T
    return sound.fills(
        Fills(
            instrument,
            start_ms,
            end_ms,
            time_ms=time_ms.astype(np.int64),
            size=size,
            price=price,
            leg=leg.astype(np.int64),
            received_ms=min((page.received_ms for page in pages), default=end_ms),
        )
    )
