"""What Bybit's answers share: the envelope, errors, parameters."""

from collections.abc import Mapping
from typing import Any, Final

from crypto_assistant.sandbox.catalog import Kind, Market
from crypto_assistant.sandbox.face import Query, Refusal
from crypto_assistant.sandbox.world import World

Row = dict[str, Any]

_CATEGORIES: Final[Mapping[str, Kind]] = {"spot": "spot", "linear": "linear", "inverse": "inverse"}


def answer(result: Row, now: int, code: int = 0, message: str = "OK") -> Row:
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now}


def error(message: str, now: int) -> Refusal:
    return Refusal(200, answer({}, now, 10001, message))


def category_of(query: Query, now: int) -> Kind:
    category = _CATEGORIES.get(query.get("category", ""))
    if category is None:
        raise error("params error: Category is invalid", now)
    return category


def whole(query: Query, name: str, now: int) -> int | None:
    text = query.get(name)
    if text is not None and not text.isdecimal():
        raise error(f"params error: {name} invalid", now)
    return None if text is None else int(text)


def limit_of(query: Query, now: int, default: int, most: int) -> int:
    limit = whole(query, "limit", now)
    return default if limit is None else max(1, min(limit, most))


def market_of(world: World, category: Kind, query: Query, now: int) -> Market:
    market = world.market("bybit", category, query.get("symbol", ""))
    if market is None or market.closed is not None:
        raise error("params error: symbol invalid", now)
    return market
