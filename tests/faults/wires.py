"""The venues' answers on their way to the program, heard and changed."""

import re
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from tests.broken import VALUES, Field, at, fields, printed
from tests.exchanges.playback import STAMPS
from tests.faults.accounts import moved
from tests.faults.relay import relay
from tests.floor import VENUES, Floor
from tests.net.loopback import Reply

NONSENSE = {"0", "-1", "2^63", "10^19", "3", "1000"}
TIMES = {"seconds", "microseconds", "nanoseconds", "a century"} | NONSENSE
NUMBERS = {"empty", "NaN", "Infinity", "text -1", "text 0", "last year"} | TIMES
"""What may be a number where one belongs: an amount of -1 is told from another by nobody."""
TIME = re.compile(r"1[5-9]\d{11}")
NUMBER = re.compile(rf"(?!{TIME.pattern})-?\d+(\.\d+)?")


class Target(NamedTuple):
    """What is asked: the setting of the address, and the path with its query."""

    setting: str
    path: str

    @property
    def venue(self) -> str:
        return self.setting.partition("_")[0].lower()


Edit = Callable[[Target, Any], Any]
"""From an answer to what the program is told instead."""


class Case(NamedTuple):
    target: Target
    field: Field
    value: str


@dataclass
class Wires:
    """The addresses that the program asks; `edit` may be set at any time."""

    urls: dict[str, str] = field(default_factory=dict)
    edit: Edit = lambda _, answer: answer


@asynccontextmanager
async def wires(market: Floor) -> AsyncIterator[Wires]:
    tapped = Wires()

    def edit(setting: str) -> Callable[[str, Any], Any]:
        return lambda path, answer: tapped.edit(Target(setting, STAMPS.sub("", path)), answer)

    async with AsyncExitStack() as stack:
        for setting, url in market.urls.items():
            tapped.urls[setting] = await stack.enter_async_context(relay(url, edit(setting)))
        yield tapped


@dataclass
class Heard:
    """The whole answers to all lines, and what each venue said to whom for them."""

    answers: dict[str, Any] = field(default_factory=dict)
    bodies: dict[Target, Any] = field(default_factory=dict)
    lines: dict[Target, set[str]] = field(default_factory=dict)

    @classmethod
    async def of(
        cls, market: Floor, tapped: Wires, lines: Collection[str], of_lists: Collection[str]
    ) -> "Heard":
        """`of_lists`: the lines to ask where a list is changed that all of them need."""
        heard, asking = cls(), of_lists

        def listen(target: Target, answer: Any) -> Any:
            heard.bodies[target] = answer
            heard.lines.setdefault(target, set()).update(asking)
            return answer

        tapped.edit = listen
        async with moved(market, urls=tapped.urls) as there:
            for line in lines:
                await there.pass_time()
                asking = {line}
                heard.answers[line] = await there.ask(line)
        return heard

    def nonsense(self, count: int, seed: int) -> list[Case]:
        """So many numbers of markets, as they cannot be."""
        told = [
            (target, one)
            for target, body in sorted(self.bodies.items())
            for one in fields(body)
            if NUMBER.fullmatch(str(at(body, one.path))) and not target.path.endswith("/time")
        ]
        random = Random(seed)  # noqa: S311
        return [Case(*random.choice(told), random.choice(sorted(NONSENSE))) for _ in range(count)]

    def cases(self, count: int, seed: int) -> list[Case]:
        """So many, each venue as often as the others."""
        random = Random(seed)  # noqa: S311
        found: list[Case] = []
        while len(found) < count:
            venue = VENUES[len(found) % len(VENUES)]
            target = random.choice(sorted(one for one in self.bodies if one.venue == venue))
            of_target = list(fields(self.bodies[target]))
            if of_target and not target.path.endswith("/time"):
                broken = random.choice(of_target)
                values = unreadable(at(self.bodies[target], broken.path), broken)
                found.append(Case(target, broken, random.choice(values)))
        return found


def unreadable(told: Any, broken: Field) -> list[str]:
    """The values that say nothing where that was told; a list may be empty, and lack a row."""
    less = NUMBERS - TIMES if TIME.fullmatch(str(told)) else NUMBERS
    if isinstance(told, list):
        less = less | {"[]", "null", "1e400"}
    if isinstance(broken.path[-1], int):
        less = less | {"missing"}
    return [value for value in VALUES if value not in less]


def breaking(case: Case) -> Edit:
    def edit(target: Target, answer: Any) -> Any:
        return (
            Reply(printed(answer, case.field.path, case.value)) if target == case.target else answer
        )

    return edit
