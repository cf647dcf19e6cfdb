"""How Bybit wants a request signed: time, key, window and query as they go on the wire.

https://bybit-exchange.github.io/docs/v5/guide#authentication
"""

import hashlib
import hmac

from crypto_assistant.net.signed import Key, Signature

RECV_WINDOW_MS = 5000
"""For so long after its time stamp a request is taken."""


def sign(key: Key, method: str, target: str, now_ms: int) -> Signature:
    """Of a GET: what is sent to others would be signed with its body."""
    if method != "GET":
        raise ValueError(f"{method} is not signed like a GET")
    query = target.partition("?")[2]
    signed = f"{now_ms}{key.name}{RECV_WINDOW_MS}{query}"
    digest = hmac.new(key.secret.encode(), signed.encode(), hashlib.sha256)
    return Signature(
        headers={
            "X-BAPI-API-KEY": key.name,
            "X-BAPI-TIMESTAMP": str(now_ms),
            "X-BAPI-RECV-WINDOW": str(RECV_WINDOW_MS),
            "X-BAPI-SIGN": digest.hexdigest(),
        }
    )
