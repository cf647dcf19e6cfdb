"""Binance's account log ("income"): why the futures wallets changed, page by page."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.binance.told import amount, each
from crypto_assistant.models import Entry, Family, Flow

MOST_ROWS = 1000

HOSTS = {Family.LINEAR: "usdm", Family.INVERSE: "coinm"}
"""Each host numbers its lines itself."""

FLOWS = {
    "REALIZED_PNL": Flow.REALISED,
    "DELIVERED_SETTELMENT": Flow.REALISED,
    "COMMISSION": Flow.FEE,
    "POSITION_LIMIT_INCREASE_FEE": Flow.FEE,
    "FUNDING_FEE": Flow.FUNDING,
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


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines; a full page may not be the last one."""

    entries: Sequence[Entry]
    full: bool
    received_ms: int

    @classmethod
    def read(cls, payload: Any, family: Family, received_ms: int) -> "Page":
        found = [_entry(row, family) for row in each(payload)]
        return cls(found, len(found) >= MOST_ROWS, received_ms)


async def whole(ask: Callable[[int], Awaitable[Page]]) -> Page:
    """All pages as one; a line that moved from one page to the next meanwhile counts once."""
    entries: dict[str, Entry] = {}
    received_ms = []
    for number in count(1):
        page = await ask(number)
        before = len(entries)
        entries.update((entry.key, entry) for entry in page.entries)
        received_ms.append(page.received_ms)
        if not page.full:
            break
        if len(entries) == before:
            raise Malformed("a page of the log that repeats the others")
    return Page(list(entries.values()), full=False, received_ms=min(received_ms))


def _entry(row: Mapping[str, Any], family: Family) -> Entry:
    kind, coin, symbol = row["incomeType"], row["asset"], row.get("symbol") or ""
    # The venue's own number is unique among lines of one kind only.
    if row["tranId"] in {None, ""}:
        raise Malformed("a line without its number")
    key = (HOSTS[family], kind, row["tranId"], row.get("tradeId") or "", coin)
    return Entry(
        key=":".join(map(str, key)),
        flow=FLOWS.get(kind, Flow.OTHER),
        time_ms=int(amount(row["time"])),
        family=family if symbol else None,
        symbol=symbol,
        coin=coin,
        coins=amount(row["income"]),
    )
