"""What /pnl accepts."""

from crypto_assistant.grammar import Parameters

DAYS = {"today": 0, "7d": 6, "30d": 29}
"""How many days each window begins before today."""
WINDOWS = tuple(DAYS)
PARAMETERS = Parameters(symbol=True, venue=True, choices=(WINDOWS,), details=True)
