"""The owner's account at one venue: what its wallets hold, what is open, what its log says."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.models.instruments import Instrument
from crypto_assistant.models.units import Family, Floats

Find = Callable[[Family, str], Instrument | None]
"""The market that one venue calls so; None for one that does not trade now."""


class Wallet(StrEnum):
    """The purses of the three venues."""

    SPOT = "spot"
    FUNDING = "funding"
    USDM = "USD-M"
    COINM = "COIN-M"
    UNIFIED = "unified"
    TRADING = "trading"


@dataclass(frozen=True, slots=True)
class Permissions:
    """Whose key it is and what it may do beyond reading, in the venue's words."""

    uid: str
    powers: tuple[str, ...]
    withdraws: bool
    received_ms: int


@dataclass(frozen=True, slots=True)
class Holding:
    """A coin in a wallet.

    `coins`: equity, the unrealised PnL of open positions included; negative where more is borrowed
    than held. `unrealised`: that PnL alone, in coins; None where the venue does not tell it.
    `venue_usd`: what the venue values it at.
    """

    coin: str
    coins: float
    unrealised: float | None = 0.0
    venue_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What one wallet holds; coins of which there is nothing are left out."""

    venue: str
    wallet: Wallet
    holdings: tuple[Holding, ...]
    received_ms: int


class Side(StrEnum):
    """What gains when the price rises, and what gains when it falls."""

    LONG = "long"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class Position:
    """One open position.

    `instrument`: None where the market is on no list, so that its contracts are not understood.
    `contracts`: in the venue's units of size; `coins`: plain coins; `usd`: at the mark price; all
    without a sign. Prices are per plain coin. `margin` (initial margin) and `unrealised` are in
    `settle`, the coin that the position is margined with. `hedged`: the other side of the same
    market is a position of its own. `liquidation`: None where there is none, which `endless` says
    that the venue told, or where it is not known.
    """

    venue: str
    family: Family
    symbol: str
    instrument: Instrument | None
    side: Side
    hedged: bool
    contracts: float
    coins: float | None
    usd: float | None
    entry: float | None
    mark: float | None
    liquidation: float | None
    leverage: float | None
    isolated: bool | None
    settle: str
    margin: float | None
    unrealised: float | None
    endless: bool = False


@dataclass(frozen=True, slots=True)
class Positions:
    """Every open position of one family of markets.

    `unread`: how many others the venue told of, in spot bought on credit or in options.
    """

    venue: str
    family: Family
    positions: tuple[Position, ...]
    received_ms: int
    unread: int = 0


class Flow(StrEnum):
    """Why a wallet that derivatives are margined with changed.

    Realised PnL is gross of fees and of funding, closing by liquidation, auto-deleveraging or
    delivery included; what a liquidation costs besides is `LIQUIDATION`.
    """

    REALISED = "realised"
    FEE = "fee"
    FUNDING = "funding"
    REBATE = "rebate"
    LIQUIDATION = "liquidation"
    TRANSFER = "transfer"
    SPOT = "spot"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the account's log: `coins` more of `coin` in the wallet, or less.

    `key` and `flow` together are unique within the account. `symbol`: the market's, "" where the
    line is about none; `family` is None there.
    """

    key: str
    flow: Flow
    time_ms: int
    family: Family | None
    symbol: str
    coin: str
    coins: float


@dataclass(frozen=True, slots=True)
class AccountLog:
    """Every line of the log of [`start_ms`, `end_ms`), in the order of time."""

    start_ms: int
    end_ms: int
    entries: tuple[Entry, ...]
    received_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class Fills:
    """The owner's trades of one market in [`start_ms`, `end_ms`), in the order of time.

    `size`: plain coins (linear) or USD (inverse), + bought, - sold. `price`: per plain coin.
    `leg`: +1 of the long position in hedge mode, -1 of the short one, 0 in one-way mode.
    """

    instrument: Instrument
    start_ms: int
    end_ms: int
    time_ms: NDArray[np.int64]
    size: Floats
    price: Floats
    leg: NDArray[np.int64]
    received_ms: int
