"""The exchanges' published request limits, and their answers to a client that passes them.

Binance: weight per minute of the clock, 429 until the minute is over, 418 for two minutes to those
who go on. Bybit: 600 requests in 5 s, then 403 for ten minutes. OKX: a window per endpoint.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final

from crypto_assistant.sandbox.face import Query

Clock = Callable[[], float]
Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Rejection(Exception):
    status: int
    body: Any
    headers: Headers = field(default_factory=dict)


class Window:
    """A budget that is full again whenever the clock passes a multiple of `seconds`."""

    def __init__(self, budget: int, seconds: float) -> None:
        self._budget = budget
        self._seconds = seconds
        self._number = -1
        self.used = 0

    def take(self, cost: int, now: float) -> bool:
        number = int(now // self._seconds)
        if number != self._number:
            self._number, self.used = number, 0
        self.used += cost
        return self.used <= self._budget

    def remaining(self, now: float) -> float:
        """Seconds until the budget is full again."""
        return self._seconds - now % self._seconds


class BinanceLimit:
    """One pool of weight; funding and USDⓈ-M's statistics have budgets of their own."""

    def __init__(self, weight: int, monotonic: Clock) -> None:
        self._weight = weight
        self._pool = Window(weight, 60)
        self._others = {"data": Window(1000, 300), "funding": Window(500, 300)}
        self._monotonic = monotonic
        self._refused = 0
        self._banned_until = 0.0

    def admit(self, path: str, query: Query, now: int) -> Headers:
        moment = self._monotonic()
        if moment < self._banned_until:
            raise self._ban(moment, now)
        name, window = self._window(path, query)
        if not window.take(_weight(path, query) if name == "weight" else 1, moment):
            raise self._refuse(window, moment, now)
        self._refused = 0
        return self._headers()

    def _window(self, path: str, query: Query) -> tuple[str, Window]:
        # COIN-M's statistics, which are asked by pair, weigh one like the rest of that host.
        if path.startswith("/futures/data/") and "pair" not in query:
            return "data", self._others["data"]
        if path in ("/fapi/v1/fundingRate", "/fapi/v1/fundingInfo"):
            return "funding", self._others["funding"]
        return "weight", self._pool

    def _refuse(self, window: Window, moment: float, now: int) -> Rejection:
        self._refused += 1
        if self._refused > 10:
            self._banned_until = moment + 120
            return self._ban(moment, now)
        message = (
            f"Too many requests; current limit is {self._weight} requests per minute. "
            "Please use the websocket for live updates to avoid polling the API."
        )
        return self._rejection(429, message, window.remaining(moment))

    def _ban(self, moment: float, now: int) -> Rejection:
        wait = self._banned_until - moment
        message = (
            f"Way too many requests; IP banned until {now + round(wait * 1000)}. "
            "Please use the websocket for live updates to avoid bans."
        )
        return self._rejection(418, message, wait)

    def _rejection(self, status: int, message: str, wait: float) -> Rejection:
        headers = {**self._headers(), "Retry-After": str(ceil(wait))}
        return Rejection(status, {"code": -1003, "msg": message}, headers)

    def _headers(self) -> Headers:
        return {"X-MBX-USED-WEIGHT-1M": str(self._pool.used)}


class BybitLimit:
    def __init__(self, monotonic: Clock) -> None:
        self._window = Window(600, 5)
        self._monotonic = monotonic
        self._banned_until = 0.0

    def admit(self, _path: str, _query: Query, _now: int) -> Headers:
        moment = self._monotonic()
        if moment >= self._banned_until:
            if self._window.take(1, moment):
                return {}
            self._banned_until = moment + 600
        raise Rejection(403, "403, access too frequent")


