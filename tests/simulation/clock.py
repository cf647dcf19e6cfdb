"""The world's time of day, and the host's, which somebody sets."""

from random import Random
from typing import Final

from tests.clock import NOW
from tests.simulation.death import Loop
from tests.soak.chats import Chats
from tests.soak.outages import End

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
DAYS: Final = 60
"""Of which one is the day of a seed."""
EVE_MS: Final = 120_000
"""So long before a full hour, or midnight, some of them begin."""
STEPS: Final = (0.4, 1.5, 25.0, 600.0, 5_400.0)
"""Seconds that the host's clock is off, either way."""


class Clock:
    """`world_ms` goes with the loop; `host_ms` is off by whatever it was set to last."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._born_ms = _birth(loop.random)
        self._set: list[tuple[int, int]] = [(self._born_ms, 0)]

    def world_ms(self) -> int:
        return self._born_ms + round(1000 * self._loop.lasted())

    def host_ms(self) -> int:
        return self.world_ms() + self._set[-1][1]

    def ahead(self, from_ms: int, to_ms: int) -> list[int]:
        """By how many ms the host's clock was ahead then, each of them where it was set."""
        before = [off for at, off in self._set if at < from_ms][-1:]
        return [*before, *(off for at, off in self._set if from_ms <= at <= to_ms)]

    async def step(self, _: Chats, random: Random, end: End) -> None:
        """Somebody sets it wrong, and right again."""
        self._off(random.choice(STEPS) * random.choice((1, -1)))
        await end()
        self._off(0.0)

    def _off(self, seconds: float) -> None:
        self._set.append((self.world_ms(), round(1000 * seconds)))


def _birth(random: Random) -> int:
    """Of any day: at any time, or shortly before a full hour, or before midnight."""
    time = NOW + random.randrange(DAYS * DAY_MS)
    whole = random.choice((1, HOUR_MS, DAY_MS))
    return time // whole * whole - (random.randrange(EVE_MS) if whole > 1 else 0)
