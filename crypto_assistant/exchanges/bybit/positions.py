"""The owner's open positions at Bybit.

https://bybit-exchange.github.io/docs/v5/position
"""

from collections.abc import Mapping
from dataclasses import replace
from math import isnan
from typing import Any

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.bybit.owner import Standing
from crypto_assistant.exchanges.payload import name, number
from crypto_assistant.models import Family, Find, Instrument, Position, Side
from crypto_assistant.models.units import known

SIDES = {"Buy": Side.LONG, "Sell": Side.SHORT}
ISOLATED = 1
ONE_WAY, HEDGED = 0, {1, 2}


def read(row: Mapping[str, Any], family: Family, settle: str | None, find: Find) -> list[Position]:
    """One position, or none where the row is an empty one.

    `settle`: the coin that was asked for; None: what the market's name begins with.
    """
    size = number(row["size"])
    if size == 0:
        return []
    if isnan(size):
        raise Malformed("a position without its size")
    symbol, mark = name(row["symbol"]), _positive(row["markPrice"])
    market = find(family, symbol)
    usd = _usd(family, size * (market.contract if market else 1.0), mark)
    return [
        Position(
            venue="bybit",
            family=family,
            symbol=symbol,
            instrument=market,
            side=SIDES[row["side"]],
            hedged=is_hedged(row),
            contracts=size,
            coins=_coins(market, size, usd, mark),
            usd=usd,
            entry=_plain(market, _entry(row)),
            mark=_plain(market, row["markPrice"]),
            liquidation=_plain(market, row["liqPrice"]),
            # Of a portfolio margin account both are empty.
            leverage=_positive(row["leverage"]),
            isolated=number(row.get("tradeMode")) == ISOLATED,
            settle=settle or symbol.partition("USD")[0],
            margin=_positive(row["positionIM"]),
            unrealised=known(number(row["unrealisedPnl"])),
            endless=row["liqPrice"] == "" or number(row["liqPrice"]) == 0,
        )
    ]


def is_hedged(row: Mapping[str, Any]) -> bool:
    """Whether the market may be held on both sides at once."""
    index = number(row["positionIdx"])
    if index not in {ONE_WAY, *HEDGED}:
        raise Malformed("a position without its index")
    return index in HEDGED


def margined(position: Position, standing: Standing) -> Position:
    """The position with the account's margin mode; only inverse ones of 1.0 have their own."""
    if standing.inverse_apart and position.family is Family.INVERSE:
        return position
    return replace(position, isolated=standing.isolated)


def _entry(row: Mapping[str, Any]) -> object:
    """From where the profit counts: of a USDC contract that is where it was settled last."""
    settled = row.get("sessionAvgPrice")
    return row["avgPrice"] if _positive(settled) is None else settled


def _usd(family: Family, size: float, mark: float | None) -> float | None:
    # `positionValue` is of no use: it is the value at the entry price.
    if family is Family.INVERSE:
        return size
    return None if mark is None else size * mark


def _coins(
    market: Instrument | None, size: float, usd: float | None, mark: float | None
) -> float | None:
    if market is None:
        return None
    if market.family is Family.LINEAR:
        return size * market.contract * market.multiplier
    return None if usd is None or mark is None else usd / mark * market.multiplier


def _plain(market: Instrument | None, cell: object) -> float | None:
    """A price per plain coin, which is known only of a market that is."""
    price = _positive(cell)
    return None if price is None or market is None else price / market.multiplier


def _positive(cell: object) -> float | None:
    """ "" and "0" are placeholders for none."""
    value = number(cell)
    return value if value > 0 else None
