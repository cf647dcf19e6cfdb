"""What takers did against the price, worked out by hand."""

from dataclasses import replace
from math import exp
from typing import Any

import numpy as np
import pytest

from crypto_assistant.models import Candles, Family, Instrument, Timeframe
from crypto_assistant.subjects.bars.trend import Indicators
from crypto_assistant.subjects.cvd.flow import Sum
from crypto_assistant.subjects.cvd.flows import BarDeltas, Flows, KindFlows
from crypto_assistant.subjects.cvd.taker_signals import Prices, TakerSignals, signals

PERP = Instrument("okx", Family.LINEAR, "BTC-USDT-SWAP", "BTC", "USDT", 1.0, 0.01, 0.1, False)
HOUR = Timeframe.H1
END = 100 * HOUR.ms
LATE = END + Timeframe.M5.ms


def flows(spot: float | None, perps: float | None, deltas: list[float] | None = None) -> Flows:
    """Delta/volume over an hour, and the perps' deltas of 20 hours."""
    kinds = {"spot": KindFlows({}, {"1h": share(spot)}, [], [], [])} if spot is not None else {}
    bars = BarDeltas(HOUR, END, deltas or [], {})
    return Flows(END, kinds, {}, {"1h": share(perps)}, bars)


def share(fraction: float | None) -> Sum:
    return Sum(None, None, None, None, fraction, None, {}, {})


def candles(timeframe: Timeframe, closes: list[float]) -> Candles:
    """Closed bars up to END, and one that is forming."""
    close = np.array([*closes, 1e6])
    open_ms = END + (np.arange(len(close)) - len(closes)) * timeframe.ms
    nothing = np.zeros(len(close))
    return Candles(
        PERP,
        timeframe,
        open_ms,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=nothing,
        turnover=nothing,
        taker_buy=None,
        taker_buy_turnover=None,
        closed=np.arange(len(close)) < len(closes),
        received_ms=LATE,
    )


def prices(**parts: Any) -> Prices:
    return Prices(**{"market": PERP, "rows": None, "bars": None, "hours": None, **parts})


def atr(fraction: float) -> Indicators:
    nothing: Any = [None] * 9
    return Indicators(HOUR, 350, 100.0, None, 100 * fraction, fraction, *nothing[:7])


@pytest.mark.parametrize(
    ("spot", "perps", "led_by"),
    [
        (0.05, 0.025, "spot-led"),
        (0.05, 0.026, "none"),
        (0.049, 0.01, "none"),
        (-0.06, 0.02, "none"),
        (-0.01, -0.20, "perp-led"),
        (None, 0.20, None),
        (0.20, None, None),
    ],
)
def test_who_leads(spot: float | None, perps: float | None, led_by: str | None) -> None:
    assert signals(flows(spot, perps), None).led_by == led_by


@pytest.mark.parametrize(
    ("perps", "last", "absorption"),
    [(-0.10, 100.249, True), (-0.099, 100.249, False), (-0.10, 100.251, False), (None, 100, None)],
)
def test_takers_are_absorbed_where_the_price_stands(
    perps: float | None, last: float, absorption: bool | None
) -> None:
    """An ATR of 1 %: the price has to move by 0.25 %."""
    told = prices(rows=candles(Timeframe.M5, [100.0] * 12 + [last]), hours=atr(0.01))
    found = signals(flows(0.0, perps), told)
    assert found.absorption is absorption
    assert found.price_change_1h_fraction == pytest.approx(last / 100 - 1)


def test_the_price_moved_over_each_window_that_its_candles_reach_back() -> None:
    rows = candles(Timeframe.M5, [50.0, *[80.0] * 36, *[100.0] * 12])
    found = signals(flows(None, None), prices(rows=rows)).price_changes_fraction
    assert found == {"1h": pytest.approx(0.25), "4h": pytest.approx(1.0), "24h": None}


def test_without_its_parts_nothing_is_said_of_absorption() -> None:
    rows = candles(Timeframe.M5, [100.0] * 13)
    for told in (None, prices(rows=rows), prices(hours=atr(0.01))):
        assert signals(flows(0.0, 0.5), told).absorption is None
    short = prices(rows=candles(Timeframe.M5, [100.0] * 12), hours=atr(0.01))
    assert signals(flows(0.0, 0.5), short).price_change_1h_fraction is None


@pytest.mark.parametrize(
    ("trend", "flow", "divergence"),
    [(-0.01, 5.0, "bullish"), (0.01, -5.0, "bearish"), (0.01, 5.0, "none"), (0.0, 5.0, "none")],
)
def test_price_and_takers_diverge(trend: float, flow: float, divergence: str) -> None:
    """Both steady: each bar moves the same way, one more, one less."""
    closes = [100 * exp(n * trend + 0.001 * (n % 2)) for n in range(21)]
    deltas = [flow + 0.1 * (n % 2) for n in range(20)]
    told = prices(bars=candles(HOUR, closes))
    assert signals(flows(None, None, deltas), told).divergence == divergence


def test_without_twenty_bars_nothing_is_said_of_divergence() -> None:
    closes = [100.0 + n for n in range(21)]
    deltas = [-1.0 - n % 2 for n in range(20)]
    assert signals(flows(None, None, deltas), None).divergence is None
    assert (
        signals(flows(None, None, deltas), prices(bars=candles(HOUR, closes[1:]))).divergence
        is None
    )
    assert signals(flows(None, None, []), prices(bars=candles(HOUR, closes))).divergence is None
    open_ = replace(candles(HOUR, closes), closed=np.zeros(22, bool))
    assert signals(flows(None, None, deltas), prices(bars=open_)).divergence is None
    whole = signals(flows(None, None, deltas), prices(bars=candles(HOUR, closes)))
    none = dict.fromkeys(("1h", "4h", "24h"))
    assert whole == TakerSignals("okx", "BTC-USDT-SWAP", None, none, None, None, None, "bearish")
