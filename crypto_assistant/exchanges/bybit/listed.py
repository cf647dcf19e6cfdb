"""Bybit's instrument lists: spot markets, perps and dated futures that trade now.

https://bybit-exchange.github.io/docs/v5/market/instrument
"""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any, NamedTuple

from crypto_assistant.errors import Unreachable
from crypto_assistant.exchanges.payload import NO_MARKET, listing, number, rows
from crypto_assistant.models import Family, Instruments

MOST_PAGES = 10
"""Of instruments; a cursor that leads on for ever does not."""

CRYPTO = {"", "innovation", "adventure"}
"""The `symbolType` of coins; stocks, metals, currencies, funds have names of their own."""

LINEAR = {"LinearPerpetual", "LinearFutures"}
PERPS = {"LinearPerpetual", "InversePerpetual"}
DATED = {"LinearFutures", "InverseFutures"}


class Market(NamedTuple):
    """What is kept of one row of the instrument list."""

    symbol: str
    coin: str
    quote: str
    tick: float
    tradfi: bool
    expires_ms: float


class Page(NamedTuple):
    """A part of the instrument list, and where the next part begins ("": nowhere)."""

    markets: list[Market]
    cursor: str
    received_ms: int

    @classmethod
    def read(cls, result: Any, received_ms: int, *, first: bool) -> "Page":
        """Only a page after a full one may be empty."""
        markets = rows(result["list"]) if first else result["list"]
        cursor = result.get("nextPageCursor") if markets else ""
        return cls([_market(row) for row in markets if _trades(row)], cursor or "", received_ms)


def instruments(pages: Sequence[Page], family: Family) -> Instruments:
    """All pages as one list; a venue where nothing trades is closed, not empty."""
    markets = [market for page in pages for market in page.markets]
    if not markets:
        raise Unreachable(NO_MARKET)
    return listing(
        "bybit",
        family,
        pages[0].received_ms,
        symbol=[market.symbol for market in markets],
        coin=[market.coin for market in markets],
        quote=[market.quote for market in markets],
        contract=[1.0] * len(markets),
        tick=[market.tick for market in markets],
        tradfi=[market.tradfi for market in markets],
        expires_ms=[market.expires_ms for market in markets],
    )


def _trades(row: Mapping[str, Any]) -> bool:
    kind = row.get("contractType")
    dated = kind in DATED and _expires_ms(row) > 0
    known = dated or kind in PERPS or kind is None  # Spot markets have none.
    return known and row["status"] == "Trading" and not row.get("isPreListing")


def _market(row: Mapping[str, Any]) -> Market:
    # USDC contracts are quoted in "USD" on some of the venue's sites; they settle in USDC on all.
    settle = row.get("settleCoin") if row.get("contractType") in LINEAR else None
    return Market(
        symbol=row["symbol"],
        coin=row["baseCoin"],
        quote=settle or row["quoteCoin"],
        tick=number(row["priceFilter"]["tickSize"]),
        tradfi=(row.get("symbolType") or "") not in CRYPTO,
        expires_ms=_expires_ms(row),
    )


def _expires_ms(row: Mapping[str, Any]) -> float:
    """The `deliveryTime` of a perp is when it will be delisted."""
    return number(row.get("deliveryTime")) if row.get("contractType") in DATED else nan
