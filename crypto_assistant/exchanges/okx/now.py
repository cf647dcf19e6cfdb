"""OKX's answers about this moment: tickers, funding, mark prices, open interest."""

import numpy as np

from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.okx.source import Tables
from crypto_assistant.exchanges.payload import Table, price, times
from crypto_assistant.models import (
    HOUR_MS,
    Family,
    Fundings,
    Instruments,
    Marks,
    OpenInterests,
    Tickers,
)
from crypto_assistant.net.request import Query

TICKER_FIELDS = (
    *("last", "bidPx", "askPx", "open24h", "high24h", "low24h"),
    *("vol24h", "volCcy24h"),
)
FUNDING_FIELDS = ("fundingRate", "fundingTime", "nextFundingTime")
OPEN_INTEREST_FIELDS = ("oi", "oiCcy", "oiUsd")

Answer = Table | Tables


def kind(family: Family, symbol: str) -> str:
    """The venue's word for a market; some perps are futures to it: BTC-USD_UM_XPERP-310404."""
    if family is Family.SPOT:
        return "SPOT"
    return "SWAP" if symbol.endswith("-SWAP") else "FUTURES"


def kinds(listed: Instruments) -> list[Query]:
    """What has to be asked for to hear of all that is listed; swaps where nothing is."""
    found = {kind(listed.family, symbol) for symbol in listed.symbols} or {"SWAP"}
    return [[("instType", name)] for name in sorted(found, reverse=True)]


def index(symbol: str) -> str:
    """BTC-USDT-SWAP is reckoned with the index BTC-USDT, BTC-USD_UM-SWAP with BTC-USD."""
    coin, quote, *_ = symbol.split("-")
    return f"{coin}-{quote.partition('_')[0]}"


def tickers(table: Answer, listed: Instruments) -> Tickers:
    """Sizes are coins on spot and contracts on perps."""
    last, bid, ask, start, high, low, size, other = table.columns(listed.symbols, *TICKER_FIELDS)
    coins, turnover = size, other
    if listed.family is Family.LINEAR:  # The venue sends contracts and coins, no turnover.
        coins, turnover = other, other * last
    elif listed.family is Family.INVERSE:
        coins, turnover = other, size * listed.contract
    return sound.tickers(
        Tickers(
            instruments=listed,
            last=price(last) / listed.multiplier,
            bid=price(bid) / listed.multiplier,
            ask=price(ask) / listed.multiplier,
            change_24h=np.where(start > 0, price(last), np.nan) / price(start) - 1,
            high_24h=price(high) / listed.multiplier,
            low_24h=price(low) / listed.multiplier,
            volume_24h=coins * listed.multiplier,
            turnover_24h=turnover,
            received_ms=table.received_ms,
        )
    )


def fundings(table: Answer, listed: Instruments) -> Fundings:
    """The "fundingTime" is the settlement to come, "nextFundingTime" the one after it."""
    rate, next_ms, later_ms = table.columns(listed.symbols, *FUNDING_FIELDS)
    hours = (times(later_ms) - times(next_ms)) / HOUR_MS
    return sound.fundings(Fundings(listed, rate, price(hours), times(next_ms), table.received_ms))


def marks(table: Answer, indices: Answer, listed: Instruments) -> Marks:
    """Mark prices beside the index of each."""
    (mark,) = table.columns(listed.symbols, "markPx")
    (prices,) = indices.columns([index(symbol) for symbol in listed.symbols], "idxPx")
    return sound.marks(
        Marks(
            listed,
            price(mark) / listed.multiplier,
            price(prices) / listed.multiplier,
            table.received_ms,
        )
    )


def open_interests(table: Answer, listed: Instruments) -> OpenInterests:
    """The market's own unit is reckoned from contracts, as in its history; the other is sent."""
    contracts, coins, usd = table.columns(listed.symbols, *OPEN_INTEREST_FIELDS)
    if listed.family is Family.INVERSE:
        usd = contracts * listed.contract
    else:
        coins = contracts * listed.contract
    return sound.open_interests(
        OpenInterests(listed, coins * listed.multiplier, usd, table.received_ms)
    )