class OkxLimit:
    def __init__(self, monotonic: Clock) -> None:
        self._windows: dict[tuple[str, str], Window] = {}
        self._monotonic = monotonic

    def admit(self, path: str, query: Query, _now: int) -> Headers:
        budget, parameter = _OKX.get(path, (20, ""))
        scope = path, query.get(parameter, "")
        window = self._windows.setdefault(scope, Window(budget, 2))
        if not window.take(1, self._monotonic()):
            raise Rejection(429, {"msg": "Too Many Requests", "code": "50011"})
        return {}


# Requests in 2 s, and the parameter that has a budget for each of its values.
_OKX: Final[Mapping[str, tuple[int, str]]] = {
    "/api/v5/public/time": (10, ""),
    "/api/v5/public/instruments": (20, "instType"),
    "/api/v5/public/open-interest": (20, "instId"),
    "/api/v5/public/funding-rate": (10, "instId"),
    "/api/v5/public/funding-rate-history": (10, ""),
    "/api/v5/public/mark-price": (10, ""),
    "/api/v5/market/tickers": (20, ""),
    "/api/v5/market/ticker": (20, ""),
    "/api/v5/market/index-tickers": (20, ""),
    "/api/v5/market/candles": (40, ""),
    "/api/v5/market/history-candles": (20, ""),
    "/api/v5/market/books": (40, ""),
    "/api/v5/market/trades": (100, ""),
    "/api/v5/rubik/stat/taker-volume": (5, ""),
    "/api/v5/rubik/stat/taker-volume-contract": (5, "instId"),
    "/api/v5/rubik/stat/contracts/open-interest-history": (10, "instId"),
    **{
        f"/api/v5/rubik/stat/contracts/long-short-{name}": (5, "instId")
        for name in (
            "account-ratio-contract",
            "account-ratio-contract-top-trader",
            "position-ratio-contract-top-trader",
        )
    },
}

# Weight of a request that names one symbol, and of one for all of them.
_WEIGHTS: Final[Mapping[str, tuple[int, int]]] = {
    "/api/v3/ping": (1, 1),
    "/api/v3/time": (1, 1),
    "/api/v3/exchangeInfo": (20, 20),
    "/api/v3/ticker/24hr": (2, 80),
    "/api/v3/ticker/price": (2, 4),
    "/api/v3/ticker/bookTicker": (2, 4),
    "/api/v3/klines": (2, 2),
    "/api/v3/aggTrades": (4, 4),
    **{
        f"/{host}{path}": weights
        for host in ("fapi", "dapi")
        for path, weights in {
            "/v1/ticker/24hr": (1, 40),
            "/v1/ticker/price": (1, 2),
            "/v2/ticker/price": (1, 2),
            "/v1/ticker/bookTicker": (2, 5),
            "/v1/aggTrades": (20, 20),
            "/v1/premiumIndex": (1, 10) if host == "fapi" else (10, 10),
        }.items()
    },
}


def _weight(path: str, query: Query) -> int:
    if path.endswith("/depth"):
        return _by_limit(query, _SPOT_DEPTH if path.startswith("/api") else _DEPTH, 5)
    if path.endswith("/klines") and not path.startswith("/api"):
        return _by_limit(query, _KLINES, 500)
    if path == "/api/v3/ticker/24hr" and "symbols" in query:
        count = query["symbols"].count(",") + 1
        return 2 if count <= 20 else 40 if count <= 100 else 80
    one, every = _WEIGHTS.get(path, (1, 1))
    if path.startswith("/api") and "symbols" in query:
        return every
    return one if "symbol" in query or "pair" in query else every


_KLINES: Final = ((99, 1), (499, 2), (1000, 5), (1500, 10))
_DEPTH: Final = ((50, 2), (100, 5), (500, 10), (1000, 20))
_SPOT_DEPTH: Final = ((100, 5), (500, 25), (1000, 50), (5000, 250))


def _by_limit(query: Query, steps: tuple[tuple[int, int], ...], default: int) -> int:
    text = query.get("limit", str(default))
    asked = int(text) if text.isdecimal() else default
    return next((weight for most, weight in steps if asked <= most), steps[-1][1])
