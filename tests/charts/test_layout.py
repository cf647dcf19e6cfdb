"""Where texts stand, and which values and times are named."""

import random
from dataclasses import replace
from itertools import combinations, pairwise
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest

from crypto_assistant.charts.draw import FILES, FONTS, font, measure
from crypto_assistant.charts.figure import Figure, Level, Pane
from crypto_assistant.charts.frame import HEIGHT, WIDTH, Layout, Text
from crypto_assistant.charts.layout import countdown, lay
from crypto_assistant.charts.scale import around, called, midnights, ticks, times
from crypto_assistant.models import DAY_MS, HOUR_MS
from tests.charts.figures import (
    BERLIN,
    START_MS,
    cvd,
    equity,
    figure,
    funding,
    holed,
    interest,
    own,
    prices,
    samples,
    venues,
)

WORDS = ["perps", "-$1.23B", "Binance", "Bybit", "OKX", "Позиция", "n/a", "W" * 40, "gg", "Ä"]


def any_figure(seed: int) -> Figure:
    """Whatever may be asked for, and what nobody would."""
    dice = random.Random(seed)  # noqa: S311
    level = 10 ** dice.uniform(-10, 7)
    bars = prices(level, dice.choice([1, 2, 5, 60, 96]), seed)
    levels = [*bars.levels, *own(level, dice.randrange(13), dice.choice([0, 0.001, 0.01, 0.3]))]
    last = dice.choice([bars.last, None, bars.low.min(), bars.high.max(), 2 * level, np.nan])
    bars = replace(bars, levels=levels, last=last, closes_in_ms=dice.randrange(DAY_MS))
    panes = dice.sample(
        [cvd(), interest(), funding(), venues(), *equity().panes], dice.randrange(3)
    )
    panes = [replace(one, title=words(dice), lines=[
        replace(each, name=words(dice), value=each.value * 10 ** dice.uniform(-12, 6))
        for each in one.lines]) for one in panes]  # fmt: skip
    return figure(
        bars if dice.random() < 0.8 else None,
        *panes,
        title=words(dice),
        subtitle=words(dice),
        notes=[words(dice) for _ in range(dice.randrange(5))],
        end_ms=START_MS + dice.randrange(1, 200 * HOUR_MS),
        zone=ZoneInfo(dice.choice(["UTC", "Asia/Kathmandu", "America/St_Johns", "Europe/Berlin"])),
        simulated=dice.random() < 0.5,
    )


def words(dice: random.Random) -> str:
    return " ".join(dice.choices(WORDS, k=dice.randrange(7)))


def ink(text: Text) -> tuple[float, float, float, float]:
    """What the font paints of it."""
    left, top, right, bottom = font(FONTS / FILES[text.font], text.size).getbbox(
        text.text, anchor="ls"
    )
    x, y = round(text.x), round(text.y + 0.36 * text.size)
    return x + left, y + top, x + right, y + bottom


@pytest.mark.parametrize("hundred", range(5))
def test_no_text_meets_another_or_the_edge(hundred: int) -> None:
    for seed in range(100 * hundred, 100 * hundred + 100):
        texts = lay(any_figure(seed), measure).texts
        for one, other in combinations(texts, 2):
            assert not one.box.meets(other.box), (seed, one, other)
        for one in texts:
            left, top, right, bottom = one.box
            assert min(left, top, WIDTH - right, HEIGHT - bottom) >= 0, (seed, one)


def test_a_text_is_painted_inside_of_its_box() -> None:
    for seed in range(60):
        for one in lay(any_figure(seed), measure).texts:
            left, top, right, bottom = ink(one)
            box = one.box
            assert min(left - box.left, box.right - right) >= -3, one
            assert min(top - box.top, box.bottom - bottom) >= -1, one


def test_texts_are_large_enough_for_a_third_of_the_size() -> None:
    for shown in samples().values():
        first, *rest = lay(shown, measure).texts
        assert {one.size for one in (first, *rest)} <= {34, 44}
        assert max((first, *rest), key=lambda one: one.size).text.startswith(shown.title[:9])


def named(place: Layout) -> list[str]:
    return [one.text for one in place.texts]


def test_prices_have_five_percent_around_their_range() -> None:
    bars = prices()
    place = lay(figure(bars), measure)
    low, high = bars.low.min(), bars.high.max()
    assert place.prices
    assert place.prices.scale.low == pytest.approx(low - 0.05 * (high - low))
    assert place.prices.scale.high == pytest.approx(high + 0.05 * (high - low))


