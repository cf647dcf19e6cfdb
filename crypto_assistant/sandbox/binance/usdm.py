"""Binance USD-M: https://developers.binance.com/docs/derivatives/usds-margined-futures"""

from functools import cached_property

import orjson

from crypto_assistant.sandbox.binance.account import UsdMAccount
from crypto_assistant.sandbox.binance.answers import Row, required
from crypto_assistant.sandbox.binance.futures import Futures, RowMaker
from crypto_assistant.sandbox.binance.statistics import ACCOUNTS, Asked, Traded
from crypto_assistant.sandbox.binance.symbols import ASSETS, USDM_LIMITS, usdm_symbol
from crypto_assistant.sandbox.catalog import Market
from crypto_assistant.sandbox.face import Query, Route, fixed
from crypto_assistant.sandbox.tape import Quote


class BinanceUsdM(Futures):
    setting = "BINANCE_USDM_URL"
    kind = "linear"
    prefix = "/fapi"
    accounts = UsdMAccount
    turnover_decimals = 5
    positions = ACCOUNTS

    def _paths(self) -> dict[str, Route]:
        return {**super()._paths(), "/v2/ticker/price": super()._paths()["/v1/ticker/price"]}

    def _statistics(self) -> dict[str, Route]:
        return {**super()._statistics(), "takerlongshortRatio": self._takers}

    def _taker_row(self, time: int, traded: Traded) -> Row:
        ratio = traded.bought / traded.sold if traded.sold else 0
        return {
            "buySellRatio": fixed(ratio, 4),
            "buyVol": fixed(traded.bought, 4),
            "sellVol": fixed(traded.sold, 4),
            "timestamp": time,
        }

    def _exchange_info(self, query: Query, now: int) -> Row:
        return {
            "timezone": "UTC",
            "serverTime": now,
            "futuresType": "U_MARGINED",
            "rateLimits": USDM_LIMITS,
            "exchangeFilters": [],
            "assets": ASSETS,
            "symbols": self._symbols,
        }

    @cached_property
    def _symbols(self) -> orjson.Fragment:
        rows = [usdm_symbol(market, self._quarters) for market in self._markets.values()]
        return orjson.Fragment(orjson.dumps(rows))

    def _per_symbol(self, query: Query, now: int, row: RowMaker) -> Row | list[Row]:
        if "symbol" in query:
            return self._rows([self._market(query["symbol"])], now, row)[0]
        return self._rows(list(self._markets.values()), now, row)

    def _asked(self, query: Query) -> Asked:
        market = self._market(required(query, "symbol"))
        return Asked([market], {"symbol": market.symbol})

    def _day(self, market: Market, quote: Quote, now: int) -> Row:
        mean = quote.turnover / quote.volume if quote.volume else 0
        return {
            **self._day_numbers(market, quote, now),
            "weightedAvgPrice": fixed(mean, market.price_decimals),
            "quoteVolume": fixed(quote.turnover, 5),
        }

    def _price(self, market: Market, quote: Quote, now: int) -> Row:
        price = fixed(quote.last, market.price_decimals)
        return {"symbol": market.symbol, "price": price, "time": now}

    def _best(self, market: Market, quote: Quote, now: int) -> Row:
        return {**self._touch(market, quote), "time": now, "lastUpdateId": now // 1000 * 37}

    def _premium(self, market: Market, quote: Quote, now: int) -> Row:
        return {
            **self._marks(market, quote),
            "lastFundingRate": fixed(quote.funding, 8),
            "interestRate": fixed(0.0001 if market.interval else 0, 8),
            "nextFundingTime": quote.next_funding,
            "time": now,
        }
