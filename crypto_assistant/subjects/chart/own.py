"""The owner's positions in the coin, one averaged line per side and venue."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from crypto_assistant.exchanges.base import Account
from crypto_assistant.models import Family, Position, Positions, total
from crypto_assistant.round import CoinRound
from crypto_assistant.subjects.account.environments import counted, environments
from crypto_assistant.subjects.account.markets import Markets

FAMILIES = (Family.LINEAR, Family.INVERSE)


@dataclass(frozen=True, slots=True)
class Held:
    """`coins`: with the sign of the side. `entry_price`: the mean, weighted with coins; None where
    one of them is not known. `liquidation_price`: the nearest to the market.
    """

    venue: str
    side: str
    coins: float
    entry_price: float | None
    liquidation_price: float | None


def question(round: CoinRound) -> Callable[[], tuple[Held, ...]]:
    """Asked of the venues that have a key; of real money where there is any."""
    accounts = round.desk.accounts
    real = counted(environments(round.desk, round.asked))
    markets = {venue: Markets(venue, round.listings) for venue in real}

    def positions(family: Family, account: Account) -> Awaitable[Positions]:
        return account.positions(family, partial(round.listings.called, account.venue))

    replies = [
        round.ask_owner(
            f"{family} positions",
            partial(positions, family),
            [venue for venue in real if family in accounts[venue].families],
            aside=True,
        )
        for family in FAMILIES
    ]

    def build() -> tuple[Held, ...]:
        groups: dict[tuple[str, str], list[Position]] = {}
        for by_venue in replies:
            for venue, found in by_venue.items():
                for position in found.positions:
                    if markets[venue].coin_of(position) == round.coin.name and position.coins:
                        groups.setdefault((venue, position.side), []).append(position)
        return tuple(_held(venue, side, every) for (venue, side), every in groups.items())

    return build


def _held(venue: str, side: str, positions: list[Position]) -> Held:
    coins = sum(position.coins or 0.0 for position in positions)
    paid = [
        None if one.entry is None or one.coins is None else one.entry * one.coins
        for one in positions
    ]
    ends = [one.liquidation for one in positions if one.liquidation]
    nearest = max if side == "long" else min
    return Held(
        venue,
        side,
        coins if side == "long" else -coins,
        None if None in paid else (total(paid) or 0.0) / coins,
        nearest(ends) if ends else None,
    )
