"""Whether a host answers, how fast, and what is not sent to one that has long been silent."""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, inf

from crypto_assistant.clocks import monotonic
from crypto_assistant.errors import Blocked, ExchangeError, NoConnection, Unreachable
from crypto_assistant.net.unread import HOUR, LastHour, counted
from crypto_assistant.net.walls import Again, Walls

log = logging.getLogger(__name__)

KEPT = 200
"""Latencies."""
FEWEST = 3
"""Attempts that fail in a row before a host is taken to be down."""
LASTING, SETTLED = 0.95, 1.05
"""Of the patience: how long failures must go on, and after what the next question is refused.

The tries of the question that finds a host silent end a moment before it does; all of them
should say the same of it.
"""
CONTIGUOUS = 60.0
"""Seconds; failures farther apart are not one outage: nobody knows what was in between."""
MOST_UNANSWERED = 8
"""Questions that may be asked again."""
CLOCK = "/time"
"""The clock of a host in maintenance often goes on: its path tells nothing of the others."""


@dataclass(frozen=True, slots=True)
class LastError:
    """What a host said, or that it said nothing, in the words that the trader reads."""

    text: str
    at_ms: int


@dataclass(slots=True)
class _Outage:
    """Attempts that failed, with no answer since the first of them was sent."""

    began: float
    began_ms: int
    ended: float
    why: Unreachable
    attempts: int = 0
    is_down: bool = False
    failed: set[str] = field(default_factory=set)
    unanswered: OrderedDict[str, Again] = field(default_factory=OrderedDict)
    """By path and query; the one to ask again first stands first.

    The list of everything may hang at a path where one market is told."""

    @property
    def is_of_the_host(self) -> bool:
        """Whether it is no matter of one path alone."""
        return len(self.failed) > 1 or isinstance(self.why, NoConnection)


