"""What of an answer may differ from the whole one where a venue did not say all: gaps alone."""

import re
from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any

from crypto_assistant.errors import InternalError
from tests.floor import leaves

VENUE = re.compile(r"/(?:venues|accounts|positions)/(binance|bybit|okx)\b")
GONE: tuple[Any, ...] = (None, "-", False, [])
PARTIAL = re.compile(
    r"(_venues?|/venues|/complete|_ms|/minutes|/bars|/missing_wallets|/without_prices)$"
)
"""What says of the numbers beside it what they are made of."""
BY_ITSELF = re.compile(
    r"^/(failed|answered|oldest_ms|waiting|parts|parts_read|spread)\b|/mid_price$"
)
"""Who said what; and prices for which the last ones stand in, where there is no book."""
DERIVED = 1e-3
"""Open interest that is told in three units is within a thousandth the same in each."""
NAMES = ("venue", "family", "symbol", "side", "coin", "timeframe", "counts")


def wrong(venue: str, found: Mapping[str, Any], whole: Mapping[str, Any]) -> list[str]:
    """Where an answer says what is not true, or less than all of the venue without a word."""
    mine, theirs = leaves(_by_name(found)), leaves(_by_name(whole))
    pairs = {path: (mine.get(path, "-"), theirs.get(path, "-")) for path in {**theirs, **mine}}
    other = {
        path: pair
        for path, pair in pairs.items()
        if not _is_same(*pair) and not BY_ITSELF.search(path)
    }
    bugs = [why for why in found["failed"].values() if str(InternalError()) in why]
    gaps = {path for path, (said, _) in other.items() if said in GONE or PARTIAL.search(path)}
    return bugs + [
        f"{path}: {said} for {true}"
        for path, (said, true) in other.items()
        if not _may_differ(path, venue, gaps, is_named=venue in found["failed"])
    ]


def _may_differ(path: str, venue: str, gaps: set[str], *, is_named: bool) -> bool:
    whose = VENUE.search(path)
    if whose and whose[1] != venue:
        return False
    if path in gaps or is_named:
        return True
    # A number of the venue's own has its gap beside it, a sum of several has it anywhere.
    beside = path.rpartition("/")[0] if whose else ""
    return any(gap.startswith(beside) for gap in gaps)


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float | int):
        return isclose(one, other, rel_tol=DERIVED)
    return bool(one == other)


def _by_name(value: Any) -> Any:
    """Rows by what they are about, not by where they stand."""
    if isinstance(value, dict):
        return {name: _by_name(part) for name, part in value.items()}
    if not isinstance(value, list):
        return value
    if not all(isinstance(row, dict) for row in value):
        return sorted(value, key=str)
    return dict(_named(value))


def _named(rows: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for number, row in enumerate(rows):
        name = "/".join(str(row[name]) for name in NAMES if name in row)
        yield name or str(number), _by_name(row)
