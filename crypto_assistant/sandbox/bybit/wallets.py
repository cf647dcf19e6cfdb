"""Rows of Bybit's wallets: the unified one, the funding one, and both at a glance."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Final, TypeGuard

from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.events import Event, Fill, Move, Payment
from crypto_assistant.sandbox.bybit.answers import Row
from crypto_assistant.sandbox.bybit.positions import realised
from crypto_assistant.sandbox.face import plain
from crypto_assistant.sandbox.world import World
from crypto_assistant.sandbox.worth import usd

_ZERO: Final = Decimal(0)


class Wallets:
    """What the wallets of a book hold at one moment."""

    def __init__(self, world: World, book: Book, now: int) -> None:
        self._world = world
        self._book = book
        self._now = now
        self._cash = book.balances("unified", now)
        self._upl = book.unrealised("unified", now)
        held = book.holdings(now)
        self._initial = _sums((each.coin, each.margin) for each in held)
        self._maintained = _sums((each.coin, each.maintenance) for each in held)

    def unified(self, names: frozenset[str]) -> Row:
        """`names`: only these coins; none: all of which there is something."""
        coins = [self._coin(coin) for coin in sorted(names or self._held())]
        return {**self._totals(), "coin": coins}

    def cash(self, wallet: str, names: frozenset[str]) -> list[Row]:
        cash = self._book.balances(wallet, self._now)
        return [
            {
                "coin": coin,
                "walletBalance": plain(cash.get(coin, _ZERO)),
                "transferBalance": plain(cash.get(coin, _ZERO)),
                "bonus": "",
            }
            for coin in sorted(names or cash)
        ]

    def overview(self) -> list[Row]:
        funding = self._book.balances("funding", self._now)
        unified = {coin: self._equity(coin) for coin in self._held()}
        return [
            self._account("FundingAccount", funding),
            self._account("UnifiedTradingAccount", unified),
        ]

    def _worth(self, coins: Mapping[str, Decimal]) -> Decimal:
        return sum((self._usd(coin, amount) for coin, amount in coins.items()), _ZERO)

    @cached_property
    def _made(self) -> dict[str, Decimal]:
        """Realised since the account began."""
        events = self._book.events(self._book.started, self._now + 1)
        return _sums((e.coin, realised(e)) for e in events if _is_of_contracts(e))

    def _held(self) -> set[str]:
        return {coin for coin in self._cash.keys() | self._upl.keys() if self._equity(coin)}

    def _equity(self, coin: str) -> Decimal:
        return self._cash.get(coin, _ZERO) + self._upl.get(coin, _ZERO)

    def _usd(self, coin: str, amount: Decimal) -> Decimal:
        """A coin without a price is worth nothing to Bybit."""
        price = usd(self._world, "bybit", coin, self._now)
        return _ZERO if price is None else round(amount * price, 8)

    def _coin(self, coin: str) -> Row:
        return {
            **_COIN,
            "coin": coin,
            "equity": plain(self._equity(coin)),
            "usdValue": plain(self._usd(coin, self._equity(coin))),
            "walletBalance": plain(self._cash.get(coin, _ZERO)),
            "unrealisedPnl": plain(self._upl.get(coin, _ZERO)),
            "cumRealisedPnl": plain(self._made.get(coin, _ZERO)),
            "totalPositionIM": plain(self._initial.get(coin, _ZERO)),
            "totalPositionMM": plain(self._maintained.get(coin, _ZERO)),
        }

    def _totals(self) -> Row:
        cash, upl = self._worth(self._cash), self._worth(self._upl)
        initial, maintained = self._worth(self._initial), self._worth(self._maintained)
        equity = cash + upl
        return {
            "accountType": "UNIFIED",
            "totalEquity": plain(equity),
            "totalWalletBalance": plain(cash),
            "totalMarginBalance": plain(equity),
            "totalAvailableBalance": plain(equity - initial),
            "totalPerpUPL": plain(upl),
            **_twice("totalInitialMargin", initial),
            **_twice("totalMaintenanceMargin", maintained),
            **_twice("accountIMRate", round(initial / equity, 4) if equity else _ZERO),
            **_twice("accountMMRate", round(maintained / equity, 4) if equity else _ZERO),
            "accountLTV": "0",
        }

    def _account(self, name: str, coins: Mapping[str, Decimal]) -> Row:
        details = [{"coin": coin, "equity": plain(coins[coin])} for coin in sorted(coins)]
        return {
            "accountType": name,
            "totalEquity": plain(round(self._worth(coins), 2)),
            "valuationCurrency": "USD",
            "snapshotTime": str(self._now),
            "coinDetail": details,
        }


def _is_of_contracts(event: Event) -> TypeGuard[Fill | Payment]:
    return not isinstance(event, Move) and event.market.kind != "spot"


def _sums(amounts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for coin, amount in amounts:
        total[coin] += amount
    return total


def _twice(name: str, value: Decimal) -> Row:
    """Bybit sends these once more under another name."""
    return {name: plain(value), f"{name}ByMp": plain(value)}


_COIN: Final = {
    "locked": "0", "spotHedgingQty": "0", "borrowAmount": "0", "accruedInterest": "0",
    "totalOrderIM": "0", "bonus": "0", "marginCollateral": True, "collateralSwitch": True,
    "colRes": "0", "spotBorrow": "0", "availableToWithdraw": "", "availableToBorrow": "",
}  # fmt: skip
