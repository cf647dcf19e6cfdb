"""What the log of the owner's accounts says of a window, and the snapshots to hold it against."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from crypto_assistant.desk import Desk
from crypto_assistant.exchanges.base import Account, Exchange
from crypto_assistant.ledger import Book, Snapshot
from crypto_assistant.midnights import midnight_ms
from crypto_assistant.models import Entry
from crypto_assistant.round import Round

PART = "account log"


@dataclass(frozen=True, slots=True)
class LogWindow:
    """The lines of one account in the window from `start_ms` to `end_ms`, on the venue's clock.

    `complete_since_ms`: where they begin; the start itself where the log reaches that far.
    `snapshots`: of equity in the window, of the wallets that the log is about, the first one first.
    `snapshots_since_ms`: when the first of all was taken.
    """

    start_ms: int
    entries: tuple[Entry, ...]
    complete_since_ms: int
    end_ms: int
    snapshots: tuple[Snapshot, ...]
    snapshots_since_ms: int | None
    received_ms: int

    @property
    def opening(self) -> Snapshot | None:
        """The first one."""
        return self.snapshots[0] if self.snapshots else None


Note = Callable[[str, int, int], None]
"""Hears of a venue how many parts of its log have been read, of how many."""


def question(round: Round, days: int, note: Note) -> dict[str, LogWindow]:
    """Notes the question to each account: its log since midnight, so many days ago."""

    async def logged(exchange: Exchange) -> LogWindow:
        return await read(round.desk, exchange.name, days, partial(note, exchange.name))

    return round.ask(PART, logged)


async def read(desk: Desk, venue: str, days: int, note: Callable[[int, int], None]) -> LogWindow:
    """Brings the ledger of one account up to date and reads it; raises ExchangeError."""
    access = desk.accounts[venue]
    account, ledger = await access.account(), access.ledger

    async def update(account: Account) -> int:
        return await ledger.update(book, account, start_ms, end_ms, note)

    book = Book(venue, access.environment, (await access.permissions()).uid)
    end_ms = await account.clock.now_ms()
    start_ms = midnight_ms(end_ms, desk.zone, -days)
    with ledger.one_database():
        since_ms = await access.ask(update)
        snapshots = await ledger.snapshots_since(book, start_ms)
        return LogWindow(
            start_ms=start_ms,
            entries=tuple(await ledger.entries(book, since_ms, end_ms)),
            complete_since_ms=since_ms,
            end_ms=end_ms,
            snapshots=tuple(_margined(taken, account) for taken in snapshots),
            snapshots_since_ms=await ledger.first_snapshot_ms(book),
            received_ms=desk.clock_ms(),
        )


def _margined(snapshot: Snapshot, account: Account) -> Snapshot:
    return replace(snapshot, rows=tuple(r for r in snapshot.rows if r.wallet in account.margined))
