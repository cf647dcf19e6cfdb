"""Numbers, tables and pages: the only rounding and the only markup."""

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from math import floor, log10
from typing import NewType
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from crypto_assistant.errors import moment
from crypto_assistant.models import Provenance

Html = NewType("Html", str)
"""Text in Telegram's HTML, safe to send: everything else passes `escape` first."""

EMPTY = Html("")
NOTHING = "n/a"
WIDEST_TABLE = 36
"""Columns that a phone shows without wrapping."""
LONGEST_MESSAGE = 4096
"""UTF-16 units that Telegram accepts in a message."""


@dataclass(frozen=True, slots=True)
class Button:
    """A label and the whole command line that it stands for."""

    label: str
    line: str


@dataclass(frozen=True, slots=True)
class Page:
    """An answer as it is shown: blocks that are not torn apart, and rows of buttons.

    `heading` stands above every part of an answer that takes several messages, `footer` below.
    """

    blocks: tuple[Html, ...]
    buttons: tuple[tuple[Button, ...], ...] = ()
    heading: Html = Html("")
    footer: Html = Html("")


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


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Html:
    """Aligned columns in <pre>: the first to the left, the others to the right."""
    return Html(f"<pre>{escape(_aligned([header, *rows]))}</pre>")


def tables(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Html]:
    """One table where a phone has room for it, else several, each with the first column."""
    parts = [[0]]
    for column in range(1, len(header)):
        wider = [*parts[-1], column]
        if len(wider) > 2 and not fits(_cells(header, wider), [_cells(row, wider) for row in rows]):
            parts.append([0])
        parts[-1].append(column)
    return [table(_cells(header, part), [_cells(row, part) for row in rows]) for part in parts]


def fits(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a phone shows the table without wrapping."""
    return columns(_aligned([header, *rows]).split("\n")[0]) <= WIDEST_TABLE


def _cells(row: Sequence[str], columns: Sequence[int]) -> list[str]:
    return [row[column] for column in columns]


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        " ".join(
            _padded(cell, width, left=i == 0)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _padded(cell: str, width: int, *, left: bool) -> str:
    space = " " * (width - columns(cell))
    return cell + space if left else space + cell


def columns(text: str) -> int:
    """The width of a text: Chinese, Japanese and Korean characters take two columns each."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def price(value: float | None, tick: float | None) -> str:
    """With the decimals of the market's tick size; six significant digits where it is unknown."""
    if value is None:
        return NOTHING
    if tick is None or not tick > 0:
        return f"{Decimal(f'{value:.6g}'):f}"
    decimals = len(f"{tick:.15f}".rstrip("0").partition(".")[2])
    return f"{value:.{decimals}f}"


def scaled(value: float | None) -> str:
    """Three significant digits with K, M, B or T, eight decimals at most."""
    if value is None:
        return NOTHING
    rounded = round(float(f"{value:.2e}"), 8)
    for unit, size in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(rounded) >= size:
            return _significant(rounded / size) + unit
    return _significant(rounded) if rounded else "0"


def _significant(value: float) -> str:
    magnitude = floor(log10(abs(value)))
    return f"{value:.{min(8, max(0, 2 - magnitude))}f}"


def money(usd: float | None) -> str:
    """`$1.67B`, `-$1.20M`."""
    if usd is None:
        return NOTHING
    size = scaled(abs(usd))
    return f"{'-' if usd < 0 and size != '0' else ''}${size}"


def cents(usd: float | None, *, plus: bool = False) -> str:
    """The owner's money: `$1,234.56`, `-$0.42`.

    `plus`: what is above zero has its sign, too.
    """
    if usd is None:
        return NOTHING
    size = f"{abs(usd):,.2f}"
    zero = not size.strip("0.")
    return f"{'' if zero or (usd > 0 and not plus) else '-' if usd < 0 else '+'}${size}"


def amount(coins: float | None) -> str:
    """Coins with eight digits, eight decimals at most: `12,345.679`, `0.00012`."""
    if coins is None:
        return NOTHING
    decimals = max(0, 8 - len(f"{abs(coins):.0f}"))
    text = f"{coins:,.{8 if abs(coins) < 1 else decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def flow(usd: float | None) -> str:
    """Money with its sign: `+$1.20M`, `-$350K`."""
    text = money(usd)
    return f"+{text}" if usd is not None and usd > 0 and text != "$0" else text


def percent(fraction: float | None) -> str:
    """`+1.23%`, `-12.3%`, `+123%`; what rounds to zero has no sign."""
    if fraction is None:
        return NOTHING
    size = abs(fraction)
    return signed(fraction * 100, 2 if size < 0.09995 else 1 if size < 0.9995 else 0) + "%"


def share(fraction: float | None) -> str:
    """A percentage without a sign: `0.42%`, `57.1%`."""
    return percent(fraction).removeprefix("+")


def basis_points(fraction: float | None) -> str:
    return NOTHING if fraction is None else f"{signed(fraction * 10_000, 1)} bp"


def funding(rate: float | None, hours: float | None) -> str:
    """The rate of one interval in percent, and the interval: `+0.0100/8h`."""
    if rate is None:
        return NOTHING
    return f"{signed(rate * 100, 4)}/{'?' if hours is None else f'{hours:g}'}h"


def signed(value: float | None, digits: int) -> str:
    """`+1.2`; what rounds to zero has no sign."""
    if value is None:
        return NOTHING
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text


def decimal(value: float | None, digits: int) -> str:
    """With so many decimals."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def part(fraction: float | None, digits: int = 0) -> str:
    """Of a whole: `57%`."""
    return NOTHING if fraction is None else f"{fraction:.{digits}%}"


def percents(fraction: float) -> str:
    """As text writes it: `10 %`, `0.5 %`."""
    return f"{plain(100 * fraction)} %"


def plain(value: float) -> str:
    """A number as somebody typed it: `200`, `1.5`."""
    return f"{value:.15g}"


def mebibytes(size: int | None) -> str:
    """`95.8 MB`."""
    return NOTHING if size is None else f"{size / 2**20:.1f} MB"


def duration(ms: float) -> str:
    """`0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`."""
    seconds = max(0.0, ms / 1000)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes, hours = seconds / 60, seconds / 3600
    if hours < 48:
        return f"{minutes:.0f} min" if minutes < 90 else f"{hours:.0f} h"
    return f"{hours / 24:.0f} d"


def progress(done: int, total: int) -> str:
    """`▓▓▓▓░░░░ 212/480`."""
    filled = 8 * done // total if total else 0
    return f"{'▓' * filled}{'░' * (8 - filled)} {done}/{total}"


def minute(ms: int) -> str:
    """`09:14`, in UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%H:%M}"


