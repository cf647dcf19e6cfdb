"""What /price asks, and what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Progress, coin_round
from crypto_assistant.listings import segments
from crypto_assistant.models import Family, Provenance
from crypto_assistant.subjects.bars import days, recent
from crypto_assistant.subjects.bars.primary import Primary
from crypto_assistant.subjects.bars.recent import Recent
from crypto_assistant.subjects.cvd import flows
from crypto_assistant.subjects.cvd.flows import Flows
from crypto_assistant.subjects.open_interest import perps, totals
from crypto_assistant.subjects.open_interest.perps import Interest
from crypto_assistant.subjects.open_interest.totals import InterestTotals, Key, WindowChange
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
    """`all_perps` and `oi_windows`: as /oi tells them. `other_perps`: those that are quoted or
    margined otherwise, None where no venue told of any. `unsummed_perps`: those that are not in
    `all_perps`; `uncompared_perps`: by window, those whose change is not in it.
    `changes_15m_fraction`: by venue. `details`: None where they were not asked for.
    """

    coin: str
    quote: str
    tradfi: bool
    primary_venue: str | None
    venues: Mapping[str, Markets]
    totals: Totals
    basis: Basis | None
    spread: Spread | None
    all_perps: InterestTotals
    other_perps: InterestTotals | None
    unsummed_perps: Sequence[Key]
    uncompared_perps: Mapping[str, Sequence[Key]]
    oi_windows: Mapping[str, WindowChange]
    changes_15m_fraction: Mapping[str, float | None]
    details: Details | None
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Price]) -> Price:
    round = await coin_round(args, desk)
    coin = round.coin
    wanted = segments.perps(coin)
    read, held = quotes.question(round), perps.question(round, wanted)
    quarter = days.changes_15m(round)
    markets = round.primaries() if args.details else []
    lately = Primary(round, markets, lambda market: recent.question(round, market))
    kinds = (segments.spot(coin), wanted[0])
    takers = flows.question(round, kinds, windows=WINDOWS) if args.details else None

    def build() -> Price:
        found, all_perps = read(), held()
        summed, changes = totals.totals(all_perps), totals.changes(all_perps)
        return Price(
            coin=coin.name,
            quote=coin.quote,
            tradfi=coin.tradfi,
            primary_venue=found.primary_venue,
            venues=found.venues,
            totals=found.totals,
            all_perps=summed,
            other_perps=_others(all_perps, wanted[0].name),
            unsummed_perps=totals.lacking_perps(summed.oi_usd_venues, all_perps),
            uncompared_perps=_uncompared(all_perps, changes, coin.perps),
            oi_windows=changes,
            basis=found.basis,
            spread=found.spread,
            changes_15m_fraction=quarter(),
            details=Details(lately(), takers()) if takers else None,
            provenance=round.provenance(),
        )

    await lately.settle(lambda: progress(build()), spare=desk.timing.attempt)
    return build()


def _others(held: Interest, segment: str) -> InterestTotals | None:
    others = {
        venue: {name: perp for name, perp in markets.items() if name != segment}
        for venue, markets in held.items()
    }
    return totals.totals(others) if any(others.values()) else None


def _uncompared(
    held: Interest, changes: Mapping[str, WindowChange], family: Family
) -> dict[str, list[Key]]:
    """None of a window in which nothing could be compared: it tells no change."""
    inverse = family is Family.INVERSE
    over = {
        name: change.inverse_venues if inverse else change.linear_venues
        for name, change in changes.items()
    }
    return {
        name: totals.lacking_perps(venues, held, family) if venues else []
        for name, venues in over.items()
    }
