"""What /analysis asks, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Progress, coin_round
from crypto_assistant.listings import segments
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Family, Instrument, Provenance, Timeframe
from crypto_assistant.round import Round
from crypto_assistant.subjects.analysis.score import WINDOW, Score, score
from crypto_assistant.subjects.bars import moves, technicals, trend
from crypto_assistant.subjects.bars.baselines import closed_ms
from crypto_assistant.subjects.bars.moves import Moves
from crypto_assistant.subjects.bars.primary import Build, Primary, settle
from crypto_assistant.subjects.bars.technicals import Technicals
from crypto_assistant.subjects.bars.trend import Indicators
from crypto_assistant.subjects.cvd import flows
from crypto_assistant.subjects.cvd.flows import Flows
from crypto_assistant.subjects.open_interest import perps, totals
from crypto_assistant.subjects.open_interest.perps import Interest
from crypto_assistant.subjects.open_interest.totals import InterestTotals, Quadrant, WindowChange
from crypto_assistant.subjects.price import quotes
from crypto_assistant.subjects.price.quotes import Quotes
from crypto_assistant.subjects.volume import volumes
from crypto_assistant.subjects.volume.volumes import Volumes

WINDOWS = {WINDOW: Timeframe.H4}
TRENDS = (Timeframe.H1, Timeframe.H4, Timeframe.D1)


@dataclass(frozen=True, slots=True)
class Positions:
    """Open interest by venue and segment, its sums, its changes, and the price beside them."""

    venues: Interest
    totals: InterestTotals
    changes: Mapping[str, WindowChange]
    moves: Moves | None
    quadrants: Mapping[str, Quadrant]


@dataclass(frozen=True, slots=True)
class Analysis:
    """`volume`: by kind of market, one of them, of the bar that opened at `bar_open_ms`.

    `primary`: None where no market told anything. `trends`: of its longer bars, with details.
    """

    coin: str
    quote: str
    tradfi: bool
    timeframe: Timeframe
    bar_open_ms: int
    price: Quotes
    volume: Mapping[str, Volumes]
    takers: Flows
    open_interest: Positions
    primary: Technicals | None
    trends: Mapping[str, Indicators] | None
    score: Score
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Analysis]) -> Analysis:
    round = await coin_round(args, desk)
    coin, markets = round.coin, round.primaries()
    timeframe = args.timeframe or Timeframe.M15
    price = quotes.question(round)
    segment = volumes.segment(round)
    volume = volumes.question(round, segment, timeframe)
    takers = flows.question(round, segments.every(coin))
    held = perps.question(round, segments.perps(coin), WINDOWS)
    primary = Primary(round, markets, lambda one: technicals.question(round, one, timeframe))
    moved = Primary(round, markets, lambda one: moves.question(round, one, WINDOWS))
    trends = Primary(round, markets, lambda one: _trends(round, one)) if args.details else None

    def build() -> Analysis:
        positions, flowed, seen = _positions(coin, held(), moved()), takers(), primary()
        return Analysis(
            coin=coin.name,
            quote=coin.quote,
            tradfi=coin.tradfi,
            timeframe=timeframe,
            bar_open_ms=closed_ms(timeframe, round.past_ms),
            price=price(),
            volume={segment.name: volume()},
            takers=flowed,
            open_interest=positions,
            primary=seen,
            trends=trends() if trends else None,
            score=score(seen, flowed, positions.quadrants[WINDOW]),
            provenance=round.provenance(),
        )

    spare = desk.timing.attempt
    reads: list[Primary[Any]] = [primary, moved, *([trends] if trends else [])]
    await settle(round, reads, lambda: progress(build()), spare=spare)
    return build()


def _trends(round: Round, market: Instrument) -> Build[Mapping[str, Indicators]]:
    """None while nothing of them has arrived."""
    replies = {one.value: trend.indicators(round, market, one) for one in TRENDS}

    def build() -> Mapping[str, Indicators] | None:
        return {name: found for name, reply in replies.items() if (found := reply())} or None

    return build


def _positions(coin: Coin, held: Interest, moved: Moves | None) -> Positions:
    changes = totals.changes(held, WINDOWS)
    inverse = coin.perps is Family.INVERSE
    return Positions(
        venues=held,
        totals=totals.totals(held),
        changes=changes,
        moves=moved,
        quadrants=totals.quadrants(changes, moved, inverse=inverse),
    )
