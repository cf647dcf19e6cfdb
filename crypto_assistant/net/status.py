"""What an answer's status and form say, before the venue's own envelope does."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from typing import Any

from crypto_assistant.errors import Cut, ExchangeError, GeoBlocked, Malformed, Unreachable
from crypto_assistant.net import firewall
from crypto_assistant.net.request import Unwrap
from crypto_assistant.net.response import UNREADABLE, Response, Stop


def unwrapped(response: Response, unwrap: Unwrap) -> Any:
    """The payload; raises Stop, or the ExchangeError that stands in its place."""
    if response.status == 451:
        raise GeoBlocked
    firewall.check(response)
    if response.status in {418, 429}:
        raise _stop(response, unwrap)
    if 300 <= response.status < 400:
        raise Malformed(f"sends us to another address (HTTP {response.status})")
    if response.status >= 500:
        raise Unreachable(f"HTTP {response.status}")
    if response.body is None and response.status == 200:
        if response.text.lstrip()[:1] == b"<":
            raise Malformed("HTML instead of JSON")
        if response.text.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            raise Malformed("UTF-16 instead of UTF-8")
        raise Cut
    return unwrap(response)


def _stop(response: Response, unwrap: Unwrap) -> Stop:
    """Where no header says for how long, the venue's envelope may."""
    try:
        unwrap(response)
    except Stop as stop:
        return stop
    except (ExchangeError, *UNREADABLE):
        pass
    return Stop()
