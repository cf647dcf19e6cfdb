"""Rows of Bybit's transaction log: every change of the unified wallet.

https://bybit-exchange.github.io/docs/v5/account/transaction-log
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Final
from uuid import UUID

from crypto_assistant.sandbox.account.events import Event, Fill, Move, Payment
from crypto_assistant.sandbox.bybit.answers import Row
from crypto_assistant.sandbox.catalog import Market
from crypto_assistant.sandbox.dealings import exchanged, fee_rate
from crypto_assistant.sandbox.face import plain

_ZERO: Final = Decimal(0)
_MOVES: Final = {"rebate": "FEE_REFUND", "interest": "INTEREST"}


class Transactions:
    """Turns one event after another into rows, with the wallet's balance after each."""

    def __init__(self, uid: int) -> None:
        self._uid = uid
        self._cash: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._orders: dict[str, int] = {}

    def __call__(self, event: Event) -> Iterator[Row]:
        if isinstance(event, Payment):
            yield self._settlement(event)
        elif isinstance(event, Move):
            if event.wallet == "unified":
                yield self._move(event)
        elif event.market.kind == "spot":
            yield from self._exchange(event)
        else:
            yield self._trade(event)

    def _trade(self, fill: Fill) -> Row:
        return {
            **self._fill(fill),
            "type": "LIQUIDATION" if fill.cause == "liquidation" else "TRADE",
            "qty": plain(fill.size),
            "size": plain(fill.position),
            "feeRate": plain(fee_rate(fill)),
            **self._change(fill.coin, fill.realised, fill.fee + fill.penalty),
        }

    def _exchange(self, fill: Fill) -> Iterator[Row]:
        """A spot trade is two rows with one id: the coin that came and the coin that went."""
        for coin, amount in exchanged(fill):
            yield {
                **self._fill(fill),
                "type": "TRADE",
                "qty": plain(amount),
                "size": "0",
                "feeRate": plain(fee_rate(fill)),
                **self._change(coin, amount, fill.fee if coin == fill.fee_coin else _ZERO),
            }

    def _settlement(self, payment: Payment) -> Row:
        """Funding; where the market settles in USDC also the profit since the last settlement."""
        market = payment.market
        signed_rate = payment.rate if payment.size > 0 else -payment.rate
        return {
            **self._about(market, self._orders.get(market.symbol, payment.id)),
            "side": "Buy" if payment.size > 0 else "Sell",
            "transactionTime": str(payment.time),
            "type": "SETTLEMENT",
            "orderId": f"{payment.time // 1000}-8-{self._uid}-1-2",
            "tradeId": str(UUID(int=payment.id)),
            "qty": plain(abs(payment.size)),
            "size": plain(payment.size),
            "tradePrice": plain(payment.mark),
            "feeRate": plain(signed_rate),
            **self._change(payment.coin, payment.settled, _ZERO, payment.amount),
        }

    def _move(self, move: Move) -> Row:
        direction = "TRANSFER_IN" if move.amount > 0 else "TRANSFER_OUT"
        return {
            **_EMPTY,
            "id": f"{self._uid}_{move.coin}_{move.id}",
            "side": "None",
            "transactionTime": str(move.time),
            "type": _MOVES.get(move.kind, direction),
            "orderId": "",
            "tradeId": "",
            "qty": plain(move.amount),
            "size": "0",
            **self._change(move.coin, move.amount, _ZERO),
        }

    def _fill(self, fill: Fill) -> Row:
        self._orders[fill.market.symbol] = fill.order
        return {
            **self._about(fill.market, fill.order),
            "side": fill.side.capitalize(),
            "transactionTime": str(fill.time),
            "orderId": order_id(fill),
            "tradeId": str(UUID(int=fill.id)),
            "tradePrice": plain(fill.price),
        }

    def _about(self, market: Market, serial: int) -> Row:
        """`id` names the order, not the row: its trades and the funding after it share one."""
        return {
            **_EMPTY,
            "id": f"{self._uid}_{market.symbol}_{serial}",
            "symbol": market.symbol,
            "category": market.kind,
        }

    def _change(
        self, coin: str, cash: Decimal, fee: Decimal, funding: Decimal | None = None
    ) -> Row:
        change = cash - fee + (funding or _ZERO)
        self._cash[coin] += change
        return {
            "currency": coin,
            "cashFlow": plain(cash),
            "fee": plain(fee),
            # "" on everything but settlements, never 0.
            "funding": "" if funding is None else plain(funding),
            "change": plain(change),
            "cashBalance": plain(self._cash[coin]),
        }


def order_id(fill: Fill) -> str:
    return str(fill.order) if fill.market.kind == "spot" else str(UUID(int=fill.order))


_EMPTY: Final = {
    "transSubType": "", "symbol": "", "category": "", "orderLinkId": "", "tradePrice": "",
    "feeRate": "", "bonusChange": "", "extraFees": "",
}  # fmt: skip
