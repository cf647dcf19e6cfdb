"""What time it is at a venue, by the `Date` of its answers: bounds that every answer narrows."""

from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from math import inf

DRIFT = 50e-6
"""By which two clocks may run apart."""
SECOND_MS = 1000


class VenueTime:
    """A venue's time: this host's, right or wrong, and between what bounds the venue's is off it.

    An answer says that its `Date`, cut to the second, was between sending and receiving.
    """

    def __init__(self, host_ms: Callable[[], int]) -> None:
        self._host_ms = host_ms
        self._least_ms, self._most_ms = -inf, inf
        self._told_ms = 0

    def heard(self, headers: Mapping[str, str], sent_ms: int) -> None:
        """What has just arrived; nothing is learnt from what a cache has kept."""
        if "Age" in headers or (date_ms := _read(headers.get("Date", ""))) is None:
            return
        self.narrow(date_ms, date_ms + SECOND_MS, sent_ms)

    def narrow(self, first_ms: int, last_ms: int, sent_ms: int) -> None:
        """Since `sent_ms` it was between the two there; a clock that was set begins anew."""
        now_ms = self._host_ms()
        least_ms, most_ms = self._aged(now_ms)
        told = first_ms - now_ms, last_ms - min(sent_ms, now_ms)
        least_ms, most_ms = max(least_ms, told[0]), min(most_ms, told[1])
        self._least_ms, self._most_ms = (least_ms, most_ms) if least_ms <= most_ms else told
        self._told_ms = now_ms

    def bounds_ms(self) -> tuple[float, float]:
        """By how much the venue's clock is ahead of this host's, at least and at most."""
        return self._aged(self._host_ms())

    def now_ms(self) -> int:
        """The venue's time, from the middle of the bounds; this host's before any answer."""
        now_ms = self._host_ms()
        least_ms, most_ms = self._aged(now_ms)
        return now_ms if least_ms == -inf else now_ms + round((least_ms + most_ms) / 2)

    def past_ms(self) -> int:
        """What is past there for certain."""
        now_ms = self._host_ms()
        least_ms, _ = self._aged(now_ms)
        return now_ms if least_ms == -inf else now_ms + round(least_ms)

    @property
    def ahead_seconds(self) -> float:
        """By how much it is ahead of this host, behind where negative; 0: it may be a second."""
        least_ms, most_ms = self.bounds_ms()
        is_off = least_ms > SECOND_MS or most_ms < -SECOND_MS
        return (least_ms + most_ms) / 2 / SECOND_MS if is_off and least_ms > -inf else 0.0

    def _aged(self, now_ms: int) -> tuple[float, float]:
        drift_ms = DRIFT * abs(now_ms - self._told_ms)
        return self._least_ms - drift_ms, self._most_ms + drift_ms


@lru_cache(maxsize=16)
def _read(date: str) -> int | None:
    """None for what is no date."""
    try:
        told = parsedate_to_datetime(date)
        return round(told.replace(tzinfo=told.tzinfo or UTC).timestamp()) * SECOND_MS
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
