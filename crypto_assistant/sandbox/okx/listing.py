"""Which of OKX's markets a question means."""

from collections.abc import Mapping
from typing import Final

from crypto_assistant.sandbox.catalog import Kind, Market
from crypto_assistant.sandbox.face import Query
from crypto_assistant.sandbox.okx.answers import error, no_instrument
from crypto_assistant.sandbox.okx.rows import family, inst_type
from crypto_assistant.sandbox.world import World

_KINDS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "SPOT": ("spot",),
    "SWAP": ("linear", "inverse"),
    "FUTURES": ("linear", "inverse"),
}


def chosen(world: World, query: Query, live: bool = False) -> list[Market]:
    kinds = _KINDS.get(query.get("instType", ""))
    if kinds is None:
        raise error("51000", "Parameter instType error")
    markets = [
        market
        for kind in kinds
        for market in world.listed("okx", kind)
        if inst_type(market) == query["instType"]
        and not (live and market.closed is not None)
        and query.get("instFamily") in (None, family(market))
        and query.get("instId") in (None, market.symbol)
    ]
    if "instId" in query and not markets:
        raise no_instrument()
    return markets


def market_of(world: World, query: Query) -> Market:
    if not query.get("instId"):
        raise error("50014", "Parameter instId can not be empty.")
    for kind in ("spot", "linear", "inverse"):
        market = world.market("okx", kind, query["instId"])
        if market is not None and market.closed is None:
            return market
    raise no_instrument()


def contract_of(world: World, query: Query) -> Market:
    market = market_of(world, query)
    if market.kind == "spot":
        raise no_instrument()
    return market


def perp_of(world: World, query: Query) -> Market:
    market = market_of(world, query)
    if market.interval is None:
        raise no_instrument()
    return market
