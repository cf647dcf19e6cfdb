"""A surface to draw on: sharp rectangles and text, smooth lines, and where each text stands."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from crypto_assistant.charts.style import Colour

WIDTH, HEIGHT = 1080, 1280
SMALL, LARGE = 34, 44
COLOURS = 128
BAND = HEIGHT // 8
STROKE = 3
SMOOTH = 3
"""How many times larger lines are drawn before they are laid on the picture."""
FONTS = Path(__file__).parent / "fonts"

Point = tuple[float, float]
Clip = tuple[int, int, int, int]
"""Left, top, right, bottom."""


class Box(NamedTuple):
    """Where a text stands, in pixels."""

    left: int
    top: int
    right: int
    bottom: int
    text: str


@cache
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Raises OSError where the file is missing or broken."""
    name = f"DejaVuSans{'-Bold' if bold else ''}.ttf"
    # Of a path that is not there Pillow would take the host's font of that name, if it has one.
    return ImageFont.truetype(BytesIO((FONTS / name).read_bytes()), size)


class Canvas:
    """`boxes`: of every text that was written."""

    def __init__(self, background: Colour) -> None:
        self.background = background
        self.boxes: list[Box] = []
        self._image = Image.new("RGB", (WIDTH, HEIGHT), background)
        self._draw = ImageDraw.Draw(self._image)

    def png(self) -> bytes:
        """Of few colours, which makes it small; found band by band, for 4 MB instead of 11."""
        half = self._image.resize((WIDTH // 2, HEIGHT // 2), Image.Resampling.NEAREST)
        colours = half.quantize(COLOURS, Image.Quantize.FASTOCTREE)
        few = Image.new("P", (WIDTH, HEIGHT))
        few.putpalette(colours.getpalette() or [])
        for top in range(0, HEIGHT, BAND):
            band = self._image.crop((0, top, WIDTH, top + BAND))
            few.paste(band.quantize(palette=colours, dither=Image.Dither.NONE), (0, top))
        found = BytesIO()
        few.save(found, "PNG")
        return found.getvalue()

    def rectangle(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        colour: Colour,
        *,
        fill: bool = True,
    ) -> None:
        """Its right and bottom pixels are part of it."""
        corners = [(round(left), round(min(top, bottom))), (round(right), round(max(top, bottom)))]
        if fill:
            self._draw.rectangle(corners, fill=colour)
        else:
            self._draw.rectangle(corners, outline=colour, fill=self.background, width=2)

    def across(self, y: float, left: int, right: int, colour: Colour, *, dash: int = 0) -> None:
        """A level line; `dash`: of pieces so long, with gaps as long."""
        starts = range(left, right, 2 * dash) if dash else (left,)
        width = STROKE if dash else 1
        for start in starts:
            end = min(right, start + dash) if dash else right
            self._draw.line([(start, round(y)), (end, round(y))], fill=colour, width=width)

    def down(self, x: float, top: int, bottom: int, colour: Colour, *, dash: int = 6) -> None:
        for start in range(top, bottom, 2 * dash):
            end = min(bottom, start + dash)
            self._draw.line([(round(x), start), (round(x), end)], fill=colour, width=1)

    def smooth(
        self, points: Sequence[Point], colour: Colour, clip: Clip, *, fill: bool = False
    ) -> None:
        """A line through the points, or the area within them, inside of `clip`."""
        xs, ys = zip(*points, strict=True)
        left, top = max(clip[0], int(min(xs)) - STROKE), max(clip[1], int(min(ys)) - STROKE)
        right, bottom = min(clip[2], int(max(xs)) + 5), min(clip[3], int(max(ys)) + 5)
        if right <= left or bottom <= top:
            return
        size = (right - left, bottom - top)
        mask = Image.new("L", (size[0] * SMOOTH, size[1] * SMOOTH))
        larger = [((x - left + 0.5) * SMOOTH, (y - top + 0.5) * SMOOTH) for x, y in points]
        drawing = ImageDraw.Draw(mask)
        if fill:
            drawing.polygon(larger, fill=255)
        elif len(larger) == 1:
            (x, y), reach = larger[0], 2 * STROKE
            drawing.ellipse([x - reach, y - reach, x + reach, y + reach], fill=255)
        else:
            drawing.line(larger, fill=255, width=STROKE * SMOOTH, joint="curve")
        self._image.paste(colour, (left, top), mask.reduce(SMOOTH))

    def width(self, text: str, *, size: int = SMALL, bold: bool = False) -> int:
        return round(font(size, bold=bold).getlength(text))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        colour: Colour,
        *,
        anchor: str = "lm",
        size: int = SMALL,
        bold: bool = False,
        outlined: bool = False,
    ) -> None:
        """`anchor`: as Pillow names them; `outlined`: readable over what is below it."""
        shape = font(size, bold=bold)
        around = 5 if outlined else 0
        at = round(x), round(y)
        self._draw.text(
            at,
            text,
            fill=colour,
            font=shape,
            anchor=anchor,
            stroke_width=around,
            stroke_fill=self.background,
        )
        left, top, right, bottom = self._draw.textbbox(at, text, font=shape, anchor=anchor)
        self.boxes.append(Box(int(left), int(top), int(right), int(bottom), text))
