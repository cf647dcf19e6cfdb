"""What the faces of the simulated exchanges share: routes, refusals, numbers as text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Protocol

from crypto_assistant.sandbox.account.owner import Account
from crypto_assistant.sandbox.catalog import Venue

Query = Mapping[str, str]
Route = Callable[[Query, int], Any]


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """An exchange's own error answer."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Signed:
    """A route for the account's key alone, and what the key must be permitted ("": nothing)."""

    route: Route
    method: Literal["GET", "POST"] = "GET"
    permission: Literal["", "read", "transfer"] = "read"


class Face(Protocol):
    """One host of an exchange.

    `routes` maps a path to its answer at a time (ms); `signed` those of an account, once for each
    account that it is asked for.
    """

    venue: Venue
    setting: str
    routes: Mapping[str, Route]

    def signed(self, account: Account) -> Mapping[str, Signed]: ...

    def unknown(self, path: str, now: int) -> Refusal: ...


def fixed(value: float, decimals: int) -> str:
    """Always so many decimals, as Binance and Bybit print."""
    return f"{value:.{decimals}f}"


def short(value: float, decimals: int) -> str:
    """No trailing zeros, as OKX prints."""
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain(value: Decimal) -> str:
    """Every digit there is, and no more."""
    return f"{value.normalize():f}"
