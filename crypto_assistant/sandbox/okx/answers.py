"""What OKX's answers share: the envelope, errors, parameters, bars."""

from collections.abc import Mapping
from typing import Any, Final

from crypto_assistant.sandbox.catalog import HOUR
from crypto_assistant.sandbox.face import Query, Refusal
from crypto_assistant.sandbox.periods import (
    DAYS,
    HOURS,
    MINUTES,
    MONTH,
    QUARTER,
    WEEK,
    Period,
    shifted,
)

Row = dict[str, Any]

_LONG: Final[Mapping[str, Period]] = {
    "6H": HOURS[6], "12H": HOURS[12], "1D": DAYS[1], "2D": DAYS[2], "3D": DAYS[3],
    "1W": WEEK, "1M": MONTH, "3M": QUARTER,
}  # fmt: skip
# From 6H on, bars begin with the day of UTC+8 unless the name ends in "utc".
BARS: Final[Mapping[str, Period]] = {
    **{f"{n}m": period for n, period in MINUTES.items()},
    **{f"{n}H": HOURS[n] for n in (1, 2, 4)},
    **{name: shifted(period, -8 * HOUR) for name, period in _LONG.items()},
    **{f"{name}utc": period for name, period in _LONG.items()},
}


def answer(rows: list[Any]) -> Row:
    return {"code": "0", "msg": "", "data": rows}


def error(code: str, message: str) -> Refusal:
    return Refusal(400, {"code": code, "msg": message, "data": []})


def no_instrument() -> Refusal:
    message = "Instrument ID, Instrument ID code or Spread ID doesn't exist."
    return Refusal(200, {"code": "51001", "msg": message, "data": []})


def whole(query: Query, name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise error("51000", f"Parameter {name} error")
    return int(text)


def several(query: Query, name: str, most: int) -> frozenset[str]:
    names = frozenset(word for word in query.get(name, "").split(",") if word)
    if len(names) > most:
        raise error("51000", f"Parameter {name} error")
    return names
