"""What the logs of the owner's accounts said, kept for longer than the venues keep them."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from sqlite3 import Connection, Error
from typing import NamedTuple, TypeVar

from crypto_assistant.errors import ExchangeError, LedgerFailed, Malformed
from crypto_assistant.exchanges.base import Account
from crypto_assistant.models import HOUR_MS, AccountLog, Entry, Family, Flow
from crypto_assistant.net.limiter import share
from crypto_assistant.state.store import Store

T = TypeVar("T")
Stretch = tuple[int, int]
"""From when until before when, in ms."""

SETTLING_MS = HOUR_MS
"""Lines appear late at the venues: what is younger is asked for again each time."""
REACH_MARGIN_MS = 600_000
"""What a venue is about to forget is not asked for: it may be gone before its turn comes."""
AT_ONCE = 4


class Book(NamedTuple):
    """Whose ledger: one account of one venue."""

    venue: str
    environment: str
    uid: str


class SnapshotRow(NamedTuple):
    """A coin in a wallet, and what one of it was worth; None where nothing told it."""

    wallet: str
    coin: str
    coins: float
    unrealised: float | None
    usd_per_coin: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an account held at one moment, by the venue's clock; `coins` as in Holding."""

    venue: str
    environment: str
    uid: str
    taken_ms: int
    rows: tuple[SnapshotRow, ...]


class Ledger:
    """Every line that was ever read of the accounts' logs, and snapshots of equity.

    It knows which stretches of time it covers, and asks for no more than is missing. Times are
    the venues'.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._updating: defaultdict[tuple[Book, float], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def update(
        self,
        book: Book,
        account: Account,
        start_ms: int,
        end_ms: int,
        report: Callable[[int, int], None],
        *,
        afresh: bool = False,
    ) -> int:
        """Reads what is missing of [`start_ms`, `end_ms`); returns since when all of it is there.

        That is later than the start where the venue does not reach back so far. `report` is told
        how many windows are read, of how many. `afresh`: also what is covered is read again. Raises
        the first window's ExchangeError; the windows that came whole are kept.
        """
        # Who may use the whole limit does not wait for who may use a part of it.
        async with self._updating[book, share.get()]:
            now_ms = await account.clock.now_ms()
            end_ms = min(end_ms, now_ms)
            reach_ms = min(end_ms, now_ms - account.log_reach_ms + REACH_MARGIN_MS)
            first_ms = max(start_ms, reach_ms)
            known_ms = min(end_ms, now_ms - SETTLING_MS)
            covered = [] if afresh else await self._covered(book, first_ms, known_ms)
            gaps = _gaps(covered, first_ms, end_ms)
            windows = [window for gap in gaps for window in _cut(gap, account.log_window_ms)]

            async def fetch(window: Stretch) -> None:
                log = _sound(await account.log(*window), window)
                await self._write(lambda db: _keep(db, book, log, now_ms - SETTLING_MS))

            await _each(windows[::-1], fetch, report)
            since_ms = await self._read(lambda db: _since(db, book, first_ms))
            return max(start_ms, since_ms)

    @contextmanager
    def one_database(self) -> Iterator[None]:
        """Raises LedgerFailed at the end of a block in which a damaged database was replaced.

        What was read in it may come from both, and the new one knows next to nothing.
        """
        begun = self._store.begun_anew
        yield
        if self._store.begun_anew != begun:
            raise LedgerFailed("it was damaged and is begun anew; ask again")

    async def entries(self, book: Book, start_ms: int, end_ms: int) -> list[Entry]:
        """The lines of [`start_ms`, `end_ms`), in the order of time."""
        return await self._read(lambda db: _entries(db, book, start_ms, end_ms))

    async def keep_snapshot(self, snapshot: Snapshot) -> None:
        """Keeps a snapshot; of two that were taken at one moment, the first."""
        rows = json.dumps([row._asdict() for row in snapshot.rows], allow_nan=False)
        book = (snapshot.venue, snapshot.environment, snapshot.uid)
        sql = "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        await self._write(lambda db: db.execute(sql, (*book, snapshot.taken_ms, rows)))

    async def snapshot_since(self, book: Book, ms: int) -> Snapshot | None:
        """The first one that was taken at `ms` or later."""
        return await self._read(lambda db: next(_snapshots(db, book, ms), None))

    async def snapshots_since(self, book: Book, ms: int) -> list[Snapshot]:
        """All that were taken at `ms` or later, in the order of time."""
        return await self._read(lambda db: list(_snapshots(db, book, ms)))

    async def first_snapshot_ms(self, book: Book) -> int | None:
        """When the first of all was taken."""
        sql = "SELECT min(taken_ms) FROM snapshots WHERE (venue, environment, uid) = (?, ?, ?)"
        return await self._read(lambda db: _one(db, sql, book))

    async def _covered(self, book: Book, start_ms: int, end_ms: int) -> list[Stretch]:
        found = await self._read(lambda db: _covered(db, book, start_ms, end_ms))
        return [(first_ms, min(last_ms, end_ms)) for first_ms, last_ms in found]

    async def _read(self, query: Callable[[Connection], T]) -> T:
        with _told():
            return await self._store.read(query)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        with _told():
            return await self._store.write(work)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except Error as error:
        raise LedgerFailed(str(error)) from error


async def _each(
    windows: Sequence[Stretch],
    fetch: Callable[[Stretch], Awaitable[None]],
    report: Callable[[int, int], None],
) -> None:
    """Fetches them, a few at once; a failure lets those under way end and begins no other."""
    left = iter(windows)
    done = 0
    failures: list[ExchangeError] = []

    async def work() -> None:
        nonlocal done
        while not failures and (window := next(left, None)):
            try:
                await fetch(window)
            except ExchangeError as error:
                failures.append(error)
            else:
                done += 1
                report(done, len(windows))

    report(0, len(windows))
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
    if failures:
        raise failures[0]


def _gaps(covered: Iterable[Stretch], start_ms: int, end_ms: int) -> Iterator[Stretch]:
    """What lies between the stretches, which come in the order of time."""
    for first_ms, last_ms in (*covered, (end_ms, end_ms)):
        if start_ms < first_ms:
            yield start_ms, first_ms
        start_ms = max(start_ms, last_ms)


def _cut(stretch: Stretch, longest_ms: int) -> Iterator[Stretch]:
    """Windows that end at multiples of the longest, so that the next try asks for the same."""
    start_ms, end_ms = stretch
    first_ms = start_ms - start_ms % longest_ms + longest_ms
    return pairwise((start_ms, *range(first_ms, end_ms, longest_ms), end_ms))


def _sound(log: AccountLog, window: Stretch) -> AccountLog:
    start_ms, end_ms = window
    for entry in log.entries:
        if not isfinite(entry.coins):
            raise Malformed(f"a line of the account log without its amount: {entry.key}")
        if not start_ms <= entry.time_ms < end_ms:
            raise Malformed(f"a line of the account log of another time: {entry.key}")
    return log


def _keep(db: Connection, book: Book, log: AccountLog, settled_ms: int) -> None:
    """Adds the lines that are new, and the log's stretch to the coverage."""
    db.executemany(
        """INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (venue, environment, uid, key, flow) DO NOTHING""",
        [
            (*book, e.key, e.flow, e.time_ms, e.family, e.symbol, e.coin, e.coins)
            for e in log.entries
        ],
    )
    _agrees(db, book, log)
    db.execute(  # What a clock that was ahead has covered before its time.
        """UPDATE coverage SET end_ms = max(start_ms, ?)
        WHERE (venue, environment, uid) = (?, ?, ?) AND end_ms > ?""",
        (settled_ms, *book, settled_ms),
    )
    end_ms = min(log.end_ms, settled_ms)
    if log.start_ms < end_ms:
        _cover(db, book, log.start_ms, end_ms)


