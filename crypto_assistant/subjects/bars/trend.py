"""One market over time: the indicators of a timeframe, realised volatility."""

from dataclasses import dataclass
from math import sqrt

from crypto_assistant.calculators import indicators as calculate
from crypto_assistant.models import Candles, Floats, Instrument, Timeframe, known
from crypto_assistant.round import Round
from crypto_assistant.subjects.bars.primary import Build, candles

WARM_UP = 300
"""Closed bars that a smoothed average runs through before it is shown."""
WARM_UP_200 = 1000
"""The same for the average of 200 bars."""
BARS = WARM_UP + 50
"""What all but that average take."""
VOLATILITY_BARS = 96
DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Indicators:
    """Of the closed bars of a timeframe, `bars` of them; None where they are too few.

    `bollinger_position_fraction`: of the close, 0 on the lower band and 1 on the upper one.
    """

    timeframe: Timeframe
    bars: int
    close_price: float | None
    rsi_14: float | None
    atr_14_price: float | None
    atr_14_fraction: float | None
    ema_20_price: float | None
    ema_50_price: float | None
    ema_200_price: float | None
    bollinger_mid_price: float | None
    bollinger_upper_price: float | None
    bollinger_lower_price: float | None
    bollinger_position_fraction: float | None


@dataclass(frozen=True, slots=True)
class Volatility:
    """Standard deviation of 96 log returns of 15 minutes, over a day and over a year."""

    realised_day_fraction: float
    realised_year_fraction: float


def indicators(
    round: Round, market: Instrument, timeframe: Timeframe, *, long: bool = False
) -> Build[Indicators]:
    """`long`: with all the bars that the average of 200 takes."""
    bars = WARM_UP_200 + 200 if long else BARS
    reply = candles(round, market, timeframe, bars + 1)
    return lambda: _indicators(reply(), bars)


def volatility(round: Round, market: Instrument) -> Build[Volatility]:
    reply = candles(round, market, Timeframe.M15, VOLATILITY_BARS + 2)
    return lambda: _volatility(reply())


def _indicators(candles: Candles | None, most: int) -> Indicators | None:
    """Of the newest `most` closed bars."""
    if candles is None or not candles.closed.any():
        return None
    high, low, close = (
        column[candles.closed][-most:] for column in (candles.high, candles.low, candles.close)
    )
    bars, last = len(close), known(close[-1])

    def settled(column: Floats, period: int, warm_up: int = WARM_UP) -> float | None:
        return known(column[-1]) if bars >= warm_up + period else None

    atr = settled(calculate.atr(high, low, close), 14)
    middle, upper, lower = (known(band[-1]) for band in calculate.bollinger(close))
    return Indicators(
        timeframe=candles.timeframe,
        bars=bars,
        close_price=last,
        rsi_14=settled(calculate.rsi(close), 14),
        atr_14_price=atr,
        atr_14_fraction=atr / last if atr is not None and last else None,
        ema_20_price=settled(calculate.ema(close, 20), 20),
        ema_50_price=settled(calculate.ema(close, 50), 50),
        ema_200_price=settled(calculate.ema(close, 200), 200, WARM_UP_200),
        bollinger_mid_price=middle,
        bollinger_upper_price=upper,
        bollinger_lower_price=lower,
        bollinger_position_fraction=_position(last, lower, upper),
    )


def _position(close: float | None, lower: float | None, upper: float | None) -> float | None:
    """%b; None where the bands meet."""
    if close is None or lower is None or upper is None or upper == lower:
        return None
    return (close - lower) / (upper - lower)


def _volatility(candles: Candles | None) -> Volatility | None:
    if candles is None:
        return None
    day = known(calculate.realised_volatility(candles.close[candles.closed], VOLATILITY_BARS))
    return None if day is None else Volatility(day, day * sqrt(DAYS_A_YEAR))
