"""OKX's envelope and its error codes."""

from typing import Any

from crypto_assistant.errors import ClockSkew, GeoBlocked, Malformed, Refused, Unreachable
from crypto_assistant.exchanges.payload import error_code, every
from crypto_assistant.net.firewall import forbidden
from crypto_assistant.net.response import Response, Stop

RETRYABLE = {"50001", "50004", "50013", "50026"}
CLOCK = {"50102", "50112"}
LIMITS = {"50011", "50040", "50061"}
REGION = {"50125"}
IN_PLAIN_WORDS = {
    "50101": "the key is of the other environment, live or demo",
    "50105": "wrong passphrase",
    "50111": "no such key",
    "50113": "wrong secret",
    "50119": "no such key; one of my.okx.com or app.okx.com needs its own OKX_URL",
}
"""Of refusals that the venue words as if the owner had written the program."""


def unwrap(response: Response) -> Any:
    """OKX sends {"code", "msg", "data"}; errors come with HTTP 200 as well as 4xx and 5xx."""
    body = response.body if isinstance(response.body, dict) else {}
    code, message = error_code(body.get("code")), str(body.get("msg") or "no reason given")
    if code == "0":
        return body.get("data")
    if code in LIMITS:
        raise Stop
    if code in RETRYABLE:
        raise Unreachable(message)
    if code in CLOCK:
        raise ClockSkew(message)
    if code in REGION:
        raise GeoBlocked
    if response.status == 403 and not code:
        raise forbidden(response)
    if not code and response.status == 200:
        raise Malformed("an answer without a code")
    raise Refused(code or f"HTTP {response.status}", IN_PLAIN_WORDS.get(code, message))


def objects(data: object) -> list[dict[str, Any]]:
    """The rows of an answer that may have none, all of them."""
    return [] if data == [] else every(data)
