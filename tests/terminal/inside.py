"""A terminal inside the test: a session of this process, on virtual time, and what it shows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import pyte
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from crypto_assistant.front import Front
from crypto_assistant.terminal.session import converse
from tests.terminal.screen import Screen

PATIENCE: Final = 100.0
"""Seconds, in which nobody waits."""


class _Output(Screen):
    """A screen that is written to as if it were a file."""

    def __init__(self, columns: int, rows: int, keys: PipeInput) -> None:
        super().__init__(columns, rows, keys.send_text)
        self._stream = pyte.Stream(self)

    def write(self, data: str) -> None:
        self._stream.feed(data.replace("\n", "\r\n"))

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        return True


class Console:
    """A session that somebody types into."""

    def __init__(self, screen: Screen, keys: PipeInput, work: "asyncio.Task[None]") -> None:
        self.screen = screen
        self.work = work
        self._keys = keys

    async def type(self, keys: str) -> None:
        self._keys.send_text(keys)
        await asyncio.sleep(0.1)

    async def shows(self, *words: str) -> str:
        """The screen, once it shows all of them."""
        until = asyncio.get_running_loop().time() + PATIENCE
        while not all(word in self.screen.text for word in words):
            assert not self.work.done(), self.screen.text
            assert asyncio.get_running_loop().time() < until, f"{words}:\n{self.screen.text}"
            await asyncio.sleep(0.1)
        return self.screen.text


@asynccontextmanager
async def console(
    front: Front, history: Path, columns: int = 80, rows: int = 24
) -> AsyncIterator[Console]:
    """A session over a front, left with Ctrl-D at the end of the block."""
    with create_pipe_input() as keys:
        screen: Any = _Output(columns, rows, keys)
        output = Vt100_Output(screen, lambda: Size(rows, columns), term="xterm")
        with create_app_session(input=keys, output=output):
            work = asyncio.create_task(converse(nullcontext(front), history, coloured=False))
            inside = Console(screen, keys, work)
            await inside.shows("The live market. /help lists", "\n>\n")
            yield inside
            await inside.type("\x03\x03\x04")
            await work
