"""The colours of a picture, by the style that a user chose."""

from collections.abc import Mapping
from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Style:
    """`hollow`: rising bars are outlines, so that colour alone decides nothing."""

    background: Colour
    text: Colour
    faint: Colour
    grid: Colour
    up: Colour
    down: Colour
    first: Colour
    second: Colour
    third: Colour
    hollow: bool = False

    def of(self, role: str) -> Colour:
        """`long` and `short` as rising and falling bars."""
        return {
            "up": self.up,
            "long": self.up,
            "down": self.down,
            "short": self.down,
            "first": self.first,
            "second": self.second,
            "liquidation": self.second,
            "third": self.third,
        }.get(role, self.faint)

    def dim(self, colour: Colour) -> Colour:
        """Half way to the background."""
        red, green, blue = ((a + b) // 2 for a, b in zip(colour, self.background, strict=True))
        return red, green, blue


STYLES: Mapping[str, Style] = {
    "dark": Style(
        background=(18, 22, 28),
        text=(222, 227, 233),
        faint=(150, 160, 172),
        grid=(44, 51, 61),
        up=(64, 176, 140),
        down=(222, 106, 98),
        first=(104, 166, 246),
        second=(240, 182, 84),
        third=(190, 140, 230),
    ),
    "light": Style(
        background=(255, 255, 255),
        text=(28, 33, 40),
        faint=(104, 114, 126),
        grid=(224, 228, 233),
        up=(26, 140, 104),
        down=(200, 72, 66),
        first=(36, 104, 196),
        second=(196, 120, 12),
        third=(134, 76, 184),
    ),
    # Okabe and Ito's colours, which stay apart for all common kinds of colour blindness.
    "colour-blind": Style(
        background=(18, 22, 28),
        text=(222, 227, 233),
        faint=(150, 160, 172),
        grid=(44, 51, 61),
        up=(86, 180, 233),
        down=(230, 159, 0),
        first=(240, 228, 66),
        second=(213, 94, 0),
        third=(204, 121, 167),
        hollow=True,
    ),
}
