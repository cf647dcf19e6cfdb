"""The buttons under a market answer: refresh, details, timeframes, words to choose from."""

from collections.abc import Callable, Sequence

from crypto_assistant.grammar import TIMEFRAMES, Args, Parameters
from crypto_assistant.models import Timeframe
from crypto_assistant.view import Button

Row = tuple[Button, ...]
PER_ROW = 6
"""Timeframes that fit side by side on a phone."""


def keyboard(args: Args, parameters: Parameters) -> tuple[Row, ...]:
    """Whatever of them the command takes; `args` names the coin that was found."""
    return (_first(args, parameters), *_timeframes(args, parameters))


def choice(words: Sequence[str], current: str, line: Callable[[str], str]) -> Row:
    """One button a word, the current one marked."""
    return tuple(Button(f"• {word}" if word == current else word, line(word)) for word in words)


def _first(args: Args, parameters: Parameters) -> Row:
    refresh = Button("Refresh", args.line())
    if not parameters.details:
        return (refresh,)
    label = "Compact" if args.details else "Details"
    return refresh, Button(label, args.line(details=not args.details))


def _timeframes(args: Args, parameters: Parameters) -> list[Row]:
    if parameters.timeframe is None:
        return []
    words = [TIMEFRAMES[i : i + PER_ROW] for i in range(0, len(TIMEFRAMES), PER_ROW)]
    current = args.timeframe or parameters.timeframe
    return [
        choice(row, current, lambda word: args.line(timeframe=Timeframe(word))) for row in words
    ]
