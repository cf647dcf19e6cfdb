"""What root makes in another user's directory belongs to that user, who has to open it later."""

import os
from contextlib import suppress
from pathlib import Path


def made(path: Path, flags: int = 0) -> int:
    """A descriptor of a file that is made for its owner alone where there is none; raises OSError.

    The owner is whose directory it is, as with the files that SQLite makes.
    """
    fd = os.open(path, os.O_CREAT | os.O_RDWR | flags, 0o600)
    if os.geteuid() == 0:
        directory = path.parent.stat()
        with suppress(OSError):  # Not every file system knows owners.
            os.fchown(fd, directory.st_uid, directory.st_gid)
    return fd
