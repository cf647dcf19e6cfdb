"""A picture tells what the answers of the same second tell, of the market that was asked for."""

import asyncio
import io
import re
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from crypto_assistant.charts import draw as drawing
from crypto_assistant.charts.figure import Figure
from crypto_assistant.charts.frame import HEIGHT, WIDTH
from crypto_assistant.charts.style import STYLES
from crypto_assistant.front import Sheet
from crypto_assistant.sandbox import Fault
from crypto_assistant.subjects.chart import COMMAND
from crypto_assistant.subjects.chart.answer import PANES
from tests.floor import Floor, floor


async def figure(market: Floor, line: str, *, private: bool = True) -> Figure:
    front = market.front
    command, args = front._parsed(line)
    answer = await front.ask(line, private=private)
    found = command.figure and command.figure(answer, args, front.view)
    assert found is not None
    return found


async def test_the_last_points_are_the_figures_of_the_answers(market: Floor) -> None:
    cvd, oi = await market.ask("/cvd BTC 15m"), await market.ask("/oi BTC")
    price = await market.ask("/price BTC details")
    chart = await market.ask("/chart BTC 15m")
    spot = cvd["kinds"]["spot"]["sums"]["96_bars"]
    assert chart["cvd"]["spot"]["usd"][-1] == pytest.approx(spot["delta_usd"], rel=1e-12)
    perps = cvd["perps"]["96_bars"]
    assert chart["cvd"]["perps"]["usd"][-1] == pytest.approx(perps["delta_usd"], rel=1e-12)
    assert chart["cvd"]["perps"]["venues"] == perps["delta_venues"]
    assert [one["usd"][0] for one in chart["cvd"].values()] == [0, 0]
    primary = price["details"]["primary"]
    today = primary["today"]
    assert chart["bars"]["vwap"][-1] == pytest.approx(today["vwap_price"], rel=1e-12)
    assert chart["bars"]["last"] == primary["now"]["last_price"]
    for venue, column in chart["interest"]["venues"].items():
        linear = [one for one in oi["venues"][venue].values() if one["family"] == "linear"]
        assert column[-1] == pytest.approx(sum(one["oi_coins"] for one in linear), rel=1e-12)


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
async def test_funding_is_as_it_was_paid_and_as_it_runs(market: Floor, venue: str) -> None:
    chart = await market.ask(f"/chart PEPE {venue} funding")
    price = await market.ask(f"/price PEPE {venue}")
    world = market.sandbox.world
    (perp,) = (
        one
        for one in world.markets
        if (one.venue, one.kind, one.coin, one.quote) == (venue, "linear", "PEPE", "USDT")
    )
    paid, running = chart["funding"]["paid"], chart["funding"]["running"]
    assert len(paid["time_ms"]) == 100
    assert paid["rate"] == pytest.approx([world.funding(perp, at) for at in paid["time_ms"]])
    assert running["rate"] == price["venues"][venue]["perp"]["funding_fraction"]
    drawn = await figure(market, f"/chart PEPE {venue} funding")
    (line,) = drawn.panes[0].lines
    assert drawn.panes[0].percent
    assert line.value[-1] == running["rate"]
    assert line.time_ms[-1] == line.hollow_from_ms == paid["time_ms"][-1]
    assert line.value[-2] == paid["rate"][-1]


@pytest.mark.parametrize(
    ("line", "panes"),
    [
        ("/chart BTC", ("CVD", "OI")),
        ("/chart BTC oi", ("OI", "Funding")),
        ("/chart BTC funding", ("Funding", "CVD")),
        ("/chart BTC volume", ("CVD",)),
        ("/chart BTC/USD 1h", ("CVD", "OI coin-M")),
    ],
)
async def test_below_the_bars_stands_what_was_asked_for(
    market: Floor, line: str, panes: tuple[str, ...]
) -> None:
    found = await figure(market, line)
    assert found.prices is not None
    titles = [pane.title for pane in found.panes]
    for title, name in zip(titles, panes, strict=False):
        assert title.startswith(name), titles


async def test_it_names_market_time_and_whose_lines_they_are(market: Floor) -> None:
    found = await figure(market, "/chart pepe 1h")
    assert found.title == "PEPE USDT perp · Binance · 1h"
    assert found.subtitle.startswith("14:13:49 UTC")
    cvd, oi = found.panes
    assert cvd.title == "CVD 96 bars BIN OKX"
    assert [line.name.split()[0] for line in cvd.lines] == ["spot", "perps"]
    assert oi.title == "OI without coin-M BIN BYB OKX"


async def test_own_prices_are_drawn_in_private_alone(market: Floor) -> None:
    for private in (True, False):
        found = await figure(market, "/chart BTC", private=private)
        assert found.prices is not None
        own = [level.name for level in found.prices.levels if level.own]
        assert bool(own) == private
        if private:
            assert any(re.fullmatch(r"L [\d.]+ BTC @ [\d.]+", name) for name in own)


async def test_a_venue_that_fails_is_named_and_not_in_the_lines(market: Floor) -> None:
    market.sandbox.faults = [Fault("binance", "http", 451)]
    found = await figure(market, "/chart BTC")
    assert "Binance" not in found.title
    assert all("BIN" not in pane.title for pane in found.panes)
    sheet = await market.front.reply("/chart BTC")
    assert "Binance: geo-blocked" in sheet.text
    assert sheet.picture


