"""Five signs added up: each from its inputs, and none where one of them is not known."""

from dataclasses import replace
from typing import Any

import pytest

from crypto_assistant.models import Family, Timeframe
from crypto_assistant.subjects.analysis.score import Component, score
from crypto_assistant.subjects.bars.days import Day, Now
from crypto_assistant.subjects.bars.technicals import Technicals
from crypto_assistant.subjects.bars.trend import Indicators
from crypto_assistant.subjects.cvd.flow import Sum
from crypto_assistant.subjects.cvd.flows import Flows, KindFlows
from crypto_assistant.subjects.open_interest.totals import Quadrant

NOTHING: Any = None


def indicators(close: float, ema_50: float | None) -> Indicators:
    told = Indicators(Timeframe.M15, 1200, close, *[NOTHING] * 10)
    return replace(told, ema_50_price=ema_50)


SEEN = Technicals(
    "okx",
    "BTC-USDT-SWAP",
    Family.LINEAR,
    0.1,
    indicators=indicators(101.0, 100.0),
    volatility=None,
    now=Now(99.0, NOTHING, NOTHING),
    today=Day(0, 60, 110.0, 90.0, 102.0, NOTHING, NOTHING, NOTHING),
    yesterday=None,
    levels=(),
)


def flows(spot: float | None, perps: float | None) -> Flows:
    """Deltas of four hours; other windows say the opposite."""
    kinds = {"spot": KindFlows({}, windows(spot), [], [], [])}
    return Flows(0, kinds, {}, windows(perps), None)


def windows(usd: float | None) -> dict[str, Sum]:
    def delta(value: float | None) -> Sum:
        return Sum(value, None, None, None, None, None, {}, {})

    return {"1h": delta(-(usd or 1)), "4h": delta(usd), "24h": delta(-(usd or 1))}


def quadrant(name: str | None) -> Quadrant:
    return Quadrant(NOTHING, NOTHING, NOTHING, name)


def test_the_signs_are_added_up_and_their_inputs_kept() -> None:
    found = score(SEEN, flows(5e6, -2e6), quadrant("new longs"))
    assert found.components == {
        "ema_50": Component(1, 101.0, 100.0),
        "vwap": Component(-1, 101.0, 102.0),
        "spot_cvd_4h": Component(1, 5e6),
        "perp_cvd_4h": Component(-1, -2e6),
        "oi_quadrant_4h": Component(1, "new longs"),
    }
    assert (found.sum, found.known) == (1, 5)


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("new longs", 1),
        ("new shorts", -1),
        ("shorts out", 0),
        ("longs out", 0),
        ("small", 0),
        (None, None),
    ],
)
def test_only_positions_that_are_opened_point_somewhere(name: str | None, sign: int | None) -> None:
    found = score(SEEN, flows(1.0, 1.0), quadrant(name))
    assert found.components["oi_quadrant_4h"] == Component(sign, name)
    assert found.known == (4 if sign is None else 5)


def test_what_is_equal_counts_nothing_and_is_known() -> None:
    seen = replace(SEEN, indicators=indicators(102.0, 102.0))
    found = score(seen, flows(0.0, 0.0), quadrant("small"))
    assert [part.sign for part in found.components.values()] == [0] * 5
    assert (found.sum, found.known) == (0, 5)


def test_what_is_not_known_is_not_counted() -> None:
    seen = replace(SEEN, indicators=indicators(101.0, None))
    found = score(seen, flows(None, -1.0), quadrant(None))
    assert (found.sum, found.known) == (-2, 2)
    assert found.components["ema_50"] == Component(None, 101.0, None)
    assert found.components["spot_cvd_4h"] == Component(None, None)


def test_of_a_coin_that_has_no_spot_market_and_no_primary_one_nothing_is_known() -> None:
    found = score(None, Flows(0, {}, {}, {}, None), None)
    assert (found.sum, found.known) == (None, 0)
    assert {part.sign for part in found.components.values()} == {None}
