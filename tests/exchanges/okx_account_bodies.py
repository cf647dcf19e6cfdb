"""OKX as the owner's account meets it: checked signatures, whole bodies, histories in pages."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from crypto_assistant.net.signed import Key
from tests.exchanges.conftest import NOW
from tests.exchanges.okx_bodies import ok
from tests.net.loopback import Loopback

TIME = "/api/v5/public/time"
CONFIG = "/api/v5/account/config"
BALANCE = "/api/v5/account/balance"
FUNDING_BALANCES = "/api/v5/asset/balances"
POSITIONS = "/api/v5/account/positions"
BILLS = "/api/v5/account/bills"
OLD_BILLS = "/api/v5/account/bills-archive"
FILLS = "/api/v5/trade/fills"
OLD_FILLS = "/api/v5/trade/fills-history"

KEY = Key(
    "37c541a1-aaaa-bbbb-cccc-10fe7a038418", "22582BD0CFF14C41EDBF1AB98506286D", "Pass phrase1!"
)


@dataclass(frozen=True)
class Received:
    """A signed request as it arrived."""

    target: str
    headers: Mapping[str, str]

    def is_signed(self, key: Key = KEY) -> bool:
        """Whether the owner of the key's secret has signed what arrived."""
        text = f"{self.headers['OK-ACCESS-TIMESTAMP']}GET{self.target}"
        digest = hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).digest()
        return self.headers["OK-ACCESS-SIGN"] == base64.b64encode(digest).decode()


@dataclass
class History:
    """Rows that are told in pages, from the newest back to those of `reach_ms` ago."""

    rows: Sequence[Mapping[str, Any]]
    reach_ms: int
    ends_count: bool = True
    stuck: bool = False
    broken_after: int = 1_000
    asked: list[Mapping[str, str]] = field(default_factory=list)

    def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        self.asked.append(query)
        if len(self.asked) > self.broken_after:
            return {"code": "51000", "msg": "Parameter after error", "data": []}
        rows = sorted(self.rows, key=lambda row: int(row["billId"]), reverse=True)
        return ok(*[row for row in rows if self._wanted(row, query)][: int(query["limit"])])

    def _wanted(self, row: Mapping[str, Any], query: Mapping[str, str]) -> bool:
        time, begin, end = (int(text) for text in (row["ts"], query["begin"], query["end"]))
        within = begin <= time <= end if self.ends_count else begin < time < end
        older = self.stuck or int(row["billId"]) < int(query.get("after", 10**19))
        of_market = query.get("instId", row["instId"]) == row["instId"]
        return within and older and of_market and time >= NOW - self.reach_ms


class Venue(Loopback):
    """Plays what a test tells it to and keeps the signed requests with their headers."""

    def __init__(self) -> None:
        super().__init__()
        self.signed: list[Received] = []
        self._histories: dict[str, History] = {}
        self.plays(TIME, ok({"ts": str(NOW)}))

    def tells(self, path: str, history: History) -> History:
        self._histories[path] = history
        return history

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if "OK-ACCESS-KEY" in request.headers:
            self.signed.append(Received(request.raw_path, request.headers.copy()))
        history = self._histories.get(request.path)
        if history is None:
            return await super()._handle(request)
        self.asked.append(request.raw_path)
        return web.Response(body=orjson.dumps(history.page(request.query)))


def config(**more: Any) -> dict[str, Any]:
    return {
        "acctLv": "2",
        "acctStpMode": "cancel_maker",
        "autoLoan": False,
        "ctIsoMode": "automatic",
        "enableSpotBorrow": False,
        "greeksType": "PA",
        "feeType": "0",
        "ip": "",
        "type": "0",
        "kycLv": "3",
        "label": "assistant",
        "level": "Lv1",
        "levelTmp": "",
        "liquidationGear": "-1",
        "mainUid": "44705892343619584",
        "mgnIsoMode": "automatic",
        "opAuth": "1",
        "perm": "read_only",
        "posMode": "net_mode",
        "roleType": "0",
        "spotRoleType": "0",
        "stgyType": "0",
        "uid": "44705892343619999",
        "settleCcy": "USDC",
        "settleCcyList": ["USD", "USDC", "USDG"],
        **more,
    }


