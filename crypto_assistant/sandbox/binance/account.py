"""Binance's account: the key, the wallets, the futures on both hosts.

https://developers.binance.com/docs/wallet
https://developers.binance.com/docs/derivatives
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Final

from crypto_assistant.sandbox.account.events import Holding
from crypto_assistant.sandbox.account.owner import Account
from crypto_assistant.sandbox.binance import positions
from crypto_assistant.sandbox.binance.answers import Row, error, required
from crypto_assistant.sandbox.binance.income import income, trades
from crypto_assistant.sandbox.binance.margin import Purse, asset, balance, purses, totals
from crypto_assistant.sandbox.binance.symbols import ASSETS, pair
from crypto_assistant.sandbox.catalog import Market
from crypto_assistant.sandbox.face import Query, Signed

_ALIAS: Final = "SgsR"
_FREE: Final = {
    "feeTier": 0,
    "canTrade": True,
    "canDeposit": True,
    "canWithdraw": True,
    "updateTime": 0,
}


class FuturesAccount(ABC):
    """What the two futures hosts tell of the account."""

    prefix: ClassVar[str]
    wallet: ClassVar[str]
    page: ClassVar[int]  # trades, where no limit is named

    def __init__(self, markets: Mapping[str, Market], account: Account) -> None:
        self._markets = markets
        self._account = account

    @property
    def routes(self) -> dict[str, Signed]:
        return {
            f"{self.prefix}/v1/income": Signed(self._income),
            f"{self.prefix}/v1/userTrades": Signed(self._trades),
        }

    @abstractmethod
    def _asked(self, query: Query) -> Mapping[str, Market]: ...

    @abstractmethod
    def _coins(self) -> list[str]: ...

    def _income(self, query: Query, now: int) -> list[Row]:
        owner, book = self._account
        return income(book, self.wallet, query, now, lenient=owner.lenient)

    def _trades(self, query: Query, now: int) -> list[Row]:
        markets = self._asked(query)
        return trades(self._account.book, markets, query, now, default=self.page)

    def _holdings(self, now: int) -> list[Holding]:
        holdings = self._account.book.holdings(now)
        return [held for held in holdings if self._markets.get(held.market.symbol) is held.market]

    def _purses(self, now: int) -> list[Purse]:
        return purses(self._account, self.wallet, self._coins(), self._holdings(now), now)

    def _market(self, symbol: str) -> Market:
        if symbol not in self._markets:
            raise error(-1121, "Invalid symbol.")
        return self._markets[symbol]

    def _named(self, query: Query) -> list[Market]:
        """The market that is asked for, or all that are traded."""
        if "symbol" in query:
            return [self._market(query["symbol"])]
        return [market for market in self._markets.values() if market.closed is None]


class UsdMAccount(FuturesAccount):
    """Hedge mode, single-asset mode."""

    prefix = "/fapi"
    wallet = "usdm"
    page = 500

    @property
    def routes(self) -> dict[str, Signed]:
        return {
            **super().routes,
            "/fapi/v3/account": Signed(self._summary),
            "/fapi/v3/balance": Signed(self._balances),
            "/fapi/v3/positionRisk": Signed(self._risks),
            "/fapi/v2/positionRisk": Signed(self._legacy_risks),
            "/fapi/v1/symbolConfig": Signed(self._settings),
            "/fapi/v1/accountConfig": Signed(self._modes),
        }

    def _asked(self, query: Query) -> Mapping[str, Market]:
        market = self._market(required(query, "symbol"))
        return {market.symbol: market}

    def _coins(self) -> list[str]:
        return [row["asset"] for row in ASSETS]

    def _summary(self, _query: Query, now: int) -> Row:
        held = self._purses(now)
        return {
            **totals(held[0]),
            "assets": [asset(purse) for purse in held],
            "positions": [positions.brief(holding) for holding in self._holdings(now)],
        }

    def _balances(self, _query: Query, now: int) -> list[Row]:
        return [
            {**balance(purse, _ALIAS, "maxWithdrawAmount"), "marginAvailable": True}
            for purse in self._purses(now)
        ]

    def _risks(self, query: Query, now: int) -> list[Row]:
        """Only what is held."""
        wanted = self._named(query)
        return [positions.risk(held) for held in self._holdings(now) if held.market in wanted]

    def _legacy_risks(self, query: Query, now: int) -> list[Row]:
        legs = positions.with_empty(self._holdings(now), self._named(query), ("long", "short"))
        return [positions.legacy_risk(holding) for holding in legs]

    def _settings(self, query: Query, now: int) -> list[Row]:
        holdings = self._holdings(now)
        return [positions.settings(market, holdings) for market in self._named(query)]

    def _modes(self, _query: Query, _now: int) -> Row:
        return {**_FREE, "dualSidePosition": True, "multiAssetsMargin": False, "tradeGroupId": -1}


class CoinMAccount(FuturesAccount):
    """One-way mode."""

    prefix = "/dapi"
    wallet = "coinm"
    page = 50

    @property
    def routes(self) -> dict[str, Signed]:
        return {
            **super().routes,
            "/dapi/v1/account": Signed(self._summary),
            "/dapi/v1/balance": Signed(self._balances),
            "/dapi/v1/positionRisk": Signed(self._risks),
        }

    def _asked(self, query: Query) -> Mapping[str, Market]:
        """The trades of one contract, or of all of a pair."""
        if ("symbol" in query) == ("pair" in query):
            raise error(-1128, "Combination of optional parameters invalid.")
        if "symbol" in query:
            return {query["symbol"]: self._market(query["symbol"])}
        return {m.symbol: m for m in self._markets.values() if pair(m) == query["pair"]}

    def _coins(self) -> list[str]:
        return list(dict.fromkeys(market.settle for market in self._markets.values()))

    def _every(self, query: Query, now: int) -> list[Holding]:
        markets = [
            market
            for market in self._named(query)
            if query.get("pair") in (None, pair(market))
            and query.get("marginAsset") in (None, market.settle)
        ]
        return positions.with_empty(self._holdings(now), markets, ("net",))

    def _summary(self, query: Query, now: int) -> Row:
        return {
            "assets": [asset(purse) for purse in self._purses(now)],
            "positions": [positions.coinm_brief(holding) for holding in self._every({}, now)],
            **_FREE,
        }

    def _balances(self, _query: Query, now: int) -> list[Row]:
        return [balance(purse, _ALIAS, "withdrawAvailable") for purse in self._purses(now)]

    def _risks(self, query: Query, now: int) -> list[Row]:
        return [positions.coinm_risk(holding) for holding in self._every(query, now)]
