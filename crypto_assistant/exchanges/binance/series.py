"""Binance's series: bars with the takers' part, trades, open interest, who is long."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from crypto_assistant.errors import Malformed, Unsupported
from crypto_assistant.exchanges.payload import (
    MOST_UNREAD,
    candles,
    every,
    in_turn,
    matrix,
    moment,
    needed,
    number,
    numbers,
    price,
    rows,
    series,
    times,
)
from crypto_assistant.models import (
    Candles,
    Family,
    Floats,
    Instrument,
    LongShort,
    LongShorts,
    OpenInterestHistory,
    TakerVolumes,
    Timeframe,
    Trades,
    known,
)
from crypto_assistant.net.unread import left_out

MOST_TRADES = 1000
SAMPLE = ("timestamp", "sumOpenInterest", "sumOpenInterestValue")
TAKERS = {
    Family.LINEAR: ("timestamp", "buyVol", "sellVol"),
    Family.INVERSE: (
        *("timestamp", "takerBuyVolValue", "takerSellVolValue"),
        *("takerBuyVol", "takerSellVol"),
    ),
}
"""Coins, of COIN-M contracts besides. The unit of USD-M's is documented nowhere: of coins they
have the magnitude."""
LONG = ("longPosition", "longAccount")
"""COIN-M's positions have a name of their own, USD-M's are called accounts, too."""


def bars(
    payload: Any,
    instrument: Instrument,
    timeframe: Timeframe,
    received_ms: int,
    *,
    past_ms: int,
    newest: bool,
) -> Candles:
    last = -1 if newest else None
    cells = np.empty((0, 11)) if payload == [] else matrix(payload, 11, last)
    volume, taker_buy = cells[:, 5] * instrument.multiplier, cells[:, 9] * instrument.multiplier
    turnover, taker_buy_turnover = cells[:, 7], cells[:, 10]
    if instrument.family is Family.INVERSE:  # Contracts first, then coins.
        volume, taker_buy = cells[:, 7], cells[:, 10]
        turnover, taker_buy_turnover = cells[:, [5, 9]].T * instrument.contract
    return candles(
        instrument,
        timeframe,
        received_ms,
        bars=cells,
        volume=volume,
        turnover=turnover,
        taker_buy=taker_buy,
        taker_buy_turnover=taker_buy_turnover,
        closed=cells[:, 0] + timeframe.ms <= past_ms,
    )


def taker_volumes(bars: Candles) -> TakerVolumes:
    """What takers did not buy, they sold."""
    bought, bought_turnover = bars.taker_buy, bars.taker_buy_turnover
    if bought is None or bought_turnover is None:
        raise Unsupported("bars that do not tell takers apart")
    return TakerVolumes(
        bars.instrument,
        bars.timeframe,
        open_ms=bars.open_ms,
        bought=bought,
        sold=bars.volume - bought,
        bought_turnover=bought_turnover,
        sold_turnover=bars.turnover - bought_turnover,
        closed=bars.closed,
        since_ms=int(bars.open_ms[0]),
        received_ms=bars.received_ms,
    )


def mark_bars(payload: Any, instrument: Instrument, timeframe: Timeframe, now_ms: int) -> Candles:
    """Mark prices; where the volumes of trades stand there are zeros."""
    cells = matrix(payload, 5)
    none = np.full(len(cells), np.nan)
    return candles(
        instrument,
        timeframe,
        now_ms,
        bars=cells,
        volume=none,
        turnover=none,
        closed=cells[:, 0] + timeframe.ms <= now_ms,
    )


def taker_statistics(
    payload: Any, instrument: Instrument, timeframe: Timeframe, now_ms: int
) -> TakerVolumes:
    """What takers did as the statistics have it, each row at the time that it bears."""
    time_ms, bought, sold, *contracts = series(payload, TAKERS[instrument.family])
    none = np.full(len(time_ms), np.nan)
    turnover = [part * instrument.contract for part in contracts] or [none, none]
    return TakerVolumes(
        instrument,
        timeframe,
        open_ms=time_ms.astype(np.int64),
        bought=bought * instrument.multiplier,
        sold=sold * instrument.multiplier,
        bought_turnover=turnover[0],
        sold_turnover=turnover[1],
        closed=time_ms + timeframe.ms <= now_ms,
        since_ms=int(time_ms[0]),
        received_ms=now_ms,
    )


def trades(payload: Any, instrument: Instrument, received_ms: int) -> Trades:
    found = every(payload)
    time_ms = in_turn(needed("time", times(_column(found, "T")))).astype(np.int64)
    paid, size = needed("price", price(_column(found, "p"))), needed("size", _column(found, "q"))
    coins, turnover = size * instrument.multiplier, size * paid
    if instrument.family is Family.INVERSE:
        turnover = size * instrument.contract
        coins = turnover / paid
    # A full page may begin in the middle of a millisecond.
    since_ms = int(time_ms[0]) + (len(found) >= MOST_TRADES)
    whole = time_ms >= since_ms
    return Trades(
        instrument,
        time_ms=time_ms[whole],
        price=paid[whole] / instrument.multiplier,
        size=coins[whole],
        turnover=turnover[whole],
        bought=np.array([_bought(row) for row in found], bool)[whole],
        since_ms=since_ms,
        received_ms=received_ms,
    )


def open_interest_history(
    payload: Any,
    instrument: Instrument,
    span: tuple[int, int],
    received_ms: int,
    *,
    newest: bool,
) -> OpenInterestHistory:
    """Those of the time that was asked for, `span` without its end; the `newest` must be one."""
    time_ms, size, value = np.empty((3, 0)) if payload == [] else _inside(payload, span, newest)
    coins, usd = size * instrument.multiplier, value
    if instrument.family is Family.INVERSE:  # Contracts, and their value in coins.
        coins, usd = value, size * instrument.contract
    return OpenInterestHistory(instrument, time_ms.astype(np.int64), coins, usd, received_ms)


def _inside(payload: Any, span: tuple[int, int], newest: bool) -> Floats:
    """Samples in ascending order."""
    sampled = np.array(series(payload, SAMPLE, -1 if newest else None))
    time_ms = sampled[0]
    is_inside = (span[0] <= time_ms) & (time_ms < span[1])
    outside = len(time_ms) - int(is_inside.sum())
    if outside > MOST_UNREAD * len(time_ms) or (newest and not is_inside[-1]):
        raise Malformed("samples of another time than asked for")
    left_out(outside)
    _, rows = np.unique(np.where(is_inside, time_ms, -1), return_index=True)
    return sampled[:, rows[int(outside > 0) :]]


def long_shorts(payload: Any, counts: str, instrument: Instrument, received_ms: int) -> LongShorts:
    """The newest row of one of the venue's counts."""
    newest = rows(payload)[-1]
    share = next((newest[name] for name in LONG if name in newest), None)
    count = LongShort(counts, known(number(share)), moment(newest["timestamp"]))
    return LongShorts(instrument, (count,), received_ms)


def _column(found: Sequence[Mapping[str, Any]], name: str) -> Floats:
    return numbers([row.get(name) for row in found])


def _bought(row: Mapping[str, Any]) -> bool:
    maker = row.get("m")
    if not isinstance(maker, bool):
        raise Malformed("a trade without its side")
    return not maker  # "m": the buyer was the maker, so the taker sold.
