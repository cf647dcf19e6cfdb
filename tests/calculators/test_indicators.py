"""The indicators against TA-Lib, plain loops and hand-worked columns."""

from collections.abc import Callable
from itertools import pairwise
from math import log, nan, sqrt
from statistics import stdev

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.calculators.indicators import (
    atr,
    bollinger,
    ema,
    realised_volatility,
    rsi,
    true_range,
    vwap,
)
from crypto_assistant.models import Floats
from tests.calculators.columns import SCALES, Bars, amounts, floats, prices, walk

BARS = walk()
LENGTHS = (0, 1, 2, 13, 14, 15, 142, 143, 144, 400)
"""Around the first row and around the borders of the blocks that are worked out at once."""


def same(ours: Floats, theirs: Floats, of: float = 1.0) -> bool:
    """Whether two columns are nan in the same rows and else agree to 1e-9 of `of`."""
    return np.allclose(ours, theirs, rtol=0, atol=1e-9 * of, equal_nan=True)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("period", [2, 14, 50])
def test_rsi_and_atr_equal_those_of_talib(scale: float, period: int) -> None:
    high, low, close, _ = walk(scale)
    assert same(rsi(close, period), talib.RSI(close, period))
    ours, theirs = atr(high, low, close, period), talib.ATR(high, low, close, period)
    assert same(ours, theirs, scale)
    assert same(true_range(high, low, close), talib.TRANGE(high, low, close), scale)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("period", [2, 20, 50, 200])
def test_ema_and_bollinger_equal_those_of_talib(scale: float, period: int) -> None:
    close = walk(scale).close
    assert same(ema(close, period), talib.EMA(close, period), scale)
    upper, mid, lower = talib.BBANDS(close, period, 2.0, 2.0)
    for ours, theirs in zip(bollinger(close, period), (mid, upper, lower), strict=True):
        assert same(ours, theirs, scale)


@pytest.mark.parametrize("rows", LENGTHS)
def test_columns_of_any_length_equal_those_of_talib(rows: int) -> None:
    high, low, close, _ = walk(rows=rows)
    # TA-Lib refuses to smooth nothing at all; an empty column stays empty.
    theirs = talib.RSI(close) if rows else close
    assert same(rsi(close), theirs)
    assert same(atr(high, low, close), talib.ATR(high, low, close) if rows else close)
    assert same(ema(close, 14), talib.EMA(close, 14) if rows else close)
    assert same(bollinger(close)[1], talib.BBANDS(close, 20)[0] if rows else close)


def wilder(values: list[float], period: int) -> list[float]:
    means = [sum(values[:period]) / period]
    for value in values[period:]:
        means.append((means[-1] * (period - 1) + value) / period)
    return means


@pytest.mark.parametrize("scale", SCALES)
def test_the_blocks_are_exact_to_the_twelfth_digit(scale: float) -> None:
    high, low, close, _ = walk(scale, rows=3000)
    changes = [after - before for before, after in pairwise(close.tolist())]
    gain = floats(*wilder([max(change, 0) for change in changes], 14))
    loss = floats(*wilder([max(-change, 0) for change in changes], 14))
    assert rsi(close)[14:] == pytest.approx(100 - 100 / (1 + gain / loss), rel=1e-12)
    ranges = true_range(high, low, close)[1:].tolist()
    assert atr(high, low, close)[14:] == pytest.approx(wilder(ranges, 14), rel=1e-12)
    mean = [sum(close.tolist()[:50]) / 50]
    for price in close.tolist()[50:]:
        mean.append(mean[-1] + (price - mean[-1]) * 2 / 51)
    assert ema(close, 50)[49:] == pytest.approx(mean, rel=1e-12)


def test_rsi_by_hand() -> None:
    # Rises 1 and 3, falls 2 and 0: means 1 and 0.5, then a fall of 1 and a rise of 2.
    found = rsi(floats(10, 11, 9, 8, 10), period=2)
    # gain 0.5, loss 1; then 0.25, 1; then 1.125, 0.5.
    expected = floats(nan, nan, 100 / 3, 20, 112.5 / 1.625)
    assert same(found, expected)


def test_true_range_and_atr_by_hand() -> None:
    bars = floats(10, 12, 9, 15), floats(8, 11, 8, 14), floats(9, 11.5, 8.5, 14.5)
    # From the close before up to 12, from it down to 8, from it up to 15.
    assert same(true_range(*bars), floats(nan, 3, 3.5, 6.5))
    assert same(atr(*bars, period=2), floats(nan, nan, 3.25, 4.875))


def test_ema_by_hand() -> None:
    assert same(ema(floats(1, 2, 3, 7), 3), floats(nan, nan, 2, 4.5))
    assert same(ema(floats(1, 2, 3), 1), floats(1, 2, 3))


def test_bollinger_by_hand() -> None:
    mid, upper, lower = bollinger(floats(1, 3, 3, 7), period=2, width=3)
    assert same(mid, floats(nan, 2, 3, 5))
    assert same(upper, floats(nan, 5, 3, 11))
    assert same(lower, floats(nan, -1, 3, -1))


def test_a_price_that_never_moved_has_no_rsi_and_one_that_only_rose_a_hundred() -> None:
    assert np.isnan(rsi(np.full(40, 5.0))).all()
    assert rsi(np.arange(40.0))[14:].tolist() == [100] * 26
    assert rsi(-np.arange(40.0))[14:].tolist() == [0] * 26


