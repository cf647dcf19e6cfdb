"""What a market's number can be: what it cannot is refused, and counted.

Bounds that nothing real exceeds; whatever lies within is left as it was sent.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.errors import Malformed
from crypto_assistant.models import (
    DAY_MS,
    Candles,
    Fills,
    Floats,
    FundingHistory,
    Fundings,
    Instruments,
    LongShort,
    LongShorts,
    Marks,
    OpenInterest,
    OpenInterestHistory,
    OpenInterests,
    Position,
    Positions,
    TakerVolumes,
    Tickers,
    Trades,
)
from crypto_assistant.models.series import taken
from crypto_assistant.net.unread import refused

S = TypeVar("S", Candles, TakerVolumes, OpenInterestHistory, FundingHistory)
N = TypeVar("N", float, Floats)

HIGHEST_PRICE = 1e12
LARGEST_SIZE = 1e18
"""Of a coin in coins, or in any quote currency; of BABYDOGE there are 4e17."""
HIGHEST_CHANGE = 1e4
"""In a day, that of a listing among them."""
HIGHEST_RATE = 0.10
"""Of one interval. Caps are each market's own and move; the highest that was found is 0.03 at
Binance (`adjustedFundingRateCap`), 0.05 at Bybit (`upperFundingRate`), 0.04 at OKX.

https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Get-Funding-Rate-Info
https://bybit-exchange.github.io/docs/v5/market/instrument
https://support.okexcn.com/hc/en-us/articles/360053909272-IV-Introduction-to-perpetual-swap-funding-fee
"""
LONGEST_HOURS = 24.0
CLOCK_OFF_MS = DAY_MS
"""By which this host's clock may be wrong, as where it shows the time of another zone."""
ROUNDING = 1e-9
"""How far takers may exceed their bar by the last digits of both."""


def instruments(sent: Instruments) -> Instruments:
    return replace(sent, contract=_prices(sent.contract), tick=_prices(sent.tick))


def tickers(sent: Tickers) -> Tickers:
    """Of a high below the low, neither is known."""
    high, low = _prices(sent.high_24h), _prices(sent.low_24h)
    ordered = ~(high < low)
    return replace(
        sent,
        last=_prices(sent.last),
        bid=_prices(sent.bid),
        ask=_prices(sent.ask),
        high_24h=_kept(high, ordered),
        low_24h=_kept(low, ordered),
        change_24h=_kept(
            sent.change_24h, (sent.change_24h > -1) & (sent.change_24h < HIGHEST_CHANGE)
        ),
        volume_24h=_sizes(sent.volume_24h),
        turnover_24h=_sizes(sent.turnover_24h),
    )


def fundings(sent: Fundings) -> Fundings:
    return replace(
        sent,
        rate=_kept(sent.rate, np.abs(sent.rate) <= HIGHEST_RATE),
        hours=_kept(sent.hours, (sent.hours >= 1) & (sent.hours <= LONGEST_HOURS)),
        next_ms=_kept(
            sent.next_ms, np.abs(sent.next_ms - sent.received_ms) <= DAY_MS + CLOCK_OFF_MS
        ),
    )


def funding_history(sent: FundingHistory) -> FundingHistory:
    sent = _in_order(sent, sent.time_ms)
    return replace(sent, rate=_kept(sent.rate, np.abs(sent.rate) <= HIGHEST_RATE))


def marks(sent: Marks) -> Marks:
    return replace(sent, mark=_prices(sent.mark), index=_prices(sent.index))


def open_interests(sent: OpenInterests) -> OpenInterests:
    return replace(sent, coins=_sizes(sent.coins), usd=_sizes(sent.usd))


def open_interest(sent: OpenInterest) -> OpenInterest:
    return replace(sent, coins=_one(sent.coins, _is_size), usd=_one(sent.usd, _is_size))


def open_interest_history(sent: OpenInterestHistory) -> OpenInterestHistory:
    sent = _in_order(sent, sent.time_ms)
    return replace(sent, coins=_sizes(sent.coins), usd=_sizes(sent.usd))


