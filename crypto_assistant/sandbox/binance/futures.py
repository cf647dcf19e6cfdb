"""What Binance's two futures hosts have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from crypto_assistant.sandbox.account.owner import Account
from crypto_assistant.sandbox.binance.account import FuturesAccount
from crypto_assistant.sandbox.binance.answers import (
    Row,
    change,
    day_times,
    error,
    kline_edges,
    kline_rows,
    ladder,
    mark_rows,
    refuse_unknown,
    required,
    trade_ids,
    whole,
)
from crypto_assistant.sandbox.binance.statistics import (
    ACCOUNTS,
    Asked,
    Traded,
    long_short,
    open_interest,
    takers,
)
from crypto_assistant.sandbox.binance.trades import futures_trades
from crypto_assistant.sandbox.catalog import DAY, HOUR, MINUTE, Kind, Market, Venue
from crypto_assistant.sandbox.face import Query, Refusal, Route, Signed, fixed
from crypto_assistant.sandbox.tape import Quote
from crypto_assistant.sandbox.world import World

RowMaker = Callable[[Market, Quote, int], Row]

_BARS: Final = frozenset({"symbol", "interval", "startTime", "endTime", "limit"})


class Futures(ABC):
    """A host with one kind of contract; what differs is abstract."""

    venue: Venue = "binance"
    kind: ClassVar[Kind]
    prefix: ClassVar[str]
    turnover_decimals: ClassVar[int]
    accounts: ClassVar[type[FuturesAccount]]
    positions: ClassVar[tuple[str, str]]
    newest: ClassVar[bool] = False  # of too many candles in a window, the newest or the oldest

    def __init__(self, world: World) -> None:
        self._world = world
        self._markets = {market.symbol: market for market in world.listed("binance", self.kind)}
        ends = sorted({m.expires for m in self._markets.values() if m.expires is not None})
        self._quarters = (ends[0], ends[1])
        self.routes: Mapping[str, Route] = {
            **{self.prefix + path: route for path, route in self._paths().items()},
            **{f"/futures/data/{name}": route for name, route in self._statistics().items()},
        }

    def _paths(self) -> dict[str, Route]:
        return {
            "/v1/ping": lambda _query, _now: {},
            "/v1/time": lambda _query, now: {"serverTime": now},
            "/v1/exchangeInfo": self._exchange_info,
            "/v1/klines": self._klines,
            "/v1/markPriceKlines": self._mark_klines,
            "/v1/aggTrades": self._trades,
            "/v1/depth": self._depth,
            "/v1/ticker/24hr": lambda query, now: self._per_symbol(query, now, self._day),
            "/v1/ticker/price": lambda query, now: self._per_symbol(query, now, self._price),
            "/v1/ticker/bookTicker": lambda query, now: self._per_symbol(query, now, self._best),
            "/v1/premiumIndex": lambda query, now: self._per_symbol(query, now, self._premium),
            "/v1/fundingInfo": self._funding_info,
            "/v1/fundingRate": self._funding_rates,
            "/v1/openInterest": self._open_interest,
        }

    def _statistics(self) -> dict[str, Route]:
        ratio = self._long_short
        return {
            "openInterestHist": self._interest_history,
            "globalLongShortAccountRatio": ratio("accounts", ACCOUNTS),
            "topLongShortAccountRatio": ratio("top_accounts", ACCOUNTS),
            "topLongShortPositionRatio": ratio("top_positions", self.positions),
        }

    def signed(self, account: Account) -> Mapping[str, Signed]:
        return self.accounts(self._markets, account).routes

    def unknown(self, path: str, now: int) -> Refusal:
        return Refusal(404, {"code": -5000, "msg": f"Path {path}, Method GET is invalid"})

    @abstractmethod
    def _exchange_info(self, query: Query, now: int) -> Row: ...

    @abstractmethod
    def _day(self, market: Market, quote: Quote, now: int) -> Row: ...

    @abstractmethod
    def _price(self, market: Market, quote: Quote, now: int) -> Row: ...

    @abstractmethod
    def _best(self, market: Market, quote: Quote, now: int) -> Row: ...

    @abstractmethod
    def _premium(self, market: Market, quote: Quote, now: int) -> Row: ...

    @abstractmethod
    def _taker_row(self, time: int, traded: Traded) -> Row: ...

    @abstractmethod
    def _asked(self, query: Query) -> Asked: ...

    @abstractmethod
    def _per_symbol(self, query: Query, now: int, row: RowMaker) -> Row | list[Row]: ...

    def _rows(self, markets: list[Market], now: int, row: RowMaker) -> list[Row]:
        quotes = self._world.quotes("binance", self.kind, now)
        return [row(market, quotes[market.symbol], now) for market in markets]

    def _funding_info(self, _query: Query, now: int) -> list[Row]:
        """Only the contracts whose interval or bounds were adjusted."""
        return [
            {
                "symbol": market.symbol,
                "adjustedFundingRateCap": "0.03000000",
                "adjustedFundingRateFloor": "-0.03000000",
                "fundingIntervalHours": market.interval,
                "disclaimer": False,
                "updateTime": market.listed,
            }
            for market in self._markets.values()
            if market.interval not in (None, 8) and market.closed is None
        ]

    def _funding_rates(self, query: Query, now: int) -> list[Row]:
        market = self._market(required(query, "symbol"))
        period, limit = (market.interval or 0) * HOUR, min(whole(query, "limit", 100), 1000)
        if not period:
            return []
        last = min(whole(query, "endTime", now), now, market.closed or now)
        first = max(whole(query, "startTime", 0), market.listed)
        times = range(-(-first // period) * period, last + 1, period)
        kept = times[:limit] if "startTime" in query else times[-limit:]
        marks = self._world.bars(market, [t for k in kept for t in (k, k + MINUTE)], now).open
        return [
            self._paid(market, time, mark)
            for time, mark in zip(kept, marks[::2].tolist(), strict=True)
        ]

    def _paid(self, market: Market, time: int, mark: float) -> Row:
        return {
            "symbol": market.symbol,
            "fundingTime": time,
            "fundingRate": fixed(self._world.funding(market, time), 8),
            "markPrice": fixed(mark, 8),
            "rateType": "Regular",
        }

    def _open_interest(self, query: Query, now: int) -> Row:
        market = self._market(required(query, "symbol"))
        quote = self._world.quote(market, now)
        return {
            "symbol": market.symbol,
            "openInterest": fixed(quote.open_interest, market.size_decimals),
            "time": now,
        }

    def _interest_history(self, query: Query, now: int) -> list[Row]:
        return open_interest(self._world, self._asked(query), query, now)

    def _long_short(self, group: str, names: tuple[str, str]) -> Route:
        def route(query: Query, now: int) -> list[Row]:
            asked = self._asked(query)
            return long_short(self._world, asked, query, now, group=group, names=names)

        return route

    def _takers(self, query: Query, now: int) -> list[Row]:
        rows = takers(self._world, self._asked(query), query, now)
        return [self._taker_row(*row) for row in rows]

    def _trades(self, query: Query, now: int) -> list[Row]:
        market = self._market(required(query, "symbol"))
        return futures_trades(self._world, market, query, now, earliest=now - 2 * DAY)

    def _klines(self, query: Query, now: int) -> list[list[Any]]:
        market, edges = self._asked_bars(query, now)
        bars = self._world.bars(market, edges, now)
        return kline_rows(bars, market.price_decimals, market.size_decimals, self.turnover_decimals)

    def _mark_klines(self, query: Query, now: int) -> list[list[Any]]:
        refuse_unknown(query.keys(), _BARS)
        market, edges = self._asked_bars(query, now)
        return mark_rows(edges, self._world.mark_bars(market, edges, now), now)

    def _asked_bars(self, query: Query, now: int) -> tuple[Market, Sequence[int]]:
        market = self._market(required(query, "symbol"))
        limit = whole(query, "limit", 500)
        if not 0 < limit <= 1500:
            raise error(-1130, "Data sent for parameter 'limit' is not valid.")
        return market, kline_edges(market, query, now, limit=limit, newest=self.newest)

    def _depth(self, query: Query, now: int) -> Row:
        market = self._market(required(query, "symbol"))
        if query.get("limit", "500") not in ("5", "10", "20", "50", "100", "500", "1000"):
            raise error(-4021, f"{query['limit']} is not valid depth limit")
        levels = min(whole(query, "limit", 500), 20)
        quote = self._world.quote(market, now)
        bids, asks = ladder(market, quote, levels, market.price_decimals, market.size_decimals)
        return {
            "lastUpdateId": now // 1000 * 37,
            "E": now,
            "T": now - 7,
            "bids": bids,
            "asks": asks,
        }

    def _market(self, symbol: str) -> Market:
        market = self._markets.get(symbol)
        if market is None:
            raise error(-1121, "Invalid symbol.")
        return market

    def _day_numbers(self, market: Market, quote: Quote, now: int) -> Row:
        price, size = market.price_decimals, market.size_decimals
        return {
            "symbol": market.symbol,
            **change(quote, price),
            "lastPrice": fixed(quote.last, price),
            "lastQty": fixed(quote.bid_size, size),
            "openPrice": fixed(quote.open, price),
            "highPrice": fixed(quote.high, price),
            "lowPrice": fixed(quote.low, price),
            "volume": fixed(quote.volume, size),
            **day_times(market, now),
            **trade_ids(quote, now),
        }

    def _touch(self, market: Market, quote: Quote) -> Row:
        price, size = market.price_decimals, market.size_decimals
        return {
            "symbol": market.symbol,
            "bidPrice": fixed(quote.bid, price),
            "bidQty": fixed(quote.bid_size, size),
            "askPrice": fixed(quote.ask, price),
            "askQty": fixed(quote.ask_size, size),
        }

    def _marks(self, market: Market, quote: Quote) -> Row:
        return {
            "symbol": market.symbol,
            "markPrice": fixed(quote.mark_price, 8),
            "indexPrice": fixed(quote.index_price, 8),
            "estimatedSettlePrice": fixed(quote.index_price, 8),
        }
