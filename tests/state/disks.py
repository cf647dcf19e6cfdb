"""A disk that fills up and is given room again."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Disk(Protocol):
    """Full between `fill` and `free`; `reason` is what SQLite says of it then."""

    path: Path
    reason: str

    def fill(self) -> None: ...
    def free(self) -> None: ...


@dataclass
class Limited:
    """The process may not write into any file: whoever runs the tests can have that."""

    path: Path
    reason: str = "disk I/O error"

    def fill(self) -> None:
        limit_files(0)

    def free(self) -> None:
        limit_files(resource.RLIM_INFINITY)


@dataclass
class Mounted:
    """A file system of 2 MB, which only root can have."""

    path: Path
    reason: str = "database or disk is full"

    def fill(self) -> None:
        with suppress(OSError), (self.path / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(os.statvfs(self.path).f_frsize))

    def free(self) -> None:
        (self.path / "ballast").unlink(missing_ok=True)


def limit_files(size: int) -> None:
    """How long a file of this process may grow, in bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextmanager
def limited(path: Path) -> Iterator[Disk]:
    disk = Limited(path)
    try:
        yield disk
    finally:
        disk.free()


@contextmanager
def mounted(path: Path) -> Iterator[Disk]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", path], check=True)
    try:
        yield Mounted(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def _can_mount() -> bool:
    """Tried in a mount name space of its own, which ends with it."""
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return not subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:
        return False


DISKS = [limited, mounted] if os.geteuid() == 0 and _can_mount() else [limited]
