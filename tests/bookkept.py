"""An account whose wallets and log the tests write, at a desk over the simulated market."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

from crypto_assistant.accounts import Access
from crypto_assistant.desk import Desk
from crypto_assistant.errors import ExchangeError
from crypto_assistant.exchanges.base import LIVE
from crypto_assistant.ledger import Book, Ledger, Snapshot
from crypto_assistant.models import AccountLog, Balance, Holding, Permissions, Wallet
from crypto_assistant.net.limiter import share
from crypto_assistant.state.store import Store
from tests.account_log import NOW, PlayedAccount, SetClock
from tests.clock import clock
from tests.floor import floor

BOOK = Book("okx", LIVE, "1001")


@dataclass
class Written(PlayedAccount):
    """Two wallets, a contract's and another. `refuses`: why the key is not taken.

    `shares`: what part of the limits each look at the log might use. `checks`: when it was asked
    what the key may do.
    """

    venue: str = BOOK.venue
    holdings: dict[Wallet, Sequence[Holding] | Exception] = field(
        default_factory=lambda: {
            Wallet.TRADING: [Holding("USDT", 1000.5, 20.25), Holding("BTC", 0.5, -0.01)],
            Wallet.FUNDING: [Holding("NOPRICE", 7.0)],
        }
    )
    refuses: ExchangeError | None = None
    withdraws: bool = False
    shares: list[float] = field(default_factory=list)
    checks: list[int] = field(default_factory=list)

    wallets: ClassVar[tuple[Wallet, ...]] = (Wallet.TRADING, Wallet.FUNDING)
    margined: ClassVar[tuple[Wallet, ...]] = (Wallet.TRADING,)

    async def permissions(self) -> Permissions:
        self.checks.append(clock_of(self).ms)
        if self.refuses:
            raise self.refuses
        return Permissions(BOOK.uid, (), self.withdraws, NOW)

    async def balance(self, wallet: Wallet) -> Balance:
        told = self.holdings[wallet]
        if isinstance(told, Exception):
            raise told
        return Balance(self.venue, wallet, tuple(told), NOW)

    async def log(self, start_ms: int, end_ms: int) -> AccountLog:
        self.shares.append(share.get())
        return await super().log(start_ms, end_ms)


def clock_of(account: Written) -> SetClock:
    assert isinstance(account.clock, SetClock)
    return account.clock


@asynccontextmanager
async def desk_of(
    account: Written, zone: ZoneInfo | None = None, path: Path | None = None
) -> AsyncIterator[tuple[Desk, Ledger]]:
    """The owner has a key of that account alone. `path`: where the ledger is kept, if anywhere."""
    set_ms = clock_of(account).ms
    async with floor() as market, Store.opened(path, clock) as store:
        await market.open()
        clock_of(account).ms = set_ms
        ledger = Ledger(store)
        desk = market.front.desk
        desk.accounts = {account.venue: Access(account, ledger)}
        desk.zone = zone
        yield desk, ledger


async def snapshots(ledger: Ledger) -> list[Snapshot]:
    """All that were taken, in the order of time."""
    found: list[Snapshot] = []
    while taken := await ledger.snapshot_since(BOOK, found[-1].taken_ms + 1 if found else 0):
        found.append(taken)
    return found
