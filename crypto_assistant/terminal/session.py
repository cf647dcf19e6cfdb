"""The terminal as a place to work in: a prompt that is always there, answers above it."""

import asyncio
import logging
import re
import sys
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO, TypeGuard

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.patch_stdout import patch_stdout

from crypto_assistant import foreign
from crypto_assistant.clocks import monotonic
from crypto_assistant.front import Front, Sheet
from crypto_assistant.terminal.history import Kept
from crypto_assistant.terminal.keys import bindings
from crypto_assistant.terminal.offers import Offers, usage
from crypto_assistant.terminal.paint import choices, plain, wrapped
from crypto_assistant.terminal.toolbar import bar
from crypto_assistant.view import Button, room

LONGEST_LINE = 500
"""Characters; no question needs as many."""
LONGEST_PASTE = 10_000
WATCH = re.compile(r"watch\s+(\d{1,4})\s+(.*\S)", flags=re.IGNORECASE)
TICK = 0.5
"""Seconds after which what goes on is drawn anew."""
PATIENCE = 0.3
"""Seconds after which a question is shown to be under way."""
BELOW = 4
"""Lines under a screenful: what is asked, the prompt, the bar."""


class Session:
    """One terminal: asks its lines one after another, and shows what comes."""

    def __init__(self, history: Path, *, coloured: bool) -> None:
        self._coloured = coloured
        self._front: Front | None = None
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._buttons: Sequence[Button] = ()
        self._asked, self._since = "", 0.0
        self._is_pressed = False
        """Whether a button asks, not a line."""
        self._task: asyncio.Task[Any] | None = None
        """Of the question under way."""
        self._shown: Sheet | None = None
        """What is not complete of its answer, or is shown until it is asked again."""
        self._more: asyncio.Future[bool] | None = None
        """Whether the next screenful is wanted of an answer that is too long."""
        self._prompt: PromptSession[str] = PromptSession(
            self._message,
            history=Kept(history, self.note),
            auto_suggest=AutoSuggestFromHistory(),
            enable_history_search=True,
            completer=_Completer(Offers(lambda: self._front)),
            bottom_toolbar=self._bar,
            key_bindings=bindings(self),
            enable_suspend=True,
            refresh_interval=TICK,
        )
        self._prompt.default_buffer.accept_handler = self._accept

    async def run(self, opening: AbstractAsyncContextManager[Front]) -> None:
        """Until the owner leaves; what answers is opened behind the prompt, and closed."""
        working: list[asyncio.Task[None]] = []

        def begin() -> None:
            working.append(asyncio.create_task(self._work(opening)))
            working[0].add_done_callback(lambda _: self._leave())

        with _log_above():
            try:
                with suppress(EOFError):
                    await self._prompt.prompt_async(pre_run=begin, set_exception_handler=False)
            finally:
                for work in working:
                    work.cancel()
                    with suppress(asyncio.CancelledError):
                        await work

    @property
    def is_paging(self) -> bool:
        return self._more is not None

    def go_on(self, wanted: bool) -> None:
        """The next screenful, or no more of the answer."""
        if self._more and not self._more.done():
            self._more.set_result(wanted)

    def stop(self) -> None:
        """Ends what is under way: the question, the answer that is too long, or the line."""
        if self._task:
            self._task.cancel()
        elif self._more:
            self.go_on(False)
        else:
            self._prompt.default_buffer.reset()

    def take(self, text: str) -> list[str]:
        """The lines of a pasted text, which are asked in turn but for the last one."""
        if len(text) > LONGEST_PASTE:
            self.note(f"Not read: pasted text of {len(text):,} characters.")
            return []
        return list(map(foreign.clear, text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))

    def ask(self, line: str) -> bool:
        """Whether it is a line, which is asked once those before it are answered."""
        line = foreign.clear(line).strip()
        if len(line) > LONGEST_LINE:
            self.note(f"Not read: a line has at most {LONGEST_LINE} characters.")
        elif line:
            self._lines.put_nowait(line)
        return 0 < len(line) <= LONGEST_LINE

    def note(self, text: str) -> None:
        """Prints a line above the prompt."""
        self._prompt.app.create_background_task(self._print([text]))

    def _accept(self, buffer: Buffer) -> bool:
        self.go_on(False)
        if buffer.text and self._task and WATCH.fullmatch(self._asked):
            self._task.cancel()
        if not self.ask(buffer.text):
            buffer.reset()
        return False

    def _leave(self) -> None:
        if self._prompt.app.is_running and not self._prompt.app.is_done:
            self._prompt.app.exit()

    async def _work(self, opening: AbstractAsyncContextManager[Front]) -> None:
        async with opening as front:
            self._front = front
            where = "simulated" if front.desk.simulated else "live"
            await self._print([f"The {where} market. /help lists the commands; Ctrl-D leaves."])
            while (line := self._meant(await self._lines.get())) not in {"exit", "quit"}:
                self._asked = line
                await self._print([f"> {line}"])
                if sheet := await self._outcome(self._answer(front, line)):
                    await self._page(sheet)
                else:
                    await self._print([f"Stopped: {line}", ""])

    def _meant(self, line: str) -> str:
        """The line, that of a button by its number, or the one that `?` is short for."""
        if line.isascii() and line.isdigit() and 0 < int(line) <= len(self._buttons):
            self._is_pressed = not self._buttons[int(line) - 1].line.startswith("/")
            return self._buttons[int(line) - 1].typed
        self._is_pressed = False
        return f"/help {line[1:].strip()}".strip() if line.startswith("?") else line

    async def _answer(self, front: Front, line: str) -> Sheet:
        if (again := WATCH.fullmatch(line)) is None:
            return await front.reply(line, self._show, pressed=self._is_pressed)
        while (sheet := await front.reply(again[2])).answer:
            self._show(sheet)
            await asyncio.sleep(max(int(again[1]), 1))
        return sheet

    def _show(self, sheet: Sheet) -> None:
        self._shown = sheet

    async def _outcome(self, question: Coroutine[Any, Any, Sheet]) -> Sheet | None:
        """The answer; of a question that is stopped what was shown last of it."""
        room.set(self._size[0])
        self._shown, self._since = None, monotonic()
        self._task = asyncio.create_task(question)
        try:
            await asyncio.wait({self._task})
            watched = self._shown if WATCH.fullmatch(self._asked) else None
            return watched if self._task.cancelled() else self._task.result()
        finally:
            self._task.cancel()
            self._task = self._shown = None

    async def _page(self, sheet: Sheet) -> None:
        """Prints an answer, a screenful at a time, its buttons at the end."""
        self._buttons = [button for row in sheet.buttons for button in row]
        ending = [*choices(self._buttons, self._size[0]), ""]
        lines = [*self._text(sheet), *ending]
        while len(lines) > (most := max(self._size[1] - BELOW, 1)):
            await self._print(lines[:most])
            lines = lines[most:] if await self._is_wanted() else ending
        await self._print(lines)

    async def _is_wanted(self) -> bool:
        """Whether the owner wants to see the next screenful."""
        self._more = asyncio.get_running_loop().create_future()
        try:
            return await self._more
        finally:
            self._more = None

    async def _print(self, lines: Iterable[str]) -> None:
        """Above the prompt; what is typed meanwhile is not shown among them."""
        app = self._prompt.app
        while app.renderer.waiting_for_cpr:  # Where the cursor was is no news afterwards.
            await app.renderer.wait_for_cpr_responses()
        app.renderer.erase()
        fitting = (part for line in lines for part in wrapped(line, self._size[0]))
        app.output.write_raw("".join(f"{line}\n" for line in fitting))
        app.renderer.request_absolute_cursor_position()
        app.invalidate()

    def _text(self, sheet: Sheet) -> list[str]:
        text = plain(sheet.text, styled=True, coloured=self._coloured)
        return wrapped(text, self._size[0])

    @property
    def _size(self) -> tuple[int, int]:
        """Columns and rows; a terminal that has none counts as one of 80 x 24."""
        size = self._prompt.app.output.get_size()
        return size.columns, size.rows

    def _message(self) -> ANSI:
        """The prompt, above it what goes on."""
        if self._more:
            return ANSI("-- more: Space -- end: q -- ")
        return ANSI("\n".join([*self._going_on(), "> "]))

    def _going_on(self) -> Iterator[str]:
        if not self._task or monotonic() - self._since < PATIENCE:
            return
        if self._shown:
            yield from self._text(self._shown)[: self._size[1] - BELOW]
        yield f"{self._asked[:40]} · {monotonic() - self._since:.0f} s · Ctrl-C stops"

    def _bar(self) -> str:
        text = self._prompt.default_buffer.text or self._asked * bool(self._task)
        used = usage(text, self._front.commands if self._front else ())
        return bar(self._front, used, self._size[0])


@contextmanager
def _log_above() -> Iterator[None]:
    """What is printed meanwhile, and the log where it goes to the terminal, stands above it."""
    screen = sys.stderr
    handlers = [one for one in logging.getLogger().handlers if _writes(one, screen)]
    with patch_stdout(raw=True):
        for handler in handlers:
            handler.setStream(sys.stderr)
        try:
            yield
        finally:
            for handler in handlers:
                handler.setStream(screen)


def _writes(handler: logging.Handler, screen: TextIO) -> TypeGuard["logging.StreamHandler[TextIO]"]:
    """Whether it writes to the screen itself, not to a file in its place."""
    is_there = isinstance(handler, logging.StreamHandler) and handler.stream is screen
    return is_there and screen.isatty()


class _Completer(Completer):
    def __init__(self, offers: Offers) -> None:
        self._offers = offers

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterator[Completion]:
        word, offers = self._offers.at(document.text_before_cursor)
        for offer in offers:
            yield Completion(offer.word, -len(word), display_meta=offer.kind)


async def converse(
    opening: AbstractAsyncContextManager[Front], history: Path, *, coloured: bool
) -> None:
    """Answers what is typed until the owner leaves."""
    await Session(history, coloured=coloured).run(opening)