def test_an_own_price_off_the_scale_is_an_arrow_with_its_distance() -> None:
    bars = prices(last=70_000.0, levels=[
        Level("L liq 7,000", 7_000, "liquidation"), Level("S liq 133,000", 133_000, "liquidation"),
        Level("yesterday's high", 133_000)])  # fmt: skip
    place = lay(figure(bars), measure)
    assert {"▼ L liq 7,000 -90.0%", "▲ S liq 133,000 +90.0%"} <= {*named(place)}
    assert "yesterday's high" not in named(place)
    assert place.crossing == []


def test_six_own_prices_are_named_and_the_rest_is_counted() -> None:
    bars = prices(levels=own(70_000, 12))
    texts = named(lay(figure(bars, cvd(), interest()), measure))
    assert sum("liq" in text or "@" in text for text in texts) == 6
    assert "+18 more" in texts


def test_a_simulated_market_is_named_so() -> None:
    assert "SIMULATED" in named(lay(figure(None, simulated=True), measure))
    assert "SIMULATED" not in named(lay(figure(None), measure))


def test_the_last_price_has_the_time_to_the_bars_close() -> None:
    texts = named(lay(figure(prices(last=70_123.5, tick=0.1, closes_in_ms=161_000)), measure))
    assert {"70,123.5", "02:41"} <= {*texts}


@pytest.mark.parametrize(
    ("ms", "text"),
    [(-5, "00:00"), (59_999, "00:59"), (3_600_000, "1h 00m"), (188_000_000, "2d 4h")],
)
def test_the_time_to_a_close(ms: int, text: str) -> None:
    assert countdown(ms) == text


@pytest.mark.parametrize("low", [-3.7, 0, 1.234e-5, 1.5e-9, 70_123, 2.5e9])
@pytest.mark.parametrize("size", [1e-3, 0.05, 1])
def test_ticks_are_round_and_told_apart(low: float, size: float) -> None:
    axis = around(np.array([low, low + size * (abs(low) or 1)]), 0, 500)
    found, step = ticks(axis, 6)
    assert 2 <= len(found) <= 6
    assert float(f"{step:.0e}") == pytest.approx(step)
    assert f"{step:.0e}"[0] in "125"
    assert all(after - one == pytest.approx(step) for one, after in pairwise(found))
    texts = [called(value, step) for value in found]
    assert len({*texts}) == len(texts)


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (70_500, 500, "70,500"),
        (1.2e6, 2e5, "1.2M"),
        (1.23e-5, 1e-8, "1.230e-5"),
        (0.42, 0.002, "0.420"),
        (-4e7, 2e7, "-40M"),
        (0, 10, "0"),
    ],
)
def test_a_tick_is_told_with_the_digits_of_its_step(value: float, step: float, text: str) -> None:
    assert called(value, step) == text


def test_a_rate_is_told_in_percent() -> None:
    assert [called(rate, 5e-5, percent=True) for rate in (0, 5e-5, -1e-4)] == [
        "0%",
        "0.005%",
        "-0.010%",
    ]


def test_times_are_round_in_the_owners_zone_through_a_change_of_clocks() -> None:
    begin = 1_743_202_800_000  # 29 March 2025, 00:00 in Berlin; clocks go forward a day later.
    found = [*times(begin, begin + 47 * HOUR_MS, 12, BERLIN)]
    assert [text for _, text in found] == [
        *("29 Mar", "04:00", "08:00", "12:00", "16:00", "20:00"),
        *("30 Mar", "04:00", "08:00", "12:00", "16:00", "20:00"),
        "31 Mar",
    ]
    assert [*midnights(begin, begin + 47 * HOUR_MS, BERLIN)] == [
        begin, begin + 24 * HOUR_MS, begin + 47 * HOUR_MS,
    ]  # fmt: skip


def test_an_hour_that_a_change_of_clocks_skips_has_no_name() -> None:
    begin = 1_743_289_200_000  # 30 March 2025, 00:00 in Berlin.
    found = [text for _, text in times(begin, begin + 4 * HOUR_MS, 4, BERLIN)]
    assert found == ["30 Mar", "01:00", "03:00", "04:00", "05:00"]


def test_a_figure_is_json_and_a_gap_is_null() -> None:
    one = cvd()
    shown = figure(
        None, replace(one, lines=[replace(one.lines[0], value=holed(one.lines[0].value))])
    )
    told = orjson.loads(orjson.dumps(shown, option=orjson.OPT_SERIALIZE_NUMPY, default=str))
    assert told["zone"] == "Europe/Berlin"
    assert told["panes"][0]["lines"][0]["value"][47] is None
    assert told["panes"][0]["lines"][0]["value"][0] == 0


def test_a_pane_without_lines_has_no_scale() -> None:
    assert lay(figure(None, Pane("CVD", [])), measure).panes[0].ticks == ()
