"""Rows of Binance's positions, on both futures hosts.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Position-Information-V3
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from crypto_assistant.sandbox.account.events import Holding, Leg
from crypto_assistant.sandbox.binance.answers import Row
from crypto_assistant.sandbox.binance.income import SIDES, coins
from crypto_assistant.sandbox.catalog import Market
from crypto_assistant.sandbox.face import plain

_FEES: Final = Decimal("0.001")  # of opening and closing
_NONE: Final = Decimal(0)
_LEVERAGE: Final = 20  # where nothing was set


def risk(holding: Holding) -> Row:
    """/fapi/v3/positionRisk: without leverage and margin mode."""
    return {
        **_size(holding),
        **_prices(holding),
        "unRealizedProfit": coins(holding.unrealised),
        "isolatedMargin": _isolated(holding, holding.unrealised),
        "notional": coins(_signed(holding)),
        "marginAsset": holding.coin,
        "isolatedWallet": _isolated(holding),
        **_margins(holding),
        "adl": 2,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": holding.updated,
    }


def legacy_risk(holding: Holding) -> Row:
    """/fapi/v2/positionRisk."""
    return {
        **_size(holding),
        **_prices(holding),
        **_mode(holding),
        "unRealizedProfit": coins(holding.unrealised),
        "maxNotionalValue": "20000000",
        "notional": coins(_signed(holding)),
        "isolatedWallet": _isolated(holding),
        "updateTime": holding.updated,
    }


def coinm_risk(holding: Holding) -> Row:
    """/dapi/v1/positionRisk: contracts; no notional."""
    return {
        **_size(holding),
        **_prices(holding),
        **_mode(holding),
        "unRealizedProfit": coins(holding.unrealised),
        "maxQty": "1500",
        "updateTime": holding.updated,
    }


def brief(holding: Holding) -> Row:
    """A position of /fapi/v3/account."""
    return {
        **_size(holding),
        "unrealizedProfit": coins(holding.unrealised),
        "isolatedMargin": _isolated(holding, holding.unrealised),
        "notional": coins(_signed(holding)),
        "isolatedWallet": _isolated(holding),
        "initialMargin": coins(initial(holding)),
        "maintMargin": coins(holding.maintenance),
        "updateTime": holding.updated,
    }


def coinm_brief(holding: Holding) -> Row:
    """A position of /dapi/v1/account."""
    prices = _prices(holding)
    return {
        **_size(holding),
        **_margins(holding),
        "unrealizedProfit": coins(holding.unrealised),
        "leverage": str(holding.leverage),
        "isolated": holding.isolated,
        "entryPrice": prices["entryPrice"],
        "breakEvenPrice": prices["breakEvenPrice"],
        "maxQty": "1500",
        "notionalValue": coins(_signed(holding)),
        "isolatedWallet": _isolated(holding),
        "updateTime": holding.updated,
    }


def settings(market: Market, holdings: Iterable[Holding]) -> Row:
    """/fapi/v1/symbolConfig."""
    held = next((held for held in holdings if held.market is market), None)
    return {
        "symbol": market.symbol,
        "marginType": "ISOLATED" if held and held.isolated else "CROSSED",
        "isAutoAddMargin": "false",
        "leverage": held.leverage if held else _LEVERAGE,
        "maxNotionalValue": "20000000",
    }


def with_empty(
    holdings: Sequence[Holding], markets: Iterable[Market], legs: Sequence[Leg]
) -> list[Holding]:
    """Every leg of every market, held or not."""
    held = {(holding.market.symbol, holding.leg): holding for holding in holdings}
    return [
        held.get((market.symbol, leg)) or _nothing(market, leg)
        for market in markets
        for leg in legs
    ]


def initial(holding: Holding) -> Decimal:
    """The margin that its value asks for."""
    return holding.value / holding.leverage


def _nothing(market: Market, leg: Leg) -> Holding:
    return Holding(
        market=market, leg=leg, size=_NONE, entry=_NONE, mark=_NONE, unrealised=_NONE,
        coin=market.settle, leverage=_LEVERAGE, isolated=False, value=_NONE, margin=_NONE,
        maintenance=_NONE, liquidation=None, opened=0, updated=0,
    )  # fmt: skip


def _isolated(holding: Holding, profit: Decimal = _NONE) -> str:
    return coins(holding.margin + profit) if holding.isolated else "0"


def _signed(holding: Holding) -> Decimal:
    return holding.value.copy_sign(holding.size)


def _size(holding: Holding) -> Row:
    return {
        "symbol": holding.market.symbol,
        "positionSide": SIDES[holding.leg],
        "positionAmt": f"{holding.size:.{holding.market.size_decimals}f}",
    }


def _prices(holding: Holding) -> Row:
    even = holding.entry * (1 + _FEES.copy_sign(holding.size))
    return {
        "entryPrice": plain(holding.entry),
        "breakEvenPrice": plain(round(even, 10)),
        "markPrice": coins(holding.mark),
        "liquidationPrice": plain(holding.liquidation or _NONE),
    }


def _mode(holding: Holding) -> Row:
    return {
        "leverage": str(holding.leverage),
        "marginType": "isolated" if holding.isolated else "cross",
        "isolatedMargin": _isolated(holding, holding.unrealised),
        "isAutoAddMargin": "false",
    }


def _margins(holding: Holding) -> Row:
    return {
        "initialMargin": coins(initial(holding)),
        "maintMargin": coins(holding.maintenance),
        "positionInitialMargin": coins(initial(holding)),
        "openOrderInitialMargin": "0",
    }
