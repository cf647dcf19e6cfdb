"""What each order that closed a position made, less the fees of both its ends.

https://bybit-exchange.github.io/docs/v5/position/close-pnl
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from crypto_assistant.sandbox.account.events import Event, Fill
from crypto_assistant.sandbox.account.position import exact
from crypto_assistant.sandbox.bybit.answers import Row
from crypto_assistant.sandbox.bybit.executions import kind
from crypto_assistant.sandbox.bybit.transactions import order_id
from crypto_assistant.sandbox.catalog import Market
from crypto_assistant.sandbox.dealings import worth
from crypto_assistant.sandbox.face import plain


@dataclass(slots=True)
class _Fees:
    """What opening a position cost so far, for the part that is still open."""

    size: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)

    def opened(self, size: Decimal, fee: Decimal) -> None:
        self.size += size
        self.paid += fee

    def closed(self, size: Decimal) -> Decimal:
        """The closed size takes its part of them along."""
        part = exact(self.paid * size / self.size)
        self.size, self.paid = self.size - size, self.paid - part
        return part


@dataclass(slots=True)
class Closing:
    """The fills of one order that closed a position, and the fees of both its ends."""

    fills: list[Fill] = field(default_factory=list)
    open_fee: Decimal = Decimal(0)
    close_fee: Decimal = Decimal(0)

    @property
    def last(self) -> Fill:
        return self.fills[-1]


def closings(events: Iterable[Event]) -> list[Closing]:
    """Every order that closed something, by the time of its last fill."""
    fees: defaultdict[str, _Fees] = defaultdict(_Fees)
    orders: defaultdict[int, Closing] = defaultdict(Closing)
    for fill in events:
        if not isinstance(fill, Fill) or fill.market.kind == "spot":
            continue
        closing_fee = exact(fill.fee * fill.closed / fill.size)
        if fill.closed:
            closing = orders[fill.order]
            closing.fills.append(fill)
            closing.open_fee += fees[fill.market.symbol].closed(fill.closed)
            closing.close_fee += closing_fee + fill.penalty
        if fill.closed < fill.size:
            fees[fill.market.symbol].opened(fill.size - fill.closed, fill.fee - closing_fee)
    return sorted(orders.values(), key=lambda closing: closing.last.time)


def closed_row(closing: Closing, leverage: int) -> Row:
    last, fills = closing.last, closing.fills
    market, size = last.market, sum((fill.closed for fill in fills), Decimal(0))
    realised = sum((fill.realised for fill in fills), Decimal(0))
    left = sum((worth(market, fill.closed, fill.price) for fill in fills), Decimal(0))
    # A sell closes a long; an inverse contract is worth less coin the higher its price.
    gained = realised if (last.side == "sell") != (market.kind == "inverse") else -realised
    entered = left - gained
    return {
        "symbol": market.symbol,
        "orderId": order_id(last),
        "side": last.side.capitalize(),
        "qty": plain(sum((fill.size for fill in fills), Decimal(0))),
        "orderPrice": plain(last.price),
        "orderType": "Limit" if last.maker else "Market",
        "execType": kind(last),
        "closedSize": plain(size),
        "cumEntryValue": plain(entered),
        "avgEntryPrice": plain(_average(market, size, entered)),
        "cumExitValue": plain(left),
        "avgExitPrice": plain(_average(market, size, left)),
        "closedPnl": plain(realised - closing.open_fee - closing.close_fee),
        "openFee": plain(closing.open_fee),
        "closeFee": plain(closing.close_fee),
        "fillCount": str(len(fills)),
        "leverage": str(leverage),
        "createdTime": str(fills[0].time),
        "updatedTime": str(last.time),
    }


def _average(market: Market, size: Decimal, total: Decimal) -> Decimal:
    price = size / total if market.kind == "inverse" else total / size
    return round(price, 10)
