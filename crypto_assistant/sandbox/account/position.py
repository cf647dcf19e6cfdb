"""One leg of one market: how trades and settlements change it, exact to the last digit.

What a position cost is kept instead of its average price, so that at any moment profit realised
plus profit unrealised is what was paid and received plus what the position is worth.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from crypto_assistant.sandbox.catalog import Market

ZERO: Final = Decimal(0)
_SMALLEST: Final = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Position:
    """size: signed native units. cost: what it was worth where profit is counted from; paid: where
    it was opened. Both signed, in the settle coin; they part where a market settles."""

    size: Decimal = ZERO
    cost: Decimal = ZERO
    paid: Decimal = ZERO
    opened: int = 0
    updated: int = 0

    def traded(
        self, market: Market, signed: Decimal, price: Decimal, time: int
    ) -> tuple["Position", Decimal, Decimal]:
        """The position after it, how much of it was closed, and the profit of that."""
        closed = min(abs(signed), abs(self.size)) if signed * self.size < 0 else ZERO
        kept, realised = self._closed(market, closed, price, time)
        added = signed + closed.copy_sign(self.size) if closed else signed
        return kept._opened(market, added, price, time), closed, realised

    def settled(self, market: Market, mark: Decimal) -> tuple["Position", Decimal]:
        """The profit so far is paid out; from now on it counts from the mark."""
        worth = value(market, self.size, mark)
        return replace(self, cost=worth), worth - self.cost

    def unrealised(self, market: Market, mark: Decimal) -> Decimal:
        return value(market, self.size, mark) - self.cost

    def entry(self, market: Market) -> Decimal:
        """The plain average price."""
        notional = self.size * unit(market)
        price = -notional / self.paid if market.kind == "inverse" else self.paid / notional
        return round(price, market.price_decimals + 6)

    def _closed(
        self, market: Market, size: Decimal, price: Decimal, time: int
    ) -> tuple["Position", Decimal]:
        if not size:
            return self, ZERO
        gone = size.copy_sign(self.size)
        part = gone / self.size
        cost, paid = exact(self.cost * part), exact(self.paid * part)
        left = replace(
            self,
            size=self.size - gone,
            cost=self.cost - cost,
            paid=self.paid - paid,
            updated=time,
        )
        return left, value(market, gone, price) - cost

    def _opened(self, market: Market, signed: Decimal, price: Decimal, time: int) -> "Position":
        if not signed:
            return self
        worth = value(market, signed, price)
        return Position(
            self.size + signed,
            self.cost + worth,
            self.paid + worth,
            self.opened if self.size else time,
            time,
        )


def value(market: Market, signed: Decimal, price: Decimal) -> Decimal:
    """In the settle coin: it rises with the price for a long, falls for a short.

    An inverse long is coin owed against a fixed sum of USD: less of it, the higher the price.
    """
    notional = signed * unit(market)
    return exact(-notional / price if market.kind == "inverse" else notional * price)


def unit(market: Market) -> Decimal:
    return Decimal(str(market.unit))


def exact(amount: Decimal) -> Decimal:
    """Coins have eight decimals."""
    return amount.quantize(_SMALLEST)
