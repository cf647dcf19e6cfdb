"""The requests to Binance that only read: nothing else is ever sent there."""

from crypto_assistant.net.request import Reads

MARKET = {
    "/api/v3": ("time", "exchangeInfo", "ticker/24hr", "klines", "aggTrades"),
    "/fapi/v1": (
        *("exchangeInfo", "ticker/24hr", "ticker/bookTicker", "klines", "aggTrades"),
        *("premiumIndex", "fundingInfo", "openInterest", "fundingRate", "markPriceKlines"),
    ),
    "/dapi/v1": (
        *("exchangeInfo", "ticker/24hr", "ticker/bookTicker", "klines", "aggTrades"),
        *("premiumIndex", "fundingInfo", "openInterest", "fundingRate", "markPriceKlines"),
    ),
    "/futures/data": (
        *("openInterestHist", "globalLongShortAccountRatio", "topLongShortAccountRatio"),
        *("topLongShortPositionRatio", "takerlongshortRatio", "takerBuySellVol"),
    ),
}

ACCOUNT = {
    "/sapi/v1": ("account/apiRestrictions",),
    "/api/v3": ("account",),
    "/fapi/v3": ("account", "positionRisk"),
    "/fapi/v1": ("symbolConfig", "income", "userTrades"),
    "/dapi/v1": ("account", "positionRisk", "income", "userTrades"),
}

POSTED = frozenset({("POST", "/sapi/v1/asset/get-funding-asset")})
"""It answers what is in the funding wallet, and does nothing."""

READS: Reads = POSTED | frozenset(
    ("GET", f"{prefix}/{name}")
    for paths in (MARKET, ACCOUNT)
    for prefix, names in paths.items()
    for name in names
)
