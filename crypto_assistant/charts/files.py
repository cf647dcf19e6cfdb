"""Pictures as files, where no chat shows them: for the owner alone, the newest of them."""

import os
import re
from contextlib import suppress
from pathlib import Path

MOST = 20
"""That are kept."""


def keep(directory: Path, name: str, png: bytes) -> Path:
    """Writes a picture, and forgets the oldest; raises OSError, with no part of a file left."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"{re.sub('[^A-Za-z0-9]+', '-', name).strip('-')}.png"
    new = path.with_suffix(f".{os.getpid()}.part")
    try:
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(png)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    by_age = sorted(directory.glob("*.png"), key=lambda one: one.stat().st_mtime_ns)
    for old in by_age[:-MOST]:
        with suppress(OSError):
            old.unlink()
    return path
