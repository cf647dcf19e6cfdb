"""The time at which the tests' world stands."""

from typing import Final

NOW: Final = 1_790_000_029_500
"""2026-09-21 14:13:49.5 UTC: half way through a second, so that no clock is near a full one."""


def clock() -> int:
    return NOW
