"""Bybit's instrument lists: spot markets, perps and dated futures that trade now.

https://bybit-exchange.github.io/docs/v5/market/instrument
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from crypto_assistant.exchanges.bybit.envelope import cursor
from crypto_assistant.exchanges.payload import (
    filled,
    instrument,
    kind,
    listing,
    moment,
    name,
    null_as_empty,
    readable,
)
from crypto_assistant.models import Family, Instrument, Instruments

MOST_PAGES = 10
"""Of instruments; a cursor that leads on for ever does not."""

CRYPTO = {"", "innovation", "adventure"}
"""The `symbolType` of coins; stocks, metals, currencies, funds have names of their own."""

LINEAR = {"LinearPerpetual", "LinearFutures"}
PERPS = {"LinearPerpetual", "InversePerpetual"}
DATED = {"LinearFutures", "InverseFutures"}
NEVER = {None, "", "0"}
"""The `deliveryTime` of what is not delivered."""


class Page(NamedTuple):
    """A part of the instrument list, and where the next part begins ("": nowhere).

    `unread`: rows of it that were left out.
    """

    markets: Sequence[Instrument]
    unread: int
    cursor: str
    received_ms: int

    @classmethod
    def read(cls, result: Any, received_ms: int, *, family: Family, first: bool) -> "Page":
        """Only a page after a full one may be empty."""
        sent = result["list"]
        found = readable(filled(sent), partial(_market, family)) if sent or first else []
        following = cursor(null_as_empty(result.get("nextPageCursor"))) if sent else ""
        markets = [market for market in found if market]
        return cls(markets, len(sent) - len(found), following, received_ms)


def instruments(pages: Sequence[Page], family: Family) -> Instruments:
    """All pages as one list; a venue where nothing trades is closed, not empty."""
    markets = [market for page in pages for market in page.markets]
    unread = sum(page.unread for page in pages)
    return listing("bybit", family, pages[0].received_ms, markets, unread=unread)


def _market(family: Family, row: Mapping[str, Any]) -> Instrument | None:
    contract = None if family is Family.SPOT else kind(row["contractType"])
    if not _trades(row, contract):
        return None
    return instrument(
        "bybit",
        family,
        symbol=row["symbol"],
        coin=row["baseCoin"],
        # USDC contracts are quoted in "USD" on some of the venue's sites; they settle in USDC.
        quote=row["settleCoin" if contract in LINEAR else "quoteCoin"],
        tick=row["priceFilter"]["tickSize"],
        tradfi=kind(null_as_empty(row.get("symbolType"))) not in CRYPTO,
        # That of a perp is when it will be delisted.
        expires_ms=moment(row["deliveryTime"]) if contract in DATED else None,
    )


def _trades(row: Mapping[str, Any], contract: str | None) -> bool:
    dated = contract in DATED and row.get("deliveryTime") not in NEVER
    known = dated or contract in PERPS or contract is None
    return known and name(row["status"]) == "Trading" and not row.get("isPreListing")
