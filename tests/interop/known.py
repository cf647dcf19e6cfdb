"""What the exchanges' own clients and ccxt know how to ask, found by making them ask it."""

import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import ccxt  # type: ignore[import-not-found]
import okx.Account  # type: ignore[import-not-found]
import okx.Funding  # type: ignore[import-not-found]
import okx.MarketData  # type: ignore[import-not-found]
import okx.PublicData  # type: ignore[import-not-found]
import okx.Trade  # type: ignore[import-not-found]
import okx.TradingData  # type: ignore[import-not-found]
import pybit.unified_trading  # type: ignore[import-not-found]
from binance_sdk_derivatives_trading_coin_futures import (  # type: ignore[import-not-found]
    derivatives_trading_coin_futures as coin_futures,
)
from binance_sdk_derivatives_trading_usds_futures import (  # type: ignore[import-not-found]
    derivatives_trading_usds_futures as usds_futures,
)
from binance_sdk_spot import spot  # type: ignore[import-not-found]
from binance_sdk_wallet import wallet  # type: ignore[import-not-found]

from crypto_assistant.sandbox import Sandbox, Seen

Names = dict[tuple[str, str, str], set[str]]
"""The parameters by setting of the host, method and path."""

BINANCE = (
    (spot.Spot, spot, "BINANCE_SPOT_URL"),
    (wallet.Wallet, wallet, "BINANCE_SPOT_URL"),
    (usds_futures.DerivativesTradingUsdsFutures, usds_futures, "BINANCE_USDM_URL"),
    (coin_futures.DerivativesTradingCoinFutures, coin_futures, "BINANCE_COINM_URL"),
)
OKX = (
    okx.Account.AccountAPI,
    okx.Funding.FundingAPI,
    okx.MarketData.MarketAPI,
    okx.PublicData.PublicAPI,
    okx.Trade.TradeAPI,
    okx.TradingData.TradingDataAPI,
)


def known(sandbox: Sandbox, urls: dict[str, str]) -> Names:
    """Of Bybit's paths, and of those of OKX that ccxt alone knows, no parameter: they take any."""
    sandbox.requests.clear()
    for client in _clients(urls):
        _ask_everything(client)
    return _listed_by_ccxt() | names_in(sandbox.requests)


def names_in(requests: Iterable[Seen]) -> Names:
    found: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for seen in requests:
        found[seen.host, seen.method, seen.path] |= seen.query.keys()
    return dict(found)


def _listed_by_ccxt() -> Names:
    listed = ccxt.okx().describe()["api"]
    paths = [path for access in ("public", "private") for path in listed[access]["get"]]
    return {("OKX_URL", "GET", f"/api/v5/{path}"): set() for path in paths}


def _clients(urls: dict[str, str]) -> Iterator[Any]:
    for sdk, kit, host in BINANCE:
        config = kit.ConfigurationRestAPI("key", "secret", base_path=urls[host], retries=0)
        yield sdk(config_rest_api=config).rest_api
    session = pybit.unified_trading.HTTP(
        api_key="key", api_secret="secret", max_retries=1, retry_delay=0
    )
    session.endpoint = urls["BYBIT_URL"]
    yield session
    for api in OKX:
        yield api("key", "secret", "passphrase", domain=urls["OKX_URL"])


def _ask_everything(client: Any) -> None:
    """By every method of the client, with every parameter that the method names."""
    package = type(client).__module__.partition(".")[0]
    for name, method in inspect.getmembers(client, inspect.ismethod):
        if method.__module__.startswith(package) and not name.startswith("_"):
            with suppress(Exception):  # Most is refused; what counts is what was sent.
                method(**dict.fromkeys(_named(method), "1"))


def _named(method: Any) -> list[str]:
    parameters = inspect.signature(method).parameters.values()
    return [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
