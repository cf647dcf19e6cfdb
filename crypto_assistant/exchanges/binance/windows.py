"""Which rows of a series a request asks for, how long they stay good, and what they weigh."""

from dataclasses import dataclass, replace
from typing import Any

from crypto_assistant.errors import Malformed
from crypto_assistant.models import Family, Timeframe
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.request import Query

SETTLED_MS = 10_000
"""After its end a bar is whole by then, at the venue and by every clock."""
COIN_M_SPAN_MS = 200 * 86_400_000


@dataclass(frozen=True, slots=True)
class Window:
    """`limit` rows, one every `step_ms`, that open before `end_ms`; None: the newest ones."""

    limit: int
    step_ms: int
    end_ms: int | None
    now_ms: int

    @property
    def query(self) -> Query:
        """Times that hold no more than `limit` rows: the hosts cut different ends of longer ones.

        They stand on the grid of the rows, whatever the end, so that the cache finds them again.
        """
        newest = [("limit", self.limit)]
        if self.end_ms is None:
            return newest
        start, end = self.span(self.end_ms)
        return [*newest, ("startTime", start), ("endTime", end - 1)]

    def span(self, oldest_ms: int) -> tuple[int, int]:
        """From when on its rows open, and before when.

        The newest ones: none before `oldest_ms`, and one after now where our clock is behind.
        """
        if self.end_ms is None:
            return oldest_ms, self.now_ms + self.step_ms
        end = self._up(self.end_ms)
        return end - self.limit * self.step_ms, end

    @property
    def past(self) -> bool:
        """Whether nothing in it can change any more."""
        return self.end_ms is not None and self._up(self.end_ms) + SETTLED_MS <= self.now_ms

    @property
    def lifetime(self) -> Lifetime:
        return Lifetime.CLOSED if self.past else Lifetime.INDICATOR

    def since(self, oldest_ms: int) -> "Window":
        """The same without the rows before `oldest_ms`; its limit may be 0."""
        if self.end_ms is None:
            return self
        kept = (self._up(self.end_ms) - oldest_ms) // self.step_ms
        return replace(self, limit=min(self.limit, max(0, kept)))

    def answered(self, payload: Any) -> Any:
        """The payload: an empty list is believed where a market may not have been listed yet."""
        if payload == [] and not self.past:
            raise Malformed("an empty list")
        return payload

    def _up(self, time_ms: int) -> int:
        return -(-time_ms // self.step_ms) * self.step_ms


def most_bars(family: Family, timeframe: Timeframe) -> int:
    """The most bars that one request brings."""
    if family is Family.SPOT:
        return 1000
    return min(1500, COIN_M_SPAN_MS // timeframe.ms) if family is Family.INVERSE else 1500


def bars_weight(family: Family, limit: int) -> int:
    """What a request for so many bars costs."""
    if family is Family.SPOT:
        return 2
    steps = ((99, 1), (499, 2), (1000, 5), (1500, 10))
    return next(weight for most, weight in steps if limit <= most)
