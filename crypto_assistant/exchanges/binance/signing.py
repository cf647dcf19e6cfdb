"""Binance's signature: HMAC-SHA256 in hex of the query, byte for byte as it is sent.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security
"""

import hmac

from crypto_assistant.net.signed import Key, Signature

RECEIVED_WITHIN_MS = 5000
"""How late a request may arrive: the venue's own default."""


def sign(key: Key, method: str, target: str, now_ms: int) -> Signature:
    """What `target` lacks: the time and, last, the signature over all of the query.

    Whatever the `method`, everything goes into the query and nothing into a body.
    """
    joint = "&" if "?" in target else "?"
    stamp = f"{joint}timestamp={now_ms}&recvWindow={RECEIVED_WITHIN_MS}"
    query = (target + stamp).partition("?")[2]
    signature = digest(key.secret, query)
    return Signature(f"{stamp}&signature={signature}", {"X-MBX-APIKEY": key.name})


def digest(secret: str, query: str) -> str:
    return hmac.new(secret.encode(), query.encode(), "sha256").hexdigest()
