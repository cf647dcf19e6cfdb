"""Where everything of a figure stands: scales, the boxes of all texts, what is named at the edges.

Pixels from the upper left corner. Nothing is drawn here, so that a test sees what would be.
"""

from collections.abc import Callable, Iterable, Sequence
from math import ceil, isfinite
from typing import Final

import numpy as np

from crypto_assistant import view as v
from crypto_assistant.charts import scale
from crypto_assistant.charts.figure import MOST_OWN, Figure, Level, Pane, Prices
from crypto_assistant.charts.frame import (
    FOOT,
    GUTTER,
    HEIGHT,
    LARGE,
    LEFT,
    RIGHT,
    SMALL,
    WIDTH,
    Box,
    Font,
    Layout,
    Plot,
    Text,
)
from crypto_assistant.charts.scale import Scale, TimeScale
from crypto_assistant.charts.series import stacked
from crypto_assistant.models import DAY_MS

HEAD, ROW, GAP = 58, 42, 14
VOLUME: Final = 84
PANE: Final = 0.24
"""The part of the free height that each lower pane has where there are prices."""
MOST_TIMES, MOST_NOTES = 6, 3
SWATCH: Final = 30
LONGEST_PRICE: Final = 8
LEADER: Final = 30
"""From the names of levels to where the lines of those that were moved begin."""
TICK: Final = 36
"""At least from one named value to the next."""

Measure = Callable[[str, int, Font], float]
"""The width of a text of a size, in pixels."""


def lay(figure: Figure, measure: Measure) -> Layout:
    """Finds every place of a figure."""
    return _Laying(figure, measure).lay()


