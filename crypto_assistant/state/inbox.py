"""The questions that are not answered yet: in the file, and in memory for while that fails."""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from crypto_assistant.state.damage import is_damage
from crypto_assistant.state.database import Database, Unopened

T = TypeVar("T")

log = logging.getLogger(__name__)

MOST_STARTS = 3
"""A question left so often by a life that ended badly may itself be what ends the program."""


class Question(NamedTuple):
    """An update, and when it came."""

    received_ms: int
    update_id: int
    body: bytes


class Left(NamedTuple):
    """What earlier lives received and did not answer, oldest first: the updates' bodies.

    `given_up`: not to be asked again by itself, since every life that asked it ended badly; it
    stays in the inbox until it is forgotten.
    """

    to_answer: list[bytes]
    given_up: list[bytes]


class Inbox:
    """All of it raises sqlite3.Error where the file fails, and nothing where it cannot be opened.

    Either way it is known here, and written with the next call that can write.
    """

    def __init__(self, file: Database) -> None:
        self._file = file
        self._open: dict[int, Question] = {}
        self._answered: set[int] = set()
        self._begun: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self._open)

    def keep(self, updates: Mapping[int, bytes], received_ms: int) -> None:
        """One that is there already stays as it is."""
        for update_id, body in updates.items():
            self._open.setdefault(update_id, Question(received_ms, update_id, body))
        self._write()

    def forget(self, update_ids: Iterable[int]) -> None:
        """They have been answered."""
        for update_id in update_ids:
            self._open.pop(update_id, None)
            self._answered.add(update_id)
        self._write()

    def left(self) -> Left:
        """All that is open; what is to be answered counts as begun until the inbox is closed."""
        starts = self._read()
        open_ = sorted(self._open.values())
        given_up = [q for q in open_ if starts.get(q.update_id, 0) >= MOST_STARTS]
        to_answer = [q for q in open_ if starts.get(q.update_id, 0) < MOST_STARTS]
        if given_up:
            log.error("%d questions are given up: %d lives ended badly", len(given_up), MOST_STARTS)
        self._begin([q.update_id for q in to_answer])
        return Left([q.body for q in to_answer], [q.body for q in given_up])

    def close(self, *, ended_well: bool) -> None:
        """What was begun counts no longer, if the program ended well."""
        if not (self._open or self._answered):
            return
        self._file.try_again(now=True)
        try:
            self._settle(self._begun if ended_well else (), -1)
        except sqlite3.Error as error:
            log.warning("the inbox on the disk is not what was answered: %s", error)

    def _read(self) -> Mapping[int, int]:
        """Adds what is in the file; returns how often each was begun."""
        sql = "SELECT received_ms, update_id, body, starts FROM inbox"
        rows = []
        with suppress(Unopened):
            rows = self._mended(lambda: self._file.read(lambda db: db.execute(sql).fetchall()))
        found = {row[1]: Question(*row[:3]) for row in rows if row[1] not in self._answered}
        self._open = found | self._open
        return {update_id: starts for _, update_id, _, starts in rows}

    def _begin(self, update_ids: Sequence[int]) -> None:
        try:
            self._settle(update_ids, +1)
            self._begun = update_ids
        except Unopened:
            pass
        except sqlite3.Error as error:
            log.warning("how often questions were begun is not counted: %s", error)

    def _write(self) -> None:
        with suppress(Unopened):
            self._settle()

    def _settle(self, begun: Sequence[int] = (), starts: int = 0) -> None:
        """Writes what is open and deletes what is not; `begun` are begun so many times more."""

        def work(db: sqlite3.Connection) -> None:
            sql = "INSERT OR IGNORE INTO inbox (received_ms, update_id, body) VALUES (?, ?, ?)"
            db.executemany(sql, self._open.values())
            sql = "DELETE FROM inbox WHERE update_id = ?"
            db.executemany(sql, [(update_id,) for update_id in self._answered])
            sql = "UPDATE inbox SET starts = starts + ? WHERE update_id = ?"
            db.executemany(sql, [(starts, update_id) for update_id in begun])

        self._mended(lambda: self._file.write(work))
        self._answered.clear()

    def _mended(self, ask: Callable[[], T]) -> T:
        """Asked once more where it met damage, which leaves a new file."""
        try:
            return ask()
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
        return ask()
