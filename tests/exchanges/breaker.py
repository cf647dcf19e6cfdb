"""Breaks a field of what a venue answered to a question, and says what is wrong with what follows.

Right is an error, or an answer that says all that the unbroken rest of the answer says.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import orjson

from crypto_assistant.errors import ExchangeError
from crypto_assistant.exchanges.base import Exchange
from tests.broken import KINDS, VALUES, Field, Path, at, fields, printed
from tests.exchanges.playback import Answers, Tape, asked, path
from tests.exchanges.questions import Question
from tests.exchanges.sound import rows, unsound

SURVIVES = 20
"""Rows of a list that goes on without one of them."""
HALF = "half a character"
"""Of which no JSON is made: it costs the answer."""
NOTHING = {"0", "text 0", "empty"}
"""Where an amount belongs: there is none."""
WORDS = {
    *("empty", "NaN", "Infinity", "text -1", "text 0", "2^63"),
    *("seconds", "microseconds", "nanoseconds", "a century", "2010", "2099", "last year"),
    *("3", "1000"),
}
"""Where a word belongs: a kind of row that is none of those that are added up."""


class Case(NamedTuple):
    """`answer`: which of them is broken."""

    answer: str
    field: Field
    value: str


@dataclass
class Breaker:
    """A question, its answers, and what was said to it while they were whole."""

    venue: type[Exchange]
    urls: Mapping[str, str]
    question: Question
    answers: Answers
    whole: Any
    without: dict[tuple[str, Path], Any] = field(default_factory=dict)
    """What was said without a row."""

    @cached_property
    def bodies(self) -> dict[str, Any]:
        return {asked: orjson.loads(answer.body) for asked, answer in self.answers.items()}

    @cached_property
    def rows(self) -> Counter[str]:
        return rows(self.whole)

    def cases(self) -> Iterator[Case]:
        """The venue's clock is broken where it is what was asked for, and nowhere else."""
        for answer, body in self.bodies.items():
            if len(self.bodies) == 1 or not path(answer).endswith("/time"):
                for one in fields(body):
                    yield from (Case(answer, one, value) for value in VALUES)

    async def wrong(self, case: Case) -> list[str]:
        """What is wrong with what is said to a broken answer, in words."""
        try:
            said = await self._said(case.answer, case.field, case.value)
        except Exception as error:  # noqa: BLE001
            return [repr(error)]
        if isinstance(said, ExchangeError):
            return [f"not read: {said}"] if self._goes_on(case) else []
        return unsound(said) + (await self._lost(case, rows(said)) if self.is_whole else [])

    @property
    def is_whole(self) -> bool:
        """Whether there is an answer, while nothing is broken."""
        return not isinstance(self.whole, ExchangeError)

    def _goes_on(self, case: Case) -> bool:
        row = case.field.row
        if row is None or not self.is_whole or self.question.is_sum or case.value == HALF:
            return False
        return len(at(self.bodies[case.answer], row[:-1])) >= SURVIVES

    async def _lost(self, case: Case, found: Counter[str]) -> list[str]:
        gone = self.rows - found
        if not gone:
            return []
        if self.question.is_sum and found.total() < self.rows.total() and not self._says_so(case):
            return ["a sum without a part of it"]
        if case.field.row is not None and not _may_be_any(case):
            gone -= self.rows - rows(await self._without(case.answer, case.field.row))
            return [f"gone with it: {row:.80}" for row in gone]
        return []

    def _says_so(self, case: Case) -> bool:
        """Whether the field says that there is nothing, or something else, to be added."""
        *way, name = case.field.path
        if isinstance(at(self.bodies[case.answer], (*way, name)), list):
            return case.value in {"[]", "null", "1e400"}
        if isinstance(name, int):
            return case.value == "missing"
        return case.value in (WORDS if name in {*KINDS, "symbol"} else NOTHING)

    async def _without(self, asked: str, row: Path) -> Any:
        if (asked, row) not in self.without:
            self.without[asked, row] = await self._said(asked, Field(row), "missing")
        return self.without[asked, row]

    async def _said(self, at: str, field: Field, value: str) -> Any:
        body = printed(self.bodies[at], field.path, value)
        answers = {**self.answers, at: replace(self.answers[at], body=body)}
        return await asked(self.venue, self.urls, Tape(answers), self.question)


def _may_be_any(case: Case) -> bool:
    """A row of Binance's intervals that does not say whose it is: who has no row is unknown."""
    row = case.field.row or ()
    return path(case.answer).endswith("/fundingInfo") and case.field.path in {row, (*row, "symbol")}
