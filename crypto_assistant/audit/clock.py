"""A venue's time against this host's."""

from collections.abc import Callable

from crypto_assistant.audit.check import Check
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.net.signed import VenueClock

CLOCK = Check(
    "clock",
    "this host's",
    most=1.0,
    unit="s",
    why="the answer's way is taken off already; what is left shifts every window",
    uses=("",),
)


async def told(exchange: Exchange, clock_ms: Callable[[], int]) -> VenueClock:
    """The venue's clock, asked now; raises ExchangeError."""
    clock = VenueClock(exchange.clock_ms, clock_ms)
    await clock.measure()
    return clock
