"""How OKX wants a request signed.

https://www.okx.com/docs-v5/en/#overview-rest-authentication
"""

import hmac
from base64 import b64encode
from datetime import UTC, datetime, timedelta

from crypto_assistant.net.signed import Key, Signature

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEMO = {"x-simulated-trading": "1"}


def sign(key: Key, method: str, target: str, time_ms: int, *, demo: bool = False) -> Signature:
    """The headers of a request without a body; `target`: path and query as they are sent."""
    time = timestamp(time_ms)
    text = f"{time}{method}{target}".encode()
    digest = hmac.digest(key.secret.encode(), text, "sha256")
    headers = {
        "OK-ACCESS-KEY": key.name,
        "OK-ACCESS-SIGN": b64encode(digest).decode(),
        "OK-ACCESS-TIMESTAMP": time,
        "OK-ACCESS-PASSPHRASE": key.passphrase,
    }
    return Signature(headers=headers | DEMO if demo else headers)


def timestamp(time_ms: int) -> str:
    """2020-12-08T09:08:57.715Z"""
    time = EPOCH + timedelta(milliseconds=time_ms)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
