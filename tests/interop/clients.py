"""ccxt's clients, turned to the sandbox."""

from typing import Any

import ccxt  # type: ignore[import-not-found]

OPTIONS = {"enableRateLimit": False, "timeout": 20_000}


def ccxt_clients(urls: dict[str, str]) -> dict[str, Any]:
    """One for each venue, its markets loaded."""
    exchanges = {
        "binance": ccxt.binance(OPTIONS),
        "bybit": ccxt.bybit(OPTIONS),
        "okx": ccxt.okx(OPTIONS),
    }
    for exchange in exchanges.values():
        _redirect(exchange, urls)
    exchanges["bybit"].options["fetchMarkets"] = {"types": ["spot", "linear", "inverse"]}
    exchanges["okx"].options["fetchMarkets"] = {"types": ["spot", "swap", "future"]}
    for exchange in exchanges.values():
        exchange.load_markets()
    return exchanges


def _redirect(exchange: Any, urls: dict[str, str]) -> None:
    hosts = {
        "https://api.binance.com": urls["BINANCE_SPOT_URL"],
        "https://fapi.binance.com": urls["BINANCE_USDM_URL"],
        "https://dapi.binance.com": urls["BINANCE_COINM_URL"],
        "https://api.{hostname}": urls["BYBIT_URL"],
        "https://{hostname}": urls["OKX_URL"],
    }
    for name, address in exchange.urls["api"].items():
        for real, ours in hosts.items():
            if isinstance(address, str) and address.startswith(real):
                exchange.urls["api"][name] = address.replace(real, ours)
