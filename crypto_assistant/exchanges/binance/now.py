"""Binance's rows of markets at this moment, in coins, quote currency and fractions."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import nan
from typing import Any, NamedTuple

import numpy as np

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.payload import Table, name, number, price, readable, rows, times
from crypto_assistant.models import (
    Family,
    Floats,
    Fundings,
    Instruments,
    Marks,
    OpenInterests,
    Tickers,
)

STATISTICS = (
    *("lastPrice", "priceChangePercent", "highPrice", "lowPrice"),
    *("volume", "quoteVolume", "baseVolume"),
)
BOOK = ("bidPrice", "askPrice")
PREMIUM = ("markPrice", "indexPrice", "lastFundingRate", "nextFundingTime")
OPEN_INTEREST = ("openInterest",)
USUAL_HOURS = 8.0


def tickers(statistics: Table, book: Table, listed: Instruments) -> Tickers:
    last, percent, high, low, size, quote, base = statistics.columns(listed.symbols, *STATISTICS)
    bid, ask = book.columns(listed.symbols, *BOOK)
    coins, turnover = size * listed.multiplier, quote
    if listed.family is Family.INVERSE:  # "volume" counts contracts, "baseVolume" coins.
        coins, turnover = base, size * listed.contract
    return sound.tickers(
        Tickers(
            instruments=listed,
            last=price(last) / listed.multiplier,
            bid=price(bid) / listed.multiplier,
            ask=price(ask) / listed.multiplier,
            change_24h=np.where(last == 0, np.nan, percent / 100),
            high_24h=price(high) / listed.multiplier,
            low_24h=price(low) / listed.multiplier,
            volume_24h=coins,
            turnover_24h=turnover,
            received_ms=min(statistics.received_ms, book.received_ms),
        )
    )


class Intervals(NamedTuple):
    """Hours between payments of funding: of the perps that the venue lists, and of all others."""

    listed: Mapping[str, float]
    others: float

    @classmethod
    def read(cls, payload: object, *, none: bool) -> "Intervals":
        """Of a list that may have `none`; NaN where it cannot be read.

        A row without its symbol may be that of any perp which is not found in the list.
        """
        if not isinstance(payload, list):
            raise Malformed("not the documented list")
        if not payload and not none:
            raise Malformed("an empty list")
        listed = readable(payload, lambda row: (name(row["symbol"]), _hours(row)))
        return cls(dict(listed), USUAL_HOURS if len(listed) == len(payload) else nan)

    def of(self, symbols: Sequence[str]) -> Floats:
        return price(np.array([self.listed.get(symbol, self.others) for symbol in symbols], float))


def _hours(row: Mapping[str, Any]) -> float:
    with suppress(Malformed):
        return number(row.get("fundingIntervalHours"))
    return nan


def fundings(premiums: Table, hours: Intervals, listed: Instruments) -> Fundings:
    rate, next_ms = premiums.columns(listed.symbols, "lastFundingRate", "nextFundingTime")
    return sound.fundings(
        Fundings(
            instruments=listed,
            rate=rate,
            hours=hours.of(listed.symbols),
            next_ms=times(next_ms),
            received_ms=premiums.received_ms,
        )
    )


def marks(premiums: Table, listed: Instruments) -> Marks:
    mark, index = premiums.columns(listed.symbols, "markPrice", "indexPrice")
    return sound.marks(
        Marks(
            listed,
            price(mark) / listed.multiplier,
            price(index) / listed.multiplier,
            premiums.received_ms,
        )
    )


def open_interests(table: Table, listed: Instruments) -> OpenInterests:
    (size,) = table.columns(listed.symbols, *OPEN_INTEREST)
    coins = usd = np.full(len(listed), np.nan)
    if listed.family is Family.INVERSE:
        usd = size * listed.contract
    else:
        coins = size * listed.multiplier
    return sound.open_interests(OpenInterests(listed, coins, usd, table.received_ms))


def regular(payload: object) -> list[dict[str, Any]]:
    """Payments of funding but for special ones, which come at any time; old rows have no type."""
    return [row for row in rows(payload) if row.get("rateType") in {None, "Regular"}]
