"""An answer as a chat shows it, read back: tables, numbers, who answered, who failed and why."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Final, NamedTuple

from tests.botapi import Shown

TITLES: Final = {"Binance": "binance", "Bybit": "bybit", "OKX": "okx"}
SHORT: Final = {"BIN": "binance", "BYB": "bybit", "OKX": "okx"}
NOTHING: Final = "n/a"

NUMBER = re.compile(r"([+-]?)\$?(\d[\d,]*)(?:\.(\d+))?([KMBT]?|e-\d+)(?:%| bp)?…?")
SCALES: Final = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
SECONDS: Final = {"s": 1, "min": 60, "h": 3600}
FOOTER = re.compile(
    r"(?P<time>\d\d:\d\d:\d\d) UTC(?: · (?P<age>[\d.]+) (?P<unit>s|min|h) old)?"
    r"(?: · (?P<answered>\d)/(?P<listing>\d) venues?)?"
)
MOST_REASONS: Final = 4
"""Lines above the last that may say why venues are missing, and who is waited for."""
REASON = re.compile(r"(Binance|Bybit|OKX): (?!top 100)(.+)")
WORDS: Final = (
    "new longs", "new shorts", "shorts out", "longs out", "7 days", "24h $",
    "OI $", "OI coins", "fund %", "% vol", "% OI", "in ATRs",
    "BIN px", "BYB px", "OKX px", "RVOL 7d", "RVOL 96", "bar $",
)  # fmt: skip
"""What is one cell, its blanks notwithstanding."""
WORD = re.compile(r"\S+")
BARS = re.compile(r"(\d+) bars")


class Range(NamedTuple):
    """Where a number lies: as closely as it was printed, or while it moved."""

    low: float
    high: float

    def meets(self, other: "Range") -> bool:
        slack = 1e-9 * max(map(abs, (*self, *other)))
        return self.low <= other.high + slack and other.low <= self.high + slack

    def __add__(self, other: "Range") -> "Range":  # type: ignore[override]
        return Range(self.low + other.low, self.high + other.high)


def printed(text: str) -> Range | None:
    """All that rounds to the text; None where it is no number."""
    found = NUMBER.fullmatch(text)
    if found is None:
        return None
    sign, whole, decimals, unit = found.groups()
    scale = SCALES.get(unit) or float(f"1{unit}")
    scale *= 0.01 if "%" in text else 1e-4 if " bp" in text else 1
    value = float(f"{whole.replace(',', '')}.{decimals or 0}") * scale
    value = -value if sign == "-" else value
    half = 0.5 * 10.0 ** -len(decimals or "") * scale
    return Range(value - half, value + half)


class Row(NamedTuple):
    name: str
    cells: dict[str, str]


class Table(NamedTuple):
    """`corner`: what stands over the names of the rows. `above`: the last line before it."""

    corner: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    above: str


@dataclass(frozen=True)
class Reading:
    """One message: `answered` of the `listing` venues did.

    `time`: HH:MM:SS; `age` and how far it may be off in seconds, if it is told.
    """

    shown: Shown
    text: str
    lines: tuple[str, ...]
    tables: tuple[Table, ...]
    time: str | None = None
    age: float = 0.0
    rounding: float = 0.0
    answered: int = 0
    listing: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def refresh(self) -> str | None:
        """The whole command line that the answer answers."""
        buttons = (button for row in self.shown.buttons for button in row)
        return next((line for label, line in buttons if label == "Refresh"), None)

    @property
    def is_final(self) -> bool:
        return "waiting: " not in self.text

    def find(self, pattern: str) -> re.Match[str] | None:
        return next((m for line in self.lines if (m := re.search(pattern, line))), None)


def read(shown: Shown) -> Reading:
    lines = tuple(shown.text.split("\n"))
    whole = Reading(shown, shown.text, lines, tuple(_tables(shown.html)))
    for number, line in enumerate(lines):
        if (found := FOOTER.fullmatch(line)) and number == len(lines) - 1:
            return _dated(whole, found, lines[:number])
    return whole


def _dated(whole: Reading, found: re.Match[str], above: Sequence[str]) -> Reading:
    seconds = SECONDS[found["unit"]] if found["age"] else 1
    decimals = len((found["age"] or "").partition(".")[2])
    reasons = (REASON.fullmatch(line) for line in above[-MOST_REASONS:])
    return Reading(
        whole.shown,
        whole.text,
        whole.lines,
        whole.tables,
        time=found["time"],
        age=float(found["age"] or 0) * seconds,
        rounding=0.5 * 10.0**-decimals * seconds,
        answered=int(found["answered"] or 0),
        listing=int(found["listing"] or 0),
        failed={TITLES[reason[1]]: reason[2] for reason in reasons if reason},
    )


def _tables(html: str) -> Iterator[Table]:
    """Those of several parts, which a phone would wrap, are as many tables."""
    before = 0
    for found in re.finditer(r"<pre>(.*?)</pre>", html, re.DOTALL):
        above = html[before : found.start()]
        head, *rows = unescape(found[1]).split("\n")
        corner, *header = _header(head)
        ends = [one.end() for one in WORD.finditer(_joined(head))][-len(header) :]
        cells = (_row(line, dict(zip(ends, header, strict=True))) for line in rows)
        yield Table(corner, tuple(header), tuple(cells), _last_line(above))
        before = found.end()


def _last_line(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html).strip().rpartition("\n")[2]


def _joined(line: str) -> str:
    for words in WORDS:
        line = line.replace(words, words.replace(" ", "_"))
    return BARS.sub(r"\1_bars", line)


def _header(line: str) -> list[str]:
    names = [name.replace("_", " ") for name in _joined(line).split()]
    return names if not line.startswith(" ") else ["", *names]


def _row(line: str, header: Mapping[int, str]) -> Row:
    """Each cell ends where its column does: some may be empty. `header`: by those places."""
    cells = [(one.group().replace("_", " "), one.end()) for one in WORD.finditer(_joined(line))]
    first = next((i for i, (_, end) in enumerate(cells) if i and end in header), len(cells))
    is_aligned = first < len(cells) and all(end in header for _, end in cells[first:])
    if is_aligned or len(cells) == 1:
        name = " ".join(text for text, _ in cells[:first])
        return Row(name, {header[end]: text for text, end in cells[first:]})
    name, *rest = _joined(line).rsplit(maxsplit=len(header))  # A name of wide characters.
    told = (cell.replace("_", " ") for cell in rest)
    return Row(name, dict(zip(header.values(), told, strict=False)))
