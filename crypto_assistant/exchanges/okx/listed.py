"""What OKX lists: spot pairs, perps, dated futures."""

from collections.abc import Mapping
from math import nan
from typing import Any

import numpy as np

from crypto_assistant.exchanges.payload import listing, number, rows, trading
from crypto_assistant.models import Family, Instruments

OTHER_RULES = {"pre_market", "xperp"}
"""Not yet a market, and futures that pay funding and are never delivered."""


def instruments(payload: Any, received_ms: int) -> dict[Family, Instruments]:
    """The markets of an answer that trade now, by family."""
    return _families(trading(rows(payload), _trades), received_ms)


def dated_futures(payload: Any, received_ms: int) -> dict[Family, Instruments]:
    """The futures with a delivery, by family; a venue may have none."""
    futures = rows(payload) if payload != [] else []
    return _families([row for row in futures if _trades(row) and _expires(row) > 0], received_ms)


def together(perps: Instruments, dated: Instruments) -> Instruments:
    """One list of two of the same family."""
    return Instruments(
        perps.venue,
        perps.family,
        perps.symbols + dated.symbols,
        perps.coins + dated.coins,
        perps.quotes + dated.quotes,
        np.concatenate([perps.multiplier, dated.multiplier]),
        np.concatenate([perps.contract, dated.contract]),
        np.concatenate([perps.tick, dated.tick]),
        np.concatenate([perps.tradfi, dated.tradfi]),
        np.concatenate([perps.expires_ms, dated.expires_ms]),
        min(perps.received_ms, dated.received_ms),
    )


def _trades(row: Mapping[str, Any]) -> bool:
    return row["state"] == "live" and row.get("ruleType") not in OTHER_RULES


def _families(markets: list[dict[str, Any]], received_ms: int) -> dict[Family, Instruments]:
    return {family: _family(markets, family, received_ms) for family in Family}


def _family(markets: list[dict[str, Any]], family: Family, received_ms: int) -> Instruments:
    wanted = [row for row in markets if (row["ctType"] or "spot") == family.value]
    pairs = [_pair(row) for row in wanted]
    return listing(
        "okx",
        family,
        received_ms,
        symbol=[row["instId"] for row in wanted],
        coin=[coin for coin, _ in pairs],
        quote=[quote for _, quote in pairs],
        contract=[_contract(row) for row in wanted],
        tick=[number(row["tickSz"]) for row in wanted],
        tradfi=[row.get("instCategory") not in {None, "", "1"} for row in wanted],
        expires_ms=[_expires(row) for row in wanted],
    )


def _pair(row: Mapping[str, Any]) -> tuple[str, str]:
    """Coin and quote; contracts name them only in their index: BTC-USD of BTC-USD_UM-SWAP."""
    if row["instType"] == "SPOT":
        return row["baseCcy"], row["quoteCcy"]
    coin, quote = (row.get("uly") or row["instId"]).split("-")[:2]
    return coin, quote.removesuffix("_UM")


def _contract(row: Mapping[str, Any]) -> float:
    if row["instType"] == "SPOT":
        return 1.0
    return number(row["ctVal"]) * number(row.get("ctMult") or 1)


def _expires(row: Mapping[str, Any]) -> float:
    """The time of delivery; of other markets "expTime" is when they will be taken off the list."""
    return number(row["expTime"]) if row["instType"] == "FUTURES" else nan
