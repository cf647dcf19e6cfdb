"""The nouns of the market and their units.

Everywhere inside the program: prices are quote currency per plain coin (never per 1000 coins),
sizes are plain coins, rates and changes are fractions (0.01 is 1 %), times are int ms UTC.
Contracts, multipliers and percent stop at the adapters. In columns a missing number is NaN,
in single records it is None.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import fsum, isnan

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HOUR_MS = 3_600_000


class Family(StrEnum):
    """What kind of market: spot, perps margined in a dollar coin, or perps margined in the coin."""

    SPOT = "spot"
    LINEAR = "linear"
    INVERSE = "inverse"


class Timeframe(StrEnum):
    """The bar lengths that all venues share."""

    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H12 = "12h"
    D1 = "1d"

    @property
    def ms(self) -> int:
        """The length of one bar."""
        unit = {"m": 60_000, "h": HOUR_MS, "d": 24 * HOUR_MS}[self.value[-1]]
        return int(self.value[:-1]) * unit


@dataclass(frozen=True, slots=True)
class Instrument:
    """One market of one venue.

    `multiplier`: plain coins in one unit of the venue's name (1000PEPEUSDT: 1000).
    `contract`: plain coins (linear, spot) or USD (inverse) in one unit of the venue's sizes.
    `tick`: smallest price step, per plain coin. `tradfi`: a stock, metal, index or currency.
    """

    venue: str
    family: Family
    symbol: str
    coin: str
    quote: str
    multiplier: float
    contract: float
    tick: float
    tradfi: bool


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """All markets of one family on one venue that trade now, as columns of equal length."""

    venue: str
    family: Family
    symbols: tuple[str, ...]
    coins: tuple[str, ...]
    quotes: tuple[str, ...]
    multiplier: Floats
    contract: Floats
    tick: Floats
    tradfi: NDArray[np.bool_]
    received_ms: int
    row: Mapping[str, int] = field(init=False, repr=False)
    """Row number by the venue's symbol."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "row", {symbol: i for i, symbol in enumerate(self.symbols)})

    def __len__(self) -> int:
        return len(self.symbols)

    def __getitem__(self, i: int) -> Instrument:
        return Instrument(
            self.venue,
            self.family,
            self.symbols[i],
            self.coins[i],
            self.quotes[i],
            float(self.multiplier[i]),
            float(self.contract[i]),
            float(self.tick[i]),
            bool(self.tradfi[i]),
        )

    @classmethod
    def one(cls, instrument: Instrument, received_ms: int) -> "Instruments":
        """A list of one, so that a single answer is read by the same code as a bulk one."""
        return cls(
            instrument.venue,
            instrument.family,
            (instrument.symbol,),
            (instrument.coin,),
            (instrument.quote,),
            np.array([instrument.multiplier]),
            np.array([instrument.contract]),
            np.array([instrument.tick]),
            np.array([instrument.tradfi]),
            received_ms,
        )


@dataclass(frozen=True, slots=True)
class Ticker:
    """One market now and over the last 24 hours.

    `change_24h`: fraction. `volume_24h`: plain coins. `turnover_24h`: quote currency.
    """

    instrument: Instrument
    last: float | None
    bid: float | None
    ask: float | None
    change_24h: float | None
    high_24h: float | None
    low_24h: float | None
    volume_24h: float | None
    turnover_24h: float | None
    received_ms: int

    @property
    def mid(self) -> float | None:
        """Half way between bid and ask; the last price where the venue sent no book."""
        if self.bid is None or self.ask is None:
            return self.last
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Tickers:
    """A bulk answer: columns aligned with `instruments`, NaN where the venue sent nothing."""

    instruments: Instruments
    last: Floats
    bid: Floats
    ask: Floats
    change_24h: Floats
    high_24h: Floats
    low_24h: Floats
    volume_24h: Floats
    turnover_24h: Floats
    received_ms: int

    def __getitem__(self, i: int) -> Ticker:
        return Ticker(
            self.instruments[i],
            known(self.last[i]),
            known(self.bid[i]),
            known(self.ask[i]),
            known(self.change_24h[i]),
            known(self.high_24h[i]),
            known(self.low_24h[i]),
            known(self.volume_24h[i]),
            known(self.turnover_24h[i]),
            self.received_ms,
        )


