"""What a picture shows is the data: values are read back from its pixels."""

import asyncio
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from crypto_assistant.charts import draw as drawing
from crypto_assistant.charts.draw import draw, measure
from crypto_assistant.charts.figure import Figure, Level, Line, Pane, Prices
from crypto_assistant.charts.frame import Layout
from crypto_assistant.charts.layout import lay
from crypto_assistant.charts.series import columns, stacked
from crypto_assistant.charts.studio import Studio
from crypto_assistant.charts.style import STYLES, Style
from crypto_assistant.models import Floats
from tests.charts.figures import (
    ROLES,
    START_MS,
    STEP_MS,
    equity,
    figure,
    funding,
    holed,
    line,
    prices,
    samples,
    times,
)
from tests.charts.seen import Pixels, edges, middle, pixels, rows

KINDS = list(samples())
EVERY_STYLE = pytest.mark.parametrize("style", STYLES)


def drawn(shown: Figure, style: str) -> tuple[Pixels, Layout, Style]:
    return pixels(draw(shown, style)), lay(shown, measure), STYLES[style]


def wave(size: float, turns: float, count: int = 96) -> Floats:
    return size * np.sin(np.linspace(0, turns * 2 * np.pi, count))


def bare(**changes: Any) -> Prices:
    """Bars and nothing across them."""
    return replace(prices(), vwap=np.full(96, np.nan), last=None, levels=(), **changes)


def followed(seen: Pixels, one: Line, column: Floats, place: Layout, colour: Any) -> Floats:
    """How far a line is from its data, in pixels, at each of its points that has neighbours."""
    axis = place.panes[0].scale
    xs = np.array([place.time.x(at) for at in one.time_ms.tolist()])
    ys = np.interp(np.round(xs), xs, axis.ys(column))
    there = [middle(seen, x, colour, (axis.top, axis.bottom)) for x in xs[1:-1]]
    return np.abs(np.array(there) - ys[1:-1])


