"""Bybit's candles: of trades, of the mark price, of the index."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from crypto_assistant.sandbox.bybit.answers import (
    Row,
    answer,
    category_of,
    error,
    limit_of,
    market_of,
    whole,
)
from crypto_assistant.sandbox.catalog import Market
from crypto_assistant.sandbox.face import Query, fixed
from crypto_assistant.sandbox.marks import PriceBars
from crypto_assistant.sandbox.periods import DAYS, HOURS, MINUTES, MONTH, WEEK, Period
from crypto_assistant.sandbox.world import World

INTERVALS: Final[Mapping[str, Period]] = {
    **{str(n): period for n, period in MINUTES.items()},
    **{str(n * 60): HOURS[n] for n in (1, 2, 4, 6, 12)},
    "D": DAYS[1],
    "W": WEEK,
    "M": MONTH,
}


class Asked(NamedTuple):
    """A market, and between which times (ms) its bars lie."""

    market: Market
    edges: Sequence[int]


def kline(world: World, query: Query, now: int) -> Row:
    market, edges = _asked(world, query, now)
    bars, size = world.bars(market, edges, now), market.size_decimals
    prices = _prices(market, PriceBars(bars.start, bars.open, bars.high, bars.low, bars.close))
    traded = zip(bars.volume.tolist(), bars.turnover.tolist(), strict=True)
    rows = [
        [*row, fixed(volume, size), fixed(turnover, 8)]
        for row, (volume, turnover) in zip(prices, traded, strict=True)
    ]
    return _answer(market, rows, now)


def mark_kline(world: World, query: Query, now: int) -> Row:
    market, edges = _contract(world, query, now)
    return _answer(market, _prices(market, world.mark_bars(market, edges, now)), now)


def index_kline(world: World, query: Query, now: int) -> Row:
    market, edges = _contract(world, query, now)
    return _answer(market, _prices(market, world.index_bars(market, edges, now)), now)


def _asked(world: World, query: Query, now: int) -> Asked:
    category = category_of({"category": "linear", **query}, now)
    market = market_of(world, category, query, now)
    period = INTERVALS.get(query.get("interval", ""))
    if period is None:
        raise error("Invalid period!", now)
    limit = limit_of(query, now, 200, 1000)
    last = min(whole(query, "end", now) or now, now)
    first = whole(query, "start", now)
    if first is not None:
        first = max(first, period.start(market.listed))
    # From a start alone the oldest come, with an end the newest before it.
    newest = first is None or "end" in query
    return Asked(market, period.edges(first, last, limit, newest))


def _contract(world: World, query: Query, now: int) -> Asked:
    asked = _asked(world, query, now)
    if asked.market.kind == "spot":
        raise error("params error: Category is invalid", now)
    return asked


def _prices(market: Market, bars: PriceBars) -> list[list[str]]:
    decimals = market.price_decimals
    return [
        [str(start), *(fixed(price, decimals) for price in prices)]
        for start, *prices in zip(*(column.tolist() for column in bars), strict=True)
    ]


def _answer(market: Market, rows: list[list[str]], now: int) -> Row:
    page = {"symbol": market.symbol, "category": market.kind, "list": rows[::-1]}
    return answer(page, now)
