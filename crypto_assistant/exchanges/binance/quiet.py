"""Samples of open interest that Binance leaves out: nobody traded, so that what was open still is.

Its own client says so of USDⓈ-M since usds-futures 18.1.0.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from crypto_assistant.models import Family, OpenInterestHistory


def joined(earlier: OpenInterestHistory, later: OpenInterestHistory) -> OpenInterestHistory:
    """The samples of both."""
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(earlier, name), getattr(later, name)])
        for name in ("time_ms", "coins", "usd")
    }
    return replace(later, **columns, received_ms=min(earlier.received_ms, later.received_ms))


def filled(
    told: OpenInterestHistory, step_ms: int, limit: int, until_ms: int
) -> OpenInterestHistory:
    """The last `limit` samples up to `until_ms`: one that was left out is as the one before it.

    What it was worth is not known: a linear market's contracts in USD, an inverse one's in coins.
    So the one that the first of them is as comes along. Before the venue's first there is none.
    """
    if not len(told):
        return told
    slots = np.arange(told.time_ms[0], until_ms + 1, step_ms)
    wanted = np.union1d(told.time_ms, slots)[-limit:]
    first = np.searchsorted(told.time_ms, wanted[0], "right") - 1
    time_ms = np.union1d(told.time_ms[first], wanted)
    row = np.searchsorted(told.time_ms, time_ms, "right") - 1
    own = told.time_ms[row] == time_ms
    coins, usd = told.coins[row], told.usd[row]
    if told.instrument.family is Family.INVERSE:
        coins = np.where(own, coins, np.nan)
    else:
        usd = np.where(own, usd, np.nan)
    return replace(told, time_ms=time_ms, coins=coins, usd=usd)
