"""What takers bought less what they sold: each venue, each kind of market, windows of one end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from crypto_assistant.desk import Desk
from crypto_assistant.listings.segments import Segment
from crypto_assistant.models import Family, OpenInterest, TakerVolumes, Timeframe
from crypto_assistant.round import CoinRound
from crypto_assistant.subjects.bars.windows import STEP, WINDOWS
from crypto_assistant.subjects.cvd import rows
from crypto_assistant.subjects.cvd.flow import (
    Flow,
    Sum,
    by_kind,
    common_end,
    flow,
    per_bar,
    since,
    summed,
)
from crypto_assistant.subjects.cvd.rows import BARS, Plan, TakerRows, unsupported

LAST_BARS = "96_bars"
"""The window of the last 96 bars of the timeframe asked for."""
SPOT = "spot"
NEWEST = 20
"""Bars of the timeframe whose deltas are told one by one."""


@dataclass(frozen=True, slots=True)
class VenueFlows:
    """One venue's market; a window is None where the bars that it is made of did not come.

    `since`: from the end of the windows to now, where the venue's forming bar tells it.
    """

    symbol: str
    oi_usd: float | None
    oi_coins: float | None
    windows: Mapping[str, Flow | None]
    since: Flow | None


@dataclass(frozen=True, slots=True)
class KindFlows:
    """The venues' markets of one kind, and their sums by window.

    `silent_venues` list the coin there and told nothing of it now; `unsupported_venues` tell
    nothing of their takers there that can be used; `apart_venues` list another coin of that name.
    """

    venues: Mapping[str, VenueFlows]
    sums: Mapping[str, Sum]
    silent_venues: Sequence[str]
    unsupported_venues: Sequence[str]
    apart_venues: Sequence[str]


@dataclass(frozen=True, slots=True)
class BarDeltas:
    """The end of the last 96 bars, and the delta of all perps in each of the newest 20.

    `perps_venues`: those that tell all 20; where there is none, no delta either.
    """

    timeframe: Timeframe
    end_ms: int
    perps_delta_usd: Sequence[float]
    perps_venues: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Flows:
    """`kinds`: spot, usdt, usdc, coin_margined; those in which the coin is known to trade.

    `end_ms`: of all windows but LAST_BARS. `linear`: sums over usdt and usdc; `perps`: over all
    but spot. `bars`: None where no timeframe was asked for.
    """

    end_ms: int
    kinds: Mapping[str, KindFlows]
    linear: Mapping[str, Sum]
    perps: Mapping[str, Sum]
    bars: BarDeltas | None


def question(
    round: CoinRound,
    wanted: Sequence[Segment],
    *,
    windows: Sequence[str] = ("1h", "4h", "24h"),
    timeframe: Timeframe | None = None,
    interest: bool = False,
) -> Callable[[], Flows]:
    """Asks what takers did in the coin's markets of the segments.

    `windows`: names of WINDOWS. `timeframe`: the window LAST_BARS and `bars`, too. `interest`:
    open interest, too, so that each delta is told as a share of it. The buy share of a window is
    (1 + delta_volume_fraction) / 2.
    """
    plan = Plan({name: WINDOWS[name] for name in windows}, timeframe, interest)
    replies = [rows.question(round, segment, plan) for segment in wanted]
    known = [part for part in replies if part.listed or part.apart]
    return lambda: _flows(known, round, plan)


def sums_since(kinds: Mapping[str, KindFlows]) -> dict[str, Sum]:
    """What came after the windows in spot and in all perps.

    Over the venues of whose markets there all tell all of it: few tell the bar that is forming.
    """
    spot = {name: kind for name, kind in kinds.items() if name == SPOT}
    perps = {name: kind for name, kind in kinds.items() if name != SPOT}
    return {SPOT: _since(spot), "perps": _since(perps)}


def _since(kinds: Mapping[str, KindFlows]) -> Sum:
    markets = {(name, venue): m for name, kind in kinds.items() for venue, m in kind.venues.items()}
    flows = {key: market.since for key, market in markets.items()}
    lacking = {key[1] for key, part in flows.items() if part is None or not part.complete}
    lacking |= {venue for kind in kinds.values() for venue in kind.silent_venues}
    held = {key: market.oi_usd for key, market in markets.items()}
    return summed({key: part for key, part in flows.items() if key[1] not in lacking}, held)


class _Span(NamedTuple):
    """One window in time; `bars`: whether it is made of the timeframe's bars."""

    start_ms: int
    end_ms: int
    bars: bool = False


