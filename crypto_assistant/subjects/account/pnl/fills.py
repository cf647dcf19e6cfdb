"""A second source of realised PnL: the owner's own trades, beside what the account log says."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.calculators.pnl import average_cost, fifo, first_from_flat
from crypto_assistant.exchanges.base import Account
from crypto_assistant.models import (
    Entry,
    Family,
    Fills,
    Floats,
    Flow,
    Instrument,
    Position,
    Side,
)
from crypto_assistant.round import Round
from crypto_assistant.subjects.account.pnl.derivatives import Usd
from crypto_assistant.subjects.account.pnl.log import LogWindow

PART = "trades"


@dataclass(frozen=True, slots=True)
class VenueTrades:
    """The owner's trades in several markets of one venue.

    `settled`: how often the log realises what is still open in a market, "" for never.
    """

    markets: tuple[Fills, ...]
    settled: Mapping[Instrument, str]
    received_ms: int


@dataclass(frozen=True, slots=True)
class TradesPnl:
    """Realised PnL of one market, by its trades and by the log, of the same time.

    `since_ms`: when it was first certain that nothing was open in it; None where that never was.
    The rest is None there too, and where the settle coin has no price. `settled`: how often the log
    realises what is still open, so that the two cannot be compared; "" where it does not.
    """

    symbol: str
    trades: int
    since_ms: int | None
    average_cost_usd: float | None
    fifo_usd: float | None
    log_usd: float | None
    settled: str = ""


def question(
    round: Round, markets: Mapping[str, Sequence[Instrument]], logs: Mapping[str, LogWindow]
) -> dict[str, VenueTrades]:
    """Notes the question for the trades in these markets, of the time that the logs are about."""

    async def trades(account: Account) -> VenueTrades:
        logged = logs[account.venue]
        window, wanted = (logged.complete_since_ms, logged.end_ms), markets[account.venue]
        fills = await asyncio.gather(*(account.fills(market, *window) for market in wanted))
        settled = {market: account.settled(market) for market in wanted}
        return VenueTrades(tuple(fills), settled, min(one.received_ms for one in fills))

    asked = [venue for venue, wanted in markets.items() if wanted]
    return round.ask_owner(PART, trades, asked)


def trades_pnl(
    fills: Fills,
    positions: Iterable[Position],
    entries: Iterable[Entry],
    usd: Usd,
    *,
    settled: str = "",
) -> TradesPnl:
    """`positions`: all that are open at the venue now; `entries`: the log of the same time."""
    market, trades = fills.instrument, len(fills.size)
    if settled:
        return TradesPnl(market.symbol, trades, None, None, None, None, settled)
    held = _held(positions, market)
    legs = [_leg(fills, leg, held[leg]) for leg in np.unique(fills.leg).tolist()]
    flat = [leg for leg in legs if leg is not None]
    if len(flat) < len(legs):
        return TradesPnl(market.symbol, trades, None, None, None, None)
    since_ms = max((leg.since_ms for leg in flat), default=fills.start_ms)
    amounts = (
        fsum(leg.since(since_ms, leg.average_cost) for leg in flat),
        fsum(leg.since(since_ms, leg.fifo) for leg in flat),
        _logged(entries, market, since_ms),
    )
    price = usd(_settle(market))
    average, first, log = (None if price is None else coins * price for coins in amounts)
    return TradesPnl(market.symbol, trades, since_ms, average, first, log)


class _Leg(NamedTuple):
    """What each trade of a leg realised since nothing was open in it, in the settle coin."""

    since_ms: int
    time_ms: NDArray[np.int64]
    average_cost: Floats
    fifo: Floats

    def since(self, ms: int, realised: Floats) -> float:
        return fsum(realised[self.time_ms >= ms])


def _leg(fills: Fills, leg: int, position: float) -> _Leg | None:
    """None where it was never certain that nothing was open."""
    rows = fills.leg == leg
    time_ms, size, price = fills.time_ms[rows], fills.size[rows], fills.price[rows]
    moments, firsts = np.unique(time_ms, return_index=True)
    # Only between moments: the log does not say in which order it tells what happened in one.
    moment = first_from_flat(np.add.reduceat(size, firsts), position)
    if moment is None:
        return None
    part = slice(firsts[moment], None)
    inverse = fills.instrument.family is Family.INVERSE
    return _Leg(
        int(moments[moment]) if moment else fills.start_ms,
        time_ms[part],
        average_cost(size[part], price[part], inverse=inverse).realised,
        fifo(size[part], price[part], inverse=inverse).realised,
    )


def _held(positions: Iterable[Position], market: Instrument) -> Mapping[int, float]:
    """What is open in each leg now, with its sign, in the units of fills."""
    held: dict[int, float] = defaultdict(float)
    for one in positions:
        if (one.family, one.symbol) == (market.family, market.symbol):
            sign = 1 if one.side is Side.LONG else -1
            held[sign if one.hedged else 0] += sign * _size(one, market)
    return held


def _size(position: Position, market: Instrument) -> float:
    unit = 1.0 if market.family is Family.INVERSE else market.multiplier
    return position.contracts * market.contract * unit


def _settle(market: Instrument) -> str:
    return market.coin if market.family is Family.INVERSE else market.quote


def _logged(entries: Iterable[Entry], market: Instrument, since_ms: int) -> float:
    place = market.family, market.symbol
    return fsum(
        entry.coins
        for entry in entries
        if entry.flow is Flow.REALISED
        and (entry.family, entry.symbol) == place
        and entry.time_ms >= since_ms
    )
