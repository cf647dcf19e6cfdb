"""Coin by coin: our answers, the same facts by others, and where the two differ."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from tests.compare.facts import COMMANDS, NOW, Fact, Question, Told, facts
from tests.compare.report import Report
from tests.compare.verdict import Sample, judge

Ask = Callable[[str], Told]
"""What a command line's answer is, as `ask --json` prints it; raises NotTold."""
Source = Callable[[Question], Mapping[str, Sample]]
"""What others say, by the names of the facts; raises NotTold."""

MOVING = ("price", "oi")
"""The commands that tell of now."""
ROUNDS = 3
"""A price may run off and back between two samples: what differs is asked for again."""


class NotTold(Exception):
    """Why somebody says nothing."""


def compare(coins: Iterable[str], ask: Ask, others: Source) -> Report:
    """Everything that the commands tell of the coins."""
    report = Report()
    for coin in coins:
        report += _compare_coin(coin, ask, others)
    return report


def _compare_coin(coin: str, ask: Ask, others: Source) -> Report:
    report, told = Report(), dict[str, list[Fact]]()
    for command in COMMANDS:
        told[command] = _told(command, coin, ask, report)
    past = [fact for found in told.values() for fact in found if fact.question.about != NOW]
    _judge(past, [_asked(past, others)], report)
    for command in MOVING:
        report += _compare_now(command, coin, told[command], ask, others)
    return report


def _compare_now(
    command: str, coin: str, found: Sequence[Fact], ask: Ask, others: Source
) -> Report:
    """Others are asked before us and after us, about the markets that we have told of."""
    report = Report()
    for _ in range(ROUNDS):
        report = Report()
        before = _asked(_of_now(found), others)
        found = _told(command, coin, ask, report)
        after = _asked(_of_now(found), others)
        _judge(_of_now(found), [before, after], report)
        if not report.differing:
            break
    return report


def _of_now(found: Iterable[Fact]) -> list[Fact]:
    return [fact for fact in found if fact.question.about == NOW]


def _told(command: str, coin: str, ask: Ask, report: Report) -> list[Fact]:
    try:
        told = ask(f"/{command} {coin}")
    except NotTold as why:
        report.silent[f"/{command} {coin}: {why}"] += 1
        return []
    report.silent.update(f"{venue}: {why}" for venue, why in told["failed"].items())
    return list(facts(command, told))


Heard = Mapping[Question, Mapping[str, Sample] | NotTold]


def _asked(found: Iterable[Fact], others: Source) -> Heard:
    """Each question once."""
    return {question: _said(question, others) for question in {f.question: None for f in found}}


def _said(question: Question, others: Source) -> Mapping[str, Sample] | NotTold:
    try:
        return others(question)
    except NotTold as why:
        return why


def _judge(found: Iterable[Fact], heard: Sequence[Heard], report: Report) -> None:
    for fact in found:
        try:
            report.add(fact, judge(_ours(fact), [_theirs(fact, part) for part in heard]))
        except NotTold as why:
            report.untold[f"{fact.question.market.venue}: {why}"] += 1


def _ours(fact: Fact) -> float:
    if fact.value is None:
        raise NotTold(f"{fact.name} n/a in ours")
    return fact.value


def _theirs(fact: Fact, heard: Heard) -> Sample:
    said = heard.get(fact.question, NotTold("seen for a moment only"))
    if isinstance(said, NotTold):
        raise said
    if fact.name not in said:
        raise NotTold(f"{fact.name} n/a in theirs")
    return said[fact.name]
