"""The commands, in the order of the menu: a new one is one module and its name here."""

from typing import Any

from crypto_assistant.grammar import Command
from crypto_assistant.subjects import (
    analysis,
    chart,
    cvd,
    open_interest,
    price,
    ranking,
    scan,
    settings,
    start,
    status,
    volume,
    watch,
)
from crypto_assistant.subjects import help as help_
from crypto_assistant.subjects.account import balance, pnl, positions

COMMANDS: tuple[Command[Any], ...] = (
    start.command(lambda: COMMANDS),
    help_.command(lambda: COMMANDS),
    price.COMMAND,
    analysis.COMMAND,
    volume.COMMAND,
    cvd.COMMAND,
    open_interest.COMMAND,
    chart.COMMAND,
    balance.COMMAND,
    positions.COMMAND,
    pnl.COMMAND,
    ranking.COMMAND,
    scan.COMMAND,
    watch.COMMAND,
    settings.COMMAND,
    status.COMMAND,
)
