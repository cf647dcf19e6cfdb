"""Where values and times stand on a picture, and which round ones are named at its edges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil, floor, log10
from typing import Final

import numpy as np

from crypto_assistant.models import DAY_MS, HOUR_MS, Floats

MINUTE_MS: Final = 60_000
TIME_STEPS_MS: Final = (
    *(minutes * MINUTE_MS for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * HOUR_MS for hours in (1, 2, 3, 4, 6, 8, 12)),
    *(days * DAY_MS for days in (1, 2, 4, 7, 14, 28, 91)),
)
MARGIN: Final = 0.05
"""Room above the highest value and below the lowest, as a part of what is between them."""
FLAT: Final = 0.01
"""What a line that does not move has around it, as a part of its value."""
SMALLEST_PLAIN: Final = 0.001
"""Values below are told as `1.23e-5`."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` on the pixels from `bottom` up to `top`."""

    low: float
    high: float
    top: int
    bottom: int

    def y(self, value: float) -> float:
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)

    def ys(self, values: Floats) -> Floats:
        parts: Floats = (values - self.low) / (self.high - self.low)
        return self.bottom - parts * (self.bottom - self.top)

    def value(self, y: float) -> float:
        """What stands at a height."""
        return self.low + (self.bottom - y) / (self.bottom - self.top) * (self.high - self.low)

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class TimeScale:
    """Times from `start_ms` to `end_ms` on the pixels from `left` to `right`."""

    start_ms: int
    end_ms: int
    left: int
    right: int

    def x(self, time_ms: float) -> float:
        part = (time_ms - self.start_ms) / max(1, self.end_ms - self.start_ms)
        return self.left + part * (self.right - self.left)


def around(values: Floats, top: int, bottom: int, *, zero: bool = False) -> Scale:
    """A scale that holds all values that are there with a little room, and zero where wanted."""
    there = values[np.isfinite(values)]
    if not len(there):
        return Scale(0.0, 1.0, top, bottom)
    low, high = float(there.min()), float(there.max())
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = MARGIN * (high - low)
    if room <= 1e-9 * max(abs(low), abs(high)):
        room = FLAT * max(abs(low), abs(high)) or 1.0
        return Scale(low - room, high + room, top, bottom)
    below, above = (0 if zero and end == 0 else room for end in (low, high))
    return Scale(low - below, high + above, top, bottom)


def ticks(scale: Scale, most: int) -> tuple[Sequence[float], float]:
    """Round values on it, at most so many and their step: 1, 2 or 5 times a power of ten."""
    step = _round_step((scale.high - scale.low) / most)
    first, last = ceil(scale.low / step), floor(scale.high / step)
    return [float(f"{step * at:.12g}") for at in range(first, last + 1)], step


def _round_step(least: float) -> float:
    power = 10.0 ** floor(log10(least))
    return next(power * by for by in (1, 2, 5, 10) if power * by >= least * (1 - 1e-9))


def called(value: float, step: float, *, percent: bool = False) -> str:
    """A round value with as many digits as its step has: `70,500`, `1.25M`, `1.230e-5`."""
    if value == 0:
        return "0%" if percent else "0"
    if percent:
        return f"{value * 100:.{_decimals(step * 100)}f}%"
    size = abs(value)
    if size < SMALLEST_PLAIN:
        digits = max(0, floor(log10(size) + 1e-9) - floor(log10(step) + 1e-9))
        mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    for unit, of in (("T", 1e12), ("B", 1e9), ("M", 1e6)):
        if size >= of:
            return f"{value / of:.{_decimals(step / of)}f}{unit}"
    return f"{value:,.{_decimals(step)}f}"


def _decimals(step: float) -> int:
    return max(0, -floor(log10(step) + 1e-9))


def times(start_ms: int, end_ms: int, most: int, zone: tzinfo | None) -> Iterator[tuple[int, str]]:
    """Round local times and what they are called; a day by its date."""
    step_ms = next((s for s in TIME_STEPS_MS if (end_ms - start_ms) / s <= most), TIME_STEPS_MS[-1])
    for at_ms in _round_times(start_ms, end_ms, step_ms, zone):
        local = datetime.fromtimestamp(at_ms / 1000, zone or UTC)
        is_day = step_ms >= DAY_MS or local.hour == local.minute == 0
        yield at_ms, f"{local.day} {local:%b}" if is_day else f"{local:%H:%M}"


def midnights(start_ms: int, end_ms: int, zone: tzinfo | None) -> Iterator[int]:
    """When days of the zone begin there."""
    return _round_times(start_ms, end_ms, DAY_MS, zone)


def _round_times(start_ms: int, end_ms: int, step_ms: int, zone: tzinfo | None) -> Iterator[int]:
    """Each step of a local day, or each so many days; what a change of clocks skips is none."""
    day = datetime.fromtimestamp(start_ms / 1000, zone or UTC).replace(tzinfo=None)
    day = day.replace(hour=0, minute=0, second=0, microsecond=0)
    while _ms(day, zone) <= end_ms:
        if step_ms < DAY_MS or day.toordinal() % (step_ms // DAY_MS) == 0:
            for into_ms in range(0, DAY_MS, step_ms):
                wall = day + timedelta(milliseconds=into_ms)
                at_ms = _ms(wall, zone)
                back = datetime.fromtimestamp(at_ms / 1000, zone or UTC).replace(tzinfo=None)
                if start_ms <= at_ms <= end_ms and back == wall:
                    yield at_ms
        day += timedelta(days=1)


def _ms(wall: datetime, zone: tzinfo | None) -> int:
    return round(wall.replace(tzinfo=zone or UTC).timestamp() * 1000)
