"""OKX's names of bar lengths, and how long what it said of a window of bars stays true."""

from collections.abc import Mapping

from crypto_assistant.models import Timeframe
from crypto_assistant.net.cache import Lifetime
from crypto_assistant.net.request import Query

# The plain 6H, 12H and 1D start at 16:00 UTC.
BARS = {
    Timeframe.M1: "1m",
    Timeframe.M3: "3m",
    Timeframe.M5: "5m",
    Timeframe.M15: "15m",
    Timeframe.M30: "30m",
    Timeframe.H1: "1H",
    Timeframe.H2: "2H",
    Timeframe.H4: "4H",
    Timeframe.H6: "6Hutc",
    Timeframe.H12: "12Hutc",
    Timeframe.D1: "1Dutc",
}

PERIODS: Mapping[Timeframe, str] = {
    bar: BARS[bar] for bar in BARS if bar not in {Timeframe.M1, Timeframe.M3}
}
"""Bars of the statistics of a market."""

# The "1D" of these starts at 16:00 UTC and has no other form.
SPOT_PERIODS: Mapping[Timeframe, str] = {bar: BARS[bar] for bar in (Timeframe.M5, Timeframe.H1)}
"""Bars of the statistics of a coin."""


def window_lifetime(end_ms: int | None, settled_ms: int) -> Lifetime:
    """Bars that closed before `settled_ms` do not change any more."""
    past = end_ms is not None and end_ms <= settled_ms
    return Lifetime.CLOSED if past else Lifetime.INDICATOR


def window(count: int, end_ms: int | None, timeframe: Timeframe) -> Query:
    """The last `count` rows of statistics that bear a time before `end_ms`.

    A millisecond outside of the first and the last of them: right whether or not the venue counts
    the ends of a window in.
    """
    if end_ms is None:
        return [("limit", count)]
    first, last = end_ms - count * timeframe.ms, end_ms - timeframe.ms
    return [("begin", first - 1), ("end", last + 1), ("limit", count)]
