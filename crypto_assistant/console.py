"""The same commands in a terminal, or from a pipe."""

import asyncio
import sys
from collections.abc import AsyncIterator
from io import TextIOWrapper
from textwrap import fill
from typing import TextIO

from crypto_assistant import config
from crypto_assistant.front import Front, Sheet
from crypto_assistant.terminal.paint import plain, printable
from crypto_assistant.threads import Unawaited

TOUR = ("/start", "/price BTC", "/price PEPE", "/top10", "/top10 spot gainers", "/help price")


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


def is_lively() -> bool:
    """Whether it is a terminal that can be worked in."""
    return is_terminal(sys.stdin) and is_terminal(sys.stdout) and not config.is_dumb()


async def tour(front: Front) -> None:
    """A short walk through the commands."""
    for line in TOUR:
        print(f"> {line}")
        await answer(front, line)


async def demonstrate(front: Front) -> None:
    """Every command's answer once, the public ones first, its buttons in a line."""
    for command in sorted(front.commands, key=lambda command: command.private):
        print(f"> {command.example}")
        sheet = await front.reply(command.example)
        labels = " ".join(f"[{button.label}]" for row in sheet.buttons for button in row)
        print(_plain(sheet, is_terminal(sys.stdout)), fill(printable(labels)), "", sep="\n")


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
    buttons = [printable(f"[{b.label}] {b.typed}") for row in sheet.buttons for b in row]
    return "\n".join([_plain(sheet, styled), *buttons, ""])


def _plain(sheet: Sheet, styled: bool) -> str:
    styled = styled and not config.is_dumb()
    return plain(sheet.text, styled=styled, coloured=styled and config.wants_colours())
