"""What an answer rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Dated(Protocol):
    """Anything that an exchange answered."""

    @property
    def received_ms(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an answer rests on: who was asked, who answered, who failed and why, in words.

    `waiting`: venues still to come in an answer that is not complete. `unlisted`: those of whom
    nothing was to be had, since they do not list what was asked for. `oldest_ms`: when the oldest
    datum used was received, None where no venue was asked. `clock_ahead_seconds`: of venues whose
    clock is more than a second off this host's for certain; behind it where negative.
    """

    asked: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    simulated: bool = False
    time_ms: int = 0
    oldest_ms: int | None = None
    clock_ahead_seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def listing(self) -> tuple[str, ...]:
        """The venues asked, without those that do not list it."""
        return tuple(venue for venue in self.asked if venue not in self.unlisted)
