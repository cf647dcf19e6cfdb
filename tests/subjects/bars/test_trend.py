"""How many bars an indicator is warmed up with, and what volatility is over a day and a year."""

from math import exp, sqrt

import numpy as np
import pytest

from crypto_assistant.models import Timeframe
from crypto_assistant.subjects.bars import trend
from crypto_assistant.subjects.bars.trend import Indicators, Volatility
from tests.subjects.venue import Venue, candles, round_of, settled

HOUR = Timeframe.H1
NOW = 600_000 * HOUR.ms

NEEDS = [
    ("rsi_14", 314),
    ("atr_14_price", 314),
    ("atr_14_fraction", 314),
    ("ema_20_price", 320),
    ("ema_50_price", 350),
    ("ema_200_price", 1200),
    ("bollinger_mid_price", 20),
    ("bollinger_upper_price", 20),
    ("bollinger_lower_price", 20),
]


def prices(count: int) -> list[float]:
    """That many closed bars, and one that is forming far away from them."""
    steps = np.random.default_rng(7).normal(0, 0.01, count)
    return [*(100 * np.exp(steps.cumsum())), 1e6]


async def indicators(closes: list[float], *, long: bool = True) -> Indicators | None:
    venue = Venue(bars={HOUR: candles(HOUR, NOW, closes)})
    round = round_of(venue)
    build = trend.indicators(round, venue.market, HOUR, long=long)
    return await settled(round, build)


async def volatility(closes: list[float]) -> Volatility | None:
    venue = Venue(bars={Timeframe.M15: candles(Timeframe.M15, NOW, closes)})
    round = round_of(venue)
    return await settled(round, trend.volatility(round, venue.market))


@pytest.mark.parametrize(("name", "bars"), NEEDS)
async def test_an_indicator_is_shown_from_its_last_bar_of_warm_up_on(name: str, bars: int) -> None:
    few, enough = await indicators(prices(bars - 1)), await indicators(prices(bars))
    assert few
    assert enough
    assert (few.bars, enough.bars) == (bars - 1, bars)
    assert getattr(few, name) is None
    assert 0 < getattr(enough, name) < 1000


async def test_a_bar_that_is_forming_is_in_no_indicator() -> None:
    closes = prices(400)
    moved = [*closes[:-1], 1.0]
    assert await indicators(closes) == await indicators(moved)
    found = await indicators(closes)
    assert found
    assert found.close_price == closes[-2]
    assert found.atr_14_price
    assert found.atr_14_fraction == pytest.approx(found.atr_14_price / closes[-2])


@pytest.mark.parametrize(("long", "bars"), [(True, 1200), (False, 350)])
async def test_no_more_bars_are_asked_for_than_the_indicators_take(long: bool, bars: int) -> None:
    found = await indicators(prices(2000), long=long)
    assert found
    assert found.bars == bars
    assert (found.ema_200_price is not None) == long
    assert found.ema_50_price is not None


async def test_a_price_that_never_moves_has_no_strength() -> None:
    found = await indicators([5.0] * 401)
    assert found
    assert (found.rsi_14, found.atr_14_price) == (None, 0.0)
    assert found.ema_50_price == pytest.approx(5.0)
    assert found.bollinger_upper_price == found.bollinger_lower_price == 5.0
    assert found.bollinger_position_fraction is None


async def test_the_close_is_placed_between_the_bands() -> None:
    """Nineteen closes of 100 and one of 120: mean 101, deviation 4.359."""
    found = await indicators([*[100.0] * 19, 120.0, 1e6])
    assert found
    assert found.bollinger_position_fraction == pytest.approx((120 - 92.282) / 17.436, rel=1e-4)


async def test_without_a_closed_bar_nothing_is_known() -> None:
    assert await indicators([]) is None
    assert await indicators([5.0]) is None


async def test_volatility_is_that_of_96_returns_per_day_and_per_year() -> None:
    """Up and down by a hundredth in turns: their mean is 0, their variance 96/95 of 0.0001."""
    closes = [100 * exp(0.01 * (row % 2)) for row in range(97)]
    found = await volatility([70.0, *closes, 1e6])
    assert found
    day = sqrt(0.0001 * 96 / 95) * sqrt(96)
    assert found.realised_day_fraction == pytest.approx(day)
    assert found.realised_year_fraction == pytest.approx(day * sqrt(365))


async def test_volatility_takes_97_closes() -> None:
    assert await volatility(prices(97))
    assert await volatility(prices(96)) is None
    assert await volatility([]) is None
