"""The places of a picture, in pixels from its upper left corner."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from crypto_assistant.charts.figure import Level
from crypto_assistant.charts.scale import Scale, TimeScale

WIDTH, HEIGHT = 1080, 1280
SMALL, LARGE = 34, 44
FOOT = 46
LEFT, RIGHT, GUTTER = 24, 878, 888
"""Of the plots, and of the values right of them."""

Font = Literal["sans", "mono"]


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


@dataclass(frozen=True, slots=True)
class Text:
    """`y`: the middle of its capitals. `role`: its colour; `over`: it is outlined, over bars."""

    text: str
    x: float
    y: float
    width: float
    role: str
    size: int = SMALL
    font: Font = "sans"
    over: bool = False

    @property
    def box(self) -> Box:
        """With room for what goes below the line, and in words for accents."""
        above = 0.57 if self.font == "sans" else 0.42
        top, bottom = self.y - above * self.size, self.y + 0.61 * self.size
        return Box(self.x, top, self.x + self.width, bottom)


@dataclass(frozen=True, slots=True)
class Plot:
    """A scale between its edges. `ticks`: the round values that are named."""

    scale: Scale
    ticks: Sequence[float]


@dataclass(slots=True)
class Layout:
    """`crossing`: the levels that are on the scale of the prices, each with the way from its
    name to where its line begins; `swatches`: with their roles.
    """

    time: TimeScale
    texts: list[Text] = field(default_factory=list)
    swatches: list[tuple[Box, str]] = field(default_factory=list)
    days: list[float] = field(default_factory=list)
    prices: Plot | None = None
    volume: Scale | None = None
    tag: tuple[Box, str] | None = None
    crossing: list[tuple[Level, list[tuple[float, float]]]] = field(default_factory=list)
    panes: list[Plot] = field(default_factory=list)
    bottom: int = HEIGHT - FOOT
