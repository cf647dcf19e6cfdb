"""Rows of Bybit's positions: https://bybit-exchange.github.io/docs/v5/position"""

from decimal import Decimal
from typing import Final

from crypto_assistant.sandbox.account.events import Fill, Holding, Payment
from crypto_assistant.sandbox.bybit.answers import Row
from crypto_assistant.sandbox.catalog import Market
from crypto_assistant.sandbox.dealings import worth
from crypto_assistant.sandbox.face import plain


def position_row(holding: Holding, now_realised: Decimal, ever_realised: Decimal) -> Row:
    """The value is at the entry price; a position without a liquidation price has ""."""
    market, size = holding.market, abs(holding.size)
    return {
        **empty_row(market),
        "positionIdx": INDEX[holding.leg],
        "side": "Buy" if holding.size > 0 else "Sell",
        "size": plain(size),
        "leverage": str(holding.leverage),
        "avgPrice": plain(holding.entry),
        "positionValue": plain(worth(market, size, holding.entry)),
        "breakEvenPrice": plain(holding.entry),
        "markPrice": plain(holding.mark),
        "sessionAvgPrice": _settled_at(holding),
        "liqPrice": "" if holding.liquidation is None else plain(holding.liquidation),
        "positionIM": plain(holding.margin),
        "positionIMByMp": plain(holding.margin),
        "positionMM": plain(holding.maintenance),
        "positionMMByMp": plain(holding.maintenance),
        "unrealisedPnl": plain(holding.unrealised),
        "curRealisedPnl": plain(now_realised),
        "cumRealisedPnl": plain(ever_realised),
        "adlRankIndicator": 2,
        "seq": holding.updated * 7,
        "createdTime": str(holding.opened),
        "updatedTime": str(holding.updated),
        "openTime": holding.opened,
    }


def _settled_at(holding: Holding) -> str:
    """From where a market that settles in USDC counts its profit: its average entry stays."""
    if holding.market.settle != "USDC":
        return ""
    return plain(round(holding.mark - holding.unrealised / holding.size, 8))


def realised(event: Fill | Payment) -> Decimal:
    """What Bybit counts as realised: funding, and fees taken off."""
    if isinstance(event, Payment):
        return event.amount + event.settled
    return event.realised - event.fee - event.penalty


def by_portfolio(row: Row) -> Row:
    """Portfolio margin knows no leverage, margin or liquidation price of one position."""
    return {**row, **_WHOLE}


def empty_row(market: Market) -> Row:
    return {
        **dict.fromkeys(_ZEROS, "0"),
        **dict.fromkeys(_BLANK, ""),
        "symbol": market.symbol,
        "leverage": "10",
        "positionIdx": 0,
        "riskId": 1,
        "riskLimitValue": "2000000",
        "autoAddMargin": 0,
        "positionStatus": "Normal",
        "adlRankIndicator": 0,
        "seq": -1,
        "isReduceOnly": False,
        "tpslMode": "Full",
        "tradeMode": 0,
        "openTime": 0,
    }


INDEX: Final = {"net": 0, "long": 1, "short": 2}
_WHOLE: Final = dict.fromkeys(
    ("leverage", "liqPrice", "positionIM", "positionIMByMp", "positionMM", "positionMMByMp"), ""
)
_ZEROS: Final = (
    *("size", "avgPrice", "positionValue", "breakEvenPrice", "markPrice", "trailingStop"),
    *("unrealisedPnl", "curRealisedPnl", "cumRealisedPnl", "positionBalance"),
    *("positionIM", "positionIMByMp", "positionMM", "positionMMByMp"),
    *("createdTime", "updatedTime"),
)
_BLANK: Final = (
    *("side", "liqPrice", "bustPrice", "takeProfit", "stopLoss", "sessionAvgPrice"),
    *("mmrSysUpdatedTime", "leverageSysUpdatedTime"),
)
