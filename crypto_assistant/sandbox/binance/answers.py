"""What Binance's three hosts share: errors, parameters, candles, the figures of a day."""

from collections.abc import Mapping, Sequence, Set
from itertools import pairwise
from typing import Any, Final

import orjson

from crypto_assistant.sandbox.candles import Bars
from crypto_assistant.sandbox.catalog import MINUTE, Market
from crypto_assistant.sandbox.face import Query, Refusal, fixed
from crypto_assistant.sandbox.marks import PriceBars
from crypto_assistant.sandbox.periods import DAYS, HOURS, MINUTES, MONTH, WEEK, Period
from crypto_assistant.sandbox.tape import Quote

Row = dict[str, Any]

INTERVALS: Final[Mapping[str, Period]] = {
    **{f"{n}m": period for n, period in MINUTES.items()},
    **{f"{n}h": period for n, period in HOURS.items()},
    "1d": DAYS[1],
    "3d": DAYS[3],
    "1w": WEEK,
    "1M": MONTH,
}


def error(code: int, msg: str) -> Refusal:
    return Refusal(400, {"code": code, "msg": msg})


def required(query: Query, name: str) -> str:
    if not query.get(name):
        raise error(
            -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        )
    return query[name]


def whole(query: Query, name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        legal = "legal range is '^[0-9]{1,20}$'."
        raise error(-1100, f"Illegal characters found in parameter '{name}'; {legal}")
    return int(text)


def refuse_unknown(sent: Set[str], known: Set[str]) -> None:
    if sent - known:
        counts = f"read '{len(sent & known)}' parameter(s) but was sent '{len(sent)}'."
        raise error(-1104, f"Not all sent parameters were read; {counts}")


def json_list(text: str) -> list[str]:
    try:
        names = orjson.loads(text)
    except orjson.JSONDecodeError:
        names = None
    if not isinstance(names, list):
        raise error(-1100, "Illegal characters found in a parameter.")
    return [str(name) for name in names]


def kline_edges(
    market: Market, query: Query, now: int, *, limit: int, newest: bool
) -> Sequence[int]:
    period = INTERVALS.get(required(query, "interval"))
    if period is None:
        raise error(-1120, "Invalid interval.")
    last = min(whole(query, "endTime", now), now)
    first = None
    if "startTime" in query:
        first = max(whole(query, "startTime", 0), period.start(market.listed))
    return period.edges(first, last, limit, newest)


def kline_rows(bars: Bars, price: int, size: int, turnover: int) -> list[list[Any]]:
    columns = (
        bars.start, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.end,
        bars.turnover, bars.trades, bars.taker_buy, bars.taker_buy_turnover,
    )  # fmt: skip
    return [
        [
            start, fixed(o, price), fixed(h, price), fixed(low, price), fixed(c, price),
            fixed(v, size), end - 1, fixed(t, turnover), int(n),
            fixed(buy, size), fixed(buy_turnover, turnover), "0",
        ]
        for start, o, h, low, c, v, end, t, n, buy, buy_turnover in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]  # fmt: skip


def mark_rows(edges: Sequence[int], bars: PriceBars, now: int) -> list[list[Any]]:
    """Of what has no volume; the count is that of the seconds that went into the bar."""
    ends = dict(pairwise(edges))
    return [
        [
            start, *(fixed(price, 8) for price in prices), "0", ends[start] - 1, "0",
            (min(ends[start], now) - start) // 1000, "0", "0", "0",
        ]
        for start, *prices in zip(*(column.tolist() for column in bars), strict=True)
    ]  # fmt: skip


def ladder(
    market: Market, quote: Quote, levels: int, price: int, size: int
) -> tuple[list[list[str]], list[list[str]]]:
    """Price levels a tick apart, best first."""
    tick = float(market.tick)
    return (
        [[fixed(quote.bid - n * tick, price), fixed(quote.bid_size, size)] for n in range(levels)],
        [[fixed(quote.ask + n * tick, price), fixed(quote.ask_size, size)] for n in range(levels)],
    )


def day_times(market: Market, now: int) -> Row:
    end = now if market.closed is None else min(now, market.closed)
    return {"openTime": (end // MINUTE - 1439) * MINUTE, "closeTime": end}


def trade_ids(quote: Quote, now: int) -> Row:
    last, count = now // 1000 * 4, int(quote.trades)
    return {
        "firstId": last - count + 1 if count else -1,
        "lastId": last if count else -1,
        "count": count,
    }


def change(quote: Quote, decimals: int) -> Row:
    moved = quote.last - quote.open
    return {
        "priceChange": fixed(moved, decimals),
        "priceChangePercent": fixed(moved / quote.open * 100, 3),
    }
