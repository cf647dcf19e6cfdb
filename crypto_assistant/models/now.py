"""A market at this moment: ticker, funding, mark price, open interest; one by one and in bulk.

Of a market alone, nothing is known.
"""

from dataclasses import dataclass, replace

import numpy as np

from crypto_assistant.models.instruments import Instrument, Instruments
from crypto_assistant.models.units import Floats, known

WIDEST_SPREAD = 0.05
"""Of its middle; a wider book says nothing of the price."""


@dataclass(frozen=True, slots=True)
class Ticker:
    """One market now and over the last 24 hours.

    `change_24h`: fraction. `volume_24h`: plain coins. `turnover_24h`: quote currency.
    """

    instrument: Instrument
    last: float | None = None
    bid: float | None = None
    ask: float | None = None
    change_24h: float | None = None
    high_24h: float | None = None
    low_24h: float | None = None
    volume_24h: float | None = None
    turnover_24h: float | None = None
    received_ms: int = 0

    @property
    def mid(self) -> float | None:
        """Half way between bid and ask; the last price where there is no book, or a wide one.

        None where the last price is off both sides of a wide book by more than `WIDEST_SPREAD`.
        """
        bid, ask, last = self.bid, self.ask, self.last
        if bid is None or ask is None:
            return last
        if bid <= ask <= bid + WIDEST_SPREAD * (bid + ask) / 2:
            return (bid + ask) / 2
        low, high = min(bid, ask) * (1 - WIDEST_SPREAD), max(bid, ask) * (1 + WIDEST_SPREAD)
        return last if last is not None and low <= last <= high else None


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

    @property
    def mid(self) -> Floats:
        """As of one market."""
        bid, ask = self.bid, self.ask
        narrow = (bid <= ask) & (ask <= bid + WIDEST_SPREAD * (bid + ask) / 2)
        too_low = self.last < np.minimum(bid, ask) * (1 - WIDEST_SPREAD)
        too_high = self.last > np.maximum(bid, ask) * (1 + WIDEST_SPREAD)
        last = np.where(too_low | too_high, np.nan, self.last)
        return np.where(narrow, (bid + ask) / 2, last)

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
    rate: float | None = None
    hours: float | None = None
    next_ms: int | None = None
    received_ms: int = 0

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
    mark: float | None = None
    index: float | None = None
    received_ms: int = 0


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
    coins: float | None = None
    usd: float | None = None
    received_ms: int = 0

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
