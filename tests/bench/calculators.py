# ruff: noqa: T201
"""The calculators at full size, in time and memory, against a straight expression of each."""

import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from crypto_assistant.calculators import cvd, indicators, pnl
from crypto_assistant.calculators.profile import profile
from crypto_assistant.models import Floats

TRADES = 1_000_000
BARS = 100_000
FILLS = 100_000
STEP = 60_000
ROUNDS = 7

Column = np.ndarray[Any, np.dtype[Any]]
Calculation = Callable[..., object]


class Case(NamedTuple):
    name: str
    ours: Calculation
    straight: Calculation
    columns: Sequence[Column]


def report() -> None:
    print(f"Calculators, {TRADES:,} trades, {BARS:,} bars, {FILLS:,} fills, best of {ROUNDS}")
    print(
        f"{'':20} {'ms':>8} {'straight':>9} {'ratio':>6} {'memory':>7} {'result':>7}  of the input"
    )
    for case in (*_trades(), *_bars(), *_fills()):
        ours, straight = _ms(case.ours, case.columns), _ms(case.straight, case.columns)
        peak, result = _memory(case.ours, case.columns)
        print(
            f"{case.name:20} {ours:8.2f} {straight:9.2f} {ours / straight:6.2f}"
            f" {peak:7.2f} {result:7.2f}"
        )
    print()


def _trades() -> Sequence[Case]:
    luck = np.random.default_rng(1)
    time_ms = np.sort(luck.integers(0, 1440 * STEP, TRADES))
    bought, size = luck.random(TRADES) < 0.5, luck.lognormal(0, 2, TRADES)
    open_ms, other = np.arange(TRADES, dtype=np.int64) * STEP, luck.lognormal(0, 2, TRADES)
    return (
        Case("into_bars", _into_bars, _straight_into_bars, (time_ms, size, bought)),
        Case("delta", cvd.delta, lambda b, s: b - s, (size, other)),
        Case("cumulative", cvd.cumulative, np.cumsum, (size,)),
        Case("window", _window, _straight_window, (open_ms, size, other)),
    )


def _bars() -> Sequence[Case]:
    luck = np.random.default_rng(2)
    close = np.exp(np.cumsum(luck.normal(0, 0.001, BARS)))
    high, low = close * 1.001, close * 0.999
    volume = luck.lognormal(0, 1, BARS)
    bars = (high, low, close)
    return (
        Case("rsi", indicators.rsi, _straight_rsi, (close,)),
        Case("true_range", indicators.true_range, _straight_range, bars),
        Case("atr", indicators.atr, _straight_atr, bars),
        Case("ema 20", lambda x: indicators.ema(x, 20), lambda x: _fading(x, 2 / 21), (close,)),
        Case("ema 200", lambda x: indicators.ema(x, 200), lambda x: _fading(x, 2 / 201), (close,)),
        Case("bollinger", indicators.bollinger, _straight_bollinger, (close,)),
        Case("vwap", indicators.vwap, _straight_vwap, (*bars, volume)),
        Case("realised_volatility", _volatility, _straight_volatility, (close,)),
        Case("profile", profile, _straight_profile, (low, high, volume)),
    )


def _fills() -> Sequence[Case]:
    luck = np.random.default_rng(3)
    size = np.round(luck.normal(0, 1, FILLS), 3)
    price = np.exp(np.cumsum(luck.normal(0, 0.001, FILLS)))
    return (
        Case("average_cost", pnl.average_cost, _straight_average_cost, (size, price)),
        Case("fifo", pnl.fifo, _straight_fifo, (size, price)),
    )


