"""What OKX lists: spot pairs, perps, dated futures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from crypto_assistant.errors import Unreachable
from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.payload import (
    NO_MARKET,
    filled,
    instrument,
    kind,
    moment,
    name,
    null_as_empty,
    number,
    readable,
)
from crypto_assistant.models import Family, Instrument, Instruments

XPERP = "xperp"
"""The rule of futures that pay funding as perps do; their "expTime" is years away."""

NEVER = {None, "", "0"}
"""The `expTime` of what is not delivered."""


def instruments(payload: Any, received_ms: int) -> dict[Family, Instruments]:
    """The markets of an answer that trade now, by family."""
    found = readable(filled(payload), _market)
    markets = [market for market in found if market]
    if not markets:
        raise Unreachable(NO_MARKET)
    return _families(markets, received_ms, unread=len(payload) - len(found))


def futures(payload: Any, received_ms: int) -> dict[Family, Instruments]:
    """Those with a delivery, and those that are perps but for their name; a venue may have none."""
    found = readable(filled(payload), _future) if payload != [] else []
    markets = [market for market in found if market]
    return _families(markets, received_ms, unread=len(payload) - len(found))


def together(swaps: Instruments, futures: Instruments) -> Instruments:
    """One list of two of the same family."""
    return Instruments(
        swaps.venue,
        swaps.family,
        swaps.symbols + futures.symbols,
        swaps.coins + futures.coins,
        swaps.quotes + futures.quotes,
        np.concatenate([swaps.multiplier, futures.multiplier]),
        np.concatenate([swaps.contract, futures.contract]),
        np.concatenate([swaps.tick, futures.tick]),
        np.concatenate([swaps.tradfi, futures.tradfi]),
        np.concatenate([swaps.expires_ms, futures.expires_ms]),
        min(swaps.received_ms, futures.received_ms),
        swaps.unread + futures.unread,
    )


def _families(
    markets: Sequence[Instrument], received_ms: int, *, unread: int
) -> dict[Family, Instruments]:
    """Nobody knows of which family an unread row is: it counts once, with the first of them."""
    first = next((market.family for market in markets), Family.LINEAR)
    return {
        family: sound.instruments(
            Instruments.of(
                "okx",
                family,
                [market for market in markets if market.family is family],
                received_ms,
                unread if family is first else 0,
            )
        )
        for family in Family
    }


def _market(row: Mapping[str, Any]) -> Instrument | None:
    if not _trades(row):
        return None
    coin, quote = _pair(row)
    return instrument(
        "okx",
        Family("spot" if row["instType"] == "SPOT" else row["ctType"]),
        symbol=row["instId"],
        coin=coin,
        quote=quote,
        tick=row["tickSz"],
        contract=_contract(row),
        tradfi=kind(null_as_empty(row.get("instCategory"))) not in {"", "1"},
        expires_ms=_expires(row),
    )


def _future(row: Mapping[str, Any]) -> Instrument | None:
    market = _market(row)
    return market if market and (_is_xperp(row) or market.expires_ms) else None


def _trades(row: Mapping[str, Any]) -> bool:
    """TEST01-USDT-SWAP and its like are the venue's own trials."""
    is_market = row.get("ruleType") != "pre_market" and not name(row["instId"]).startswith("TEST")
    return name(row["state"]) == "live" and is_market


def _is_xperp(row: Mapping[str, Any]) -> bool:
    return row.get("ruleType") == XPERP


def _pair(row: Mapping[str, Any]) -> Sequence[object]:
    """Coin and quote; contracts name them only in their index: BTC-USD of BTC-USD_UM-SWAP."""
    if row["instType"] == "SPOT":
        return row["baseCcy"], row["quoteCcy"]
    coin, quote = (row.get("uly") or row["instId"]).split("-")[:2]
    return coin, quote.partition("_")[0]


def _contract(row: Mapping[str, Any]) -> float:
    if row["instType"] == "SPOT":
        return 1.0
    return number(row["ctVal"]) * number(row.get("ctMult") or 1)


def _expires(row: Mapping[str, Any]) -> int | None:
    """The time of delivery; of other markets "expTime" is when they will be taken off the list."""
    is_dated = row["instType"] == "FUTURES" and not _is_xperp(row)
    return moment(row["expTime"]) if is_dated and row["expTime"] not in NEVER else None
