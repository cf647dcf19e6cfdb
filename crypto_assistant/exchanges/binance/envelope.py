"""Binance's envelope: bare payloads, and {"code", "msg"} with HTTP 4xx."""

from typing import Any

from crypto_assistant.errors import ClockSkew, Refused, Unreachable
from crypto_assistant.net.api import Response, Stop

RETRYABLE = {-1000, -1001, -1006, -1007, -1008, -1016}
CLOCK = {-1021}
LIMITS = {-1003, -1015}
IN_PLAIN_WORDS = {"-1022": "wrong secret", "-2014": "no such key"}

FIREWALL_SECONDS = 60
"""How long to be silent after the firewall's refusal, which names no time."""


def unwrap(response: Response) -> Any:
    if response.status == 200:
        return response.body
    error = response.body if isinstance(response.body, dict) else {}
    code, message = error.get("code"), str(error.get("msg", "no reason given"))
    if code in RETRYABLE:
        raise Unreachable(message)
    if code in LIMITS:
        raise Stop
    if code in CLOCK:
        raise ClockSkew(message)
    if response.status == 403:
        raise Stop(FIREWALL_SECONDS)
    raise Refused(str(code or f"HTTP {response.status}"), IN_PLAIN_WORDS.get(str(code), message))
