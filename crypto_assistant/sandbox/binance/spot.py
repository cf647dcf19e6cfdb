"""Binance spot: https://developers.binance.com/docs/binance-spot-api-docs/rest-api"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import orjson

from crypto_assistant.sandbox.account.owner import Account
from crypto_assistant.sandbox.binance.answers import (
    change,
    day_times,
    error,
    json_list,
    kline_edges,
    kline_rows,
    ladder,
    required,
    trade_ids,
    whole,
)
from crypto_assistant.sandbox.binance.symbols import (
    SPOT_LIMITS,
    spot_permissions,
    spot_status,
    spot_symbol,
)
from crypto_assistant.sandbox.binance.trades import spot_trades
from crypto_assistant.sandbox.binance.wallets import Wallets
from crypto_assistant.sandbox.catalog import Market, Venue
from crypto_assistant.sandbox.face import Query, Refusal, Route, Signed, fixed
from crypto_assistant.sandbox.tape import Quote
from crypto_assistant.sandbox.world import World

Row = dict[str, Any]


class BinanceSpot:
    venue: Venue = "binance"
    setting = "BINANCE_SPOT_URL"

    def __init__(self, world: World) -> None:
        self._world = world
        self.routes: Mapping[str, Route] = {
            "/api/v3/ping": lambda _query, _now: {},
            "/api/v3/time": lambda _query, now: {"serverTime": now},
            "/api/v3/exchangeInfo": self._exchange_info,
            "/api/v3/ticker/24hr": self._day,
            "/api/v3/ticker/price": self._price,
            "/api/v3/ticker/bookTicker": self._book_ticker,
            "/api/v3/klines": self._klines,
            "/api/v3/aggTrades": self._trades,
            "/api/v3/depth": self._depth,
        }

    def signed(self, account: Account) -> Mapping[str, Signed]:
        return Wallets(self._world, account).routes

    def unknown(self, path: str, now: int) -> Refusal:
        return Refusal(404, "<html><body><h2>404 Not found</h2></body></html>")

    @cached_property
    def _symbols(self) -> dict[str, Market]:
        return {market.symbol: market for market in self._world.listed("binance", "spot")}

    def _exchange_info(self, query: Query, now: int) -> Row:
        asked = self._asked(query) if "symbol" in query or "symbols" in query else None
        status, permissions = query.get("symbolStatus"), _wanted_permissions(query)
        if status is not None and asked is not None:
            raise error(-1128, "Combination of optional parameters invalid.")
        sets = query.get("showPermissionSets", "true") == "true"
        rows = [
            self._rows(sets)[market.symbol]
            for market in asked or self._symbols.values()
            if (status is None or status == spot_status(market))
            and not permissions.isdisjoint(spot_permissions(market))
        ]
        return {
            "timezone": "UTC",
            "serverTime": now,
            "rateLimits": SPOT_LIMITS,
            "exchangeFilters": [],
            "symbols": rows,
        }

    def _rows(self, sets: bool) -> dict[str, orjson.Fragment]:
        return self._with_sets if sets else self._without_sets

    @cached_property
    def _with_sets(self) -> dict[str, orjson.Fragment]:
        return {
            s: orjson.Fragment(orjson.dumps(spot_symbol(m, True))) for s, m in self._symbols.items()
        }

    @cached_property
    def _without_sets(self) -> dict[str, orjson.Fragment]:
        return {
            s: orjson.Fragment(orjson.dumps(spot_symbol(m, False)))
            for s, m in self._symbols.items()
        }

    def _day(self, query: Query, now: int) -> Row | list[Row]:
        mini = query.get("type", "FULL") == "MINI"
        return self._per_symbol(query, now, _mini_day if mini else _full_day)

    def _price(self, query: Query, now: int) -> Row | list[Row]:
        return self._per_symbol(query, now, _last_price)

    def _book_ticker(self, query: Query, now: int) -> Row | list[Row]:
        return self._per_symbol(query, now, _best)

    def _per_symbol(
        self, query: Query, now: int, row: Callable[[Market, Quote, int], Row]
    ) -> Row | list[Row]:
        quotes = self._world.quotes("binance", "spot", now)
        rows = [row(market, quotes[market.symbol], now) for market in self._asked(query)]
        return rows[0] if "symbol" in query else rows

    def _asked(self, query: Query) -> list[Market]:
        if "symbol" in query:
            return [self._market(query["symbol"])]
        if "symbols" in query:
            return [self._market(symbol) for symbol in json_list(query["symbols"])]
        return list(self._symbols.values())

    def _klines(self, query: Query, now: int) -> list[list[Any]]:
        market = self._market(required(query, "symbol"))
        limit = min(whole(query, "limit", 500), 1000)
        edges = kline_edges(market, query, now, limit=limit, newest=False)
        bars = self._world.bars(market, edges, now)
        return kline_rows(bars, 8, 8, 8)

    def _trades(self, query: Query, now: int) -> list[Row]:
        market = self._market(required(query, "symbol"))
        return spot_trades(self._world, market, query, now)

    def _depth(self, query: Query, now: int) -> Row:
        market = self._market(required(query, "symbol"))
        quote = self._world.quote(market, now)
        levels = min(whole(query, "limit", 100), 20)
        bids, asks = ladder(market, quote, levels, 8, 8)
        return {"lastUpdateId": now // 1000 * 37, "bids": bids, "asks": asks}

    def _market(self, symbol: str) -> Market:
        market = self._symbols.get(symbol)
        if market is None:
            raise error(-1121, "Invalid symbol.")
        return market


def _wanted_permissions(query: Query) -> set[str]:
    text = query.get("permissions", '["SPOT","MARGIN","LEVERAGED"]')
    return set(json_list(text)) if text.startswith("[") else {text}


def _full_day(market: Market, quote: Quote, now: int) -> Row:
    mean = quote.turnover / quote.volume if quote.volume else 0
    return {
        "symbol": market.symbol,
        **change(quote, 8),
        "weightedAvgPrice": fixed(mean, 8),
        "prevClosePrice": fixed(quote.open, 8),
        "lastPrice": fixed(quote.last, 8),
        "lastQty": fixed(quote.bid_size, 8),
        "bidPrice": fixed(quote.bid, 8),
        "bidQty": fixed(quote.bid_size, 8),
        "askPrice": fixed(quote.ask, 8),
        "askQty": fixed(quote.ask_size, 8),
        **_range(quote),
        **day_times(market, now),
        **trade_ids(quote, now),
    }


def _mini_day(market: Market, quote: Quote, now: int) -> Row:
    return {
        "symbol": market.symbol,
        **_range(quote),
        "lastPrice": fixed(quote.last, 8),
        **day_times(market, now),
        **trade_ids(quote, now),
    }


def _range(quote: Quote) -> Row:
    return {
        "openPrice": fixed(quote.open, 8),
        "highPrice": fixed(quote.high, 8),
        "lowPrice": fixed(quote.low, 8),
        "volume": fixed(quote.volume, 8),
        "quoteVolume": fixed(quote.turnover, 8),
    }


def _last_price(market: Market, quote: Quote, _now: int) -> Row:
    return {"symbol": market.symbol, "price": fixed(quote.last, 8)}


def _best(market: Market, quote: Quote, _now: int) -> Row:
    return {
        "symbol": market.symbol,
        "bidPrice": fixed(quote.bid, 8),
        "bidQty": fixed(quote.bid_size, 8),
        "askPrice": fixed(quote.ask, 8),
        "askQty": fixed(quote.ask_size, 8),
    }
