"""Rows of OKX's positions, open and closed.

https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-positions
"""

from decimal import Decimal
from typing import Final

from crypto_assistant.sandbox.account.events import Holding
from crypto_assistant.sandbox.account.position import value
from crypto_assistant.sandbox.face import plain
from crypto_assistant.sandbox.okx.answers import Row
from crypto_assistant.sandbox.okx.episodes import Episode, position_id
from crypto_assistant.sandbox.okx.rows import inst_type, price_text, underlying
from crypto_assistant.sandbox.tape import Quote


def position_row(holding: Holding, episode: Episode, quote: Quote, usd: Decimal) -> Row:
    """`usd`: the price of the settle coin."""
    market, isolated = holding.market, holding.isolated
    last = Decimal(price_text(market, quote.last))
    moved = value(market, holding.size, last) - value(market, holding.size, holding.mark)
    at_last = holding.unrealised + moved
    return {
        **dict.fromkeys(_BLANK, ""),
        **_of(episode),
        "posSide": holding.leg,
        "pos": plain(holding.size),
        "availPos": plain(holding.size),
        "avgPx": plain(holding.entry),
        "bePx": plain(holding.entry),
        "markPx": plain(holding.mark),
        "last": plain(last),
        "idxPx": price_text(market, quote.index_price),
        "upl": plain(holding.unrealised),
        "uplRatio": plain(round(holding.unrealised / holding.margin, 12)),
        "uplLastPx": plain(at_last),
        "uplRatioLastPx": plain(round(at_last / holding.margin, 12)),
        "lever": str(holding.leverage),
        "mgnMode": "isolated" if isolated else "cross",
        "margin": plain(holding.margin) if isolated else "",
        "imr": "" if isolated else plain(holding.margin),
        "mmr": plain(holding.maintenance),
        "mgnRatio": plain(round((holding.margin + holding.unrealised) / holding.maintenance, 6)),
        "liqPx": "" if holding.liquidation is None else plain(holding.liquidation),
        "notionalUsd": plain(round(holding.value * usd, 8)),
        "usdPx": plain(usd),
        "adl": "1",
        "closeOrderAlgo": [],
        "tradeId": str(episode.last_trade),
    }


def history_row(episode: Episode, margin_mode: str, leverage: int) -> Row:
    side = "long" if episode.long else "short"
    margin = episode.opened_worth / leverage
    return {
        **_of(episode),
        "mgnMode": margin_mode,
        "type": episode.ending,
        "direction": side,
        "posSide": "net",
        "openAvgPx": plain(episode.opening_price),
        "closeAvgPx": plain(episode.closing_price),
        "openMaxPos": plain(episode.most),
        "closeTotalPos": plain(episode.closed),
        "lever": f"{leverage:.1f}",
        "pnlRatio": plain(round(episode.realised / margin, 12)),
        "triggerPx": plain(episode.closing_price) if episode.liquidated else "",
        "uly": underlying(episode.market),
        "nonSettleAvgPx": "",
        "settledPnl": "",
    }


def _of(episode: Episode) -> Row:
    """What an open position and a closed one tell alike."""
    return {
        "instId": episode.market.symbol,
        "instType": inst_type(episode.market),
        "ccy": episode.market.settle,
        "posId": position_id(episode.market),
        "pnl": plain(episode.pnl),
        "fee": plain(-episode.fee),
        "fundingFee": plain(episode.funding),
        "liqPenalty": plain(-episode.penalty),
        "realizedPnl": plain(episode.realised),
        "cTime": str(episode.began),
        "uTime": str(episode.updated),
    }


_BLANK: Final = (
    *("baseBal", "baseBorrowed", "baseInterest", "quoteBal", "quoteBorrowed", "quoteInterest"),
    *("bizRefId", "bizRefType", "clSpotInUseAmt", "maxSpotInUseAmt", "spotInUseAmt"),
    *("deltaBS", "deltaPA", "gammaBS", "gammaPA", "thetaBS", "thetaPA", "vegaBS", "vegaPA"),
    *("hedgedPos", "interest", "liab", "liabCcy", "nonSettleAvgPx", "optVal", "posCcy"),
    *("pendingCloseOrdLiabVal", "settledPnl", "spotInUseCcy"),
)
