"""Rows of Binance's exchangeInfo, as long as the real ones."""

from typing import Any, Final

from crypto_assistant.sandbox.catalog import Market

Row = dict[str, Any]

_GROUPS: Final = tuple(f"TRD_GRP_{n:03}" for n in range(4, 70))
_NO_END: Final = 4133404800000
SPOT_LIMITS: Final[list[Row]] = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61000},
]
FUTURES_LIMITS: Final[list[Row]] = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
]
USDM_LIMITS: Final[list[Row]] = [
    *FUTURES_LIMITS,
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
]
ASSETS: Final[list[Row]] = [
    {"asset": asset, "marginAvailable": True, "autoAssetExchange": exchange}
    for asset, exchange in (("USDT", "-10000"), ("BTC", "-0.10000000"), ("BNB", "0"),
                            ("ETH", "0"), ("USDC", "-10000"), ("FDUSD", "0"))
]  # fmt: skip
_ORDER_TYPES: Final = [
    "LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
]  # fmt: skip


def spot_status(market: Market) -> str:
    return "TRADING" if market.closed is None else "BREAK"


def spot_permissions(market: Market) -> tuple[str, ...]:
    margin = market.quote in ("USDT", "USDC") and market.closed is None
    return ("SPOT", "MARGIN") if margin else ("SPOT",)


def spot_symbol(market: Market, show_sets: bool) -> Row:
    permissions = spot_permissions(market)
    return {
        "symbol": market.symbol,
        "status": spot_status(market),
        "baseAsset": market.base,
        "baseAssetPrecision": 8,
        "quoteAsset": market.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": [
            "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT",
            "TAKE_PROFIT_LIMIT",
        ],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": "MARGIN" in permissions,
        "filters": _spot_filters(market),
        "permissions": [],
        "permissionSets": [[*permissions, *_GROUPS]] if show_sets else [],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": [
            "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT",
        ],
    }  # fmt: skip


def _spot_filters(market: Market) -> list[Row]:
    tick, step = f"{float(market.tick):.8f}", f"{float(market.step):.8f}"
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000",
         "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "9000.00000000", "stepSize": step},
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "77.55148630",
         "stepSize": "0.00000000"},
        {"filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10,
         "maxTrailingAboveDelta": 2000, "minTrailingBelowDelta": 10, "maxTrailingBelowDelta": 2000},
        {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5", "bidMultiplierDown": "0.2",
         "askMultiplierUp": "5", "askMultiplierDown": "0.2", "avgPriceMins": 5},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True,
         "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10},
    ]  # fmt: skip


def usdm_symbol(market: Market, quarters: tuple[int, int]) -> Row:
    return {
        **_contract(market, quarters),
        "status": "TRADING" if market.closed is None else "SETTLING",
        "permissionSets": ["GRID", "COPY"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "filters": _contract_filters(market, max_algo=10, notional="5"),
    }


def coinm_symbol(market: Market, quarters: tuple[int, int]) -> Row:
    return {
        **_contract(market, quarters),
        "contractStatus": "TRADING" if market.closed is None else "SETTLING",
        "contractSize": int(market.unit),
        "equalQtyPrecision": 4,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
        "filters": _contract_filters(market, max_algo=20),
    }


def pair(market: Market) -> str:
    return market.symbol.partition("_")[0]


def contract_type(market: Market, quarters: tuple[int, int]) -> str:
    if market.expires is not None:
        return "CURRENT_QUARTER" if market.expires == quarters[0] else "NEXT_QUARTER"
    return "TRADIFI_PERPETUAL" if market.category in ("stock", "commodity") else "PERPETUAL"


def _contract(market: Market, quarters: tuple[int, int]) -> Row:
    underlying = {"stock": "EQUITY", "commodity": "COMMODITY", "index": "INDEX"}
    return {
        "symbol": market.symbol,
        "pair": pair(market),
        "contractType": contract_type(market, quarters),
        "deliveryDate": market.closed or market.expires or _NO_END,
        "onboardDate": market.listed,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": market.base,
        "quoteAsset": market.quote,
        "marginAsset": market.settle,
        # Wider than the tick on purpose: precision is not tick size here.
        "pricePrecision": market.price_decimals + 1,
        "quantityPrecision": market.size_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": underlying.get(market.category, "COIN"),
        "underlyingSubType": ["PoW"] if market.coin == "BTC" else ["Layer-1"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "orderTypes": _ORDER_TYPES,
    }


def _contract_filters(market: Market, max_algo: int, notional: str | None = None) -> list[Row]:
    size = {"minQty": market.step, "stepSize": market.step}
    largest = 10 ** (6 - market.size_decimals)
    return [
        {"filterType": "PRICE_FILTER", "minPrice": market.tick, "maxPrice": "4529764",
         "tickSize": market.tick},
        {"filterType": "LOT_SIZE", "maxQty": str(largest), **size},
        {"filterType": "MARKET_LOT_SIZE", "maxQty": str(largest // 8), **size},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": max_algo},
        *([{"filterType": "MIN_NOTIONAL", "notional": notional}] if notional else []),
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500",
         "multiplierDecimal": "4"},
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]  # fmt: skip
