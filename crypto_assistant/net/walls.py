"""Before which paths of a host a firewall stands, and when it is asked again."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import inf

from crypto_assistant.clocks import monotonic

Again = Callable[[], Awaitable[object]]
"""Sends what was not answered once more; raises ExchangeError."""


@dataclass(slots=True)
class Walls:
    """A rule of a firewall is often about one path; whom it turns away at two, it knows.

    `last`: when it spoke last, on the clock of `monotonic`. `began_ms`: when the first of those
    `in_a_row` was sent.
    """

    last: float = -inf
    began_ms: int = 0
    paths: set[str] = field(default_factory=set)
    in_a_row: set[str] = field(default_factory=set)
    """Found with nothing answered in between; those already known tell nothing new."""
    again: OrderedDict[str, Again] = field(default_factory=OrderedDict)
    """By path; the one to ask again first stands first."""

    @property
    def is_of_the_host(self) -> bool:
        """Whether it is no matter of some paths alone."""
        return len(self.in_a_row) > 1

    def shut(self, path: str) -> bool:
        return self.is_of_the_host or path in self.paths

    def stands(self, path: str, again: Again, began_ms: int, *, counts: bool) -> None:
        """The firewall answered; `counts`: that says something of the other paths too."""
        if counts and path not in self.paths:
            self.began_ms = self.began_ms if self.in_a_row else began_ms
            self.in_a_row.add(path)
        self.paths.add(path)
        self.again[path] = again
        self.last = monotonic()

    def is_known_since(self, sent: float) -> bool:
        """Whether what was sent then tells nothing: it met the firewall as it was before."""
        return sent < self.last

    def turned_away(self, path: str, again: Again) -> None:
        """What was not sent is asked for first: some paths alone may be blocked."""
        if path not in self.again:
            self.again[path] = again
            self.again.move_to_end(path, last=False)

    def fell(self, path: str) -> None:
        """Something else than the firewall answered, or nobody."""
        self.paths.discard(path)
        self.again.pop(path, None)

    def let_in(self) -> None:
        """The host said something of its own: it is not blocked as a whole."""
        self.in_a_row.clear()

    def next_probe(self, silence: float) -> Again | None:
        """What to ask again, each in turn; None for `silence` seconds after its last word."""
        if not self.again or monotonic() < self.last + silence:
            return None
        path = next(iter(self.again))
        self.again.move_to_end(path)
        return self.again[path]
