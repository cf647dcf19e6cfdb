"""/start: who may use the bot, what it can do, and the first questions as buttons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crypto_assistant import view as v
from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Command, Progress
from crypto_assistant.models import Provenance
from crypto_assistant.subjects.keyboard import coins

FIRST_COINS = ("BTC", "ETH")
MOST_COINS = 10
MENU = (("Watch", "watch"), ("Top 10", "top10"), ("Settings", "settings"), ("Help", "help"))


@dataclass(frozen=True, slots=True)
class Greeting:
    venues: tuple[str, ...]
    commands: tuple[str, ...]
    watched: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)


def command(commands: Callable[[], Sequence[Command[Any]]]) -> Command[Greeting]:
    """`commands`: all that there are, this one among them."""

    async def run(args: Args, desk: Desk, progress: Progress[Greeting]) -> Greeting:
        venues = tuple(exchange.name for exchange in desk.exchanges)
        names = tuple(command.name for command in commands())
        return Greeting(venues, names, args.settings.watched)

    return Command(
        name="start",
        summary="what this bot does",
        example="/start",
        about_itself=True,
        explains="Greets, and says who may use the bot and what it can do.",
        run=run,
        render=_render,
    )


def _render(answer: Greeting, args: Args, view: v.View) -> v.Page:
    text = v.lines(
        [
            v.bold("Crypto assistant"),
            v.escape(f"The derivatives market on {view.venues(answer.venues)}, on request."),
            v.escape("Your own account there, where it has a key, in a private chat only."),
            v.escape("It answers only the people and groups that its owner listed."),
            v.escape("It only reads; it can neither trade nor move money."),
            v.escape("Ask: " + " ".join(f"/{name}" for name in answer.commands)),
        ]
    )
    first = coins(answer.watched[:MOST_COINS] or FIRST_COINS, args, "price")
    menu = [v.Button(label, line) for label, line in MENU]
    return v.Page((text,), (*first, *v.button_rows(menu)))
