"""What a picture shows, as plain data: a test looks at it, and JSON tells it.

Times are ms of UTC; prices are in the quote per plain coin. A NaN is a gap in the line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.models import Floats

Times = NDArray[np.int64]
Shape = Literal["line", "steps", "area", "bars"]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One series of a pane. `role` picks its colour: `first`, `second`, `third`, `own`.

    `shape`: `line` between points; `steps` hold from a time to the next; `area` is stacked upon the
    areas before it; `bars` stand on zero, each as wide as `width_ms`.
    """

    name: str
    time_ms: Times
    value: Floats
    role: str = "first"
    shape: Shape = "line"
    hollow_from_ms: int | None = None
    """From then on it is not final, and drawn hollow."""
    width_ms: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Pane:
    """Series over one scale; `title` says what they are, in which unit and over whom.

    `percent`: values are fractions and read so.
    """

    title: str
    lines: Sequence[Line]
    percent: bool = False
    from_zero: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """A price across the pane with a name: yesterday's high, an entry, a liquidation price.

    `role`: `level`, `long`, `short`, `liquidation`. One that is `own` and off the scale is an arrow
    at its edge.
    """

    name: str
    price: float
    role: str = "level"

    @property
    def own(self) -> bool:
        return self.role != "level"


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Bars of a market, `step_ms` long. `vwap`: of each bar, NaN where there is none.

    `last`: the price now; `closes_in_ms`: until the last bar closes. `tick`: the market's.
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
    levels: Sequence[Level]


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A picture. `start_ms` and `end_ms`: the ends of its time axis; `zone`: of its labels.

    `notes`: what is missing from it, a line each.
    """

    title: str
    subtitle: str
    start_ms: int
    end_ms: int
    prices: Prices | None
    panes: Sequence[Pane]
    zone: ZoneInfo | None = None
    notes: Sequence[str] = ()


ROLES: Mapping[str, str] = {"long": "up", "short": "down", "liquidation": "second"}
"""The colours of the owner's lines."""
