"""What Binance says of a key: whose it is, and what it may do beyond reading."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from crypto_assistant.errors import Malformed

MAY = ("enable", "permits")
READING = {"enableReading", "enableFixReadOnly"}
WITHDRAWING = "enableWithdrawals"


class Powers(NamedTuple):
    """Whatever the venue adds to its list is a power unless it is plainly off."""

    names: tuple[str, ...]
    withdraws: bool
    received_ms: int

    @classmethod
    def read(cls, key: Mapping[str, Any], received_ms: int) -> "Powers":
        if not isinstance(key.get(WITHDRAWING), bool):
            raise Malformed("not told whether the key may withdraw")
        listed = (name for name in key if name.startswith(MAY) and name not in READING)
        names = tuple(name for name in listed if key[name] is not False)
        return cls(names, key[WITHDRAWING], received_ms)
