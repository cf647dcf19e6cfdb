"""Samples of open interest that Binance leaves out: nobody traded, so that what was open still is.

Its own client says so of USD-M since usds-futures 18.1.0. A sample may lack for other reasons, as
while the statistics are down: that nobody traded is told by bars without volume.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.models import Candles, OpenInterestHistory

Times = NDArray[np.int64]


def joined(earlier: OpenInterestHistory, later: OpenInterestHistory) -> OpenInterestHistory:
    """The samples of both."""
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(earlier, name), getattr(later, name)])
        for name in ("time_ms", "coins", "usd")
    }
    return replace(later, **columns, received_ms=min(earlier.received_ms, later.received_ms))


def lacking(history: OpenInterestHistory, step_ms: int, limit: int, until_ms: int) -> Times:
    """Which of the last `limit` samples up to `until_ms` lack; before the first there is none."""
    if not len(history):
        return history.time_ms
    last = until_ms // step_ms
    first = max(-(-int(history.time_ms[0]) // step_ms), last + 1 - limit)
    return np.setdiff1d(np.arange(first, last + 1) * step_ms, history.time_ms)


def still(history: OpenInterestHistory, lacking: Times, bars: Candles) -> Times:
    """Those before which nobody traded, in any bar since the sample before."""
    empty = bars.open_ms[bars.volume == 0]
    since = history.time_ms[np.searchsorted(history.time_ms, lacking) - 1]
    count = np.searchsorted(empty, lacking) - np.searchsorted(empty, since)
    known: Times = lacking[count * bars.timeframe.ms == lacking - since]
    return known


def filled(history: OpenInterestHistory, still: Times, limit: int) -> OpenInterestHistory:
    """The last `limit` samples, one that was left out as the one before it.

    What it was worth in USD is not known, so the one that the first of them is as comes along.
    """
    wanted = np.union1d(history.time_ms, still)[-limit:]
    first = np.searchsorted(history.time_ms, wanted[0], "right") - 1
    time_ms = np.union1d(history.time_ms[first], wanted)
    row = np.searchsorted(history.time_ms, time_ms, "right") - 1
    usd = np.where(history.time_ms[row] == time_ms, history.usd[row], np.nan)
    return replace(history, time_ms=time_ms, coins=history.coins[row], usd=usd)