@EVERY_STYLE
def test_bars_and_volume_are_as_high_as_their_prices(style: str) -> None:
    shown = figure(bars := bare())
    seen, place, colours = drawn(shown, style)
    assert place.prices
    assert place.volume
    axis, ends = place.prices.scale, (place.prices.scale.top, place.prices.scale.bottom)
    for row, (left, right) in enumerate(columns(bars, place.time)):
        side = colours.up if bars.close[row] >= bars.open[row] else colours.down
        body = sorted((axis.y(bars.open[row]), axis.y(bars.close[row])))
        assert edges(seen, left, side, ends) == pytest.approx(
            body, abs=1.01 if np.ptp(body) > 2 else 2
        )
        wick = axis.y(bars.high[row]), axis.y(bars.low[row])
        assert edges(seen, (left + right) // 2, side, ends) == pytest.approx(wick, abs=1)
        top, _ = edges(seen, left, colours.dim(side), (ends[1] + 2, place.volume.bottom))
        assert top == pytest.approx(place.volume.y(bars.volume[row]), abs=1)


def test_bars_are_told_apart_without_colour_for_the_colour_blind() -> None:
    shown = figure(bars := bare())
    seen, place, colours = drawn(shown, "colour-blind")
    assert place.prices
    axis = place.prices.scale
    for row, (left, right) in enumerate(columns(bars, place.time)):
        begin, end = sorted((axis.y(bars.open[row]), axis.y(bars.close[row])))
        if end - begin > 8:
            inside = seen[round((begin + end) / 2), (left + right) // 2]
            rises = bars.close[row] > bars.open[row]
            assert (tuple(inside) == colours.background) is bool(rises)


@EVERY_STYLE
@pytest.mark.parametrize("role", ROLES)
def test_a_line_is_where_its_data_is(style: str, role: Any) -> None:
    one = line("CVD", wave(3e6, 2), role)
    seen, place, colours = drawn(figure(bare(), Pane("CVD", [one])), style)
    assert followed(seen, one, one.value, place, colours.of(role)).max() <= 1


@EVERY_STYLE
def test_a_venue_stands_upon_the_venues_before(style: str) -> None:
    lines = [
        line(f"venue {at}", (3 - at) * 1e4 + wave(900, 1 + at), role, shape="area")
        for at, role in enumerate(ROLES)
    ]
    seen, place, colours = drawn(figure(None, Pane("OI", lines)), style)
    for one, column in zip(lines, stacked(lines), strict=True):
        assert followed(seen, one, column, place, colours.of(one.role)).max() <= 1


@EVERY_STYLE
def test_funding_stands_as_steps_and_the_running_one_is_hollow(style: str) -> None:
    shown = figure(None, pane := funding())
    seen, place, colours = drawn(shown, style)
    axis, steps = place.panes[0].scale, pane.lines[0]
    for at, value in zip(steps.time_ms.tolist(), steps.value.tolist(), strict=True):
        x = place.time.x(max(at, shown.start_ms)) + 5
        if x < place.time.right and abs(value) > 0:
            ends = sorted((axis.y(value), axis.y(0)))
            found = rows(seen, x, colours.first, axis.top, axis.bottom)
            assert (found[0], found[-1]) == pytest.approx(ends, abs=1)
            hollow = at == steps.hollow_from_ms
            assert (len(found) < 6) is hollow


@EVERY_STYLE
def test_days_of_the_owner_stand_on_zero_beneath_the_equity(style: str) -> None:
    shown = equity()
    seen, place, colours = drawn(shown, style)
    curve, days = shown.panes[0].lines[0], shown.panes[1].lines[0]
    top, below = (plot.scale for plot in place.panes)
    for at, value in zip(days.time_ms.tolist(), days.value.tolist(), strict=True):
        x = place.time.x(at) + 8
        colour = colours.up if value >= 0 else colours.down
        if np.isfinite(value):
            ends = sorted((below.y(value), below.y(0)))
            assert edges(seen, x, colour, (below.top, below.bottom)) == pytest.approx(ends, abs=1)
        else:
            for colour in (colours.up, colours.down):
                assert not len(rows(seen, x, colour, below.top, below.bottom))
    ends = [middle(seen, place.time.x(at), colours.first, (top.top, top.bottom))
            for at in curve.time_ms[:-1].tolist()]  # fmt: skip
    assert (np.isnan(ends) == np.isnan(curve.value[:-1])).all()


@EVERY_STYLE
def test_levels_and_the_last_price_stand_at_their_prices(style: str) -> None:
    bars = bare()
    low, high = float(bars.low.min()), float(bars.high.max())
    price = {role: low + part * (high - low) for role, part in
             {"level": 0.12, "long": 0.3, "short": 0.7, "liquidation": 0.9}.items()}  # fmt: skip
    levels = [Level("", at, role) for role, at in price.items()]
    seen, place, colours = drawn(figure(replace(bars, levels=levels, last=(low + high) / 2)), style)
    assert place.prices
    assert place.tag
    axis = place.prices.scale
    for role, at in price.items():
        y = axis.y(at)
        dashes = [middle(seen, x, colours.of(role), (y - 6, y + 6)) for x in range(70, 878)]
        assert np.nanmedian(dashes) == pytest.approx(y, abs=1)
    box, role = place.tag
    assert edges(seen, box.right - 3, colours.of(role), (0, 1279)) == pytest.approx(
        (axis.y((low + high) / 2) - 42, axis.y((low + high) / 2) + 42), abs=1
    )


@EVERY_STYLE
def test_a_gap_in_the_data_is_a_gap_in_the_line(style: str) -> None:
    values = wave(3e6, 1)
    one = line("CVD", holed(values))
    seen, place, colours = drawn(figure(bare(), Pane("CVD", [one])), style)
    distance = followed(seen, one, values, place, colours.first)
    assert (np.isnan(distance) == np.isnan(one.value[1:-1])).all()
    assert np.nanmax(distance) <= 1


def test_a_bar_of_which_anything_is_missing_is_not_drawn() -> None:
    for name in ("open", "high", "low", "close"):
        hole: dict[str, Any] = {name: holed(getattr(bare(), name))}
        shown = figure(bars := bare(**hole))
        seen, place, colours = drawn(shown, "dark")
        assert place.prices
        axis = place.prices.scale
        for row, (left, _) in enumerate(columns(bars, place.time)):
            there = [*rows(seen, left, colours.up, axis.top, axis.bottom),
                     *rows(seen, left, colours.down, axis.top, axis.bottom)]  # fmt: skip
            assert bool(there) is not bool(np.isnan(hole[name][row]))


def test_nothing_is_drawn_before_the_picture_begins() -> None:
    panes = [
        Pane("OI", [line("", wave(9, 2) + 20, shape="area")]),
        Pane("CVD", [line("", wave(9, 2))]),
    ]
    shown = figure(bare(), *panes, start_ms=START_MS + 40 * STEP_MS)
    seen, _, colours = drawn(shown, "dark")
    assert (seen[140:1230, : 24 - 6] == np.array(colours.background)).all()


def test_a_volume_without_its_prices_has_neither_side() -> None:
    hole = holed(bare().close)
    seen, place, colours = drawn(figure(bars := bare(close=hole)), "dark")
    assert place.volume
    for row in np.flatnonzero(np.isnan(hole)).tolist():
        left, _ = columns(bars, place.time)[row]
        top = edges(seen, left, colours.dim(colours.faint), (place.volume.top, place.volume.bottom))
        assert top[0] == pytest.approx(place.volume.y(bars.volume[row]), abs=1)


def test_a_single_point_is_a_dot() -> None:
    value = np.full(96, np.nan)
    value[40] = 7.0
    one = line("CVD", value)
    seen, place, colours = drawn(figure(None, Pane("CVD", [one])), "dark")
    axis, x = place.panes[0].scale, place.time.x(int(times()[40]))
    there = middle(seen, x, colours.first, (axis.top, axis.bottom))
    assert there == pytest.approx(axis.y(7.0), abs=1)


@EVERY_STYLE
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_small_enough_for_the_phone(kind: str, style: str) -> None:
    picture = draw(samples()[kind], style)
    assert Image.open(BytesIO(picture)).size == (1080, 1280)
    assert len(picture) <= 120_000


@EVERY_STYLE
def test_nothing_at_all_is_drawn_of_what_is_not_there(style: str) -> None:
    nothing = np.full(96, np.nan)
    every: dict[str, Any] = dict.fromkeys(("open", "high", "low", "close", "volume"), nothing)
    gone = Pane("CVD", [line("", nothing)])
    seen, place, colours = drawn(figure(bare(**every), gone, replace(gone, percent=True)), style)
    marks = [colours.up, colours.down, colours.first]
    assert all(not len(rows(seen, x, one, 0, 1279)) for one in marks for x in range(0, 1080, 3))
    assert place.prices
    assert [plot.ticks for plot in (place.prices, *place.panes)] == [(), (), ()]


@pytest.mark.parametrize("content", [None, b"", b"no font at all"])
def test_a_missing_or_broken_font_is_told_in_words(content: bytes | None, tmp_path: Path) -> None:
    """Even where the host has another of its name."""
    file = tmp_path / "DejaVuSans.ttf"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(OSError, match=r"the font DejaVuSans.ttf is missing or broken"):
        drawing.font(file, 34)


@pytest.mark.real
async def test_pictures_are_drawn_beside_the_loop_and_are_the_same() -> None:
    shown, studio = samples()["usual"], Studio()
    found = await asyncio.gather(*(studio.picture(shown, "dark") for _ in range(3)))
    assert set(found) == {draw(shown, "dark")}


@pytest.mark.real
async def test_pillow_is_imported_at_the_first_picture() -> None:
    code = """
import asyncio, sys
from crypto_assistant import daemon
from crypto_assistant.charts import studio, layout
assert "PIL" not in sys.modules
from tests.charts.figures import samples
assert asyncio.run(studio.Studio().picture(samples()["usual"], "dark")).startswith(b"\\x89PNG")
assert "PIL" in sys.modules
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0


def test_the_owners_alphabet_is_in_the_fonts() -> None:
    for name in ("sans", "mono"):
        face = drawing.font(drawing.FONTS / drawing.FILES[name], 34)
        missing = bytes(face.getmask("\ue000"))
        for letter in "ЖжЩщЪъЫыЭэЮюЯяЁёЇїҐґ▲▼·−…‹›≈€":
            assert bytes(face.getmask(letter)) != missing, letter


def test_the_ends_of_the_time_axis_are_the_figures() -> None:
    place = lay(samples()["usual"], measure)
    assert (place.time.x(START_MS), place.time.x(START_MS + 96 * STEP_MS)) == (24, 878)
