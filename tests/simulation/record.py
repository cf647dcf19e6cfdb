"""What happened, line by line: what was done to the program, and what it logged."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from crypto_assistant.journal import request
from tests.soak.daemon import LOUD

LAST: Final = 50
"""Events that are shown of a failure."""
LOGGERS: Final = "crypto_assistant", "tests.soak"
TIME: Final = "%9.3f "


class Record(logging.Handler):
    """`now`: seconds since the beginning."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._now = now

    def note(self, what: str) -> None:
        self.lines.append(TIME % self._now() + what)

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and isinstance(record.exc_info[1], ConnectionError):
            return  # A server's whose client has gone.
        number = f" #{request.get()}" if request.get() else ""
        self.note(f"{record.levelname} {record.name}{number}: {self.format(record)}")

    def loud(self) -> list[str]:
        """What tells of a bug."""
        return [line for line in self.lines if LOUD.search(line[len(TIME % 0) :])]

    def before(self, signs: Sequence[str]) -> list[str]:
        """The last events before, and with, the first that bears one of the signs; else of all."""
        found = (n for n, line in enumerate(self.lines, 1) if any(sign in line for sign in signs))
        end = next(found, len(self.lines))
        return self.lines[max(0, end - LAST) : end]

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Whatever is logged in the block."""
        levels = {name: logging.getLogger(name).level for name in LOGGERS}
        logging.getLogger().addHandler(self)
        try:
            for name in levels:
                logging.getLogger(name).setLevel(logging.INFO)
            yield
        finally:
            logging.getLogger().removeHandler(self)
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
