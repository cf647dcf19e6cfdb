"""Binance's envelope: bare payloads, and {"code", "msg"} with HTTP 4xx."""

import re
from email.utils import parsedate_to_datetime
from typing import Any

from crypto_assistant.errors import ClockSkew, Refused, Unreachable
from crypto_assistant.exchanges.payload import error_code
from crypto_assistant.net.firewall import forbidden
from crypto_assistant.net.response import Response, Stop

RETRYABLE = {"-1000", "-1001", "-1006", "-1007", "-1008", "-1016"}
CLOCK = {"-1021"}
LIMITS = {"-1003", "-1015"}
IN_PLAIN_WORDS = {"-1022": "wrong secret", "-2014": "no such key"}
BANNED = re.compile(r"banned until (\d{13})")
"""The end of a ban in ms, for where no header tells its length."""


def unwrap(response: Response) -> Any:
    if response.status == 200:
        return response.body
    error = response.body if isinstance(response.body, dict) else {}
    code, message = error_code(error.get("code")), str(error.get("msg", "no reason given"))
    if code in RETRYABLE:
        raise Unreachable(message)
    if code in LIMITS:
        raise Stop(_banned_seconds(message, response))
    if code in CLOCK:
        raise ClockSkew(message)
    if response.status == 403 and code in {"", "0"}:
        raise forbidden(response)
    raise Refused(code or f"HTTP {response.status}", IN_PLAIN_WORDS.get(code, message))


def _banned_seconds(message: str, response: Response) -> float | None:
    """By the venue's own clock, in which both times are told."""
    until = BANNED.search(message)
    try:
        date = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    seconds = int(until[1]) / 1000 - date.timestamp() if until else 0.0
    return seconds if seconds > 0 else None
