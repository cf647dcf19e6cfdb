"""`python -m tests.gallery FOLDER [NAME ...]`: a PNG a page, and one sheet of all a theme.

Pages are asked for in virtual time over the simulated exchanges, the same at every run. A NAME
restricts them to a subject.
"""
# ruff: noqa: T201

import asyncio
import logging
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.gallery.browser import Tab, browser
from tests.gallery.drawing import THEMES, Theme, sheet
from tests.phone.shown import LINES, Shown, pages
from tests.virtual import Loop

MOST_COLUMNS: Final = 12
BOXES: Final = """[...document.querySelectorAll("article")].map(a => { const b =
    a.getBoundingClientRect(); return {x: b.x, y: b.y, width: b.width, height: b.height} })"""
WHOLE: Final = "({x: 0, y: 0, width: %d, height: document.documentElement.scrollHeight})"


async def asked(names: Sequence[str]) -> list[Shown]:
    return [page async for page in pages(names)]


async def draw(folder: Path, shown: Sequence[Shown]) -> None:
    async with browser() as tab:
        for theme in THEMES:
            await _draw(tab, theme, shown, folder)


async def _draw(tab: Tab, theme: Theme, shown: Sequence[Shown], folder: Path) -> None:
    there, columns = folder / theme.name, min(MOST_COLUMNS, len(shown))
    there.mkdir(parents=True, exist_ok=True)
    document = folder / f"{theme.name}.html"
    document.write_text(sheet(theme, shown, columns))
    await tab.show(document.resolve())
    for name, box in zip(_names(shown), await tab.value(BOXES), strict=True):
        (there / f"{name}.png").write_bytes(await tab.picture(box, 2))
    width = columns * (theme.phone.screen + 8) + 8
    whole = await tab.picture(await tab.value(WHOLE % width), 0.5 if columns > 4 else 1)
    (folder / f"{theme.name}.png").write_bytes(whole)
    print(f"{folder / theme.name}.png: {len(shown)} pages")


def _names(shown: Sequence[Shown]) -> list[str]:
    """Of their files: what was asked, numbered where it has several messages."""
    times: Counter[str] = Counter()
    names = []
    for page in shown:
        name = re.sub(r"\W+", "-", str(page)).strip("-") or "nothing"
        times[name] += 1
        names.append(f"{name}-{times[name]}" if times[name] > 1 else name)
    return names


logging.disable()
with asyncio.Runner(loop_factory=Loop) as runner:
    SHOWN = runner.run(asked(sys.argv[2:] or list(LINES)))
asyncio.run(draw(Path(sys.argv[1]), SHOWN))
