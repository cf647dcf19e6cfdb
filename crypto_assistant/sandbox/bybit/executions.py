"""Rows of Bybit's executions: https://bybit-exchange.github.io/docs/v5/order/execution"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final
from uuid import UUID

from crypto_assistant.sandbox.account.events import Event, Fill, Move, Payment
from crypto_assistant.sandbox.bybit.answers import Row
from crypto_assistant.sandbox.bybit.transactions import order_id
from crypto_assistant.sandbox.catalog import Market
from crypto_assistant.sandbox.dealings import fee_rate, worth
from crypto_assistant.sandbox.face import plain

Execution = Fill | Payment


def executions(event: Event) -> Iterator[Execution]:
    """Trades, with the payments of funding among them."""
    if not isinstance(event, Move):
        yield event


def kind(execution: Execution) -> str:
    """Bybit's execType."""
    if isinstance(execution, Payment):
        return "Funding"
    return "BustTrade" if execution.cause == "liquidation" else "Trade"


def execution_row(execution: Execution) -> Row:
    return _funding(execution) if isinstance(execution, Payment) else _trade(execution)


def _trade(fill: Fill) -> Row:
    liquidated, spot = fill.cause == "liquidation", fill.market.kind == "spot"
    return {
        **_execution(fill.market, fill.id, fill.time, fill.size, fill.price),
        "side": fill.side.capitalize(),
        "orderId": order_id(fill),
        "orderPrice": plain(fill.price),
        "orderQty": plain(fill.size),
        "orderType": "Limit" if fill.maker else "Market",
        "execType": kind(fill),
        "isMaker": fill.maker,
        "execFee": plain(fill.fee + fill.penalty),
        "feeRate": plain(fee_rate(fill)),
        "feeCurrency": fill.fee_coin if spot else "",
        "closedSize": "" if spot else plain(fill.closed),
        **({} if spot else {"createType": "CreateByLiq" if liquidated else "CreateByUser"}),
    }


def _funding(payment: Payment) -> Row:
    """The fee of funding is positive where it was paid, against the log's sign."""
    return {
        **_execution(payment.market, payment.id, payment.time, abs(payment.size), payment.mark),
        "side": "Buy" if payment.size > 0 else "Sell",
        "orderId": f"{payment.time // 1000}-8-{payment.market.symbol}",
        "orderPrice": "0",
        "orderQty": "0",
        "orderType": "UNKNOWN",
        "execType": kind(payment),
        "isMaker": False,
        "execFee": plain(-payment.amount),
        "feeRate": plain(payment.rate if payment.size > 0 else -payment.rate),
        "feeCurrency": "",
        "closedSize": "0",
        "createType": "",
    }


def _execution(market: Market, number: int, time: int, size: Decimal, price: Decimal) -> Row:
    return {
        **_EMPTY,
        "symbol": market.symbol,
        "execId": str(UUID(int=number)),
        "execTime": str(time),
        "execPrice": plain(price),
        "execQty": plain(size),
        "execValue": plain(worth(market, size, price)),
        "leavesQty": "0",
        "seq": number,
    }


_EMPTY: Final = {
    "orderLinkId": "", "stopOrderType": "UNKNOWN", "tradeIv": "", "markIv": "", "markPrice": "",
    "indexPrice": "", "underlyingPrice": "", "blockTradeId": "", "marketUnit": "", "extraFees": "",
    "execFeeV2": "",
}  # fmt: skip