def _flows(replies: Sequence[TakerRows], round: CoinRound, plan: Plan) -> Flows:
    rows = [series for part in replies for series in part.rows.values()]
    end_ms = common_end(rows, STEP.ms, round.now_ms)
    bars = _bars(replies, plan.timeframe, round.now_ms) if plan.timeframe else None
    spans = {name: _Span(end_ms - window.ms, end_ms) for name, window in plan.windows.items()}
    if bars:
        start_ms = bars.end_ms - BARS * bars.timeframe.ms
        spans[LAST_BARS] = _Span(start_ms, bars.end_ms, bars=True)
    markets = {part.segment: _markets(part, spans, end_ms, round.desk) for part in replies}
    linear = {s: flows for s, flows in markets.items() if s.family is Family.LINEAR}
    perps = {s: flows for s, flows in markets.items() if s.family is not Family.SPOT}
    return Flows(
        end_ms=end_ms,
        kinds={
            part.segment.name: KindFlows(
                venues=markets[part.segment],
                sums=_sums({part.segment: markets[part.segment]}, spans),
                silent_venues=[v for v in part.listed if v not in markets[part.segment]],
                unsupported_venues=unsupported(part, round),
                apart_venues=part.apart,
            )
            for part in replies
        },
        linear=_sums(linear, spans),
        perps=_sums(perps, spans),
        bars=bars,
    )


def _bars(replies: Sequence[TakerRows], timeframe: Timeframe, now_ms: int) -> BarDeltas:
    series = [series for part in replies for series in part.bars.values()]
    end_ms = common_end(series, timeframe.ms, now_ms)
    deltas = {
        (part.segment.name, venue): column
        for part in replies
        if part.segment.family is not Family.SPOT
        for venue in part.listed
        if venue in part.bars
        and (column := per_bar(part.bars[venue], end_ms, timeframe.ms, NEWEST)) is not None
    }
    added = np.sum(list(deltas.values()), axis=0).tolist() if deltas else []
    return BarDeltas(timeframe, end_ms, added, by_kind(deltas))


def _markets(
    replies: TakerRows, spans: Mapping[str, _Span], end_ms: int, desk: Desk
) -> dict[str, VenueFlows]:
    """Of the venues that told anything of their takers."""

    def so_far(series: TakerVolumes, oi_usd: float | None) -> Flow | None:
        came_ms = desk.there_ms(series.instrument.venue, series.received_ms)
        return since(series, end_ms, came_ms, oi_usd)

    flows = {venue: (replies.rows.get(venue), replies.bars.get(venue)) for venue in replies.listed}
    return {
        venue: _market(rows, bars, replies.interests.get(venue), spans, so_far)
        for venue, (rows, bars) in flows.items()
        if rows is not None or bars is not None
    }


def _market(
    rows: TakerVolumes | None,
    bars: TakerVolumes | None,
    interest: OpenInterest | None,
    spans: Mapping[str, _Span],
    so_far: Callable[[TakerVolumes, float | None], Flow | None],
) -> VenueFlows:
    some = next(series for series in (rows, bars) if series is not None)
    oi_usd = interest.usd if interest else None

    def over(span: _Span) -> Flow | None:
        series = bars if span.bars else rows
        return None if series is None else flow(series, span.start_ms, span.end_ms, oi_usd)

    return VenueFlows(
        symbol=some.instrument.symbol,
        oi_usd=oi_usd,
        oi_coins=interest.coins if interest else None,
        windows={name: over(span) for name, span in spans.items()},
        since=None if rows is None else so_far(rows, oi_usd),
    )


def _sums(
    markets: Mapping[Segment, Mapping[str, VenueFlows]], spans: Mapping[str, _Span]
) -> dict[str, Sum]:
    each = {
        (s.name, venue): market for s, flows in markets.items() for venue, market in flows.items()
    }
    held = {key: market.oi_usd for key, market in each.items()}
    return {
        name: summed({key: market.windows[name] for key, market in each.items()}, held)
        for name in spans
    }
