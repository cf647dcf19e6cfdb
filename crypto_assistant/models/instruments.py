"""What can be traded: one market of one venue, and all of them as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import nan

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.models.units import Family, Floats, known


@dataclass(frozen=True, slots=True)
class Instrument:
    """One market of one venue.

    `multiplier`: plain coins in one unit of the venue's name (1000PEPEUSDT: 1000).
    `contract`: plain coins (linear, spot) or USD (inverse) in one unit of the venue's sizes.
    `tick`: smallest price step, per plain coin. `tradfi`: a stock, metal, index or currency.
    `expires_ms`: when a dated future is delivered; None for perps and spot.
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
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """Markets of one family on one venue that trade now, as columns of equal length.

    `expires_ms` is a float column of ms, NaN for perps and spot. `unread`: rows of the venue's
    list that could not be read, of which nobody knows what they are about.
    """

    venue: str
    family: Family
    symbols: tuple[str, ...]
    coins: tuple[str, ...]
    quotes: tuple[str, ...]
    multiplier: Floats
    contract: Floats
    tick: Floats
    tradfi: NDArray[np.bool_]
    expires_ms: Floats
    received_ms: int
    unread: int = 0
    row: Mapping[str, int] = field(init=False, repr=False)
    """Row number by the venue's symbol."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "row", {symbol: i for i, symbol in enumerate(self.symbols)})

    def __len__(self) -> int:
        return len(self.symbols)

    def __getitem__(self, i: int) -> Instrument:
        expires_ms = known(self.expires_ms[i])
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
            None if expires_ms is None else int(expires_ms),
        )

    @classmethod
    def of(
        cls,
        venue: str,
        family: Family,
        markets: Sequence[Instrument],
        received_ms: int,
        unread: int = 0,
    ) -> "Instruments":
        """The markets as columns."""
        expires_ms = [nan if market.expires_ms is None else market.expires_ms for market in markets]
        return cls(
            venue,
            family,
            tuple(market.symbol for market in markets),
            tuple(market.coin for market in markets),
            tuple(market.quote for market in markets),
            np.array([market.multiplier for market in markets], float),
            np.array([market.contract for market in markets], float),
            np.array([market.tick for market in markets], float),
            np.array([market.tradfi for market in markets], bool),
            np.array(expires_ms, float),
            received_ms,
            unread,
        )

    @classmethod
    def one(cls, instrument: Instrument, received_ms: int) -> "Instruments":
        """A list of one, so that a single answer is read by the same code as a bulk one."""
        return cls.of(instrument.venue, instrument.family, [instrument], received_ms)

    @property
    def dated(self) -> NDArray[np.bool_]:
        """Which of them are futures with a delivery."""
        return ~np.isnan(self.expires_ms)

    def where(self, wanted: NDArray[np.bool_]) -> "Instruments":
        """The markets whose row is True."""
        if wanted.all():
            return self
        rows = np.flatnonzero(wanted)
        return Instruments(
            self.venue,
            self.family,
            tuple(self.symbols[i] for i in rows),
            tuple(self.coins[i] for i in rows),
            tuple(self.quotes[i] for i in rows),
            self.multiplier[rows],
            self.contract[rows],
            self.tick[rows],
            self.tradfi[rows],
            self.expires_ms[rows],
            self.received_ms,
            self.unread,
        )
