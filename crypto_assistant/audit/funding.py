"""The hours between payments of funding, as the program believes them, against what was paid."""

from itertools import pairwise

from crypto_assistant.audit.check import BTC, COIN_M, PEPE, Check, Looked
from crypto_assistant.errors import Malformed
from crypto_assistant.models import HOUR_MS, Instruments

PAID = 4


async def _of_payments(looked: Looked) -> float:
    paid = (await looked.exchange.funding_history(looked.instrument, PAID)).time_ms.tolist()
    believed = (await looked.exchange.fundings(Instruments.one(looked.instrument, 0)))[0]
    if len(paid) < 2:
        raise Malformed("fewer than two payments of funding")
    if believed.hours is None:
        raise Malformed("no interval of funding")
    due = [] if believed.next_ms is None else [believed.next_ms]
    return furthest(believed.hours, [*paid, *due])


def furthest(hours: float, times_ms: list[int]) -> float:
    """From the nearer of the last two distances: a venue may have changed it since it last paid.

    And around a payment the list may still lack that, whose time the next one follows already.
    """
    gaps = [(later - earlier) / HOUR_MS for earlier, later in pairwise(times_ms)]
    return min(abs(hours - gap) for gap in gaps[-2:])


INTERVAL = Check(
    "funding",
    "what was paid",
    most=0.05,
    unit="h",
    why="payments are booked within a minute or two of their hour",
    uses=("funding",),
    coins=(BTC, PEPE, COIN_M),
    off=_of_payments,
)
