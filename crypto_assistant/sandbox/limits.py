"""The exchanges' published request limits, and their answers to a client that passes them.

Binance: weight per minute of the clock, 429 until the minute is over, 418 for two minutes to those
who go on; each endpoint of /sapi has 12,000 of its own. Bybit: 600 requests in 5 s, then 403 for
ten minutes; endpoints of the account count their own per second. OKX: a window per endpoint.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from crypto_assistant.sandbox.budgets import BYBIT, OKX, weight
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
    """One pool of weight; funding and USD-M's statistics have budgets of their own."""

    def __init__(self, weight: int, monotonic: Clock) -> None:
        self._weight = weight
        self._pool = Window(weight, 60)
        self._others = {"data": Window(1000, 300), "funding": Window(500, 300)}
        self._wallet: dict[str, Window] = {}
        self._monotonic = monotonic
        self._refused = 0
        self._banned_until = 0.0

    def admit(self, path: str, query: Query, now: int) -> Headers:
        moment = self._monotonic()
        if moment < self._banned_until:
            raise self._ban(moment, now)
        window, cost = self._window(path, query)
        if not window.take(cost, moment):
            raise self._refuse(window, moment, now)
        self._refused = 0
        if path in self._wallet:
            return {"X-SAPI-USED-IP-WEIGHT-1M": str(window.used)}
        return self._headers()

    def _window(self, path: str, query: Query) -> tuple[Window, int]:
        if path.startswith("/sapi/"):
            return self._wallet.setdefault(path, Window(12_000, 60)), weight(path, query)
        # COIN-M's statistics, which are asked by pair, weigh one like the rest of that host.
        if path.startswith("/futures/data/") and "pair" not in query:
            return self._others["data"], 1
        if path in ("/fapi/v1/fundingRate", "/fapi/v1/fundingInfo"):
            return self._others["funding"], 1
        return self._pool, weight(path, query)

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
        self._own: dict[str, Window] = {}
        self._monotonic = monotonic
        self._banned_until = 0.0

    def admit(self, path: str, _query: Query, now: int) -> Headers:
        moment = self._monotonic()
        if moment >= self._banned_until:
            if self._window.take(1, moment):
                return self._counted(path, moment, now) if path in BYBIT else {}
            self._banned_until = moment + 600
        raise Rejection(403, "403, access too frequent")

    def _counted(self, path: str, moment: float, now: int) -> Headers:
        budget = BYBIT[path]
        window = self._own.setdefault(path, Window(budget, 1))
        fits = window.take(1, moment)
        resets = now if fits else now + ceil(window.remaining(moment) * 1000)
        headers = {
            "X-Bapi-Limit": str(budget),
            "X-Bapi-Limit-Status": str(max(0, budget - window.used)),
            "X-Bapi-Limit-Reset-Timestamp": str(resets),
        }
        if fits:
            return headers
        message = "Too many visits. Exceeded the API Rate Limit."
        body = {"retCode": 10006, "retMsg": message, "result": {}, "retExtInfo": {}, "time": now}
        raise Rejection(200, body, headers)


class OkxLimit:
    def __init__(self, monotonic: Clock) -> None:
        self._windows: dict[tuple[str, str], Window] = {}
        self._monotonic = monotonic

    def admit(self, path: str, query: Query, _now: int) -> Headers:
        budget, parameter = OKX.get(path, (20, ""))
        scope = path, query.get(parameter, "")
        window = self._windows.setdefault(scope, Window(budget, 2))
        if not window.take(1, self._monotonic()):
            raise Rejection(429, {"msg": "Too Many Requests", "code": "50011"})
        return {}
