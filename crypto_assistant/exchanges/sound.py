"""What a market's number can be: what it cannot is refused, and counted.

Bounds that nothing real exceeds; whatever lies within is left as it was sent.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.models import (
    Candles,
    Floats,
    Fundings,
    Marks,
    OpenInterestHistory,
    OpenInterests,
    TakerVolumes,
    Tickers,
)
from crypto_assistant.net.unread import refused

HIGHEST_PRICE = 1e12
HIGHEST_RATE = 0.10
"""Of one interval; the venues' own caps are a few percent, each market's its own."""
LONGEST_HOURS = 24.0
ROUNDING = 1e-9
"""How far takers may exceed their bar by the last digits of both."""


def tickers(sent: Tickers) -> Tickers:
    return replace(
        sent,
        last=_prices(sent.last),
        bid=_prices(sent.bid),
        ask=_prices(sent.ask),
        high_24h=_prices(sent.high_24h),
        low_24h=_prices(sent.low_24h),
        change_24h=_kept(sent.change_24h, (sent.change_24h > -1) & np.isfinite(sent.change_24h)),
        volume_24h=_sizes(sent.volume_24h),
        turnover_24h=_sizes(sent.turnover_24h),
    )


def fundings(sent: Fundings) -> Fundings:
    return replace(
        sent,
        rate=_kept(sent.rate, np.abs(sent.rate) <= HIGHEST_RATE),
        hours=_kept(sent.hours, (sent.hours >= 1) & (sent.hours <= LONGEST_HOURS)),
    )


def marks(sent: Marks) -> Marks:
    return replace(sent, mark=_prices(sent.mark), index=_prices(sent.index))


def open_interests(sent: OpenInterests) -> OpenInterests:
    return replace(sent, coins=_sizes(sent.coins), usd=_sizes(sent.usd))


def open_interest_history(sent: OpenInterestHistory) -> OpenInterestHistory:
    return replace(sent, coins=_sizes(sent.coins), usd=_sizes(sent.usd))


def candles(sent: Candles) -> Candles:
    """A bar whose prices contradict each other has none."""
    high, low = _prices(sent.high), _prices(sent.low)
    prices = _prices(sent.open), high, low, _prices(sent.close)
    within = np.all([(price >= low) & (price <= high) for price in prices], axis=0)
    whole = ~np.isnan(prices).any(axis=0)
    opened, high, low, close = (_kept(price, within | ~whole) for price in prices)
    volume, turnover = _sizes(sent.volume), _sizes(sent.turnover)
    return replace(
        sent,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        turnover=turnover,
        taker_buy=_part(sent.taker_buy, volume),
        taker_buy_turnover=_part(sent.taker_buy_turnover, turnover),
    )


def taker_volumes(sent: TakerVolumes) -> TakerVolumes:
    return replace(
        sent,
        bought=_sizes(sent.bought),
        sold=_sizes(sent.sold),
        bought_turnover=_sizes(sent.bought_turnover),
        sold_turnover=_sizes(sent.sold_turnover),
    )


def _prices(column: Floats) -> Floats:
    return _kept(column, (column > 0) & (column < HIGHEST_PRICE))


def _sizes(column: Floats) -> Floats:
    return _kept(column, column >= 0)


def _part(column: Floats | None, whole: Floats) -> Floats | None:
    """Of takers: no less than nothing, no more than their bar, where that is known."""
    if column is None:
        return None
    return _kept(column, (column >= 0) & ~(column > whole * (1 + ROUNDING)))


def _kept(column: Floats, possible: NDArray[np.bool_]) -> Floats:
    """The column itself where all of it can be."""
    wrong = ~possible & ~np.isnan(column)
    if not wrong.any():
        return column
    refused(int(wrong.sum()))
    return np.where(wrong, np.nan, column)
