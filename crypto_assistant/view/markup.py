"""Text in Telegram's HTML: made here alone, so that nothing unescaped is sent."""

import html
from collections.abc import Iterable
from typing import NewType

Html = NewType("Html", str)
"""Text in Telegram's HTML, safe to send: everything else passes `escape` first."""

EMPTY = Html("")


def escape(text: str) -> Html:
    return Html(html.escape(text, quote=False))


def bold(text: str) -> Html:
    return Html(f"<b>{escape(text)}</b>")


def code(text: str) -> Html:
    return Html(f"<code>{escape(text)}</code>")


def head(words: str, rest: str = "") -> Html:
    """A line that begins with bold words."""
    return Html(bold(words) + escape(rest))


def lines(parts: Iterable[Html]) -> Html:
    return Html("\n".join(part for part in parts if part))
