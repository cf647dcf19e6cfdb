"""Volume of a coin's markets of one kind: the last bar and the forming one against usual ones."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, isnan, nan
from typing import NamedTuple, TypeVar

import numpy as np

from crypto_assistant.calculators import volume as calc
from crypto_assistant.desk import Desk
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings import segments
from crypto_assistant.listings.segments import Segment
from crypto_assistant.models import (
    DAY_MS,
    Candles,
    Dated,
    Instrument,
    TakerVolumes,
    Timeframe,
    known,
)
from crypto_assistant.round import CoinRound
from crypto_assistant.subjects.bars.baselines import BARS, DAYS, Sample, Series, closed_ms

T = TypeVar("T", bound=Dated)

MOST_AT_ONCE = 1000
"""Bars that are asked for at once; a week of shorter ones is asked for day by day."""
SPARE = 1
"""A bar may begin between the question and the venue's answer."""
AGREES = 0.10
"""How far takers may be off the volume of their bar, as a fraction of it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A closed bar against its baseline.

    `baseline`: "slot", the same bar of each of the 7 days before, or "bars", those of the 96 bars
    before that are there; None where neither will do. `usual_coins`: its median. `buy_fraction`:
    None where takers are not told for the whole bar.
    """

    volume_coins: float | None
    turnover_usd: float | None
    buy_fraction: float | None
    baseline: str | None
    baseline_bars: int
    usual_coins: float | None
    rvol: float | None
    spike_fraction: float | None
    level: str | None
    robust_z: float | None


@dataclass(frozen=True, slots=True)
class Forming:
    """The bar that is not closed yet; `rvol` is its pace against the same kind of baseline."""

    elapsed_fraction: float
    volume_coins: float
    turnover_usd: float | None
    pace_coins: float | None
    rvol: float | None


@dataclass(frozen=True, slots=True)
class VenueVolume:
    """One venue's market; `forming` is None until something of the bar has arrived."""

    symbol: str
    bar: Bar
    forming: Forming | None


@dataclass(frozen=True, slots=True)
class VolumeTotal:
    """The sums over `venues`, their baseline too; the buy share is of `buy_venues`."""

    venues: tuple[str, ...]
    buy_venues: tuple[str, ...]
    bar: Bar
    forming: Forming | None


@dataclass(frozen=True, slots=True)
class Volumes:
    """`total`: None where no venue has the bar. `apart_venues` list another coin of that name."""

    venues: Mapping[str, VenueVolume]
    total: VolumeTotal | None
    apart_venues: tuple[str, ...]


def segment(round: CoinRound) -> Segment:
    """The coin's perps in its quote; its spot markets where there are none."""
    perps, spot = segments.perps(round.coin)[0], segments.spot(round.coin)

    def is_listed(kind: Segment) -> bool:
        known = round.listings.by_turnover(kind.family, kind.coin)
        return not {*known}.isdisjoint({*round.listing(kind)} & {*round.asked})

    return spot if is_listed(spot) and not is_listed(perps) else perps


def question(round: CoinRound, segment: Segment, timeframe: Timeframe) -> Callable[[], Volumes]:
    """Asks for the bars, for their takers, and for the same bars of the week before."""
    at_ms, week_bars = closed_ms(timeframe, round.past_ms), DAYS * DAY_MS // timeframe.ms
    at_once = week_bars <= MOST_AT_ONCE
    rows = max(BARS, week_bars if at_once else 0) + 2 + SPARE

    async def bars(exchange: Exchange, market: Instrument) -> Candles:
        return await exchange.candles(market, timeframe, rows)

    async def week(exchange: Exchange, market: Instrument) -> _Week:
        # Of each day the bar and the one after it, which stands for the forming one.
        ends = [at_ms + 2 * timeframe.ms - day * DAY_MS for day in range(1, DAYS + 1)]
        days = (exchange.candles(market, timeframe, 2, end_ms) for end_ms in ends)
        return _Week(await asyncio.gather(*days))

    async def takers(exchange: Exchange, market: Instrument) -> TakerVolumes:
        return await exchange.taker_volumes(market, timeframe, 2 + SPARE)

    replies = _Replies(
        at_ms,
        round.desk,
        bars=round.ask_market(segment, "bars", bars),
        weeks={} if at_once else round.ask_market(segment, "bars of the week", week, past=True),
        takers=round.ask_market(segment, f"{timeframe} takers", takers),
    )
    apart = round.apart(segment)
    return lambda: _volumes(replies, round.listings.titles, apart)


@dataclass(frozen=True, slots=True)
class _Week:
    """Two bars of each day."""

    days: Sequence[Candles]

    @property
    def received_ms(self) -> int:
        return min(day.received_ms for day in self.days)


