"""The buttons that lead from one answer about the owner's accounts to the next."""

from crypto_assistant.grammar import Args
from crypto_assistant.subjects.keyboard import LABELS
from crypto_assistant.view import Button

OF_ONE_COIN = ("positions", "pnl")
"""The commands that may be asked about one coin."""


def onward(args: Args, name: str, *words: str) -> Button:
    """Another command about the same venue and, where it takes one, the same coin."""
    symbol = args.symbol if name in OF_ONE_COIN else None
    return Button(LABELS[name], Args(name, symbol=symbol, venue=args.venue, choices=words).line())
