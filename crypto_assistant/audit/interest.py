"""Open interest: coins at the mark price against the venue's USD, two sides against one."""

from math import nan

import numpy as np

from crypto_assistant.audit.candles import HOURS, apart, retold
from crypto_assistant.audit.check import BTC, COIN_M, ETH, PEPE, Check, Looked
from crypto_assistant.errors import Malformed, Unsupported
from crypto_assistant.models import Floats, Instruments, OpenInterest, Timeframe

FEWEST = 12
"""Samples that both tell, at least."""


async def _of_usd(looked: Looked) -> float:
    """Of this moment where the venue sends both units, else of the hours of the day."""
    alone = Instruments.one(looked.instrument, 0)
    try:
        now = (await looked.exchange.open_interests(alone))[0]
    except Unsupported:
        return await _of_samples(looked)
    mark = (await looked.exchange.marks(alone))[0].mark
    return float(apart(_numbers(_valued(now, mark)), _numbers(now.usd))[0])


async def _of_samples(looked: Looked) -> float:
    exchange, market, end_ms = looked.exchange, looked.instrument, looked.end_ms
    told = await exchange.open_interest_history(market, Timeframe.H1, HOURS, end_ms)
    marks = await retold(looked).mark_candles(market, Timeframe.H1, HOURS, end_ms)
    _, rows, at = np.intersect1d(told.time_ms, marks.open_ms, return_indices=True)
    off = apart(told.coins[rows] * marks.open[at], told.usd[rows])
    if np.isfinite(off).sum() < FEWEST:
        raise Malformed("too few samples of open interest of a day that has ended")
    return float(np.nanmedian(off))


async def _of_both_sides(looked: Looked) -> float:
    both = await retold(looked).open_interest(looked.instrument)
    one = (await looked.exchange.open_interests(Instruments.one(looked.instrument, 0)))[0]
    return float(apart(_numbers(both.coins, both.usd), _numbers(one.coins, one.usd)).max())


def _valued(now: OpenInterest, mark: float | None) -> float | None:
    return None if now.coins is None or mark is None else now.coins * mark


def _numbers(*values: float | None) -> Floats:
    """Raises Malformed where one is missing."""
    found = np.array([nan if value is None else value for value in values], float)
    if np.isnan(found).any():
        raise Malformed("open interest or a mark price is missing")
    return found


USES = ("open interest", "open interest history", "dated futures")

USD = Check(
    "open interest",
    "its own USD",
    most=0.01,
    unit="%",
    why="the mark price may be half a minute older than the venue's sum",
    uses=USES,
    coins=(BTC, ETH, PEPE, COIN_M),
    off=_of_usd,
)
SIDES = Check(
    "one side",
    "half of both sides",
    most=0.001,
    unit="%",
    why="every contract has two sides; what is left is rounding to a lot",
    uses=USES,
    coins=(BTC, ETH, PEPE, COIN_M),
    off=_of_both_sides,
)