def coin(ccy: str, eq: str, upl: str = "0", usd: str = "", **more: Any) -> dict[str, Any]:
    return {
        "accAvgPx": "",
        "availBal": eq,
        "availEq": eq,
        "borrowFroz": "",
        "cashBal": eq,
        "ccy": ccy,
        "crossLiab": "",
        "disEq": "",
        "eq": eq,
        "eqUsd": usd,
        "frozenBal": "0",
        "imr": "",
        "interest": "",
        "isoEq": "0",
        "isoLiab": "",
        "isoUpl": "0",
        "liab": "",
        "mgnRatio": "",
        "mmr": "",
        "ordFrozen": "0",
        "spotBal": "",
        "stgyEq": "0",
        "twap": "",
        "uTime": "1789990000000",
        "upl": upl,
        **more,
    }


def trading(*coins: dict[str, Any]) -> dict[str, Any]:
    account = {"adjEq": "", "availEq": "", "imr": "", "isoEq": "0", "mgnRatio": "", "mmr": ""}
    account |= {"notionalUsd": "", "ordFroz": "", "totalEq": "55837.43", "uTime": "1789990000000"}
    return ok({**account, "upl": "", "details": list(coins)})


def position(symbol: str, pos: str, **more: Any) -> dict[str, Any]:
    return {
        "adl": "1",
        "availPos": "",
        "avgPx": "60000",
        "bePx": "60060",
        "cTime": "1789900000000",
        "ccy": "USDT",
        "closeOrderAlgo": [],
        "deltaBS": "",
        "fee": "-3",
        "fundingFee": "-1.5",
        "idxPx": "64010",
        "imr": "640",
        "instId": symbol,
        "instType": "SWAP",
        "interest": "",
        "last": "64001",
        "lever": "10",
        "liab": "",
        "liabCcy": "",
        "liqPenalty": "0",
        "liqPx": "",
        "margin": "",
        "markPx": "64000",
        "mgnMode": "cross",
        "mgnRatio": "120.5",
        "mmr": "25.6",
        "nonSettleAvgPx": "",
        "notionalUsd": "6401.5",
        "optVal": "",
        "pnl": "0",
        "pos": pos,
        "posCcy": "",
        "posId": "653944598162657280",
        "posSide": "net",
        "realizedPnl": "-4.5",
        "settledPnl": "",
        "tradeId": "38002016",
        "uTime": "1789900000000",
        "upl": "400",
        "uplRatio": "0.625",
        "usdPx": "1.0002",
        **more,
    }


def bill(number: int, time_ms: int, kind: str = "2", **more: Any) -> dict[str, Any]:
    """A bill of 10 USDT earned by closing a cross position, for a fee of 0.5."""
    return {
        "bal": "1009.5",
        "balChg": "9.5",
        "billId": str(number),
        "ccy": "USDT",
        "clOrdId": "",
        "earnAmt": "",
        "earnApr": "",
        "execType": "T",
        "fee": "-0.5",
        "fillFwdPx": "",
        "fillIdxPx": "27104.1",
        "fillMarkPx": "27105",
        "fillMarkVol": "",
        "fillPxUsd": "",
        "fillPxVol": "",
        "fillTime": str(time_ms - 1),
        "from": "",
        "instId": "BTC-USDT-SWAP",
        "instType": "SWAP",
        "interest": "0",
        "mgnMode": "cross",
        "notes": "",
        "ordId": "623950854525124608",
        "pnl": "10",
        "posBal": "0",
        "posBalChg": "0",
        "px": "27105.9",
        "subType": "5",
        "sz": "7",
        "tag": "",
        "to": "",
        "tradeId": "586760148",
        "ts": str(time_ms),
        "type": kind,
        **more,
    }


def trade(number: int, time_ms: int, **more: Any) -> dict[str, Any]:
    return {
        "billId": str(number),
        "clOrdId": "",
        "execType": "T",
        "fee": "-0.32",
        "feeCcy": "USDT",
        "feeRate": "",
        "fillFwdPx": "",
        "fillIdxPx": "64001",
        "fillMarkPx": "64000.5",
        "fillMarkVol": "",
        "fillPnl": "0",
        "fillPx": "64000",
        "fillPxUsd": "",
        "fillPxVol": "",
        "fillSz": "7",
        "fillTime": str(time_ms - 1),
        "instId": "BTC-USDT-SWAP",
        "instType": "SWAP",
        "ordId": "680800019749904384",
        "posSide": "net",
        "side": "buy",
        "subType": "1",
        "tag": "",
        "tradeId": "744876980",
        "tradeQuoteCcy": "",
        "ts": str(time_ms),
        **more,
    }
