"""Runs a process over a directory, and leaves what a power cut at any of its writes could leave."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

SOURCE = Path(__file__).with_name("recorder.c")
ROOT = Path(__file__).parents[2]
SECTOR = 512
ALL, NONE, SOME = "all", "none", "some"
"""Of what was not synced: what reached the disk."""


class Operation(NamedTuple):
    """`what`: Create, Write, Truncate, Sync, Unlink, Rename, Link, make a Directory, Acknowledge.

    `number`: the offset, the size or what was acknowledged; `content`: the bytes or the new name.
    """

    what: str
    number: int
    path: str
    content: bytes


@dataclass
class File:
    """What is on the disk, and what was written since the last sync."""

    content: bytearray = field(default_factory=bytearray)
    pending: list[Operation] = field(default_factory=list)

    def sync(self) -> None:
        for operation in self.pending:
            self._apply(operation)
        self.pending.clear()

    def after(self, random: Random, mode: str) -> bytes:
        """Sectors reach the disk one by one, in any order, or not at all."""
        left = File(bytearray(self.content))
        for operation in self.pending:
            for part in _sectors(operation):
                if mode == ALL or (mode == SOME and random.random() < 0.5):
                    left._apply(part)
        return bytes(left.content)

    def _apply(self, operation: Operation) -> None:
        at, content = operation.number, operation.content
        if operation.what == "T":
            del self.content[at:]
        self.content.extend(bytes(max(0, at - len(self.content))))
        self.content[at : at + len(content)] = content


class Disk:
    """Files by their names: the names that are known to all, and those that are on the disk.

    A name that is new or gone is on the disk when its directory was synced; before, it may be,
    whatever became of another. None instead of a file: a directory.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        above = {str(directory) for name in files for directory in Path(name).parents}
        self._seen: dict[str, File | None] = dict.fromkeys(above)
        self._seen |= {name: File(bytearray(content)) for name, content in files.items()}
        self._kept = dict(self._seen)
        self._pending: list[tuple[str, File | None, bool]] = []
        self.acknowledged: list[int] = []

    def do(self, operation: Operation) -> None:
        what, number, path, content = operation
        if what == "A":
            self.acknowledged.append(number)
        elif what in "WT":
            self._file(path).pending.append(operation)
        elif what == "S":
            self._sync(path)
        elif what == "U":
            self._name(path, self._seen.pop(path), there=False)
        elif what in "RL":
            self._another_name(path, content.decode(), gone=what == "R")
        elif path not in self._seen:
            self._name(path, None if what == "D" else File(), there=True)

    def after(self, random: Random) -> dict[str, bytes]:
        """The files that a power cut leaves now."""
        mode = random.choices((ALL, NONE, SOME), (2, 3, 5))[0]
        names = dict(self._kept)
        for path, file, there in self._pending:
            if mode == ALL or (mode == SOME and random.random() < 0.5):
                _set(names, path, file, there=there)
        return {
            path: file.after(random, mode)
            for path, file in names.items()
            if file and all(str(above) in names for above in list(Path(path).parents)[:-1])
        }

    def _file(self, path: str) -> File:
        file = self._seen[path]
        assert file
        return file

    def _sync(self, path: str) -> None:
        if file := self._seen.get(path):
            file.sync()
            return
        for name, known, there in self._pending:
            if str(Path(name).parent) == path:
                _set(self._kept, name, known, there=there)
        self._pending = [one for one in self._pending if str(Path(one[0]).parent) != path]

    def _another_name(self, path: str, new: str, *, gone: bool) -> None:
        file = self._seen[path]
        self._name(new, file, there=True)
        if gone:
            self._name(path, self._seen.pop(path), there=False)

    def _name(self, path: str, file: File | None, *, there: bool) -> None:
        _set(self._seen, path, file, there=there)
        self._pending.append((path, file, there))


@dataclass(frozen=True)
class Recorder:
    """`library`: the recorder, built."""

    library: Path

    @classmethod
    def built(cls, directory: Path) -> "Recorder":
        library = directory / "recorder.so"
        command: list[str | Path] = [
            "gcc",
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-shared",
            "-fPIC",
            SOURCE,
        ]
        subprocess.run([*command, "-o", library, "-ldl"], check=True)
        return cls(library)

    def environment(self, directory: Path, record: Path, fsync_ms: int = 0) -> dict[str, str]:
        """For a process whose files below the directory are watched."""
        return {
            "LD_PRELOAD": str(self.library),
            "RECORDED": str(directory),
            "RECORD": str(record),
            "FSYNC_MS": str(fsync_ms),
        }

    def run(self, directory: Path, module: str, *arguments: str) -> "Recording":
        """Of a module that is run to its end."""
        before, record = files(directory), directory.with_name(f"{directory.name}.record")
        command = [sys.executable, "-m", module, *map(str, arguments)]
        around = {**os.environ, **self.environment(directory, record), "PYTHONPATH": str(ROOT)}
        subprocess.run(command, check=True, env=around, cwd=directory.parent)
        return Recording(before, list(_operations(record.read_bytes())))


@dataclass(frozen=True)
class Recording:
    """What was there, and what was done to it."""

    before: Mapping[str, bytes]
    operations: list[Operation]

    def cut(self, random: Random, directory: Path) -> list[int]:
        """Writes what a power cut at a random point leaves; returns what was acknowledged."""
        disk = Disk(self.before)
        for operation in self.operations[: random.randrange(1, len(self.operations) + 1)]:
            disk.do(operation)
        for name, content in disk.after(random).items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return disk.acknowledged


def acknowledge(number: int) -> None:
    """By the process itself: from here on, nothing of it may be lost."""
    fd = os.open(os.environ["RECORD"], os.O_WRONLY | os.O_APPEND)
    os.write(fd, b"A %d 0 -\n" % number)
    os.close(fd)


def files(directory: Path) -> dict[str, bytes]:
    """Below a directory, by their paths in it."""
    found = (path for path in directory.rglob("*") if path.is_file() and "-shm" not in path.name)
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}


def _operations(record: bytes) -> Iterator[Operation]:
    at = 0
    while at < len(record):
        end = record.index(b"\n", at)
        what, number, length, path = record[at:end].decode().split(" ", 3)
        at = end + 1 + int(length)
        yield Operation(what, int(number), path, record[end + 1 : at])


def _sectors(operation: Operation) -> Iterator[Operation]:
    what, at, path, content = operation
    if what == "T":
        yield operation
    for first in range(0, len(content), SECTOR):
        # Writes need not begin where a sector does; what shares one does so all the same.
        yield Operation(what, at + first, path, content[first : first + SECTOR])


def _set(names: dict[str, File | None], path: str, file: File | None, *, there: bool) -> None:
    if there:
        names[path] = file
    else:
        names.pop(path, None)
