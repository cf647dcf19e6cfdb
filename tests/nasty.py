"""Texts as nobody should send them: with secrets in disguise, and signs that do not show."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from html import unescape
from random import Random
from typing import Final
from urllib.parse import quote, unquote

BETWEEN: Final = " \n\t\u200b\u2060\u200f\u202e\u3164\u2028\ud800.-_:;,/|*\x00\x1b"


def _percent(text: str, style: str = "%{:02x}") -> str:
    return "".join(style.format(ord(sign)) for sign in text)


def _wide(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


FACES: Final[Mapping[str, Callable[[str], str]]] = {
    "itself": str,
    "capitals": str.upper,
    "small letters": str.lower,
    "swapped case": str.swapcase,
    **{f"split by {sign!r}": sign.join for sign in BETWEEN},
    "split by many": "\u200b - \n".join,
    "in lines": lambda text: "\r\n".join([text[:5], text[5:]]),
    "quoted": quote,
    "wholly quoted": lambda text: quote(text, safe=""),
    "percent": _percent,
    "capital percent": lambda text: _percent(text, "%{:02X}"),
    "twice": lambda text: quote(_percent(text), safe=""),
    "three times": lambda text: quote(quote(_percent(text)), safe=""),
    "every sign twice": lambda text: _percent(_percent(text)),
    "split and percent": lambda text: _percent("-".join(text)),
    "wide": _wide,
    "base64": lambda text: b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
}


def disguised(secret: str, random: Random) -> str:
    """Each of its signs in a way of its own, with anything between."""
    ways: list[Callable[[str], str]] = [
        str,
        str.upper,
        str.lower,
        _percent,
        lambda sign: quote(_percent(sign)),
        _wide,
    ]
    signs = [random.choice(ways)(sign) for sign in secret]
    return "".join(sign + random.choice(["", "", random.choice(BETWEEN)]) for sign in signs)


def tells(shown: str, secret: str) -> bool:
    """Whether somebody with patience finds the secret in it."""
    for _ in range(10):
        shown = unquote(unescape(shown))
    found, wanted = _bare(shown), [secret, b64encode(secret.encode()).decode().strip("=")]
    return any(_bare(one) in found for one in [*wanted, secret.encode().hex()])


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()
