"""What an audit found, and what is doubtful since: it disagreed twice, and has not agreed again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from crypto_assistant.audit.checks import CHECKS

APART_SECONDS = 600.0
"""Between two audits that both find something for it to be doubtful."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of one market, or of a venue as a whole where `market` is "".

    `off`: in the check's unit; None where nothing was audited. `said`: in words, how far it is off
    and what, or why nothing was audited. `check`: "" for a venue at which none was possible.
    """

    venue: str
    check: str
    market: str
    off: float | None
    said: str

    @property
    def name(self) -> str:
        """What was looked at: `takers BTCUSDT`."""
        return " ".join(filter(None, (self.check, self.market)))

    @property
    def agrees(self) -> bool | None:
        """None where nothing was audited."""
        return None if self.off is None else CHECKS[self.check].agrees(self.off)


def of(findings: Sequence[Finding]) -> str:
    """Findings of one check at one venue, the furthest off in words: `BTCUSDT 5 % off ...`."""
    worst = max(findings, key=lambda one: round(one.off or 0.0, 4))
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{worst.market}{more} {worst.said}".strip()


@dataclass(frozen=True, slots=True)
class Audit:
    """All that one audit found."""

    time_ms: int
    findings: tuple[Finding, ...]

    def those(self, agrees: bool | None) -> list[Finding]:
        """Those that agree, that do not, or that were not audited."""
        return [found for found in self.findings if found.agrees is agrees]

    @property
    def verdict(self) -> str:
        """In numbers: `21 agree, 1 disagrees, 2 not audited`."""
        agree, disagree, not_audited = (len(self.those(which)) for which in (True, False, None))
        parts = [f"{agree} agree{'s' * (agree == 1)}"]
        if disagree:
            parts.append(f"{disagree} disagree{'s' * (disagree == 1)}")
        if not_audited:
            parts.append(f"{not_audited} not audited")
        return ", ".join(parts)


Key = tuple[str, str, str]


@dataclass(slots=True)
class Audits:
    """What the last audit found, and what those before it have made of it."""

    last: Audit | None = None
    _suspect: dict[Key, float] = field(default_factory=dict)
    """Since when, on the clock of `monotonic`, what has disagreed has done so."""
    _doubtful: dict[Key, Finding] = field(default_factory=dict)

    def note(self, audit: Audit, began: float) -> None:
        """`began`: when the audit did. What it could not look at stays as it was."""
        self.last = audit
        for found in audit.findings:
            key = found.venue, found.check, found.market
            if found.agrees:
                self._suspect.pop(key, None)
                self._doubtful.pop(key, None)
            elif found.agrees is False:
                since = self._suspect.setdefault(key, began)
                if began - since >= APART_SECONDS:
                    self._doubtful[key] = found

    @property
    def is_suspicious(self) -> bool:
        """Whether something has disagreed once, and was not looked at again."""
        return bool(self._suspect.keys() - self._doubtful.keys())

    @property
    def doubtful(self) -> list[Finding]:
        return list(self._doubtful.values())

    def doubts(self, venue: str, parts: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Of what, and why, these parts of an answer of the venue's are doubtful."""
        parts = list(parts)
        for check in CHECKS.values():
            found = [one for one in self.doubtful if (one.venue, one.check) == (venue, check.name)]
            if found and any(part.endswith(check.uses) for part in parts):
                yield check.name, f"doubtful: {of(found)}"
