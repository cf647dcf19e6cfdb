"""A SQLite file: brought up to date, tried again while it fails, begun anew where it is damaged."""

import errno
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from crypto_assistant.errors import ConfigError
from crypto_assistant.state.damage import (
    COMPANIONS,
    alone,
    beside,
    is_damage,
    primary_code,
    set_aside,
    set_aside_stray_log,
    size,
    words,
)
from crypto_assistant.state.disk import make_directory
from crypto_assistant.state.migration import make_ready, transaction
from crypto_assistant.state.ownership import made

T = TypeVar("T")

log = logging.getLogger(__name__)


PASSING = {
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CANTOPEN),
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL),
    sqlite3.SQLITE_READONLY,
}
PASSING_ON_DISK = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM),
}
"""What the disk, the memory or another process is to blame for: it may be otherwise later."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `busy`: for how long another process may be writing; `last_busy`: at the end.

    With the grace for answers they fit into the five in which a stop is over. `retry`: between two
    tries to open.
    """

    busy: float = 1.0
    last_busy: float = 0.2
    retry: float = 60.0


class Database:
    """One file, used on one thread; None instead of a path: in memory.

    Every error of SQLite's is raised to who asked; after damage the next question meets a new file.
    The log has it once when the file begins to fail, and once when it works again.
    `begun_anew`: how often the file was found damaged, or gone. `now`: seconds on a clock that
    nobody sets, and like `clock_ms` to be read on that thread.
    """

    def __init__(
        self,
        path: Path | None,
        schema: Sequence[str],
        timing: Timing,
        now: Callable[[], float],
        clock_ms: Callable[[], int],
    ) -> None:
        self.path = path
        self.begun_anew = 0
        self._schema = schema
        self._timing = timing
        self._now = now
        self._clock_ms = clock_ms
        self._busy = timing.busy
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._tried = 0.0
        self._failure = self._aside = ""

    def open(self) -> None:
        """Opens it, or leaves that to `try_again`; raises ConfigError where that does not help."""
        self._tried = self._now()
        try:
            self._connection = self._opened()
        except (OSError, sqlite3.Error) as error:
            if not _passes(error):
                raise _unusable(self.path, words(error)) from error
            self._fails(f"it cannot be opened: {words(error)}")
        else:
            self._works()

    def try_again(self, *, now: bool = False) -> None:
        """Opens what could not be opened, once a minute at most, unless it is wanted `now`."""
        is_due = now or self._now() - self._tried >= self._timing.retry
        if self._connection or not is_due:
            return
        try:
            self.open()
        except ConfigError as error:
            self._fails(f"it cannot be opened: {error}")

    def hurry(self) -> None:
        """The end is near: from now on nobody is waited for long."""
        self._busy = self._timing.last_busy
        self._wait_for(self._busy)

    def close(self) -> None:
        """Until it is opened again."""
        if self._connection:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    @property
    def trouble(self) -> str | None:
        """What is wrong, in words: now, and what was set aside in this life; None: nothing."""
        return "; ".join(filter(None, (self._failure, self._aside))) or None

    def size_bytes(self) -> int | None:
        """On the disk, what is not written into the file yet included; None: it does not tell."""
        try:
            return size(self.path) + size(beside(self.path, "-wal")) if self.path else 0
        except OSError:
            return None

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns; what it changes is written whole, or not at all."""
        with self._watched() as connection:
            changes = connection.total_changes
            with transaction(connection):
                result = work(connection)
            if connection.total_changes > changes:  # Else the disk was not needed.
                self._works()
            return result

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """What one query finds; it waits for no other process that writes."""
        with self._watched() as connection:
            return query(connection)

    def fails(self, error: sqlite3.Error) -> None:
        """Says so: whoever must be able to write cannot."""
        if self._connection:
            self._fails(f"it fails: {error}")

    def notice_loss(self) -> None:
        """What is written into a file that has no name any more is lost with the process."""
        if self._connection is None or self.path is None or self._stands(self.path):
            return
        gone = "it was deleted or replaced while it was open, and what stands there is used"
        log.error("the database %s: %s", self.path, gone)
        self.begun_anew += 1
        self._aside = ""
        self.close()
        self.try_again(now=True)
        self._aside = "; ".join(filter(None, (gone, self._aside)))

    @contextmanager
    def _watched(self) -> Iterator[sqlite3.Connection]:
        self.notice_loss()
        self.try_again()
        if self._connection is None:
            raise sqlite3.OperationalError(self._failure)
        try:
            yield self._connection
        except sqlite3.Error as error:
            if self.path and is_damage(error):
                self._begin_anew(self.path, error)
            elif _passes(error):
                self.fails(error)
            raise

    def _stands(self, path: Path) -> bool:
        try:
            return path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False
        except OSError:
            return True

    def _begin_anew(self, path: Path, damage: sqlite3.Error) -> None:
        self.begun_anew += 1
        try:
            with alone(path.parent):
                self._put_aside(path, damage)
        except OSError as error:
            self.close()
            self._fails(f"it cannot be set aside: {words(error)}")
        else:
            self.try_again(now=True)

    def _put_aside(self, path: Path, damage: sqlite3.Error) -> None:
        """Unless another process has replaced it already."""
        if path.exists() and path.stat().st_ino == self._inode:
            self._tell(f"it was damaged ({damage})", set_aside(path, self._clock_ms()))
        self.close()

    def _opened(self) -> sqlite3.Connection:
        if self.path is None:
            return make_ready(self._connected(":memory:"), None, self._schema)
        make_directory(self.path.parent)
        with alone(self.path.parent):  # Who makes, sets aside and closes does it undisturbed.
            try:
                return self._found_or_made(self.path)
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
            return self._found_or_made(self.path)

    def _found_or_made(self, path: Path) -> sqlite3.Connection:
        _make_file(path)
        if kept := set_aside_stray_log(path, self._clock_ms()):
            self._tell("its write-ahead log is none", kept)
        self._inode = path.stat().st_ino
        with ExitStack() as undo:
            connection = undo.enter_context(closing(self._connected(path)))
            try:
                make_ready(connection, path, self._schema)
            except sqlite3.Error as error:
                if is_damage(error):
                    self._tell(f"it was damaged ({error})", set_aside(path, self._clock_ms()))
                raise
            undo.pop_all()
            return connection

    def _connected(self, path: Path | str) -> sqlite3.Connection:
        """In its schema, clock_ms() tells the time."""
        connection = sqlite3.connect(path, timeout=self._busy, isolation_level=None)
        connection.create_function("clock_ms", 0, self._clock_ms)
        return connection

    def _tell(self, what: str, kept: Path) -> None:
        self._aside = f"{what}: set aside as {kept.name}, and a new one begun"
        log.error("the database %s: %s", self.path, self._aside)

    def _fails(self, how: str) -> None:
        if not self._failure:
            log.error(
                "the database %s: %s; until it works again, questions are kept in memory alone,"
                " and nothing of the accounts",
                *(self.path, how),
            )
        self._failure = how
        self._wait_for(0)  # Whoever holds it has been waited for.

    def _works(self) -> None:
        if self._failure:
            log.warning("the database %s works again", self.path)
        self._failure = ""
        self._wait_for(self._busy)

    def _wait_for(self, seconds: float) -> None:
        if self._connection:
            self._connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")


def _passes(error: OSError | sqlite3.Error) -> bool:
    if isinstance(error, OSError):
        return error.errno in PASSING_ON_DISK
    return primary_code(error) in PASSING


def _unusable(path: Path | None, reason: str) -> ConfigError:
    return ConfigError(f"The database {path} cannot be used: {reason}")


def _make_file(path: Path) -> None:
    """An empty one where there is none; raises ConfigError, OSError."""
    with suppress(FileExistsError):
        # Never opened where it exists: closing it would take SQLite's locks from this process.
        os.close(made(path, os.O_EXCL))
    if path.is_symlink() or not path.is_file():
        raise _unusable(path, "it is no file")
    for used in (path.parent, path, *(beside(path, suffix) for suffix in COMPANIONS)):
        if used.exists() and not os.access(used, os.R_OK | os.W_OK):
            raise _unusable(path, f"{used} is not writable")