@dataclass(frozen=True, slots=True)
class View:
    """What rendering needs to know: the venues' names, the settings of keys, the owner's zone."""

    titles: Mapping[str, str]
    zone: ZoneInfo | None = None
    shorts: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def venue(self, name: str) -> str:
        return self.titles.get(name, name)

    def short(self, name: str) -> str:
        """Three letters, for tables."""
        return self.shorts.get(name) or self.venue(name)[:3].upper()

    def venues(self, names: Iterable[str]) -> str:
        return ", ".join(map(self.venue, names))

    def clock(self, ms: int, now_ms: int | None = None) -> str:
        """The time in UTC and, where set, in the owner's zone; with its day where `now` is far."""
        local = datetime.fromtimestamp(ms / 1000, self.zone or UTC)
        beside = f" ({local:%H:%M:%S %Z})" if self.zone else ""
        return moment(ms, now_ms, "%H:%M:%S") + beside

    def clocks(self, ahead_seconds: Mapping[str, float | None]) -> Html:
        """Where this host's clock is off, by how much each venue's is ahead of it."""
        found: dict[str, list[str]] = {}
        for name, ahead in ahead_seconds.items():
            if ahead is not None and abs(ahead) >= 1:
                side = "behind" if ahead > 0 else "ahead of"
                text = f"clock: this host is {duration(abs(ahead) * 1000)} {side}"
                found.setdefault(text, []).append(name)
        return lines(escape(f"{text} {self.venues(names)}") for text, names in found.items())

    def provenance(self, known: Provenance) -> Html:
        """The last lines of every market answer: time, age, who answered, who did not and why."""
        head = [self.clock(known.time_ms)]
        if known.oldest_ms is not None:
            head.append(f"{duration(known.time_ms - known.oldest_ms)} old")
        if known.answered:
            head.append(self.venues(known.answered))
        failures = [f"{self.venue(name)}: {why}" for name, why in known.failed.items()]
        if known.waiting:
            failures.append(f"waiting: {self.venues(known.waiting)}")
        return lines(map(escape, [" · ".join(head), *failures]))


def sheet(page: Page, number: int, line: str) -> tuple[Html, tuple[tuple[Button, ...], ...]]:
    """The part of an answer that fits one message, with `‹ ›` where there is more.

    `line` is the command line of the answer without its page. A number past the end shows the
    last part.
    """
    sheets = _sheets(page)
    number = min(number, len(sheets))
    turns = [
        Button(label, f"{line} page {n}")
        for label, n in (("‹", number - 1), ("›", number + 1))
        if 1 <= n <= len(sheets)
    ]
    return sheets[number - 1], page.buttons + ((tuple(turns),) if turns else ())


def _sheets(page: Page) -> list[Html]:
    sheets: list[Html] = []
    room = LONGEST_MESSAGE - utf16_units(lines([Html(" "), page.footer])) + 1
    for block in page.blocks or (Html(""),):
        joined = lines([*sheets[-1:], block])
        if sheets and utf16_units(joined) <= room:
            sheets[-1] = joined
        else:
            sheets.append(lines([page.heading, block]))
    return [lines([part, page.footer]) for part in sheets]


def utf16_units(text: str) -> int:
    """The length that Telegram counts."""
    return len(text.encode("utf-16-le")) // 2
