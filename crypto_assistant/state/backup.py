"""Copies of the databases, whole and looked through, also while the daemon writes; and back."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from crypto_assistant.errors import StateFailed
from crypto_assistant.state.damage import (
    COMPANIONS,
    alone,
    beside,
    free_name,
    is_log,
    look_through,
    set_aside,
    size,
    stamp,
    words,
)
from crypto_assistant.state.disk import rename, sync
from crypto_assistant.state.lock import held
from crypto_assistant.state.ownership import made
from crypto_assistant.state.store import SCHEMA

BUSY_SECONDS = 5.0


def back_up(databases: Sequence[Path], target: Path, now_ms: int) -> Iterator[str]:
    """Copies those that exist into the directory `target`; the first of them to any other target.

    Yields a line for each copy. Raises StateFailed; a copy that failed leaves nothing behind.
    """
    try:
        yield from _copies(databases, target, now_ms)
    except (OSError, sqlite3.Error) as error:
        raise StateFailed(f"No copy in {target}: {words(error)}") from error


def restore(copy: Path, database: Path, now_ms: int) -> str:
    """Puts what a copy holds in the place of the database, which is set aside; a line about it.

    Raises StateFailed, also while a daemon runs, and ConfigError; nothing has changed then.
    """
    try:
        content = _content(copy)
        with held(database.parent), alone(database.parent):
            kept = _replaced(database, content, now_ms)
    except (OSError, sqlite3.Error) as error:
        raise StateFailed(f"{copy} is not restored: {words(error)}") from error
    before = f"; what was there is kept as {kept}" if kept.exists() else ""
    return f"{database}: as in {copy}{before}"


def _content(copy: Path) -> bytes:
    """Of the whole database, what is still in its log included."""
    with closing(_connected(copy)) as source:
        look_through(source)
        (version,) = source.execute("PRAGMA user_version").fetchone()
        if not 0 < version <= len(SCHEMA):
            newer = "of a newer version" if version > 0 else "none of this program's"
            raise StateFailed(f"{copy} is not restored: it is {newer}")
        return source.serialize()


def _replaced(database: Path, content: bytes, now_ms: int) -> Path:
    """Where the database was put that was there; everything of it goes, its log above all."""
    new = database.with_name(f".{database.name}.{os.getpid()}")
    fd = made(new, os.O_EXCL)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(fd)
        kept = _kept(database, now_ms)
        rename(new, database)
    finally:
        new.unlink(missing_ok=True)
    return kept


def _kept(database: Path, now_ms: int) -> Path:
    """Another name of what is there, which stays in its place, whole, until it is replaced."""
    if not database.exists() or not _is_whole(database):
        return set_aside(database, now_ms, "replaced")
    kept = free_name(database, now_ms, "replaced")
    try:
        kept.hardlink_to(database)
    except OSError:  # The file system knows one name for a file.
        return set_aside(database, now_ms, "replaced")
    sync(database.parent)
    return kept


def _is_whole(database: Path) -> bool:
    """Whether all that is in the log was written into the file, and the log is gone for good."""
    if size(beside(database, "-wal")) and not is_log(beside(database, "-wal")):
        return False
    try:
        with closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection:
            look_through(connection)
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error:
        return False
    sync(database.parent)
    return not any(beside(database, suffix).exists() for suffix in COMPANIONS)


def _copies(databases: Sequence[Path], target: Path, now_ms: int) -> Iterator[str]:
    found = [path for path in databases if path.exists()]
    if not found:
        raise StateFailed(f"There is no database in {databases[0].parent}")
    if not target.is_dir():
        rest = "".join(f"; {path.name} is not in it" for path in found[1:])
        yield f"{_copied(found[0], target)}{rest}"
        return
    for path in found:
        yield _copied(path, target / f"{path.stem}-{stamp(now_ms)}{path.suffix}")


def _copied(database: Path, target: Path) -> str:
    _copy(database, target)
    return f"{target}: {target.stat().st_size} bytes, a copy of {database}"


def _copy(database: Path, target: Path) -> None:
    if target.exists():
        raise FileExistsError(0, "the file exists")
    with _beside(target) as copy:
        with closing(_connected(database)) as source:
            source.execute("VACUUM INTO ?", (str(copy),))
        with closing(_connected(copy)) as written:
            look_through(written)
        sync(copy)
        # The name is taken first, since a renaming would replace what has come there meanwhile.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        rename(copy, target)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """An empty file for the owner alone, on the same disk; gone afterwards."""
    copy = target.with_name(f".{target.name}.{os.getpid()}")
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield copy
    finally:
        for suffix in ("", "-journal"):
            with suppress(FileNotFoundError):
                copy.with_name(copy.name + suffix).unlink()


def _connected(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, timeout=BUSY_SECONDS, isolation_level=None, uri=True)
