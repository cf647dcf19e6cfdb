"""What no answer of an adapter may hold, whatever the venue sent; and the rows that it holds."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from math import inf, isinf, isnan
from typing import Any

import numpy as np

from crypto_assistant.models import (
    Candles,
    Entry,
    Fills,
    FundingHistory,
    Holding,
    OpenInterestHistory,
    TakerVolumes,
)

EARLIEST, LATEST = (datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000 for year in (2010, 2100))
LONGEST, LONGEST_KEY = 40, 300
MARKUP = set("<>&\"'`")
PRICES = {
    *("last", "bid", "ask", "high_24h", "low_24h", "mark", "index", "open", "high", "low"),
    *("close", "price", "entry", "liquidation", "contract", "tick"),
}
SIZES = {
    *("volume_24h", "turnover_24h", "coins", "usd", "volume", "turnover", "taker_buy"),
    *("taker_buy_turnover", "bought", "sold", "bought_turnover", "sold_turnover", "size", "margin"),
}
SIGNED = Holding, Entry, Fills
"""Of whose sizes those of what is owed, paid or sold are negative."""
LIMITS = {"rate": (-0.1, 0.1), "hours": (1, 24), "long": (0, 1), "change_24h": (-1, 1e4)}
IN_ORDER = Candles, TakerVolumes, OpenInterestHistory, FundingHistory


def unsound(answer: Any) -> list[str]:
    """Texts that cannot be shown, times of no market's, numbers that no market has."""
    told = _leaves(answer, "" if is_dataclass(answer) else "time_ms")
    wrong = [f"{name} {value!r:.80}" for name, value in told if not _is_sound(name, value)]
    return wrong + list(_contradictions(answer))


def _contradictions(answer: Any) -> Iterator[str]:
    if isinstance(answer, IN_ORDER):
        times = answer.open_ms if isinstance(answer, Candles | TakerVolumes) else answer.time_ms
        if not (np.diff(times) > 0).all():
            yield "rows out of order"
    if isinstance(answer, Candles):
        for price in (answer.open, answer.close, answer.low):
            if ((price > answer.high) | (price < answer.low)).any():
                yield "a bar that contradicts itself"
        if answer.taker_buy is not None and (answer.taker_buy > answer.volume * 1.001).any():
            yield "takers bought more than was traded"


def rows(answer: Any) -> Counter[str]:
    """Each row as often as it is there; an answer about one thing is one row."""
    for name in ("counts", "holdings", "positions", "entries"):
        if hasattr(answer, name):
            return Counter(map(repr, getattr(answer, name)))
    columns = list(_columns(answer))
    return Counter(map(repr, zip(*columns, strict=True))) if columns else Counter([repr(answer)])


def _columns(answer: Any) -> Iterator[list[Any]]:
    for field in fields(answer) if is_dataclass(answer) else ():
        value = getattr(answer, field.name)
        if isinstance(value, np.ndarray):
            yield value.tolist()
        elif isinstance(value, tuple):
            yield list(value)
        elif field.name == "instruments":
            yield list(value.symbols)


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value):
        for field in fields(value):
            signed = "signed " if isinstance(value, SIGNED) and field.name in SIZES else ""
            yield from _leaves(getattr(value, field.name), signed + field.name)
    elif isinstance(value, np.ndarray):
        yield from ((name, cell) for cell in value.tolist())
    elif isinstance(value, tuple):
        for item in value:
            yield from _leaves(item, name)
    elif not isinstance(value, dict):
        yield name, value


def _is_sound(name: str, value: Any) -> bool:
    if isinstance(value, str):
        longest = LONGEST_KEY if name == "key" else LONGEST
        return len(value) <= longest and value.isprintable() and not MARKUP.intersection(value)
    if not isinstance(value, int | float) or isnan(value):
        return True
    if name in PRICES:
        return 0 < value < 1e12
    if name in SIZES:
        return 0 <= value < 1e18
    low, high = (EARLIEST, LATEST) if name.endswith("_ms") else LIMITS.get(name, (-inf, inf))
    return low <= value <= high and not isinf(value)
