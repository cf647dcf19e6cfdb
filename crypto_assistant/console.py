"""The same commands in a terminal, or from a pipe."""

import asyncio
import sys
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from io import TextIOWrapper
from typing import TextIO

from crypto_assistant import foreign
from crypto_assistant.front import Front, Sheet
from crypto_assistant.threads import Unawaited
from crypto_assistant.view import Html

TOUR = ("/start", "/price BTC", "/price PEPE", "/top10", "/top10 spot gainers", "/help price")
STYLE = {"b": "\033[1m", "i": "\033[3m", "code": "\033[36m"}
PLAIN = "\033[0m"


async def converse(front: Front) -> None:
    """Answers each line of the terminal or the pipe; with no line at all, shows the tour."""
    if isinstance(sys.stdin, TextIOWrapper):  # A pipe may hold anything.
        sys.stdin.reconfigure(errors="replace")
    terminal = is_terminal(sys.stdin)
    if terminal:
        where = "simulated" if front.desk.simulated else "live"
        print(f"The {where} market. /help lists the commands; Ctrl-D leaves.")
    asked = False
    async for line in _lines(terminal):
        asked = True
        await answer(front, line)
    if not asked and not terminal:
        await tour(front)


async def tour(front: Front) -> None:
    """A short walk through the commands."""
    for line in TOUR:
        print(f"> {line}")
        await answer(front, line)


async def answer(front: Front, line: str) -> Sheet:
    """Prints the answer to a line."""
    sheet = await front.reply(line)
    print(text(sheet, styled=is_terminal(sys.stdout)), flush=True)
    return sheet


def is_terminal(stream: TextIO | None) -> bool:
    """Python has no stream at all where the shell has closed it."""
    return stream is not None and stream.isatty()


async def _lines(terminal: bool) -> AsyncIterator[str]:
    """The lines of the input, each read once the one before is answered."""
    loop, threads = asyncio.get_running_loop(), Unawaited()
    while line := await loop.run_in_executor(threads, _read, terminal):
        if line.strip():
            yield line.strip()


def _read(terminal: bool) -> str:
    """The next line with its end, or nothing at the end of the input."""
    if not terminal:
        return sys.stdin.readline() if sys.stdin else ""
    try:
        return input("> ") + "\n"
    except EOFError:
        print()
        return ""


def text(sheet: Sheet, *, styled: bool) -> str:
    """An answer as a terminal shows it, its buttons as the commands that they stand for."""
    buttons = [_printable(f"[{b.label}] /{b.line}") for row in sheet.buttons for b in row]
    return "\n".join([plain(sheet.text, styled=styled), *buttons, ""])


def plain(html: Html, *, styled: bool) -> str:
    """Telegram's HTML as terminal text."""
    reader = _Terminal(styled)
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)


def _printable(data: str) -> str:
    """Without what would steer the terminal or turn its text around."""
    return "\n".join(map(foreign.clear, data.split("\n")))


class _Terminal(HTMLParser):
    def __init__(self, styled: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._styled = styled

    def handle_data(self, data: str) -> None:
        self.parts.append(_printable(data))

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if self._styled:
            self.parts.append(STYLE.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if self._styled and tag in STYLE:
            self.parts.append(PLAIN)
