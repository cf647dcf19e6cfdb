"""The owner of an account: the key, what it may do, and how the account stands."""

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.catalog import Venue

Permission = Literal["read", "trade", "transfer", "withdraw"]
Standing = Literal["ok", "empty", "classic", "no_futures", "portfolio"]

KEYS: Final = {
    "BINANCE_API_KEY": "SandboxBinanceKey00000000000000000000000000000000000000000000000",
    "BINANCE_SECRET_KEY": "SandboxBinanceSecret00000000000000000000000000000000000000000000",
    "BYBIT_API_KEY": "SandboxBybitKey000",
    "BYBIT_SECRET_KEY": "SandboxBybitSecret000000000000000000",
    "OKX_API_KEY": "5a4db0c5-0000-4000-8000-0000000000e1",
    "OKX_SECRET_KEY": "5A4DB0C5000000000000000000000005",
    "OKX_PASSPHRASE": "sandbox-passphrase",
}
"""The keys that the sandbox knows, by the names of settings. They open nothing else."""


@dataclass
class Owner:
    """What a test turns. extra_positions: so many besides, as far as the venue has markets.

    lenient: Binance passes over what it is asked for but does not know, instead of refusing it.
    """

    key: str
    secret: str = field(repr=False)
    passphrase: str = field(default="", repr=False)
    permissions: set[Permission] = field(default_factory=lambda: {"read"})
    standing: Standing = "ok"
    extra_positions: int = 0
    ip_allowed: bool = True
    expired: bool = False
    demo: bool = False
    lenient: bool = False


class Account(NamedTuple):
    """What a face prints: the owner's settings and the truth."""

    owner: Owner
    book: Book


def owners() -> dict[Venue, Owner]:
    return {
        "binance": Owner(KEYS["BINANCE_API_KEY"], KEYS["BINANCE_SECRET_KEY"]),
        "bybit": Owner(KEYS["BYBIT_API_KEY"], KEYS["BYBIT_SECRET_KEY"]),
        "okx": Owner(KEYS["OKX_API_KEY"], KEYS["OKX_SECRET_KEY"], KEYS["OKX_PASSPHRASE"]),
    }