class _TwoBars(NamedTuple):
    """What one venue told of the two bars, `bought` of the closed one; nan where nothing."""

    closed: Sample
    bought: float
    forming: Sample
    elapsed: float

    @property
    def pace(self) -> float:
        return calc.pace(self.forming.volume, self.elapsed)


@dataclass(frozen=True, slots=True)
class _Replies:
    """What has arrived, by venue; the closed bar opened at `at_ms`."""

    at_ms: int
    desk: Desk
    bars: Mapping[str, Candles]
    weeks: Mapping[str, _Week]
    takers: Mapping[str, TakerVolumes]

    def of(self, venue: str) -> _TwoBars:
        bars = self.bars[venue]
        next_ms = self.at_ms + bars.timeframe.ms
        series = Series.of([bars, *(self.weeks[venue].days if venue in self.weeks else ())])
        closed = series.closed_at(self.at_ms)
        # What has arrived was true when it did, be it from memory.
        came_ms = self.desk.there_ms(venue, bars.received_ms)
        elapsed = (came_ms - next_ms) / bars.timeframe.ms
        bought = self._bought(venue, closed.volume)
        return _TwoBars(closed, bought, series.at(next_ms), min(max(elapsed, 0.0), 1.0))

    def _bought(self, venue: str, volume: float) -> float:
        takers = self.takers.get(venue)
        if takers is None or takers.since_ms > self.at_ms:
            return nan
        row = np.flatnonzero((takers.open_ms == self.at_ms) & takers.closed)
        traded = float((takers.bought[row] + takers.sold[row]).sum())
        is_whole = len(row) and abs(traded - volume) <= AGREES * volume
        return float(takers.bought[row[0]]) / traded * volume if is_whole and traded else nan


def _volumes(replies: _Replies, order: Iterable[str], apart: tuple[str, ...]) -> Volumes:
    bars = {venue: replies.of(venue) for venue in order if venue in replies.bars}
    symbols = {venue: replies.bars[venue].instrument.symbol for venue in bars}
    markets = {venue: _market(symbols[venue], part) for venue, part in bars.items()}
    return Volumes(markets, _total(bars), apart)


def _market(symbol: str, bars: _TwoBars) -> VenueVolume:
    bar = _bar(bars.closed, calc.buy_share(bars.bought, bars.closed.volume))
    return VenueVolume(
        symbol,
        bar,
        _forming(bars.forming, bars.pace, bars.elapsed, bar.baseline),
    )


def _bar(sample: Sample, buy_share: float) -> Bar:
    kind, baseline = next(iter(sample.baselines.items()), (None, sample.bars_there))
    rvol = calc.rvol(sample.volume, baseline) if kind else nan
    return Bar(
        volume_coins=known(sample.volume),
        turnover_usd=known(sample.turnover),
        buy_fraction=known(buy_share),
        baseline=kind,
        baseline_bars=len(baseline),
        usual_coins=known(float(np.median(baseline))) if kind else None,
        rvol=known(rvol),
        spike_fraction=known(calc.spike(rvol)),
        level=None if isnan(rvol) else calc.level(calc.spike(rvol)),
        robust_z=known(sample.robust_z),
    )


def _forming(sample: Sample, pace: float, elapsed: float, kind: str | None) -> Forming | None:
    if isnan(sample.volume):
        return None
    baseline = sample.baselines.get(kind or "")
    return Forming(
        elapsed_fraction=elapsed,
        volume_coins=sample.volume,
        turnover_usd=known(sample.turnover),
        pace_coins=known(pace),
        rvol=None if baseline is None else known(calc.rvol(pace, baseline)),
    )


def _total(bars: Mapping[str, _TwoBars]) -> VolumeTotal | None:
    """Over the venues that have all slots; where none has, over those that have enough bars."""
    there = {venue: part for venue, part in bars.items() if not isnan(part.closed.volume)}
    slotted = {venue: part for venue, part in there.items() if part.closed.has_slots}
    with_bars = {venue: part for venue, part in there.items() if part.closed.has_bars}
    parts = slotted or with_bars or there
    if not parts:
        return None
    buyers = {venue: part for venue, part in parts.items() if not isnan(part.bought)}
    bar = _bar(Sample.sum(part.closed for part in parts.values()), _buy_share(buyers.values()))
    forming = Sample.sum(part.forming for part in parts.values())
    pace, elapsed = fsum(p.pace for p in parts.values()), min(p.elapsed for p in parts.values())
    return VolumeTotal(
        tuple(parts), tuple(buyers), bar, _forming(forming, pace, elapsed, bar.baseline)
    )


def _buy_share(parts: Collection[_TwoBars]) -> float:
    return calc.buy_share(fsum(p.bought for p in parts), fsum(p.closed.volume for p in parts))
