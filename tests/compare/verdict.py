"""Whether two sources agree on a fact."""

from collections.abc import Sequence
from typing import NamedTuple

ROUNDING = 1e-9
"""Of a number that both reckoned from the same digits."""


class Sample(NamedTuple):
    """What others say; `grain` is the least step in which the fact moves."""

    value: float
    grain: float = 0.0


class Verdict(NamedTuple):
    """Ours against the lowest and the highest that others said, and how far off it may be."""

    ours: float
    low: float
    high: float
    allowed: float

    @property
    def agrees(self) -> bool:
        off = max(self.low - self.ours, self.ours - self.high)
        return off <= self.allowed + ROUNDING * max(abs(self.low), abs(self.high))


def judge(ours: float, samples: Sequence[Sample]) -> Verdict:
    """Ours lies between the samples, or beyond by no more than they moved and one grain.

    A fact of the past has one sample that does not move: ours equals it.
    """
    values = [sample.value for sample in samples]
    low, high = min(values), max(values)
    grain = max(sample.grain for sample in samples)
    return Verdict(ours, low, high, high - low + grain)
