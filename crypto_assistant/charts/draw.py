"""Draws a figure as a PNG: sharp rectangles and texts, smooth lines."""

from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crypto_assistant.charts.figure import Figure, Line, Prices
from crypto_assistant.charts.frame import HEIGHT, LEFT, RIGHT, WIDTH, Box, Font, Plot, Text
from crypto_assistant.charts.layout import lay
from crypto_assistant.charts.scale import Scale
from crypto_assistant.charts.series import columns, pieces, stacked
from crypto_assistant.charts.style import STYLES, Colour, Style
from crypto_assistant.models import Floats

STROKE: Final = 3
OUTLINE: Final = 4
"""Around a name that stands over bars."""
SMOOTH: Final = 3
"""How many times larger lines are drawn before they are laid on the picture."""
CHUNK: Final = 12
"""Points of a line that are drawn at once, so that the larger copy stays small."""
SHADES: Final = 10
"""Of each colour on the background."""
FONTS: Final = Path(__file__).parent / "fonts"
FILES: Final = {"sans": "DejaVuSans.ttf", "mono": "DejaVuSansMono.ttf"}

Point = tuple[float, float]


def draw(figure: Figure, style: str) -> bytes:
    """Raises OSError where a font is missing or broken."""
    return _Picture(figure, style).png()


def measure(text: str, size: int, name: Font) -> float:
    """The width of a text in pixels; raises OSError."""
    return font(FONTS / FILES[name], size).getlength(text)


