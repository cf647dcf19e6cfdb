"""OKX's paths, how often each may be asked, and the budgets that see to it."""

from itertools import takewhile

from crypto_assistant.clocks import monotonic
from crypto_assistant.net.limiter import Budget
from crypto_assistant.net.request import Reads

TIME = "/api/v5/public/time"
INSTRUMENTS = "/api/v5/public/instruments"
TICKERS = "/api/v5/market/tickers"
TICKER = "/api/v5/market/ticker"
CANDLES = "/api/v5/market/candles"
OLD_CANDLES = "/api/v5/market/history-candles"
TRADES = "/api/v5/market/trades"
FUNDING = "/api/v5/public/funding-rate"
PAID = "/api/v5/public/funding-rate-history"
MARK_CANDLES = "/api/v5/market/mark-price-candles"
MARK = "/api/v5/public/mark-price"
INDEX = "/api/v5/market/index-tickers"
OPEN_INTEREST = "/api/v5/public/open-interest"
TAKERS = "/api/v5/rubik/stat/taker-volume-contract"
SPOT_TAKERS = "/api/v5/rubik/stat/taker-volume"
OPEN_INTERESTS = "/api/v5/rubik/stat/contracts/open-interest-history"
ALL_ACCOUNTS = "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract"
TOP_ACCOUNTS = "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract-top-trader"
TOP_POSITIONS = "/api/v5/rubik/stat/contracts/long-short-position-ratio-contract-top-trader"

CONFIG = "/api/v5/account/config"
BALANCE = "/api/v5/account/balance"
FUNDING_BALANCES = "/api/v5/asset/balances"
POSITIONS = "/api/v5/account/positions"
BILLS = "/api/v5/account/bills"
OLD_BILLS = "/api/v5/account/bills-archive"
FILLS = "/api/v5/trade/fills"
OLD_FILLS = "/api/v5/trade/fills-history"

PER_TWO_SECONDS = {
    TIME: 10,
    INSTRUMENTS: 20,
    TICKERS: 20,
    TICKER: 20,
    CANDLES: 40,
    OLD_CANDLES: 20,
    TRADES: 100,
    FUNDING: 10,
    PAID: 10,
    MARK: 10,
    MARK_CANDLES: 20,
    INDEX: 20,
    OPEN_INTEREST: 20,
    SPOT_TAKERS: 5,
}
"""Requests that the venue takes from one address, counted for each path apart."""

PER_MARKET = {
    TAKERS: 5,
    OPEN_INTERESTS: 10,
    ALL_ACCOUNTS: 5,
    TOP_ACCOUNTS: 5,
    TOP_POSITIONS: 5,
}
"""The same of paths that the venue counts for each market apart."""

# A tenth longer than published: on the way to the venue requests move closer together.
WINDOW = 2.2

OF_THE_OWNER = {
    CONFIG: (5, WINDOW),
    BALANCE: (10, WINDOW),
    FUNDING_BALANCES: (6, WINDOW / 2),
    POSITIONS: (10, WINDOW),
    BILLS: (5, WINDOW / 2),
    OLD_BILLS: (5, WINDOW),
    FILLS: (60, WINDOW),
    OLD_FILLS: (10, WINDOW),
}
"""Signed requests that the venue takes from one user, and in how many seconds."""

READS: Reads = frozenset(("GET", path) for path in (*PER_TWO_SECONDS, *PER_MARKET, *OF_THE_OWNER))
"""The paths that only read: nothing else is ever sent to OKX."""

FORGOTTEN = 120.0
"""Seconds after which nobody waits for a budget any more and nothing in it counts."""


class Budgets:
    """A budget per path, and per path and market where the venue counts those apart."""

    def __init__(self) -> None:
        self._paths = {path: Budget(most, WINDOW) for path, most in PER_TWO_SECONDS.items()}
        self._paths |= {path: Budget(*limit) for path, limit in OF_THE_OWNER.items()}
        self._markets: dict[tuple[str, str], tuple[float, Budget]] = {}
        """With the time of the last use, in that order."""

    def __len__(self) -> int:
        return len(self._paths) + len(self._markets)

    def of(self, path: str, symbol: str | None = None) -> Budget:
        """What a request for `path`, about the market `symbol`, is counted in."""
        if symbol is None or path not in PER_MARKET:
            return self._paths[path]
        now, key = monotonic(), (path, symbol)
        used = self._markets.pop(key, None)
        budget = Budget(PER_MARKET[path], WINDOW) if used is None else used[1]
        self._markets[key] = (now, budget)
        self._forget(now - FORGOTTEN)
        return budget

    def fullest(self) -> tuple[str, Budget]:
        """The path, and the market's budget there, of whose limit the greatest part is used."""
        now = monotonic()
        markets = ((path, budget) for (path, _), (_, budget) in self._markets.items())
        return max(
            (*self._paths.items(), *markets), key=lambda one: one[1].used(now) / one[1].limit
        )

    def _forget(self, before: float) -> None:
        old = takewhile(lambda item: item[1][0] < before, self._markets.items())
        for key in [key for key, _ in old]:
            del self._markets[key]
