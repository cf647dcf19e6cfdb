"""Binance COIN-M: https://developers.binance.com/docs/derivatives/coin-margined-futures"""

from collections.abc import Sequence
from typing import Final

from crypto_assistant.sandbox.binance.account import CoinMAccount
from crypto_assistant.sandbox.binance.answers import Row, error, required, whole
from crypto_assistant.sandbox.binance.futures import Futures, RowMaker
from crypto_assistant.sandbox.binance.statistics import POSITIONS, Asked, Traded, invalid
from crypto_assistant.sandbox.binance.symbols import (
    FUTURES_LIMITS,
    coinm_symbol,
    contract_type,
    pair,
)
from crypto_assistant.sandbox.catalog import DAY, Market
from crypto_assistant.sandbox.face import Query, Route, fixed
from crypto_assistant.sandbox.tape import Quote

_CONTRACT_TYPES: Final = "PERPETUAL", "CURRENT_QUARTER", "NEXT_QUARTER"
_SPAN: Final = 200 * DAY


class BinanceCoinM(Futures):
    setting = "BINANCE_COINM_URL"
    kind = "inverse"
    prefix = "/dapi"
    accounts = CoinMAccount
    turnover_decimals = 8
    newest = True
    positions = POSITIONS

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

    def _asked(self, query: Query) -> Asked:
        """The contracts of a pair: of one type, or all together."""
        name, wanted = required(query, "pair"), query.get("contractType")
        if wanted not in (None, *_CONTRACT_TYPES):
            raise invalid("contractType")
        markets = [
            market
            for market in self._markets.values()
            if pair(market) == name and wanted in (None, contract_type(market, self._quarters))
        ]
        if not markets:
            raise error(-1121, "Invalid symbol.")
        named = {} if wanted is None else {"contractType": wanted}
        return Asked(markets, {"pair": name}, named)

    def _interest_history(self, query: Query, now: int) -> list[Row]:
        named = {"contractType": query.get("contractType", "ALL")}
        return [{**named, **row} for row in super()._interest_history(query, now)]

    def _statistics(self) -> dict[str, Route]:
        return {**super()._statistics(), "takerBuySellVol": self._takers}

    def _takers(self, query: Query, now: int) -> list[Row]:
        named = {"contractType": required(query, "contractType"), "pair": query.get("pair")}
        return [{**named, **row} for row in super()._takers(query, now)]

    def _taker_row(self, time: int, traded: Traded) -> Row:
        return {
            "takerBuyVol": fixed(traded.bought, 0),
            "takerSellVol": fixed(traded.sold, 0),
            "takerBuyVolValue": fixed(traded.bought_value, 4),
            "takerSellVolValue": fixed(traded.sold_value, 4),
            "timestamp": time,
        }

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

    def _asked_bars(self, query: Query, now: int) -> tuple[Market, Sequence[int]]:
        """Times that are not named lie 200 days from the one that is, at most."""
        last = whole(query, "endTime", min(now, whole(query, "startTime", now) + _SPAN))
        if last - whole(query, "startTime", last) > _SPAN:
            raise error(-4088, "Maximum time interval is 200 days.")
        if "endTime" in query:
            query = {"startTime": str(max(0, last - _SPAN)), **query}
        return super()._asked_bars({**query, "endTime": str(last)}, now)

    def _depth(self, query: Query, now: int) -> Row:
        names = {"symbol": query.get("symbol"), "pair": query.get("symbol", "").partition("_")[0]}
        return {**super()._depth(query, now), **names}
