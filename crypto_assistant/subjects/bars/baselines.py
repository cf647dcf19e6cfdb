"""A bar and what is usual for it: the same bar of the week before, or the bars before it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.calculators.volume import robust_z, rvol, same_slot
from crypto_assistant.models import Candles, Floats, Timeframe

DAYS = 7
"""Days before of which the same bar is a baseline."""
BARS = 96
"""Bars before that are the other baseline."""
FEWEST = 20
"""Bars before without which that is none."""


def closed_ms(timeframe: Timeframe, past_ms: int) -> int:
    """When the last closed bar opened, for all venues alike."""
    return (past_ms // timeframe.ms - 1) * timeframe.ms


class Sample(NamedTuple):
    """One bar and what may be usual for it: coins and USD, nan where a bar is missing."""

    volume: float
    turnover: float
    slots: Floats
    bars: Floats

    @classmethod
    def sum(cls, samples: Iterable["Sample"]) -> "Sample":
        """All in one; a bar that one of them lacks is missing."""
        return cls(*(np.sum(column, axis=0) for column in zip(*samples, strict=True)))

    @property
    def has_slots(self) -> bool:
        return not isnan(self.slots.sum())

    @property
    def bars_there(self) -> Floats:
        return self.bars[~np.isnan(self.bars)]

    @property
    def has_bars(self) -> bool:
        return len(self.bars_there) >= FEWEST

    @property
    def baselines(self) -> dict[str, Floats]:
        """What it can be measured against, the better one first."""
        both = {"slot": self.slots} | ({"bars": self.bars_there} if self.has_bars else {})
        return {kind: column for kind, column in both.items() if not isnan(rvol(1, column))}

    @property
    def robust_z(self) -> float:
        return robust_z(self.volume, self.bars_there) if self.has_bars else nan


@dataclass(frozen=True, slots=True)
class Series:
    """A market's bars in ascending order: coins and USD."""

    step_ms: int
    open_ms: NDArray[np.int64]
    volume: Floats
    turnover: Floats
    closed: NDArray[np.bool_]

    @classmethod
    def of(cls, parts: Sequence[Candles]) -> "Series":
        """The bars of all parts, each once."""
        open_ms, rows = np.unique(_joined(part.open_ms for part in parts), return_index=True)
        return cls(
            parts[0].timeframe.ms,
            open_ms,
            _joined(part.volume for part in parts)[rows],
            _joined(part.turnover for part in parts)[rows],
            _joined(part.closed for part in parts)[rows],
        )

    def closed_at(self, open_ms: int) -> Sample:
        """The bar that opened then; missing while it is not closed."""
        return self._sample(open_ms, (self.open_ms == open_ms) & self.closed)

    def at(self, open_ms: int) -> Sample:
        """The bar that opened then, as far as it has come."""
        return self._sample(open_ms, self.open_ms == open_ms)

    def _sample(self, open_ms: int, there: NDArray[np.bool_]) -> Sample:
        return Sample(
            float(self.volume[there][0]) if there.any() else nan,
            float(self.turnover[there][0]) if there.any() else nan,
            same_slot(self.open_ms, self.volume, open_ms, DAYS),
            before(open_ms, self.step_ms, self.open_ms, self.volume),
        )


def before(open_ms: int, step_ms: int, opens_ms: NDArray[np.int64], volume: Floats) -> Floats:
    """The volumes of the bars before the one that opened at `open_ms`, the oldest first."""
    place = (opens_ms - open_ms) // step_ms + BARS
    rows = (place >= 0) & (place < BARS)
    volumes = np.full(BARS, nan)
    volumes[place[rows]] = volume[rows]
    return volumes


def _joined(columns: Iterable[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(list(columns))
