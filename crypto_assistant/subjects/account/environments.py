"""How the owner's account stands at each venue: real money or play money, and its clock."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from crypto_assistant.desk import Desk
from crypto_assistant.exchanges.base import LIVE


@dataclass(frozen=True, slots=True)
class Environment:
    """`clock_ahead_seconds`: of the venue's clock to this host's; None before it is known."""

    environment: str
    clock_ahead_seconds: float | None


def environments(desk: Desk, venues: Collection[str]) -> dict[str, Environment]:
    return {
        venue: Environment(access.environment, access.ahead_seconds)
        for venue, access in desk.accounts.items()
        if venue in venues
    }


def counted(accounts: Mapping[str, Environment]) -> tuple[str, ...]:
    """Whose money is in the totals: real money is never added to play money."""
    real = tuple(venue for venue, one in accounts.items() if one.environment == LIVE)
    return real or tuple(accounts)
