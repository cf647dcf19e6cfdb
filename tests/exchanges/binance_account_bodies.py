"""Binance's own bodies of an account, from a host that checks what is signed as the venue does."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from crypto_assistant.models import Family, Instrument
from crypto_assistant.net.signed import Key
from tests.exchanges.binance_bodies import COIN_PERP, PEPE, PERP
from tests.exchanges.conftest import NOW
from tests.net.loopback import Loopback, Reply

KEY = Key("vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2", "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YN")
HOUR = 3_600_000
DAY = 24 * HOUR

TIME = "/api/v3/time"
RESTRICTIONS = "/sapi/v1/account/apiRestrictions"
SPOT_ACCOUNT = "/api/v3/account"
OWNED = f"{SPOT_ACCOUNT}?omitZeroBalances=true"
FUNDING_ASSETS = "/sapi/v1/asset/get-funding-asset"
USDM_ACCOUNT = "/fapi/v3/account"
COINM_ACCOUNT = "/dapi/v1/account"
USDM_RISK = "/fapi/v3/positionRisk"
COINM_RISK = "/dapi/v1/positionRisk"
SETTINGS = "/fapi/v1/symbolConfig"
USDM_INCOME = "/fapi/v1/income"
COINM_INCOME = "/dapi/v1/income"
USDM_TRADES = "/fapi/v1/userTrades"
COINM_TRADES = "/dapi/v1/userTrades"

Row = Mapping[str, Any]


def refusal(code: int, message: str, status: int = 400) -> Reply:
    return Reply({"code": code, "msg": message}, status)


NO_PERMISSION = refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)
BAD_SIGNATURE = refusal(-1022, "Signature for this request is not valid.")
TOO_LATE = refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


@dataclass
class Rows:
    """At most a thousand rows of times from `startTime` to `endTime`, the oldest or the newest.

    `broken`: the number of the question that is refused.
    """

    rows: Sequence[Row]
    longest_ms: int = 365 * DAY
    newest: bool = False
    broken: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)

    def reply(self, query: dict[str, str]) -> Reply:
        self.asked.append(query)
        start, end = int(query["startTime"]), int(query["endTime"])
        most = int(query["limit"])
        if end - start > self.longest_ms:
            return refusal(-4088, f"Maximum time interval is {self.longest_ms // DAY} days.")
        if len(self.asked) == self.broken:
            return refusal(-1102, "Mandatory parameter 'endTime' was malformed.")
        found = sorted(self._of(query), key=lambda row: int(row["time"]))
        found = [row for row in found if start <= int(row["time"]) <= end]
        return Reply(found[-most:] if self.newest else found[:most])

    def _of(self, query: dict[str, str]) -> list[Row]:
        return [row for row in self.rows if query.get("symbol", row["symbol"]) == row["symbol"]]


class Venue(Loopback):
    """Answers nothing of the account to whoever does not sign what is sent byte for byte.

    Its clock is `ahead_ms` ahead of the host's. What it plays is told by the target without what
    signing adds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ahead_ms = HOUR
        self.signed: list[str] = []
        self.stamps: list[int] = []
        self._rows: dict[str, Rows] = {}

    @property
    def now_ms(self) -> int:
        return NOW + self.ahead_ms

    def tells(self, path: str, rows: Rows) -> Rows:
        self._rows[path] = rows
        return rows

    def asked_for(self, path: str) -> list[str]:
        return [target for target in self.asked if target.partition("?")[0] == path]

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == TIME:
            self.plays(TIME, {"serverTime": self.now_ms})
        elif "X-MBX-APIKEY" in request.headers:
            refused = self._refused(request, await request.read())
            if refused:
                self.plays(request.raw_path, refused)
            elif request.path in self._rows:
                query = {name: value[0] for name, value in parse_qs(request.query_string).items()}
                self.plays(request.raw_path, self._rows[request.path].reply(query))
        return await super()._handle(request)

    def _next(self, target: str) -> Reply | None:
        unsigned = re.sub(r"[?&]timestamp=.*", "", target)
        return super()._next(target) or super()._next(unsigned)

    def _refused(self, request: web.BaseRequest, body: bytes) -> Reply | None:
        query = request.raw_path.partition("?")[2]
        signed, _, signature = query.rpartition("&signature=")
        digest = hmac.new(KEY.secret.encode(), signed.encode() + body, hashlib.sha256)
        if request.headers["X-MBX-APIKEY"] != KEY.name:
            return NO_PERMISSION
        if signature != digest.hexdigest():
            return BAD_SIGNATURE
        told = parse_qs(signed)
        stamp, within = int(told["timestamp"][0]), int(told["recvWindow"][0])
        if not self.now_ms - within <= stamp < self.now_ms + 1000:
            return TOO_LATE
        self.stamps.append(stamp)
        self.signed.append(f"{request.method} {request.path}")
        return None


