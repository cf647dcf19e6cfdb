"""Text in Telegram's HTML: made here alone, so that nothing unescaped is sent."""

import html
from collections.abc import Iterable
from typing import NewType

Html = NewType("Html", str)
"""Text in Telegram's HTML, safe to send: everything else passes `escape` first."""

EMPTY = Html("")
SEPARATOR = " · "
WIDEST_LINE = 38
"""Characters of prose that a phone shows in one line, most of the time."""


def escape(text: str) -> Html:
    return Html(html.escape(text, quote=False))


def bold(text: str) -> Html:
    return Html(f"<b>{escape(text)}</b>")


def code(text: str) -> Html:
    return Html(f"<code>{escape(text)}</code>")


def head(words: str, rest: str = "") -> Html:
    """A line that begins with bold words."""
    return Html(bold(words) + escape(rest))


def flowing(parts: Iterable[str | None], *, boldly: bool = False) -> Html:
    """Parts beside each other with dots between, in lines that a phone does not wrap.

    `boldly`: the first part is a title.
    """
    rows = rows_of(filter(None, parts), WIDEST_LINE)
    text = escape("\n".join(SEPARATOR.join(row) for row in rows))
    if not boldly or not rows:
        return text
    title = escape(rows[0][0])
    return Html(f"<b>{title}</b>{text.removeprefix(title)}")


def rows_of(parts: Iterable[str], most: int) -> list[list[str]]:
    """The parts in rows that have at most so many characters with dots between."""
    rows: list[list[str]] = []
    width = 0
    for part in parts:
        width += len(SEPARATOR) + len(part)
        if not rows or width > most:
            rows.append([])
            width = len(part)
        rows[-1].append(part)
    return rows


def lines(parts: Iterable[Html]) -> Html:
    return Html("\n".join(part for part in parts if part))