def test_a_price_that_never_moved_has_no_range_and_no_bands() -> None:
    flat = np.full(40, 5.0)
    assert atr(flat, flat, flat)[14:].tolist() == [0] * 26
    assert [band[19:].tolist() for band in bollinger(flat)] == [[5] * 21] * 3
    assert ema(flat, 10)[9:] == pytest.approx(np.full(31, 5.0), rel=1e-15)


Remembering = Callable[[Floats], Floats]


@pytest.mark.parametrize(
    "remembering",
    [rsi, lambda x: ema(x, 14), lambda x: atr(x + 1, x - 1, x)],
    ids=["rsi", "ema", "atr"],
)
def test_what_remembers_starts_after_the_gap_ahead_and_ends_at_the_next(
    remembering: Remembering,
) -> None:
    close = BARS.close[:300].copy()
    close[:50] = nan
    close[200] = nan
    found = remembering(close)
    assert same(found[50:200], remembering(BARS.close[50:200]))
    assert np.isnan(found[:50]).all()
    assert np.isnan(found[200:]).all()
    assert np.isnan(remembering(np.full(40, nan))).all()


def test_bands_know_a_gap_only_while_it_lies_in_their_window() -> None:
    close = BARS.close[:300].copy()
    close[200] = nan
    for ours, whole in zip(bollinger(close), bollinger(BARS.close[:300]), strict=True):
        assert np.isnan(ours[200:220]).all()
        assert same(np.delete(ours, np.s_[200:220]), np.delete(whole, np.s_[200:220]))


@given(st.lists(prices, max_size=300), st.integers(1, 20))
def test_indicators_stay_within_their_bounds(closes: list[float], period: int) -> None:
    close = floats(*closes)
    strength, mean = rsi(close, period), ema(close, period)
    assert len(strength) == len(mean) == len(close)
    known = strength[~np.isnan(strength)]
    assert ((known >= 0) & (known <= 100 + 1e-9)).all()
    assert np.count_nonzero(~np.isnan(mean)) == max(0, len(close) - period + 1)
    if len(close) >= period:
        assert (mean[period - 1 :] >= close.min() * (1 - 1e-12)).all()
        assert (mean[period - 1 :] <= close.max() * (1 + 1e-12)).all()
    mid, upper, lower = (band[period - 1 :] for band in bollinger(close, period))
    assert ((lower <= mid) & (mid <= upper)).all()


@given(st.lists(prices, min_size=16, max_size=60))
def test_a_mirrored_price_has_the_mirrored_rsi_and_a_scaled_one_the_same(
    closes: list[float],
) -> None:
    close = floats(*closes)
    assert same(rsi(-close), 100 - rsi(close), 100)
    assert same(rsi(close * 1024), rsi(close), 100)


def test_vwap_by_hand() -> None:
    # hlc3 of 10 and 20, the second with three times the volume.
    assert vwap(floats(12, 21), floats(8, 18), floats(10, 21), floats(1, 3)) == 17.5


def test_vwap_without_volume_or_with_a_gap_is_unknown() -> None:
    one = floats(5)
    assert np.isnan(vwap(floats(), floats(), floats(), floats()))
    assert np.isnan(vwap(one, one, one, floats(0)))
    assert np.isnan(vwap(one, one, floats(nan), one))
    assert np.isnan(vwap(one, one, one, floats(nan)))
    assert vwap(one, one, one, one) == 5


@given(st.lists(st.tuples(prices, prices, prices, amounts), min_size=1))
def test_vwap_is_that_of_a_plain_loop_and_within_the_range(
    rows: list[tuple[float, float, float, float]],
) -> None:
    bars = Bars(*(floats(*column) for column in zip(*rows, strict=True)))
    found = vwap(*bars)
    traded = sum(volume for *_, volume in rows)
    if traded:
        loop = sum((h + low + c) / 3 * volume for h, low, c, volume in rows) / traded
        assert found == pytest.approx(loop, rel=1e-9)
        lowest, highest = min(min(row[:3]) for row in rows), max(max(row[:3]) for row in rows)
        assert lowest * (1 - 1e-9) <= found <= highest * (1 + 1e-9)
    else:
        assert np.isnan(found)


def test_realised_volatility_by_hand() -> None:
    # Log returns 0.01 and -0.01 in turn: their sample variance is 1e-4 * 96 / 95.
    close = np.exp(np.tile([0.0, 0.01], 49)[:97])
    expected = sqrt(1e-4 * 96 / 95) * sqrt(96)
    assert realised_volatility(close) == pytest.approx(expected, rel=1e-12)
    assert realised_volatility(np.append([nan, 0], close)) == pytest.approx(expected, rel=1e-12)
    assert realised_volatility(np.full(97, 3.0)) == 0


def test_realised_volatility_needs_one_close_more_than_bars_and_none_missing() -> None:
    close = BARS.close[:97]
    assert np.isnan(realised_volatility(close[1:]))
    assert np.isnan(realised_volatility(floats()))
    for hole in (nan, 0.0, -1.0):
        assert np.isnan(realised_volatility(np.append(close[1:], hole)))


@given(st.lists(prices, min_size=4, max_size=40))
def test_realised_volatility_is_that_of_the_plain_definition(closes: list[float]) -> None:
    bars = len(closes) - 1
    returns = [log(after / before) for before, after in pairwise(closes)]
    assert realised_volatility(floats(*closes), bars) == pytest.approx(
        stdev(returns) * sqrt(bars), rel=1e-9, abs=1e-9
    )
