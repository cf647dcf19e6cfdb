"""Funding of one market: as it was paid, and as it runs."""

from dataclasses import dataclass

from crypto_assistant.exchanges.base import MOST_PAYMENTS
from crypto_assistant.models import Funding, FundingHistory, Instrument
from crypto_assistant.round import Round
from crypto_assistant.subjects.bars.primary import Build, question


@dataclass(frozen=True, slots=True)
class Payments:
    """`paid`: the last ones; `running`: what is paid next. Either is None where it did not come."""

    paid: FundingHistory | None
    running: Funding | None


def asking(round: Round, market: Instrument) -> Build[Payments]:
    paid = question(
        round,
        market,
        "funding history",
        lambda exchange: exchange.funding_history(market, MOST_PAYMENTS),
    )
    running = question(round, market, "funding", lambda exchange: exchange.funding(market))

    def build() -> Payments | None:
        found = Payments(paid(), running())
        return found if found.paid or found.running else None

    return build
