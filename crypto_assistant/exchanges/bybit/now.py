"""Bybit now: price, funding, mark and open interest come as one answer, a row per market.

https://bybit-exchange.github.io/docs/v5/market/tickers
"""

import numpy as np

from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.payload import Table, price, times
from crypto_assistant.models import (
    Family,
    Floats,
    Fundings,
    Instruments,
    Marks,
    OpenInterests,
    Tickers,
)

TICKER = (
    *("lastPrice", "bid1Price", "ask1Price", "price24hPcnt", "highPrice24h", "lowPrice24h"),
    *("volume24h", "turnover24h"),
)
FUNDING = ("fundingRate", "fundingIntervalHour", "nextFundingTime")
MARK = ("markPrice", "indexPrice")
OPEN_INTEREST = (
    "singleOpenInterest",
    "singleOpenInterestValue",
    "openInterest",
    "openInterestValue",
)


def fields(family: Family) -> tuple[str, ...]:
    """What is read of each row."""
    return TICKER if family is Family.SPOT else TICKER + FUNDING + MARK + OPEN_INTEREST


def tickers(table: Table, listed: Instruments) -> Tickers:
    last, bid, ask, change, high, low, volume, turnover = table.columns(listed.symbols, *TICKER)
    coins = volume * listed.multiplier
    if listed.family is Family.INVERSE:  # Volume counts USD, turnover coins.
        coins, turnover = turnover, volume * listed.contract
    return sound.tickers(
        Tickers(
            instruments=listed,
            last=price(last) / listed.multiplier,
            bid=price(bid) / listed.multiplier,
            ask=price(ask) / listed.multiplier,
            change_24h=np.where(last == 0, np.nan, change),
            high_24h=price(high) / listed.multiplier,
            low_24h=price(low) / listed.multiplier,
            volume_24h=coins,
            turnover_24h=turnover,
            received_ms=table.received_ms,
        )
    )


def fundings(table: Table, listed: Instruments) -> Fundings:
    rate, hours, next_ms = table.columns(listed.symbols, *FUNDING)
    return sound.fundings(Fundings(listed, rate, price(hours), times(next_ms), table.received_ms))


def marks(table: Table, listed: Instruments) -> Marks:
    mark, index = table.columns(listed.symbols, *MARK)
    return sound.marks(
        Marks(
            listed,
            price(mark) / listed.multiplier,
            price(index) / listed.multiplier,
            table.received_ms,
        )
    )


def open_interests(table: Table, listed: Instruments) -> OpenInterests:
    single, single_value, both, both_value = table.columns(listed.symbols, *OPEN_INTEREST)
    size, value = one_side(single, both), one_side(single_value, both_value)
    coins, usd = size * listed.multiplier, value
    if listed.family is Family.INVERSE:  # Open interest counts USD, its value coins.
        coins, usd = value, size * listed.contract
    return sound.open_interests(OpenInterests(listed, coins, usd, table.received_ms))


def halved(table: Table, listed: Instruments) -> OpenInterests:
    """As `open_interests`, by the fields that count both sides alone."""
    both, both_value = table.columns(listed.symbols, *OPEN_INTEREST[2:])
    coins, usd = both / 2 * listed.multiplier, both_value / 2
    if listed.family is Family.INVERSE:
        coins, usd = both_value / 2, both / 2 * listed.contract
    return sound.open_interests(OpenInterests(listed, coins, usd, table.received_ms))


def tells_one_side(table: Table, symbol: str) -> bool:
    """Whether a market has the newer fields, too."""
    return not np.isnan(table.columns([symbol], *OPEN_INTEREST[:2])).any()


def one_side(single: Floats, both: Floats) -> Floats:
    """The older fields count the long and the short side of every contract."""
    return np.where(np.isnan(single), both / 2, single)
