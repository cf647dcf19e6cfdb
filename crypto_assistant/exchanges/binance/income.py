"""Binance's account log ("income"): why the futures wallets changed, line by line."""

from collections.abc import Iterable, Mapping
from typing import Any

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.binance.amounts import amount
from crypto_assistant.exchanges.binance.halving import Page
from crypto_assistant.exchanges.payload import key, kind, moment, name
from crypto_assistant.models import Entry, Family, Flow

HOSTS = {Family.LINEAR: "usdm", Family.INVERSE: "coinm"}
"""Each host numbers its lines itself."""

FLOWS = {
    "REALIZED_PNL": Flow.REALISED,
    "DELIVERED_SETTELMENT": Flow.REALISED,
    "COMMISSION": Flow.FEE,
    "POSITION_LIMIT_INCREASE_FEE": Flow.FEE,
    "FUNDING_FEE": Flow.FUNDING,
    "SPECIAL_FUNDING_FEE": Flow.FUNDING,
    "REFERRAL_KICKBACK": Flow.REBATE,
    "COMMISSION_REBATE": Flow.REBATE,
    "API_REBATE": Flow.REBATE,
    "FEE_RETURN": Flow.REBATE,
    "INSURANCE_CLEAR": Flow.LIQUIDATION,
    "TRANSFER": Flow.TRANSFER,
    "INTERNAL_TRANSFER": Flow.TRANSFER,
    "CROSS_COLLATERAL_TRANSFER": Flow.TRANSFER,
    "STRATEGY_UMFUTURES_TRANSFER": Flow.TRANSFER,
}
"""Everything else, known or not, is OTHER: bonuses, conversions, premiums of options."""


def entry(row: Mapping[str, Any], family: Family) -> Entry:
    what, coin = name(row["incomeType"]), name(row["asset"])
    symbol = kind(row.get("symbol", ""))
    # The venue's own number is unique among lines of one kind only, and of one funding of several
    # markets there may be but one.
    if row["tranId"] == "":
        raise Malformed("a line without its number")
    numbers = key(row["tranId"]), key(row.get("tradeId", ""))
    return Entry(
        key=":".join((HOSTS[family], what, *numbers, coin, symbol)),
        flow=FLOWS.get(what, Flow.OTHER),
        time_ms=moment(row["time"]),
        family=family if symbol else None,
        symbol=symbol,
        coin=coin,
        coins=amount(row["income"]),
    )


def lines(pages: Iterable[Page[Entry]]) -> list[Entry]:
    """Each line once; raises Malformed where two differ that nothing tells apart."""
    found: dict[str, Entry] = {}
    for page in pages:
        for line in page.rows:
            if found.setdefault(line.key, line) != line:
                raise Malformed(f"a line of the account log told in two ways: {line.key}")
    return list(found.values())
