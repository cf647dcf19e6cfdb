"""One screen: what was asked, what came back, what was wrong, and what the daemon took."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.soak.daemon import Use
from tests.soak.traffic import Asked
from tests.soak.weather import Trouble

LEAST_COMPLETE = 0.95
MOST_SHOWN = 12
WIDEST = 200


@dataclass
class Report:
    """`began_ms`: what the times of the troubles count from. `asked`: everything, lost or not.

    `strange`: shown without having been asked for. `rejected`: requests that passed a limit of
    theirs. `listening`: sockets. `loud`: lines of its log. `ends`: how it left when it should not.
    """

    seed: int
    seconds: float
    asked: Sequence[Asked]
    troubles: Sequence[Trouble]
    began_ms: int
    strange: Sequence[str]
    wrong: Sequence[str]
    rejected: Sequence[str]
    listening: Sequence[str]
    loud: Sequence[str]
    ends: Sequence[str]
    uses: Sequence[Use]
    lives: int

    @property
    def lost(self) -> list[Asked]:
        return [one for one in self.asked if one.seen_ms is None]

    @property
    def clear(self) -> list[Asked]:
        """Answered, and nothing was wrong from before they were asked until they were answered."""
        return [one for one in self.asked if one.seen_ms and not self._disturbed(one)]

    def extents(self, asked: Sequence[Asked]) -> Counter[str]:
        return Counter(one.verdict.extent for one in asked if one.verdict)

    @property
    def held(self) -> Counter[str]:
        """By venue: not complete without any fault, since its limit allowed no more."""
        return Counter(v for one in self.clear if one.verdict for v in one.verdict.held)

    @property
    def complete_share(self) -> float | None:
        """Of the market's answers that nothing disturbed."""
        counts = self.extents(self.clear)
        of_market = counts.total() - counts["usage"]
        return counts["complete"] / of_market if of_market else None

    @property
    def checked(self) -> Counter[str]:
        """Numbers that were held against the truth, by command."""
        found: Counter[str] = Counter()
        for one in self.asked:
            found.update(one.verdict.checked if one.verdict else {})
        return found

    def failures(self) -> list[str]:
        """What must not be."""
        share = self.complete_share
        found = [f"lost: {one.question.line} in chat {one.chat}" for one in self.lost]
        found += [f"wrong: {what}" for what in self.wrong]
        found += [f"strange: {what}" for what in self.strange]
        found += [f"rejected by a venue's limit: {what}" for what in self.rejected]
        found += [f"listens: {what}" for what in dict.fromkeys(self.listening)]
        found += [f"logged: {line}" for line in self.loud]
        found += [f"the daemon {how}" for how in self.ends]
        if share is not None and share < LEAST_COMPLETE:
            found.append(f"only {share:.1%} complete where nothing was wrong")
        return found

    def lines(self) -> Iterator[str]:
        yield f"Soak of {self.seconds:g} s, SEED={self.seed}, {self.lives} lives of the daemon"
        yield f"asked            {len(self.asked)}, {len(self.asked) / self.seconds:.1f} a second"
        yield f"answered         {_counted(self.extents(self.asked))}"
        yield f"undisturbed      {_counted(self.extents(self.clear))}{self._share()}"
        again = sum(one.again for one in self.asked)
        refused = sum(one.refused for one in self.asked)
        yield f"lost             {len(self.lost)} (repeated {again}, blocked by the user {refused})"
        yield f"wrong            {len(self.wrong)} answers"
        yield f"numbers checked  {self.checked.total()}: {_counted(self.checked)}"
        yield f"latency          {self._latencies()}"
        yield f"troubles         {_counted(Counter(one.family for one in self.troubles))}"
        yield f"limits           {len(self.rejected)} requests refused by a venue"
        yield f"listening        {len(self.listening)} sockets in {len(self.uses)} looks"
        yield from self._resources()
        failures = self.failures()
        yield from (failure.partition("\n")[0][:WIDEST] for failure in failures[:MOST_SHOWN])
        if len(failures) > MOST_SHOWN:
            yield f"and {len(failures) - MOST_SHOWN} more"
        yield "FAILED" if failures else "passed"

    def _share(self) -> str:
        share = self.complete_share
        held = f"; held by the limit of {_counted(self.held)}" if self.held else ""
        return "" if share is None else f": {share:.1%} complete{held}"

    def _latencies(self) -> str:
        clear = {id(one) for one in self.clear}
        parts = {
            "undisturbed": [one.seconds for one in self.asked if one.seen_ms and id(one) in clear],
            "in trouble": [
                one.seconds for one in self.asked if one.seen_ms and id(one) not in clear
            ],
        }
        return ", ".join(f"{name} {_percentiles(part)}" for name, part in parts.items() if part)

    def _resources(self) -> Iterator[str]:
        for title, use in (("at the start", self.uses[:8][-1:]), ("at the end", self.uses[-1:])):
            if use:
                yield f"{title:16} {use[0]}"
        if self.uses:
            yield f"at most          {max(use.memory for use in self.uses):.1f} MB"

    def _disturbed(self, one: Asked) -> bool:
        asked, seen = (((ms or 0) - self.began_ms) / 1000 for ms in (one.asked_ms, one.seen_ms))
        return any(trouble.start <= seen and asked <= trouble.over for trouble in self.troubles)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def _percentiles(seconds: Sequence[float]) -> str:
    ranked = sorted(seconds)
    half, most = (ranked[int(len(ranked) * part)] for part in (0.5, 0.95))
    return f"p50 {half:.2f} s, p95 {most:.2f} s ({len(ranked)})"