def _agrees(db: Connection, book: Book, log: AccountLog) -> None:
    """Raises Malformed where a line is kept as another, from before or from this very log."""
    found = _entries(db, book, log.start_ms, log.end_ms)
    kept = {(entry.key, entry.flow): (entry.time_ms, entry.coins) for entry in found}
    for entry in log.entries:
        if kept.get((entry.key, entry.flow)) != (entry.time_ms, entry.coins):
            raise Malformed(f"a line of the account log told in two ways: {entry.key}")


def _cover(db: Connection, book: Book, start_ms: int, end_ms: int) -> None:
    """Joins a stretch with those that it meets: no two in the table touch."""
    met = db.execute(
        """DELETE FROM coverage
        WHERE (venue, environment, uid) = (?, ?, ?) AND start_ms <= ? AND end_ms >= ?
        RETURNING start_ms, end_ms""",
        (*book, end_ms, start_ms),
    ).fetchall()
    starts, ends = zip(*met, (start_ms, end_ms), strict=True)
    db.execute("INSERT INTO coverage VALUES (?, ?, ?, ?, ?)", (*book, min(starts), max(ends)))


def _covered(db: Connection, book: Book, start_ms: int, end_ms: int) -> list[Stretch]:
    sql = """SELECT start_ms, end_ms FROM coverage
        WHERE (venue, environment, uid) = (?, ?, ?) AND start_ms < ? AND end_ms > ?
        ORDER BY start_ms"""
    return db.execute(sql, (*book, end_ms, start_ms)).fetchall()


def _since(db: Connection, book: Book, ms: int) -> int:
    """Where the stretch begins that reaches `ms`; `ms` where none does."""
    sql = """SELECT start_ms FROM coverage
        WHERE (venue, environment, uid) = (?, ?, ?) AND start_ms <= ? AND end_ms >= ?"""
    since_ms = _one(db, sql, (*book, ms, ms))
    return ms if since_ms is None else since_ms


def _one(db: Connection, sql: str, values: Sequence[str | int]) -> int | None:
    row = db.execute(sql, values).fetchone()
    return row[0] if row else None


def _entries(db: Connection, book: Book, start_ms: int, end_ms: int) -> list[Entry]:
    rows = db.execute(
        """SELECT key, flow, time_ms, family, symbol, coin, coins FROM entries
        WHERE (venue, environment, uid) = (?, ?, ?) AND time_ms >= ? AND time_ms < ?
        ORDER BY time_ms, rowid""",
        (*book, start_ms, end_ms),
    )
    return [
        Entry(key, Flow(flow), time_ms, family and Family(family), symbol, coin, coins)
        for key, flow, time_ms, family, symbol, coin, coins in rows
    ]


def _snapshots(db: Connection, book: Book, ms: int) -> Iterator[Snapshot]:
    sql = """SELECT taken_ms, rows FROM snapshots
        WHERE (venue, environment, uid) = (?, ?, ?) AND taken_ms >= ? ORDER BY taken_ms"""
    for taken_ms, rows in db.execute(sql, (*book, ms)):
        yield Snapshot(*book, taken_ms, tuple(SnapshotRow(**row) for row in json.loads(rows)))
