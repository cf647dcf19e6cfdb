"""`python -m tests.phone price oi`: each page of a subject, its columns, and what does not fit.

Without a name only what does not fit, page by page, of every subject.
"""
# ruff: noqa: T201

import asyncio
import logging
import sys
from collections.abc import Sequence

from crypto_assistant.front import Sheet
from tests.phone.pages import labels, misfits, plain
from tests.phone.shown import LINES, pages
from tests.virtual import Loop


async def main(names: Sequence[str]) -> None:
    asked = [name for name in names if name in LINES] or list(LINES)
    async for page in pages(asked):
        if names:
            _print(page.sheet, str(page))
        for wrong in misfits(page.sheet.text, labels(page.sheet)):
            print(f"{page}: {wrong}")


def _print(sheet: Sheet, title: str) -> None:
    print(f"\n=== {title}")
    for line in plain(sheet.text).split("\n"):
        print(f"{len(line):3} {line}")
    for row in labels(sheet):
        print("    " + " ".join(f"[{label}]" for label in row))


logging.disable()
with asyncio.Runner(loop_factory=Loop) as runner:
    runner.run(main(sys.argv[1:]))
