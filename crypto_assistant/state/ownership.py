"""What root makes in another user's directory belongs to that user, who has to open it later."""

import os
from contextlib import suppress
from pathlib import Path


def made(path: Path, flags: int = 0) -> int:
    """A descriptor of a file that is made for its owner alone where there is none; raises OSError.

    The owner is whose directory it is, as with the files that SQLite makes. That user may have put
    anything in its place: no link is followed, and nothing that was there before is given away.
    """
    existing = os.O_RDWR | os.O_NOFOLLOW
    try:
        fd = os.open(path, existing | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if flags & os.O_EXCL:
            raise
        return os.open(path, existing)
    if os.geteuid() == 0:
        directory = path.parent.stat()
        with suppress(OSError):  # Not every file system knows owners.
            os.fchown(fd, directory.st_uid, directory.st_gid)
    return fd
