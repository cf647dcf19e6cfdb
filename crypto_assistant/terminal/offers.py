"""What may stand at a place of a command line: commands, coins, venues, timeframes, its words."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from crypto_assistant.errors import UsageError
from crypto_assistant.front import Front
from crypto_assistant.grammar import TIMEFRAMES, Command, find
from crypto_assistant.terminal.names import Names, coins

WATCH = re.compile(r"\s*watch\s+\d+\s+", flags=re.IGNORECASE)
"""What stands before a line that is repeated."""
OWN = {"watch 5": "watch 5 /price BTC: again and again", "exit": "leaves", "quit": "leaves"}
"""Words of the terminal itself."""
MOST, FEW = 40, 8
"""Coins that are offered for a word's beginning, and for none."""


class Offer(NamedTuple):
    """A word that may stand there, and what it is."""

    word: str
    kind: str


class Offers:
    """The words that may follow, from what is known at the time: nobody is asked for them."""

    def __init__(self, front: Callable[[], Front | None]) -> None:
        self._front = front
        self._coins = Names({})
        self._of: object = None
        """The lists that they are from."""

    def at(self, line: str) -> tuple[str, list[Offer]]:
        """The word that a line ends with, and whole words that it may become."""
        if (front := self._front()) is None:
            return "", []
        *before, word = re.split(r"\s+", WATCH.sub("", line).lstrip())
        found = self._first(front, word) if not before else self._later(front, before, word)
        return word, list(found)

    def _first(self, front: Front, word: str) -> Iterator[Offer]:
        lower, slash = word.lower(), "/" if word.startswith("/") or not word else ""
        yield from _starting(lower, ((slash + one.name, one.summary) for one in front.commands))
        if word and not slash:
            yield from _starting(lower, OWN.items())
            yield from self._near(front, word)

    def _later(self, front: Front, before: Sequence[str], word: str) -> Iterator[Offer]:
        try:
            command = find(before[0], front.commands)
        except UsageError:
            return
        lower, given = word.lower(), {one.lower() for one in before[1:]}
        groups = list(_groups(command, front))
        if command.parameters.symbol and given <= {one for _, group in groups for one in group}:
            if command.parameters.names == "SYMBOL":
                yield from self._near(front, word)
            else:
                yield from _starting(lower, ((one.name, one.summary) for one in front.commands))
        for kind, group in groups:
            if not given & set(group):
                yield from _starting(lower, ((one, kind) for one in group))

    def _near(self, front: Front, word: str) -> Iterator[Offer]:
        known = front.desk.keeper.known
        if self._of is not known.instruments:
            self._coins, self._of = coins(known), known.instruments
        for name in self._coins.near(word.upper(), MOST if word else FEW):
            yield Offer(name, "coin")


def usage(line: str, commands: Iterable[Command[Any]]) -> str:
    """How the command of a line is used; nothing where it names none yet."""
    words = WATCH.sub("", line).split()
    try:
        return find(words[0], list(commands)).usage if words else ""
    except UsageError:
        return ""


def _groups(command: Command[Any], front: Front) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The words but symbols and numbers that a command takes, by what they are, one of each."""
    parameters = command.parameters
    if parameters.timeframe:
        yield "timeframe", TIMEFRAMES
    if parameters.venue:
        yield "venue", tuple(front.view.titles)
    for group in parameters.choices:
        yield "", tuple(filter(None, group))
    if parameters.details:
        yield "", ("details",)


def _starting(prefix: str, words: Iterable[tuple[str, str]]) -> Iterator[Offer]:
    return (Offer(word, kind) for word, kind in words if word.startswith(prefix))
