"""OKX's rows over time: candles, trades, statistics. The venue sends the newest first."""

from typing import Any

import numpy as np

from crypto_assistant.exchanges.payload import candles, matrix, needed, numbers, price, rows, times
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

BOUGHT = {"buy": True, "sell": False}


def bars(
    payload: Any, instrument: Instrument, timeframe: Timeframe, now_ms: int, *, newest: bool
) -> Candles:
    """Volumes are coins, quote, quote on spot; contracts, coins, quote elsewhere.

    A window of the past may have no bars; the `newest` are never none.
    """
    empty = payload == [] and not newest
    cells = np.empty((0, 9)) if empty else matrix(payload, 9)[::-1]
    coins = cells[:, 5] if instrument.family is Family.SPOT else cells[:, 6]
    return candles(
        instrument,
        timeframe,
        now_ms,
        bars=cells,
        volume=coins * instrument.multiplier,
        turnover=cells[:, 7],
        closed=cells[:, 8] == 1,
    )


def trades(payload: Any, instrument: Instrument, most: int, now_ms: int) -> Trades:
    """The "side" is the taker's. Of `most` rows the oldest millisecond may be cut in two."""
    listed = rows(payload)[::-1]
    time, paid, size = (numbers([row.get(name) for row in listed]) for name in ("ts", "px", "sz"))
    time, size = needed("time", times(time)), needed("size", size)
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


def takers(payload: Any, instrument: Instrument, timeframe: Timeframe, now_ms: int) -> TakerVolumes:
    """Rows are [time, sold, bought] in contracts, of a coin in coins; the other unit is NaN."""
    cells = _ended(payload, 3, timeframe, now_ms)
    sold, bought = cells[:, 1] * instrument.contract, cells[:, 2] * instrument.contract
    none = np.full(len(cells), np.nan)
    inverse = instrument.family is Family.INVERSE
    return TakerVolumes(
        instrument,
        timeframe,
        cells[:, 0].astype(np.int64),
        bought=none if inverse else bought * instrument.multiplier,
        sold=none if inverse else sold * instrument.multiplier,
        bought_turnover=bought if inverse else none,
        sold_turnover=sold if inverse else none,
        closed=np.ones(len(cells), bool),
        since_ms=int(cells[0, 0]) if len(cells) else now_ms,
        received_ms=now_ms,
    )


def open_interests(
    payload: Any, instrument: Instrument, timeframe: Timeframe, now_ms: int
) -> OpenInterestHistory:
    """Rows are [start, contracts, coins, USD] as they stood at the end of the period.

    The market's own unit is reckoned from contracts, the other is as the venue sends it.
    """
    cells = _ended(payload, 4, timeframe, now_ms)
    units, coins, usd = cells[:, 1] * instrument.contract, cells[:, 2], cells[:, 3]
    inverse = instrument.family is Family.INVERSE
    return OpenInterestHistory(
        instrument,
        (cells[:, 0] + timeframe.ms).astype(np.int64),
        (coins if inverse else units) * instrument.multiplier,
        units if inverse else usd,
        now_ms,
    )


def long_shorts(
    payload: Any, instrument: Instrument, counts: str, timeframe: Timeframe, now_ms: int
) -> LongShorts:
    """The newest row, [start, long / short] as it stood at the end; none of an empty list."""
    newest = _ended(payload, 2, timeframe, now_ms)[-1:]
    ends, ratio = newest[:, 0] + timeframe.ms, price(newest[:, 1])
    shares = zip(ends.tolist(), (ratio / (1 + ratio)).tolist(), strict=True)
    rows = tuple(LongShort(counts, known(share), int(end)) for end, share in shares)
    return LongShorts(instrument, rows, now_ms)


def _ended(payload: Any, width: int, timeframe: Timeframe, now_ms: int) -> Floats:
    """Statistics without the period that has not ended: its row still grows."""
    cells = matrix(payload, width)[::-1] if payload != [] else np.empty((0, width))
    return cells[cells[:, 0] + timeframe.ms <= now_ms]
