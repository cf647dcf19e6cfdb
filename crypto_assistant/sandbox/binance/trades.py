"""Binance's aggTrades, on all three hosts."""

from crypto_assistant.sandbox.binance.answers import Row, error, whole
from crypto_assistant.sandbox.catalog import HOUR, MINUTE, Market
from crypto_assistant.sandbox.face import Query, fixed
from crypto_assistant.sandbox.trades import IDS, Trades
from crypto_assistant.sandbox.world import World


def spot_trades(world: World, market: Market, query: Query, now: int) -> list[Row]:
    limit = min(whole(query, "limit", 500), 1000)
    found = _asked(world, market, query, now, limit=limit)
    return [{**row, "M": True} for row in _rows(found, 8, 8)]


def futures_trades(
    world: World, market: Market, query: Query, now: int, *, earliest: int
) -> list[Row]:
    """A window between two times may span an hour."""
    limit = whole(query, "limit", 500)
    if not 0 < limit <= 1000:
        raise error(-1130, "Data sent for parameter 'limit' is not valid.")
    if {"startTime", "endTime"} <= query.keys():
        span = whole(query, "endTime", now) - whole(query, "startTime", now)
        if span > HOUR:
            raise error(-1127, "More than 1 hours between startTime and endTime.")
    found = _asked(world, market, query, now, limit=limit, earliest=earliest)
    return _rows(found, market.price_decimals, market.size_decimals)


def _asked(
    world: World, market: Market, query: Query, now: int, *, limit: int, earliest: int = 0
) -> Trades:
    """From a trade's number or from a time on the oldest, otherwise the newest."""
    end = whole(query, "endTime", now) + 1
    if "fromId" not in query:
        start = max(whole(query, "startTime", 0), earliest)
        newest = "startTime" not in query
        return world.trades(market, start, end, now, limit=limit, newest=newest)
    if {"startTime", "endTime"} & query.keys():
        raise error(-1128, "Combination of optional parameters invalid.")
    number = whole(query, "fromId", 0)
    minute, place = divmod(number, IDS)
    start = max(minute * MINUTE, earliest)
    found = world.trades(market, start, end, now, limit=limit + place)
    return found.where(found.number >= number).where(slice(limit))


def _rows(trades: Trades, price: int, size: int) -> list[Row]:
    columns = trades.time, trades.number, trades.price, trades.size, trades.bought
    return [
        {
            "a": number,
            "p": fixed(p, price),
            "q": fixed(q, size),
            "f": number,
            "l": number,
            "T": time,
            # The taker bought: the maker was not the buyer.
            "m": not bought,
        }
        for time, number, p, q, bought in zip(*(c.tolist() for c in columns), strict=True)
    ]
