"""Bybit's envelope: the payload of an answer, or the error that it means.

https://bybit-exchange.github.io/docs/v5/error
"""

import re
from contextlib import suppress
from typing import Any

from crypto_assistant.errors import (
    ClockSkew,
    GeoBlocked,
    Malformed,
    NotRead,
    Refused,
    Unreachable,
)
from crypto_assistant.exchanges.payload import error_code, moment
from crypto_assistant.net.firewall import forbidden
from crypto_assistant.net.response import Response, Stop

RETRYABLE = {"10000", "10016", "131001", "131003", "170007", "3400214"}
CLOCK = {"10002"}
LIMITS = {"10006", "10018", "10429"}
REGION = {"10009", "10024"}
NOT_UNIFIED = {"10028"}

CLASSIC = "a classic account: only unified ones are read"
OWN_WORDS = {
    # The venue's repeat what was signed, and with it the key.
    "10004": "wrong secret",
    "HTTP 401": "the key is not accepted",
}

CURSOR = re.compile(r"[!-~]{0,1000}")
BAN_SECONDS = 600
"""How long an address must be silent after it broke the limit of its address."""


def unwrap(response: Response) -> Any:
    """Bybit sends {"retCode", "retMsg", "result"}, nearly always with HTTP 200."""
    if response.status == 403 and b"too frequent" in response.text.lower():
        raise Stop(BAN_SECONDS)
    body = response.body if isinstance(response.body, dict) else {}
    code = error_code(body.get("retCode"))
    reason = code or f"HTTP {response.status}"
    message = OWN_WORDS.get(reason) or str(body.get("retMsg") or "no reason given")
    if code == "0":
        return body.get("result")
    if code in REGION:
        raise GeoBlocked
    if response.status == 403 and not code:
        raise forbidden(response)
    if code in LIMITS:
        raise Stop(_seconds_to_reset(response))
    if code in RETRYABLE:
        raise Unreachable(message)
    if code in CLOCK:
        raise ClockSkew(message)
    if code in NOT_UNIFIED:
        raise NotRead(CLASSIC)
    if not code and response.status == 200:
        raise Malformed("an answer without a code")
    raise Refused(reason, message)


def found(rows: object) -> list[Any]:
    """A list that is null where it would be empty."""
    if not isinstance(rows, list | None):
        raise Malformed("not the documented list")
    return rows or []


def cursor(sent: object) -> str:
    """Where the next part of a list begins, "" for nowhere, percent-encoded as the venue sends it.

    Raises Malformed for what cannot stand in an address.
    """
    if not isinstance(sent, str) or not CURSOR.fullmatch(sent):
        raise Malformed("no cursor where one belongs")
    return sent


def _seconds_to_reset(response: Response) -> float | None:
    """By the venue's own clock, on which it stamps both times."""
    with suppress(Malformed):
        reset_ms = moment(response.headers.get("X-Bapi-Limit-Reset-Timestamp"))
        seconds = (reset_ms - moment(response.body.get("time"))) / 1000
        return seconds if 0 < seconds <= BAN_SECONDS else None
    return None
