"""Binance's /futures/data: open interest and long/short ratios of the last 30 days."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from crypto_assistant.sandbox.binance.answers import (
    INTERVALS,
    Row,
    error,
    refuse_unknown,
    required,
    whole,
)
from crypto_assistant.sandbox.candles import Bars
from crypto_assistant.sandbox.catalog import DAY, Market
from crypto_assistant.sandbox.face import Query, Refusal, fixed
from crypto_assistant.sandbox.noise import Floats
from crypto_assistant.sandbox.world import Ratios, World

PERIODS: Final = frozenset({"5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"})
ACCOUNTS: Final = "longAccount", "shortAccount"
_PERIOD: Final = frozenset({"period", "limit", "startTime", "endTime"})
POSITIONS: Final = "longPosition", "shortPosition"


class Traded(NamedTuple):
    """What takers bought and sold in a period, of all markets that were asked for.

    In the market's own unit, and in what its turnover is counted in.
    """

    bought: float
    sold: float
    bought_value: float
    sold_value: float


class Asked(NamedTuple):
    """The markets of a question, counted together, and the fields that name them.

    `wanted`: the parameters that chose some of them.
    """

    markets: Sequence[Market]
    named: Mapping[str, str]
    wanted: Mapping[str, str] = MappingProxyType({})


def open_interest(world: World, asked: Asked, query: Query, now: int) -> list[Row]:
    limit, every = _times(asked, query, now)
    times = _traded(world, asked, every)[-limit:]
    sizes, values = np.zeros(len(times)), np.zeros(len(times))
    for market in asked.markets:
        size, mark = world.interest(market, times), world.marks(market, times)
        sizes += size
        values += size * market.unit / mark if market.kind == "inverse" else size * mark
    return [
        {
            **asked.named,
            "sumOpenInterest": fixed(size, 8),
            "sumOpenInterestValue": fixed(value, 8),
            "timestamp": time,
        }
        for time, size, value in zip(times, sizes.tolist(), values.tolist(), strict=True)
    ]


def takers(world: World, asked: Asked, query: Query, now: int) -> list[tuple[int, Traded]]:
    """By periods that have ended; a row bears the start of its own, which no witness tells."""
    refuse_unknown(query.keys(), _PERIOD | asked.named.keys() | {*asked.wanted})
    limit, every = _times(asked, query, now)
    times = [time for time in every if time + every.step <= now][-limit:]
    if not times:
        return []
    edges = [*times, times[-1] + every.step]
    parts = [_split(world.bars(market, edges, now), times) for market in asked.markets]
    sums = np.sum(parts, axis=0).tolist()
    return [(time, Traded(*traded)) for time, traded in zip(times, sums, strict=True)]


def long_short(
    world: World, asked: Asked, query: Query, now: int, *, group: str, names: tuple[str, str]
) -> list[Row]:
    """The shares of a group of `Ratios`."""
    limit, every = _times(asked, query, now)
    times = every[-limit:]
    long, short = names
    return [
        {
            **asked.named,
            long: fixed(share, 4),
            "longShortRatio": fixed(share / (1 - share), 4),
            short: fixed(1 - round(share, 4), 4),
            "timestamp": time,
        }
        for time, share in zip(times, _shares(world, asked, times, group), strict=True)
    ]


def _split(bars: Bars, times: Sequence[int]) -> Floats:
    """A row of `Traded` for each time."""
    bought, value = bars.taker_buy, bars.taker_buy_turnover
    columns = bought, bars.volume - bought, value, bars.turnover - value
    found = np.zeros((len(times), len(columns)))
    found[np.searchsorted(times, bars.start)] = np.stack(columns, axis=1)
    return found


def _shares(world: World, asked: Asked, times: Sequence[int], group: str) -> list[float]:
    """Of several markets the mean by open interest."""
    parts = [_share(world.ratios(market, times), group) for market in asked.markets]
    weights = [world.interest(market, times) * market.unit for market in asked.markets]
    shares: list[float] = np.average(parts, axis=0, weights=weights).tolist()
    return shares


def _share(ratios: Ratios, group: str) -> Floats:
    share: Floats = getattr(ratios, group)
    return share


def _traded(world: World, asked: Asked, times: range) -> Sequence[int]:
    """Those that have a row: a period without trades has none.

    Binance's own client says so since usds-futures 18.1.0.
    """
    if not any(market.thin for market in asked.markets):
        return times
    traded = np.any([world.traded(m, times, times.step) for m in asked.markets], axis=0)
    return [time for time, is_told in zip(times, traded.tolist(), strict=True) if is_told]


def _times(asked: Asked, query: Query, now: int) -> tuple[int, range]:
    """How many are wanted, and the ends of whole periods: of too many the newest are."""
    if required(query, "period") not in PERIODS:
        raise invalid("period")
    step, limit = INTERVALS[query["period"]].length, whole(query, "limit", 30)
    if not 0 < limit <= 500:
        raise invalid("limit")
    start, end = whole(query, "startTime", now - 30 * DAY), whole(query, "endTime", now)
    if start < now - 31 * DAY or start > end:
        raise invalid("startTime")
    start = max(start, min(market.listed for market in asked.markets))
    end = min(end, now, *((market.closed or now + 1) - 1 for market in asked.markets))
    return limit, range(-(-start // step) * step, end + 1, step)


def invalid(name: str) -> Refusal:
    return error(-1130, f"parameter '{name}' is invalid.")
