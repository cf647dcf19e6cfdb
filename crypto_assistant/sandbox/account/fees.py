"""What trades cost: the venues' rates, Binance's discount in BNB, the price of a liquidation."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from crypto_assistant.sandbox.account.plan import Order
from crypto_assistant.sandbox.account.position import ZERO, exact, value
from crypto_assistant.sandbox.catalog import Kind, Venue

# Maker and taker, as fractions; a negative one is paid to the owner.
_RATES: Final[Mapping[tuple[Venue, Kind], tuple[str, str]]] = {
    ("binance", "linear"): ("0.0002", "0.0005"),
    ("binance", "inverse"): ("0.0001", "0.0005"),
    ("bybit", "linear"): ("0.0002", "0.00055"),
    ("bybit", "inverse"): ("0.0002", "0.00055"),
    ("bybit", "spot"): ("0.001", "0.001"),
    ("okx", "linear"): ("-0.00005", "0.0005"),
    ("okx", "inverse"): ("-0.00005", "0.0005"),
    ("okx", "spot"): ("0.0008", "0.001"),
}
_DISCOUNT: Final = Decimal("0.9")
_LIQUIDATION: Final = Decimal("0.004")


class Cost(NamedTuple):
    """fee: in `coin`, positive where paid. penalty: of a liquidation, in the settle coin."""

    fee: Decimal
    coin: str
    penalty: Decimal = ZERO


def cost(order: Order, signed: Decimal, price: Decimal, bnb: Decimal | None) -> Cost:
    """Of a trade that is part of the order. `bnb`: its price, where the fee is paid in it."""
    market = order.habit.market
    worth = abs(value(market, signed, price))
    rate = Decimal(_RATES[market.venue, market.kind][0 if order.maker else 1])
    if order.cause == "liquidation":
        # Only Binance has a commission besides.
        fee = exact(worth * rate) if market.venue == "binance" else ZERO
        return Cost(fee, market.settle, exact(worth * _LIQUIDATION))
    if bnb is not None:
        return Cost(exact(worth * rate * _DISCOUNT / bnb), "BNB")
    if market.kind == "spot" and signed > 0:
        return Cost(exact(signed * rate), market.base)
    return Cost(exact(worth * rate), market.settle)
