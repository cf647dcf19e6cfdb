"""/help: every command in a line, or one command's numbers explained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crypto_assistant import view as v
from crypto_assistant.desk import Desk
from crypto_assistant.grammar import TIMEFRAMES, Args, Command, Parameters, Progress, find
from crypto_assistant.models import Provenance

PER_ROW = 4
"""Names of commands that fit side by side on a phone."""


@dataclass(frozen=True, slots=True)
class Help:
    """The commands to explain: one, or all."""

    commands: tuple[str, ...]
    provenance: Provenance = field(default_factory=Provenance)


def command(commands: Callable[[], Sequence[Command[Any]]]) -> Command[Help]:
    """`commands`: all that there are, this one among them."""

    async def run(args: Args, desk: Desk, progress: Progress[Help]) -> Help:
        if args.symbol:
            return Help((find(args.symbol, commands()).name,))
        return Help(tuple(command.name for command in commands()))

    def render(answer: Help, args: Args, view: v.View) -> v.Page:
        return _one(find(args.symbol, commands())) if args.symbol else _all(commands(), view)

    return Command(
        name="help",
        summary="every command, or one explained: /help price",
        example="/help price",
        explains="Lists the commands; with the name of one, explains its numbers.",
        run=run,
        render=render,
        parameters=Parameters(symbol=True, names="COMMAND"),
    )


def _all(commands: Sequence[Command[Any]], view: v.View) -> v.Page:
    lines = [
        v.lines([v.escape(f"/{command.name}: {command.summary}"), v.code(command.example)])
        for command in commands
    ]
    grammar = v.escape(
        "Words after a command in any order, in any case. BTC, BTCUSDT, BTC-USDT-SWAP and "
        f"BTC/USDC all name bitcoin. A venue ({', '.join(view.titles)}) restricts the answer to "
        f"it, a timeframe ({' '.join(TIMEFRAMES)}) sets its bars, details opens the long one."
    )
    buttons = [
        v.Button(command.name, f"help {command.name}")
        for command in commands
        if command.parameters.venue or command.parameters.timeframe
    ]
    rows = tuple(tuple(buttons[i : i + PER_ROW]) for i in range(0, len(buttons), PER_ROW))
    return v.Page((*lines, grammar), rows)


def _one(command: Command[Any]) -> v.Page:
    head = v.lines([v.bold(f"/{command.name}"), v.code(command.usage)])
    return v.Page((head, *map(_paragraph, command.explains.split("\n\n"))))


def _paragraph(text: str) -> v.Html:
    """As wide as the reader's screen; lines that begin with a dash are points."""
    points = (point.replace("\n", " ") for point in text.split("\n- "))
    return v.escape("\n• ".join(points))
