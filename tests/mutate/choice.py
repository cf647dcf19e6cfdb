"""Which mutants are tried, and which tests each of them meets."""

import random
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

BUDGET = 30.0
"""Seconds that the tests of one mutant took when they were recorded."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """`code`: its line; `statement`: first and last line; `nth`: among those of its module."""

    path: str
    digest: str
    line: int
    code: str
    statement: tuple[int, int]
    operator: str
    nth: int
    at_import: bool

    @property
    def name(self) -> str:
        return f"{self.path}:{self.line} {self.operator} {self.nth} {self.digest}"


def sample(mutants: Iterable[Mutant], seed: int) -> list[Mutant]:
    """One mutant of each line of code, in random order: the first N are a sample of N.

    The operator is drawn before the mutant: a call with ten arguments has twenty mutants that
    drop one, a comparison has one. A line's place does not depend on the other lines.
    """
    lines: dict[tuple[str, str], dict[str, list[Mutant]]] = defaultdict(lambda: defaultdict(list))
    for mutant in mutants:
        lines[mutant.path, mutant.code][mutant.operator].append(mutant)
    placed = {}
    for line, operators in lines.items():
        draw = random.Random(f"{seed} {line}")
        placed[draw.random()] = draw.choice(draw.choice(list(operators.values())))
    return [placed[place] for place in sorted(placed)]


def meeting(
    mutant: Mutant, covering: Mapping[int, Collection[str]], seconds: Mapping[str, float]
) -> list[str]:
    """Tests that run the mutant, cheapest first; none where it is not covered.

    `covering`: the tests by line of its module, "" for its import. What runs at import meets the
    tests of the whole module, or else any. Of too many, the nearest by name are chosen.
    """
    first, last = mutant.statement
    ran = {test for line in range(first, last + 1) for test in covering.get(line, ())}
    if "" in ran and (mutant.at_import or ran == {""}):
        ran = {test for tests in covering.values() for test in tests} - {""} or set(seconds)
    chosen: list[str] = []
    left = BUDGET
    for test in sorted(
        ran & seconds.keys(), key=lambda test: (-_near(mutant, test), seconds[test])
    ):
        if not chosen or seconds[test] <= left:
            chosen.append(test)
            left -= seconds[test]
    return sorted(chosen, key=seconds.__getitem__)


def _near(mutant: Mutant, test: str) -> int:
    """How many words the paths of a module and of a test share."""
    module, file = (set(re.split(r"\W|_", path)) for path in (mutant.path, test.partition("::")[0]))
    return len(module & file)
