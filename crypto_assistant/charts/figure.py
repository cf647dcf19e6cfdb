"""What a picture shows, as plain data: a test looks at it, and JSON tells it.

Times are int ms UTC, prices quote currency per plain coin, volumes plain coins, rates fractions;
what a pane's values are its title says. A NaN is a gap, never a value. orjson writes all of it with
OPT_SERIALIZE_NUMPY and `default=str` for the zone; a NaN becomes null.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.models import Floats

MOST_OWN = 6
"""Of the owner's prices across the bars; the rest is counted."""

Times = NDArray[np.int64]
Shape = Literal["line", "steps", "area", "bars"]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One series of a pane, over the venues that its `name` tells.

    `role`: its colour, `first`, `second`, `third`.

    `shape`: a `line` between points; `steps` that hold from a time to the next; an `area` stacked
    on the areas before it; `bars` that stand on zero, each `width_ms` wide.
    """

    name: str
    time_ms: Times
    value: Floats
    role: str = "first"
    shape: Shape = "line"
    hollow_from_ms: int | None = None
    """Steps and bars that begin then or later are not final, and drawn hollow."""
    width_ms: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Pane:
    """Series over one scale; `title`: what they are and in which unit (coins, USD, per 8h).

    `percent`: values are fractions and read in percent. `from_zero`: the scale holds zero.
    """

    title: str
    lines: Sequence[Line]
    percent: bool = False
    from_zero: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """A price across the bars: yesterday's high or low, an entry, a liquidation price.

    `role`: `level`, `long`, `short`, `liquidation`. One of the owner's that is off the scale is an
    arrow at its edge; the others are left out there.
    """

    name: str
    price: float
    role: str = "level"

    @property
    def own(self) -> bool:
        return self.role != "level"


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Bars of one market, `step_ms` long, columns of equal length.

    `vwap`: up to the end of each bar. `tick`: of the market. `last`: the price now, None where it
    did not come; `closes_in_ms`: until the bar that is forming closes. `levels`: at most six of the
    owner's are drawn, the rest is counted.
    """

    open_ms: Times
    step_ms: int
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats
    tick: float
    last: float | None
    closes_in_ms: int
    levels: Sequence[Level] = ()
    vwap_name: str = "VWAP"


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A picture. `title`: coin, market, venue, timeframe; `subtitle`: time and age.

    `start_ms` and `end_ms`: the ends of its time axis; `zone`: of its times, None for UTC.
    `notes`: what is missing, a line each. `labels`: what stands below times instead of round ones,
    as far as there is room.
    """

    title: str
    subtitle: str
    start_ms: int
    end_ms: int
    prices: Prices | None
    panes: Sequence[Pane]
    zone: ZoneInfo | None = None
    notes: Sequence[str] = ()
    simulated: bool = False
    labels: Sequence[tuple[int, str]] = ()
