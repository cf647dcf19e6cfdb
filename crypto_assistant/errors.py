"""Every way to fail.

AssistantError
├── ConfigError        a setting is missing or wrong: the start stops
├── StateFailed        another daemon has the state, or it cannot be copied: one line, exit 1
├── UsageError         the owner's typo, shown with the command's usage
│   └── UnknownCoin    a coin that no venue lists, with the nearest names
└── ExchangeError      a venue could not answer, with the reason in words
    ├── Unreachable    a 5xx, maintenance: worth another try; `since_ms`: it lasts since then
    │   ├── NoConnection
    │   ├── NoAnswer   a time-out
    │   └── Cut        a body that is not whole
    ├── RateLimited    asked too often: nothing is sent before `until_ms`
    ├── GeoBlocked     the venue does not serve this host's country
    ├── Blocked        a firewall before the venue turns this host's address away
    ├── Refused        the venue understood and said no
    │   ├── KeyRefused the owner's key may withdraw: it is not used
    │   └── NotRead    the owner's account is of a kind that is not read
    ├── ClockSkew      the venue finds this host's clock wrong
    ├── Malformed      an answer that is not what the venue documents
    ├── LedgerFailed   this host's database failed a question about an account
    ├── Unsupported    the venue has no such data
    ├── NotListed      the venue does not list the coin
    └── InternalError  a bug of this program's while it read what the venue said
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Self

from crypto_assistant import foreign
from crypto_assistant.models.units import DAY_MS

LONGEST_REFUSAL = 200
"""Characters of what a venue says no with: its code stands behind."""
LONGEST_USAGE = 1000
LONGEST_REASON = 300
"""Letters of what a venue says of itself."""


class AssistantError(Exception):
    """The root: caught only where it can be answered."""


class ConfigError(AssistantError):
    """One or more settings are missing or wrong; the text names each, never its content."""


class StateFailed(AssistantError):
    """Another daemon holds the state directory, or what lies in it cannot be copied."""


class UsageError(AssistantError):
    """What was wrong with a command line, in one line of plain text.

    `word`: what stood there, as it was typed, where `nearest` may have been meant, best first.
    """

    def __init__(self, message: str, word: str = "", nearest: Sequence[str] = ()) -> None:
        # It may repeat what was typed.
        super().__init__(foreign.line(message, LONGEST_USAGE))
        self.word = word
        self.nearest = tuple(nearest)


class UnknownCoin(UsageError):
    """No venue lists the coin; `nearest` holds the closest listed names."""


class ExchangeError(AssistantError):
    """A venue did not answer a question; `str()` is what the trader reads of it.

    `since_ms`: it has not since then, and was not asked again; None: it was.
    """

    since_ms: int | None = None

    def __init__(self, reason: str) -> None:
        # It may repeat what the venue said.
        super().__init__(foreign.line(reason))

    @property
    def reason(self) -> str:
        """Why, in the same words whether it was met now or lasts."""
        return str(self.args[0])

    def alone(self) -> Self:
        """The same, without the frames that it passed: they hold whatever was read in them."""
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)

    def hide(self, hidden: Callable[[str], str]) -> None:
        """Leaves of a venue's words what `hidden` leaves of them, and no more than a few lines."""
        self.args = (hidden(self.reason)[:LONGEST_REASON],)

    def lasting(self, since_ms: int, now_ms: int) -> "Unreachable":
        """The same, met since then."""
        return Unreachable(self.reason.rstrip("."), since_ms, now_ms)


class Unreachable(ExchangeError):
    """The network or the venue's servers failed; `now_ms`: when that is told."""

    def __init__(self, reason: str, since_ms: int | None = None, now_ms: int | None = None) -> None:
        super().__init__(reason)
        self.since_ms = since_ms
        self.now_ms = now_ms

    def __str__(self) -> str:
        return self._since(self.reason) or self.reason

    def _since(self, reason: str) -> str:
        """The words for what lasts; "" where it was met now."""
        if self.since_ms is None:
            return ""
        return f"{reason} since {moment(self.since_ms, self.now_ms, '%H:%M')}"


