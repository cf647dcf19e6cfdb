"""What Binance says of a key: what it may do beyond reading.

https://developers.binance.com/docs/wallet/account/api-key-permission
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.payload import name, withdraws

MAY = ("enable", "permits")
READING = {"enableReading", "enableFixReadOnly"}
WITHDRAWING = "enableWithdrawals"
"""The one power to withdraw that is documented; `permitsUniversalTransfer` moves money within."""


class Powers(NamedTuple):
    """Whatever the venue adds to its list is a power unless it is off."""

    names: tuple[str, ...]
    withdraws: bool
    received_ms: int

    @classmethod
    def read(cls, key: Mapping[str, Any], received_ms: int) -> "Powers":
        """Raises Malformed where a power is neither on nor off."""
        if WITHDRAWING not in key:
            raise Malformed("not told whether the key may withdraw")
        may = {name(power): key[power] for power in key if _is_power(power)}
        for power, is_on in may.items():
            if not isinstance(is_on, bool):
                raise Malformed(f"not told whether the key may do this: {power}")
        names = tuple(power for power, is_on in may.items() if is_on)
        return cls(names, withdraws(names), received_ms)


def _is_power(field: str) -> bool:
    return field not in READING and (field.startswith(MAY) or withdraws([field]))
