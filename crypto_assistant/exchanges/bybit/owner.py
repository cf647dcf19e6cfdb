"""Whose key it is, what it may do, and how the owner's account at Bybit is margined.

https://bybit-exchange.github.io/docs/v5/user/apikey-info
https://bybit-exchange.github.io/docs/v5/account/account-info
"""

from typing import Any, NamedTuple

from crypto_assistant.errors import Malformed, NotRead
from crypto_assistant.exchanges.bybit.envelope import CLASSIC, found
from crypto_assistant.exchanges.payload import name, number, uid, withdraws
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
    listed = _powers(result["permissions"])
    powers = () if number(result["readOnly"]) == 1 else listed
    return Permissions(uid(result["userID"]), powers, withdraws(powers), received_ms)


def standing(result: Any, _: int) -> Standing:
    """Raises NotRead for an account that is not unified."""
    status = number(result["unifiedMarginStatus"])
    if status == CLASSIC_STATUS:
        raise NotRead(CLASSIC)
    if status not in UNIFIED_STATUS:
        raise Malformed("an account of an unknown kind")
    return Standing(name(result["marginMode"]) == "ISOLATED_MARGIN", status in INVERSE_APART)


def _powers(groups: dict[str, list[str] | None]) -> tuple[str, ...]:
    named = (
        f"{name(group)}/{name(power)}" for group, names in groups.items() for power in found(names)
    )
    return tuple(power for power in named if power not in READING)
