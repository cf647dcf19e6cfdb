"""Binance COIN-M: https://developers.binance.com/docs/derivatives/coin-margined-futures"""

from typing import Any

from crypto_assistant.sandbox.binance_answers import Row, error, required, whole
from crypto_assistant.sandbox.binance_futures import Futures, RowMaker
from crypto_assistant.sandbox.binance_symbols import (
    FUTURES_LIMITS,
    coinm_symbol,
    contract_type,
    pair,
)
from crypto_assistant.sandbox.catalog import DAY, Market
from crypto_assistant.sandbox.face import Query, fixed
from crypto_assistant.sandbox.tape import Quote


class BinanceCoinM(Futures):
    setting = "BINANCE_COINM_URL"
    kind = "inverse"
    prefix = "/dapi"
    turnover_decimals = 8

    def _exchange_info(self, query: Query, now: int) -> Row:
        return {
            "timezone": "UTC",
            "serverTime": now,
            "rateLimits": FUTURES_LIMITS,
            "exchangeFilters": [],
            "symbols": [coinm_symbol(market, self._quarters) for market in self._markets.values()],
        }

    def _per_symbol(self, query: Query, now: int, row: RowMaker) -> list[Row]:
        if "symbol" in query:
            return self._rows([self._market(query["symbol"])], now, row)
        markets = [m for m in self._markets.values() if query.get("pair") in (None, pair(m))]
        return self._rows(markets, now, row)

    def _day(self, market: Market, quote: Quote, now: int) -> Row:
        mean = quote.volume * market.unit / quote.turnover if quote.turnover else 0
        return {
            **self._day_numbers(market, quote, now),
            "pair": pair(market),
            "weightedAvgPrice": fixed(mean, market.price_decimals),
            "baseVolume": fixed(quote.turnover, 8),
        }

    def _price(self, market: Market, quote: Quote, now: int) -> Row:
        price = fixed(quote.last, market.price_decimals)
        return {"symbol": market.symbol, "ps": pair(market), "price": price, "time": now}

    def _best(self, market: Market, quote: Quote, now: int) -> Row:
        touch = self._touch(market, quote)
        return {**touch, "pair": pair(market), "time": now, "lastUpdateId": now // 1000 * 37}

    def _premium(self, market: Market, quote: Quote, now: int) -> Row:
        perpetual = market.is_perpetual
        return {
            **self._marks(market, quote),
            "pair": pair(market),
            "lastFundingRate": fixed(quote.funding, 8) if perpetual else "",
            "interestRate": "0.00010000" if perpetual else "",
            "nextFundingTime": quote.next_funding,
            "time": now,
        }

    def _paid(self, market: Market, time: int, mark: float) -> Row:
        rate = fixed(self._world.funding(market, time), 8)
        return {"symbol": market.symbol, "fundingTime": time, "fundingRate": rate}

    def _open_interest(self, query: Query, now: int) -> Row:
        market = self._market(required(query, "symbol"))
        return {
            **super()._open_interest(query, now),
            "pair": pair(market),
            "contractType": contract_type(market, self._quarters),
        }

    def _klines(self, query: Query, now: int) -> list[list[Any]]:
        span = whole(query, "endTime", now) - whole(query, "startTime", now)
        if self._newest(query) and span > 200 * DAY:
            raise error(-4088, "Maximum time interval is 200 days.")
        return super()._klines(query, now)

    def _newest(self, query: Query) -> bool:
        return "startTime" in query and "endTime" in query

    def _depth(self, query: Query, now: int) -> Row:
        names = {"symbol": query.get("symbol"), "pair": query.get("symbol", "").partition("_")[0]}
        return {**super()._depth(query, now), **names}
