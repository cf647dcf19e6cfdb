"""What Bybit says of a key and of the kind of account behind it.

https://bybit-exchange.github.io/docs/v5/user/apikey-info
https://bybit-exchange.github.io/docs/v5/account/account-info
"""

from collections.abc import Set
from typing import Final

from crypto_assistant.sandbox.account.owner import Account
from crypto_assistant.sandbox.bybit.answers import Row, answer
from crypto_assistant.sandbox.face import Query


def key(account: Account, _query: Query, now: int) -> Row:
    owner, uid = account.owner, account.book.uid
    powers = owner.permissions - {"read"}
    row = {
        **_KEY,
        "apiKey": owner.key,
        "readOnly": int(not powers),
        "permissions": _permissions(powers),
        "uta": int(owner.standing != "classic"),
        "userID": uid,
        "userIDInt64": str(uid),
    }
    return answer(row, now, message="")


def info(account: Account, _query: Query, now: int) -> Row:
    standing = account.owner.standing
    row = {
        "unifiedMarginStatus": 1 if standing == "classic" else 5,
        "marginMode": "PORTFOLIO_MARGIN" if standing == "portfolio" else "REGULAR_MARGIN",
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
        "updatedTime": str(account.book.started),
        "dcpStatus": "OFF",
        "timeWindow": 0,
        "smpGroup": 0,
    }
    return answer(row, now)


def _permissions(powers: Set[str]) -> Row:
    """A key that only reads lists what it may look at, in the same words as one that acts."""
    trades = not powers or "trade" in powers
    moves = not powers or "transfer" in powers
    wallet = ["AccountTransfer", "SubMemberTransfer"] if moves else []
    return {
        **{group: [] for group in _NEVER},
        "ContractTrade": ["Order", "Position"] if trades else [],
        "Spot": ["SpotTrade"] if trades else [],
        "Derivatives": ["DerivativesTrade"] if trades else [],
        "Wallet": [*wallet, "Withdraw"] if "withdraw" in powers else wallet,
        "Exchange": ["ExchangeHistory"],
        "Earn": ["Earn"],
    }


_NEVER: Final = (
    *("Options", "CopyTrading", "BlockTrade", "NFT", "Affiliate", "FiatP2P", "FiatConvertBroker"),
    *("FiatBybitPay", "FiatGlobalPay", "FiatBitPay", "BitCard", "ByXPost"),
)
_KEY: Final = {
    "id": "2208369", "note": "reader", "secret": "", "ips": ["127.0.0.1"], "type": 1,
    "deadlineDay": -2, "expiredAt": "1970-01-01T00:00:00Z", "createdAt": "2025-10-13T03:20:45Z",
    "unified": 0, "inviterID": 0, "vipLevel": "No VIP", "mktMakerLevel": "0", "affiliateID": 0,
    "rsaPublicKey": "", "isMaster": True, "parentUid": "0", "kycLevel": "LEVEL_1",
    "kycRegion": "", "inviterIDInt64": "0", "affiliateIDInt64": "0",
}  # fmt: skip
