"""The questions that are not answered yet: in the file, and in memory for while that fails."""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import starmap
from typing import NamedTuple, TypeVar

from crypto_assistant.state.damage import is_damage
from crypto_assistant.state.database import Database

T = TypeVar("T")

log = logging.getLogger(__name__)

MOST_STARTS = 3
"""A question left so often by a life that ended badly may itself be what ends the program."""


class Question(NamedTuple):
    """An update, when it came, and how many lives have begun it that did not end well."""

    received_ms: int
    update_id: int
    body: bytes
    starts: int = 0


class Left(NamedTuple):
    """What earlier lives received and did not answer, oldest first: updates' bodies by their ids.

    `given_up`: not to be asked again by itself, since every life that asked it ended badly; it
    stays in the inbox until it is forgotten.
    """

    to_answer: dict[int, bytes]
    given_up: dict[int, bytes]


class Inbox:
    """Raises nothing: what the file does not take is known here, and written when it does.

    What is handed in meanwhile is written together, so that on a slow disk a question waits for the
    write under way and its own. `ending`: from now on nothing is written before `close`, which
    writes all of it.
    """

    def __init__(self, file: Database) -> None:
        self.ending = False
        self._file = file
        self._open: dict[int, Question] = {}
        self._answered: set[int] = set()
        self._begun: set[int] | None = None
        self._news: deque[Callable[[], None]] = deque()
        self._is_read = False
        self._is_written = True
        self._begun_anew = 0

    def __len__(self) -> int:
        return len(self._open)

    @property
    def is_taken_up(self) -> bool:
        """Whether `left` has told all that it ever will; known on any thread."""
        return self._begun is not None

    def receives(self, updates: Mapping[int, bytes], received_ms: int) -> None:
        """To be written by the next `settle`, on any thread; what is there stays as it is."""
        self._news.append(partial(self._receive, updates, received_ms))

    def answered(self, update_ids: Iterable[int]) -> None:
        """To be deleted by the next `settle`, on any thread."""
        self._news.append(partial(self._answer, list(update_ids)))

    def settle(self) -> bool:
        """Writes what was handed in; whether all that is open is in the file."""
        self._settle()
        return self._is_written or not self._open

    def _receive(self, updates: Mapping[int, bytes], received_ms: int) -> None:
        for update_id, body in updates.items():
            self._open.setdefault(update_id, Question(received_ms, update_id, body))
        self._is_written &= not updates

    def _answer(self, update_ids: Iterable[int]) -> None:
        for update_id in update_ids:
            self._open.pop(update_id, None)
            self._answered.add(update_id)
        self._is_written = False

    def _take_news(self) -> None:
        while self._news:
            self._news.popleft()()

    def left(self) -> Left:
        """All that is open, once it can be read; nothing before that, and nothing afterwards.

        What is to be answered counts as begun until the inbox is closed.
        """
        self._take_news()
        if self._begun is not None or not self._read():
            return Left({}, {})
        ordered = sorted(self._open.values())
        given_up = {q.update_id: q.body for q in ordered if q.starts >= MOST_STARTS}
        to_answer = {q.update_id: q.body for q in ordered if q.starts < MOST_STARTS}
        if given_up:
            log.error("%d questions are given up: %d lives ended badly", len(given_up), MOST_STARTS)
        self._begun = set(to_answer)
        self._count(+1)
        self._settle()
        return Left(to_answer, given_up)

    def close(self, *, ended_well: bool) -> None:
        """What was begun counts no longer, if the program ended well."""
        self.ending = False
        self._take_news()
        if ended_well:
            self._count(-1)
        if not self._is_written:
            self._file.try_again(now=True)
        self._settle()
        if not self._is_written:
            log.warning("the inbox on the disk is not what was answered: %s", self._file.trouble)

    def _count(self, starts: int) -> None:
        for update_id in self._open.keys() & (self._begun or ()):
            question = self._open[update_id]
            self._open[update_id] = question._replace(starts=question.starts + starts)
            self._is_written = False

    def _read(self) -> bool:
        """Whether what the file held at first is known here."""
        if not self._is_read:
            sql = "SELECT received_ms, update_id, body, starts FROM inbox"
            rows = self._asked(lambda: self._file.read(lambda db: db.execute(sql).fetchall()))
            found = {question.update_id: question for question in starmap(Question, rows or ())}
            self._open |= {n: found[n] for n in found.keys() - self._answered}
            self._is_read = rows is not None
        return self._is_read

    def _settle(self) -> None:
        """Writes what is open and deletes what is not, unless that is done."""
        self._take_news()
        self._file.notice_loss()
        self._is_written &= self._begun_anew == self._file.begun_anew
        self._begun_anew = self._file.begun_anew
        if not (self._is_written or self.ending) and self._read():
            self._is_written = self._asked(lambda: self._file.write(self._write)) is not None

    def _write(self, db: sqlite3.Connection) -> bool:
        sql = """INSERT INTO inbox (received_ms, update_id, body, starts) VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET starts = excluded.starts WHERE starts <> excluded.starts"""
        db.executemany(sql, self._open.values())
        sql = "DELETE FROM inbox WHERE update_id = ?"
        db.executemany(sql, [(update_id,) for update_id in self._answered])
        return True

    def _asked(self, ask: Callable[[], T]) -> T | None:
        """None where the file fails; asked once more after damage, which leaves a new file."""
        for _ in range(2):
            try:
                return ask()
            except sqlite3.Error as error:
                if not is_damage(error):
                    self._file.fails(error)
                    break
        return None
