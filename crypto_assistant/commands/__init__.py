"""The commands, in the order of the menu: a new one is one module and its name here."""

from typing import Any

from crypto_assistant.commands import help as help_
from crypto_assistant.commands import price, start, top10
from crypto_assistant.commands.base import Command

COMMANDS: tuple[Command[Any], ...] = (
    start.COMMAND,
    help_.COMMAND,
    price.COMMAND,
    top10.COMMAND,
)
