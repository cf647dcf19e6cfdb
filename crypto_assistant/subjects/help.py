"""/help: every command in a line, or one command's numbers explained."""

from dataclasses import dataclass, field
from typing import Any

from crypto_assistant import commands
from crypto_assistant import view as v
from crypto_assistant.desk import Desk
from crypto_assistant.grammar import TIMEFRAMES, VENUES, Args, Command, Progress, Takes, find
from crypto_assistant.models import Provenance

PER_ROW = 4
"""Names of commands that fit side by side on a phone."""


@dataclass(frozen=True, slots=True)
class Help:
    """The commands to explain: one, or all."""

    commands: tuple[str, ...]
    provenance: Provenance = field(default_factory=Provenance)


async def run(args: Args, desk: Desk, progress: Progress[Help]) -> Help:
    if args.symbol:
        return Help((find(args.symbol, commands.COMMANDS).name,))
    return Help(tuple(command.name for command in commands.COMMANDS))


def render(answer: Help, args: Args, view: v.View) -> v.Page:
    if args.symbol:
        return _one(find(answer.commands[0], commands.COMMANDS))
    lines = [
        v.lines([v.escape(f"/{command.name}: {command.summary}"), v.code(command.example)])
        for command in commands.COMMANDS
    ]
    grammar = v.escape(
        "Words after a command in any order, in any case. BTC, BTCUSDT, BTC-USDT-SWAP and "
        f"BTC/USDC all name bitcoin. A venue ({', '.join(VENUES)}) restricts the answer to it, a "
        f"timeframe ({' '.join(TIMEFRAMES)}) sets its bars, details opens the long one."
    )
    buttons = [
        v.Button(command.name, f"help {command.name}")
        for command in commands.COMMANDS
        if command.takes.venue or command.takes.timeframe
    ]
    rows = tuple(tuple(buttons[i : i + PER_ROW]) for i in range(0, len(buttons), PER_ROW))
    return v.Page((*lines, grammar), rows)


def _one(command: Command[Any]) -> v.Page:
    head = v.lines([v.bold(f"/{command.name}"), v.code(command.usage)])
    paragraphs = command.explains.split("\n\n")
    return v.Page((head, *(v.escape(text.replace("\n", " ")) for text in paragraphs)))


COMMAND = Command(
    name="help",
    summary="every command, or one explained: /help price",
    example="/help price",
    explains="Lists the commands; with the name of one, explains its numbers.",
    run=run,
    render=render,
    takes=Takes(symbol=True, names="COMMAND"),
)
