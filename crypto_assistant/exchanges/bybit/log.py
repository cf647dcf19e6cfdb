"""Bybit's log of what changed the unified wallet, line by line.

https://bybit-exchange.github.io/docs/v5/account/transaction-log
"""

from collections.abc import Mapping
from math import isclose, isnan
from typing import Any

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.payload import key, kind, moment, name, number
from crypto_assistant.models import Entry, Family, Flow

FAMILIES = {family.value: family for family in Family}
KEY = ("id", "tradeId", "type", "transactionTime", "change")
"""What tells lines apart: their `id` alone does not."""

TRADED = {"TRADE", "SETTLEMENT", "LIQUIDATION", "ADL", "DELIVERY"}
OWED = {"BORROW", "REPAY"}
"""What comes into the wallet is owed, so that equity stays."""

FLOWS = {
    "TRANSFER_IN": Flow.TRANSFER,
    "TRANSFER_OUT": Flow.TRANSFER,
    "FEE_REFUND": Flow.REBATE,
    # One coin for another, a line each.
    "CURRENCY_BUY": Flow.SPOT,
    "CURRENCY_SELL": Flow.SPOT,
    "CONVERT": Flow.SPOT,
    "SPOT_REPAYMENT_BUY": Flow.SPOT,
    "SPOT_REPAYMENT_SELL": Flow.SPOT,
}
TO_EARN_AND_BACK = ("_SUBSCRIPTION", "_REDEMPTION", "_REFUND")


def entries(row: Mapping[str, Any]) -> list[Entry]:
    """What one line says; together they are its change of the wallet."""
    family = FAMILIES.get(kind(row["category"])) if kind(row["symbol"]) else None
    if not row["id"]:
        raise Malformed("a line without its number")
    line, time_ms = ":".join(key(row[field]) for field in KEY), moment(row["transactionTime"])
    symbol, coin = name(row["symbol"]) if family else "", name(row["currency"])
    return [
        Entry(line, flow, time_ms, family, symbol, coin, coins)
        for flow, coins in _flows(row, family)
        if coins
    ]


def _flows(row: Mapping[str, Any], family: Family | None) -> list[tuple[Flow, float]]:
    what, change = name(row["type"]), number(row["change"])
    if isnan(change):
        raise Malformed("a line without its change")
    if what in OWED:
        return []
    if what not in TRADED:
        return [(_flow(what), change)]
    if family is Family.SPOT:
        return [(Flow.SPOT, change)]
    # What options are worth is in no unrealised PnL.
    return [(Flow.OTHER, change)] if family is None else _of_contract(row, what, change)


def _flow(what: str) -> Flow:
    moved = Flow.TRANSFER if what.endswith(TO_EARN_AND_BACK) else Flow.OTHER
    return FLOWS.get(what, moved)


def _of_contract(row: Mapping[str, Any], what: str, change: float) -> list[tuple[Flow, float]]:
    """A line of a USDC contract may be funding and the PnL of eight hours in one."""
    realised, funding, fee = (_part(row[name]) for name in ("cashFlow", "funding", "fee"))
    flows = [
        (Flow.REALISED, realised),
        (Flow.FUNDING, funding),
        (Flow.LIQUIDATION if what == "LIQUIDATION" else Flow.FEE, -fee),
    ]
    booked = realised + funding - fee
    if not isclose(booked, change, rel_tol=1e-9, abs_tol=1e-9):
        flows.append((Flow.OTHER, change - booked))
    return flows


def _part(cell: object) -> float:
    """Where a line is about no funding or no fee, that is "": none of its change."""
    part = 0.0 if cell == "" else number(cell)
    if isnan(part):
        raise Malformed("a line without a part of its change")
    return part
