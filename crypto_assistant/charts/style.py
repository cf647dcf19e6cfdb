"""The colours of a picture, by the style that a user chose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Style:
    """`hollow`: rising bars are outlines, so that colour alone decides nothing."""

    background: Colour
    grid: Colour
    text: Colour
    faint: Colour
    up: Colour
    down: Colour
    first: Colour
    second: Colour
    third: Colour
    hollow: bool = False

    def of(self, role: str) -> Colour:
        """`level` is faint, `long` and `short` are as rising and falling bars."""
        names = {"level": "faint", "long": "up", "short": "down", "liquidation": "second"}
        colour: Colour = getattr(self, names.get(role, role))
        return colour

    def dim(self, colour: Colour) -> Colour:
        """Half way to the background."""
        red, green, blue = ((a + b) // 2 for a, b in zip(colour, self.background, strict=True))
        return red, green, blue


STYLES: Final[Mapping[str, Style]] = {
    "dark": Style(
        background=(18, 22, 29),
        text=(228, 232, 238),
        faint=(160, 170, 182),
        grid=(46, 53, 64),
        up=(72, 184, 150),
        down=(232, 120, 108),
        first=(110, 176, 250),
        second=(244, 192, 96),
        third=(200, 152, 236),
    ),
    "light": Style(
        background=(255, 255, 255),
        text=(26, 31, 38),
        faint=(92, 102, 115),
        grid=(224, 228, 233),
        up=(22, 134, 100),
        down=(200, 78, 66),
        first=(30, 96, 184),
        second=(176, 104, 0),
        third=(126, 70, 176),
    ),
    # After Okabe and Ito, whose colours stay apart for the common kinds of colour blindness.
    "colour-blind": Style(
        background=(18, 22, 29),
        text=(232, 236, 242),
        faint=(168, 178, 190),
        grid=(46, 53, 64),
        up=(108, 190, 240),
        down=(236, 166, 20),
        first=(86, 180, 233),
        second=(240, 228, 100),
        third=(214, 134, 180),
        hollow=True,
    ),
}
