"""Lines in other words: coins without a command, several of them, and a picture of an answer."""

from collections.abc import Collection, Sequence
from typing import Any

from crypto_assistant.grammar import SYMBOL, TIMEFRAME, Command

PICTURED = {"price": "cvd", "analysis": "cvd", "volume": "volume", "cvd": "cvd", "oi": "oi"}
"""What the word `chart` after a command draws below the bars."""
GRAMMAR = {"details", "compact", "page", "tradfi"}
"""Words of /price that may look like coins."""


def in_plain_words(
    line: str, commands: Sequence[Command[Any]], venues: Collection[str]
) -> tuple[str, list[str]] | None:
    """The command line that coins, venues and timeframes without a command stand for.

    And the coins in it; None where it is something else: `btc okx` asks for the price there, `btc
    4h` for the analysis, `btc eth` for a board of the two, as `/price btc eth` does.
    """
    words = [word.removeprefix("$") for word in line.split()]
    head = words[0].removeprefix("/").partition("@")[0].lower() if words else ""
    if is_price := head == "price":
        words = words[1:]
    is_timed = any(TIMEFRAME.fullmatch(word.lower()) for word in words)
    coins = [w for w in words if w.lower() not in venues and not TIMEFRAME.fullmatch(w.lower())]
    is_plain = coins and all(map(SYMBOL.fullmatch, coins))
    if not is_plain or (head in {one.name for one in commands} and not is_price):
        return None
    if is_price and (is_timed or len(coins) == 1 or not GRAMMAR.isdisjoint(map(str.lower, coins))):
        return None
    command = "analysis" if is_timed else "price" if len(coins) == 1 else "watch only"
    return " ".join([command, *words]), coins


def as_picture(line: str) -> str:
    """`/oi BTC chart` asks for what `/chart BTC oi` does; any other line is left as it is."""
    words = line.split()
    name = words[0].removeprefix("/").partition("@")[0].lower() if words else ""
    rest = [word for word in words[1:] if word.lower() != "chart"]
    if name not in PICTURED or len(rest) == len(words) - 1:
        return line
    return " ".join(["chart", *rest, PICTURED[name]])
