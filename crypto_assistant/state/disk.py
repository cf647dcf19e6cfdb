"""What a power cut leaves of files: names count once their directory has been synced."""

import errno
import os
from pathlib import Path


def make_directory(path: Path) -> None:
    """One for the owner alone, and those above it; where they are there already, nothing."""
    if not path.exists():
        make_directory(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        sync(path.parent)


def rename(path: Path, target: Path) -> None:
    """Once it returns, the new name outlives a power cut, and the old one is gone for good."""
    path.rename(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Writes a file to the disk, or the names in a directory."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:  # Some file systems cannot sync a directory.
            raise
    finally:
        os.close(fd)
