"""/help: every command in a line, or one command's numbers explained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crypto_assistant import view as v
from crypto_assistant.desk import Desk
from crypto_assistant.grammar import TIMEFRAMES, Args, Command, Parameters, Progress, find
from crypto_assistant.models import Provenance

GROUPS = ("The market", "Your account", "This bot")


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
        summary="commands, or one: /help price",
        about_itself=True,
        example="/help price",
        explains="Lists the commands; with the name of one, explains its numbers.",
        run=run,
        render=render,
        parameters=Parameters(symbol=True, names="COMMAND"),
    )


def _all(commands: Sequence[Command[Any]], view: v.View) -> v.Page:
    groups: dict[str, list[Command[Any]]] = {group: [] for group in GROUPS}
    for command in commands:
        groups.setdefault(_group(command), []).append(command)
    blocks = [
        v.lines([v.bold(group), *(v.escape(f"/{one.name} {one.summary}") for one in of)])
        for group, of in groups.items()
    ]
    grammar = v.escape(
        "Words after a command in any order, in any case. BTC, BTCUSDT, BTC-USDT-SWAP, BTC/USDC "
        f"and bitcoin name one coin; btc alone is its price, btc 4h its analysis. A venue "
        f"({', '.join(view.titles)}) restricts the answer to it, a timeframe "
        f"({' '.join(TIMEFRAMES)}) sets its bars, details opens the long one. "
        "/help cvd explains the numbers of /cvd."
    )
    buttons = [
        v.Button(command.name, command.example.removeprefix("/"))
        for command in commands
        if command.name not in {"start", "help"}
    ]
    return v.Page((*blocks, grammar), v.button_rows(buttons))


def _group(command: Command[Any]) -> str:
    market, account, itself = GROUPS
    if command.about_itself:
        return itself
    return account if command.private else market


def _one(command: Command[Any]) -> v.Page:
    head = v.lines([v.bold(f"/{command.name}"), v.code(command.usage)])
    blocks = (head, *map(_paragraph, command.explains.split("\n\n")))
    back = v.Button("‹ Back", "help")
    return v.Page(blocks, ((back, v.Button("Try", command.example.removeprefix("/"))),))


def _paragraph(text: str) -> v.Html:
    """As wide as the reader's screen; lines that begin with a dash are points."""
    points = (point.replace("\n", " ") for point in text.split("\n- "))
    return v.escape("\n• ".join(points))
