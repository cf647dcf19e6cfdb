"""Bybit's series: candles, mark candles, open interest over time, who is long.

https://bybit-exchange.github.io/docs/v5/market/kline
"""

from dataclasses import replace
from math import nan
from typing import Any

import numpy as np

from crypto_assistant.exchanges.bybit.now import one_side
from crypto_assistant.exchanges.payload import candles, matrix, moment, number, price, rows, series
from crypto_assistant.models import (
    Candles,
    Family,
    Floats,
    Instrument,
    LongShort,
    LongShorts,
    OpenInterestHistory,
    Timeframe,
)
from crypto_assistant.net.request import Query

INTERVALS = {
    Timeframe.M1: "1",
    Timeframe.M3: "3",
    Timeframe.M5: "5",
    Timeframe.M15: "15",
    Timeframe.M30: "30",
    Timeframe.H1: "60",
    Timeframe.H2: "120",
    Timeframe.H4: "240",
    Timeframe.H6: "360",
    Timeframe.H12: "720",
    Timeframe.D1: "D",
}
OPEN_INTEREST_INTERVALS = {
    Timeframe.M5: "5min",
    Timeframe.M15: "15min",
    Timeframe.M30: "30min",
    Timeframe.H1: "1h",
    Timeframe.H4: "4h",
    Timeframe.D1: "1d",
}


SAMPLE = ("timestamp", "singleOpenInterest", "openInterest")


def window(start: str, end: str, limit: int, timeframe: Timeframe, end_ms: int | None) -> Query:
    """Asks for the last `limit` rows before `end_ms`; the venue counts both ends in."""
    if end_ms is None:
        return [("limit", limit)]
    return [(start, end_ms - limit * timeframe.ms), (end, end_ms - 1), ("limit", limit)]


def kline(
    payload: Any,
    instrument: Instrument,
    timeframe: Timeframe,
    received_ms: int,
    *,
    past_ms: int,
    newest: bool,
) -> Candles:
    """Traded prices; only a window of the past (not `newest`) may lie before the listing."""
    bars = _bars(payload, 7, newest=newest)
    volume, turnover = bars[:, 5] * instrument.multiplier, bars[:, 6]
    if instrument.family is Family.INVERSE:  # Volume counts USD, turnover coins.
        volume, turnover = bars[:, 6], bars[:, 5] * instrument.contract
    return candles(
        instrument,
        timeframe,
        received_ms,
        bars=bars,
        volume=volume,
        turnover=turnover,
        closed=bars[:, 0] + timeframe.ms <= past_ms,
    )


def mark_kline(
    payload: Any,
    instrument: Instrument,
    timeframe: Timeframe,
    received_ms: int,
    *,
    past_ms: int,
    newest: bool,
) -> Candles:
    """Mark prices, which have no volume."""
    bars = _bars(payload, 5, newest=newest)
    none = np.full(len(bars), nan)
    return candles(
        instrument,
        timeframe,
        received_ms,
        bars=bars,
        volume=none,
        turnover=none,
        closed=bars[:, 0] + timeframe.ms <= past_ms,
    )


def open_interest(
    payload: Any, instrument: Instrument, now_ms: int, *, newest: bool
) -> OpenInterestHistory:
    """Samples in the market's own unit: coins, or USD where the coin is the margin."""
    is_empty = payload == [] and not newest
    sampled = np.empty((3, 0)) if is_empty else series(payload, SAMPLE, 0 if newest else None)
    time, single, both = (column[::-1] for column in sampled)
    size, none = one_side(single, both), np.full(len(time), nan)
    inverse = instrument.family is Family.INVERSE
    return OpenInterestHistory(
        instrument,
        time_ms=time.astype(np.int64),
        coins=none if inverse else size * instrument.multiplier,
        usd=size * instrument.contract if inverse else none,
        received_ms=now_ms,
    )


def valued(history: OpenInterestHistory, marks: Candles) -> OpenInterestHistory:
    """The samples in USD too: a mark candle opens with the mark price of a sample's time."""
    mark = dict(zip(marks.open_ms.tolist(), price(marks.open).tolist(), strict=True))
    prices = np.array([mark.get(time, nan) for time in history.time_ms.tolist()], float)
    received_ms = min(history.received_ms, marks.received_ms)
    return replace(history, usd=history.coins * prices, received_ms=received_ms)


def long_shorts(payload: Any, instrument: Instrument, now_ms: int) -> LongShorts:
    newest = rows(payload)[0]
    long = number(newest.get("buyRatio"))
    count = LongShort(
        counts="all accounts",
        long=long if long > 0 else None,  # In no market is everybody short.
        time_ms=moment(newest["timestamp"]),
    )
    return LongShorts(instrument, (count,), now_ms)


def _bars(payload: Any, width: int, *, newest: bool) -> Floats:
    """In ascending order; the venue sends the newest first."""
    if payload == [] and not newest:
        return np.empty((0, width))
    return matrix(payload, width, 0 if newest else None)[::-1]
