"""The primary market's bars, the average of its day so far, and yesterday's extremes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crypto_assistant.models import DAY_MS, Candles, Floats, Instrument, Ticker, Timeframe
from crypto_assistant.models.series import taken
from crypto_assistant.round import Round
from crypto_assistant.subjects.bars import days
from crypto_assistant.subjects.bars.days import Day
from crypto_assistant.subjects.bars.primary import Build, candles, question

BARS = 96
LONGEST_WITH_VWAP = Timeframe.H2


@dataclass(frozen=True, slots=True)
class Bars:
    """`candles`: at most BARS of them, the forming one the last. `vwap`: of each bar of today the
    average up to its end, NaN before. `last`: the ticker's price; None where it did not come.
    """

    candles: Candles
    vwap: Floats
    yesterday: Day | None
    last: float | None


def asking(round: Round, timeframe: Timeframe) -> Callable[[Instrument], Build[Bars]]:
    """Asks for the bars of one market."""

    def ask(market: Instrument) -> Build[Bars]:
        bars = candles(round, market, timeframe, BARS)
        ticker = question(round, market, "price", lambda exchange: exchange.ticker(market))
        minutes = days.minutes(round, market) if timeframe.ms <= LONGEST_WITH_VWAP.ms else None
        before = days.yesterday(round, market)

        def build() -> Bars | None:
            found = bars()
            if found is None or not len(found):
                return None
            newest = taken(found, slice(-BARS, None))
            today = minutes() if minutes else None
            return Bars(newest, _vwap(newest, today), before(), _last(ticker()))

        return build

    return ask


def _last(ticker: Ticker | None) -> float | None:
    return ticker.last if ticker else None


def _vwap(bars: Candles, minutes: Candles | None) -> Floats:
    """Of (high + low + close) / 3 of the day's minutes, weighted with volume, to each bar's end."""
    vwap = np.full(len(bars), np.nan)
    if minutes is None or not len(minutes):
        return vwap
    midnight = int(minutes.open_ms[-1]) // DAY_MS * DAY_MS
    day = taken(minutes, slice(int(np.searchsorted(minutes.open_ms, midnight)), None))
    volume = np.cumsum(day.volume)
    paid = np.cumsum((day.high + day.low + day.close) / 3 * day.volume)
    ends = np.searchsorted(day.open_ms, bars.open_ms + bars.timeframe.ms) - 1
    there = (bars.open_ms >= midnight) & (ends >= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        vwap[there] = (paid / volume)[ends[there]]
    return vwap
