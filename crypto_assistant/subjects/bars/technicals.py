"""Everything that is read off the primary market alone: indicators, volatility, days, levels."""

from dataclasses import dataclass

from crypto_assistant.models import Family, Instrument, Timeframe
from crypto_assistant.round import Round
from crypto_assistant.subjects.bars import days, trend
from crypto_assistant.subjects.bars.days import Day, Level, Now
from crypto_assistant.subjects.bars.primary import Build
from crypto_assistant.subjects.bars.trend import Indicators, Volatility


@dataclass(frozen=True, slots=True)
class Technicals:
    """One market; a part is None where it did not arrive or is not known."""

    venue: str
    symbol: str
    family: Family
    tick_size: float
    indicators: Indicators | None
    volatility: Volatility | None
    now: Now | None
    today: Day | None
    yesterday: Day | None
    levels: tuple[Level, ...]


def question(round: Round, market: Instrument, timeframe: Timeframe) -> Build[Technicals]:
    """None while nothing of the market has arrived but yesterday, which may come from memory."""
    indicators = trend.indicators(round, market, timeframe, long=True)
    volatility = trend.volatility(round, market)
    today = days.today(round, market)
    yesterday = days.yesterday(round, market)

    def build() -> Technicals | None:
        replies = indicators(), volatility(), today()
        return _technicals(market, *replies, yesterday()) if any(replies) else None

    return build


def _technicals(
    market: Instrument,
    indicators: Indicators | None,
    volatility: Volatility | None,
    today: days.Today | None,
    yesterday: Day | None,
) -> Technicals:
    now, day = today or (None, None)
    return Technicals(
        venue=market.venue,
        symbol=market.symbol,
        family=market.family,
        tick_size=market.tick,
        indicators=indicators,
        volatility=volatility,
        now=now,
        today=day,
        yesterday=yesterday,
        levels=_levels(indicators, now, day, yesterday),
    )


def _levels(
    indicators: Indicators | None, now: Now | None, today: Day | None, yesterday: Day | None
) -> tuple[Level, ...]:
    if now is None:
        return ()
    named: dict[str, float | None] = {}
    if today:
        named |= _area("", today) | {"VWAP": today.vwap_price}
    if yesterday:
        named |= _area("yesterday's ", yesterday)
        named |= {"yesterday's high": yesterday.high_price, "yesterday's low": yesterday.low_price}
    if indicators:
        named["EMA 200"] = indicators.ema_200_price
    return tuple(days.nearest(named, now.last_price))


def _area(whose: str, day: Day) -> dict[str, float | None]:
    prices = {"POC": day.poc_price, "VAH": day.vah_price, "VAL": day.val_price}
    return {whose + name: price for name, price in prices.items()}
