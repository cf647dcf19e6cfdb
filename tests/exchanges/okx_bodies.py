"""OKX's envelopes and instruments, as the tests of its adapter play them."""

from typing import Any

from crypto_assistant.models import Family, Instrument
from tests.net.loopback import Reply

DELIVERY = 1_798_185_600_000


def ok(*data: Any) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": list(data)}


def no(code: str, status: int = 200) -> Reply:
    return Reply({"code": code, "msg": "why", "data": []}, status)


def spot(symbol: str, **more: Any) -> dict[str, Any]:
    coin, _, quote = symbol.partition("-")
    return {
        "alias": "",
        "baseCcy": coin,
        "category": "1",
        "ctMult": "",
        "ctType": "",
        "ctVal": "",
        "ctValCcy": "",
        "expTime": "",
        "instCategory": "1",
        "instFamily": "",
        "instId": symbol,
        "instType": "SPOT",
        "lever": "10",
        "listTime": "1611907686000",
        "lotSz": "0.00000001",
        "minSz": "0.00001",
        "quoteCcy": quote,
        "ruleType": "normal",
        "settleCcy": "",
        "state": "live",
        "tickSz": "0.1",
        "uly": "",
        **more,
    }


def swap(symbol: str, settle: str, contract: str, **more: Any) -> dict[str, Any]:
    family = symbol.removesuffix("-SWAP")
    inverse = symbol.endswith("-USD-SWAP")
    return {
        **spot(family),
        "baseCcy": "",
        "quoteCcy": "",
        "ctMult": "1",
        "ctType": "inverse" if inverse else "linear",
        "ctVal": contract,
        "ctValCcy": "USD" if inverse else family.partition("-")[0],
        "instFamily": family,
        "instId": symbol,
        "instType": "SWAP",
        "settleCcy": settle,
        "uly": family.removesuffix("_UM"),
        **more,
    }


def future(symbol: str, settle: str, contract: str) -> dict[str, Any]:
    coin, quote, _ = symbol.split("-")
    return {
        **swap(f"{coin}-{quote}-SWAP", settle, contract),
        "alias": "quarter",
        "expTime": str(DELIVERY),
        "instId": symbol,
        "instType": "FUTURES",
    }


BTC = swap("BTC-USDT-SWAP", "USDT", "0.01")
SHIB = swap("SHIB-USDT-SWAP", "USDT", "1000000", tickSz="0.000000001")
SATS = swap("1000SATS-USDT-SWAP", "USDT", "10", ctMult="100", tickSz="0.0000001")
BTC_USD = swap("BTC-USD-SWAP", "BTC", "100")
BTC_UM = swap("BTC-USD_UM-SWAP", "USD-", "0.01")
BTC_XPERP = {
    **BTC_UM,
    "ctVal": "0.0001",
    "expTime": "1933056000000",
    "instFamily": "BTC-USD_UM_XPERP",
    "instId": "BTC-USD_UM_XPERP-310404",
    "instType": "FUTURES",
    "ruleType": "xperp",
    "settleCcy": "USD",
}


def market(
    family: Family,
    symbol: str,
    contract: float = 1.0,
    multiplier: float = 1.0,
    expires_ms: int | None = None,
) -> Instrument:
    coin, _, quote = symbol.removesuffix("-SWAP").partition("-")
    return Instrument(
        *("okx", family, symbol, coin, quote, multiplier, contract, 0.1),
        tradfi=False,
        expires_ms=expires_ms,
    )


SPOT = market(Family.SPOT, "BTC-USDT")
PERP = market(Family.LINEAR, "BTC-USDT-SWAP", 0.01)
SATS_PERP = market(Family.LINEAR, "1000SATS-USDT-SWAP", 1000, 1000)
COIN_PERP = market(Family.INVERSE, "BTC-USD-SWAP", 100)
