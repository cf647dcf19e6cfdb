"""For how long a venue's order to stop is obeyed: nothing that it sends silences it for long."""

from dataclasses import dataclass

from crypto_assistant.net.limiter import HOUR

LONGEST_RESET = 600.0
"""Seconds; a limit begins anew within minutes."""
NONSENSE = 60.0
"""Seconds for which what cannot be a time is obeyed."""


@dataclass(frozen=True, slots=True)
class Order:
    """Seconds to be silent for, and what told them."""

    seconds: float
    by: str


def order(header: str | None, reset: float | None, window: float, longest_ban: float) -> Order:
    """What to obey, by what the venue says in that order.

    `header`: its Retry-After. `reset`: seconds to the time that its body names. `window`: of the
    limit that was broken. `longest_ban`: the longest one that it documents, in seconds.
    """
    if header is not None:
        return Order(_waited(header, max(HOUR, longest_ban)), "Retry-After")
    if reset is not None:
        within = 0 <= reset <= max(LONGEST_RESET, longest_ban)
        return Order(min(reset, LONGEST_RESET) if within else NONSENSE, "its reset time")
    return Order(window, "its limit")


def _waited(header: str, most: float) -> float:
    """Seconds of a Retry-After; a date is none that a venue sends."""
    text = header.strip()
    is_number = text.isascii() and text.isdecimal()
    return float(text) if is_number and float(text) <= most else NONSENSE
