"""Positions from their opening to their end: what OKX keeps of each.

https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-positions-history
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal
from zlib import crc32

from crypto_assistant.sandbox.account.events import Event, Fill, Move, Payment
from crypto_assistant.sandbox.account.position import exact, unit
from crypto_assistant.sandbox.catalog import Market
from crypto_assistant.sandbox.dealings import worth

_ZERO: Final = Decimal(0)


@dataclass(slots=True)
class Episode:
    """One position; a flip through zero ends one and begins the next.

    worth: of what was bought and sold, in the settle coin, without a sign. penalty, fee: positive
    where paid. pnl: of what was closed, before fees.
    """

    market: Market
    long: bool
    began: int
    updated: int
    last_trade: int = 0
    size: Decimal = _ZERO
    most: Decimal = _ZERO
    opened: Decimal = _ZERO
    opened_worth: Decimal = _ZERO
    closed: Decimal = _ZERO
    closed_worth: Decimal = _ZERO
    pnl: Decimal = _ZERO
    fee: Decimal = _ZERO
    funding: Decimal = _ZERO
    penalty: Decimal = _ZERO
    liquidated: bool = False

    @property
    def realised(self) -> Decimal:
        return self.pnl - self.fee - self.penalty + self.funding

    @property
    def opening_price(self) -> Decimal:
        return self._price(self.opened, self.opened_worth)

    @property
    def closing_price(self) -> Decimal:
        return self._price(self.closed, self.closed_worth)

    @property
    def ending(self) -> Literal["1", "2", "3"]:
        """Closed in part, closed, liquidated."""
        if self.liquidated:
            return "3"
        return "1" if self.size else "2"

    def add(self, fill: Fill, size: Decimal, fee: Decimal) -> None:
        self.size += size
        self.most = max(self.most, self.size)
        self.opened += size
        self.opened_worth += worth(self.market, size, fill.price)
        self._traded(fill, fee)

    def take(self, fill: Fill, fee: Decimal) -> None:
        self.size -= fill.closed
        self.closed += fill.closed
        self.closed_worth += worth(self.market, fill.closed, fill.price)
        self.pnl += fill.realised
        self.penalty += fill.penalty
        self.liquidated = fill.cause == "liquidation"
        self._traded(fill, fee)

    def _traded(self, fill: Fill, fee: Decimal) -> None:
        self.fee += fee
        self.updated, self.last_trade = fill.time, fill.id

    def _price(self, size: Decimal, total: Decimal) -> Decimal:
        notional = size * unit(self.market)
        inverse = self.market.kind == "inverse"
        return round(notional / total if inverse else total / notional, 12)


def position_id(market: Market) -> str:
    """A market keeps its number: the positions of it that follow one another share it."""
    return str(3_000_000_000_000_000_000 + crc32(market.symbol.encode()))


def episodes(events: Iterable[Event]) -> list[Episode]:
    """In the order in which they began; the last of a market may still be open."""
    return list(_episodes(events))


def _episodes(events: Iterable[Event]) -> Iterator[Episode]:
    running: dict[str, Episode] = {}
    for event in events:
        if isinstance(event, Move) or event.market.kind == "spot":
            continue
        name = event.market.symbol
        if isinstance(event, Payment):
            running[name].funding += event.amount
            continue
        closing_fee = exact(event.fee * event.closed / event.size)
        if event.closed:
            running[name].take(event, closing_fee)
        if event.closed < event.size:
            if name not in running or not running[name].size:
                long = event.side == "buy"
                running[name] = Episode(event.market, long, event.time, event.time)
                yield running[name]
            running[name].add(event, event.size - event.closed, event.fee - closing_fee)
