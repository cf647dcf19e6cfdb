"""The owner's accounts as tests direct them, behind the desk's own check of their keys."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

from crypto_assistant.accounts import Access
from crypto_assistant.errors import ExchangeError
from crypto_assistant.exchanges.base import LIVE, Account
from crypto_assistant.models import (
    Balance,
    Family,
    Find,
    Holding,
    Instrument,
    Permissions,
    Position,
    Positions,
    Side,
    Wallet,
)
from crypto_assistant.net.signed import VenueClock
from tests.clock import NOW
from tests.floor import Floor

if TYPE_CHECKING:
    from crypto_assistant.ledger import Ledger

T = TypeVar("T")

WALLETS = {
    "binance": (Wallet.SPOT, Wallet.FUNDING, Wallet.USDM, Wallet.COINM),
    "bybit": (Wallet.UNIFIED, Wallet.FUNDING),
    "okx": (Wallet.TRADING, Wallet.FUNDING),
}
UNREAD = {"binance": ("Earn", "margin"), "bybit": ("Earn", "bots"), "okx": ("Earn",)}

UNMARGINED = (Wallet.SPOT, Wallet.FUNDING)


@dataclass
class Played:
    """Says what it is given, nothing of what it is not; raises what is an error."""

    venue: str
    holdings: dict[Wallet, Sequence[Holding] | ExchangeError] = field(default_factory=dict)
    open: dict[Family, Sequence[Position] | ExchangeError] = field(default_factory=dict)
    environment: str = LIVE
    withdraws: bool = False
    ahead_seconds: float | None = None
    families: tuple[Family, ...] = (Family.LINEAR, Family.INVERSE)
    unread_positions: int = 0
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def wallets(self) -> tuple[Wallet, ...]:
        return WALLETS[self.venue]

    @property
    def margined(self) -> tuple[Wallet, ...]:
        return tuple(wallet for wallet in self.wallets if wallet not in UNMARGINED)

    @property
    def unread(self) -> tuple[str, ...]:
        return UNREAD[self.venue]

    @property
    def clock(self) -> VenueClock:
        async def ask() -> int:
            return NOW

        clock = VenueClock(ask, lambda: NOW)
        clock.ahead_seconds = self.ahead_seconds
        return clock

    async def permissions(self) -> Permissions:
        return Permissions("1", (), self.withdraws, NOW)

    async def balance(self, wallet: Wallet) -> Balance:
        self.asked[wallet] += 1
        return Balance(self.venue, wallet, tuple(_said(self.holdings.get(wallet, ()))), NOW)

    async def positions(self, family: Family, find: Find) -> Positions:
        self.asked[family] += 1
        found = tuple(_said(self.open.get(family, ())))
        return Positions(self.venue, family, found, NOW, self.unread_positions)


def _said(told: Sequence[T] | ExchangeError) -> Sequence[T]:
    if isinstance(told, ExchangeError):
        raise told
    return told


def give_keys(market: Floor, *accounts: Played) -> None:
    """From now on the owner has keys of these venues, and of no others."""
    ledger = cast("Ledger", None)  # Nothing of these tests is about the log.
    market.front.desk.accounts = {
        account.venue: Access(cast("Account", account), ledger) for account in accounts
    }


def position(
    market: Instrument, side: Side, size: float, mark: float, *, liquidation: float | None = None
) -> Position:
    """A cross position without profit, ten times its margin. `size`: coins, USD where inverse."""
    inverse = market.family is Family.INVERSE
    coins, usd = (size / mark, size) if inverse else (size, size * mark)
    return Position(
        venue=market.venue,
        family=market.family,
        symbol=market.symbol,
        instrument=market,
        side=side,
        hedged=False,
        contracts=size / market.contract,
        coins=coins,
        usd=usd,
        entry=mark,
        mark=mark,
        liquidation=liquidation,
        leverage=10.0,
        isolated=False,
        settle=market.coin if inverse else market.quote,
        margin=(coins if inverse else usd) / 10,
        unrealised=0.0,
    )