@dataclass(frozen=True, slots=True)
class Funding:
    """The rate that longs pay shorts at `next_ms`, for `hours` hours, as a fraction."""

    instrument: Instrument
    rate: float | None
    hours: float | None
    next_ms: int | None
    received_ms: int

    @property
    def rate_8h(self) -> float | None:
        """The rate as if it were paid for eight hours."""
        return self.rate * 8 / self.hours if self.rate is not None and self.hours else None


@dataclass(frozen=True, slots=True, eq=False)
class Fundings:
    """Funding in bulk: columns aligned with `instruments`; `next_ms` is a float column of ms."""

    instruments: Instruments
    rate: Floats
    hours: Floats
    next_ms: Floats
    received_ms: int

    def __getitem__(self, i: int) -> Funding:
        next_ms = known(self.next_ms[i])
        return Funding(
            self.instruments[i],
            known(self.rate[i]),
            known(self.hours[i]),
            None if next_ms is None else int(next_ms),
            self.received_ms,
        )

    @property
    def rate_8h(self) -> Floats:
        """The rates as if each were paid for eight hours."""
        return self.rate * 8 / self.hours


@dataclass(frozen=True, slots=True)
class Mark:
    """The prices that margin and funding are reckoned with."""

    instrument: Instrument
    mark: float | None
    index: float | None
    received_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Mark and index prices in bulk: columns aligned with `instruments`."""

    instruments: Instruments
    mark: Floats
    index: Floats
    received_ms: int

    def __getitem__(self, i: int) -> Mark:
        return Mark(
            self.instruments[i], known(self.mark[i]), known(self.index[i]), self.received_ms
        )


@dataclass(frozen=True, slots=True)
class OpenInterest:
    """Open contracts, one side counted: plain coins and USD; None where the venue sends neither."""

    instrument: Instrument
    coins: float | None
    usd: float | None
    received_ms: int

    def valued(self, mark: float | None) -> "OpenInterest":
        """The same, the unit that the venue did not send reckoned at the mark price."""
        if not mark:
            return self
        coins = self.usd / mark if self.coins is None and self.usd is not None else self.coins
        usd = self.coins * mark if self.usd is None and self.coins is not None else self.usd
        return replace(self, coins=coins, usd=usd)


@dataclass(frozen=True, slots=True, eq=False)
class OpenInterests:
    """Open interest in bulk: columns aligned with `instruments`."""

    instruments: Instruments
    coins: Floats
    usd: Floats
    received_ms: int

    def __getitem__(self, i: int) -> OpenInterest:
        return OpenInterest(
            self.instruments[i], known(self.coins[i]), known(self.usd[i]), self.received_ms
        )


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Bars in ascending order, columns of equal length; the last may still be forming.

    `open_ms`: int64. `volume`, `taker_buy`: plain coins. `turnover`: quote currency.
    `taker_buy` is None where the venue's bars do not split takers.
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
    closed: NDArray[np.bool_]
    received_ms: int

    def __len__(self) -> int:
        return len(self.open_ms)


def known(value: float) -> float | None:
    """A number of a column as a single value: NaN is None."""
    return None if isnan(value) else float(value)


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an answer rests on: who was asked, who answered, who failed and why, in words.

    `waiting`: venues still to come in an answer that is not complete. `oldest_ms`: when the
    oldest datum used was received, None where no venue was asked.
    """

    asked: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    simulated: bool = False
    time_ms: int = 0
    oldest_ms: int | None = None


def total(numbers: Iterable[float | None]) -> float | None:
    """The exact sum of the numbers that are known; None where none is."""
    present = [number for number in numbers if number is not None]
    return fsum(present) if present else None
