"""Who is long: the exchanges' own counts, each under its own name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crypto_assistant.listings.segments import Segment
from crypto_assistant.round import CoinRound

ALL_ACCOUNTS = "all accounts"
"""What every venue calls its count of all that hold a position."""


@dataclass(frozen=True, slots=True)
class Count:
    """The part of those counted that is long, at the time of the venue's newest sample."""

    long_fraction: float | None
    time_ms: int


LongShortCounts = Mapping[str, Mapping[str, Count]]
"""By venue and by the name of the count: `all accounts`, `top 20 % positions` ..."""


def question(round: CoinRound, segment: Segment) -> Callable[[], LongShortCounts]:
    replies = round.ask_market(
        segment,
        "long/short",
        lambda exchange, market: exchange.long_shorts(market),
    )
    return lambda: {
        venue: {one.counts: Count(one.long, one.time_ms) for one in replies[venue].counts}
        for venue in round.listings.titles
        if venue in replies and replies[venue].counts
    }