def _ms(calculation: Calculation, columns: Sequence[Column]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        calculation(*columns)
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def _memory(calculation: Calculation, columns: Sequence[Column]) -> tuple[float, float]:
    """The peak beyond the input, and what of it is the result, both as multiples of the input."""
    tracemalloc.start()
    result = calculation(*columns)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    size = sum(column.nbytes for column in columns)
    return peak / size, kept / size


MINUTES = np.arange(1440, dtype=np.int64) * STEP


def _into_bars(time_ms: Column, size: Column, bought: Column) -> tuple[Floats, Floats]:
    return cvd.into_bars(time_ms, size, bought, MINUTES, STEP)


def _straight_into_bars(time_ms: Column, size: Column, bought: Column) -> tuple[Column, Column]:
    bar = np.searchsorted(MINUTES, time_ms, "right") - 1
    total = np.bincount(bar, size, len(MINUTES))
    taken = np.bincount(bar, size * bought, len(MINUTES))
    return taken, total - taken


def _window(open_ms: Column, bought: Column, sold: Column) -> cvd.Window:
    return cvd.window(open_ms, STEP, bought, sold, STEP, (TRADES - 1) * STEP)


def _straight_window(open_ms: Column, bought: Column, sold: Column) -> tuple[float, float]:
    inside = (open_ms >= STEP) & (open_ms + STEP <= (TRADES - 1) * STEP)
    return np.nansum(bought[inside]), np.nansum(sold[inside])


def _fading(values: Floats, weight: float) -> Floats:
    """A recursion as a convolution, the weights cut off where they fall below rounding."""
    taps = int(np.log(1e-16) / np.log(1 - weight))
    return np.convolve(values, weight * (1 - weight) ** np.arange(taps))[: len(values)]


def _straight_rsi(close: Floats) -> Floats:
    change = np.diff(close)
    gain, loss = _fading(np.maximum(change, 0), 1 / 14), _fading(np.maximum(-change, 0), 1 / 14)
    return 100 * gain / (gain + loss)


def _straight_range(high: Floats, low: Floats, close: Floats) -> Floats:
    before = close[:-1]
    reach = np.maximum(np.abs(high[1:] - before), np.abs(low[1:] - before))
    return np.maximum(high[1:] - low[1:], reach)


def _straight_atr(high: Floats, low: Floats, close: Floats) -> Floats:
    return _fading(_straight_range(high, low, close), 1 / 14)


def _straight_bollinger(close: Floats) -> tuple[Floats, Floats, Floats]:
    closes = np.lib.stride_tricks.sliding_window_view(close, 20)
    mid, reach = closes.mean(axis=1), 2 * closes.std(axis=1)
    return mid, mid + reach, mid - reach


def _straight_vwap(high: Floats, low: Floats, close: Floats, volume: Floats) -> float:
    return float(((high + low + close) / 3 * volume).sum() / volume.sum())


def _volatility(close: Floats) -> float:
    return indicators.realised_volatility(close, len(close) - 1)


def _straight_volatility(close: Floats) -> float:
    return float(np.diff(np.log(close)).std(ddof=1) * np.sqrt(len(close) - 1))


def _straight_profile(low: Floats, high: Floats, volume: Floats) -> Floats:
    """What was traded below each edge, and its differences."""
    edges = np.linspace(low.min(), high.max(), 101)
    below = [(volume * np.clip((edge - low) / (high - low), 0, 1)).sum() for edge in edges]
    return np.diff(below)


def _straight_average_cost(size: Floats, price: Floats) -> list[float]:
    """The loop of the textbooks, for the realised column alone."""
    realised, position, entry = [], 0.0, 0.0
    for each, at in zip(size.tolist(), price.tolist(), strict=True):
        after = position + each
        if position * each >= 0:
            realised.append(0.0)
            entry = (position * entry + each * at) / after if after else 0.0
        else:
            realised.append((at - entry) * (-each if position * after > 0 else position))
            entry = entry if position * after > 0 else at
        position = after
    return realised


def _straight_fifo(size: Floats, price: Floats) -> Floats:
    """What was opened up to each amount closed, read off the running sums."""
    position = np.cumsum(size)
    before = position - size
    kept = np.where(before * position > 0, 0.0, position)
    opened = np.where(before * size >= 0, size, kept)
    closed = opened - size
    ends = np.concatenate(([0.0], np.cumsum(np.abs(opened))))
    costs = np.concatenate(([0.0], np.cumsum(opened * price)))
    released = np.diff(np.interp(np.cumsum(np.abs(closed)), ends, costs), prepend=0.0)
    realised: Floats = closed * price - released
    return realised