async def test_where_nothing_comes_there_is_no_picture(market: Floor) -> None:
    market.sandbox.faults = [Fault(venue, "http", 451) for venue in ("binance", "bybit", "okx")]
    sheet = await market.front.reply("/chart BTC")
    assert sheet.picture is None
    assert "No bars came." in sheet.text


async def test_takers_that_a_venue_does_not_tell_at_one_minute_are_left_out(market: Floor) -> None:
    (cvd, *_) = (await figure(market, "/chart BTC 1m")).panes
    assert "OKX" not in cvd.title + "".join(line.name for line in cvd.lines)


@pytest.mark.parametrize("style", STYLES)
async def test_a_picture_is_of_the_style_that_its_user_chose(market: Floor, style: str) -> None:
    await market.front.reply(f"/settings style {style}", user=7)
    picture = opened(await market.front.reply("/chart BTC", user=7))
    assert picture.size == (WIDTH, HEIGHT)
    near = np.abs(np.array(picture.getpixel((2, HEIGHT - 2))) - STYLES[style].background)
    assert near.max() <= 8


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("/oi pepe chart", "/chart PEPE oi"),
        ("/cvd chart eth 4h", "/chart ETH 4h cvd"),
        ("volume btc okx CHART", "/chart BTC okx volume"),
        ("/price@assistantbot chart", "/chart cvd"),
    ],
)
async def test_chart_is_a_word_of_the_other_commands(market: Floor, line: str, same: str) -> None:
    found = await market.front.reply(line)
    assert found.picture
    meant = await market.front.reply(same)
    assert replace(found, answer=None) == replace(meant, answer=None)


async def test_the_buttons_change_timeframe_and_panes_and_ask_for_the_file(market: Floor) -> None:
    sheet = await market.front.reply("/chart pepe okx")
    lines = {button.label: button.line for row in sheet.buttons for button in row}
    assert lines["Refresh"] == "chart PEPE 15m okx cvd"
    assert lines["File"] == "chart PEPE 15m okx cvd file"
    assert lines["4h"] == "chart PEPE 4h okx cvd"
    assert lines["oi"] == "chart PEPE 15m okx oi"
    file = await market.front.reply(lines["File"])
    assert file.as_file
    assert not sheet.as_file
    assert file.picture == sheet.picture


async def test_a_broken_font_costs_the_picture_alone(
    market: Floor, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    drawing.font.cache_clear()
    monkeypatch.setattr(drawing, "FONTS", tmp_path)
    sheet = await market.front.reply("/chart BTC")
    drawing.font.cache_clear()
    assert sheet.picture is None
    assert "No picture: OSError, see the log" in sheet.text
    assert "BTC 15m" in sheet.text


async def test_fifty_at_once_are_each_what_was_asked_for() -> None:
    async with floor() as market:
        await market.open()
        lines = [
            f"/chart {coin} {bars}" for coin in ("BTC", "ETH", "PEPE") for bars in ("5m", "1h")
        ]
        reply = partial(market.front.reply, private=False)
        one_by_one = {line: (await reply(line)).picture for line in lines}
        asked = lines * 8
        pictures = await asyncio.gather(*map(reply, asked))
        assert len({*one_by_one.values()}) == len(lines)
        for line, sheet in zip(asked, pictures, strict=True):
            assert sheet.picture == one_by_one[line]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_two_thousand_presses_under_faults_are_each_of_what_was_asked_for() -> None:
    random = Random(7)  # noqa: S311
    async with floor() as market:
        await market.open()
        for user, style in enumerate(STYLES):
            await market.front.reply(f"/settings style {style}", user=user)

        async def pressed(number: int) -> bool:
            await asyncio.sleep(random.uniform(0, 60))
            if not number % 40:
                venue = random.choice(["binance", "bybit", "okx"])
                faults = [Fault(venue, "http"), Fault(venue, "timeout"), Fault(venue, "banned")]
                market.sandbox.faults = random.choice([[], [random.choice(faults)]])
            coin, bars = random.choice(["BTC", "ETH", "PEPE", "SOL"]), random.choice(["5m", "1h"])
            pane, user = random.choice([*PANES]), number % len(STYLES)
            line = f"chart {coin} {bars} {pane}"
            sheet = await market.front.reply(line, user=user, private=False, pressed=True)
            answer: Any = sheet.answer
            assert (answer.coin, answer.timeframe, answer.panes) == (coin, bars, PANES[pane])
            if sheet.picture:
                corner = opened(sheet).getpixel((2, HEIGHT - 2))
                assert np.abs(np.array(corner) - [*STYLES.values()][user].background).max() <= 8
            return sheet.picture is not None

        drawn = await asyncio.gather(*map(pressed, range(2000)))
    assert sum(drawn) > 1000


def opened(sheet: Sheet) -> Image.Image:
    assert sheet.picture
    return Image.open(io.BytesIO(sheet.picture)).convert("RGB")


def test_help_says_what_each_word_draws() -> None:
    for word in ("cvd", "oi", "funding", "volume", "file", "VWAP", "L and S"):
        assert f"{word}" in COMMAND.explains
