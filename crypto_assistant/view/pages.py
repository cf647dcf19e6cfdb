"""Pages: blocks and buttons, cut into the messages that Telegram accepts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from crypto_assistant.errors import moment
from crypto_assistant.models import Provenance
from crypto_assistant.view.markup import EMPTY, Html, escape, lines
from crypto_assistant.view.numbers import duration

LONGEST_MESSAGE = 4096
"""UTF-16 units that Telegram accepts in a message."""


PER_ROW = {5: 6, 4: 8, 3: 12}
"""Buttons that stand side by side, by the letters of the longest label that is not cut off."""


@dataclass(frozen=True, slots=True)
class Button:
    """A label and the whole command line that it stands for."""

    label: str
    line: str

    @property
    def typed(self) -> str:
        """The line as a reader would type it."""
        return f"/{self.line.removeprefix('/')}"


@dataclass(frozen=True, slots=True)
class Page:
    """An answer as it is shown: blocks that are not torn apart, and rows of buttons.

    `heading` stands above every part of an answer that takes several messages, `footer` below.
    `first_alone`: the first block is a message of its own, the others follow on request.
    """

    blocks: tuple[Html, ...]
    buttons: tuple[tuple[Button, ...], ...] = ()
    heading: Html = EMPTY
    footer: Html = EMPTY
    first_alone: bool = False


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
        """The time in the zone that is set, else in UTC; with its day where `now` is far."""
        return moment(ms, now_ms, "%H:%M:%S", self.zone)

    def minute(self, ms: int) -> str:
        """As `clock`, of a time that is whole minutes: `09:15 UTC`."""
        return moment(ms, None, "%H:%M", self.zone)

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
        """The last lines of every market answer: who did not answer and why, time, age, how many
        of those that list it did."""
        failures = [
            f"{self.venue(name)}: {why}"
            for name, why in known.failed.items()
            if name not in known.waiting
        ]
        if known.waiting:
            failures.append(f"waiting: {self.venues(known.waiting)}")
        foot = [self.clock(known.time_ms)]
        if known.oldest_ms is not None:
            foot.append(f"{duration(known.time_ms - known.oldest_ms)} old")
        if of := len(known.listing):
            foot.append(f"{len(known.answered)}/{of} venue{'s' if of != 1 else ''}")
        return lines(map(escape, [*failures, *self._host_clock(known), " · ".join(foot)]))

    def _host_clock(self, known: Provenance) -> Iterator[str]:
        """Where this host's clock is wrong, by how much, and by whose."""
        found: dict[str, list[str]] = {}
        for name, ahead in known.clock_ahead_seconds.items():
            off = f"{duration(abs(ahead) * 1000)} {'behind' if ahead > 0 else 'ahead of'}"
            found.setdefault(off, []).append(name)
        for off, names in found.items():
            yield f"this host's clock is {off} {self.venues(names)}"


def button_rows(buttons: Sequence[Button]) -> tuple[tuple[Button, ...], ...]:
    """As many side by side as have room for their labels."""
    if not buttons:
        return ()
    longest = max(len(button.label) for button in buttons)
    most = next((count for count, letters in PER_ROW.items() if longest <= letters), 2)
    count = -(-len(buttons) // most)
    each = -(-len(buttons) // count)
    return tuple(tuple(buttons[i : i + each]) for i in range(0, len(buttons), each))


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
    for block in page.blocks or (EMPTY,):
        joined = lines([*sheets[-1:], block])
        closed = page.first_alone and len(sheets) == 1
        if sheets and not closed and utf16_units(joined) <= room:
            sheets[-1] = joined
        else:
            sheets.append(lines([page.heading, block]))
    return [lines([part, page.footer]) for part in sheets]


def utf16_units(text: str) -> int:
    """The length that Telegram counts."""
    return len(text.encode("utf-16-le")) // 2
