"""The coins that Binance's futures are margined with, and what of them is free."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crypto_assistant.sandbox.account.events import Holding
from crypto_assistant.sandbox.account.owner import Account
from crypto_assistant.sandbox.binance.answers import Row
from crypto_assistant.sandbox.binance.income import coins
from crypto_assistant.sandbox.binance.positions import initial


@dataclass(frozen=True, slots=True)
class Purse:
    """One coin: what lies there, and the positions that are settled in it."""

    coin: str
    cash: Decimal
    holdings: Sequence[Holding]
    now: int

    @property
    def unrealised(self) -> Decimal:
        return _sum(holding.unrealised for holding in self.holdings)

    @property
    def cross_cash(self) -> Decimal:
        return self.cash - _sum(h.margin for h in self.holdings if h.isolated)

    @property
    def cross_unrealised(self) -> Decimal:
        return _sum(holding.unrealised for holding in self.holdings if not holding.isolated)

    @property
    def margin(self) -> Decimal:
        return _sum(initial(holding) for holding in self.holdings)

    @property
    def maintenance(self) -> Decimal:
        return _sum(holding.maintenance for holding in self.holdings)

    @property
    def available(self) -> Decimal:
        used = _sum(initial(holding) for holding in self.holdings if not holding.isolated)
        return max(Decimal(0), self.cross_cash + self.cross_unrealised - used)


def purses(
    account: Account, wallet: str, wanted: Iterable[str], holdings: Sequence[Holding], now: int
) -> list[Purse]:
    cash = account.book.balances(wallet, now)
    return [
        Purse(coin, cash.get(coin, Decimal(0)), [h for h in holdings if h.coin == coin], now)
        for coin in wanted
    ]


def asset(purse: Purse) -> Row:
    """An asset of /fapi/v3/account and /dapi/v1/account."""
    return {
        "asset": purse.coin,
        "walletBalance": coins(purse.cash),
        "unrealizedProfit": coins(purse.unrealised),
        "marginBalance": coins(purse.cash + purse.unrealised),
        "maintMargin": coins(purse.maintenance),
        "initialMargin": coins(purse.margin),
        "positionInitialMargin": coins(purse.margin),
        "openOrderInitialMargin": "0.00000000",
        "crossWalletBalance": coins(purse.cross_cash),
        "crossUnPnl": coins(purse.cross_unrealised),
        "availableBalance": coins(purse.available),
        "maxWithdrawAmount": coins(purse.available),
        "updateTime": purse.now,
    }


def balance(purse: Purse, alias: str, most: str) -> Row:
    """A row of /fapi/v3/balance and /dapi/v1/balance, which name what may go out differently."""
    return {
        "accountAlias": alias,
        "asset": purse.coin,
        "balance": coins(purse.cash),
        "crossWalletBalance": coins(purse.cross_cash),
        "crossUnPnl": coins(purse.cross_unrealised),
        "availableBalance": coins(purse.available),
        most: coins(purse.available),
        "updateTime": purse.now,
    }


def totals(purse: Purse) -> Row:
    """Of /fapi/v3/account: in single-asset mode those of USDT alone."""
    return {
        "totalInitialMargin": coins(purse.margin),
        "totalMaintMargin": coins(purse.maintenance),
        "totalWalletBalance": coins(purse.cash),
        "totalUnrealizedProfit": coins(purse.unrealised),
        "totalMarginBalance": coins(purse.cash + purse.unrealised),
        "totalPositionInitialMargin": coins(purse.margin),
        "totalOpenOrderInitialMargin": "0.00000000",
        "totalCrossWalletBalance": coins(purse.cross_cash),
        "totalCrossUnPnl": coins(purse.cross_unrealised),
        "availableBalance": coins(purse.available),
        "maxWithdrawAmount": coins(purse.available),
    }


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
