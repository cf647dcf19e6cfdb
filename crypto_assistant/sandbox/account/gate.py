"""What the exchanges check before they open an account, and what they answer where it is wrong.

Every signature is reckoned over the very bytes that arrived.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crypto_assistant.sandbox.account.owner import Owner
from crypto_assistant.sandbox.catalog import Venue
from crypto_assistant.sandbox.face import Refusal


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it arrived. target: path and query string. headers: whatever their case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: str = ""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


def admit(venue: Venue, call: Call, owner: Owner, permission: str, now: int) -> None:
    """Raises the venue's refusal unless the call is the owner's and the key may do it."""
    _GATES[venue](call, owner, now)
    if permission and permission not in owner.permissions:
        raise _NOT_PERMITTED[venue](now)


def _binance(call: Call, owner: Owner, now: int) -> None:
    key = call.headers.get("X-MBX-APIKEY", "")
    if not re.fullmatch("[A-Za-z0-9]{64}", key):
        raise _binance_error(401, -2014, "API-key format invalid.")
    signed, signature = _binance_parts(call)
    _binance_time(signed, now)
    if key != owner.key or not owner.ip_allowed or owner.expired:
        raise _binance_unknown(now)
    if _hex(owner.secret, signed) != signature:
        raise _binance_error(400, -1022, "Signature for this request is not valid.")
    futures = call.path.startswith(("/fapi/", "/dapi/"))
    if futures and owner.standing in ("no_futures", "portfolio"):
        raise _binance_unknown(now)


def _binance_parts(call: Call) -> tuple[str, str]:
    """What was signed, query and body with nothing between, and the signature, which is last."""
    last = call.body or call.query
    rest, named, signature = last.rpartition("signature=")
    if not named:
        raise _binance_missing("signature")
    rest = rest.removesuffix("&")
    return (call.query + rest if call.body else rest), signature


def _binance_time(signed: str, now: int) -> None:
    time, window = (re.search(rf"(?:^|&){name}=(\d+)", signed) for name in _BINANCE_TIMES)
    if time is None:
        raise _binance_missing("timestamp")
    allowed = int(window[1]) if window else 5000
    if allowed > 60_000:
        raise _binance_error(400, -1131, "recvWindow must be less than 60000.")
    if int(time[1]) >= now + 1000:
        message = "Timestamp for this request was 1000ms ahead of the server's time."
        raise _binance_error(400, -1021, message)
    if now - int(time[1]) > allowed:
        message = "Timestamp for this request is outside of the recvWindow."
        raise _binance_error(400, -1021, message)


def _bybit(call: Call, owner: Owner, now: int) -> None:
    key, time, window, signature = (call.headers.get(f"X-BAPI-{n}", "") for n in _BYBIT_HEADERS)
    allowed = int(window) if window.isdecimal() else 5000
    if not time.isdecimal() or not now - allowed <= int(time) < now + 1000:
        raise _bybit_error(10002, "The request time exceeds the time window range.", now)
    if key != owner.key:
        raise _bybit_error(10003, "API key is invalid.", now)
    if owner.expired:
        raise _bybit_error(33004, "Your api key has expired", now)
    if not owner.ip_allowed:
        message = "Unmatched IP, please check your API key's bound IP addresses."
        raise _bybit_error(10010, message, now)
    if _hex(owner.secret, time + key + window + (call.body or call.query)) != signature:
        message = "Error sign, please check your signature generation algorithm."
        raise _bybit_error(10004, message, now)


def _okx(call: Call, owner: Owner, now: int) -> None:
    for code, name in _OKX_HEADERS.items():
        if not call.headers.get(f"OK-ACCESS-{name}"):
            raise _okx_error(401, code, f'Request header "OK-ACCESS-{name}" cannot be empty')
    key, passphrase, signature, time = (
        call.headers[f"OK-ACCESS-{name}"] for name in _OKX_HEADERS.values()
    )
    _okx_time(time, now)
    _okx_key(key, call, owner)
    if passphrase != owner.passphrase:
        raise _okx_error(401, "50105", 'Request header "OK-ACCESS-PASSPHRASE" incorrect.')
    digest = _digest(owner.secret, time + call.method + call.target + call.body)
    if base64.b64encode(digest).decode() != signature:
        raise _okx_error(401, "50113", "Invalid signature.")


def _okx_time(time: str, now: int) -> None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time):
        raise _okx_error(401, "50112", "Invalid OK-ACCESS-TIMESTAMP.")
    if abs(datetime.fromisoformat(time).timestamp() * 1000 - now) > 30_000:
        raise _okx_error(401, "50102", "Timestamp request expired.")


def _okx_key(key: str, call: Call, owner: Owner) -> None:
    if not re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", key):
        raise _okx_error(401, "50111", "Invalid OK-ACCESS-KEY.")
    if key != owner.key:
        raise _okx_error(200, "50119", "API key doesn't exist")
    if owner.demo != (call.headers.get("x-simulated-trading") == "1"):
        raise _okx_error(401, "50101", "APIKey does not match current environment.")
    if owner.expired:
        raise _okx_error(400, "50100", "API frozen, please contact customer service.")
    if not owner.ip_allowed:
        message = "Your IP 203.0.113.7 is not included in your API key's IP whitelist."
        raise _okx_error(401, "50110", message)


def _digest(secret: str, text: str) -> bytes:
    return hmac.digest(secret.encode(), text.encode(), hashlib.sha256)


def _hex(secret: str, text: str) -> str:
    return _digest(secret, text).hex()


def _binance_error(status: int, code: int, message: str) -> Refusal:
    return Refusal(status, {"code": code, "msg": message})


def _binance_missing(name: str) -> Refusal:
    message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return _binance_error(400, -1102, message)


def _binance_unknown(_now: int) -> Refusal:
    return _binance_error(401, -2015, "Invalid API-key, IP, or permissions for action.")


def _bybit_error(code: int, message: str, now: int) -> Refusal:
    body = {"retCode": code, "retMsg": message, "result": {}, "retExtInfo": {}, "time": now}
    return Refusal(200, body)


def _bybit_not_permitted(now: int) -> Refusal:
    message = "Permission denied, please check your API key permissions."
    return _bybit_error(10005, message, now)


def _okx_error(status: int, code: str, message: str) -> Refusal:
    return Refusal(status, {"code": code, "msg": message, "data": []})


def _okx_not_permitted(_now: int) -> Refusal:
    message = "This API key doesn't have permission to use this function"
    return _okx_error(200, "50120", message)


_BINANCE_TIMES: Final = "timestamp", "recvWindow"
_BYBIT_HEADERS: Final = "API-KEY", "TIMESTAMP", "RECV-WINDOW", "SIGN"
_OKX_HEADERS: Final = {
    "50103": "KEY", "50104": "PASSPHRASE", "50106": "SIGN", "50107": "TIMESTAMP",
}  # fmt: skip
_GATES: Final[Mapping[Venue, Callable[[Call, Owner, int], None]]] = {
    "binance": _binance,
    "bybit": _bybit,
    "okx": _okx,
}
_NOT_PERMITTED: Final[Mapping[Venue, Callable[[int], Refusal]]] = {
    "binance": _binance_unknown,
    "bybit": _bybit_not_permitted,
    "okx": _okx_not_permitted,
}
