"""The owner's trades of one market at Bybit.

https://bybit-exchange.github.io/docs/v5/order/execution
"""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any, NamedTuple

import numpy as np

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.payload import key, moment, name, number
from crypto_assistant.models import Family, Fills, Instrument
from crypto_assistant.models.units import known

SIDES = {"Buy": 1, "Sell": -1}
FILLS = {
    *("Trade", "AdlTrade", "BustTrade", "Delivery", "Settle"),
    *("BlockTrade", "MovePosition", "FutureSpread"),
    # Splits of stocks: until August 2026, and since then.
    *("CorporateAction", "ForwardSplitSettle", "ReverseSplitSettle"),
}
"""What changes a position; payments of funding and of dividends stand among them."""


class Fill(NamedTuple):
    """In the venue's units. `side`: +1 bought, -1 sold. `left`: what the order still waits for."""

    id: str
    time_ms: int
    seq: float
    left: float
    side: int
    size: float
    price: float
    closes: bool


def read(row: Mapping[str, Any]) -> list[Fill]:
    """One trade, or none where the row is about something else."""
    if name(row["execType"]) not in FILLS:
        return []
    size, price = number(row["execQty"]), number(row["execPrice"])
    if isnan(size) or isnan(price):
        raise Malformed("a trade without its size or price")
    return [
        Fill(
            key(row["execId"]),
            moment(row["execTime"]),
            known(number(row.get("seq"))) or 0.0,
            known(number(row["leavesQty"])) or 0.0,
            SIDES[row["side"]],
            size,
            price,
            closes=number(row["closedSize"]) > 0,
        )
    ]


def fills(
    sent: Sequence[Fill],
    instrument: Instrument,
    span_ms: tuple[int, int],
    *,
    hedged: bool,
    received_ms: int,
) -> Fills:
    """Each trade once, in the order of time; those of one order in the order of its filling."""
    start_ms, end_ms = span_ms
    once = {fill.id: fill for fill in sent if start_ms <= fill.time_ms < end_ms}
    ordered = sorted(once.values(), key=lambda fill: (fill.time_ms, fill.seq, -fill.left))
    inverse = instrument.family is Family.INVERSE
    unit = instrument.contract * (1.0 if inverse else instrument.multiplier)
    return sound.fills(
        Fills(
            instrument,
            start_ms,
            end_ms,
            time_ms=np.array([fill.time_ms for fill in ordered], np.int64),
            size=np.array([fill.side * fill.size * unit for fill in ordered], float),
            price=np.array([fill.price / instrument.multiplier for fill in ordered], float),
            leg=np.array([_leg(fill) if hedged else 0 for fill in ordered], np.int64),
            received_ms=received_ms,
        )
    )


def _leg(fill: Fill) -> int:
    """A purchase opens the long position or closes the short one; rows do not say which."""
    return -fill.side if fill.closes else fill.side
