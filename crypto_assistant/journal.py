"""The log: one line an event, with the priority that systemd's journal understands."""

import logging
import os
import sys
import traceback
from contextvars import ContextVar

from crypto_assistant import foreign

request: ContextVar[str] = ContextVar("request", default="")
"""The number of the request that is being worked on: it stands in every line about it."""

PRIORITIES = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}
"""Of syslog, as sd-daemon(3) wants them: `<6>` in front of a line."""
LONGEST = 10_000
"""Characters of a line; a traceback is one."""


def keep_log(level: str, journal_stream: str | None = None) -> None:
    """Logs to stderr from `level` on. `journal_stream`: $JOURNAL_STREAM, where systemd sets it."""
    to_journal = journal_stream is not None and journal_stream == _stream(sys.stderr.fileno())
    handler = logging.StreamHandler()
    handler.setFormatter(_Line(to_journal=to_journal))
    logging.basicConfig(level=level, handlers=[handler])


def _stream(descriptor: int) -> str:
    """As systemd names it: a shell may have put something else in the journal's place."""
    status = os.fstat(descriptor)
    return f"{status.st_dev}:{status.st_ino}"


class _Line(logging.Formatter):
    """The journal adds the time and shows the priority in its own way."""

    def __init__(self, *, to_journal: bool) -> None:
        super().__init__()
        self._to_journal = to_journal

    def format(self, record: logging.LogRecord) -> str:
        level = record.levelname
        head = f"<{PRIORITIES[level]}>" if self._to_journal else f"{level} "
        number = f" #{request.get()}" if request.get() else ""
        return f"{head}{record.name}{number}: {_one_line(record)}"


def _one_line(record: logging.LogRecord) -> str:
    text = [record.getMessage()]
    if record.exc_info and record.exc_info[1]:
        text += traceback.format_exception(record.exc_info[1])
    lines = (line.strip() for line in "\n".join(text).splitlines())
    return foreign.line(" | ".join(filter(None, lines)), LONGEST)
