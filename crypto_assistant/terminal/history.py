"""The lines that were asked, kept over sessions; what cannot be kept costs nothing else."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.history import FileHistory

LONGEST = 200_000
"""Bytes of the file, of which the newer half is left."""


class Kept(FileHistory):
    """In a file that the owner alone may read; `complain` is told once what is amiss with it."""

    def __init__(self, path: Path, complain: Callable[[str], None]) -> None:
        super().__init__(path)
        self._path = path
        self._complain = complain
        self._is_lost = False

    def load_history_strings(self) -> Iterable[str]:
        try:
            self._shorten()
            yield from super().load_history_strings()
        except OSError as error:
            self._lose(error)

    def append_string(self, string: str) -> None:
        """The number of a button means nothing later."""
        if not string.isdigit():
            super().append_string(string)

    def store_string(self, string: str) -> None:
        if self._is_lost:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            super().store_string(string)
        except OSError as error:
            self._lose(error)

    def _shorten(self) -> None:
        """Another terminal may add a line meanwhile: that is lost, no more."""
        with suppress(FileNotFoundError):
            if self._path.stat().st_size > LONGEST:
                newer = self._path.read_bytes()[-LONGEST // 2 :].partition(b"\n#")
                shorter = self._path.with_suffix(".new")
                shorter.touch(mode=0o600)
                shorter.write_bytes(b"".join(newer[1:]))
                shorter.replace(self._path)

    def _lose(self, error: OSError) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._complain(f"No history: {self._path}: {error.strerror}")
