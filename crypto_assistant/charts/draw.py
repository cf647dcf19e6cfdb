"""Draws a figure as a PNG."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from crypto_assistant import view as v
from crypto_assistant.charts import scale
from crypto_assistant.charts.canvas import HEIGHT, LARGE, SMALL, WIDTH, Box, Canvas, Point
from crypto_assistant.charts.figure import Figure, Level, Line, Pane, Prices, Times
from crypto_assistant.charts.scale import Scale, TimeScale
from crypto_assistant.charts.style import STYLES, Colour, Style
from crypto_assistant.models import DAY_MS, Floats

LEFT, RIGHT, FOOT = 24, WIDTH - 190, 60
"""Of the plots; right of them stand their values, below them times."""
HEAD, ROW = 76, 46
PANE = 190
"""The height of a lower plot, without the rows of its title."""
VOLUME = 0.17
"""The part of the prices' plot that volume may fill."""
MOST_TIMES, MOST_PRICES, MOST_VALUES = 6, 7, 3
MOST_DAYS = 10
APART = 42
"""Between the middles of two texts, one above the other."""


class Area(NamedTuple):
    """Of a plot."""

    top: int
    bottom: int

    @property
    def clip(self) -> tuple[int, int, int, int]:
        return LEFT, self.top, RIGHT, self.bottom


def draw(figure: Figure, style: str) -> bytes:
    """The picture; raises OSError where a font is missing or broken."""
    return drawn(figure, style).png()


def drawn(figure: Figure, style: str) -> Canvas:
    """The same before it is packed, with the places of its texts."""
    picture = _Picture(figure, STYLES.get(style, STYLES["dark"]))
    picture.paint()
    return picture.canvas


