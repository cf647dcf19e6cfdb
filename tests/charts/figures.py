"""Figures of all kinds, with the data that a chart finds hard."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from crypto_assistant.charts.figure import Figure, Level, Line, Pane, Prices, Times
from crypto_assistant.models import DAY_MS, HOUR_MS, Floats

NOW_MS = 1_735_787_045_000
STEP_MS = HOUR_MS
START_MS = NOW_MS // STEP_MS * STEP_MS - 95 * STEP_MS
BERLIN = ZoneInfo("Europe/Berlin")
ROLES: Sequence[str] = ("first", "second", "third")


def times(count: int = 96) -> Times:
    return START_MS + STEP_MS * np.arange(96 - count, 96, dtype=np.int64)


def walk(seed: int, count: int, size: float) -> Floats:
    return np.cumsum(np.random.default_rng(seed).normal(0, size, count))


def prices(level: float = 70_000, count: int = 96, seed: int = 1, **changes: Any) -> Prices:
    random = np.random.default_rng(seed)
    close = level * np.exp(walk(seed, count, 0.004))
    begin = np.concatenate([[level], close[:-1]])
    reach = level * random.exponential(0.002, (2, count))
    high, low = np.maximum(begin, close) + reach[0], np.minimum(begin, close) - reach[1]
    vwap = np.full(count, np.nan)
    vwap[-min(17, count) :] = close[-min(17, count) :].mean()
    return replace(
        Prices(
            open_ms=times(count),
            step_ms=STEP_MS,
            open=begin,
            high=high,
            low=low,
            close=close,
            volume=random.lognormal(7, 0.6, count),
            vwap=vwap,
            tick=float(f"{level:.0e}") * 1e-5,
            last=float(close[-1]),
            closes_in_ms=1_355_000,
            levels=past(high, low),
            vwap_name="VWAP since 00:00 UTC",
        ),
        **changes,
    )


def past(high: Floats, low: Floats) -> tuple[Level, ...]:
    day = slice(-min(41, len(high)), None)
    return Level("yest. high", float(high[day].max())), Level("yest. low", float(low[day].min()))


def own(level: float, number: int, away: float = 0.012) -> tuple[Level, ...]:
    """Entries and liquidation prices of so many positions."""
    found = []
    for at in range(number):
        side, sign = ("L", 1) if at % 2 == 0 else ("S", -1)
        entry = level * (1 + sign * away * (0.2 + 0.13 * at))
        name = f"{side} 0.{22 + at} BTC @ {entry:,.6g}"
        found.append(Level(name, entry, "long" if sign > 0 else "short"))
        liquidation = level * (1 - 0.9 * sign)
        found.append(Level(f"{side} liq {liquidation:,.6g}", liquidation, "liquidation"))
    return tuple(found)


def line(name: str, value: Floats, role: str = "first", **changes: Any) -> Line:
    return replace(Line(name, times(len(value)), value, role), **changes)


def cvd(count: int = 96) -> Pane:
    spot, perps = walk(5, count, 2e6), walk(6, count, 5e6)
    return Pane(
        "CVD 96 bars, USD",
        [
            line("perps -$21.3M Bin OKX", perps - perps[0], "first"),
            line("spot +$8.12M Bin", spot - spot[0], "second"),
        ],
        from_zero=True,
    )


def interest(count: int = 96) -> Pane:
    return Pane("OI, BTC", [line("211K Bin Byb OKX", 2.1e5 + walk(7, count, 900), "third")])


def funding() -> Pane:
    starts = START_MS + 8 * HOUR_MS * np.arange(-1, 12, dtype=np.int64) + HOUR_MS
    value = np.array([1, 1, 0.8, 0.4, -0.3, -0.9, 0, 0.2, 1, 1, 1.6, 2.4, 1.2]) * 1e-4
    steps = Line(
        "paid, hollow: running", starts, value, "first", "steps", hollow_from_ms=int(starts[-1])
    )
    return Pane("Funding per 8h, Binance", [steps], percent=True)


def venues(missing: bool = False) -> Pane:
    names = {"Binance": 9e4, "Bybit": 6e4, "OKX": 3e4}
    lines = [
        line(f"{name} {size / 1e3:.0f}K", size + walk(at, 96, 500), ROLES[at], shape="area")
        for at, (name, size) in enumerate(names.items())
        if not (missing and name == "Bybit")
    ]
    return Pane("Open interest, BTC", lines)


def equity() -> Figure:
    days = START_MS // DAY_MS * DAY_MS - 29 * DAY_MS + DAY_MS * np.arange(30, dtype=np.int64)
    daily = np.random.default_rng(9).normal(40, 180, 30)
    daily[11] = np.nan
    curve = 12_000 + np.nancumsum(daily)
    curve[11] = np.nan
    return Figure(
        title="Account · 30d · Binance, Bybit",
        subtitle="2 Jan 04:04 CET · OKX: n/a since 9 Dec",
        start_ms=int(days[0]),
        end_ms=int(days[-1]) + DAY_MS,
        prices=None,
        panes=[
            Pane("Equity, USD", [Line("with unrealised", days + DAY_MS, curve, "first")]),
            Pane("PnL a day, USD", [Line("", days, daily, "first", "bars", width_ms=DAY_MS)]),
        ],
        zone=BERLIN,
        simulated=True,
    )


def figure(found: Prices | None, *panes: Pane, **changes: Any) -> Figure:
    return replace(
        Figure(
            title="BTC USDT perp · Binance · 1h",
            subtitle="2 Jan 04:04 CET · 0.3 s old",
            start_ms=START_MS,
            end_ms=START_MS + 96 * STEP_MS,
            prices=found,
            panes=panes,
            zone=BERLIN,
        ),
        **changes,
    )


def holed(column: Floats) -> Floats:
    """With a gap in its middle."""
    found = column.copy()
    found[len(found) // 2 - 4 : len(found) // 2 + 4] = np.nan
    return found


def gaps() -> Figure:
    names = ("open", "high", "low", "close", "volume", "vwap")
    bars = prices()
    holes: dict[str, Any] = {name: holed(getattr(bars, name)) for name in names}
    bars = replace(bars, **holes)
    panes = [
        replace(pane, lines=[replace(one, value=holed(one.value)) for one in pane.lines])
        for pane in (cvd(), funding())
    ]
    return figure(bars, *panes)


def jump() -> Prices:
    """A bar of 25 %."""
    bars = prices()
    close, high = bars.close.copy(), bars.high.copy()
    close[60] = bars.open[60] * 1.25
    high[60] = close[60] * 1.01
    return replace(bars, close=close, high=high)


def burst() -> Prices:
    """A bar of 500 times the volume."""
    bars = prices()
    volume = bars.volume.copy()
    volume[50] = 500 * np.median(volume)
    return replace(bars, volume=volume)


def flat() -> Figure:
    same = np.full(96, 0.42)
    every: dict[str, Any] = dict.fromkeys(("open", "high", "low", "close", "vwap"), same)
    bars = prices(0.42, **every, last=0.42, levels=past(same, same))
    return figure(bars, Pane("OI, XYZ", [line("1.2K Bin", np.full(96, 1200.0))]))


def samples() -> Mapping[str, Figure]:
    """By what is special about each."""
    bars = prices()
    level = float(bars.close[-1])
    small = "A market without room · Hyperliquidity Venue · 15m"
    return {
        "usual": figure(bars, cvd(), interest()),
        "funding": figure(bars, interest(), funding(), simulated=True),
        "volume": figure(bars, cvd()),
        "own": figure(replace(bars, levels=(*bars.levels, *own(level, 2))), cvd(), interest()),
        "twelve": figure(replace(bars, levels=(*bars.levels, *own(level, 12))), cvd(), interest()),
        "venues": figure(None, venues()),
        "missing": figure(None, venues(missing=True), notes=["Bybit: no answer in 8 s"]),
        "equity": equity(),
        "one bar": figure(prices(count=1), cvd(1), interest(1)),
        "one hour": figure(prices(0.0312, count=2), cvd(2), title="NEW USDT perp · OKX · 1h"),
        "gaps": gaps(),
        "1.2e-5": figure(prices(0.00001234), cvd(), interest(), title=small),
        "1.5e-9": figure(prices(0.0000000015), cvd(), interest()),
        "25 %": figure(jump(), cvd(), interest()),
        "flat": flat(),
        "500-fold": figure(burst(), cvd()),
        "nothing": figure(None, notes=["Binance, Bybit, OKX: no answer in 8 s"]),
    }
