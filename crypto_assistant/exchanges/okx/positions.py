"""OKX's open positions, perps and dated futures alike.

https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-positions
"""

from collections.abc import Mapping
from math import isnan, log
from typing import Any

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.okx.envelope import objects
from crypto_assistant.exchanges.payload import name, number
from crypto_assistant.models import Family, Find, Instrument, Position, Positions, Side, known

CONTRACTS = {"SWAP", "FUTURES"}
"""Neither options nor spot bought on credit ("MARGIN"): they have no contracts of a coin."""

SIDES = {"long": Side.LONG, "short": Side.SHORT}


def contract_family(symbol: str) -> Family:
    """BTC-USD-SWAP is margined in BTC; BTC-USDT-SWAP and all of BTC-USD_UM are in dollars."""
    return Family.INVERSE if symbol.split("-")[1] == "USD" else Family.LINEAR


def positions(data: Any, received_ms: int, family: Family, find: Find) -> Positions:
    """Those of one family; margin that waits for a position is a row of size 0."""
    opened = [row for row in objects(data) if number(row["pos"]) != 0]
    contracts = [row for row in opened if name(row["instType"]) in CONTRACTS]
    wanted = [row for row in contracts if contract_family(row["instId"]) is family]
    found = tuple(_position(row, family, find(family, row["instId"])) for row in wanted)
    unread = len(opened) - len(contracts)
    return sound.positions(Positions("okx", family, found, received_ms, unread))


def _position(row: Mapping[str, Any], family: Family, instrument: Instrument | None) -> Position:
    contracts, side = _size(row)
    mark = _price(row["markPx"], instrument)
    coins, usd = _worth(row, contracts, instrument, mark)
    isolated = row["mgnMode"] == "isolated"
    return Position(
        venue="okx",
        family=family,
        symbol=name(row["instId"]),
        instrument=instrument,
        side=side,
        hedged=row["posSide"] in SIDES,
        contracts=contracts,
        coins=coins,
        usd=usd,
        # Of dated futures on cross margin "avgPx" moves with each daily settlement.
        entry=_price(row.get("nonSettleAvgPx") or row["avgPx"], instrument),
        mark=mark,
        liquidation=_price(row["liqPx"], instrument),
        leverage=known(number(row["lever"])),
        isolated=isolated,
        settle=name(row["ccy"]),
        margin=known(number(row["margin"])) if isolated else _required(row, coins, usd),
        unrealised=known(number(row["upl"])),
        endless=row["liqPx"] == "",
    )


def _size(row: Mapping[str, Any]) -> tuple[float, Side]:
    """Signed where long and short are one position, of each side by itself without a sign."""
    size = number(row["pos"])
    if isnan(size):
        raise Malformed("a position without its size")
    net = Side.LONG if size > 0 else Side.SHORT
    return abs(size), SIDES.get(row["posSide"], net)


def _price(value: object, instrument: Instrument | None) -> float | None:
    """Per plain coin; "" and 0 are no price."""
    price = number(value)
    return price / instrument.multiplier if instrument and price > 0 else None


def _worth(
    row: Mapping[str, Any], contracts: float, instrument: Instrument | None, mark: float | None
) -> tuple[float | None, float | None]:
    """In coins and in USD, at the mark price."""
    notional = known(number(row["notionalUsd"]))
    if instrument is None:
        return None, notional
    units = contracts * instrument.contract
    if instrument.family is Family.INVERSE:
        return units / mark if mark else None, units
    coins = units * instrument.multiplier
    return coins, coins * mark if mark else notional


def _required(row: Mapping[str, Any], coins: float | None, usd: float | None) -> float | None:
    """The initial margin of a cross position, in the coin that it is margined with.

    Of inverse ones some accounts are told it in USD: which it is shows against size and leverage.
    """
    margin, leverage = known(number(row["imr"])), number(row["lever"])
    inverse = contract_family(row["instId"]) is Family.INVERSE
    if not (inverse and coins and usd and margin and margin * leverage > 0):
        return margin
    is_usd = abs(log(margin * leverage / usd)) < abs(log(margin * leverage / coins))
    return margin * coins / usd if is_usd else margin
