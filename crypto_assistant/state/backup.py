"""Copies of the databases, whole and looked through, also while the daemon writes."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from crypto_assistant.errors import StateFailed
from crypto_assistant.state.damage import look_through

BUSY_SECONDS = 5.0


def back_up(databases: Sequence[Path], target: Path) -> Iterator[str]:
    """Copies those that exist into the directory `target`; the first of them to any other target.

    Yields a line for each copy. Raises StateFailed; a copy that failed leaves nothing behind.
    """
    try:
        yield from _copies(databases, target)
    except (OSError, sqlite3.Error) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise StateFailed(f"No copy in {target}: {reason}") from error


def _copies(databases: Sequence[Path], target: Path) -> Iterator[str]:
    found = [path for path in databases if path.exists()]
    if not found:
        raise StateFailed(f"There is no database in {databases[0].parent}")
    if not target.is_dir():
        rest = "".join(f"; {path.name} is not in it" for path in found[1:])
        yield f"{_copied(found[0], target)}{rest}"
        return
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    for path in found:
        yield _copied(path, target / f"{path.stem}-{now}{path.suffix}")


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
        _sync(copy)
        # The name is taken first, since a renaming would replace what has come there meanwhile.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        copy.rename(target)
        _sync(target.parent)


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


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