class NoConnection(Unreachable):
    """Nobody took the question."""

    def __init__(self, since_ms: int | None = None, now_ms: int | None = None) -> None:
        super().__init__("no connection", since_ms, now_ms)

    def lasting(self, since_ms: int, now_ms: int) -> "NoConnection":
        return NoConnection(since_ms, now_ms)


class NoAnswer(Unreachable):
    """Nothing was said within `seconds`."""

    def __init__(
        self, seconds: float, since_ms: int | None = None, now_ms: int | None = None
    ) -> None:
        super().__init__("no answer", since_ms, now_ms)
        self.seconds = seconds

    def __str__(self) -> str:
        return self._since(self.reason) or f"{self.reason} in {round(self.seconds, 1):g} s"

    def lasting(self, since_ms: int, now_ms: int) -> "NoAnswer":
        return NoAnswer(self.seconds, since_ms, now_ms)


class Cut(Unreachable):
    """The answer ended before its end."""

    def __init__(self, since_ms: int | None = None, now_ms: int | None = None) -> None:
        super().__init__("the answer was cut short", since_ms, now_ms)

    def __str__(self) -> str:
        return self._since("cut answers") or self.reason

    def lasting(self, since_ms: int, now_ms: int) -> "Cut":
        return Cut(since_ms, now_ms)


class RateLimited(ExchangeError):
    """The venue's published limit is used up, or the venue said stop, until `until_ms`."""

    def __init__(self, until_ms: int, now_ms: int | None = None) -> None:
        super().__init__(f"rate-limited until {moment(until_ms, now_ms, '%H:%M:%S')}")
        self.until_ms = until_ms


class GeoBlocked(ExchangeError):
    """The venue does not serve the country that this host's address belongs to."""

    def __init__(self) -> None:
        super().__init__("geo-blocked")


class Blocked(ExchangeError):
    """A firewall answered in the venue's place: neither a limit of its own nor a country."""

    def __init__(self) -> None:
        super().__init__("blocked by a firewall: another address or HTTPS_PROXY may help")


class Refused(ExchangeError):
    """The venue refused the request; `code` is its own error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"refused: {foreign.line(message, LONGEST_REFUSAL)} ({code})")
        self.code = code


class KeyRefused(Refused):
    """The owner's key may move money out: nothing is asked with it."""

    def __init__(self) -> None:
        ExchangeError.__init__(self, "key refused: it may withdraw; make one that only reads")
        self.code = ""


class NotRead(Refused):
    """The owner's account is of a kind that this program, or this key, does not read."""

    def __init__(self, message: str) -> None:
        ExchangeError.__init__(self, message)
        self.code = ""


class ClockSkew(ExchangeError):
    """The venue rejected a request for its time stamp."""


class Malformed(ExchangeError):
    """The venue's answer cannot be read; the text says what was found."""


class LedgerFailed(ExchangeError):
    """What the account's log said can be neither kept nor read: a full disk, a lock."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database on this host failed: {reason}")


class Unsupported(ExchangeError):
    """The venue offers no such data."""


class NotListed(ExchangeError):
    """The venue does not list the coin; `unread`: unless in a row of its list nobody can read."""

    def __init__(self, coin: str, *, unread: bool = False) -> None:
        super().__init__(
            f"{coin} is not among its markets that can be read"
            if unread
            else f"does not list {coin}"
        )
        self.unread = unread


class InternalError(ExchangeError):
    """This program failed where it deals with one venue; the log has the traceback."""

    def __init__(self) -> None:
        super().__init__("an error in this program, see its log")


def moment(ms: int, now_ms: int | None, form: str, zone: tzinfo | None = None) -> str:
    """A time in a zone, with its day where that is another one than the reader thinks of."""
    is_far = now_ms is not None and abs(ms - now_ms) > DAY_MS
    time = datetime.fromtimestamp(ms / 1000, zone or UTC)
    return f"{time:{'%d %b ' if is_far else ''}{form} %Z}"
