"""The primary market lately: 15 minutes, the session's average, the usual range of a bar."""

from collections.abc import Mapping
from dataclasses import dataclass

from crypto_assistant.models import Family, Instrument, Timeframe
from crypto_assistant.round import Round
from crypto_assistant.subjects.bars import days, trend
from crypto_assistant.subjects.bars.days import Day, Now
from crypto_assistant.subjects.bars.primary import Build
from crypto_assistant.subjects.bars.trend import Indicators

TIMEFRAMES = (Timeframe.M15, Timeframe.H1)


@dataclass(frozen=True, slots=True)
class Recent:
    """One market; a part is None, or not there, where it did not arrive.

    `indicators`: by timeframe.
    """

    venue: str
    symbol: str
    family: Family
    tick_size: float
    now: Now | None
    today: Day | None
    indicators: Mapping[str, Indicators]


def question(round: Round, market: Instrument) -> Build[Recent]:
    """None while nothing of the market has arrived."""
    today = days.today(round, market)
    indicators = {bars: trend.indicators(round, market, bars) for bars in TIMEFRAMES}

    def build() -> Recent | None:
        day, ranges = today(), {bars: reply() for bars, reply in indicators.items()}
        if day is None and not any(ranges.values()):
            return None
        return Recent(
            venue=market.venue,
            symbol=market.symbol,
            family=market.family,
            tick_size=market.tick,
            now=day.now if day else None,
            today=day.day if day else None,
            indicators={bars.value: reply for bars, reply in ranges.items() if reply},
        )

    return build
