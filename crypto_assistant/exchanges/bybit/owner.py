"""Whose key it is, what it may do, and how the owner's account at Bybit is margined.

https://bybit-exchange.github.io/docs/v5/user/apikey-info
https://bybit-exchange.github.io/docs/v5/account/account-info
"""

from typing import Any, NamedTuple

from crypto_assistant.errors import Malformed, NotRead
from crypto_assistant.exchanges.bybit.envelope import CLASSIC
from crypto_assistant.exchanges.payload import number
from crypto_assistant.models import Permissions

READING = {"Exchange/ExchangeHistory"}
CLASSIC_STATUS = 1
UNIFIED_STATUS = {3, 4, 5, 6}
INVERSE_APART = {3, 4}
"""Unified accounts of 1.0."""


class Standing(NamedTuple):
    """`isolated`: how all positions are margined; `inverse_apart`: but for inverse ones, each of
    which has a margin mode and all of which have a wallet of their own."""

    isolated: bool
    inverse_apart: bool


def permissions(result: Any, received_ms: int) -> Permissions:
    """A key that only reads lists the same groups as one that may do what they say."""
    uid = str(result["userID"])
    if not uid.isdecimal() or int(uid) == 0:
        raise Malformed("a key without its owner")
    powers = () if number(result["readOnly"]) == 1 else _powers(result["permissions"])
    withdraws = any("withdraw" in power.lower() for power in powers)
    return Permissions(uid, powers, withdraws, received_ms)


def standing(result: Any, _: int) -> Standing:
    """Raises NotRead for an account that is not unified."""
    status = number(result["unifiedMarginStatus"])
    if status == CLASSIC_STATUS:
        raise NotRead(CLASSIC)
    if status not in UNIFIED_STATUS:
        raise Malformed("an account of an unknown kind")
    return Standing(result["marginMode"] == "ISOLATED_MARGIN", status in INVERSE_APART)


def _powers(groups: dict[str, list[str] | None]) -> tuple[str, ...]:
    named = (f"{group}/{name}" for group, names in groups.items() for name in names or ())
    return tuple(name for name in named if name not in READING)
