"""Candle boundaries as exchanges draw them: fixed lengths, shifted days, calendar months."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from crypto_assistant.sandbox.catalog import DAY, HOUR, MINUTE

MONDAY: Final = 4 * DAY  # the epoch was a Thursday


@dataclass(frozen=True, slots=True)
class Period:
    """A bar of `length` ms, or of `months`, whose boundaries lie `offset` ms after UTC's."""

    length: int = 0
    offset: int = 0
    months: int = 0

    def start(self, time: int) -> int:
        """The start of the bar that holds `time`."""
        if self.months:
            return self._month(self._number(time) // self.months * self.months)
        return (time - self.offset) // self.length * self.length + self.offset

    def after(self, start: int, bars: int = 1) -> int:
        """The start of the bar so many bars after (before, if negative) the one at `start`."""
        if self.months:
            return self._month(self._number(start) + bars * self.months)
        return start + bars * self.length

    def edges(self, first: int | None, last: int, limit: int, newest: bool) -> list[int]:
        """Boundaries of at most `limit` bars that start within [first, last], plus the final end.

        Of too many bars, the newest are kept or the oldest.
        """
        final = self.start(last)
        earliest = self.after(final, 1 - limit)
        if first is not None:
            begin = self.start(first)
            begin = begin if begin == first else self.after(begin)
            final = final if newest else min(final, self.after(begin, limit - 1))
            earliest = max(earliest, begin) if newest else begin
        edges = [earliest]
        while edges[-1] <= final:
            edges.append(self.after(edges[-1]))
        return edges

    def _number(self, time: int) -> int:
        day = datetime.fromtimestamp((time - self.offset) / 1000, UTC)
        return day.year * 12 + day.month - 1

    def _month(self, number: int) -> int:
        day = datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
        return int(day.timestamp() * 1000) + self.offset


MINUTES: Final = {n: Period(n * MINUTE) for n in (1, 3, 5, 15, 30)}
HOURS: Final = {n: Period(n * HOUR) for n in (1, 2, 4, 6, 8, 12)}
DAYS: Final = {n: Period(n * DAY) for n in (1, 2, 3)}
WEEK: Final = Period(7 * DAY, MONDAY)
MONTH: Final = Period(months=1)
QUARTER: Final = Period(months=3)


def shifted(period: Period, by: int) -> Period:
    return Period(period.length, period.offset + by, period.months)
