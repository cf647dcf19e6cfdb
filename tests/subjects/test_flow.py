"""What takers did over a span of time, worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace
from math import nan

import numpy as np
import pytest

from crypto_assistant.models import Family, Instrument, TakerVolumes, Timeframe
from crypto_assistant.subjects.cvd.flow import (
    Flow,
    common_end,
    flow,
    per_bar,
    since,
    summed,
)

MINUTE = 60_000
STEP = 5 * MINUTE
PERP = Instrument("bybit", Family.LINEAR, "BTCUSDT", "BTC", "USDT", 1.0, 1.0, 0.1, False)
PRICE = 100.0


def series(
    bought: Sequence[float],
    sold: Sequence[float],
    *,
    first: int = 0,
    closed: int | None = None,
    since_ms: int | None = None,
    received_ms: int = 0,
) -> TakerVolumes:
    """Bars of five minutes from bar number `first`, `closed` of them, at a price of 100."""
    coins, gone = np.array(bought, float), np.array(sold, float)
    return TakerVolumes(
        PERP,
        Timeframe.M5,
        (first + np.arange(len(coins))) * STEP,
        bought=coins,
        sold=gone,
        bought_turnover=PRICE * coins,
        sold_turnover=PRICE * gone,
        closed=np.arange(len(coins)) < (len(coins) if closed is None else closed),
        since_ms=first * STEP if since_ms is None else since_ms,
        received_ms=received_ms,
    )


def test_a_span_adds_up_the_bars_that_lie_in_it() -> None:
    takers = series([1, 2, 3, 4], [4, 1, 1, 9])
    assert flow(takers, STEP, 3 * STEP, oi_usd=6000.0) == Flow(
        delta_usd=300.0,
        delta_coins=3.0,
        volume_usd=700.0,
        volume_coins=7.0,
        delta_volume_fraction=300 / 700,
        delta_oi_fraction=0.05,
        covered_ms=2 * STEP,
        complete=True,
    )


@pytest.mark.parametrize(
    ("since_ms", "covered_ms", "complete"),
    [
        (STEP, 3 * STEP, True),
        (STEP + 1, 3 * STEP - 1, False),
        (2 * STEP + 2 * MINUTE, 8 * MINUTE, False),
        (4 * STEP - 1, 1, False),
    ],
)
def test_of_trades_only_what_they_reach_back_to_is_covered(
    since_ms: int, covered_ms: int, complete: bool
) -> None:
    """The bar that holds the oldest trade has a part of its volume."""
    first = since_ms // STEP
    takers = series([1.0] * (4 - first), [0.0] * (4 - first), first=first, since_ms=since_ms)
    found = flow(takers, STEP, 4 * STEP)
    assert (found.covered_ms, found.complete) == (covered_ms, complete)
    assert found.delta_coins == 4 - first


def test_a_bar_that_is_missing_is_not_covered() -> None:
    whole = series([1, 1, 1], [0, 0, 0])
    rows = [0, 2]
    torn = replace(
        whole,
        open_ms=whole.open_ms[rows],
        bought=whole.bought[rows],
        sold=whole.sold[rows],
        bought_turnover=whole.bought_turnover[rows],
        sold_turnover=whole.sold_turnover[rows],
        closed=whole.closed[rows],
    )
    for takers in (torn, series([1, nan, 1], [0, 0, 0])):
        found = flow(takers, 0, 3 * STEP)
        assert (found.delta_coins, found.covered_ms, found.complete) == (2.0, 2 * STEP, False)


def test_a_bar_without_its_value_is_not_covered() -> None:
    """Where no candle told the price of the coins."""
    takers = replace(series([1, 1], [0, 0]), bought_turnover=np.array([nan, PRICE]))
    found = flow(takers, 0, 2 * STEP)
    assert (found.delta_usd, found.covered_ms, found.complete) == (PRICE, STEP, False)


def test_without_any_bar_nothing_is_known() -> None:
    found = flow(series([1], [1], first=9), 0, STEP, oi_usd=1.0)
    assert found == Flow(None, None, None, None, None, None, covered_ms=0, complete=False)


def test_a_quiet_span_is_known_to_be_quiet() -> None:
    found = flow(series([0, 0], [0, 0]), 0, 2 * STEP)
    assert (found.delta_usd, found.volume_usd, found.complete) == (0.0, 0.0, True)
    assert found.delta_volume_fraction is None


def test_all_windows_end_where_every_venue_has_closed_bars() -> None:
    now_ms = 6 * STEP + MINUTE
    prompt = series([1] * 7, [1] * 7, closed=6)
    late = series([1] * 5, [1] * 5)
    dead = series([1] * 2, [1] * 2)
    empty = series([], [])
    assert common_end([], STEP, now_ms) == 6 * STEP
    assert common_end([prompt, empty], STEP, now_ms) == 6 * STEP
    assert common_end([prompt, late], STEP, now_ms) == 5 * STEP
    assert common_end([prompt, late, dead], STEP, now_ms) == 5 * STEP
    ahead = series([1] * 8, [1] * 8)
    assert common_end([ahead], STEP, now_ms) == 6 * STEP


def test_the_end_of_longer_bars_lies_on_their_own_boundary() -> None:
    now_ms = 6 * STEP + MINUTE
    late = series([1] * 5, [1] * 5)
    assert common_end([series([1] * 6, [1] * 6)], 3 * STEP, now_ms) == 6 * STEP
    assert common_end([late], 3 * STEP, now_ms) == 3 * STEP


def test_what_came_since_is_told_by_the_forming_bar() -> None:
    now_ms = 3 * STEP + 2 * MINUTE
    takers = series([1, 1, 1, 5], [0, 0, 0, 2], closed=3, received_ms=now_ms)
    whole = since(takers, 3 * STEP, takers.received_ms)
    assert whole
    assert (whole.delta_coins, whole.covered_ms, whole.complete) == (3.0, 2 * MINUTE, True)
    late = since(takers, 2 * STEP, takers.received_ms)
    assert late
    assert (late.delta_coins, late.covered_ms) == (4.0, STEP + 2 * MINUTE)
    few = series([5], [2], first=3, closed=0, since_ms=now_ms - 4000, received_ms=now_ms)
    part = since(few, 3 * STEP, few.received_ms)
    assert part
    assert (part.covered_ms, part.complete) == (4000, False)
    assert since(series([1] * 4, [1] * 4, received_ms=now_ms), 3 * STEP, now_ms) is None
    assert since(series([], []), 3 * STEP, 0) is None


def test_bars_are_made_of_whole_rows_or_not_at_all() -> None:
    takers = series([1, 2, 3, 4, 5, 6], [0] * 6)
    found = per_bar(takers, 6 * STEP, 2 * STEP, 3)
    assert found is not None
    assert found.tolist() == [300.0, 700.0, 1100.0]
    assert per_bar(takers, 6 * STEP, 2 * STEP, 4) is None
    cut = series([1, 2, 3, 4], [0] * 4, since_ms=1)
    assert per_bar(cut, 4 * STEP, 2 * STEP, 2) is None


def test_a_sum_is_over_what_is_complete() -> None:
    def told(delta: float, volume: float, complete: bool = True) -> Flow:
        return Flow(delta * 100, delta, volume * 100, volume, None, None, STEP, complete)

    found = summed(
        {
            ("usdt", "binance"): told(2, 10),
            ("usdt", "bybit"): told(50, 60, complete=False),
            ("usdt", "okx"): told(-1, 10),
            ("usdc", "okx"): None,
        },
        {
            ("usdt", "binance"): 1000.0,
            ("usdt", "bybit"): 1000.0,
            ("usdt", "okx"): None,
            ("usdc", "okx"): 1000.0,
        },
    )
    assert (found.delta_usd, found.delta_coins) == (100.0, 1.0)
    assert (found.volume_usd, found.volume_coins) == (2000.0, 20.0)
    assert found.delta_volume_fraction == 0.05
    assert found.delta_venues == {"usdt": ["binance", "okx"]}
    assert found.delta_oi_fraction == 0.2  # of the one that tells its open interest
    assert found.delta_oi_venues == {"usdt": ["binance"]}


def test_a_sum_over_nobody_is_unknown() -> None:
    found = summed({("usdt", "okx"): None}, {("usdt", "okx"): 1.0})
    assert (found.delta_usd, found.volume_usd, found.delta_oi_fraction) == (None, None, None)
    assert found.delta_venues == {}
