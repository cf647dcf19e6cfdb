"""What each of OKX's bills says: why the trading account changed, and by how much.

https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-bills-details-last-3-months
"""

from collections.abc import Iterator, Mapping
from math import fsum, isnan
from typing import Any

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.okx.positions import CONTRACTS, contract_family
from crypto_assistant.exchanges.payload import key, kind, moment, name, number
from crypto_assistant.models import Entry, Family, Flow

PARTS = {
    "2": (Flow.REALISED, Flow.FEE),  # trade
    "3": (Flow.REALISED, Flow.FEE),  # delivery
    "5": (Flow.REALISED, Flow.LIQUIDATION),  # liquidation
    "8": (Flow.FUNDING, Flow.FEE),  # funding
    "9": (Flow.REALISED, Flow.FEE),  # auto-deleveraging
    "13": (Flow.REALISED, Flow.FEE),  # delta hedging
    "14": (Flow.REALISED, Flow.FEE),  # block trade
    "24": (Flow.REALISED, Flow.FEE),  # spread trade
    "32": (Flow.REALISED, Flow.FEE),  # position moved between accounts
}
"""What "pnl" and "fee" of a contract's bill are, by its type."""

WHOLE = {
    "1": Flow.TRANSFER,  # from and to other accounts
    "4": Flow.SPOT,  # coin sold to repay a debt
    "11": Flow.SPOT,  # coin exchanged by the venue
    "12": Flow.TRANSFER,  # from and to a bot
    "27": Flow.SPOT,  # convert
    "28": Flow.SPOT,  # easy convert
    "29": Flow.SPOT,  # one-click repay
    "30": Flow.SPOT,  # simple trade
    "34": Flow.REALISED,  # daily settlement of dated futures on cross margin
}
"""What the change is as a whole; interest, profit shares and the unknown are `OTHER`."""

OWED = {"15", "16", "22", "33"}
"""Borrowed and paid back, by quick margin and loans, too: what comes in is owed; equity stays."""

SPOT = {"SPOT", "MARGIN"}
ROUNDING = 1e-12


def entries(bill: Mapping[str, Any]) -> list[Entry]:
    """What one bill says, in amounts that add up to the change of the account's equity."""
    family, symbol = _market(bill)
    return [
        Entry(
            key(bill["billId"]), flow, moment(bill["ts"]), family, symbol, name(bill["ccy"]), coins
        )
        for flow, coins in _flows(bill)
        if coins
    ]


def _market(bill: Mapping[str, Any]) -> tuple[Family | None, str]:
    if kind(bill["instType"]) in CONTRACTS:
        return contract_family(bill["instId"]), name(bill["instId"])
    if bill["instType"] in SPOT and bill["instId"]:
        return Family.SPOT, name(bill["instId"])
    return None, ""


def _flows(bill: Mapping[str, Any]) -> Iterator[tuple[Flow, float]]:
    what = name(bill["type"])
    if what in OWED:
        return
    # What moves between the account and an isolated position leaves one and enters the other.
    change = [_amount(bill, "balChg"), _amount(bill, "posBalChg")]
    if what in PARTS and bill["instType"] in CONTRACTS:
        parts = [_amount(bill, "pnl"), _amount(bill, "fee")]
        yield from zip(PARTS[what], parts, strict=True)
        yield Flow.OTHER, _sum([*change, *(-part for part in parts)])
    elif what in PARTS and bill["instType"] in SPOT:
        yield Flow.SPOT, _sum(change)
    else:
        yield WHOLE.get(what, Flow.OTHER), _sum(change)


def _amount(bill: Mapping[str, Any], field: str) -> float:
    """What does not apply to a bill is ""."""
    amount = 0.0 if bill[field] == "" else number(bill[field])
    if isnan(amount):
        raise Malformed("a bill without its amount")
    return amount


def _sum(amounts: list[float]) -> float:
    """The sum, 0 where it is but what the amounts were rounded by."""
    total = fsum(amounts)
    return total if abs(total) > ROUNDING * max(map(abs, amounts)) else 0.0
