"""Tables that a phone shows without wrapping."""

from collections.abc import Sequence
from contextvars import ContextVar
from unicodedata import east_asian_width

from crypto_assistant.view.markup import SEPARATOR, Html, escape, rows_of

WIDEST_TABLE = 30
"""Columns that a phone 390 px wide shows without wrapping; it wraps 32."""


room: ContextVar[int] = ContextVar("room", default=WIDEST_TABLE)
"""Columns that the reader's screen has for tables that may be parted."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Html:
    """Aligned columns in <pre>: the first to the left, the others to the right."""
    return Html(f"<pre>{escape(_aligned([header, *rows]))}</pre>")


def tables(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Html]:
    """One table where the screen has room for it, else several, each with the first column."""
    parts = [[0]]
    for column in range(1, len(header)):
        wider = [*parts[-1], column]
        if len(wider) > 2 and not fits(_cells(header, wider), [_cells(row, wider) for row in rows]):
            parts.append([0])
        parts[-1].append(column)
    return [table(_cells(header, part), [_cells(row, part) for row in rows]) for part in parts]


def labelled(rows: Sequence[tuple[str, Sequence[str]]]) -> Html:
    """Words in <pre> and beside them their figures, in as many lines as a phone needs."""
    width = max(columns(label) for label, _ in rows) + 1
    lines = (
        f"{'' if line else label:<{width}}{SEPARATOR.join(row)}"
        for label, parts in rows
        for line, row in enumerate(rows_of(parts, WIDEST_TABLE - width))
    )
    text = "\n".join(lines)
    return Html(f"<pre>{escape(text)}</pre>")


def fits(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the reader's screen shows the table without wrapping."""
    return columns(_aligned([header, *rows]).split("\n")[0]) <= room.get()


def _cells(row: Sequence[str], columns: Sequence[int]) -> list[str]:
    return [row[column] for column in columns]


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        " ".join(
            _padded(cell, width, left=i == 0)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _padded(cell: str, width: int, *, left: bool) -> str:
    space = " " * (width - columns(cell))
    return cell + space if left else space + cell


def columns(text: str) -> int:
    """The width of a text: Chinese, Japanese and Korean characters take two columns each."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def cut(text: str, width: int) -> str:
    """As much of a name as a column of so many characters has room for: `JELLYJE…`."""
    if columns(text) <= width:
        return text
    while columns(text) >= width:
        text = text[:-1]
    return f"{text}…"
