"""What happens to an account: trades, funding, moves of money, and what is held after them.

Money is exact: every amount is a Decimal of the coin it names.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from crypto_assistant.sandbox.catalog import Market

Leg = Literal["net", "long", "short"]
Side = Literal["buy", "sell"]


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade of a derivative or of spot.

    size, closed: native units (see Market), positive; `closed` is the part that closed a position.
    realised: before fees, in the settle coin `coin` (spot: 0). fee: positive where paid.
    penalty: what a liquidation cost besides, in `coin`, positive where paid. position: the leg's
    signed size after the trade (spot: 0).
    """

    id: int
    order: int
    time: int
    market: Market
    side: Side
    leg: Leg
    price: Decimal
    size: Decimal
    closed: Decimal
    realised: Decimal
    coin: str
    fee: Decimal
    fee_coin: str
    maker: bool
    cause: Literal["trade", "liquidation"]
    penalty: Decimal
    position: Decimal


@dataclass(frozen=True, slots=True)
class Payment:
    """Funding. size: signed native units. amount: in `coin`, positive where received.

    settled: profit paid out since the last settlement, where the market settles (Bybit's USDC
    perpetuals): from then on, profit is counted against `mark`.
    """

    id: int
    time: int
    market: Market
    leg: Leg
    size: Decimal
    mark: Decimal
    rate: Decimal
    amount: Decimal
    coin: str
    settled: Decimal


@dataclass(frozen=True, slots=True)
class Move:
    """Money that comes into one wallet or leaves it. amount: positive where it comes."""

    id: int
    time: int
    wallet: str
    coin: str
    amount: Decimal
    kind: Literal["transfer", "deposit", "rebate", "interest"]


Event = Fill | Payment | Move


@dataclass(frozen=True, slots=True)
class Holding:
    """One leg of one market, open.

    size: signed native units. entry: the plain average price. unrealised, value (at the mark,
    positive), margin (that of an isolated one as it was put in, otherwise what the value asks
    for), maintenance: in the settle coin `coin`. liquidation: None where no price would do it.
    """

    market: Market
    leg: Leg
    size: Decimal
    entry: Decimal
    mark: Decimal
    unrealised: Decimal
    coin: str
    leverage: int
    isolated: bool
    value: Decimal
    margin: Decimal
    maintenance: Decimal
    liquidation: Decimal | None
    opened: int
    updated: int
