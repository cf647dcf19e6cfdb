"""The commands, in the order of the menu: a new one is one module and its name here."""

from typing import Any

from crypto_assistant.commands import (
    analysis,
    balance,
    cvd,
    oi,
    pnl,
    positions,
    price,
    start,
    status,
    top10,
    volscan,
    volume,
)
from crypto_assistant.commands import help as help_
from crypto_assistant.commands.base import Command

COMMANDS: tuple[Command[Any], ...] = (
    start.COMMAND,
    help_.COMMAND,
    price.COMMAND,
    analysis.COMMAND,
    volume.COMMAND,
    cvd.COMMAND,
    oi.COMMAND,
    balance.COMMAND,
    positions.COMMAND,
    pnl.COMMAND,
    top10.COMMAND,
    volscan.COMMAND,
    status.COMMAND,
)
