"""How an exchange can fail: one list of faults, applied to answers on their way out."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from typing import Any, Final, Literal

import orjson

Kind = Literal[
    "timeout", "slow", "reset", "cut", "http", "rate_limited", "banned", "geo_blocked", "waf",
    "html", "truncated", "empty", "missing", "null", "null_fields", "nonsense", "error_code",
]  # fmt: skip


Lie = Literal["shifted"]
"""What nobody can tell from an answer by itself: no weather has it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure of a venue, of its paths that start with `path`, `after` so many that go well.

    `asked`: what the query must hold: interval=1d.

    `value`: seconds for slow (delay), rate_limited and banned (Retry-After); the status for http;
    the field's name for missing and null, and with a way of `NONSENSE` behind it for nonsense,
    where a number is a place in rows without names, and `rows` are the rows themselves; for shifted
    that name or place, and by what each number there is multiplied or moved: buyVol*1.1, 5*2,
    fundingTime+3600000.
    """

    venue: str
    kind: Kind | Lie
    value: str | float = ""
    path: str = ""
    after: int = 0
    asked: str = ""
    _number: Iterator[int] = field(default_factory=count, init=False, repr=False, compare=False)

    def strikes(self, venue: str, path: str, query: str = "") -> bool:
        """Whether a request fails; those of the fault's paths are counted by it."""
        concerned = self.venue == venue and path.startswith(self.path) and self.asked in query
        return concerned and next(self._number) >= self.after


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer about to be sent. `cut`: bytes sent before the connection breaks."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    content_type: str = "application/json"
    cut: int | None = None


def spoil(fault: Fault, reply: Reply) -> Reply:
    """The reply as the fault leaves it; faults of time and of the connection leave it whole."""
    change = _CHANGES.get(fault.kind)
    return reply if change is None else change(fault, reply)


def _http(fault: Fault, reply: Reply) -> Reply:
    body = f"<html><body><h1>{int(fault.value)}</h1></body></html>".encode()
    return Reply(int(fault.value), body, {}, "text/html")


def _limited(status: int) -> Callable[[Fault, Reply], Reply]:
    def change(fault: Fault, reply: Reply) -> Reply:
        body = orjson.dumps(_TOO_MANY[fault.venue])
        return Reply(status, body, {**reply.headers, "Retry-After": str(fault.value or 60)})

    return change


def _page(pages: Mapping[str, tuple[int, str, str]]) -> Callable[[Fault, Reply], Reply]:
    def change(fault: Fault, _reply: Reply) -> Reply:
        status, body, content_type = pages[fault.venue]
        return Reply(status, body.encode(), {}, content_type)

    return change


