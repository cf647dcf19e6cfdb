"""Binance's open positions: coins on USD-M, contracts of a fixed USD amount on COIN-M."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from crypto_assistant.exchanges import sound
from crypto_assistant.exchanges.binance.amounts import amount, each
from crypto_assistant.exchanges.payload import name, number, readable
from crypto_assistant.models import (
    DOLLARS,
    Family,
    Find,
    Instrument,
    Position,
    Positions,
    Side,
    known,
)

LEGS = {"LONG": Side.LONG, "SHORT": Side.SHORT}
"""The sides of hedge mode; in one-way mode both share one position, and its sign tells."""
ISOLATED = {"ISOLATED": True, "CROSSED": False, "CROSS": False}
AT_PAR = {*DOLLARS, "BNFCR"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What USD-M's positions do not tell themselves, by symbol."""

    leverage: Mapping[str, float | None]
    isolated: Mapping[str, bool | None]
    received_ms: int

    @classmethod
    def read(cls, payload: Any, received_ms: int) -> "Settings":
        markets = readable(payload, _setting)
        return cls(
            {symbol: leverage for symbol, leverage, _ in markets},
            {symbol: isolated for symbol, _, isolated in markets},
            received_ms,
        )

    def applied(self, positions: Positions) -> Positions:
        return replace(
            positions,
            positions=tuple(map(self._applied, positions.positions)),
            received_ms=min(positions.received_ms, self.received_ms),
        )

    def _applied(self, position: Position) -> Position:
        symbol = position.symbol
        leverage, isolated = self.leverage.get(symbol), self.isolated.get(symbol)
        return replace(position, leverage=leverage, isolated=isolated)


PRICES = ("entryPrice", "markPrice", "liquidationPrice")


class Prices(NamedTuple):
    """Per plain coin."""

    entry: float | None = None
    mark: float | None = None
    liquidation: float | None = None


def linear(payload: Any, find: Find, received_ms: int) -> Positions:
    """Without leverage and kind of margin."""
    found = tuple(_linear(row, find) for row in _open(payload))
    return sound.positions(Positions("binance", Family.LINEAR, found, received_ms))


def inverse(payload: Any, find: Find, received_ms: int) -> Positions:
    found = tuple(_inverse(row, find) for row in _open(payload))
    return sound.positions(Positions("binance", Family.INVERSE, found, received_ms))


def _setting(row: Mapping[str, Any]) -> tuple[str, float | None, bool | None]:
    return name(row["symbol"]), known(number(row.get("leverage"))), _isolated(row)


def _open(payload: Any) -> list[dict[str, Any]]:
    """Without the markets in which there is an order only, or nothing."""
    return [row for row in each(payload) if amount(row["positionAmt"])]


def _linear(row: Mapping[str, Any], find: Find) -> Position:
    symbol, settle = name(row["symbol"]), name(row["marginAsset"])
    instrument = find(Family.LINEAR, symbol)
    contracts, prices = abs(amount(row["positionAmt"])), _prices(row, instrument)
    return Position(
        "binance",
        Family.LINEAR,
        symbol,
        instrument,
        side=_side(row),
        hedged=row["positionSide"] in LEGS,
        contracts=contracts,
        coins=contracts * instrument.multiplier if instrument else None,
        usd=known(abs(number(row.get("notional")))) if settle in AT_PAR else None,
        entry=prices.entry,
        mark=prices.mark,
        liquidation=prices.liquidation,
        leverage=None,
        isolated=None,
        settle=settle,
        # "initialMargin" is that of open orders, too.
        margin=known(number(row.get("positionInitialMargin", row.get("initialMargin")))),
        unrealised=known(number(row.get("unRealizedProfit"))),
        endless=_is_endless(row),
    )


def _inverse(row: Mapping[str, Any], find: Find) -> Position:
    symbol = name(row["symbol"])
    instrument = find(Family.INVERSE, symbol)
    contracts, prices = abs(amount(row["positionAmt"])), _prices(row, instrument)
    leverage = known(number(row.get("leverage")))
    usd = contracts * instrument.contract if instrument else None
    coins = usd / prices.mark if usd and prices.mark else None
    return Position(
        "binance",
        Family.INVERSE,
        symbol,
        instrument,
        side=_side(row),
        hedged=row["positionSide"] in LEGS,
        contracts=contracts,
        coins=coins,
        usd=usd,
        entry=prices.entry,
        mark=prices.mark,
        liquidation=prices.liquidation,
        leverage=leverage,
        isolated=_isolated(row),
        settle=_settle(symbol, instrument),
        # Not told here; it is this by the venue's definition.
        margin=coins / leverage if coins and leverage else None,
        unrealised=known(number(row.get("unRealizedProfit"))),
        endless=_is_endless(row),
    )


def _side(row: Mapping[str, Any]) -> Side:
    by_sign = Side.LONG if amount(row["positionAmt"]) > 0 else Side.SHORT
    return LEGS.get(row["positionSide"], by_sign)


def _prices(row: Mapping[str, Any], instrument: Instrument | None) -> Prices:
    if instrument is None:  # Its multiplier is not known.
        return Prices()
    # Zero is a placeholder: no liquidation price, an entry that is not known.
    prices = (number(row.get(price)) for price in PRICES)
    return Prices(*(price / instrument.multiplier if price > 0 else None for price in prices))


def _is_endless(row: Mapping[str, Any]) -> bool:
    return number(row.get("liquidationPrice")) == 0


def _isolated(row: Mapping[str, Any]) -> bool | None:
    return ISOLATED.get(str(row.get("marginType")).upper())


def _settle(symbol: str, instrument: Instrument | None) -> str:
    """The margin's coin; of a market that is on no list, by its pair: BTC of BTCUSD_260925."""
    return instrument.coin if instrument else symbol.partition("_")[0].removesuffix("USD")
