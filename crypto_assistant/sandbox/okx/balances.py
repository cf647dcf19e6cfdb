"""OKX's balances: https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-balance"""

from collections.abc import Set
from decimal import Decimal
from typing import Final

from crypto_assistant.sandbox.account.book import Book
from crypto_assistant.sandbox.account.events import Holding
from crypto_assistant.sandbox.face import plain
from crypto_assistant.sandbox.okx.answers import Row
from crypto_assistant.sandbox.world import World
from crypto_assistant.sandbox.worth import usd

_ZERO: Final = Decimal(0)


class Balances:
    """What the two accounts of a book hold at one moment."""

    def __init__(self, world: World, book: Book, now: int) -> None:
        self._world = world
        self._now = now
        self._funding = book.balances("funding", now)
        self._cash = book.balances("trading", now)
        self._upl = book.unrealised("trading", now)
        self._holdings = book.holdings(now)

    def trading(self, names: Set[str]) -> Row:
        """`names`: only these currencies; none: all of which there is something."""
        isolated = sum((self._usd(h.coin, h.margin + h.unrealised) for h in self._apart()), _ZERO)
        details = [
            self._currency(coin)
            for coin in sorted(self._cash.keys() | self._upl.keys())
            if self._equity(coin) and (not names or coin in names)
        ]
        return {
            **dict.fromkeys(_BLANK, ""),
            "totalEq": plain(self.trading_usd()),
            "isoEq": plain(isolated),
            "uTime": str(self._now),
            "details": details,
        }

    def funding(self, names: Set[str]) -> list[Row]:
        return [
            {"availBal": plain(cash), "bal": plain(cash), "ccy": coin, "frozenBal": "0"}
            for coin, cash in sorted(self._funding.items())
            if cash > 0 and (not names or coin in names)
        ]

    def trading_usd(self) -> Decimal:
        coins = self._cash.keys() | self._upl.keys()
        return sum((self._usd(coin, self._equity(coin)) for coin in coins), _ZERO)

    def funding_usd(self) -> Decimal:
        return sum((self._usd(coin, cash) for coin, cash in self._funding.items()), _ZERO)

    def _currency(self, coin: str) -> Row:
        """What margins isolated positions has left the cash, but not the equity."""
        apart = [held for held in self._apart() if held.coin == coin]
        shared = [h for h in self._holdings if h.coin == coin and not h.isolated]
        margin = sum((held.margin for held in apart), _ZERO)
        isolated_upl = sum((held.unrealised for held in apart), _ZERO)
        initial = sum((held.margin for held in shared), _ZERO)
        maintenance = sum((held.maintenance for held in shared), _ZERO)
        cash, equity = self._cash.get(coin, _ZERO) - margin, self._equity(coin)
        available = equity - margin - isolated_upl - initial
        return {
            **_CURRENCY,
            "ccy": coin,
            "cashBal": plain(cash),
            "eq": plain(equity),
            "eqUsd": plain(self._usd(coin, equity)),
            "disEq": plain(self._usd(coin, equity)),
            "upl": plain(self._upl.get(coin, _ZERO)),
            "isoEq": plain(margin + isolated_upl),
            "isoUpl": plain(isolated_upl),
            "availBal": plain(available),
            "availEq": plain(available),
            "frozenBal": plain(initial + margin + isolated_upl),
            "imr": plain(initial) if shared else "",
            "mmr": plain(maintenance) if shared else "",
            "mgnRatio": plain(round((equity - margin) / maintenance, 6)) if shared else "",
            "notionalLever": plain(round(initial / equity, 6)) if shared else "",
            "uTime": str(self._now),
        }

    def _apart(self) -> list[Holding]:
        return [holding for holding in self._holdings if holding.isolated]

    def _equity(self, coin: str) -> Decimal:
        return self._cash.get(coin, _ZERO) + self._upl.get(coin, _ZERO)

    def _usd(self, coin: str, amount: Decimal) -> Decimal:
        """A currency without a price is worth nothing to OKX."""
        price = usd(self._world, "okx", coin, self._now)
        return _ZERO if price is None else round(amount * price, 10)


# Empty where the account margins each currency by itself.
_BLANK: Final = (
    *("adjEq", "availEq", "borrowFroz", "delta", "deltaLever", "deltaNeutralStatus", "imr"),
    *("mgnRatio", "mmr", "notionalUsd", "notionalUsdForBorrow", "notionalUsdForFutures"),
    *("notionalUsdForOption", "notionalUsdForSwap", "ordFroz", "upl"),
)
_CURRENCY: Final = {
    "accAvgPx": "", "autoLendMtAmt": "0", "autoLendStatus": "off", "borrowFroz": "",
    "clSpotInUseAmt": "", "colBorrAutoConversion": "0", "colRes": "0", "collateralEnabled": False,
    "collateralRestrict": False, "crossLiab": "", "fixedBal": "0", "frpType": "0", "interest": "",
    "isoLiab": "", "liab": "", "maxLoan": "", "maxSpotInUse": "", "openAvgPx": "",
    "ordFrozen": "0", "rewardBal": "0", "smtSyncEq": "0", "spotBal": "", "spotCopyTradingEq": "0",
    "spotInUseAmt": "", "spotIsoBal": "0", "spotUpl": "", "spotUplRatio": "", "stgyEq": "0",
    "totalPnl": "", "totalPnlRatio": "", "twap": "0", "uplLiab": "",
}  # fmt: skip
