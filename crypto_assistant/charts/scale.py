"""Where values and times stand on a picture, and which of them are named along its edges."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor, isfinite, log10
from zoneinfo import ZoneInfo

import numpy as np

from crypto_assistant.models import DAY_MS, HOUR_MS, Floats

MINUTE_MS = 60_000
TIME_STEPS_MS = (
    *(minutes * MINUTE_MS for minutes in (5, 10, 15, 30)),
    *(hours * HOUR_MS for hours in (1, 2, 3, 4, 6, 12)),
    *(days * DAY_MS for days in (1, 2, 4, 7, 14, 28)),
)
MARGIN = 0.05
"""Room above the highest value and below the lowest, as a part of what is between them."""
FLAT = 0.01
"""What a line that does not move has around it, as a part of its value."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` on pixels from `bottom` up to `top`."""

    low: float
    high: float
    top: int
    bottom: int

    def y(self, value: float) -> float:
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)

    def ys(self, values: Floats) -> Floats:
        part: Floats = (values - self.low) / (self.high - self.low)
        return self.bottom - part * (self.bottom - self.top)

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class TimeScale:
    """Times from `start_ms` to `end_ms` on pixels from `left` to `right`."""

    start_ms: int
    end_ms: int
    left: int
    right: int

    def x(self, time_ms: float) -> float:
        part = (time_ms - self.start_ms) / (self.end_ms - self.start_ms)
        return self.left + part * (self.right - self.left)


def around(values: Floats, top: int, bottom: int, *, zero: bool = False) -> Scale:
    """A scale that holds all values that are there, with a little room, and zero where wanted."""
    there = values[np.isfinite(values)]
    if not len(there):
        return Scale(0.0, 1.0, top, bottom)
    low, high = float(there.min()), float(there.max())
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = MARGIN * (high - low) or FLAT * abs(high) or 1.0
    return Scale(
        low if zero and low == 0.0 else low - room,
        high if zero and high == 0.0 else high + room,
        top,
        bottom,
    )


def ticks(scale: Scale, most: int) -> list[float]:
    """Round values on it, at most so many: multiples of 1, 2 or 5 times a power of ten."""
    step = _round_step((scale.high - scale.low) / most)
    first = ceil(scale.low / step)
    last = floor(scale.high / step)
    return [_plain(step * at) for at in range(first, last + 1)]


def _round_step(least: float) -> float:
    power = 10.0 ** floor(log10(least))
    return next(power * by for by in (1, 2, 5, 10) if power * by >= least * (1 - 1e-9))


def _plain(value: float) -> float:
    """Without the dust of a multiplication."""
    return float(f"{value:.12g}") if isfinite(value) else value


def times(start_ms: int, end_ms: int, most: int, zone: ZoneInfo | None) -> list[tuple[int, str]]:
    """Round local times and what they are called; a day by its date."""
    step_ms = next(
        (step for step in TIME_STEPS_MS if (end_ms - start_ms) / step <= most), TIME_STEPS_MS[-1]
    )
    return [
        (at, _called(at, step_ms, zone)) for at in _round_times(start_ms, end_ms, step_ms, zone)
    ]


def midnights(start_ms: int, end_ms: int, zone: ZoneInfo | None) -> list[int]:
    """When days begin there, by the zone."""
    return list(_round_times(start_ms, end_ms, DAY_MS, zone))


def _round_times(start_ms: int, end_ms: int, step_ms: int, zone: ZoneInfo | None) -> Iterator[int]:
    """Every so many ms of a local day, or so many days of the year."""
    local = datetime.fromtimestamp(start_ms / 1000, zone or UTC)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    while (begins_ms := _ms(day)) <= end_ms:
        if step_ms >= DAY_MS:
            if day.timetuple().tm_yday % (step_ms // DAY_MS) == 0 and begins_ms >= start_ms:
                yield begins_ms
        else:
            for minutes in range(0, DAY_MS // MINUTE_MS, step_ms // MINUTE_MS):
                at_ms = _ms(day.replace(hour=minutes // 60, minute=minutes % 60))
                if start_ms <= at_ms <= end_ms:
                    yield at_ms
        day = (day + timedelta(days=1)).replace(hour=0, minute=0)


def _called(time_ms: int, step_ms: int, zone: ZoneInfo | None) -> str:
    local = datetime.fromtimestamp(time_ms / 1000, zone or UTC)
    is_day = step_ms >= DAY_MS or (local.hour, local.minute) == (0, 0)
    return f"{local.day} {local:%b}" if is_day else f"{local:%H:%M}"


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
