"""Bybit v5: https://bybit-exchange.github.io/docs/v5/market"""

from collections.abc import Mapping
from functools import cached_property, partial

from crypto_assistant.sandbox.account.owner import Account
from crypto_assistant.sandbox.bybit.account import BybitAccount
from crypto_assistant.sandbox.bybit.answers import (
    Row,
    answer,
    category_of,
    error,
    limit_of,
    market_of,
    whole,
)
from crypto_assistant.sandbox.bybit.klines import index_kline, kline, mark_kline
from crypto_assistant.sandbox.bybit.rows import INSTRUMENT, contract_ticker, rate, spot_ticker
from crypto_assistant.sandbox.bybit.statistics import account_ratio, open_interest, recent_trades
from crypto_assistant.sandbox.catalog import HOUR, Kind, Venue
from crypto_assistant.sandbox.face import Query, Refusal, Route, Signed, fixed
from crypto_assistant.sandbox.world import World


class Bybit:
    venue: Venue = "bybit"
    setting = "BYBIT_URL"
    routes: Mapping[str, Route]

    def __init__(self, world: World) -> None:
        self._world = world
        market = "/v5/market"
        self.routes = {
            f"{market}/time": self._time,
            f"{market}/instruments-info": self._instruments,
            f"{market}/tickers": self._tickers,
            f"{market}/kline": partial(kline, world),
            f"{market}/mark-price-kline": partial(mark_kline, world),
            f"{market}/index-price-kline": partial(index_kline, world),
            f"{market}/orderbook": self._orderbook,
            f"{market}/funding/history": self._funding_history,
            f"{market}/recent-trade": partial(recent_trades, world),
            f"{market}/open-interest": partial(open_interest, world),
            f"{market}/account-ratio": partial(account_ratio, world),
        }

    def signed(self, account: Account) -> Mapping[str, Signed]:
        return BybitAccount(self._world, account).routes

    def unknown(self, path: str, now: int) -> Refusal:
        return Refusal(404, answer({}, now, 10017, "Request path not found."))

    def _time(self, _query: Query, now: int) -> Row:
        return answer({"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000)}, now)

    def _instruments(self, query: Query, now: int) -> Row:
        category = category_of(query, now)
        status, symbol = query.get("status", "Trading"), query.get("symbol")
        rows = [
            row
            for row in self._rows[category]
            if row["status"] == status and symbol in (None, row["symbol"])
        ]
        if category == "spot":
            return answer({"category": category, "list": rows}, now)
        limit, start = limit_of(query, now, 500, 1000), _first_row(query, now)
        more = start + limit < len(rows)
        cursor = f"first%3D{start + limit}" if more else ""
        page = {"category": category, "nextPageCursor": cursor, "list": rows[start : start + limit]}
        return answer(page, now)

    @cached_property
    def _rows(self) -> dict[Kind, list[Row]]:
        return {
            kind: [make(market) for market in self._world.listed("bybit", kind)]
            for kind, make in INSTRUMENT.items()
        }

    def _tickers(self, query: Query, now: int) -> Row:
        category = category_of(query, now)
        markets = [m for m in self._world.listed("bybit", category) if m.closed is None]
        if "symbol" in query:
            markets = [market_of(self._world, category, query, now)]
        quotes = self._world.quotes("bybit", category, now)
        row = spot_ticker if category == "spot" else contract_ticker
        rows = [row(market, quotes[market.symbol]) for market in markets]
        return answer({"category": category, "list": rows}, now)

    def _orderbook(self, query: Query, now: int) -> Row:
        category = category_of(query, now)
        market = market_of(self._world, category, query, now)
        quote = self._world.quote(market, now)
        depth = min(limit_of(query, now, 1 if category == "spot" else 25, 1000), 25)
        price, size, tick = market.price_decimals, market.size_decimals, float(market.tick)
        levels = range(depth)
        book = {
            "s": market.symbol,
            "b": [
                [fixed(quote.bid - n * tick, price), fixed(quote.bid_size, size)] for n in levels
            ],
            "a": [
                [fixed(quote.ask + n * tick, price), fixed(quote.ask_size, size)] for n in levels
            ],
            "ts": now,
            "u": now // 1000,
            "seq": now // 1000 * 41,
            "cts": now - 4,
        }
        return answer(book, now)

    def _funding_history(self, query: Query, now: int) -> Row:
        category = category_of(query, now)
        market = market_of(self._world, category, query, now)
        start, end = whole(query, "startTime", now), whole(query, "endTime", now)
        if start is not None and end is None:
            raise error("params error: endTime is required with startTime", now)
        if market.interval is None:
            return answer({"category": category, "list": []}, now)
        period, limit = market.interval * HOUR, limit_of(query, now, 200, 200)
        first = max(start or 0, market.listed)
        times = range(-(-first // period) * period, min(end or now, now) + 1, period)
        rows = [
            {
                "symbol": market.symbol,
                "fundingRate": rate(self._world.funding(market, time)),
                "fundingRateTimestamp": str(time),
            }
            for time in reversed(times[-limit:])
        ]
        return answer({"category": category, "list": rows}, now)


def _first_row(query: Query, now: int) -> int:
    cursor = query.get("cursor", "")
    text = cursor.replace("%3D", "=").removeprefix("first=")
    if cursor and not text.isdecimal():
        raise error("params error: cursor invalid", now)
    return int(text or 0)
