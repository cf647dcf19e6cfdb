"""Every command and every button below it, pressed as a trader would, over the simulated venues."""

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crypto_assistant.front import Front, Sheet, Show
from crypto_assistant.grammar import parse
from crypto_assistant.telegram.reply import APOLOGY, LONGEST_DATA
from tests.botapi import Shown
from tests.clock import clock
from tests.floor import floor
from tests.phone.pages import labels, misfits
from tests.soak.chats import Chats
from tests.telegram.stage import Stage, on_air

MOST_PRESSES = 2_000
WAYS_OUT = {"Back", "Refresh"}
MENUS = {"start", "help"}
"""Where the ways begin."""


class Noted(Front):
    """Keeps the last sheet, with the buttons that Telegram would not take."""

    last: Sheet

    async def reply(self, line: str, show: Show = lambda _: None, **asker: Any) -> Sheet:
        self.last = await super().reply(line, show, **asker)
        return self.last


@dataclass
class Aired(Stage):
    noted: Noted = field(kw_only=True)

    def front(self) -> Front:
        return self.noted


async def _seen(api: Chats, front: Noted) -> Shown:
    """The whole answer, or the apology for it."""
    while True:
        shown = await api.next_shown()
        if shown.html in (APOLOGY.text, front.last.text):
            return shown


def _wrong(front: Noted, line: str, shown: Shown) -> list[str]:
    """What a trader could not use of the message."""
    if shown.html == APOLOGY.text:
        return ["an apology"]
    name = line.removeprefix("/")
    found = list(misfits(shown.html, labels(front.last)))
    if front.last.answer is None:
        found.append("no answer: " + shown.text)
    ways = {button.label for row in front.last.buttons for button in row}
    if name not in MENUS and not front.last.as_file and not WAYS_OUT & ways:
        found.append("a dead end")
    for button in (b for row in front.last.buttons for b in row):
        parse(button.line, front.commands, front.view.titles)
        if len(button.line.encode()) > LONGEST_DATA:
            found.append(f"too long: {button.line}")
    return found


async def _crawl(database: Path, level: int, seed: int) -> list[str]:
    """What is wrong, by line; buttons in an order of the seed, each line pressed once."""
    wrong: list[str] = []
    order = Random(seed)  # noqa: S311
    async with floor() as market, Chats(limited=False, clock_ms=clock) as api:
        await market.open()
        front = Noted(market.front.commands, market.front.desk, market.front.view)
        front.last = APOLOGY
        async with on_air(api, Aired(noted=front), database):
            known = {f"/{command.name}" for command in front.commands}
            todo: deque[tuple[int, str, Shown | None]] = deque((0, x, None) for x in sorted(known))
            for _ in range(MOST_PRESSES + len(known)):
                if not todo:
                    break
                at, line, under = todo.popleft()
                if under is None:
                    api.say(line)
                else:
                    api.shown[under.chat, under.message_id] = under
                    api.press(under, line)
                shown = await _seen(api, front)
                wrong += [f"{line}: {what}" for what in _wrong(front, line, shown)]
                fresh = [x for x in shown.lines if x not in known] if at < level else []
                known.update(fresh)
                todo.extend((at + 1, x, shown) for x in order.sample(fresh, len(fresh)))
    return wrong


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("level", [1, 3])
async def test_no_button_leads_astray(tmp_path: Path, level: int) -> None:
    seed = Random().randrange(10**6)  # noqa: S311
    print(f"seed {seed}")  # noqa: T201
    assert await _crawl(tmp_path / "assistant.db", level, seed) == []
