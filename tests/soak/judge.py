"""Whether an answer is true, and how much of one it is."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from tests.soak import accounts, markets, takers
from tests.soak.case import Case
from tests.soak.moments import Chronicle
from tests.soak.printed import Reading
from tests.soak.questions import Question

Extent = Literal["complete", "partial", "n/a", "usage"]

LONGEST_AGE: Final = 90.0
"""Seconds; of older data, which /balance may use, the form alone is looked at."""
HOLD: Final = "rate-limited until"
BY_THE_HOSTS_CLOCK: Final = {"price", "oi", "analysis", "volume", "cvd", "volscan"}
"""What shows bars as that clock has them closed: of a wrong one the form alone is looked at."""
UNLISTED: Final = "does not list"
LISTED_NOT: Final = re.compile(r"(\w[\w, ]*: )?does not list \S+")
DAY: Final = 86_400_000

CHECKS: Final[Mapping[str, Callable[[Case], None]]] = {
    "price": markets.price,
    "top10": markets.top10,
    "oi": markets.oi,
    "analysis": markets.analysis,
    "volume": takers.volume,
    "cvd": takers.cvd,
    "volscan": takers.volscan,
    "balance": accounts.balance,
    "positions": accounts.positions,
    "pnl": accounts.pnl,
}


@dataclass(frozen=True)
class Verdict:
    """`checked`: how many numbers were held against the truth. `held`: venues whose limit bound."""

    extent: Extent
    wrong: tuple[str, ...] = ()
    checked: Counter[str] = field(default_factory=Counter)
    held: tuple[str, ...] = ()


def judge(
    chronicle: Chronicle,
    question: Question,
    reading: Reading,
    between: tuple[int, int],
    gapped: Collection[str] = (),
    *,
    ahead_ms: int = 0,
    least_age: float = 0.0,
) -> Verdict:
    """An answer to a question that was asked and answered at these times, in ms.

    `ahead_ms`: the clock of whoever answered. `least_age`: seconds that the data may be old though
    less is told, since that clock was set.
    """
    asked_ms, seen_ms = between
    if reading.time is None or question.command not in CHECKS:
        return _undated(question, reading)
    time_ms = _moment(reading.time, seen_ms + ahead_ms) - ahead_ms
    if not asked_ms - 2000 <= time_ms <= seen_ms + 1000:
        told = f"is of {reading.time}, asked {_clock(asked_ms)}, seen {_clock(seen_ms)}"
        return Verdict("n/a", (told,))
    age = min(max(reading.age + reading.rounding, least_age), LONGEST_AGE)
    case = Case(question, reading, chronicle.stretch(time_ms, age), gapped)
    _check_names(case)
    is_dated_well = not (ahead_ms or least_age) or question.command not in BY_THE_HOSTS_CLOCK
    if reading.age <= LONGEST_AGE and is_dated_well:
        CHECKS[question.command](case)
    held = tuple(venue for venue, reason in reading.failed.items() if HOLD in reason)
    return Verdict(_extent(case), tuple(case.wrong), case.checked, held)


def _undated(question: Question, reading: Reading) -> Verdict:
    """The program itself, help, and lines that are wrong, or found so because lists are missing."""
    if question.command in {"status", "start", "help", "wrong"}:
        return Verdict("usage")
    unknown = "did not answer" in reading.text or "lists that arrived" in reading.text
    wrong = () if unknown else (f"no answer to {question.line}: {reading.lines[0]}",)
    return Verdict("n/a", wrong)


def _check_names(case: Case) -> None:
    """Nobody who was asked is passed over in silence, and who is named is named truly."""
    reading = case.reading
    unnamed = [venue for venue in case.asked if not case.named(venue)]
    heard = reading.answered >= len(unnamed) or case.question.command == "volscan"
    case.says(heard, f"{reading.answered} answered, and of {unnamed} nobody is named")
    for venue, reason in reading.failed.items():
        case.says(bool(reason.strip()), f"{venue} failed without a reason")
        if reason.startswith(UNLISTED):
            found = [m for m in case.stretch.named(case.question.coin) if m.venue == venue]
            wanted = {"USDT": {"USDT"}, "USDC": {"USDC"}}.get(case.question.quote, {"USD", "USDT"})
            listed = [m for m in case.same(found) if m.quote in wanted]
            case.says(not listed, f"{venue} does list {case.question.symbol}: {reason}")


def _extent(case: Case) -> Extent:
    told = case.reading.failed
    failed = [v for v, reason in told.items() if not LISTED_NOT.fullmatch(reason)]
    if not failed and not case.gapped:
        return "complete"
    if not failed:
        return "partial" if " n/a" in case.reading.text else "complete"
    return "partial" if case.reading.answered else "n/a"


def _moment(clock: str, near_ms: int) -> int:
    """The time of day that is nearest to a moment."""
    hours, minutes, seconds = map(int, clock.split(":"))
    of_day = ((hours * 60 + minutes) * 60 + seconds) * 1000
    time_ms = near_ms // DAY * DAY + of_day
    return time_ms - DAY if time_ms - near_ms > DAY // 2 else time_ms


def _clock(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%H:%M:%S}"
