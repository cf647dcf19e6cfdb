"""Bybit's own bodies of an account, from a host that checks what is signed as the venue does."""

import hashlib
import hmac
from typing import Any

from aiohttp import web

from crypto_assistant.models import Family, Instrument
from crypto_assistant.net.signed import Key
from tests.exchanges.bybit_bodies import BTCPERP, BTCUSD, BTCUSDT, PEPE1000, no, ok
from tests.net.loopback import Loopback

KEY = Key("keyABC0123", "secretXYZ789")
AHEAD_MS = 3_600_000
"""The venue's clock is an hour ahead of the host's."""

TIME = "/v5/market/time"
PERMISSIONS = "/v5/user/query-api"
STANDING = "/v5/account/info"
WALLET = "/v5/account/wallet-balance"
FUND = "/v5/asset/transfer/query-account-coins-balance"
POSITIONS = "/v5/position/list"
LOG = "/v5/account/transaction-log"
FILLS = "/v5/execution/list"


class Venue(Loopback):
    """Answers nothing of the account to whoever does not sign what is sent byte for byte."""

    def __init__(self) -> None:
        super().__init__()
        self.stamps: list[int] = []

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/v5/market/"):
            return await super()._handle(request)
        stamp = request.headers["X-BAPI-TIMESTAMP"]
        self.stamps.append(int(stamp))
        signed = f"{stamp}{KEY.name}{request.headers['X-BAPI-RECV-WINDOW']}"
        signed += request.raw_path.partition("?")[2]
        digest = hmac.new(KEY.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        if request.headers["X-BAPI-SIGN"] != digest or await request.read():
            refusal = no(10004) | {"retMsg": f"error sign! origin_string[{signed}]"}
            return web.json_response(refusal)
        return await super()._handle(request)


def clock(now_ms: int) -> dict[str, Any]:
    return ok({"timeSecond": str(now_ms // 1000), "timeNano": f"{now_ms}000000"})


def key(read_only: int = 1, **groups: Any) -> dict[str, Any]:
    """As it is documented; `groups`: what else the key may do."""
    permissions = {
        "ContractTrade": ["Order", "Position"],
        "Spot": ["SpotTrade"],
        "Wallet": ["AccountTransfer", "SubMemberTransfer"],
        "Options": [],
        "Derivatives": ["DerivativesTrade"],
        "Exchange": ["ExchangeHistory"],
        "NFT": [],
    }
    return ok(
        {
            "id": "2208369",
            "note": "reader",
            "apiKey": "XXXXXXXX",
            "readOnly": read_only,
            "secret": "",
            "permissions": permissions | groups,
            "ips": ["*"],
            "type": 1,
            "deadlineDay": 88,
            "expiredAt": "2026-12-15T03:13:24Z",
            "createdAt": "2026-09-15T03:13:24Z",
            "unified": 0,
            "uta": 1,
            "userID": 1448939,
            "inviterID": 0,
            "isMaster": True,
            "parentUid": "0",
        }
    )


def standing(status: object = 5, mode: str = "REGULAR_MARGIN") -> dict[str, Any]:
    return ok(
        {
            "marginMode": mode,
            "updatedTime": "1697078946000",
            "unifiedMarginStatus": status,
            "dcpStatus": "OFF",
            "timeWindow": 10,
            "smpGroup": 0,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
        }
    )


def held(coin: str, equity: str, **more: Any) -> dict[str, Any]:
    return {
        "availableToBorrow": "",
        "bonus": "0",
        "accruedInterest": "0",
        "availableToWithdraw": "",
        "totalOrderIM": "0",
        "equity": equity,
        "totalPositionMM": "0",
        "usdValue": "0",
        "spotHedgingQty": "0",
        "unrealisedPnl": "0",
        "collateralSwitch": True,
        "borrowAmount": "0",
        "totalPositionIM": "0",
        "walletBalance": equity,
        "cumRealisedPnl": "0",
        "locked": "0",
        "marginCollateral": True,
        "coin": coin,
        "spotBorrow": "0",
        **more,
    }


def wallet(*coins: dict[str, Any]) -> dict[str, Any]:
    account = {
        "totalEquity": "3.31216591",
        "accountIMRate": "0",
        "totalMarginBalance": "3.00326056",
        "accountType": "UNIFIED",
        "totalPerpUPL": "0",
        "totalWalletBalance": "3.00326056",
        "coin": list(coins),
    }
    return ok({"list": [account]})


def fund(*coins: tuple[str, str]) -> dict[str, Any]:
    rows = [
        {"coin": coin, "transferBalance": amount, "walletBalance": amount, "bonus": ""}
        for coin, amount in coins
    ]
    return ok({"memberId": "1448939", "accountType": "FUND", "balance": rows})


def position(symbol: str, side: str, size: str, **more: Any) -> dict[str, Any]:
    return {
        "positionIdx": 0,
        "riskId": 1,
        "riskLimitValue": "150",
        "symbol": symbol,
        "side": side,
        "size": size,
        "avgPrice": "60000",
        "positionValue": "30000",
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 2,
        "leverage": "10",
        "breakEvenPrice": "60050",
        "positionBalance": "0",
        "markPrice": "64000",
        "liqPrice": "",
        "bustPrice": "",
        "positionMM": "150",
        "positionMMByMp": "150",
        "positionIM": "3200.5",
        "positionIMByMp": "3200.5",
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": "2000",
        "curRealisedPnl": "-30.5",
        "cumRealisedPnl": "-120.25",
        "seq": 5723621632,
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "sessionAvgPrice": "",
        "createdTime": "1676538056258",
        "updatedTime": "1697673600012",
        **more,
    }


def line(kind: str, change: str, **more: Any) -> dict[str, Any]:
    """A row of the log; `change` is cash flow unless `more` says otherwise."""
    return {
        "transSubType": "",
        "id": "592324_XRPUSDT_161440249321",
        "symbol": "BTCUSDT",
        "side": "Buy",
        "funding": "",
        "orderLinkId": "",
        "orderId": "592b7e41-78fd-42e2-9aa3-91e1835ef3e1",
        "fee": "0",
        "change": change,
        "cashFlow": change,
        "transactionTime": "1672121182224",
        "type": kind,
        "feeRate": "0.0006",
        "bonusChange": "",
        "size": "100",
        "qty": "88",
        "cashBalance": "5086.56192602",
        "currency": "USDT",
        "category": "linear",
        "tradePrice": "0.3615",
        "tradeId": "5184f079-88ec-54c7-8774-5173cafd2b4e",
        "extraFees": "",
        **more,
    }


def execution(time_ms: int, side: str, size: str, price: str, **more: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "orderType": "Market",
        "underlyingPrice": "",
        "orderLinkId": "",
        "side": side,
        "indexPrice": "",
        "orderId": "8c065341-7b52-4ca9-ac2c-37e31ac55c94",
        "stopOrderType": "UNKNOWN",
        "leavesQty": "0",
        "execTime": str(time_ms),
        "feeCurrency": "",
        "isMaker": False,
        "execFee": "0.071409",
        "feeRate": "0.0006",
        "execId": f"{time_ms}-{side}-{size}-{price}",
        "tradeIv": "",
        "blockTradeId": "",
        "markPrice": "1183.54",
        "execPrice": price,
        "markIv": "",
        "orderQty": size,
        "orderPrice": "1236.9",
        "execValue": "119.015",
        "execType": "Trade",
        "execQty": size,
        "closedSize": "",
        "extraFees": "",
        "seq": 4688002127,
        **more,
    }


def pages(*rows: dict[str, Any], cursor: str = "", category: str = "linear") -> dict[str, Any]:
    return ok({"nextPageCursor": cursor, "category": category, "list": list(rows)})


def find(family: Family, symbol: str) -> Instrument | None:
    """The markets that trade now."""
    listed = (BTCUSDT, BTCPERP, BTCUSD, PEPE1000)
    return next((m for m in listed if (m.family, m.symbol) == (family, symbol)), None)
