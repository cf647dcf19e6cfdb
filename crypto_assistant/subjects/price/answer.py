"""What /price asks, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass

from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Progress, coin_round
from crypto_assistant.listings import segments
from crypto_assistant.models import Provenance
from crypto_assistant.subjects.bars import recent
from crypto_assistant.subjects.bars.primary import Primary
from crypto_assistant.subjects.bars.recent import Recent
from crypto_assistant.subjects.cvd import flows
from crypto_assistant.subjects.cvd.flows import Flows
from crypto_assistant.subjects.price import quotes
from crypto_assistant.subjects.price.figures import Basis, Markets, Spread, Totals

WINDOWS = ("15m", "24h")


@dataclass(frozen=True, slots=True)
class Details:
    """The primary market lately, and takers over 15 minutes and a day."""

    primary: Recent | None
    takers: Flows


@dataclass(frozen=True, slots=True)
class Price:
    """`details`: None where they were not asked for."""

    coin: str
    quote: str
    tradfi: bool
    primary_venue: str | None
    venues: Mapping[str, Markets]
    totals: Totals
    basis: Basis | None
    spread: Spread | None
    details: Details | None
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Price]) -> Price:
    round = await coin_round(args, desk)
    coin = round.coin
    read = quotes.question(round)
    markets = round.primaries() if args.details else []
    lately = Primary(round, markets, lambda market: recent.question(round, market))
    kinds = (segments.spot(coin), segments.perps(coin)[0])
    takers = flows.question(round, kinds, windows=WINDOWS) if args.details else None

    def build() -> Price:
        found = read()
        return Price(
            coin=coin.name,
            quote=coin.quote,
            tradfi=coin.tradfi,
            primary_venue=found.primary_venue,
            venues=found.venues,
            totals=found.totals,
            basis=found.basis,
            spread=found.spread,
            details=Details(lately(), takers()) if takers else None,
            provenance=round.provenance(),
        )

    await lately.settle(lambda: progress(build()), spare=desk.timing.attempt)
    return build()