@cache
def font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    """Raises OSError where the file is missing or broken."""
    try:
        # Of a path Pillow looks for a font of that name elsewhere on the host, too.
        content = BytesIO(file.read_bytes())
        return ImageFont.truetype(content, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise OSError(f"the font {file.name} is missing or broken") from error


@cache
def _palette(style: Style) -> Image.Image:
    """All colours of a style, and what lies between them and the background."""
    ground, parts = np.array(style.background), np.arange(1, SHADES + 1)[:, None] / SHADES
    colours = [getattr(style, field.name) for field in fields(style)[2:-1]]
    shades = [style.background, style.grid]
    for colour in colours:
        shades += np.round(ground + (np.array(colour) - ground) * parts).astype(int).tolist()
    found = Image.new("P", (1, 1))
    found.putpalette([part for shade in shades for part in shade])
    return found


class _Picture:
    def __init__(self, figure: Figure, style: str) -> None:
        self._figure, self._style = figure, STYLES[style]
        self._layout = lay(figure, measure)
        self._image = Image.new("RGB", (WIDTH, HEIGHT), self._style.background)
        self._draw = ImageDraw.Draw(self._image)

    def png(self) -> bytes:
        if self._figure.prices and self._layout.prices:
            self._prices(self._figure.prices, self._layout.prices)
        for pane, plot in zip(self._figure.panes, self._layout.panes, strict=True):
            self._areas([line for line in pane.lines if line.shape == "area"], plot.scale)
            self._grid(plot)
            self._pane(pane.lines, plot.scale)
        for box, role in self._layout.swatches:
            self._fill(*box, self._style.of(role))
        for text in self._layout.texts:
            self._write(text)
        found = BytesIO()
        few = self._image.quantize(palette=_palette(self._style), dither=Image.Dither.NONE)
        few.save(found, "PNG", compress_level=6)
        return found.getvalue()

    # Around the series

    def _grid(self, plot: Plot) -> None:
        for value in plot.ticks:
            y = plot.scale.y(value)
            self._fill(LEFT, y, RIGHT, y, self._style.grid)
        for x in self._layout.days:
            for top in range(plot.scale.top, plot.scale.bottom, 12):
                self._fill(x, top, x, min(top + 5, plot.scale.bottom), self._style.faint)

    def _write(self, text: Text) -> None:
        self._draw.text(
            (round(text.x), round(text.y + 0.36 * text.size)),
            text.text,
            fill=self._style.of(text.role),
            font=font(FONTS / FILES[text.font], text.size),
            anchor="ls",
            stroke_width=OUTLINE if text.over else 0,
            stroke_fill=self._style.background,
        )

    def _block(
        self, left: float, right: float, ys: tuple[float, float], colour: Colour, *, hollow: bool
    ) -> None:
        """From one height to another, and as high as a stroke where these are the same."""
        top, bottom = min(ys), max(ys)
        if bottom - top < STROKE - 1:
            top, bottom = (top + bottom) / 2 - 1, (top + bottom) / 2 + 1
        corners = _pixels(left, top, right, bottom)
        if hollow:
            self._draw.rectangle(corners, self._style.background, colour, width=2)
        else:
            self._draw.rectangle(corners, fill=colour)

    def _fill(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Its right and lower pixels are part of it."""
        corners = _pixels(left, top, right, bottom)
        self._draw.rectangle(corners, fill=colour)

    def _dashes(self, y: float, colour: Colour, dash: int, gap: int, start: int = LEFT) -> None:
        for left in range(start, RIGHT, dash + gap):
            self._fill(left, y - 1, min(left + dash - 1, RIGHT), y + 1, colour)

    # Prices

    def _prices(self, prices: Prices, plot: Plot) -> None:
        axis, style = plot.scale, self._style
        self._grid(plot)
        places = columns(prices, self._layout.time)
        self._volume(prices, places)
        middles = prices.open_ms + prices.step_ms // 2
        self._line(middles.tolist(), axis.ys(prices.vwap), style.third, axis)
        self._bars(prices, places, axis)
        for level, way in self._layout.crossing:
            colour = style.of(level.role)
            if way[1:]:
                self._smooth(way, colour, axis)
            self._dashes(axis.y(level.price), colour, 14, 10, round(way[-1][0]))
        if self._layout.tag and prices.last is not None:
            box, role = self._layout.tag
            if axis.holds(prices.last):
                self._dashes(axis.y(prices.last), style.of(role), 4, 8)
            self._fill(*box, style.of(role))

    def _volume(self, prices: Prices, places: Sequence[tuple[int, int]]) -> None:
        axis = self._layout.volume
        for row, (left, right) in enumerate(places):
            if axis and left >= LEFT - 1 and right <= RIGHT + 1 and prices.volume[row] > 0:
                top = axis.y(float(prices.volume[row]))
                self._fill(left, top, right, axis.bottom, self._style.dim(self._side(prices, row)))

    def _bars(self, prices: Prices, places: Sequence[tuple[int, int]], axis: Scale) -> None:
        values = np.stack([prices.open, prices.high, prices.low, prices.close])
        heights = axis.ys(values)
        for row, (left, right) in enumerate(places):
            if left >= LEFT - 1 and right <= RIGHT + 1 and np.isfinite(values[:, row]).all():
                begin, high, low, end = heights[:, row].tolist()
                colour, middle = self._side(prices, row), (left + right) // 2
                reach = 1 if right - left >= 4 else 0
                self._fill(middle - reach, high, middle + reach, low, colour)
                hollow = self._style.hollow and prices.close[row] >= prices.open[row]
                self._block(left, right, (begin, end), colour, hollow=hollow)

    def _side(self, prices: Prices, row: int) -> Colour:
        """Of a bar that rises or falls; faint where that is not known."""
        if np.isnan(prices.close[row] - prices.open[row]):
            return self._style.faint
        return self._style.down if prices.close[row] < prices.open[row] else self._style.up

    # Lower panes

    def _pane(self, lines: Sequence[Line], axis: Scale) -> None:
        for line, column in zip(lines, stacked(lines), strict=True):
            colour = self._style.of(line.role)
            if line.shape == "bars":
                self._upright(line, axis)
            elif line.shape == "steps":
                self._steps(line, axis, colour)
            else:
                self._line(line.time_ms.tolist(), axis.ys(column), colour, axis)

    def _steps(self, line: Line, axis: Scale, colour: Colour) -> None:
        """From each time to the next, the last to the end of the picture."""
        time, start_ms, end_ms = self._layout.time, self._figure.start_ms, self._figure.end_ms
        edges = [*line.time_ms.tolist(), end_ms]
        for (begin_ms, until_ms), value in zip(pairwise(edges), line.value.tolist(), strict=True):
            left, right = time.x(max(begin_ms, start_ms)), time.x(min(until_ms, end_ms)) - 3
            if np.isfinite(value) and right >= left:
                waits = line.hollow_from_ms is not None and begin_ms >= line.hollow_from_ms
                self._block(left, right, (axis.y(value), axis.y(0.0)), colour, hollow=waits)

    def _upright(self, line: Line, axis: Scale) -> None:
        time = self._layout.time
        for at_ms, value in zip(line.time_ms.tolist(), line.value.tolist(), strict=True):
            left = max(time.x(at_ms), LEFT)
            right = min(max(left, time.x(at_ms + line.width_ms) - 4), RIGHT)
            if np.isfinite(value) and right >= left:
                colour = self._style.up if value >= 0 else self._style.down
                hollow = line.hollow_from_ms is not None and at_ms >= line.hollow_from_ms
                self._block(left, right, (axis.y(value), axis.y(0.0)), colour, hollow=hollow)

    def _areas(self, lines: Sequence[Line], axis: Scale) -> None:
        below: Floats | None = None
        for line, column in zip(lines, stacked(lines), strict=True):
            floor = np.zeros(len(column)) if below is None else below
            xs = [self._layout.time.x(at_ms) for at_ms in line.time_ms.tolist()]
            inside = (np.array(xs) >= LEFT) & (np.array(xs) <= RIGHT)
            for piece in pieces(np.where(inside, column, np.nan)):
                upper = list(zip(xs[piece], axis.ys(column[piece]).tolist(), strict=True))
                lower = list(zip(xs[piece], axis.ys(floor[piece]).tolist(), strict=True))
                colour = self._style.dim(self._style.of(line.role))
                self._draw.polygon([*upper, *reversed(lower)], fill=colour)
            below = column

    def _line(self, times: Sequence[int], heights: Floats, colour: Colour, axis: Scale) -> None:
        """A point that stands alone is a dot."""
        for piece in pieces(heights):
            xs = [self._layout.time.x(at_ms) for at_ms in times[piece]]
            points = list(zip(xs, heights[piece].tolist(), strict=True))
            for first in range(0, max(1, len(points) - 1), CHUNK):
                self._smooth(points[first : first + CHUNK + 1], colour, axis)

    def _smooth(self, points: Sequence[Point], colour: Colour, axis: Scale) -> None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        left, right = max(LEFT - 4, int(min(xs)) - 6), min(RIGHT + 4, int(max(xs)) + 6)
        top, bottom = max(axis.top - 4, int(min(ys)) - 6), min(axis.bottom + 4, int(max(ys)) + 6)
        if right <= left or bottom <= top:
            return
        size = right - left, bottom - top
        mask = Image.new("L", (size[0] * SMOOTH, size[1] * SMOOTH))
        larger = [((x - left + 0.5) * SMOOTH, (y - top + 0.5) * SMOOTH) for x, y in points]
        drawing, reach = ImageDraw.Draw(mask), STROKE * SMOOTH / 2 * (1 if points[1:] else 2)
        drawing.line(larger, fill=255, width=STROKE * SMOOTH, joint="curve")
        for x, y in (larger[0], larger[-1]):
            drawing.ellipse([x - reach, y - reach, x + reach, y + reach], fill=255)
        self._image.paste(colour, (left, top), mask.resize(size, Image.Resampling.BOX))


def _pixels(left: float, top: float, right: float, bottom: float) -> Box:
    """The corners of a rectangle, in their order."""
    above, below = round(min(top, bottom)), round(max(top, bottom))
    return Box(round(left), above, round(right), below)
