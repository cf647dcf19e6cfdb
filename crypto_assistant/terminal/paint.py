"""Telegram's HTML as a terminal's text: bold, ups and downs in colour, lines as wide as it is."""

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

from crypto_assistant import foreign
from crypto_assistant.view import Button, Html, columns

BOLD = {"b": "\033[1m", "i": "\033[3m"}
COLOURS = {"code": "\033[36m", "+": "\033[32m", "-": "\033[31m"}
PLAIN, USUAL_COLOUR = "\033[0m", "\033[39m"
STEERS = re.compile(r"\033\[\d+m")
MOVE = re.compile(r"(?<![^\s(])([+-])[$\d][^\s)]*")
"""An up or a down: `+1.29%`, `-$41M`; no range and no date."""
UNBROKEN = "\xa0"


def plain(html: Html, *, styled: bool, coloured: bool = False) -> str:
    """Telegram's HTML as terminal text; `styled`: with bold words, `coloured`: with colours too."""
    reader = _Terminal(styled, coloured)
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)


def printable(data: str) -> str:
    """Without what would steer the terminal or turn its text around."""
    return "\n".join(map(foreign.clear, data.split("\n")))


def wrapped(text: str, width: int) -> list[str]:
    """The text's lines, none wider than so many columns where it has a space to break at."""
    return [part for line in text.split("\n") for part in _parts(line, width)]


def choices(buttons: Sequence[Button], width: int) -> list[str]:
    """Numbered buttons beside each other: `1 Details  2 15m  3 Refresh`."""
    labels = (f"{n} {printable(button.label)}" for n, button in enumerate(buttons, 1))
    text = "  ".join(label.replace(" ", UNBROKEN) for label in labels)
    return [line.replace(UNBROKEN, " ") for line in wrapped(text, width) if line]


def _parts(line: str, width: int) -> Iterator[str]:
    shown = ""
    for word in re.findall(" *[^ ]+", line):
        if shown and _columns(shown + word) > width:
            yield shown
            shown = word.lstrip()
        else:
            shown += word
    yield shown


def _columns(text: str) -> int:
    return columns(STEERS.sub("", text))


class _Terminal(HTMLParser):
    def __init__(self, styled: bool, coloured: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._colours = COLOURS if coloured else {}
        self._styles = (BOLD if styled else {}) | self._colours

    def handle_data(self, data: str) -> None:
        text = printable(data)
        self.parts.append(MOVE.sub(self._painted, text) if self._colours else text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.parts.append(self._styles.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._styles:
            self.parts.append(PLAIN)

    def _painted(self, move: re.Match[str]) -> str:
        return f"{self._colours[move[1]]}{move[0]}{USUAL_COLOUR}"
