"""Binance's key and the wallets beside futures: https://developers.binance.com/docs/wallet"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from crypto_assistant.sandbox.account.owner import Account
from crypto_assistant.sandbox.binance.answers import Row
from crypto_assistant.sandbox.binance.income import coins
from crypto_assistant.sandbox.face import Query, Signed, plain
from crypto_assistant.sandbox.world import World
from crypto_assistant.sandbox.worth import usd

_ABSENT: Final = (
    "Cross Margin", "Isolated Margin", "Earn", "Options", "Trading Bots", "Copy Trading",
)  # fmt: skip


class Wallets:
    def __init__(self, world: World, account: Account) -> None:
        self._world = world
        self._owner, self._book = account

    @property
    def routes(self) -> Mapping[str, Signed]:
        return {
            "/sapi/v1/account/apiRestrictions": Signed(self._restrictions, permission=""),
            "/api/v3/account": Signed(self._spot),
            "/sapi/v3/asset/getUserAsset": Signed(self._user_assets, "POST"),
            "/sapi/v1/asset/get-funding-asset": Signed(self._funding, "POST"),
            "/sapi/v1/asset/wallet/balance": Signed(self._overview, permission="transfer"),
        }

    def _restrictions(self, _query: Query, _now: int) -> Row:
        may = self._owner.permissions
        return {
            "ipRestrict": False,
            "createTime": self._book.started,
            "enableReading": "read" in may,
            "enableWithdrawals": "withdraw" in may,
            "enableInternalTransfer": "transfer" in may,
            "enableMargin": False,
            "enableFutures": "trade" in may,
            "permitsUniversalTransfer": "transfer" in may,
            "enableVanillaOptions": False,
            "enableFixApiTrade": False,
            "enableFixReadOnly": False,
            "enableSpotAndMarginTrading": "trade" in may,
            "enablePortfolioMarginTrading": False,
        }

    def _spot(self, query: Query, now: int) -> Row:
        cash = self._book.balances("spot", now)
        if query.get("omitZeroBalances") == "true":
            cash = {coin: amount for coin, amount in cash.items() if amount}
        else:
            cash = {**dict.fromkeys(self._world.coins, Decimal(0)), **cash}
        return {
            "makerCommission": 10,
            "takerCommission": 10,
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": {
                "maker": "0.00100000",
                "taker": "0.00100000",
                "buyer": "0.00000000",
                "seller": "0.00000000",
            },
            # Of the account, not of the key.
            "canTrade": True,
            "canWithdraw": True,
            "canDeposit": True,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": self._book.started,
            "accountType": "SPOT",
            "balances": [
                {"asset": coin, "free": coins(amount), "locked": coins(Decimal(0))}
                for coin, amount in cash.items()
            ],
            "permissions": ["SPOT"],
            "uid": self._book.uid,
        }

    def _user_assets(self, query: Query, now: int) -> list[Row]:
        return [{**row, "ipoable": "0"} for row in self._assets("spot", query, now)]

    def _funding(self, query: Query, now: int) -> list[Row]:
        return self._assets("funding", query, now)

    def _assets(self, wallet: str, query: Query, now: int) -> list[Row]:
        """What there is of any coin, or of the one that is asked for."""
        valued = query.get("needBtcValuation") == "true"
        return [
            {
                "asset": coin,
                "free": plain(amount),
                "locked": "0",
                "freeze": "0",
                "withdrawing": "0",
                "btcValuation": coins(self._worth(coin, amount, "BTC", now)) if valued else "0",
            }
            for coin, amount in self._book.balances(wallet, now).items()
            if amount and query.get("asset") in (None, coin)
        ]

    def _overview(self, query: Query, now: int) -> list[Row]:
        """Each wallet as a whole, in one coin."""
        quote = query.get("quoteAsset", "BTC")
        wallets = {"Spot": "spot", "Funding": "funding", "USD-M Futures": "usdm",
                   "COIN-M Futures": "coinm"}  # fmt: skip
        sums = {name: self._total(wallet, quote, now) for name, wallet in wallets.items()}
        return [
            {
                "activate": name in sums,
                "balance": coins(sums.get(name, Decimal(0))),
                "walletName": name,
            }
            for name in (*wallets, *_ABSENT)
        ]

    def _total(self, wallet: str, quote: str, now: int) -> Decimal:
        total = Decimal(0)
        for held in (self._book.balances(wallet, now), self._book.unrealised(wallet, now)):
            total += sum(self._worth(coin, amount, quote, now) for coin, amount in held.items())
        return total

    def _worth(self, coin: str, amount: Decimal, quote: str, now: int) -> Decimal:
        """Nothing, for what has no price."""
        price = usd(self._world, "binance", coin, now)
        unit = usd(self._world, "binance", quote, now)
        return amount * price / unit if price and unit else Decimal(0)
