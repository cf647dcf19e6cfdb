"""The numbers of /positions: every open position, what they add up to, and what they weigh."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from crypto_assistant import worth
from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Progress
from crypto_assistant.models import Provenance
from crypto_assistant.round import Round
from crypto_assistant.subjects.account import exposure, remarks, wallets
from crypto_assistant.subjects.account.environments import Environment, counted, environments
from crypto_assistant.subjects.account.exposure import Net, Open, Totals
from crypto_assistant.subjects.account.open_positions import Found, Question


@dataclass(frozen=True, slots=True)
class Positions:
    """`coin`: the only one asked about. `keyless`: the venues asked about that have no key.

    `positions`: what is liquidated first before the others. `unread_positions`: how many a venue
    has in spot margin or options.
    """

    coin: str | None
    accounts: Mapping[str, Environment]
    totals: Totals
    nets: Mapping[str, Net]
    positions: tuple[Open, ...]
    whole_venues: tuple[str, ...]
    flat_venues: tuple[str, ...]
    unread_positions: Mapping[str, int]
    keyless: tuple[str, ...]
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Positions]) -> Positions:
    round = Round(desk, await desk.listings(), desk.owned(args.venue))
    coin = remarks.coin(round.listings, args.symbol) if args.symbol else None
    question = Question(round, coin)

    def build() -> Positions:
        accounts, found = environments(desk, round.asked), question()
        real = counted(accounts)
        summed = [one for one in found.positions if one.venue in real]
        complete = {*found.whole_venues, *found.unread} >= {*real}
        return Positions(
            coin=coin,
            accounts=accounts,
            totals=exposure.totals(summed, _equity(found, real), complete=complete),
            nets=exposure.nets(summed),
            positions=found.positions,
            whole_venues=found.whole_venues,
            flat_venues=found.flat_venues,
            unread_positions=found.unread,
            keyless=tuple(desk.keyless(args.venue)),
            provenance=worth.dated(round.provenance(), found.priced),
        )

    await question.settle(lambda: progress(build()))
    return build()


def _equity(found: Found, venues: Collection[str]) -> float | None:
    """Of all wallets of the venues; None where one of them did not arrive."""
    total = wallets.summed({venue: found.purses[venue] for venue in venues})
    return total.equity_usd if {*total.venues} >= {*venues} else None
