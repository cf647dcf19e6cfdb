"""How many requests the exchanges allow: what each endpoint weighs, and what budget it has."""

from collections.abc import Mapping
from typing import Final

from crypto_assistant.sandbox.face import Query

# Requests of an account in a second.
BYBIT: Final[Mapping[str, int]] = {
    "/v5/user/query-api": 10,
    "/v5/account/info": 50,
    "/v5/account/wallet-balance": 50,
    "/v5/account/transaction-log": 25,
    "/v5/account/fee-rate": 5,
    "/v5/asset/transfer/query-account-coins-balance": 5,
    "/v5/asset/transfer/query-account-coin-balance": 5,
    "/v5/asset/asset-overview": 50,
    "/v5/position/list": 50,
    "/v5/position/closed-pnl": 50,
    "/v5/execution/list": 50,
}

# Requests in 2 s, and the parameter that has a budget for each of its values.
OKX: Final[Mapping[str, tuple[int, str]]] = {
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
    "/api/v5/market/mark-price-candles": (20, ""),
    "/api/v5/market/books": (40, ""),
    "/api/v5/market/trades": (100, ""),
    "/api/v5/account/config": (5, ""),
    "/api/v5/account/balance": (10, ""),
    "/api/v5/account/positions": (10, ""),
    "/api/v5/account/positions-history": (10, ""),
    "/api/v5/account/bills": (10, ""),  # five a second
    "/api/v5/account/bills-archive": (5, ""),
    "/api/v5/account/subtypes": (20, ""),
    "/api/v5/account/trade-fee": (5, ""),
    "/api/v5/asset/balances": (12, ""),  # six a second
    "/api/v5/asset/asset-valuation": (2, ""),  # one a second
    "/api/v5/trade/fills": (60, ""),
    "/api/v5/trade/fills-history": (10, ""),
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

# Binance: weight of a request that names one symbol, and of one for all of them.
_WEIGHTS: Final[Mapping[str, tuple[int, int]]] = {
    "/api/v3/ping": (1, 1),
    "/api/v3/time": (1, 1),
    "/api/v3/exchangeInfo": (20, 20),
    "/api/v3/ticker/24hr": (2, 80),
    "/api/v3/ticker/price": (2, 4),
    "/api/v3/ticker/bookTicker": (2, 4),
    "/api/v3/klines": (2, 2),
    "/api/v3/aggTrades": (4, 4),
    "/api/v3/account": (20, 20),
    "/sapi/v3/asset/getUserAsset": (5, 5),
    "/sapi/v1/asset/wallet/balance": (60, 60),
    "/fapi/v3/account": (5, 5),
    "/fapi/v3/balance": (5, 5),
    "/fapi/v3/positionRisk": (5, 5),
    "/fapi/v2/positionRisk": (5, 5),
    "/fapi/v1/symbolConfig": (5, 5),
    "/fapi/v1/accountConfig": (5, 5),
    "/fapi/v1/income": (30, 30),
    "/dapi/v1/account": (5, 5),
    "/dapi/v1/positionRisk": (1, 2),
    "/dapi/v1/income": (20, 20),
    **{
        f"/{host}{path}": weights
        for host in ("fapi", "dapi")
        for path, weights in {
            "/v1/ticker/24hr": (1, 40),
            "/v1/ticker/price": (1, 2),
            "/v2/ticker/price": (1, 2),
            "/v1/ticker/bookTicker": (2, 5),
            "/v1/aggTrades": (20, 20),
            "/v1/userTrades": (5, 5),
            "/v1/premiumIndex": (1, 10) if host == "fapi" else (10, 10),
        }.items()
    },
}


def weight(path: str, query: Query) -> int:
    """What Binance counts for a request."""
    if path.endswith("/depth"):
        return _by_limit(query, _SPOT_DEPTH if path.startswith("/api") else _DEPTH, 5)
    if path.endswith(("/klines", "/markPriceKlines")) and not path.startswith("/api"):
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
