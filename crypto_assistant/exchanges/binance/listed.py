"""What Binance lists: spot markets, perps, dated futures."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from crypto_assistant.exchanges.payload import (
    filled,
    instrument,
    kind,
    listing,
    moment,
    name,
    number,
    readable,
)
from crypto_assistant.models import Family, Instrument, Instruments

PERPS = {"PERPETUAL", "TRADIFI_PERPETUAL"}
DATED = {"CURRENT_QUARTER", "NEXT_QUARTER"}


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """The markets that trade, and what COIN-M calls the dated ones among them when asked."""

    instruments: Instruments
    contract_type: Mapping[str, str]

    @classmethod
    def read(cls, payload: Any, family: Family, received_ms: int) -> "Listed":
        sent = payload["symbols"]
        found = readable(filled(sent), partial(_market, family))
        markets = [market for market in found if market]
        unread = len(sent) - len(found)
        return cls(
            listing("binance", family, received_ms, [one for one, _ in markets], unread=unread),
            {one.symbol: contract for one, contract in markets if one.expires_ms},
        )


def _market(family: Family, row: Mapping[str, Any]) -> tuple[Instrument, str] | None:
    """A market that trades, and the kind of its contract."""
    if name(row.get("status") or row.get("contractStatus")) != "TRADING":
        return None
    contract = "PERPETUAL" if family is Family.SPOT else kind(row["contractType"])
    if contract not in PERPS | DATED:
        return None
    market = instrument(
        "binance",
        family,
        symbol=row["symbol"],
        coin=row["baseAsset"],
        quote=row["quoteAsset"],
        tick=_tick(row),
        contract=number(row["contractSize"]) if family is Family.INVERSE else 1.0,
        tradfi=name(row.get("underlyingType", "COIN")) != "COIN",
        # The date of a perp, in the year 2100, is none.
        expires_ms=moment(row.get("deliveryDate")) if contract in DATED else None,
    )
    return market, contract


def _tick(row: Mapping[str, Any]) -> object:
    sizes = (f["tickSize"] for f in row["filters"] if f["filterType"] == "PRICE_FILTER")
    return next(sizes, None)
