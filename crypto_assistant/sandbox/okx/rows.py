"""Rows of OKX's instruments, tickers, candles and books."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from crypto_assistant.sandbox.candles import Bars
from crypto_assistant.sandbox.catalog import Market, decimals
from crypto_assistant.sandbox.face import short
from crypto_assistant.sandbox.marks import PriceBars
from crypto_assistant.sandbox.tape import Quote
from crypto_assistant.sandbox.trades import Trades

Row = dict[str, Any]


def inst_type(market: Market) -> str:
    if market.kind == "spot":
        return "SPOT"
    return "SWAP" if market.symbol.endswith("-SWAP") else "FUTURES"


def underlying(market: Market) -> str:
    """BTC-USDT for BTC-USDT-SWAP, BTC-USD for BTC-USD_UM_XPERP-310404; empty for spot."""
    return "" if market.kind == "spot" else f"{market.base}-{market.quote}"


def family(market: Market) -> str:
    """The same but for what is margined in dollars of any kind: BTC-USD_UM_XPERP."""
    return f"{underlying(market)}{'_UM_XPERP' if market.renewed else ''}"


def instrument(market: Market) -> Row:
    return {
        **_empty(),
        **(_spot(market) if market.kind == "spot" else _contract(market)),
        **_common(market),
    }


def _common(market: Market) -> Row:
    category = {"stock": "3", "commodity": "4", "trial": "3"}
    largest = f"1{'0' * (12 - decimals(market.step))}"
    return {
        "instId": market.symbol,
        "instType": inst_type(market),
        "instCategory": category.get(market.category, "1"),
        "instIdCode": market.listed % 99991,
        "lotSz": market.step,
        "minSz": market.step,
        "tickSz": market.tick,
        "listTime": str(market.listed),
        "expTime": str(market.closed or market.expires or market.renewed or ""),
        "state": "live" if market.closed is None else "suspend",
        "maxLmtSz": largest,
        "maxMktSz": "1000000",
        "maxTwapSz": f"{largest}.0000000000000000",
        "maxIcebergSz": f"{largest}.0000000000000000",
        "maxTriggerSz": f"{largest}.0000000000000000",
        "maxStopSz": "1000000",
    }


def _spot(market: Market) -> Row:
    return {
        "baseCcy": market.base,
        "quoteCcy": market.quote,
        "groupId": "12",
        "lever": "10",
        "maxMktAmt": "1000000",
        "tradeQuoteCcyList": [market.quote],
    }


def _contract(market: Market) -> Row:
    inverse = market.kind == "inverse"
    unit = f"{market.unit:.8f}".rstrip("0").rstrip(".")
    return {
        "uly": underlying(market),
        "instFamily": family(market),
        "settleCcy": market.settle,
        "ctVal": unit,
        "ctMult": "1",
        "ctValCcy": "USD" if inverse else market.base,
        "ctType": market.kind,
        "alias": "" if market.is_perpetual else "quarter",
        "ruleType": "xperp" if market.renewed else "normal",
        "groupId": "4",
        "lever": "50",
        "maxMktAmt": "",
        "posLmtAmt": "100000000",
        "posLmtPct": "30",
        "maxPlatOILmt": "1000000000",
    }


def _empty() -> Row:
    names = (
        "alias auctionEndTime baseCcy contTdSwTime ctMult ctType ctVal ctValCcy freq instFamily "
        "longPosRemainingQuota maxPlatOICoinLmt maxPlatOILmt method optType posLmtAmt posLmtPct "
        "preMktSwTime quoteCcy seriesId settleCcy shortPosRemainingQuota stk uly"
    )
    return {
        **dict.fromkeys(names.split(), ""),
        "category": "1",
        "futureSettlement": False,
        "maxLmtAmt": "20000000",
        "openType": "fix_price",
        "ruleType": "normal",
        "tradeQuoteCcyList": [],
        "upcChg": [],
    }


def price_text(market: Market, price: float) -> str:
    return short(price, market.price_decimals)


def level(market: Market, price: float, size: float) -> list[str]:
    return [price_text(market, price), short(size, market.size_decimals), "0", "3"]


def ticker(market: Market, quote: Quote, midnights: Iterable[float], now: int) -> Row:
    size = market.size_decimals
    # Spot: base and quote. Derivatives: contracts and coins.
    currency = quote.turnover if market.kind == "spot" else quote.coins
    utc0, utc8 = midnights
    return {
        "instType": inst_type(market),
        "instId": market.symbol,
        "last": price_text(market, quote.last),
        "lastSz": short(quote.bid_size, size),
        "askPx": price_text(market, quote.ask),
        "askSz": short(quote.ask_size, size),
        "bidPx": price_text(market, quote.bid),
        "bidSz": short(quote.bid_size, size),
        "open24h": price_text(market, quote.open),
        "high24h": price_text(market, quote.high),
        "low24h": price_text(market, quote.low),
        "volCcy24h": short(currency, 9),
        "vol24h": short(quote.volume, size),
        "ts": str(now),
        "sodUtc0": price_text(market, utc0),
        "sodUtc8": price_text(market, utc8),
    }


def candle_rows(market: Market, bars: Bars, now: int) -> list[list[str]]:
    columns = (
        bars.start,
        bars.end,
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        bars.volume,
        bars.turnover,
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        [
            str(start),
            *(price_text(market, price) for price in prices),
            short(volume, market.size_decimals),
            *_turnovers(market, volume, turnover),
            "1" if end <= now else "0",
        ]
        for start, end, *prices, volume, turnover in rows
    ]


def mark_rows(market: Market, edges: Sequence[int], bars: PriceBars, now: int) -> list[list[str]]:
    ends = dict(pairwise(edges))
    return [
        [
            str(start),
            *(price_text(market, price) for price in prices),
            "1" if ends[start] <= now else "0",
        ]
        for start, *prices in zip(*(column.tolist() for column in bars), strict=True)
    ]


def trade_rows(market: Market, trades: Trades) -> list[Row]:
    columns = trades.time, trades.number, trades.price, trades.size, trades.bought
    return [
        {
            "instId": market.symbol,
            "side": "buy" if bought else "sell",
            "sz": short(size, market.size_decimals),
            "source": "0",
            "px": price_text(market, price),
            "tradeId": str(number),
            "ts": str(time),
        }
        for time, number, price, size, bought in zip(*(c.tolist() for c in columns), strict=True)
    ]


def _turnovers(market: Market, volume: float, turnover: float) -> tuple[str, str]:
    """volCcy and volCcyQuote."""
    if market.kind == "spot":
        return short(turnover, 9), short(turnover, 9)
    if market.kind == "linear":
        return short(volume * market.unit, 9), short(turnover, 9)
    return short(turnover, 9), short(volume * market.unit, 9)
