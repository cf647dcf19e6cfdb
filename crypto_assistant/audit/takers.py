"""What takers bought and sold, by a venue's candles against its statistics."""

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.audit.candles import HOURS, apart, hours, retold
from crypto_assistant.audit.check import BTC, COIN_M, Check, Looked
from crypto_assistant.errors import Malformed
from crypto_assistant.models import Candles, Family, Floats, TakerVolumes, Timeframe

FEWEST = 12
"""Hours that both tell, at least."""


async def _of_statistics(looked: Looked) -> float:
    told = await retold(looked).takers(looked.instrument, Timeframe.H1, HOURS, looked.end_ms)
    return furthest(told, await hours(looked))


def furthest(told: TakerVolumes, bars: Candles) -> float:
    """How far rows are from bars, in the median of all hours: by whichever end they are dated.

    Bought and sold apart where the bars tell them apart, else their sum.
    """
    return min(_off(told, told.open_ms - late * bars.timeframe.ms, bars) for late in (0, 1))


def _off(told: TakerVolumes, starts: NDArray[np.int64], bars: Candles) -> float:
    _, rows, at = np.intersect1d(starts, bars.open_ms, return_indices=True)
    if len(rows) < FEWEST:
        raise Malformed(f"{len(rows)} hours of statistics of a day that has ended")
    return max(float(np.median(apart(one[rows], other[at]))) for one, other in _pairs(told, bars))


def _pairs(told: TakerVolumes, bars: Candles) -> list[tuple[Floats, Floats]]:
    """In the market's own unit: dollars where the coin is the margin."""
    bought, sold, volume, taken = told.bought, told.sold, bars.volume, bars.taker_buy
    if bars.instrument.family is Family.INVERSE:
        bought, sold = told.bought_turnover, told.sold_turnover
        volume, taken = bars.turnover, bars.taker_buy_turnover
    if taken is None:
        return [(bought + sold, volume)]
    return [(bought, taken), (sold, volume - taken)]


TAKERS = Check(
    "takers",
    "its statistics",
    most=0.02,
    unit="%",
    why="both count the same trades; a statistic is cut off seconds from the end of its hour",
    uses=("takers",),
    coins=(BTC, COIN_M),
    off=_of_statistics,
)
