"""OKX's rows over time: candles, trades, statistics. The venue sends the newest first."""

from typing import Any

import numpy as np

from crypto_assistant.exchanges.okx.rubik import Rows
from crypto_assistant.exchanges.payload import (
    candles,
    every,
    in_turn,
    matrix,
    needed,
    numbers,
    price,
    times,
)
from crypto_assistant.models import (
    Candles,
    Family,
    Floats,
    Instrument,
    LongShort,
    OpenInterestHistory,
    TakerVolumes,
    Timeframe,
    Trades,
    known,
)

BOUGHT = {"buy": True, "sell": False}


def bars(
    payload: Any,
    instrument: Instrument,
    timeframe: Timeframe,
    received_ms: int,
    *,
    past_ms: int,
    newest: bool,
) -> Candles:
    """Volumes are coins, quote, quote on spot; contracts, coins, quote elsewhere.

    A window of the past may have no bars; the `newest` are never none.
    """
    empty = payload == [] and not newest
    cells = np.empty((0, 9)) if empty else matrix(payload, 9, 0 if newest else None)[::-1]
    coins, confirmed = cells[:, 5] if instrument.family is Family.SPOT else cells[:, 6], cells[:, 8]
    return candles(
        instrument,
        timeframe,
        received_ms,
        bars=cells,
        volume=coins * instrument.multiplier,
        turnover=cells[:, 7],
        closed=np.where(np.isnan(confirmed), cells[:, 0] + timeframe.ms <= past_ms, confirmed == 1),
    )


def mark_bars(payload: Any, instrument: Instrument, timeframe: Timeframe, now_ms: int) -> Candles:
    """Rows are [time, open, high, low, close, whether it has ended] of a mark price."""
    cells = matrix(payload, 6)[::-1]
    none = np.full(len(cells), np.nan)
    return candles(
        instrument,
        timeframe,
        now_ms,
        bars=cells,
        volume=none,
        turnover=none,
        closed=cells[:, 5] == 1,
    )


def trades(payload: Any, instrument: Instrument, most: int, now_ms: int) -> Trades:
    """The "side" is the taker's. Of `most` rows the oldest millisecond may be cut in two."""
    listed = every(payload)[::-1]
    time, paid, size = (numbers([row.get(name) for row in listed]) for name in ("ts", "px", "sz"))
    time, size = in_turn(needed("time", times(time))), needed("size", size)
    paid = needed("price", price(paid))
    first = time.min() + (len(listed) >= most)
    whole = time >= first
    coins, turnover = _sizes(size * instrument.contract, paid, instrument)
    return Trades(
        instrument,
        time[whole].astype(np.int64),
        (paid / instrument.multiplier)[whole],
        coins[whole],
        turnover[whole],
        np.array([BOUGHT[row["side"]] for row in listed], bool)[whole],
        since_ms=int(first),
        received_ms=now_ms,
    )


def _sizes(units: Floats, paid: Floats, instrument: Instrument) -> tuple[Floats, Floats]:
    """Coins and quote currency of the venue's coins (USD on inverse markets) at its prices."""
    if instrument.family is Family.INVERSE:
        return units / paid * instrument.multiplier, units
    return units * instrument.multiplier, units * paid


def takers(rows: Rows, instrument: Instrument, timeframe: Timeframe, lag: int) -> TakerVolumes:
    """Rows are [time, sold, bought] in contracts, of a coin in coins; the other unit is NaN.

    `lag`: 0 where the time is the start of the period, 1 where it is the end.
    """
    cells = rows.cells
    starts = cells[:, 0].astype(np.int64) - lag * timeframe.ms
    sold, bought = cells[:, 1] * instrument.contract, cells[:, 2] * instrument.contract
    none = np.full(len(cells), np.nan)
    inverse = instrument.family is Family.INVERSE
    return TakerVolumes(
        instrument,
        timeframe,
        starts,
        bought=none if inverse else bought * instrument.multiplier,
        sold=none if inverse else sold * instrument.multiplier,
        bought_turnover=bought if inverse else none,
        sold_turnover=sold if inverse else none,
        closed=np.ones(len(cells), bool),
        since_ms=int(starts[0]) if len(cells) else rows.received_ms,
        received_ms=rows.received_ms,
    )


def open_interests(rows: Rows, instrument: Instrument) -> OpenInterestHistory:
    """Rows are [time, contracts, coins, USD] as they stood at that time.

    The market's own unit is reckoned from contracts, the other is as the venue sends it.
    """
    time, contracts, coins, usd = rows.cells.T
    units = contracts * instrument.contract
    inverse = instrument.family is Family.INVERSE
    return OpenInterestHistory(
        instrument,
        time.astype(np.int64),
        (coins if inverse else units) * instrument.multiplier,
        units if inverse else usd,
        rows.received_ms,
    )


def long_shorts(rows: Rows, counts: str) -> list[LongShort]:
    """Rows are [time, long / short] as it stood at that time."""
    time, ratio = rows.cells[:, 0], price(rows.cells[:, 1])
    shares = zip(time.tolist(), (ratio / (1 + np.abs(ratio))).tolist(), strict=True)
    return [LongShort(counts, known(share), int(ms)) for ms, share in shares]
