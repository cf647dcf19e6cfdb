"""A terminal of some size with the program in it: keys in, screen out."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from select import select
from time import monotonic
from typing import Any, Final

import pyte

PATIENCE: Final = 45.0
"""Seconds, on a machine that has much else to do."""
CONSOLE: Final = ("console", "--market", "sandbox")


class Screen(pyte.HistoryScreen):
    """What a terminal shows; it says where its cursor is, by `answer`."""

    def __init__(self, columns: int, rows: int, answer: Callable[[str], object]) -> None:
        super().__init__(columns, rows, history=5000)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer(data)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.display)

    @property
    def scrolled(self) -> str:
        """What has left the screen at the top, and the screen."""
        rows = ["".join(row[x].data for x in range(self.columns)) for row in self.history.top]
        return "\n".join([*(row.rstrip() for row in rows), self.text])


class Terminal:
    """One that the program runs in."""

    def __init__(
        self, program: "subprocess.Popen[Any]", master: int, columns: int, rows: int
    ) -> None:
        self.program = program
        self.received = b""
        self._master = master
        self.screen = Screen(
            columns or 80, rows or 24, lambda data: os.write(master, data.encode())
        )
        self._stream = pyte.ByteStream(self.screen)

    def type(self, keys: str) -> None:
        data = keys.encode()
        while data:
            _, writable, _ = select([], [self._master], [], 0.05)
            if writable:
                data = data[os.write(self._master, data[:2048]) :]
            self._read(0.0)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        _size(self._master, columns, rows)

    def wait(self, *words: str) -> str:
        """Until the screen shows all of them."""
        until = monotonic() + PATIENCE
        while not all(word in self.text for word in words):
            assert monotonic() < until, f"{words} not on the screen:\n{self.text}"
            assert self._read(0.1), f"it ended without {words}:\n{self.text}"
        return self.text

    def ended(self) -> int:
        """The exit status of the program, which is about to end."""
        until = monotonic() + PATIENCE
        while self._read(0.1):
            assert monotonic() < until, f"it goes on:\n{self.text}"
        return self.program.wait(PATIENCE)

    def close(self) -> None:
        os.close(self._master)

    @property
    def text(self) -> str:
        return self.screen.text

    def _read(self, seconds: float) -> bool:
        """Whether the program may still say something."""
        if not select([self._master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Nobody has the other end open.
            return False
        self.received += data
        self._stream.feed(data)
        return bool(data)


@contextmanager
def terminal(
    home: Path,
    *arguments: str,
    columns: int = 80,
    rows: int = 24,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """The program in a terminal; it is killed where it has not ended with the block."""
    master, slave = pty.openpty()
    _size(master, columns, rows)
    settings = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "crypto_assistant", *(arguments or CONSOLE)]
    with subprocess.Popen(
        ["setsid", "--ctty", *command],
        cwd=home,
        env={**settings, **(environment or {})},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    ) as program:
        os.close(slave)
        try:
            yield Terminal(program, master, columns, rows)
        finally:
            program.kill()
            with suppress(OSError):
                os.close(master)


def _size(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
