"""What /oi asks, and what it found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crypto_assistant.desk import Desk
from crypto_assistant.errors import UsageError
from crypto_assistant.grammar import Args, Progress, coin_round
from crypto_assistant.listings import segments
from crypto_assistant.listings.coins import other_coins
from crypto_assistant.listings.lists import Coin, Listings
from crypto_assistant.listings.segments import Segment
from crypto_assistant.models import Provenance
from crypto_assistant.subjects.bars import moves
from crypto_assistant.subjects.bars.moves import Moves
from crypto_assistant.subjects.bars.primary import Primary
from crypto_assistant.subjects.open_interest import dated_futures, long_short, perps, totals
from crypto_assistant.subjects.open_interest.dated_futures import DatedFutures
from crypto_assistant.subjects.open_interest.long_short import LongShortCounts
from crypto_assistant.subjects.open_interest.perps import Interest
from crypto_assistant.subjects.open_interest.totals import (
    InterestTotals,
    Quadrant,
    WindowChange,
)


@dataclass(frozen=True, slots=True)
class Oi:
    """`dated` is None where it was not asked for: without details.

    `apart_venues`: where another coin goes by that name.
    """

    coin: str
    quote: str
    tradfi: bool
    venues: Interest
    totals: InterestTotals
    windows: Mapping[str, WindowChange]
    quadrants: Mapping[str, Quadrant]
    primary: Moves | None
    dated: Mapping[str, DatedFutures] | None
    long_shorts: LongShortCounts
    apart_venues: tuple[str, ...]
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Oi]) -> Oi:
    round = await coin_round(args, desk)
    coin, listings = round.coin, round.listings
    wanted = segments.perps(coin)
    if not any(map(round.listing, wanted)) and not any(map(listings.unread, listings.titles)):
        raise UsageError(f"No venue lists perps of {coin.symbol}.")
    held = perps.question(round, wanted)
    dated = dated_futures.question(round, wanted) if args.details else None
    long = long_short.question(round, wanted[0])
    round.name_absent(wanted)
    ranked = [market for market in round.primaries() if market.family is coin.perps]
    primary = Primary(round, ranked, lambda market: moves.question(round, market))

    def build() -> Oi:
        venues, moved, known = held(), primary(), round.provenance()
        windows = totals.changes(venues)
        return Oi(
            coin=coin.name,
            quote=coin.quote,
            tradfi=coin.tradfi,
            venues=venues,
            totals=totals.totals(venues),
            windows=windows,
            quadrants=totals.quadrants(windows, moved, inverse=coin.quote == "USD"),
            primary=moved,
            dated=dated() if dated else None,
            long_shorts=long(),
            apart_venues=tuple(v for v in _apart(listings, coin, wanted) if v in known.asked),
            provenance=known,
        )

    await primary.settle(lambda: progress(build()), spare=desk.timing.attempt)
    return build()


def _apart(listings: Listings, coin: Coin, wanted: Sequence[Segment]) -> Iterator[str]:
    """The venues where another coin goes by that name."""
    others = other_coins(listings)
    for venue in listings.titles:
        if any((venue, segment.family, coin.name) in others for segment in wanted):
            yield venue