def candles(sent: Candles) -> Candles:
    """A bar whose prices contradict each other has none.

    Raises Malformed where no bar has any.
    """
    sent = _in_order(sent, sent.open_ms)
    high, low = _prices(sent.high), _prices(sent.low)
    prices = _prices(sent.open), high, low, _prices(sent.close)
    apart = np.any([(price < low) | (price > high) for price in prices], axis=0)
    opened, high, low, close = (_kept(price, ~apart) for price in prices)
    if len(close) and np.isnan(close).all():
        raise Malformed("bars whose prices cannot be")
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


def trades(sent: Trades) -> Trades:
    """In order of time. Raises Malformed where one cannot be: what is summed is whole, or none."""
    sizes = _is_size(sent.size) & _is_size(sent.turnover)
    has_been = sent.time_ms <= sent.received_ms + CLOCK_OFF_MS
    if not (_is_price(sent.price) & sizes & has_been).all():
        raise Malformed("a trade that cannot be")
    if (np.diff(sent.time_ms) >= 0).all():
        return sent
    return taken(sent, np.argsort(sent.time_ms, kind="stable"))


def taker_volumes(sent: TakerVolumes) -> TakerVolumes:
    sent = _in_order(sent, sent.open_ms)
    return replace(
        sent,
        bought=_sizes(sent.bought),
        sold=_sizes(sent.sold),
        bought_turnover=_sizes(sent.bought_turnover),
        sold_turnover=_sizes(sent.sold_turnover),
    )


def fills(sent: Fills) -> Fills:
    """Raises Malformed as `trades`."""
    if not (_is_price(sent.price) & _is_size(np.abs(sent.size))).all():
        raise Malformed("a trade that cannot be")
    return sent


def long_shorts(sent: LongShorts) -> LongShorts:
    return replace(sent, counts=tuple(map(_count, sent.counts)))


def positions(sent: Positions) -> Positions:
    """A margin of nothing is one, a leverage of nothing is none."""
    return replace(sent, positions=tuple(map(_position, sent.positions)))


def _count(sent: LongShort) -> LongShort:
    return replace(sent, long=_one(sent.long, lambda share: 0 <= share <= 1))


def _position(sent: Position) -> Position:
    return replace(
        sent,
        coins=_one(sent.coins, _is_size),
        usd=_one(sent.usd, _is_size),
        entry=_one(sent.entry, _is_price),
        mark=_one(sent.mark, _is_price),
        liquidation=_one(sent.liquidation, _is_price),
        leverage=_one(sent.leverage, _is_price),
        margin=_one(sent.margin, _is_size),
    )


def _is_price(value: N) -> Any:
    return (value > 0) & (value < HIGHEST_PRICE)


def _is_size(value: N) -> Any:
    return (value >= 0) & (value < LARGEST_SIZE)


def _prices(column: Floats) -> Floats:
    return _kept(column, _is_price(column))


def _sizes(column: Floats) -> Floats:
    return _kept(column, _is_size(column))


def _part(column: Floats | None, whole: Floats) -> Floats | None:
    """Of takers: no less than nothing, no more than their bar, where that is known."""
    if column is None:
        return None
    return _kept(column, _is_size(column) & ~(column > whole * (1 + ROUNDING)))


def _kept(column: Floats, possible: NDArray[np.bool_]) -> Floats:
    """The column itself where all of it can be."""
    wrong = ~possible & ~np.isnan(column)
    if not wrong.any():
        return column
    refused(int(wrong.sum()))
    return np.where(wrong, np.nan, column)


def _one(value: float | None, is_possible: Callable[[float], bool]) -> float | None:
    if value is None or is_possible(value):
        return value
    refused(1)
    return None


def _in_order(sent: S, time_ms: NDArray[np.int64]) -> S:
    """In ascending order, of each time the first row, none of a time to come.

    Raises Malformed where all of them are.
    """
    back, to_come = np.diff(time_ms) <= 0, time_ms > sent.received_ms + CLOCK_OFF_MS
    if len(time_ms) and to_come.all():
        raise Malformed("rows of a time to come")
    if not (back.any() or to_come.any()):
        return sent
    refused(int(back.sum() + to_come.sum()))
    rows = np.unique(time_ms, return_index=True)[1]
    return taken(sent, rows[~to_come[rows]])
