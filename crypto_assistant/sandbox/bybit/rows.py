"""Rows of Bybit's instruments-info and tickers."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from crypto_assistant.sandbox.catalog import Kind, Market
from crypto_assistant.sandbox.face import fixed
from crypto_assistant.sandbox.tape import Quote

Row = dict[str, Any]


def rate(value: float) -> str:
    return f"{value:.8f}".rstrip("0").rstrip(".")


def spot_ticker(market: Market, quote: Quote) -> Row:
    return {**_ticker(market, quote), "usdIndexPrice": fixed(quote.index_price, 6)}


def contract_ticker(market: Market, quote: Quote) -> Row:
    price, size = market.price_decimals, market.size_decimals
    one_side, value = quote.open_interest, _value(market, quote)
    dated = market.expires is not None
    return {
        **_ticker(market, quote),
        "indexPrice": fixed(quote.index_price, price),
        "markPrice": fixed(quote.mark_price, price),
        "prevPrice1h": fixed(quote.hour_ago, price),
        # Both sides of every contract; the "single" fields count it once.
        "openInterest": fixed(one_side * 2, size),
        "openInterestValue": fixed(value * 2, 4),
        "singleOpenInterest": fixed(one_side, size),
        "singleOpenInterestValue": fixed(value, 4),
        "fundingRate": "" if dated else rate(quote.funding),
        "nextFundingTime": str(quote.next_funding),
        "fundingIntervalHour": str(market.interval or ""),
        "fundingCap": "" if dated else "0.02",
        "predictedDeliveryPrice": "",
        "basisRate": fixed(quote.last / quote.index_price - 1, 8) if dated else "",
        "deliveryFeeRate": "0" if dated else "",
        "deliveryTime": str(market.expires or 0),
        "basis": fixed(quote.last - quote.index_price, price) if dated else "",
        "preOpenPrice": "",
        "preQty": "",
        "curPreListingPhase": "",
    }


def _value(market: Market, quote: Quote) -> float:
    """In quote units, where inverse in the coin."""
    if market.kind == "inverse":
        return quote.open_interest / quote.mark_price
    return quote.open_interest * quote.mark_price


def _ticker(market: Market, quote: Quote) -> Row:
    price, size = market.price_decimals, market.size_decimals
    return {
        "symbol": market.symbol,
        "bid1Price": fixed(quote.bid, price),
        "bid1Size": fixed(quote.bid_size, size),
        "ask1Price": fixed(quote.ask, price),
        "ask1Size": fixed(quote.ask_size, size),
        "lastPrice": fixed(quote.last, price),
        "prevPrice24h": fixed(quote.open, price),
        "price24hPcnt": fixed(quote.last / quote.open - 1, 6),
        "highPrice24h": fixed(quote.high, price),
        "lowPrice24h": fixed(quote.low, price),
        "turnover24h": fixed(quote.turnover, 8),
        "volume24h": fixed(quote.volume, size),
    }


def _spot_instrument(market: Market) -> Row:
    return {
        "symbolId": market.listed % 9973,
        "symbol": market.symbol,
        "baseCoin": market.base,
        "quoteCoin": market.quote,
        "innovation": "0",
        "status": _status(market),
        "marginTrading": "utaOnly",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": market.step,
            "quotePrecision": "0.0000001",
            "minOrderQty": market.step,
            "maxOrderQty": "17000",
            "minOrderAmt": "5",
            "maxOrderAmt": "8000000",
            "maxLimitOrderQty": "17000",
            "maxMarketOrderQty": "8500",
            "postOnlyMaxLimitOrderSize": "60000",
        },
        "priceFilter": {"tickSize": market.tick},
        "riskParameters": {"priceLimitRatioX": "0.005", "priceLimitRatioY": "0.01"},
        "symbolType": "",
        "xstockMultiplier": "1",
        "isPublicRpi": True,
        "myRpiPermission": False,
    }


def _contract_instrument(market: Market) -> Row:
    shape = "Perpetual" if market.is_perpetual else "Futures"
    return {
        "symbolId": market.listed % 9973,
        "symbol": market.symbol,
        "contractType": f"{market.kind.capitalize()}{shape}",
        "status": _status(market),
        "baseCoin": market.base,
        "quoteCoin": market.quote,
        "launchTime": str(market.listed),
        "deliveryTime": str(market.closed or market.expires or 0),
        "deliveryFeeRate": "" if market.is_perpetual else "0",
        "priceScale": str(market.price_decimals),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "50.00", "leverageStep": "0.01"},
        "priceFilter": {
            "minPrice": market.tick,
            "maxPrice": "1999999.80",
            "tickSize": market.tick,
        },
        "lotSizeFilter": {
            "maxOrderQty": "60000000",
            "minOrderQty": market.step,
            "qtyStep": market.step,
            "postOnlyMaxOrderQty": "60000000",
            "maxMktOrderQty": "12000000",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": (market.interval or 8) * 60,
        "settleCoin": market.settle,
        "copyTrading": "none",
        "upperFundingRate": "0.02",
        "lowerFundingRate": "-0.02",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.1"},
        "displayName": "",
        "symbolType": "" if market.category == "crypto" else market.category,
        "skipCallAuction": False,
        "forbidUplWithdrawal": False,
        "isPublicRpi": True,
        "myRpiPermission": False,
    }


INSTRUMENT: Final[Mapping[Kind, Callable[[Market], Row]]] = {
    "spot": _spot_instrument,
    "linear": _contract_instrument,
    "inverse": _contract_instrument,
}


def _status(market: Market) -> str:
    return "Trading" if market.closed is None else "Closed"