class _Laying:
    def __init__(self, figure: Figure, measure: Measure) -> None:
        self._figure, self._measure = figure, measure
        self._found = Layout(TimeScale(figure.start_ms, figure.end_ms, LEFT, RIGHT))

    def lay(self) -> Layout:
        figure, found = self._figure, self._found
        top = self._head()
        legends = [self._rows(_parts(pane)) for pane in figure.panes]
        fixed = sum(ROW * len(rows) + GAP for rows in legends)
        free = found.bottom - top - fixed
        height = free // max(1, len(legends))
        if figure.prices:
            height = max(100, round(PANE * (free - VOLUME)))
            top = self._prices(figure.prices, top, found.bottom - fixed - height * len(legends))
        for pane, rows in zip(figure.panes, legends, strict=True):
            top = self._legend(rows, top + GAP)
            self._pane(pane, top, top + height)
            top += height
        self._times()
        return found

    def _head(self) -> int:
        figure, room = self._figure, WIDTH - LEFT
        if figure.simulated:
            width = self._measure("SIMULATED", SMALL, "sans")
            room -= round(width) + LEFT
            self._write("SIMULATED", room, HEAD / 2, "second")
        self._write(figure.title, LEFT, HEAD / 2, "text", room=room - 2 * LEFT, size=LARGE)
        lines = [(figure.subtitle, "faint"), *((note, "second") for note in figure.notes)]
        for number, (line, role) in enumerate(lines[: 1 + MOST_NOTES]):
            self._write(line, LEFT, HEAD + ROW * (number + 0.5), role)
        below = HEAD + ROW * min(len(lines), 1 + MOST_NOTES)
        if figure.prices and np.isfinite(figure.prices.vwap).any():
            return self._legend(self._rows([(figure.prices.vwap_name, "third")]), below) + 4
        return below + 4

    def _write(
        self, text: str, x: float, y: float, role: str, *, room: float = 0, size: int = SMALL,
        font: Font = "sans", over: bool = False,
    ) -> float:  # fmt: skip
        """As much of a text as there is room for; returns where it ends."""
        text, width = self._fitted(text, room or WIDTH - LEFT - x, size, font)
        if text:
            self._found.texts.append(Text(text, x, y, width, role, size, font, over))
        return x + width

    def _fitted(self, text: str, room: float, size: int, font: Font) -> tuple[str, float]:
        while (width := self._measure(text, size, font)) > room and len(text) > 1:
            text = text[:-2] + "…"
        return text, width

    # Legends

    def _rows(self, parts: Iterable[tuple[str, str]]) -> list[list[tuple[str, str, float]]]:
        """Names of series with their roles and places, as many in a row as there is room for."""
        rows: list[list[tuple[str, str, float]]] = [[]]
        x: float = LEFT
        for text, role in parts:
            width = self._measure(text, SMALL, "sans") + (0 if role == "text" else SWATCH + 10)
            if rows[-1] and x + width > WIDTH - LEFT:
                rows.append([])
                x = LEFT
            rows[-1].append((text, role, x))
            x += width + 28
        return rows

    def _legend(self, rows: Sequence[Sequence[tuple[str, str, float]]], top: int) -> int:
        """Returns where it ends."""
        for number, row in enumerate(rows):
            y = top + ROW * (number + 0.5)
            for text, role, x in row:
                start = x
                if role != "text":
                    self._found.swatches.append((Box(x, y - 5, x + SWATCH, y + 5), role))
                    start += SWATCH + 10
                self._write(text, start, y, role)
        return top + ROW * len(rows)

    # Prices

    def _prices(self, prices: Prices, top: int, end: int) -> int:
        bottom = end - VOLUME - GAP
        values = np.concatenate([prices.high, prices.low, prices.open, prices.close])
        axis = scale.around(values, top, bottom)
        self._tag(prices, axis)
        ticks = self._ticks(axis, bottom) if np.isfinite(values).any() else ()
        self._found.prices = Plot(axis, ticks)
        self._levels(prices, axis)
        volume = prices.volume[np.isfinite(prices.volume)]
        if len(volume) and volume.max() > 0:
            self._found.volume = Scale(0.0, float(volume.max()), end - VOLUME, end)
            self._write("vol max", GUTTER, end - VOLUME + 17, "faint", font="mono")
            most = v.scaled(float(volume.max()))
            self._write(most, GUTTER, end - VOLUME + 17 + ROW, "faint", font="mono")
        return end

    def _tag(self, prices: Prices, axis: Scale) -> None:
        """The last price and the time to the bar's close."""
        last = prices.last
        if last is None or not isfinite(last):
            return
        y = min(max(axis.y(last), axis.top + 42), axis.bottom - 42)
        begun = prices.open[-1:][np.isfinite(prices.open[-1:])]
        role = "up" if not len(begun) or last >= begun[0] else "down"
        self._found.tag = Box(RIGHT + 2, y - 42, WIDTH - 4, y + 42), role
        price = v.grouped(last, prices.tick)
        if len(price) > LONGEST_PRICE:
            price = v.short_price(last, prices.tick)
        texts = [price, countdown(prices.closes_in_ms)]
        for text, at in zip(texts, (y - 22, y + 20), strict=True):
            self._write(text, GUTTER, at, "background", room=WIDTH - 8 - GUTTER, font="mono")

    def _levels(self, prices: Prices, axis: Scale) -> None:
        """Names stand at the left, moved apart where they would meet."""
        there = [one for one in prices.levels if isfinite(one.price)]
        past = [one for one in there if not one.own and axis.holds(one.price)]
        own = [one for one in there if one.own]
        most = max(0, min(MOST_OWN, (axis.bottom - axis.top) // ROW - len(past) - 1))
        shown = [*past, *own[:most]]
        shown.sort(key=lambda one: -one.price)
        names: list[tuple[float, str, str]] = [
            (axis.y(one.price), self._named(one, axis, prices.last), one.role) for one in shown
        ]
        if len(own) > most:
            names.append((axis.bottom, f"+{len(own) - most} more", "text"))
        places = apart(
            [y for y, _, _ in names],
            axis.top + 16,
            axis.bottom - 22,
        )
        ends = [
            self._write(name, LEFT + 8, y, role, room=RIGHT - LEFT - 100, over=True) + 8
            for y, (_, name, role) in zip(places, names, strict=True)
        ]
        for level, x, y in zip(shown, ends, places, strict=False):
            at = axis.y(level.price)
            if axis.holds(level.price):
                way = [(x, y), (max(ends), y), (max(ends) + LEADER, at)]
                self._found.crossing.append((level, way if abs(y - at) > ROW / 4 else [(x, y)]))

    @staticmethod
    def _named(level: Level, axis: Scale, last: float | None) -> str:
        """With an arrow and its distance where it is off the scale."""
        if axis.holds(level.price):
            return level.name
        away = f" {v.percent(level.price / last - 1)}" if last and isfinite(last) else ""
        return f"{'▲' if level.price > axis.high else '▼'} {level.name}{away}"

    # Lower panes and edges

    def _pane(self, pane: Pane, top: int, bottom: int) -> None:
        columns = stacked(pane.lines)
        zero = pane.from_zero or any(line.shape != "line" for line in pane.lines)
        axis = scale.around(np.concatenate([np.empty(0), *columns]), top + 4, bottom - 2, zero=zero)
        there = any(np.isfinite(column).any() for column in columns)
        ticks = self._ticks(axis, bottom, percent=pane.percent) if there else ()
        self._found.panes.append(Plot(axis, ticks))

    def _ticks(self, axis: Scale, bottom: int, *, percent: bool = False) -> Sequence[float]:
        """Names round values in the gutter, at least two where the scale has any."""
        most = min(7, max(3, (axis.bottom - axis.top) // 70))
        found: list[float] = []
        step = 1.0
        for number in (most, 2 * most, 4 * most):
            values, step = scale.ticks(axis, number)
            every = ceil(TICK / (axis.y(0) - axis.y(step)))
            found = [at for at in values if round(at / step) % every == 0]
            found = [at for at in found if self._free(axis, axis.y(at), bottom)]
            if len(found) >= 2:
                break
        for value in found:
            name = scale.called(value, step, percent=percent)
            self._write(name, GUTTER, axis.y(value), "faint", font="mono")
        return found

    def _free(self, axis: Scale, y: float, bottom: int) -> bool:
        """Whether a name there is clear of the edges and of the tag."""
        tag = self._found.tag[0] if self._found.tag else Box(0, -100, 0, -100)
        clear = y + 22 < tag.top or y - 15 > tag.bottom
        return clear and axis.top + 16 <= y <= bottom - 20

    def _times(self) -> None:
        start_ms, end_ms, zone = self._figure.start_ms, self._figure.end_ms, self._figure.zone
        time = self._found.time
        if end_ms - start_ms <= 10 * DAY_MS:
            self._found.days = [time.x(at) for at in scale.midnights(start_ms, end_ms, zone)]
        free = 0.0
        round_times = scale.times(start_ms, end_ms, MOST_TIMES, zone)
        for at_ms, text in self._figure.labels or round_times:
            width = self._measure(text, SMALL, "mono")
            left = min(max(time.x(at_ms) - width / 2, 4), WIDTH - 4 - width)
            if left >= free:
                self._write(text, left, HEIGHT - FOOT / 2 - 2, "faint", room=WIDTH, font="mono")
                free = left + width + 20


def _parts(pane: Pane) -> Iterable[tuple[str, str]]:
    yield pane.title, "text"
    for line in pane.lines:
        if line.name:
            yield line.name, "up" if line.shape == "bars" else line.role


def countdown(ms: int) -> str:
    """`02:41`, `3h 12m`, `2d 5h`."""
    seconds = max(0, ms) // 1000
    if seconds < 3600:
        return f"{seconds // 60:02}:{seconds % 60:02}"
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}h {minutes:02}m" if hours < 24 else f"{hours // 24}d {hours % 24}h"


def apart(ys: Sequence[float], top: float, bottom: float) -> list[float]:
    """The same in their order between top and bottom, none nearer to another than a row."""
    found: list[float] = []
    for y in ys:
        found.append(max(y, found[-1] + ROW if found else top))
    limit = bottom
    for row in reversed(range(len(found))):
        found[row] = min(found[row], limit)
        limit = found[row] - ROW
    return found
