"""Words of venues, of Telegram and of whoever writes to the bot, as they may be repeated.

Whatever others wrote passes `line` before a page, the log or the terminal.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple
from unicodedata import normalize

HIDDEN = "[hidden]"
LONGEST = 240
"""Characters of a line, if nothing else is said."""
MOST_READ = 20_000
"""Characters; nobody reads what follows."""
FEWEST = 6
"""Letters and digits of what is a secret: a window of 5000 ms tells nothing, nor does a switch."""
MOST_ENCODED = 8
"""Times that it is undone."""
ENCODED = re.compile(
    r"%(?:25)*(?P<percent>[0-7][0-9A-Fa-f])|\\+(?:[nrtvf]|x(?P<byte>[0-9a-f]{2})"
    r"|u(?P<short>[0-9A-Fa-f]{4})|U(?P<long>000[0-9a-f]{5}))"
)
"""Percent-encoding of any depth, and what JSON, and Python in the log, write for a sign."""
INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Of what counts as printable: fillers, joiners, selectors of variants."""


class _Form(NamedTuple):
    """How a secret may be written, of such signs alone as `keeps` says yes to, in lower case."""

    keeps: Callable[[str], bool]
    text: str


_forms: set[_Form] = set()


def keep_out(secrets: Iterable[str]) -> None:
    """From now on no line has one of them."""
    _forms.update(chain.from_iterable(map(_written, secrets)))


def line(text: str, most: int = LONGEST, secrets: Iterable[str] = ()) -> str:
    """One line that shows as it is, without the owner's secrets and those that are named."""
    forms = _forms.union(*map(_written, secrets))
    shown = " ".join(_without(clear(text[:MOST_READ]), forms).split())
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def clear(text: str) -> str:
    """Without what does not show, steers a terminal or turns text around; breaks are spaces."""
    if text.isascii() and text.isprintable():
        return text
    spaced = (" " if sign.isspace() else sign for sign in text)
    return INVISIBLE.sub("", "".join(filter(str.isprintable, spaced)))


def _written(secret: str) -> Iterator[_Form]:
    """In any case, with anything but letters and digits between; as base64 and as hex, too."""
    raw = secret.encode()
    letters = [secret, raw.hex(), *(_base64(raw, before) for before in range(3))]
    found = [_Form(str.isalnum, _folded(form, str.isalnum)) for form in letters]
    if len(found[0].text) < FEWEST:
        found = [_Form(_is_seen, _folded(secret, _is_seen))]
    yield from (form for form in found if len(form.text) >= FEWEST)


def _base64(raw: bytes, before: int) -> str:
    """What is the same of it after so many other bytes, and before any others."""
    encoded = b64encode(bytes(before) + raw).decode()
    return encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]


def _is_seen(sign: str) -> bool:
    return not sign.isspace()


def _folded(text: str, keeps: Callable[[str], bool]) -> str:
    return "".join(filter(keeps, normalize("NFKD", text).casefold()))


def _without(text: str, forms: Iterable[_Form]) -> str:
    """The text with its secrets hidden."""
    decoded = _decoded(text)
    forms = [form for form in forms if form.text in _folded(decoded, form.keeps)]
    return _cut(text, forms) if forms else text


def _decoded(text: str) -> str:
    for _ in range(MOST_ENCODED):
        text = ENCODED.sub(_sign, text)
    return text


def _sign(encoded: re.Match[str]) -> str:
    number = encoded[encoded.lastgroup] if encoded.lastgroup else "20"
    return chr(int(number, 16))


def _cut(text: str, forms: Iterable[_Form]) -> str:
    signs = _Signs(text)
    found = sorted(chain.from_iterable(signs.places(form) for form in forms))
    shown, end = [], 0
    for start, stop in found:
        if start >= end:
            shown += [text[end:start], HIDDEN]
        end = max(end, stop)
    return "".join([*shown, text[end:]])


class _Signs:
    """The signs of a text, all encoding undone, each with where it begins and ends there."""

    def __init__(self, text: str) -> None:
        self._all = [(sign, n, n + 1) for n, sign in enumerate(text)]
        self._kept: dict[Callable[[str], bool], list[tuple[str, int, int]]] = {}
        for _ in range(MOST_ENCODED):
            joined = "".join(sign for sign, _, _ in self._all)
            found = list(ENCODED.finditer(joined))
            if not found:
                break
            self._decode(found)

    def places(self, form: _Form) -> Iterator[tuple[int, int]]:
        """Where the form begins and ends in the text."""
        kept = self._kept.setdefault(form.keeps, list(self._folded(form.keeps)))
        text, start = "".join(sign for sign, _, _ in kept), -1
        while (start := text.find(form.text, start + 1)) >= 0:
            yield kept[start][1], kept[start + len(form.text) - 1][2]

    def _decode(self, found: Iterable[re.Match[str]]) -> None:
        decoded, end = [], 0
        for match in found:
            first, last = self._all[match.start()], self._all[match.end() - 1]
            decoded += [
                *self._all[end : match.start()],
                (_sign(match), first[1], last[2]),
            ]
            end = match.end()
        self._all = decoded + self._all[end:]

    def _folded(self, keeps: Callable[[str], bool]) -> Iterator[tuple[str, int, int]]:
        for sign, start, end in self._all:
            yield from ((one, start, end) for one in _folded(sign, keeps))
