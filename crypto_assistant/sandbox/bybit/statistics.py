"""Bybit's recent trades, and its histories of open interest and of the account ratio."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from crypto_assistant.sandbox.bybit.answers import (
    Row,
    answer,
    category_of,
    error,
    limit_of,
    market_of,
    whole,
)
from crypto_assistant.sandbox.catalog import DAY, HOUR, MINUTE, Kind, Market
from crypto_assistant.sandbox.face import Query, fixed
from crypto_assistant.sandbox.world import World

_PERIODS: Final[Mapping[str, int]] = {
    "5min": 5 * MINUTE,
    "15min": 15 * MINUTE,
    "30min": 30 * MINUTE,
    "1h": HOUR,
    "4h": 4 * HOUR,
    "1d": DAY,
}


def recent_trades(world: World, query: Query, now: int) -> Row:
    category = category_of(query, now)
    market = market_of(world, category, query, now)
    limit = limit_of(query, now, *((60, 60) if category == "spot" else (500, 1000)))
    trades = world.trades(market, 0, now + 1, now, limit=limit, newest=True)
    columns = trades.time, trades.number, trades.price, trades.size, trades.bought
    rows = [
        {
            "execId": str(number) if category == "spot" else str(UUID(int=number)),
            "symbol": market.symbol,
            "price": fixed(price, market.price_decimals),
            "size": fixed(size, market.size_decimals),
            "side": "Buy" if bought else "Sell",
            "time": str(time),
            "isBlockTrade": False,
            "isRPITrade": False,
            "seq": str(number),
        }
        for time, number, price, size, bought in zip(*(c.tolist() for c in columns), strict=True)
    ]
    return answer({"category": category, "list": rows[::-1]}, now)


def open_interest(world: World, query: Query, now: int) -> Row:
    category, market = _contract(world, query, now)
    times, cursor = _times(market, query, now, "intervalTime", 200)
    rows = [
        {
            # Both sides of every contract; "single" counts it once.
            "openInterest": fixed(size * 2, 8),
            "singleOpenInterest": fixed(size, market.size_decimals),
            "timestamp": str(time),
        }
        for time, size in zip(times, world.interest(market, times).tolist(), strict=True)
    ]
    page = {"list": rows[::-1], "nextPageCursor": cursor}
    return answer({"symbol": market.symbol, "category": category, **page}, now)


def account_ratio(world: World, query: Query, now: int) -> Row:
    _, market = _contract(world, query, now)
    times, cursor = _times(market, query, now, "period", 500)
    rows = [
        {
            "symbol": market.symbol,
            "buyRatio": fixed(share, 4),
            "sellRatio": fixed(1 - round(share, 4), 4),
            "timestamp": str(time),
        }
        for time, share in zip(times, world.ratios(market, times).accounts.tolist(), strict=True)
    ]
    return answer({"list": rows[::-1], "nextPageCursor": cursor}, now)


def _contract(world: World, query: Query, now: int) -> tuple[Kind, Market]:
    category = category_of(query, now)
    if category == "spot":
        raise error("params error: Category is invalid", now)
    return category, market_of(world, category, query, now)


def _times(
    market: Market, query: Query, now: int, period: str, most: int
) -> tuple[Sequence[int], str]:
    """A page of samples, and the cursor of the older ones.

    The newest before endTime; a startTime without one is ignored.
    """
    step = _PERIODS.get(query.get(period, ""))
    if step is None:
        raise error(f"params error: {period} invalid", now)
    limit, start, end = limit_of(query, now, 50, most), 0, whole(query, "endTime", now)
    if end is not None:
        start = whole(query, "startTime", now) or 0
    last = min(now, now if end is None else end, _before(query, now))
    times = range(-(-max(start, market.listed) // step) * step, last + 1, step)
    more = len(times) > limit
    times = times[-limit:]
    return times, f"lastid%3D0%26lasttime%3D{times[0] // 1000}" if more else ""


def _before(query: Query, now: int) -> int:
    """The time before which the cursor's page ends."""
    if not query.get("cursor"):
        return now
    found = re.search(r"lasttime(?:=|%3D)(\d+)$", query["cursor"])
    if found is None:
        raise error("params error: cursor invalid", now)
    return int(found[1]) * 1000 - 1