def restrictions(**more: Any) -> dict[str, Any]:
    """Of a key that only reads."""
    return {
        "ipRestrict": False,
        "createTime": 1698645219000,
        "enableReading": True,
        "enableWithdrawals": False,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": True,
        "enableSpotAndMarginTrading": False,
        "enablePortfolioMarginTrading": False,
        **more,
    }


def spot_account(*balances: Row, **more: Any) -> dict[str, Any]:
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": "0.001", "taker": "0.001", "buyer": "0", "seller": "0"},
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": 1701856395927,
        "accountType": "SPOT",
        "balances": list(balances),
        "permissions": ["SPOT"],
        "uid": 365859102,
        **more,
    }


def held(asset: str, free: str, locked: str = "0.00000000", **more: str) -> Row:
    return {"asset": asset, "free": free, "locked": locked, **more}


def margin_asset(asset: str, wallet: str, unrealised: str, margin: str) -> Row:
    return {
        "asset": asset,
        "walletBalance": wallet,
        "unrealizedProfit": unrealised,
        "marginBalance": margin,
        "maintMargin": "0.00000000",
        "initialMargin": "0.00000000",
        "positionInitialMargin": "0.00000000",
        "openOrderInitialMargin": "0.00000000",
        "crossWalletBalance": wallet,
        "crossUnPnl": unrealised,
        "availableBalance": wallet,
        "maxWithdrawAmount": wallet,
        "updateTime": 1625474304765,
    }


def futures_account(*assets: Row, **totals: str) -> dict[str, Any]:
    """Whose totals count USDT only."""
    usdt = {"totalWalletBalance": "23.72", "totalMarginBalance": "23.72", "availableBalance": "0"}
    return {**usdt, **totals, "assets": list(assets), "positions": []}


def risk(symbol: str, size: str, **more: Any) -> dict[str, Any]:
    """A row of USD-M, which has neither leverage nor kind of margin."""
    return {
        "symbol": symbol,
        "positionSide": "BOTH",
        "positionAmt": size,
        "entryPrice": "63000.5",
        "breakEvenPrice": "63025.7",
        "markPrice": "64005.00000000",
        "unRealizedProfit": "502.25000000",
        "liquidationPrice": "58000.25",
        "isolatedMargin": "0",
        "notional": "32002.50000000",
        "marginAsset": "USDT",
        "isolatedWallet": "0",
        "initialMargin": "2100.25000000",
        "maintMargin": "128.01",
        "positionInitialMargin": "1600.12500000",
        "openOrderInitialMargin": "500.125",
        "adl": 2,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": 1720736417660,
        **more,
    }


def setting(symbol: str, margin: str = "CROSSED", leverage: Any = 20) -> Row:
    return {
        "symbol": symbol,
        "marginType": margin,
        "isAutoAddMargin": False,
        "leverage": leverage,
        "maxNotionalValue": "1000000",
    }


def coin_risk(symbol: str, size: str, **more: Any) -> dict[str, Any]:
    """A row of COIN-M, in contracts."""
    return {
        "symbol": symbol,
        "positionAmt": size,
        "entryPrice": "62500.0",
        "breakEvenPrice": "62520.1",
        "markPrice": "64000.00000000",
        "unRealizedProfit": "0.00120000",
        "liquidationPrice": "0",
        "leverage": "10",
        "maxQty": "150",
        "marginType": "cross",
        "isolatedMargin": "0.00000000",
        "isAutoAddMargin": "false",
        "positionSide": "BOTH",
        "updateTime": 1627026881327,
        **more,
    }


def line(kind: str, amount: str, number: int, **more: Any) -> dict[str, Any]:
    """A line of the log of USD-M, a second after the one before it."""
    return {
        "symbol": "BTCUSDT",
        "incomeType": kind,
        "income": amount,
        "asset": "USDT",
        "info": kind,
        "time": NOW - DAY + 1000 * number,
        "tranId": 9_689_322_000 + number,
        "tradeId": str(number),
        **more,
    }


def trade(number: int, time_ms: int, **more: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "id": number,
        "orderId": 831238666,
        "side": "SELL",
        "price": "64000.10",
        "qty": "0.005",
        "realizedPnl": "0",
        "marginAsset": "USDT",
        "quoteQty": "320.0005",
        "commission": "0.12800020",
        "commissionAsset": "USDT",
        "time": time_ms,
        "positionSide": "BOTH",
        "buyer": False,
        "maker": False,
        **more,
    }


def find(family: Family, symbol: str) -> Instrument | None:
    """The markets that trade."""
    listed = {market.symbol: market for market in (PERP, PEPE, COIN_PERP)}
    market = listed.get(symbol)
    return market if market and market.family is family else None


def windows(asked: Sequence[Mapping[str, str]]) -> list[tuple[int, int]]:
    return sorted((int(query["startTime"]), int(query["endTime"])) for query in asked)


def are_adjacent(found: Sequence[tuple[int, int]]) -> bool:
    return all(end + 1 == start for (_, end), (start, _) in pairwise(found))
