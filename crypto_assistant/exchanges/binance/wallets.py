"""What Binance's wallets hold, coin by coin."""

from collections.abc import Iterable, Mapping
from math import fsum
from typing import Any

from crypto_assistant.exchanges.binance.amounts import amount, each
from crypto_assistant.exchanges.payload import name, number
from crypto_assistant.models import Balance, Holding, Wallet, known

SPOT = ("free", "locked")
FUNDING = ("free", "locked", "freeze", "withdrawing")


def spot(payload: Any, received_ms: int) -> Balance:
    held = (_cash(row, SPOT) for row in each(payload["balances"]))
    return _balance(Wallet.SPOT, held, received_ms)


def funding(payload: Any, received_ms: int) -> Balance:
    """What is being withdrawn has not left yet."""
    held = (_cash(row, FUNDING) for row in each(payload))
    return _balance(Wallet.FUNDING, held, received_ms)


def margined(wallet: Wallet, payload: Any, received_ms: int) -> Balance:
    """A futures wallet.

    Its totals are left alone: outside multi-assets mode those of USD-M count USDT only.
    """
    return _balance(wallet, map(_equity, each(payload["assets"])), received_ms)


def _cash(row: Mapping[str, Any], parts: tuple[str, ...]) -> Holding:
    return Holding(name(row["asset"]), fsum(amount(row[part]) for part in parts))


def _equity(row: Mapping[str, Any]) -> Holding:
    unrealised = known(number(row.get("unrealizedProfit")))
    return Holding(name(row["asset"]), amount(row["marginBalance"]), unrealised)


def _balance(wallet: Wallet, held: Iterable[Holding], received_ms: int) -> Balance:
    holdings = tuple(holding for holding in held if holding.coins or holding.unrealised)
    return Balance("binance", wallet, holdings, received_ms)
