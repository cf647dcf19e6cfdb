"""The rows that a coin's taker flows are made of, asked of all venues for one kind of market."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings.segments import Segment
from crypto_assistant.models import Family, Instrument, OpenInterest, TakerVolumes, Timeframe
from crypto_assistant.round import CoinRound
from crypto_assistant.subjects.bars.windows import STEP, Windows

BARS = 96
SPARE_BARS = 2
"""The one that is forming, and the one before it, which a venue may have yet to publish."""
SPARE_ROWS = 6
"""The same for bars of 15 minutes that are made of rows of five."""
TAKERS = "takers"


class Plan(NamedTuple):
    """What is wanted: windows, 96 bars of a timeframe, open interest of perps."""

    windows: Windows
    timeframe: Timeframe | None
    interest: bool

    @property
    def rows(self) -> int:
        """How many rows of five minutes hold all windows."""
        return max(window.ms for window in self.windows.values()) // STEP.ms + SPARE_ROWS

    @property
    def own_bars(self) -> Timeframe | None:
        """The timeframe, unless its bars are made of the rows of five minutes."""
        bars = self.timeframe
        if bars and bars.ms % STEP.ms == 0 and BARS * bars.ms <= (self.rows - SPARE_ROWS) * STEP.ms:
            return None
        return bars


class TakerRows(NamedTuple):
    """What has arrived of one kind of market, by venue.

    `listed`: who is known to list the coin there, `apart`: who lists another one of that name.
    """

    segment: Segment
    listed: Sequence[str]
    apart: Sequence[str]
    rows: Mapping[str, TakerVolumes]
    bars: Mapping[str, TakerVolumes]
    interests: Mapping[str, OpenInterest]


def question(round: CoinRound, segment: Segment, plan: Plan) -> TakerRows:
    """`bars` are `rows` where those hold them."""
    known = round.listings.by_turnover(segment.family, segment.coin)
    same = round.listing(segment)
    rows = round.ask_market(segment, TAKERS, _takers(STEP, plan.rows))
    bars = rows
    if own := plan.own_bars:
        takers = _takers(own, BARS + SPARE_BARS)
        bars = round.ask_market(segment, f"{own} {TAKERS}", takers)
    return TakerRows(
        segment,
        listed=[venue for venue in round.asked if venue in known and venue in same],
        apart=round.apart(segment),
        rows=rows,
        bars=bars,
        interests=_interests(round, segment) if plan.interest else {},
    )


def unsupported(rows: TakerRows, round: CoinRound) -> list[str]:
    """Who tells nothing of takers there that can be used."""
    lacking = round.lacks(f"{rows.segment.title} {TAKERS}")
    return [venue for venue in rows.listed if venue in lacking]


def _takers(
    timeframe: Timeframe, limit: int
) -> Callable[[Exchange, Instrument], Awaitable[TakerVolumes]]:
    return lambda exchange, market: exchange.taker_volumes(market, timeframe, limit)


def _interests(round: CoinRound, segment: Segment) -> dict[str, OpenInterest]:
    if segment.family is Family.SPOT:
        return {}
    return round.ask_market(
        segment,
        "open interest",
        lambda exchange, market: exchange.open_interest(market),
    )
