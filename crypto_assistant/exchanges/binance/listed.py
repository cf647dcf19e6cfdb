"""What Binance lists: spot markets, perps, dated futures."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.payload import listing, number, rows, trading
from crypto_assistant.models import Family, Instruments

PERPS = {"PERPETUAL", "TRADIFI_PERPETUAL"}
DATED = {"CURRENT_QUARTER", "NEXT_QUARTER"}


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """The markets that trade, and what COIN-M calls the dated ones among them when asked."""

    instruments: Instruments
    contract_type: Mapping[str, str]

    @classmethod
    def read(cls, payload: Any, family: Family, received_ms: int) -> "Listed":
        wanted = trading(rows(payload["symbols"]), _trades)
        instruments = listing(
            "binance",
            family,
            received_ms,
            symbol=[row["symbol"] for row in wanted],
            coin=[row["baseAsset"] for row in wanted],
            quote=[row["quoteAsset"] for row in wanted],
            contract=[number(row.get("contractSize", 1)) for row in wanted],
            tick=[_tick(row) for row in wanted],
            tradfi=[row.get("underlyingType", "COIN") != "COIN" for row in wanted],
            expires_ms=[_delivery(row) for row in wanted],
        )
        dated = filter(_dated, wanted)
        return cls(instruments, {row["symbol"]: row["contractType"] for row in dated})


def _trades(row: Mapping[str, Any]) -> bool:
    status = row.get("status") or row.get("contractStatus")
    return status == "TRADING" and row.get("contractType", "PERPETUAL") in PERPS | DATED


def _dated(row: Mapping[str, Any]) -> bool:
    return row.get("contractType") in DATED


def _delivery(row: Mapping[str, Any]) -> float:
    """When a dated future is delivered; the date of a perp, in the year 2100, is none."""
    if not _dated(row):
        return nan
    expires_ms = number(row.get("deliveryDate"))
    if not expires_ms > 0:
        raise Malformed("a dated future without its delivery")
    return expires_ms


def _tick(row: Mapping[str, Any]) -> float:
    sizes = (f["tickSize"] for f in row["filters"] if f["filterType"] == "PRICE_FILTER")
    return number(next(sizes, None))
