"""One daemon in a state directory: a second one would answer every question twice."""

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crypto_assistant.errors import ConfigError, StateFailed
from crypto_assistant.state.disk import make_directory
from crypto_assistant.state.ownership import made

log = logging.getLogger(__name__)

NAME = "daemon.lock"
WRONG = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EEXIST}
"""Why a directory cannot be used however often it is tried."""
IN_PLACE = {errno.ELOOP: f"{NAME} is a link", errno.EISDIR: f"{NAME} is a directory"}
"""What somebody has put where the lock belongs: never taken for it."""


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """The directory is this process's until the block ends, or the process, however it does.

    Raises StateFailed where it is another's, ConfigError where it cannot be written at all. Where
    the disk or its file system knows no lock at the moment, the block goes on without.
    """
    fd = _opened(directory)
    try:
        if fd is not None:
            _lock(fd, directory)
        yield
    finally:
        if fd is not None:
            os.close(fd)


def _opened(directory: Path) -> int | None:
    try:
        make_directory(directory)
        return made(directory / NAME)
    except OSError as error:
        if error.errno in WRONG | IN_PLACE.keys():
            reason = IN_PLACE.get(error.errno, error.strerror)
            raise ConfigError(
                f"The state directory {directory} cannot be used: {reason}"
            ) from error
        _warn(directory, error)
        return None


def _lock(fd: int, directory: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(fd, 20, 0).decode(errors="replace").strip() or "unknown"
        raise StateFailed(f"Another daemon runs in {directory}: process {pid}") from None
    except OSError as error:
        _warn(directory, error)
        return
    with suppress(OSError):  # On a full disk the lock holds all the same.
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)


def _warn(directory: Path, error: OSError) -> None:
    log.warning("nothing keeps a second daemon out of %s: %s", directory, error.strerror)
