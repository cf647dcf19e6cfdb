"""The paths of Bybit that only read: nothing else is ever sent there."""

from crypto_assistant.exchanges.bybit.limits import PER_SECOND
from crypto_assistant.net.request import Reads

MARKET = (
    *("time", "instruments-info", "tickers", "kline", "mark-price-kline", "recent-trade"),
    *("open-interest", "account-ratio", "funding/history"),
)

READS: Reads = frozenset(
    ("GET", path) for path in (*(f"/v5/market/{name}" for name in MARKET), *PER_SECOND)
)