class _Picture:
    def __init__(self, figure: Figure, style: Style) -> None:
        self.figure, self.style = figure, style
        self.canvas = Canvas(style.background)
        self.time = TimeScale(figure.start_ms, figure.end_ms, LEFT, RIGHT)
        self._bottom = HEIGHT - FOOT

    def paint(self) -> None:
        top = self._head()
        titles = [self._rows(pane) for pane in self.figure.panes]
        below = sum(PANE + ROW * len(rows) + 14 for rows in titles)
        prices = Area(top, self._bottom - below) if self.figure.prices else None
        self._times()
        if self.figure.prices and prices:
            self._prices(self.figure.prices, prices)
        at = prices.bottom if prices else top
        height = (self._bottom - at) // max(1, len(titles))
        for pane, rows in zip(self.figure.panes, titles, strict=True):
            end = at + height
            self._title(rows, at + 14)
            self._pane(pane, Area(at + 14 + ROW * len(rows), end))
            at = end

    def _head(self) -> int:
        canvas, style = self.canvas, self.style
        canvas.text(
            LEFT, 36, self._fitted(self.figure.title, LARGE), style.text, size=LARGE, bold=True
        )
        for number, line in enumerate([self.figure.subtitle, *self.figure.notes]):
            colour = style.faint if number == 0 else style.second
            canvas.text(LEFT, HEAD + 10 + ROW * number, self._fitted(line, SMALL), colour)
        return HEAD + ROW * (1 + len(self.figure.notes)) + 4

    def _fitted(self, text: str, size: int) -> str:
        bold = size == LARGE
        while self.canvas.width(text, size=size, bold=bold) > WIDTH - 2 * LEFT:
            text = text[:-2] + "…"
        return text

    def _times(self) -> None:
        start_ms, end_ms, zone = self.figure.start_ms, self.figure.end_ms, self.figure.zone
        free = 0.0
        for at, text in scale.times(start_ms, end_ms, MOST_TIMES, zone):
            half = self.canvas.width(text) / 2
            x = self.time.x(at)
            if x - half > free and x + half < WIDTH:
                self.canvas.text(x, HEIGHT - FOOT / 2, text, self.style.faint, anchor="mm")
                free = x + half + SMALL

    def _days(self, area: Area) -> None:
        """Where one begins, as long as they are few."""
        start_ms, end_ms, zone = self.figure.start_ms, self.figure.end_ms, self.figure.zone
        if end_ms - start_ms <= MOST_DAYS * DAY_MS:
            for midnight in scale.midnights(start_ms, end_ms, zone):
                self.canvas.down(self.time.x(midnight), area.top, area.bottom, self.style.faint)

    # Prices

    def _prices(self, prices: Prices, area: Area) -> None:
        values = np.concatenate([prices.low, prices.high, [prices.last or np.nan]])
        axis = scale.around(values, area.top + 20, area.bottom - 10)
        self._days(area)
        tag = self._tag(prices, axis, area)
        for value in scale.ticks(axis, MOST_PRICES):
            self.canvas.across(axis.y(value), LEFT, RIGHT, self.style.grid)
            if all(abs(axis.y(value) - y) > APART + 22 for y in tag):
                self._value(axis.y(value), _round_price(value))
        self._volume(prices, area)
        self._bars(prices, axis)
        self._line(prices.open_ms + prices.step_ms // 2, prices.vwap, axis, area, self.style.third)
        self._levels(prices, axis, area)

    def _tag(self, prices: Prices, axis: Scale, area: Area) -> list[float]:
        """The last price with the time to the bar's close; where it stands."""
        if prices.last is None:
            return []
        y = min(max(axis.y(prices.last), area.top + 40), area.bottom - 44)
        colour = self.style.up if prices.last >= prices.open[-1] else self.style.down
        self.canvas.across(axis.y(prices.last), LEFT, RIGHT, colour, dash=4)
        self.canvas.rectangle(RIGHT + 4, y - 40, WIDTH - 4, y + 42, colour)
        ink = self.style.background
        self.canvas.text(
            RIGHT + 12, y - 19, v.short_price(prices.last, prices.tick), ink, bold=True
        )
        self.canvas.text(RIGHT + 12, y + 22, _countdown(prices.closes_in_ms), ink)
        return [y]

    def _volume(self, prices: Prices, area: Area) -> None:
        top = round(area.bottom - VOLUME * (area.bottom - area.top))
        axis = scale.around(prices.volume, top, area.bottom, zero=True)
        for left, right, row in self._columns(prices):
            if np.isfinite(prices.volume[row]) and prices.volume[row] > 0:
                colour = self.style.dim(self._side(prices, row))
                self.canvas.rectangle(
                    left, axis.y(float(prices.volume[row])), right, area.bottom, colour
                )

    def _bars(self, prices: Prices, axis: Scale) -> None:
        columns = np.stack([prices.open, prices.high, prices.low, prices.close])
        there = np.isfinite(columns.sum(axis=0))
        begins, highs, lows, ends = (axis.ys(column) for column in columns)
        for left, right, row in self._columns(prices):
            if not there[row]:
                continue
            colour, middle = self._side(prices, row), (left + right) / 2
            wick = 1 if right - left >= 4 else 0
            self.canvas.rectangle(middle - wick, highs[row], middle + wick, lows[row], colour)
            hollow = (
                self.style.hollow and prices.close[row] >= prices.open[row] and right - left >= 4
            )
            self.canvas.rectangle(left, begins[row], right, ends[row], colour, fill=not hollow)

    def _columns(self, prices: Prices) -> Iterator[tuple[int, int, int]]:
        """Of each bar the first and the last pixel, and its row; an odd number of pixels."""
        width = self.time.x(self.time.start_ms + prices.step_ms) - LEFT
        half = max(0, round(0.36 * width - 0.5))
        for row, open_ms in enumerate(prices.open_ms.tolist()):
            middle = round(self.time.x(open_ms + prices.step_ms / 2))
            yield middle - half, middle + half, row

    def _side(self, prices: Prices, row: int) -> Colour:
        return self.style.up if prices.close[row] >= prices.open[row] else self.style.down

    def _levels(self, prices: Prices, axis: Scale, area: Area) -> None:
        """Names stand at the left, moved apart where they would meet."""
        shown = [one for one in prices.levels if one.own or axis.holds(one.price)]
        wanted = [
            (min(max(axis.y(one.price), area.top + 24), area.bottom - 24), one) for one in shown
        ]
        wanted.sort(key=lambda pair: (pair[0], -pair[1].price))
        for y, level in zip(
            _apart([y for y, _ in wanted], area), (one for _, one in wanted), strict=True
        ):
            colour, name = self.style.of(level.role), _named(level, axis, prices.last)
            if axis.holds(level.price):
                after = LEFT + self.canvas.width(name) + 20
                self.canvas.across(axis.y(level.price), after, RIGHT, colour, dash=10)
            self.canvas.text(LEFT + 6, y, name, colour, outlined=True)

    # Lower panes

    def _rows(self, pane: Pane) -> list[list[tuple[str, Colour]]]:
        """The title and the names of its lines, as many side by side as there is room for."""
        parts = [(pane.title, self.style.text)]
        parts += [(line.name, self.style.of(line.role)) for line in pane.lines if line.name]
        rows: list[list[tuple[str, Colour]]] = [[]]
        left = LEFT
        for text, colour in parts:
            width = self.canvas.width(text) + SMALL
            if rows[-1] and left + width > WIDTH:
                rows.append([])
                left = LEFT
            rows[-1].append((text, colour))
            left += width
        return rows

    def _title(self, rows: Sequence[Sequence[tuple[str, Colour]]], top: int) -> None:
        for number, row in enumerate(rows):
            left = LEFT
            for text, colour in row:
                self.canvas.text(
                    left, top + ROW * number + ROW / 2, self._fitted(text, SMALL), colour
                )
                left += self.canvas.width(text) + SMALL

    def _pane(self, pane: Pane, area: Area) -> None:
        stacks = _stacked(pane.lines)
        bars = any(line.shape == "bars" for line in pane.lines)
        values = np.concatenate([np.empty(0), *stacks])
        axis = scale.around(values, area.top + 8, area.bottom - 8, zero=pane.from_zero or bars)
        self._days(area)
        last = -1e9
        for value in scale.ticks(axis, MOST_VALUES)[::-1]:
            self.canvas.across(axis.y(value), LEFT, RIGHT, self.style.grid)
            if area.top + 16 <= axis.y(value) <= area.bottom - 16 and axis.y(value) - last > APART:
                self._value(axis.y(value), _tick(value, percent=pane.percent))
                last = axis.y(value)
        below = np.full(0, 0.0)
        for line, column in zip(pane.lines, stacks, strict=True):
            colour = self.style.of(line.role)
            if line.shape == "bars":
                self._upright(line, axis)
            elif line.shape == "steps":
                self._steps(line, column, axis, colour)
            elif line.shape == "area":
                self._area(line, column, below, axis, area)
                below = column
            else:
                self._line(line.time_ms, column, axis, area, colour)

    def _line(self, times: Times, column: Floats, axis: Scale, area: Area, colour: Colour) -> None:
        for piece in _pieces(column):
            points = [
                (self.time.x(at), y)
                for at, y in zip(
                    times[piece].tolist(), axis.ys(column[piece]).tolist(), strict=True
                )
            ]
            self.canvas.smooth(points, colour, area.clip)

    def _steps(self, line: Line, column: Floats, axis: Scale, colour: Colour) -> None:
        """From each time on to the next, the last to the end of the picture."""
        ends = [*line.time_ms[1:].tolist(), self.figure.end_ms]
        for begin, end, value in zip(line.time_ms.tolist(), ends, column.tolist(), strict=True):
            if np.isfinite(value):
                left, right = self.time.x(max(begin, self.figure.start_ms)), self.time.x(end) - 2
                is_hollow = line.hollow_from_ms is not None and begin >= line.hollow_from_ms
                if right > left:
                    self.canvas.rectangle(
                        left, axis.y(value), right, axis.y(0.0), colour, fill=not is_hollow
                    )

    def _upright(self, line: Line, axis: Scale) -> None:
        for at, value in zip(line.time_ms.tolist(), line.value.tolist(), strict=True):
            if np.isfinite(value):
                left, right = self.time.x(at), self.time.x(at + line.width_ms) - 4
                colour = self.style.up if value >= 0 else self.style.down
                self.canvas.rectangle(left, axis.y(value), max(left, right), axis.y(0.0), colour)

    def _area(self, line: Line, column: Floats, below: Floats, axis: Scale, area: Area) -> None:
        colour = self.style.of(line.role)
        floor = below if len(below) else np.full(len(column), axis.low)
        for piece in _pieces(column + floor):
            xs = [self.time.x(at) for at in line.time_ms[piece].tolist()]
            upper: list[Point] = [*zip(xs, axis.ys(column[piece]).tolist(), strict=True)]
            lower: list[Point] = [*zip(xs, axis.ys(floor[piece]).tolist(), strict=True)]
            self.canvas.smooth([*upper, *lower[::-1]], self.style.dim(colour), area.clip, fill=True)
            self.canvas.smooth(upper, colour, area.clip)

    def _value(self, y: float, text: str) -> None:
        self.canvas.text(RIGHT + 12, y, text, self.style.faint)


def _stacked(lines: Sequence[Line]) -> list[Floats]:
    """The values of each, those of areas upon the ones before."""
    found: list[Floats] = []
    height: Floats | None = None
    for line in lines:
        if line.shape != "area":
            found.append(line.value)
            continue
        height = line.value if height is None else height + line.value
        found.append(height)
    return found


def _pieces(column: Floats) -> Iterator[slice]:
    """Where values follow each other without a gap."""
    there = np.isfinite(column)
    edges = [0, *(np.flatnonzero(np.diff(there)) + 1).tolist(), len(column)]
    for begin, end in pairwise(edges):
        if end > begin and there[begin]:
            yield slice(begin, end)


def _apart(ys: Sequence[float], area: Area) -> list[float]:
    """The same in their order, none nearer to another than a line of text is high."""
    found: list[float] = []
    for y in ys:
        found.append(max(y, found[-1] + APART) if found else y)
    over = found[-1] - (area.bottom - 24) if found else 0.0
    if over > 0:
        limit = area.bottom - 24.0
        for row in range(len(found) - 1, -1, -1):
            found[row] = min(found[row], limit)
            limit = found[row] - APART
    return found


def _named(level: Level, axis: Scale, last: float | None) -> str:
    """With an arrow and its distance where it is off the scale."""
    if axis.holds(level.price):
        return level.name
    arrow = "▲" if level.price > axis.high else "▼"
    away = f" {v.percent(level.price / last - 1)}" if last else ""
    return f"{arrow} {level.name}{away}"


def _round_price(value: float) -> str:
    """`71,000`, `0.35`, `1.45e-5`."""
    if 0 < abs(value) < v.SMALLEST_PLAIN:
        mantissa, _, exponent = f"{value:.3e}".partition("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{value:,.8f}".rstrip("0").rstrip(".")


def _tick(value: float, *, percent: bool) -> str:
    """A round value, as short as it is: `50M`, `-1.5K`, `0.01%`."""
    if percent:
        return f"{value * 100:.6g}%"
    for unit, size in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.6g}{unit}"
    return f"{value:.6g}"


def _countdown(ms: int) -> str:
    """Until the bar's close: `12:34`, `3h 05m`, `2d 4h`."""
    minutes, seconds = divmod(max(0, ms) // 1000, 60)
    if minutes < 60:
        return f"{minutes}:{seconds:02}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours < 24 else f"{hours // 24}d {hours % 24}h"


__all__ = ["Box", "draw", "drawn"]
