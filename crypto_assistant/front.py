"""From a command line to the page that answers it: what Telegram and the terminal share."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from crypto_assistant.charts.studio import NoPicture, Studio
from crypto_assistant.desk import Desk
from crypto_assistant.errors import UsageError
from crypto_assistant.grammar import (
    Answer,
    Args,
    Command,
    Progress,
    did_you_mean,
    find,
    parse,
)
from crypto_assistant.listings.names import nearest
from crypto_assistant.net import deadline
from crypto_assistant.plain_words import as_picture, in_plain_words
from crypto_assistant.users import TERMINAL
from crypto_assistant.view import (
    Button,
    Html,
    Page,
    View,
    bold,
    button_rows,
    code,
    escape,
    lines,
    sheet,
)

Show = Callable[["Sheet"], None]
"""Takes an answer that is not complete yet."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One message: its text, its buttons, and the answer that it shows (None for an error).

    `picture`: a PNG of which the text is the caption; `as_file`: for a reader who wants all of its
    pixels.
    """

    text: Html
    buttons: tuple[tuple[Button, ...], ...] = ()
    answer: Answer | None = None
    picture: bytes | None = None
    as_file: bool = False


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who asks, whether nobody else reads the answer, and whether a button asks."""

    user: int | None = TERMINAL
    private: bool = True
    pressed: bool = False


HERE = _Asker()


@dataclass(slots=True)
class Front:
    """Answers command lines; never raises for what a trader or a venue does wrong."""

    commands: Sequence[Command[Any]]
    desk: Desk
    view: View
    studio: Studio = field(default_factory=Studio)
    pictures: Path | None = None
    """Where they are kept as files, which their answer names; None where a chat shows them."""

    def move(self, zone: ZoneInfo | None) -> None:
        """From now on the owner's days begin, and times are shown, in this zone."""
        self.desk.zone = zone
        self.view = replace(self.view, zone=zone)

    async def reply(
        self,
        line: str,
        show: Show = lambda _: None,
        *,
        user: int | None = TERMINAL,
        private: bool = True,
        pressed: bool = False,
    ) -> Sheet:
        """The answer to a line; `show` gets incomplete ones while somebody is still awaited.

        `private`: whether nobody but the owner reads it. `pressed`: whether a button says the line,
        which leaves nothing to what the user has chosen.
        """
        asker = _Asker(user, private, pressed)
        opening = asyncio.get_running_loop().call_later(
            self.desk.timing.partial, self._show_opening, show
        )
        try:
            command, args = self._parsed(line, asker)

            def partial(answer: Answer) -> None:
                show(self._sheet(command, args, answer))

            answer = await self._run(command, args, partial)
            return await self._drawn(command, args, self._sheet(command, args, answer))
        except UsageError as error:
            return self._mistake(line, error, asker)
        finally:
            opening.cancel()

    async def ask(self, line: str, *, private: bool = True) -> Answer:
        """The numbers behind the answer to whoever sits here; raises UsageError."""
        return await self._run(*self._parsed(line, _Asker(private=private)), lambda _: None)

    def sheet(self, line: str, answer: Answer) -> Sheet:
        """How the answer to a line looks."""
        return self._sheet(*self._parsed(line), answer)

    def _parsed(self, line: str, asker: _Asker = HERE) -> tuple[Command[Any], Args]:
        chosen = self.desk.users.of(asker.user)
        settings = chosen.of_buttons if asker.pressed else chosen
        command, args = parse(self._in_full(line), self.commands, self.view.titles, settings)
        return command, replace(args, user=asker.user, private=asker.private)

    def _in_full(self, line: str) -> str:
        """A line with its command, which coins and timeframes alone do without."""
        line = as_picture(line)
        found = in_plain_words(line, self.commands, self.view.titles)
        if found is None:
            return line
        full, coins = found
        names = [command.name for command in self.commands]
        for coin in coins:
            try:
                self.desk.keeper.known.find(coin)
            except UsageError as error:
                if line.removeprefix("/").lower().startswith("price"):
                    return line  # Which says what is wrong with it.
                near = [*(f"/{name}" for name in nearest(coin.lower(), names)), *error.nearest]
                said = f"There is no command or coin {coin[:32]}.{did_you_mean(near)}"
                raise UsageError(said, coin, near) from error
        return full

    async def _run(self, command: Command[Any], args: Args, progress: Progress[Any]) -> Answer:
        if command.private and not args.private:
            raise UsageError(f"/{command.name} is for the owner alone: ask in a private chat.")
        timing = self.desk.timing
        with deadline.question(timing.scan if command.scans else timing.answer):
            answer: Answer = await command.run(args, self.desk, progress)
        return answer

    def _sheet(self, command: Command[Any], args: Args, answer: Answer) -> Sheet:
        page = self._marked(command.render(answer, args, self._view(args)))
        text, buttons = sheet(page, args.page, args.line(page=1))
        return Sheet(text, buttons, answer)

    async def _drawn(self, command: Command[Any], args: Args, sheet: Sheet) -> Sheet:
        """With its picture, where it has one."""
        view = self._view(args)
        figure = command.figure and command.figure(sheet.answer, args, view)
        if figure is None:
            return sheet
        try:
            picture = await self.studio.picture(figure, self.desk.users.of(args.user).style)
            if self.pictures:
                path = await self.studio.file(self.pictures, args.line(), picture)
                sheet = replace(sheet, text=lines([sheet.text, escape(f"Picture: {path}")]))
        except NoPicture as why:
            return replace(sheet, text=lines([sheet.text, escape(f"No picture: {why}")]))
        return replace(sheet, picture=picture, as_file=command.as_file(args))

    def _view(self, args: Args) -> View:
        """In the zone that the user has chosen, be it by this very line."""
        return replace(self.view, zone=self.desk.users.of(args.user).zone or self.view.zone)

    def _show_opening(self, show: Show) -> None:
        """The first question after a start waits for the lists of all venues."""
        if not self.desk.keeper.is_open:
            show(
                Sheet(
                    escape(f"Reading what is listed; waiting: {self.view.venues(self.view.titles)}")
                )
            )

    def _marked(self, page: Page) -> Page:
        if not self.desk.simulated:
            return page
        without = self.view.venues(self.desk.left_out)
        beside = f" ({without} is not simulated)" if without else ""
        return replace(page, heading=bold(f"SIMULATED market: no real prices{beside}"))

    def _mistake(self, line: str, error: UsageError, asker: _Asker = HERE) -> Sheet:
        """What was wrong, the usage, and what may have been meant as buttons."""
        try:
            command, args = self._parsed(line, asker)
            meant = [(name, args.line(symbol=name)) for name in error.nearest]
            usage = code(command.usage)
        except UsageError:
            meant = [(name, _with(line, error.word, name)) for name in error.nearest]
            usage = self._usage(line)
        buttons = tuple(Button(label, asked.removeprefix("/")) for label, asked in meant)
        return Sheet(lines([escape(str(error)), usage]), button_rows(buttons))

    def _usage(self, line: str) -> Html:
        """How the command of a line is used; where it names none, what lists them."""
        try:
            return code(find((line.split() or [""])[0], self.commands).usage)
        except UsageError:
            return escape("/help lists the commands.")


def _with(line: str, word: str, meant: str) -> str:
    """The line with another word in the place of one."""
    return " ".join(meant if one.lower() == word.lower() else one for one in line.split())
