"""The one line that the log has about a question."""

import asyncio
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from crypto_assistant.clocks import monotonic
from crypto_assistant.front import Sheet
from crypto_assistant.telegram.reply import APOLOGY
from crypto_assistant.view import View

log = logging.getLogger(__name__)

LONGEST_LINE = 100
"""Characters of a command line in the log."""


@dataclass(slots=True)
class Outcome:
    """What came of a question; whoever asked does not see it where `lost` says why."""

    came_of: str = ""
    lost: str = ""


@contextmanager
def logged(asked: str) -> Iterator[Outcome]:
    """Logs what was asked, how long it took, and what came of it."""
    began, outcome = monotonic(), Outcome()
    try:
        yield outcome
    except asyncio.CancelledError:
        outcome.came_of += "; broken off" if outcome.came_of else "broken off"
        raise
    finally:
        took = f"{monotonic() - began:.2f} s"
        said = "; ".join(filter(None, [took, outcome.came_of, outcome.lost]))
        log.log(logging.WARNING if outcome.lost else logging.INFO, "%s: %s", asked, said)


def named(line: str, commands: Collection[str]) -> str:
    """The line as the log shows it, where it is a command: other talk is nobody's business."""
    words = line.removeprefix("/").split() or [""]
    if words[0].partition("@")[0].lower() not in commands:
        return "no command"
    return "".join(filter(str.isprintable, f"/{' '.join(words)}"))[:LONGEST_LINE]


def came_of(sheet: Sheet, view: View) -> str:
    """`Binance, OKX; Bybit: no answer in 8 s`."""
    if sheet.answer is None:
        return "a bug" if sheet is APOLOGY else "refused as a mistake"
    known = sheet.answer.provenance
    failed = (f"{view.venue(venue)}: {why}" for venue, why in known.failed.items())
    return "; ".join(filter(None, [view.venues(known.answered), *failed]))
