"""Where a command line of the program may stand, and what may follow there: its argument parser."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crypto_assistant.arguments import parser

NAME = "crypto-assistant"


@dataclass(frozen=True, slots=True)
class Option:
    """`choices`: of its value; () where it takes none."""

    flags: Sequence[str]
    choices: Sequence[str]
    required: bool
    help: str


@dataclass(frozen=True, slots=True)
class Argument:
    """What stands in the usage for it, such as `[FILE]`."""

    usage: str
    is_file: bool
    help: str


@dataclass(frozen=True, slots=True)
class Place:
    """After the words of `path`. `verbs`: the words that lead on, and what they do.

    `usage`: what stands for them there.
    """

    path: Sequence[str]
    does: str
    options: Sequence[Option]
    arguments: Sequence[Argument]
    verbs: Mapping[str, str]
    usage: str

    @property
    def takes_files(self) -> bool:
        return any(argument.is_file for argument in self.arguments)

    @property
    def flags(self) -> list[str]:
        return [flag for option in self.options for flag in option.flags]


def places() -> list[Place]:
    """The program's own first, then those of each command."""
    return [*_places(parser(), ())]


def _places(of: argparse.ArgumentParser, path: tuple[str, ...]) -> Iterator[Place]:
    below = [one for one in of._actions if isinstance(one, argparse._SubParsersAction)]
    arguments = [one for one in of._actions if not one.option_strings and one not in below]
    verbs = {one.dest: one.help or "" for sub in below for one in sub._choices_actions}
    usage = "|".join(verbs) if path else "COMMAND ..." if verbs else ""
    yield Place(
        path=path,
        does=of.description or "",
        options=[_option(one) for one in of._actions if one.option_strings],
        arguments=[_argument(one) for one in arguments],
        verbs=verbs,
        usage=usage if not verbs or any(sub.required for sub in below) else f"[{usage}]",
    )
    for sub in below:
        for name, inner in sub.choices.items():
            yield from _places(inner, (*path, name))


def _option(action: argparse.Action) -> Option:
    choices = [str(choice) for choice in action.choices or ()]
    return Option(action.option_strings, choices, action.required, action.help or "")


def _argument(action: argparse.Action) -> Argument:
    usage = {None: "{}", "?": "[{}]", "+": "{} ..."}[action.nargs]  # type: ignore[index]
    return Argument(usage.format(action.metavar), action.type is Path, action.help or "")
