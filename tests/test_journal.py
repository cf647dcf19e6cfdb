"""One line an event, as the journal wants it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[1]
PROGRAM = """
import logging, os, sys
from crypto_assistant.journal import keep_log, request

stream = os.fstat(2)
keep_log("DEBUG", f"{stream.st_dev}:{stream.st_ino}" if sys.argv[1] == "journal" else sys.argv[1])
log = logging.getLogger("part")
log.debug("a detail")
log.info("two\\n  lines\\r of %r", "x\\ny")
request.set("17")
log.warning("about a request")
try:
    try:
        raise ValueError("cause\\nin two lines")
    except ValueError as error:
        raise RuntimeError("effect") from error
except RuntimeError:
    log.exception("a bug")
"""


def logged(journal_stream: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, journal_stream],
        env={"PYTHONPATH": str(ROOT), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.splitlines()


def test_every_line_for_the_journal_begins_with_its_priority() -> None:
    detail, lines, request, bug = logged("journal")
    assert detail == "<7>part: a detail"
    assert lines == "<6>part: two | lines | of 'x\\ny'"
    assert request == "<4>part #17: about a request"
    assert bug.startswith("<3>part #17: a bug | Traceback (most recent call last): | ")
    assert "ValueError: cause | in two lines | " in bug
    assert bug.endswith(" | RuntimeError: effect")


def test_a_file_in_the_journals_place_gets_the_levels_in_words() -> None:
    detail, lines, request, bug = logged("1:2")
    assert detail == "DEBUG part: a detail"
    assert lines.startswith("INFO part: two")
    assert request == "WARNING part #17: about a request"
    assert bug.startswith("ERROR part #17: a bug")