class Health:
    """How one host answers: told of every attempt, asked before each.

    A host is down once `FEWEST` attempts have failed over `patience` seconds without an answer in
    between. While they were for one path, that path alone is: others are asked, and one that is
    answered ends the outage. A path where a firewall answers is down at once, and the host once two
    are. `host`: as the log names it. `silence`: seconds after which a firewall is asked again.
    """

    def __init__(
        self, host: str, patience: float, silence: float, clock_ms: Callable[[], int]
    ) -> None:
        self.last_error: LastError | None = None
        self._host = host
        self._patience = patience
        self._silence = silence
        self._clock_ms = clock_ms
        self._latencies: deque[float] = deque(maxlen=KEPT)
        self._outage: _Outage | None = None
        self._walls = Walls()
        self._unread = LastHour()
        self._logged: dict[str, float] = {}
        """By path: when the log was told of such rows."""
        self._is_told = False

    @property
    def samples(self) -> int:
        """Answers that `latency` is reckoned from: the last ones, `KEPT` at most."""
        return len(self._latencies)

    def latency(self, part: float) -> float | None:
        """Seconds within which that part of the last answers came; None before the first."""
        ordered = sorted(self._latencies)
        return ordered[ceil(part * len(ordered)) - 1] if ordered else None

    @property
    def down_since_ms(self) -> int | None:
        """When the host as a whole began to fail; None while it is not down."""
        if self._walls.is_of_the_host:
            return self._walls.began_ms
        outage = self._outage
        return outage.began_ms if outage and outage.is_down and outage.is_of_the_host else None

    @property
    def is_probed(self) -> bool:
        """Whether something is down, and to be asked for again by and by."""
        return bool(self._walls.again) or (self._outage is not None and self._outage.is_down)

    @property
    def unread(self) -> int:
        """Rows that were left out of the answers of the last hour, to the minute."""
        return self._unread.rows

    def refusal(self, asked: str) -> ExchangeError | None:
        """Why a question is not sent now; None where it may be."""
        outage, path = self._outage, _path(asked)
        if self._walls.shut(path):
            return Blocked()
        if outage is None or not outage.is_down:
            return None
        concerned = path in outage.failed or outage.is_of_the_host
        settled = monotonic() >= outage.began + SETTLED * self._patience
        return self._why(outage) if concerned and settled else None

    def turned_away(self, asked: str, again: Again) -> None:
        """What was not sent is asked for first: the host may fail at other questions alone."""
        outage, path = self._outage, _path(asked)
        if path.endswith(CLOCK):
            return
        if self._walls.shut(path):
            self._walls.turned_away(path, again)
        elif outage and asked not in outage.unanswered:
            self._keep(outage, asked, again)
            outage.unanswered.move_to_end(asked, last=False)

    def next_probe(self) -> Again | None:
        """What to ask again now, each question in turn; None where that is nothing."""
        if behind := self._walls.next_probe(self._silence):
            return behind
        if self._outage is None or not self._outage.is_down:
            return None
        asked, again = next(iter(self._outage.unanswered.items()))
        self._outage.unanswered.move_to_end(asked)
        return again

    def answered(self, asked: str, seconds: float) -> None:
        """The host said something of its own about a question, were it a refusal."""
        self._latencies.append(seconds)
        path, is_news = _path(asked), not self._walls.is_known_since(monotonic() - seconds)
        if is_news:
            self._walls.fell(path)
        if path.endswith(CLOCK):
            return
        self._outage = None
        if is_news:
            self._walls.let_in()
        if not self._walls.is_of_the_host:
            self._tell_back()

    def blocked(self, asked: str, error: str, again: Again, *, sent: float) -> None:
        """A firewall answered: it does so again, whoever asks."""
        self.note(error)
        path = _path(asked)
        if self._outage and path in self._outage.failed:
            self._outage = None
        self._walls.stands(path, again, self._ms(sent), counts=not path.endswith(CLOCK))
        if self._walls.is_of_the_host:
            self._tell_down(Blocked())

    def left_out(self, asked: str, rows: int) -> None:
        """So many rows of an answer could not be read; the log has it once an hour."""
        path, now = _path(asked), monotonic()
        self._unread.add(rows)
        if now - self._logged.get(path, -inf) >= HOUR:
            log.warning("%s%s: cannot read %s, left out", self._host, path, counted(rows))
            self._logged[path] = now

    def failed(
        self, asked: str, error: ExchangeError, again: Again, *, sent: float, whole: bool
    ) -> None:
        """An attempt that was sent at `sent` told nothing about its question.

        `whole`: it was not cut short by the end of its question; one that was says that a silent
        host is still silent, no more.
        """
        self.note(str(error))
        path, is_news = _path(asked), whole and not self._walls.is_known_since(sent)
        if is_news:
            self._walls.fell(path)
        if path.endswith(CLOCK):
            return
        if whole:
            outage = self._add(asked, error, again, sent)
            if is_news and self._walls.is_of_the_host:
                self._walls, outage.is_down = Walls(), True
        if self._outage is not None and monotonic() - self._outage.ended <= CONTIGUOUS:
            self._count(self._outage)

    def note(self, error: str) -> None:
        """The last thing that went wrong."""
        self.last_error = LastError(error, self._clock_ms())

    def _ms(self, sent: float) -> int:
        return self._clock_ms() - round(1000 * (monotonic() - sent))

    def _add(self, asked: str, error: ExchangeError, again: Again, sent: float) -> _Outage:
        outage, now = self._outage, monotonic()
        if outage is None or (not outage.is_down and sent - outage.ended > CONTIGUOUS):
            began_ms = self._ms(sent)
            outage = self._outage = _Outage(sent, began_ms, now, error.lasting(began_ms, began_ms))
        # Not the error itself: it would keep the frames that it passed.
        outage.ended, outage.why = now, error.lasting(outage.began_ms, outage.began_ms)
        outage.failed.add(_path(asked))
        self._keep(outage, asked, again)
        return outage

    def _keep(self, outage: _Outage, asked: str, again: Again) -> None:
        if asked not in outage.unanswered and len(outage.unanswered) == MOST_UNANSWERED:
            outage.unanswered.popitem()
        outage.unanswered.setdefault(asked, again)

    def _count(self, outage: _Outage) -> None:
        outage.attempts += 1
        lasted = monotonic() - outage.began
        if outage.attempts >= FEWEST and lasted >= LASTING * self._patience:
            outage.is_down = True
            if outage.is_of_the_host:
                self._tell_down(self._why(outage))

    def _why(self, outage: _Outage) -> Unreachable:
        return outage.why.lasting(outage.began_ms, self._clock_ms())

    def _tell_down(self, why: ExchangeError) -> None:
        if not self._is_told:
            self._is_told = True
            log.warning("%s is down: %s", self._host, why)

    def _tell_back(self) -> None:
        if self._is_told:
            self._is_told = False
            log.warning("%s is back", self._host)


def _path(asked: str) -> str:
    return asked.partition("?")[0]
