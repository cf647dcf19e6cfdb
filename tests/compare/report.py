"""What a comparison found, as text and as a number."""

from collections import Counter
from dataclasses import dataclass, field

from tests.compare.facts import Fact
from tests.compare.verdict import Verdict


@dataclass
class Report:
    """`untold`: why facts could not be compared; `silent`: what our own answers lacked, and why."""

    agreed: int = 0
    differing: list[tuple[Fact, Verdict]] = field(default_factory=list)
    untold: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)

    @property
    def compared(self) -> int:
        return self.agreed + len(self.differing)

    def add(self, fact: Fact, verdict: Verdict) -> None:
        if verdict.agrees:
            self.agreed += 1
        else:
            self.differing.append((fact, verdict))

    def __iadd__(self, other: "Report") -> "Report":
        self.agreed += other.agreed
        self.differing += other.differing
        self.untold += other.untold
        self.silent += other.silent
        return self

    def lines(self) -> list[str]:
        """One per difference, then the sum of it all."""
        silent = [f"not told by us: {why} ({count} times)" for why, count in self.silent.items()]
        return [*(_difference(*pair) for pair in self.differing), *silent, self._summary()]

    def _summary(self) -> str:
        told = f"{self.compared} facts compared: {self.agreed} agree, {len(self.differing)} differ"
        reasons = ", ".join(f"{count} {why}" for why, count in self.untold.most_common())
        return f"{told}; {self.untold.total()} not comparable{f': {reasons}' if reasons else ''}"


def _difference(fact: Fact, verdict: Verdict) -> str:
    market, about = fact.question.market, fact.question.about
    when = f" {about} {fact.question.start_ms}-{fact.question.end_ms}" if about != "now" else ""
    theirs = f"{verdict.low!r}"
    if verdict.high > verdict.low:
        theirs += f" to {verdict.high!r}"
    where = f"{market.coin} {market.venue} {market.family} {market.symbol}"
    return (
        f"{where} {fact.name}{when}: ours {verdict.ours!r}, theirs {theirs},"
        f" allowed {verdict.allowed:.6g}"
    )
