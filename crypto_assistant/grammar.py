"""What a command is, and the one grammar of all command lines."""

import re
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
import orjson

from crypto_assistant.charts.figure import Figure
from crypto_assistant.desk import Desk
from crypto_assistant.errors import UsageError
from crypto_assistant.listings.names import nearest
from crypto_assistant.models import Provenance, Timeframe
from crypto_assistant.round import CoinRound
from crypto_assistant.users import NEUTRAL, TERMINAL, Settings
from crypto_assistant.view import Page, View

TIMEFRAMES = tuple(timeframe.value for timeframe in Timeframe)
LONGEST_SYMBOL = 20
"""Bytes; every coin that is asked for fits, and so does each button's line into Telegram's 64."""

TIMEFRAME = re.compile(r"\d+(s|m|min|h|d|w|mo|y)")
NUMBER = re.compile(r"(\d{1,9}(?:\.\d{1,4})?)([%x]?)")
LEAST_PERCENTAGE = 20
"""A bare number from here on is a percentage above usual; below it so many times as much."""
LATER = {"alerts", "digest", "funding", "liq", "orders"}
"""Commands that there will be."""
SYMBOL = re.compile(r"[^\W_]+([-/_:][^\W_]+)*(\.P)?", re.IGNORECASE)


class Answer(Protocol):
    """What a command found: a frozen dataclass of unrounded numbers with units in their names."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def provenance(self) -> Provenance: ...


A = TypeVar("A", bound=Answer)
Progress = Callable[[A], None]
"""Takes what is known so far, while the rest is still under way."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a command accepts.

    `names`: what the usage calls the symbol. `choices`: groups of words that exclude each other,
    the first of each group the default ("" where the default has no word). `numbers`: what the
    usage calls each of them. `words`: what it calls any others, which the command reads itself.
    """

    symbol: bool = False
    names: str = "SYMBOL"
    timeframe: Timeframe | None = None
    venue: bool = False
    choices: tuple[tuple[str, ...], ...] = ()
    numbers: tuple[str, ...] = ()
    details: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True)
class Args:
    """A command line, understood. `symbol` is as typed, in capitals: coins are found later.

    `words`: those that the command reads itself, as typed. `user`: who asks, None where nobody
    says; `private`: whether nobody else reads the answer; `settings`: what that user has chosen.
    """

    command: str
    symbol: str | None = None
    timeframe: Timeframe | None = None
    venue: str | None = None
    choices: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()
    details: bool = False
    words: tuple[str, ...] = ()
    page: int = 1
    user: int | None = TERMINAL
    private: bool = True
    settings: Settings = NEUTRAL

    def line(self, **changes: Any) -> str:
        """The same question as text, changed where asked; `parse` reads it back."""
        args = replace(self, **changes)
        words = [
            args.command,
            args.symbol,
            args.timeframe,
            args.venue,
            *args.choices,
            *(f"{number:.15g}" for number in args.numbers),
            *args.words,
            "details" if args.details else None,
            f"page {args.page}" if args.page > 1 else None,
        ]
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Command(Generic[A]):
    """One command: what it accepts, the question that it asks, and how its answer is shown."""

    name: str
    summary: str
    example: str
    explains: str
    """What /help NAME says: definitions, sources, units, thresholds."""
    run: Callable[[Args, Desk, Progress[A]], Awaitable[A]]
    render: Callable[[A, Args, View], Page]
    parameters: Parameters = field(default_factory=Parameters)
    scans: bool = False
    """Whether it reads the whole market, for which a trader waits longer."""
    private: bool = False
    """Whether it is about the owner's account, which is nobody else's business."""
    about_itself: bool = False
    """Whether it is about this program."""
    figure: Callable[[A, Args, View], Figure | None] | None = None
    """Of a command that is answered with a picture: what it shows, None where there is nothing."""
    as_file: Callable[[Args], bool] = lambda _: False
    """Whether the picture is wanted as a file."""

    @property
    def usage(self) -> str:
        parameters = self.parameters
        words = [
            f"/{self.name}",
            f"[{parameters.names}]" if parameters.symbol else "",
            "[TIMEFRAME]" if parameters.timeframe else "",
            "[VENUE]" if parameters.venue else "",
            *(f"[{'|'.join(filter(None, group))}]" for group in parameters.choices),
            *(f"[{name}]" for name in parameters.numbers),
            f"[{parameters.words}]" if parameters.words else "",
            "[details]" if parameters.details else "",
        ]
        return " ".join(word for word in words if word)


def parse(
    line: str,
    commands: Sequence[Command[Any]],
    venues: Collection[str],
    settings: Settings = NEUTRAL,
) -> tuple[Command[Any], Args]:
    """Finds the command and reads its arguments; `venues`: the names of all.

    `settings`: what a line means that does not say it. Raises UsageError, before anything is asked
    of an exchange.
    """
    head, *tokens = line.split() or [""]
    command = find(head, commands)
    reader = _Reader(command, venues, settings)
    words = iter(tokens)
    for word in words:
        reader.read(word, words)
    return command, reader.args()


def find(word: str, commands: Sequence[Command[Any]]) -> Command[Any]:
    """The command that is called `/name`, `name` or `/name@Bot`."""
    name = word.removeprefix("/").partition("@")[0].lower()
    if not name:
        raise UsageError("The line names no command.")
    named = {command.name: command for command in commands}
    if name in LATER:
        raise UsageError(f"/{name} comes later.")
    if name not in named:
        near = [f"/{other}" for other in nearest(name, named)]
        raise UsageError(f"There is no command /{name[:32]}.{did_you_mean(near)}", word, near)
    return named[name]


def did_you_mean(names: Sequence[str]) -> str:
    return f" Did you mean {', '.join(names)}?" if names else ""


async def coin_round(args: Args, desk: Desk) -> CoinRound:
    """A round about the coin of a line, the user's own where it names none; raises UsageError."""
    listings = await desk.listings()
    coin = listings.find(args.symbol or args.settings.coin, tradfi="tradfi" in args.choices)
    return CoinRound(desk, listings, desk.named(args.venue), coin)


