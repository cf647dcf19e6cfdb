"""What the owner's wallets at Bybit hold.

https://bybit-exchange.github.io/docs/v5/account/wallet-balance
https://bybit-exchange.github.io/docs/v5/asset/balance/all-balance
"""

from collections.abc import Mapping
from math import isnan
from typing import Any

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.bybit.envelope import found
from crypto_assistant.exchanges.payload import name, number
from crypto_assistant.models import Balance, Holding, Wallet
from crypto_assistant.models.units import known


def unified(result: Any, received_ms: int) -> Balance:
    """Equity: what is borrowed is off it, unrealised PnL and the value of options are in it."""
    (account,) = result["list"]
    held = [_in_unified(row) for row in found(account["coin"])]
    return _balance(Wallet.UNIFIED, held, received_ms)


def funding(result: Any, received_ms: int) -> Balance:
    held = [
        Holding(name(row["coin"]), _coins(row["walletBalance"])) for row in found(result["balance"])
    ]
    return _balance(Wallet.FUNDING, held, received_ms)


def _balance(wallet: Wallet, held: list[Holding], received_ms: int) -> Balance:
    some = tuple(holding for holding in held if holding.coins or holding.unrealised)
    return Balance("bybit", wallet, some, received_ms)


def _in_unified(row: Mapping[str, Any]) -> Holding:
    return Holding(
        name(row["coin"]),
        _coins(row["equity"]),
        unrealised=known(number(row["unrealisedPnl"])),
        # Of a coin that the venue does not value it is 0.
        venue_usd=known(number(row["usdValue"])) or None,
    )


def _coins(cell: object) -> float:
    coins = number(cell)
    if isnan(coins):
        raise Malformed("a coin without its amount")
    return coins
