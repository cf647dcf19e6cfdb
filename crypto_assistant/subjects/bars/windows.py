"""How far back a change reaches, and which row of a series stands for its start."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.calculators.open_interest import nearest
from crypto_assistant.models import Timeframe

Windows = Mapping[str, Timeframe]
"""By the name that an answer gives it: its length, and the bars whose ATR measures its price."""

WINDOWS: Windows = {
    "15m": Timeframe.M15,
    "1h": Timeframe.H1,
    "4h": Timeframe.H4,
    "24h": Timeframe.D1,
}
STEP = Timeframe.M5
"""How far apart the samples of a series are."""


def start(time_ms: NDArray[np.int64], window: Timeframe, now_ms: int) -> int | None:
    """The row nearest to the window's start.

    None where it is off by more than a step and more than a tenth of the window: what a market
    did in 40 minutes is not its change over 24 hours.
    """
    row = nearest(time_ms, now_ms - window.ms)
    if row is None:
        return None
    off = abs(int(time_ms[row]) - (now_ms - window.ms))
    return row if off <= max(STEP.ms, window.ms / 10) else None