def encode(answer: Answer) -> bytes:
    """The numbers behind an answer as JSON, its provenance at the top level."""
    fields = {name: getattr(answer, name) for name in answer.__dataclass_fields__}
    provenance = fields.pop("provenance")
    known = {name: getattr(provenance, name) for name in provenance.__dataclass_fields__}
    # A column that is part of another one is written as a list.
    columns = orjson.OPT_SERIALIZE_NUMPY
    return orjson.dumps({**fields, **known}, default=np.ndarray.tolist, option=columns)


class _Reader:
    """Takes the words after the command one by one, in any order."""

    def __init__(self, command: Command[Any], venues: Collection[str], settings: Settings) -> None:
        self._command = command
        self._venues = venues
        self._parameters = parameters = command.parameters
        self._chosen: dict[tuple[str, ...], str] = {}
        self._numbers: list[float] = []
        self._args = Args(
            command.name,
            timeframe=parameters.timeframe and (settings.timeframe or parameters.timeframe),
            details=parameters.details and settings.details,
            settings=settings,
        )
        self._given: set[str] = set()

    def read(self, word: str, following: Iterator[str]) -> None:
        lower = word.lower()
        if lower == "page":
            self._set("page", _page(next(following, "")))
        elif lower in {"details", "compact"} and not self._parameters.words:
            self._details(lower)
        elif group := next((group for group in self._parameters.choices if lower in group), None):
            self._choose(group, lower)
        elif lower in self._venues and not (self._parameters.words and not self._parameters.venue):
            self._venue(lower)
        elif self._parameters.words:
            self._args = replace(self._args, words=(*self._args.words, word))
        elif TIMEFRAME.fullmatch(lower):
            self._timeframe(lower)
        elif self._parameters.numbers and (number := NUMBER.fullmatch(lower)):
            self._number(_bare(float(number[1]), number[2]))
        else:
            self._symbol(word)

    def args(self) -> Args:
        choices = tuple(self._chosen.get(group, group[0]) for group in self._parameters.choices)
        return replace(self._args, choices=choices, numbers=tuple(self._numbers))

    def _choose(self, group: tuple[str, ...], word: str) -> None:
        if self._chosen.setdefault(group, word) != word:
            raise UsageError(f"Choose one of {self._chosen[group]} and {word}.")

    def _details(self, word: str) -> None:
        if not self._parameters.details:
            raise UsageError(f"/{self._command.name} has no details.")
        self._choose(("compact", "details"), word)
        self._args = replace(self._args, details=word == "details")

    def _number(self, value: float) -> None:
        if len(self._numbers) == len(self._parameters.numbers):
            raise UsageError(f"Too many arguments: /{self._command.name} takes no more numbers.")
        self._numbers.append(value)

    def _venue(self, name: str) -> None:
        if not self._parameters.venue:
            raise UsageError(f"/{self._command.name} takes no venue.")
        self._set("venue", name)

    def _timeframe(self, word: str) -> None:
        if not self._parameters.timeframe:
            raise UsageError(f"/{self._command.name} takes no timeframe.")
        if word not in TIMEFRAMES:
            raise UsageError(f"There is no timeframe {word}: {' '.join(TIMEFRAMES)}.")
        self._set("timeframe", Timeframe(word))

    def _symbol(self, word: str) -> None:
        symbol = word.upper().removeprefix("/")
        venue, _, rest = symbol.partition(":")
        if rest and venue.lower() in self._venues:  # As TradingView writes it: BINANCE:BTCUSDT
            symbol = rest
        if not self._parameters.symbol or not SYMBOL.fullmatch(symbol):
            near = self._near(word)
            raise UsageError(
                f"/{self._command.name} does not know the word {word[:32]}.{did_you_mean(near)}",
                word,
                near,
            )
        if len(symbol.encode()) > LONGEST_SYMBOL:
            raise UsageError("No market is asked for by a symbol that long.")
        self._set("symbol", symbol)

    def _set(self, name: str, value: Any) -> None:
        before = getattr(self._args, name)
        if name in self._given and before != value:
            said = f"Too many arguments: one {name}, not both {before} and {value}."
            word = next(filter(self._near, map(str, (value, before))), "")
            near = self._near(word) if name == "symbol" else []
            raise UsageError(said + did_you_mean(near), word, near)
        self._given.add(name)
        self._args = replace(self._args, **{name: value})

    def _near(self, word: str) -> list[str]:
        """The words of the command, other than symbols, that may have been meant."""
        parameters = self._parameters
        known = {choice for group in parameters.choices for choice in group if choice}
        return nearest(word.lower(), known | set(self._venues if parameters.venue else ()))


def _bare(value: float, unit: str) -> float:
    """The number that says the same without its unit: 200 for `200%` and 3 for `3x`."""
    if unit == "x" and value >= LEAST_PERCENTAGE:
        return 100 * (value - 1)
    return 1 + value / 100 if unit == "%" and value < LEAST_PERCENTAGE else value


def _page(word: str) -> int:
    if not re.fullmatch(r"[1-9]\d?", word):
        raise UsageError("After page comes its number: page 2.")
    return int(word)
