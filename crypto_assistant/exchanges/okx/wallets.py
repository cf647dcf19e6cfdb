"""What OKX's wallets hold: the trading account, and the funding account beside it."""

from collections.abc import Mapping
from math import isnan
from typing import Any

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.okx.envelope import objects
from crypto_assistant.exchanges.payload import name, number, rows, uid, withdraws
from crypto_assistant.models import Balance, Holding, Permissions, Wallet, known

READS_ONLY = "read_only"


def permissions(data: Any, received_ms: int) -> Permissions:
    """A key that does not say that it may read says nothing that could be trusted.

    Documented are read_only, trade and withdraw.
    """
    config = rows(data)[0]
    listed = [name(power.strip()) for power in config["perm"].split(",")]
    if READS_ONLY not in listed:
        raise Malformed("a key without its permissions")
    powers = tuple(power for power in listed if power != READS_ONLY)
    return Permissions(uid(config["uid"]), powers, withdraws(powers), received_ms)


def trading(data: Any, received_ms: int) -> Balance:
    """Equity coin by coin: isolated margin, debts and unrealised PnL included, bots not."""
    holdings = [_holding(coin) for coin in objects(rows(data)[0]["details"])]
    return _balance(Wallet.TRADING, holdings, received_ms)


def funding(data: Any, received_ms: int) -> Balance:
    """What is frozen is part of "bal"."""
    holdings = [Holding(name(coin["ccy"]), _amount(coin["bal"])) for coin in objects(data)]
    return _balance(Wallet.FUNDING, holdings, received_ms)


def _balance(wallet: Wallet, holdings: list[Holding], received_ms: int) -> Balance:
    return Balance("okx", wallet, tuple(coin for coin in holdings if coin.coins), received_ms)


def _holding(coin: Mapping[str, Any]) -> Holding:
    equity, usd = _amount(coin["eq"]), known(number(coin.get("eqUsd")))
    coins = equity - (known(number(coin.get("stgyEq"))) or 0.0)
    return Holding(
        name(coin["ccy"]),
        coins,
        # Of an account that only trades spot it is "": nothing in it is unrealised.
        0.0 if coin["upl"] == "" else known(number(coin["upl"])),
        usd * (coins / equity) if usd and equity else None,  # 0: it knows no price.
    )


def _amount(value: object) -> float:
    amount = number(value)
    if isnan(amount):
        raise Malformed("a coin without its amount")
    return amount
