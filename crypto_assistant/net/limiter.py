"""A venue's published limits, kept before they are broken, and its orders to stop, obeyed."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import RateLimited

HOUR = 3600.0
LONGEST_HOLD = 3 * 86_400.0
"""Seconds; no venue announces a longer ban."""
ONE_ORDER = 1.0
"""Seconds; requests that were under way together are told of one order a moment apart."""

BELIEVED = 10
"""Times the limit."""

share: ContextVar[float] = ContextVar("share", default=1.0)
"""What part of each limit the answer that is being worked on may use."""


@contextmanager
def sharing(part: float) -> Iterator[None]:
    """Whatever is asked inside leaves the rest of each limit to others."""
    token = share.set(part)
    try:
        yield
    finally:
        share.reset(token)


class Budget:
    """At most `limit` units in any `seconds`, however the venue aligns its windows.

    `header`: where the venue tells the units that it has counted in the current window.
    `within`: a budget that pays for the same units, too.
    """

    def __init__(
        self,
        limit: float,
        seconds: float,
        header: str | None = None,
        within: "Budget | None" = None,
    ) -> None:
        self.limit = limit
        self.seconds = seconds
        self.header = header
        self._within = within
        self._spent: deque[tuple[float, float]] = deque()
        self._sum = 0.0

    def used(self, now: float) -> float:
        """Units spent in the window that ends now."""
        while self._spent and self._spent[0][0] <= now - self.seconds:
            self._sum -= self._spent.popleft()[1]
        return self._sum

    def free_at(self, units: float, now: float, share: float = 1.0) -> float:
        """The earliest time at which `units` more fit that share of the limit."""
        over = self.used(now) + units - self.limit * share
        free = now
        for when, spent in self._spent:
            if over <= 0:
                break
            over -= spent
            free = when + self.seconds
        return free if self._within is None else max(free, self._within.free_at(units, now, share))

    def spend(self, units: float, now: float) -> None:
        self._spent.append((now, units))
        self._sum += units
        if self._within is not None:
            self._within.spend(units, now)

    def observe(self, used: float, now: float) -> None:
        """The venue counts more than we do: somebody else spends from the same address.

        Nobody could spend many times the limit.
        """
        if self.used(now) < used <= BELIEVED * self.limit:
            self.spend(used - self._sum, now)


class Limiter:
    """Admits a venue's requests one by one and holds all of them when the venue says stop.

    A stop of more than an hour is tried once an hour: one request is admitted all the same, and
    what comes of it is what the venue says now. `clock_ms`: the wall clock that messages speak of.
    """

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._held_until = 0.0
        self._tried_at = 0.0
        self._is_tried = False
        self.held_by = ""
        """What told the last order to stop, in words."""
        self.on_hold: Callable[[int], None] = lambda until_ms: None
        """Called with the end of each order to stop, in ms of the wall clock."""

    @property
    def held_until_ms(self) -> int | None:
        """When the order to stop ends; None where there is none."""
        if self._held_until <= monotonic():
            return None
        return self._refusal(self._held_until).until_ms

    def hold(self, seconds: float, by: str = "") -> RateLimited:
        """Sends nothing for `seconds`; returns the error that says until when. `by`: what told."""
        before = 0.0 if self._is_tried else self._held_until
        until = monotonic() + min(seconds, LONGEST_HOLD)
        self._held_until = max(before, until)
        self._tried_at, self._is_tried = monotonic(), False
        self.held_by = by if until > before else self.held_by
        refusal = self._refusal(self._held_until)
        if until > max(before, monotonic()) + ONE_ORDER:
            self.on_hold(refusal.until_ms)
        return refusal

    def release(self) -> None:
        """The order to stop is over."""
        self._held_until, self._is_tried = 0.0, False
        self.on_hold(self._clock_ms())

    def answered(self) -> None:
        """The venue answers again: an order that was tried is over."""
        if self._is_tried:
            self.release()

    def frees_before(self, deadline: float, budget: Budget, units: float, share: float) -> bool:
        """Whether an order to stop ends, and the budget has room, in time."""
        return self._free_at(budget, units, share) < deadline

    def check(self, deadline: float) -> None:
        """Raises RateLimited where an order to stop outlasts the deadline."""
        if self._shut_until() > max(deadline, monotonic()):
            raise self._refusal(self._held_until)

    async def admit(
        self, budget: Budget, units: float, deadline: float, share: float = 1.0
    ) -> None:
        """Waits until `units` fit `share` of the budget, then spends them.

        Raises RateLimited at once where the wait would outlast the deadline.
        """
        while (free := self._free_at(budget, units, share)) > monotonic():
            if free > deadline:
                raise self._refusal(free)
            await asyncio.sleep(free - monotonic())
        budget.spend(units, monotonic())
        if self._held_until > monotonic():
            self._tried_at, self._is_tried = monotonic(), True

    def _shut_until(self) -> float:
        """When the order to stop ends, unless it is to be tried."""
        return 0.0 if monotonic() >= self._tried_at + HOUR else self._held_until

    def _free_at(self, budget: Budget, units: float, share: float) -> float:
        return max(self._shut_until(), budget.free_at(units, monotonic(), share))

    def _refusal(self, until: float) -> RateLimited:
        now_ms = self._clock_ms()
        return RateLimited(now_ms + round(1000 * max(0.0, until - monotonic())), now_ms)
