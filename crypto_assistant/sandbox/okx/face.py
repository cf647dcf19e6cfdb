"""OKX v5: https://www.okx.com/docs-v5/en/"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from crypto_assistant.sandbox.account.owner import Account
from crypto_assistant.sandbox.catalog import DAY, HOUR, Market, Venue
from crypto_assistant.sandbox.face import Query, Refusal, Route, Signed, short
from crypto_assistant.sandbox.okx.account import OkxAccount
from crypto_assistant.sandbox.okx.answers import BARS, Row, answer, error, whole
from crypto_assistant.sandbox.okx.listing import chosen, contract_of, market_of, perp_of
from crypto_assistant.sandbox.okx.rows import (
    candle_rows,
    inst_type,
    instrument,
    level,
    mark_rows,
    price_text,
    ticker,
    trade_rows,
    underlying,
)
from crypto_assistant.sandbox.okx.rubik import RUBIK, Dates, Statistic
from crypto_assistant.sandbox.tape import Quote
from crypto_assistant.sandbox.world import World

_MOST_RECENT: Final = 1440
_FORETOLD_OFF: Final = 1e-8
"""As far as the documentation's rate of a payment is from what was foretold of it."""


class Okx:
    venue: Venue = "okx"
    setting = "OKX_URL"
    routes: Mapping[str, Route]

    def __init__(self, world: World, dates: Callable[[], Dates]) -> None:
        self._world = world
        self._dates = dates
        api = "/api/v5"
        self.routes = {
            f"{api}/public/time": lambda _query, now: answer([{"ts": str(now)}]),
            f"{api}/public/instruments": self._instruments,
            f"{api}/public/open-interest": self._open_interest,
            f"{api}/public/funding-rate": self._funding_rate,
            f"{api}/public/funding-rate-history": self._funding_history,
            f"{api}/public/mark-price": self._mark_price,
            f"{api}/market/tickers": self._tickers,
            f"{api}/market/ticker": self._ticker,
            f"{api}/market/index-tickers": self._index_tickers,
            f"{api}/market/candles": lambda query, now: self._candles(query, now, _MOST_RECENT),
            f"{api}/market/history-candles": lambda query, now: self._candles(query, now, None),
            f"{api}/market/mark-price-candles": self._mark_candles,
            f"{api}/market/books": self._books,
            f"{api}/market/trades": self._trades,
            **{f"{api}/rubik/stat/{name}": self._dated(told) for name, told in RUBIK.items()},
        }

    def signed(self, account: Account) -> Mapping[str, Signed]:
        return OkxAccount(self._world, account).routes

    def unknown(self, path: str, now: int) -> Refusal:
        return Refusal(404, {"code": "404", "msg": "Not Found", "data": []})

    def _dated(self, told: Statistic) -> Route:
        return lambda query, now: told(self._world, self._dates(), query, now)

    def _instruments(self, query: Query, _now: int) -> Row:
        return answer([instrument(market) for market in chosen(self._world, query)])

    def _tickers(self, query: Query, now: int) -> Row:
        return answer([self._ticker_row(m, now) for m in chosen(self._world, query, live=True)])

    def _ticker(self, query: Query, now: int) -> Row:
        return answer([self._ticker_row(market_of(self._world, query), now)])

    def _ticker_row(self, market: Market, now: int) -> Row:
        quote = self._quote(market, now)
        return ticker(market, quote, self._midnights(market, now), now)

    def _open_interest(self, query: Query, now: int) -> Row:
        markets = chosen(self._world, query, live=True)
        return answer([self._interest_row(market, now) for market in markets])

    def _interest_row(self, market: Market, now: int) -> Row:
        quote = self._quote(market, now)
        coins = quote.open_interest_coins
        return {
            "instId": market.symbol,
            "instType": inst_type(market),
            "oi": short(quote.open_interest, 8),
            "oiCcy": short(coins, 16),
            "oiUsd": short(coins * quote.mark_price, 12),
            "ts": str(now),
        }

    def _mark_price(self, query: Query, now: int) -> Row:
        return answer(
            [
                {
                    "instType": inst_type(market),
                    "instId": market.symbol,
                    "markPx": price_text(market, self._quote(market, now).mark_price),
                    "ts": str(now),
                }
                for market in chosen(self._world, query, live=True)
            ]
        )

    def _index_tickers(self, query: Query, now: int) -> Row:
        if not {"quoteCcy", "instId"} & query.keys():
            raise error("50014", "Parameter quoteCcy and instId can not be empty at the same time.")
        wanted = [
            market
            for name, market in self._indices.items()
            if query.get("instId") in (None, name) and query.get("quoteCcy") in (None, market.quote)
        ]
        if not wanted:
            raise Refusal(200, {"code": "51014", "msg": "Index doesn't exist.", "data": []})
        return answer([self._index_row(market, now) for market in wanted])

    @property
    def _indices(self) -> dict[str, Market]:
        swaps = chosen(self._world, {"instType": "SWAP"}, live=True)
        return {underlying(market): market for market in swaps}

    def _index_row(self, market: Market, now: int) -> Row:
        quote, (utc0, utc8) = self._quote(market, now), self._midnights(market, now)
        return {
            "instId": underlying(market),
            "idxPx": price_text(market, quote.index_price),
            "high24h": price_text(market, quote.high),
            "low24h": price_text(market, quote.low),
            "open24h": price_text(market, quote.open),
            "sodUtc0": price_text(market, utc0),
            "sodUtc8": price_text(market, utc8),
            "ts": str(now),
        }

    def _funding_rate(self, query: Query, now: int) -> Row:
        if query.get("instId") == "ANY":
            listed = [
                market
                for kind in ("SWAP", "FUTURES")
                for market in chosen(self._world, {"instType": kind}, live=True)
            ]
            markets = [market for market in listed if market.is_perpetual]
        else:
            markets = [perp_of(self._world, query)]
        return answer([self._funding_row(market, now) for market in markets])

    def _funding_row(self, market: Market, now: int) -> Row:
        quote, period = self._quote(market, now), (market.interval or 0) * HOUR
        due = quote.next_funding
        return {
            "instType": inst_type(market),
            "instId": market.symbol,
            "formulaType": "noRate",
            "method": "current_period",
            "fundingRate": short(quote.funding, 8),
            "nextFundingRate": "",
            "fundingTime": str(due),
            "nextFundingTime": str(due + period),
            "minFundingRate": "-0.02",
            "maxFundingRate": "0.02",
            "interestRate": "0.0001",
            "impactValue": "20000",
            "settState": "settled",
            "settFundingRate": short(self._world.funding(market, due - period), 8),
            "premium": short(quote.last / quote.index_price - 1, 12),
            "prevFundingTime": str(due - period),
            "ts": str(now),
        }

    def _funding_history(self, query: Query, now: int) -> Row:
        market, limit = perp_of(self._world, query), min(whole(query, "limit", 400), 400)
        period = (market.interval or 0) * HOUR
        oldest = max(now - 90 * DAY, market.listed, whole(query, "before", 0) + 1)
        newest = min(now, whole(query, "after", now + 1) - 1)
        times = range(-(-oldest // period) * period, newest + 1, period)
        rate = {time: self._world.funding(market, time) for time in times[-limit:]}
        return answer(
            [
                {
                    "instType": inst_type(market),
                    "instId": market.symbol,
                    "formulaType": "noRate",
                    "method": "current_period",
                    "fundingRate": short(rate[time] + _FORETOLD_OFF, 8),
                    "realizedRate": short(rate[time], 8),
                    "fundingTime": str(time),
                }
                for time in sorted(rate, reverse=True)
            ]
        )

    def _candles(self, query: Query, now: int, back: int | None) -> Row:
        market = market_of(self._world, query)
        edges = _edges(market, query, now, 300, back)
        return answer(candle_rows(market, self._world.bars(market, edges, now), now)[::-1])

    def _mark_candles(self, query: Query, now: int) -> Row:
        market = contract_of(self._world, query)
        edges = _edges(market, query, now, 100, _MOST_RECENT)
        bars = self._world.mark_bars(market, edges, now)
        return answer(mark_rows(market, edges, bars, now)[::-1])

    def _trades(self, query: Query, now: int) -> Row:
        market = market_of(self._world, query)
        limit = min(whole(query, "limit", 100), 500)
        trades = self._world.trades(market, 0, now + 1, now, limit=limit, newest=True)
        return answer(trade_rows(market, trades)[::-1])

    def _books(self, query: Query, now: int) -> Row:
        market = market_of(self._world, query)
        quote, depth = self._quote(market, now), range(min(whole(query, "sz", 1), 20))
        tick = float(market.tick)
        book = {
            "asks": [level(market, quote.ask + n * tick, quote.ask_size) for n in depth],
            "bids": [level(market, quote.bid - n * tick, quote.bid_size) for n in depth],
            "ts": str(now),
            "seqId": now // 1000 * 43,
        }
        return answer([book])

    def _quote(self, market: Market, now: int) -> Quote:
        return self._world.quote(market, now)

    def _midnights(self, market: Market, now: int) -> tuple[float, float]:
        """The prices at which the days of UTC and of UTC+8 opened."""
        utc0, utc8 = (
            self._world.openings("okx", market.kind, BARS[bar].start(now))[market.symbol]
            for bar in ("1Dutc", "1D")
        )
        return utc0, utc8


def _edges(market: Market, query: Query, now: int, most: int, back: int | None) -> Sequence[int]:
    """Between which times (ms) the bars lie; at most `most` of them, of the last `back`."""
    period = BARS.get(query.get("bar", "1m"))
    if period is None:
        raise error("51000", "Parameter bar error")
    limit = min(whole(query, "limit", 100), most)
    last = min(now, whole(query, "after", now + 1) - 1)
    first = max(whole(query, "before", 0) + 1, period.start(market.listed))
    if back is not None:
        first = max(first, period.after(period.start(now), 1 - back))
    return period.edges(first, last, limit, newest=True)
