"""Parameters that no client names, with their one witness: a page of the documentation."""

from typing import Final

_BYBIT: Final = "https://bybit-exchange.github.io/docs/v5"
_OKX: Final = "https://www.okx.com/docs-v5/en"
_STATISTICS: Final = f"{_OKX}/#trading-statistics-rest-api-get"
_RUBIK: Final = "/api/v5/rubik/stat"

_BARS: Final = "category symbol interval start end limit"
_PERIODS: Final = "instId period begin end limit"
_WINDOW: Final = "startTime endTime limit cursor"

DOCUMENTED: Final = {
    "/v5/account/transaction-log": (
        f"{_BYBIT}/account/transaction-log",
        f"accountType category currency baseCoin type transSubType {_WINDOW}",
    ),
    "/v5/account/wallet-balance": (f"{_BYBIT}/account/wallet-balance", "accountType coin"),
    "/v5/asset/transfer/query-account-coins-balance": (
        f"{_BYBIT}/asset/balance/all-balance",
        "memberId accountType coin withBonus",
    ),
    "/v5/execution/list": (
        f"{_BYBIT}/order/execution",
        f"category symbol orderId orderLinkId baseCoin settleCoin execType {_WINDOW}",
    ),
    "/v5/market/account-ratio": (
        f"{_BYBIT}/market/long-short-ratio",
        f"category symbol period {_WINDOW}",
    ),
    "/v5/market/funding/history": (
        f"{_BYBIT}/market/history-fund-rate",
        "category symbol startTime endTime limit",
    ),
    "/v5/market/instruments-info": (
        f"{_BYBIT}/market/instrument",
        "category symbol symbolType status baseCoin limit cursor",
    ),
    "/v5/market/kline": (f"{_BYBIT}/market/kline", _BARS),
    "/v5/market/mark-price-kline": (f"{_BYBIT}/market/mark-kline", _BARS),
    "/v5/market/open-interest": (
        f"{_BYBIT}/market/open-interest",
        f"category symbol intervalTime {_WINDOW}",
    ),
    "/v5/market/recent-trade": (
        f"{_BYBIT}/market/recent-trade",
        "category symbol baseCoin optionType limit",
    ),
    "/v5/market/tickers": (f"{_BYBIT}/market/tickers", "category symbol baseCoin expDate"),
    "/v5/position/list": (f"{_BYBIT}/position", "category symbol baseCoin settleCoin limit cursor"),
    f"{_RUBIK}/taker-volume-contract": (f"{_STATISTICS}-contract-taker-volume", f"{_PERIODS} unit"),
    f"{_RUBIK}/contracts/long-short-account-ratio-contract": (
        f"{_STATISTICS}-contract-long-short-ratio",
        _PERIODS,
    ),
    f"{_RUBIK}/contracts/long-short-account-ratio-contract-top-trader": (
        f"{_STATISTICS}-top-traders-contract-long-short-ratio",
        _PERIODS,
    ),
    f"{_RUBIK}/contracts/long-short-position-ratio-contract-top-trader": (
        f"{_STATISTICS}-top-traders-contract-long-short-ratio-by-position",
        _PERIODS,
    ),
    "/api/v5/trade/fills-history": (
        f"{_OKX}/#order-book-trading-trade-get-transaction-details-last-3-months",
        "begin end",
    ),
}
"""By path: the page, and what it names."""
