"""Today and yesterday of one market, from its minutes: averages, extremes, volume profiles."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from crypto_assistant.calculators import indicators, profile
from crypto_assistant.listings import segments
from crypto_assistant.models import DAY_MS, Candles, Instrument, Timeframe, known
from crypto_assistant.round import CoinRound, Round
from crypto_assistant.subjects.bars.primary import SPARE, Build, candles, question

MINUTE_MS = Timeframe.M1.ms
QUARTER_MS = Timeframe.M15.ms


@dataclass(frozen=True, slots=True)
class Day:
    """The part of a UTC day from `start_ms` on that `minutes` bars tell of, without a gap.

    `vwap_price`: of (high + low + close) / 3. `poc_price`: the most traded row; the value area
    from `val_price` to `vah_price` holds 70 % of the volume.
    """

    start_ms: int
    minutes: int
    high_price: float | None
    low_price: float | None
    vwap_price: float | None
    poc_price: float | None
    vah_price: float | None
    val_price: float | None

    @property
    def is_whole(self) -> bool:
        """Whether it is told from 00:00 UTC on; a coin that was listed later is not."""
        return self.start_ms % DAY_MS == 0


@dataclass(frozen=True, slots=True)
class Now:
    """The last price, and how far it is from the day's average and from 15 minutes ago."""

    last_price: float
    vwap_distance_fraction: float | None
    change_15m_fraction: float | None


class Today(NamedTuple):
    """`day`: None until a minute of it has begun by the venue's clock."""

    now: Now
    day: Day | None


@dataclass(frozen=True, slots=True)
class Level:
    """A price that the market may turn at; `distance_fraction` from the last price."""

    name: str
    price: float
    distance_fraction: float


def minutes(round: Round, market: Instrument) -> Build[Candles]:
    """Those since 00:00 UTC, and at least the last quarter of an hour."""
    count = max(round.now_ms % DAY_MS // MINUTE_MS + 1, QUARTER_MS // MINUTE_MS + 2)
    return candles(round, market, Timeframe.M1, count, "today's candles")


def today(round: Round, market: Instrument) -> Build[Today]:
    reply = minutes(round, market)
    return lambda: _today(reply(), round.now_ms)


def changes_15m(round: CoinRound) -> Callable[[], Mapping[str, float | None]]:
    """Each venue's last price against its open 15 minutes ago; of spot where nobody has a perp."""
    coin, listings = round.coin, round.listings
    has_perps = any(listings.may_list(venue, coin.perps, coin) for venue in listings.titles)
    segment = segments.perps(coin)[0] if has_perps else segments.spot(coin)
    minutes = QUARTER_MS // MINUTE_MS + 2 + SPARE
    replies = round.ask_market(
        segment,
        "candles",
        lambda exchange, market: exchange.candles(market, Timeframe.M1, minutes),
        aside=True,
    )
    return lambda: {
        venue: _change(bars, last, round.now_ms) if (last := known(bars.close[-1])) else None
        for venue, bars in replies.items()
    }


def yesterday(round: Round, market: Instrument) -> Build[Day]:
    midnight = round.now_ms // DAY_MS * DAY_MS
    reply = question(
        round,
        market,
        "yesterday's candles",
        lambda exchange: exchange.candles(
            market, Timeframe.M1, DAY_MS // MINUTE_MS, end_ms=midnight
        ),
        past=True,
    )

    def build() -> Day | None:
        bars = reply()
        return _day(bars and bars.tail, midnight - DAY_MS, midnight)

    return build


def nearest(levels: Mapping[str, float | None], last: float, count: int = 2) -> list[Level]:
    """The `count` levels nearest above the last price and below it, the highest first."""
    found = [Level(name, price, price / last - 1) for name, price in levels.items() if price]
    above = sorted((level for level in found if level.price >= last), key=_distance)[:count]
    below = sorted((level for level in found if level.price < last), key=_distance)[:count]
    return sorted([*above, *below], key=lambda level: -level.price)


def _distance(level: Level) -> float:
    return abs(level.distance_fraction)


def _today(candles: Candles | None, now_ms: int) -> Today | None:
    midnight = now_ms // DAY_MS * DAY_MS
    day = _day(candles, midnight, midnight + DAY_MS)
    vwap = day.vwap_price if day else None
    last = known(candles.close[-1]) if candles else None
    if candles is None or last is None:
        return None
    return Today(
        Now(
            last_price=last,
            vwap_distance_fraction=last / vwap - 1 if vwap else None,
            change_15m_fraction=_change(candles, last, now_ms),
        ),
        day,
    )


def _change(candles: Candles, last: float, now_ms: int) -> float | None:
    """Against the open of the minute that began nearest to a quarter of an hour ago."""
    then = round((now_ms - QUARTER_MS) / MINUTE_MS) * MINUTE_MS
    rows = np.flatnonzero(candles.open_ms == then)
    return known(last / candles.open[rows[0]] - 1) if len(rows) else None


def _day(candles: Candles | None, start_ms: int, end_ms: int) -> Day | None:
    if candles is None:
        return None
    rows = (candles.open_ms >= start_ms) & (candles.open_ms < end_ms)
    if not rows.any():
        return None
    high, low, close, volume = (
        column[rows] for column in (candles.high, candles.low, candles.close, candles.volume)
    )
    levels = profile.levels(profile.profile(low, high, volume))
    return Day(
        start_ms=int(candles.open_ms[rows][0]),
        minutes=int(rows.sum()),
        high_price=known(high.max()),
        low_price=known(low.min()),
        vwap_price=known(indicators.vwap(high, low, close, volume)),
        poc_price=known(levels.poc),
        vah_price=known(levels.vah),
        val_price=known(levels.val),
    )
