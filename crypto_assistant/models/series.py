"""A market over time: candles, trades, takers, open interest; columns in ascending order."""

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.models.instruments import Instrument
from crypto_assistant.models.units import Floats, Timeframe


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Bars, columns of equal length; the last may still be forming.

    `open_ms`: int64. `volume`, `taker_buy`: plain coins. `turnover`, `taker_buy_turnover`: quote
    currency. Those of takers are None where the venue's bars do not split them.
    """

    instrument: Instrument
    timeframe: Timeframe
    open_ms: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    turnover: Floats
    taker_buy: Floats | None
    taker_buy_turnover: Floats | None
    closed: NDArray[np.bool_]
    received_ms: int

    def __len__(self) -> int:
        return len(self.open_ms)

    @property
    def tail(self) -> "Candles":
        """The newest bars, back to where one is missing."""
        gaps = np.flatnonzero(np.diff(self.open_ms) != self.timeframe.ms)
        if not len(gaps):
            return self
        return taken(self, slice(int(gaps[-1]) + 1, None))


@dataclass(frozen=True, slots=True, eq=False)
class Trades:
    """Single trades: `size` in plain coins, `turnover` in quote currency, `bought` by the taker.

    Nothing is missing from `since_ms` on.
    """

    instrument: Instrument
    time_ms: NDArray[np.int64]
    price: Floats
    size: Floats
    turnover: Floats
    bought: NDArray[np.bool_]
    since_ms: int
    received_ms: int

    def __len__(self) -> int:
        return len(self.time_ms)


@dataclass(frozen=True, slots=True, eq=False)
class TakerVolumes:
    """What takers bought and sold in each bar; the last bar may still be forming.

    `bought`, `sold`: plain coins. `bought_turnover`, `sold_turnover`: quote currency. A bar that
    the venue did not send is missing; the bar that holds `since_ms` has only what came after it.
    """

    instrument: Instrument
    timeframe: Timeframe
    open_ms: NDArray[np.int64]
    bought: Floats
    sold: Floats
    bought_turnover: Floats
    sold_turnover: Floats
    closed: NDArray[np.bool_]
    since_ms: int
    received_ms: int

    def __len__(self) -> int:
        return len(self.open_ms)


@dataclass(frozen=True, slots=True, eq=False)
class OpenInterestHistory:
    """Samples of open interest, one side counted: plain coins and USD, NaN where not known."""

    instrument: Instrument
    time_ms: NDArray[np.int64]
    coins: Floats
    usd: Floats
    received_ms: int

    def __len__(self) -> int:
        return len(self.time_ms)


@dataclass(frozen=True, slots=True, eq=False)
class FundingHistory:
    """When a perp's funding was paid, in order, and the rate of each: a fraction, + longs pay."""

    instrument: Instrument
    time_ms: NDArray[np.int64]
    rate: Floats
    received_ms: int

    def __len__(self) -> int:
        return len(self.time_ms)


@dataclass(frozen=True, slots=True)
class LongShort:
    """One of a venue's own counts of who is long: `counts` says of whom, `long` is a fraction."""

    counts: str
    long: float | None
    time_ms: int


@dataclass(frozen=True, slots=True)
class LongShorts:
    """The newest of each of a venue's counts for one market."""

    instrument: Instrument
    counts: tuple[LongShort, ...]
    received_ms: int


S = TypeVar("S", Candles, Trades, TakerVolumes, OpenInterestHistory, FundingHistory)


def taken(series: S, rows: slice | NDArray[np.intp]) -> S:
    """The same of these rows alone."""
    columns: dict[str, Any] = {
        field.name: column[rows]
        for field in fields(series)
        if isinstance(column := getattr(series, field.name), np.ndarray)
    }
    return replace(series, **columns)
