"""The owner's trades on OKX, in plain coins or USD."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.okx.history import Page
from crypto_assistant.exchanges.payload import number
from crypto_assistant.models import Family, Fills, Instrument

SIGNS = {"buy": 1, "sell": -1}
LEGS = {"long": 1, "short": -1, "net": 0, "": 0}


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade: contracts with a sign (coins on spot) at the venue's price."""

    contracts: float
    price: float
    leg: int


def fill(row: Mapping[str, Any]) -> Fill:
    contracts, price = number(row["fillSz"]), number(row["fillPx"])
    if isnan(contracts) or not price > 0:
        raise Malformed("a trade without its size or price")
    return Fill(SIGNS[row["side"]] * contracts, price, LEGS[row["posSide"]])


def fills(found: Page[Fill], instrument: Instrument, start_ms: int, end_ms: int) -> Fills:
    """The trades of one market, in the order in which they were found."""
    rows = found.rows
    units = np.array([row.said.contracts for row in rows], float) * instrument.contract
    inverse = instrument.family is Family.INVERSE
    return sound.fills(
        Fills(
            instrument,
            start_ms,
            end_ms,
            time_ms=np.array([row.time_ms for row in rows], np.int64),
            size=units if inverse else units * instrument.multiplier,
            price=np.array([row.said.price for row in rows], float) / instrument.multiplier,
            leg=np.array([row.said.leg for row in rows], np.int64),
            received_ms=found.received_ms,
        )
    )
