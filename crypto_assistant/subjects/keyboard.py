"""The buttons under a market answer: refresh, details, timeframes, and where to go from here."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from crypto_assistant.grammar import Args, Parameters
from crypto_assistant.models import Timeframe
from crypto_assistant.plain_words import PICTURED
from crypto_assistant.view import Button, button_rows, cut

Row = tuple[Button, ...]
TIMEFRAMES = (Timeframe.M5, Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1)
LABELS = {
    "price": "Price",
    "analysis": "Analysis",
    "oi": "OI",
    "cvd": "CVD",
    "volume": "Volume",
    "positions": "Positions",
    "balance": "Balance",
    "pnl": "PnL",
}
"""The commands that another one's answer leads to."""
SHORT_COIN, CUT_COIN = 5, 4
"""Letters of a coin that five buttons in a row have room for: of a whole name, of a cut one."""


def keyboard(args: Args, parameters: Parameters, leads: Sequence[str] = ()) -> tuple[Row, ...]:
    """Whatever of them the command takes; `args` names the coin that was found.

    `leads`: the commands whose answers for the same coin come next.
    """
    onward = tuple(Button(LABELS[name], _onward(args, name)) for name in leads)
    first = (*_first(args, parameters), *(_chart(args) if leads else ()))
    return (first, *timeframes(args, parameters), *button_rows(onward))


def coins(names: Sequence[str], args: Args, command: str) -> tuple[Row, ...]:
    """One button a coin, its name cut; the line that it stands for is whole."""
    asked = replace(args, command=command, numbers=(), details=False, page=1)
    return button_rows(
        [
            Button(
                name if len(name) <= SHORT_COIN else cut(name, CUT_COIN), asked.line(symbol=name)
            )
            for name in names
        ]
    )


def choice(words: Sequence[str], current: str, line: Callable[[str], str]) -> Row:
    """One button a word, the current one marked."""
    return tuple(Button(f"• {word}" if word == current else word, line(word)) for word in words)


def _onward(args: Args, command: str) -> str:
    """The same coin, venue and kind of market, asked of another command."""
    return replace(args, command=command, timeframe=None, numbers=(), details=False, page=1).line()


def _first(args: Args, parameters: Parameters) -> Row:
    refresh = Button("Refresh", args.line())
    if not parameters.details:
        return (refresh,)
    label = "Compact" if args.details else "Details"
    return refresh, Button(label, args.line(details=not args.details, page=1))


def _chart(args: Args) -> Row:
    """A message of its own, which replies to the answer."""
    words = ["/chart", args.symbol, args.timeframe, args.venue, PICTURED[args.command]]
    words += [word for word in args.choices if word == "tradfi"]
    return (Button("Chart", " ".join(word for word in words if word)),)


def timeframes(args: Args, parameters: Parameters) -> tuple[Row, ...]:
    """The usual ones, and a typed one where it is another."""
    if parameters.timeframe is None:
        return ()
    current = args.timeframe or parameters.timeframe
    words = [one for one in Timeframe if one in TIMEFRAMES or one is current]
    return button_rows(choice(words, current, lambda word: args.line(timeframe=Timeframe(word))))
