"""What /pnl accepts."""

from crypto_assistant.grammar import Args, Parameters

DAYS = {"today": 0, "7d": 6, "30d": 29}
"""How many days each window begins before today."""
WINDOWS = tuple(DAYS)
CHART, FILE = "chart", "file"
PARAMETERS = Parameters(
    symbol=True, venue=True, choices=(WINDOWS, ("", CHART), ("", FILE)), details=True
)


def is_picture(args: Args) -> bool:
    """Whether a picture is asked for; a file can be nothing else."""
    return any(args.choices[1:])
