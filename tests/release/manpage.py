"""The man page."""

import re
from collections.abc import Iterable, Iterator

from crypto_assistant import __version__
from crypto_assistant.arguments import parser
from tests.release.places import NAME, Option, Place, places

FILES = {
    ".env": "settings, NAME=value a line, in the working directory",
    ".state": "the database, beside it",
    "$XDG_CONFIG_HOME/crypto-assistant/crypto-assistant.conf": "settings where no .env lies here",
    "$XDG_CONFIG_HOME/crypto-assistant/credentials/": "secret settings, a file each",
    "$XDG_STATE_HOME/crypto-assistant/": "the database where neither .env nor .state lies here",
}
STATUSES = {
    "0": "done",
    "1": "failed, or nobody answered",
    "2": "wrong usage",
    "78": "a setting is wrong: starting again does not help",
    "130": "interrupted",
}


def manpage() -> str:
    """In roff, without a date: it changes where the argument parser does."""
    program, *commands = places()
    return "\n".join(
        [
            rf'.TH {NAME.upper()} 1 "" "{NAME} {__version__}" "User Commands"',
            *(
                ".SH NAME",
                rf"{NAME} \- a private Telegram assistant for crypto-derivatives traders",
            ),
            *(".SH SYNOPSIS", _usage(program)),
            *(".SH DESCRIPTION", _text(program.does), _text(parser().epilog or "")),
            *(".SH OPTIONS", *_options(program.options)),
            *(".SH COMMANDS", *(line for place in commands for line in _command(place, commands))),
            *(".SH FILES", *_list(FILES.items())),
            *(".SH EXIT STATUS", *_list(STATUSES.items())),
            "",
        ]
    )


def _usage(place: Place) -> str:
    options = (one for one in place.options if "--help" not in one.flags)
    parts = [f"[{_flags(one)}]" if not one.required else _flags(one) for one in options]
    parts += [argument.usage for argument in place.arguments]
    parts += [place.usage] if place.usage else []
    return " ".join((rf"\fB{_text(' '.join((NAME, *place.path)))}\fR", *map(_text, parts)))


def _command(place: Place, commands: list[Place]) -> Iterator[str]:
    """Under the words that lead there, unless only others follow these."""
    above = [one for one in commands if one.path == place.path[:-1]]
    verbs = above[0].verbs if above else places()[0].verbs
    yield f'.SS "{_text(" ".join(place.path))}"'
    yield _usage(place)
    yield ".PP"
    yield _text(place.does or verbs[place.path[-1]])
    yield from _options([one for one in place.options if "--help" not in one.flags])
    yield from _list((argument.usage, argument.help) for argument in place.arguments)


def _options(options: Iterable[Option]) -> Iterator[str]:
    yield from _list((_flags(one), one.help) for one in options)


def _list(items: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, does in items:
        yield from (".TP", rf"\fB{_text(name)}\fR", _text(does))


def _flags(option: Option) -> str:
    values = f" {'|'.join(option.choices)}" if option.choices else ""
    return f"{', '.join(option.flags)}{values}"


def _text(text: str) -> str:
    """A hyphen is what is typed, a point at the beginning is no request: man 7 groff."""
    flat = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", flat)
