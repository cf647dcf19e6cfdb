"""Requests as an owner's client signs them: a link, and the headers that go with it."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from crypto_assistant.sandbox import KEYS
from tests.sandbox.conftest import NOW

Signed = tuple[str, dict[str, str]]


def binance(
    path: str,
    query: str = "",
    *,
    time: int | None = NOW,
    key: str = KEYS["BINANCE_API_KEY"],
    secret: str = KEYS["BINANCE_SECRET_KEY"],
) -> Signed:
    stamp = "" if time is None else f"timestamp={time}"
    text = "&".join(part for part in (query, stamp) if part)
    return f"{path}?{text}&signature={_mac(secret, text).hex()}", {"X-MBX-APIKEY": key}


def bybit(
    path: str,
    query: str = "",
    *,
    time: int = NOW,
    window: str = "5000",
    key: str = KEYS["BYBIT_API_KEY"],
    secret: str = KEYS["BYBIT_SECRET_KEY"],
) -> Signed:
    return f"{path}?{query}" if query else path, {
        "X-BAPI-API-KEY": key,
        "X-BAPI-TIMESTAMP": str(time),
        "X-BAPI-RECV-WINDOW": window,
        "X-BAPI-SIGN": _mac(secret, f"{time}{key}{window}{query}").hex(),
    }


def okx(
    path: str,
    query: str = "",
    *,
    time: int = NOW,
    key: str = KEYS["OKX_API_KEY"],
    secret: str = KEYS["OKX_SECRET_KEY"],
    passphrase: str = KEYS["OKX_PASSPHRASE"],
) -> Signed:
    target = f"{path}?{query}" if query else path
    stamp = f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%dT%H:%M:%S}.{time % 1000:03}Z"
    return target, {
        "OK-ACCESS-KEY": key,
        "OK-ACCESS-TIMESTAMP": stamp,
        "OK-ACCESS-PASSPHRASE": passphrase,
        "OK-ACCESS-SIGN": base64.b64encode(_mac(secret, f"{stamp}GET{target}")).decode(),
    }


def _mac(secret: str, text: str) -> bytes:
    return hmac.digest(secret.encode(), text.encode(), hashlib.sha256)
