"""What the faces of the simulated exchanges share: routes, refusals, numbers as text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from crypto_assistant.sandbox.catalog import Venue

Query = Mapping[str, str]
Route = Callable[[Query, int], Any]


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """An exchange's own error answer."""

    status: int
    body: Any


class Face(Protocol):
    """One host of an exchange. `routes` maps a path to its answer at a time (ms)."""

    venue: Venue
    setting: str
    routes: Mapping[str, Route]

    def unknown(self, path: str, now: int) -> Refusal: ...


def fixed(value: float, decimals: int) -> str:
    """Always so many decimals, as Binance and Bybit print."""
    return f"{value:.{decimals}f}"


def short(value: float, decimals: int) -> str:
    """No trailing zeros, as OKX prints."""
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
