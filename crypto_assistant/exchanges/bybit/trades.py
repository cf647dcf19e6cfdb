"""Bybit's newest trades, one by one and in bars.

https://bybit-exchange.github.io/docs/v5/market/recent-trade
"""

from typing import Any

import numpy as np

from crypto_assistant.calculators.cvd import into_bars
from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.payload import every, in_turn, needed, numbers, price, times
from crypto_assistant.models import Family, Instrument, TakerVolumes, Timeframe, Trades

SIDES = {"Buy", "Sell"}


def read(payload: Any, instrument: Instrument, asked: int, now_ms: int) -> Trades:
    """The venue documents no order; `side` is the taker's."""
    sent = every(payload)
    time, prices, size, seq = (
        numbers([row.get(name) for row in sent]) for name in ("time", "price", "size", "seq")
    )
    if {row["side"] for row in sent} - SIDES:
        raise Malformed("a trade without its side")
    time, size = needed("time", times(time)), needed("size", size)
    prices = needed("price", price(prices))
    if not np.isnan(seq).any():
        in_turn(time[np.lexsort((time, seq))])
    # More trades of a full page's oldest millisecond may lie beyond it.
    since_ms = int(time.min()) + (len(sent) >= asked)
    order = np.lexsort((seq, time))
    order = order[time[order] >= since_ms]
    prices, size = prices[order], size[order]
    coins, turnover = size * instrument.multiplier, size * prices
    if instrument.family is Family.INVERSE:  # Sizes count USD.
        turnover = size * instrument.contract
        coins = turnover / prices * instrument.multiplier
    return Trades(
        instrument,
        time_ms=time[order].astype(np.int64),
        price=prices / instrument.multiplier,
        size=coins,
        turnover=turnover,
        bought=np.array([row["side"] == "Buy" for row in sent])[order],
        since_ms=since_ms,
        received_ms=now_ms,
    )


def in_bars(trades: Trades, timeframe: Timeframe, limit: int, past_ms: int) -> TakerVolumes:
    """Up to the bar that is forming; one in which nobody traded is 0.

    `past_ms`: what is past at the venue for certain.
    """
    step = timeframe.ms
    now_ms = max(past_ms, trades.since_ms, *trades.time_ms[-1:].tolist())
    oldest = max(trades.since_ms // step, now_ms // step - limit + 1)
    open_ms = np.arange(oldest, now_ms // step + 1) * step
    bought, sold = into_bars(trades.time_ms, trades.size, trades.bought, open_ms, step)
    turnovers = into_bars(trades.time_ms, trades.turnover, trades.bought, open_ms, step)
    return TakerVolumes(
        trades.instrument,
        timeframe,
        open_ms,
        bought,
        sold,
        *turnovers,
        closed=open_ms + step <= past_ms,
        since_ms=max(trades.since_ms, oldest * step),
        received_ms=trades.received_ms,
    )
