"""What Telegram says, also where a part of it is no proper JSON."""

import json
import re
from contextlib import suppress
from math import isfinite
from typing import Any

import orjson

UPDATE = re.compile(r'\{\s*"update_id"\s*:\s*(\d{1,19})(?=\s*[,}])')
"""How an update begins; within a text the quotation marks would be escaped."""


def decoded(text: str) -> Any:
    """The JSON; half characters are `?`, and what is no number is null.

    Of updates that cannot be read one is left with nothing but its number. Raises ValueError.
    """
    with suppress(ValueError):
        return orjson.loads(text)
    with suppress(ValueError, RecursionError):
        return _tolerated(json.JSONDecoder(**TOLERANT).decode(text))
    starts = list(UPDATE.finditer(text))
    if not starts or not text.rstrip().endswith("]}"):
        raise ValueError("no JSON")
    return {"ok": True, "result": [_update(text, start) for start in starts]}


def _update(text: str, start: re.Match[str]) -> Any:
    try:
        update, _ = json.JSONDecoder(**TOLERANT).raw_decode(text, start.start())
        return _tolerated(update)
    except (ValueError, RecursionError):
        return {"update_id": int(start[1])}


def _tolerated(value: Any) -> Any:
    return orjson.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def _finite(number: str) -> float | None:
    return float(number) if isfinite(float(number)) else None


TOLERANT: dict[str, Any] = {"parse_constant": lambda _: None, "parse_float": _finite}
