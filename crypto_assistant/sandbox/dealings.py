"""What a trade moved, and which part of it the fee was: in words that every face prints."""

from decimal import Decimal

from crypto_assistant.sandbox.account.events import Fill
from crypto_assistant.sandbox.account.position import value
from crypto_assistant.sandbox.catalog import Market


def exchanged(fill: Fill) -> tuple[tuple[str, Decimal], tuple[str, Decimal]]:
    """What a spot trade changed before its fee: base and quote, + received."""
    signed = fill.size if fill.side == "buy" else -fill.size
    return (fill.market.base, signed), (fill.market.quote, -signed * fill.price)


def worth(market: Market, size: Decimal, price: Decimal) -> Decimal:
    """Of so much at that price, in the settle coin (spot: in the quote), without a sign."""
    return abs(value(market, size, price))


def fee_rate(fill: Fill) -> Decimal:
    """The fee as a fraction of what was traded."""
    in_base = fill.market.kind == "spot" and fill.fee_coin == fill.market.base
    traded = fill.size if in_base else worth(fill.market, fill.size, fill.price)
    return round(fill.fee / traded, 6)