def _truncated(_fault: Fault, reply: Reply) -> Reply:
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def _cut(_fault: Fault, reply: Reply) -> Reply:
    return replace(reply, cut=len(reply.body) // 2)


def _error_code(fault: Fault, _reply: Reply) -> Reply:
    status, body = _ERRORS[fault.venue]
    return Reply(status, orjson.dumps(body), {})


def _edited(edit: Callable[[Any, Fault], Any]) -> Callable[[Fault, Reply], Reply]:
    """What another fault has left of a body may be no JSON any more, and stays as it is."""

    def change(fault: Fault, reply: Reply) -> Reply:
        try:
            body = orjson.loads(reply.body)
        except orjson.JSONDecodeError:
            return reply
        return replace(reply, body=orjson.dumps(edit(body, fault)))

    return change


def _emptied(body: Any, _fault: Fault) -> Any:
    """The venue's envelope with its lists emptied."""
    if isinstance(body, list):
        return []
    for holder in (body, body.get("result", {})):
        for name in _LISTS & holder.keys():
            if isinstance(holder[name], list):
                holder[name] = []
    return body


def _without(body: Any, name: str) -> Any:
    if isinstance(body, dict):
        return {key: _without(value, name) for key, value in body.items() if key != name}
    return [_without(item, name) for item in body] if isinstance(body, list) else body


def _nulled(body: Any, name: str) -> Any:
    if isinstance(body, dict):
        return {k: None if k == name else _nulled(value, name) for k, value in body.items()}
    return [_nulled(item, name) for item in body] if isinstance(body, list) else body


def _shifted(body: Any, name: str, shift: Callable[[str], str]) -> Any:
    if isinstance(body, dict):
        pairs = body.items()
        return {k: _moved(v, shift) if k == name else _shifted(v, name, shift) for k, v in pairs}
    if not isinstance(body, list):
        return body
    if name.isdecimal() and body and not isinstance(body[0], dict | list):
        return [_moved(one, shift) if str(n) == name else one for n, one in enumerate(body)]
    return [_shifted(item, name, shift) for item in body]


def _moved(value: Any, shift: Callable[[str], str]) -> Any:
    """The number in the form in which it was."""
    if not _is_quantity(value):
        return value
    text = shift(str(value))
    return text if isinstance(value, str) else orjson.loads(text)


def _shift(value: str) -> tuple[str, Callable[[str], str]]:
    name, sign, amount = re.split(r"([*+])", value, maxsplit=1)
    by = Decimal(amount)
    return name, lambda text: f"{Decimal(text) * by if sign == '*' else Decimal(text) + by:f}"


def _nulled_numbers(venue: str, body: Any) -> Any:
    """The venue's envelope; in its rows every number is gone but the times."""
    empty = None if venue == "binance" else ""
    if isinstance(body, list):
        return _without_numbers(body, empty)
    for name in ("data", "result", "symbols"):
        if name in body:
            return {**body, name: _without_numbers(body[name], empty)}
    return _without_numbers(body, empty)


def _without_numbers(part: Any, empty: str | None) -> Any:
    if isinstance(part, dict):
        return {name: _without_numbers(value, empty) for name, value in part.items()}
    if isinstance(part, list):
        return [_without_numbers(item, empty) for item in part]
    return empty if _is_number(part) else part


def _is_quantity(value: Any) -> bool:
    return not isinstance(value, bool) and _NUMBER.fullmatch(str(value)) is not None


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    time = _TIME.fullmatch(str(value))
    return time is None and _NUMBER.fullmatch(str(value)) is not None


def _nonsensical(body: Any, value: str) -> Any:
    """As no market can be, everywhere where the field is."""
    name, _, way = value.partition(" ")
    return _changed(body, name, NONSENSE[way])


def _changed(part: Any, name: str, way: Callable[[Any], Any]) -> Any:
    if isinstance(part, dict):
        return {k: way(v) if k == name else _changed(v, name, way) for k, v in part.items()}
    if not isinstance(part, list):
        return part
    if name == "rows" and part and isinstance(part[0], dict | list):
        return way(part)
    if part and not isinstance(part[0], dict | list):
        return [way(v) if str(place) == name else v for place, v in enumerate(part)]
    return [_changed(item, name, way) for item in part]


def _reckoned(reckon: Callable[[float], float | str]) -> Callable[[Any], Any]:
    """As a text where the venue sends its numbers so; what is no number stays."""

    def way(told: Any) -> Any:
        if not _is_number(told) and _TIME.fullmatch(str(told)) is None:
            return told
        number = reckon(float(told))
        return str(number) if isinstance(told, str) else number

    return way


NONSENSE: Final[Mapping[str, Callable[[Any], Any]]] = {
    "negative": _reckoned(lambda told: -1.0 - abs(told)),
    "nan": _reckoned(lambda _: "NaN"),
    "infinite": _reckoned(lambda _: "Infinity"),
    "huge": _reckoned(lambda _: "1e25"),
    "none": _reckoned(lambda _: 0.0),
    "five": _reckoned(lambda _: 5.0),
    "hundred": _reckoned(lambda _: 100),
    "thousandth": _reckoned(lambda told: told / 1000),
    "thousandfold": _reckoned(lambda told: told * 1000),
    "2010": _reckoned(lambda _: 1_275_350_400_000),
    "2099": _reckoned(lambda _: 4_083_955_200_000),
    "text": lambda _: "unknown",
    "list": lambda told: [told],
    "reversed": lambda rows: rows[::-1],
    "twice": lambda rows: [*rows, *rows],
}
"""What is said instead of a number, or of the rows."""
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
_TIME: Final = re.compile(r"[12]\d{12}")  # ms, of this century
_LISTS: Final = {"data", "symbols", "list", "balance", "balances", "assets", "positions"}
_JSON: Final = "application/json"
_HTML: Final = "text/html"
_RESTRICTED: Final = (
    "Service unavailable from a restricted location according to 'b. Eligibility' in "
    "https://www.binance.com/en/terms. Please contact customer service if you believe you "
    "received this message in error."
)
_CLOUDFRONT: Final = (
    "<html><head><title>ERROR: The request could not be satisfied</title></head><body>"
    "<h1>403 ERROR</h1>The Amazon CloudFront distribution is configured to block access from "
    "your country.</body></html>"
)
_GEO_BLOCKED: Final = {
    "binance": (451, orjson.dumps({"code": 0, "msg": _RESTRICTED}).decode(), _JSON),
    "bybit": (403, _CLOUDFRONT, _HTML),
    "okx": (
        403,
        '{"code":"50125","msg":"This endpoint is unavailable in your region.","data":[]}',
        _JSON,
    ),
}
_FORBIDDEN: Final = dict.fromkeys(
    ("binance", "bybit", "okx"), (403, "<html><body>403 Forbidden</body></html>", _HTML)
)
_MAINTENANCE: Final = dict.fromkeys(
    ("binance", "bybit", "okx"), (200, "<html><body>We'll be back soon.</body></html>", _HTML)
)
_BYBIT: Final = {"result": {}, "retExtInfo": {}, "time": 1717804812345}
_TOO_MANY: Final[Mapping[str, Any]] = {
    "binance": {
        "code": -1003,
        "msg": "Too many requests; current limit is 2400 requests per minute.",
    },
    "bybit": {"retCode": 10429, "retMsg": "System level frequency protection", **_BYBIT},
    "okx": {"msg": "Too Many Requests", "code": "50011"},
}
_ERRORS: Final[Mapping[str, tuple[int, Any]]] = {
    "binance": (
        400,
        {"code": -1000, "msg": "An unknown error occurred while processing the request."},
    ),
    "bybit": (200, {"retCode": 10016, "retMsg": "Server error.", **_BYBIT}),
    "okx": (200, {"code": "50026", "msg": "System error. Try again later", "data": []}),
}
_CHANGES: Final[Mapping[Kind | Lie, Callable[[Fault, Reply], Reply]]] = {
    "http": _http,
    "rate_limited": _limited(429),
    "banned": _limited(418),
    "geo_blocked": _page(_GEO_BLOCKED),
    "waf": _page(_FORBIDDEN),
    "html": _page(_MAINTENANCE),
    "truncated": _truncated,
    "cut": _cut,
    "empty": _edited(_emptied),
    "missing": _edited(lambda body, fault: _without(body, str(fault.value))),
    "null": _edited(lambda body, fault: _nulled(body, str(fault.value))),
    "null_fields": _edited(lambda body, fault: _nulled_numbers(fault.venue, body)),
    "nonsense": _edited(lambda body, fault: _nonsensical(body, str(fault.value))),
    "error_code": _error_code,
    "shifted": _edited(lambda body, fault: _shifted(body, *_shift(str(fault.value)))),
}
