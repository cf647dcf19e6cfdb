"""What does not fit a phone of an answer: lines that wrap, headings too long, labels cut."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from typing import Any, Final

from crypto_assistant.commands import COMMANDS
from crypto_assistant.front import Front, Sheet
from tests.phone import PHONES

WIDEST_TABLE: Final = 30
"""Columns; 31 fit an iPhone of 390 points, narrower ones are about."""
LONGEST_PROSE: Final = 38
"""Characters of a line above a table."""
LONGEST_HEADING: Final = 2
"""Lines."""

EXCUSED: Final = re.compile(
    r"(waiting|clock|DATABASE|Not listed by|Binance|Bybit|OKX|Telegram)\b.*:"
    r"|No venue lists |SIMULATED market"
)
"""Begins what names a venue and its reason, a refusal, the banner: as long as it has to be."""

PAGES: Final = frozenset({*(command.name for command in COMMANDS), "mistake"})
"""Those of this program: what tests make up may be as wide as they like."""


@dataclass(slots=True)
class Seen:
    """What did not fit of the pages that were made."""

    misfits: list[str] = field(default_factory=list)

    def look(self, page: str, sheet: Sheet) -> None:
        if page in PAGES:
            self.misfits += [f"{page}: {wrong}" for wrong in misfits(sheet.text, labels(sheet))]

    def taken(self) -> list[str]:
        """Those since the last time."""
        misfits, self.misfits = self.misfits, []
        return misfits


def watched(front: type[Front], seen: Seen) -> None:
    """Every page passes one of two functions of the front: an answer, or what was wrong."""
    answered, mistaken = front._sheet, front._mistake

    def answer(self: Front, command: Any, args: Any, found: Any) -> Sheet:
        sheet = answered(self, command, args, found)
        seen.look(command.name, sheet)
        return sheet

    def mistake(self: Front, line: str, error: Any, *asker: Any) -> Sheet:
        sheet = mistaken(self, line, error, *asker)
        seen.look("mistake", sheet)
        return sheet

    front._sheet, front._mistake = answer, mistake  # type: ignore[assignment, method-assign]


def labels(sheet: Sheet) -> tuple[tuple[str, ...], ...]:
    """Of its rows of buttons."""
    return tuple(tuple(button.label for button in row) for row in sheet.buttons)


@cache
def misfits(html: str, rows: tuple[tuple[str, ...], ...] = ()) -> tuple[str, ...]:
    """What is wrong with a message and its rows of labels, a line for each."""
    return (*_tables(html), *_headings(html), *_prose(html), *_labels(rows))


def plain(html: str) -> str:
    """The text as it is read."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def tables(html: str) -> list[str]:
    """The text of each <pre>."""
    return [plain(table) for table in re.findall(r"<pre>(.*?)</pre>", html, re.DOTALL)]


def _tables(html: str) -> Iterator[str]:
    for table in tables(html):
        wide = [line for line in table.split("\n") if len(line) > WIDEST_TABLE]
        yield from (f"{len(line)} columns: {line}" for line in wide)
        for phone in PHONES:
            yield from (f"{phone.name} wraps: {line}" for line in phone.wraps(table))


def _headings(html: str) -> Iterator[str]:
    for line in re.findall(r"^<b>.*$", html, re.MULTILINE):
        for phone in PHONES:
            if (taken := phone.lines(plain(line), strong=True)) > LONGEST_HEADING:
                yield f"{taken} lines of heading on {phone.name}: {plain(line)}"


def _prose(html: str) -> Iterator[str]:
    above, _, _ = html.rpartition("<pre>")
    for line in map(plain, re.sub(r"<pre>.*?</pre>", "", above, flags=re.DOTALL).split("\n")):
        if len(line) > LONGEST_PROSE and not EXCUSED.match(line):
            yield f"{len(line)} characters: {line}"


def _labels(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        for phone in PHONES:
            yield from (f"{phone.name} cuts [{label}] of {len(row)}" for label in phone.cut(row))
