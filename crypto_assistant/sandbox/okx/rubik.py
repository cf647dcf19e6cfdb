"""OKX's trading statistics: https://www.okx.com/docs-v5/en/#trading-statistics-rest-api

Rows of takers by coin bear the end of their period, rows by contract the start: so it is with the
days of the real venue, of shorter periods it is not known. `Dates` dates them otherwise. A period
that bears its start is told while it runs. Open interest and ratios are what they were at the time
of their row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from crypto_assistant.sandbox.candles import Bars
from crypto_assistant.sandbox.catalog import DAY, HOUR, Kind, Market
from crypto_assistant.sandbox.face import Query, short
from crypto_assistant.sandbox.noise import Floats
from crypto_assistant.sandbox.okx.answers import BARS, Row, answer, error, whole
from crypto_assistant.sandbox.okx.listing import contract_of
from crypto_assistant.sandbox.periods import Period, shifted
from crypto_assistant.sandbox.world import World

_FIVE_DAYS: Final = Period(5 * DAY)
PERIODS: Final[Mapping[str, Period]] = {
    **{name: period for name, period in BARS.items() if name not in ("1m", "3m")},
    "5D": shifted(_FIVE_DAYS, -8 * HOUR),
    "5Dutc": _FIVE_DAYS,
}
_MOST_RECENT: Final = 1440
_PAGE: Final = 100
# Of a coin: how far back each period reaches.
_REACH: Final = {"5m": 2 * DAY, "1H": 30 * DAY, "1D": 180 * DAY}
_KINDS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "SPOT": ("spot",),
    "CONTRACTS": ("linear", "inverse"),
}

Split = tuple[Floats, Floats]  # what takers bought, and all that was traded


@dataclass(frozen=True, slots=True)
class Dates:
    """How many periods after its own start a row of takers bears: 0 is the start, 1 the end.

    `interest`: what open interest of the past is told as many times as large as it was.
    """

    by_coin: int = 1
    by_contract: int = 0
    interest: float = 1.0


def taker_volume_of_contract(world: World, dates: Dates, query: Query, now: int) -> Row:
    market, unit = contract_of(world, query), _UNITS.get(query.get("unit", "1"))
    if unit is None:
        raise error("51000", "Parameter unit error")
    period = _period(query)
    edges = _edges(query, now, period.start(market.listed), _page(query))
    bars = world.bars(market, _later(period, edges, -dates.by_contract), now)
    times = _later(period, bars.start.tolist(), dates.by_contract)
    return answer(_sold_and_bought(times, *unit(market, bars)))


def taker_volume_of_coin(world: World, dates: Dates, query: Query, now: int) -> Row:
    """Spot in coins, over all pairs of the coin; contracts in USD."""
    markets = _markets_of_coin(world, query)
    reach, period = _REACH.get(query.get("period", "5m")), _period(query)
    if reach is None:
        raise error("51000", "Parameter period error")
    listed = min(market.listed for market in markets)
    # One answer has all of the window that is kept, whatever the limit.
    edges = _edges(query, now, period.start(max(listed, now - reach)), _MOST_RECENT)
    edges = _later(period, edges, -dates.by_coin)
    every = [world.bars(market, edges, now) for market in markets]
    unit = in_coins if query["instType"] == "SPOT" else in_usd
    parts = [unit(market, bars) for market, bars in zip(markets, every, strict=True)]
    bought, traded = (np.sum(part, axis=0) for part in zip(*parts, strict=True))
    times = _later(period, every[0].start.tolist(), dates.by_coin)
    return answer(_sold_and_bought(times, bought, traded))


def open_interest_history(world: World, dates: Dates, query: Query, now: int) -> Row:
    market = contract_of(world, query)
    times = _times(market, query, now)
    contracts = world.interest(market, times) * dates.interest
    marks = world.marks(market, times)
    value = contracts * market.unit
    linear = market.kind == "linear"
    coins, usd = (value, value * marks) if linear else (value / marks, value)
    columns = contracts.tolist(), coins.tolist(), usd.tolist()
    rows = zip(times, *columns, strict=True)
    return answer([[str(time), *(short(x, 8) for x in row)] for time, *row in rows][::-1])


def ratio(world: World, _dates: Dates, query: Query, now: int, *, group: str) -> Row:
    """Long over short of a group of `Ratios`."""
    market = contract_of(world, query)
    times = _times(market, query, now)
    shares = getattr(world.ratios(market, times), group).tolist()
    pairs = zip(times, shares, strict=True)
    return answer([[str(time), short(x / (1 - x), 16)] for time, x in pairs][::-1])


Statistic = Callable[[World, Dates, Query, int], Row]

RUBIK: Final[Mapping[str, Statistic]] = {
    "taker-volume": taker_volume_of_coin,
    "taker-volume-contract": taker_volume_of_contract,
    "contracts/open-interest-history": open_interest_history,
    "contracts/long-short-account-ratio-contract": partial(ratio, group="accounts"),
    "contracts/long-short-account-ratio-contract-top-trader": partial(ratio, group="top_accounts"),
    "contracts/long-short-position-ratio-contract-top-trader": partial(
        ratio, group="top_positions"
    ),
}


def in_coins(market: Market, bars: Bars) -> Split:
    if market.kind == "inverse":
        return bars.taker_buy_turnover, bars.turnover
    return bars.taker_buy * market.unit, bars.volume * market.unit


def in_contracts(_market: Market, bars: Bars) -> Split:
    return bars.taker_buy, bars.volume


def in_usd(market: Market, bars: Bars) -> Split:
    if market.kind == "inverse":
        return bars.taker_buy * market.unit, bars.volume * market.unit
    return bars.taker_buy_turnover, bars.turnover


_UNITS: Final[Mapping[str, Callable[[Market, Bars], Split]]] = {
    "0": in_coins,
    "1": in_contracts,
    "2": in_usd,
}


def _sold_and_bought(times: Iterable[int], bought: Floats, traded: Floats) -> list[list[str]]:
    columns = (traded - bought).tolist(), bought.tolist()
    rows = zip(times, *columns, strict=True)
    return [[str(time), short(sell, 8), short(buy, 8)] for time, sell, buy in rows][::-1]


def _page(query: Query) -> int:
    return min(whole(query, "limit", _PAGE), _PAGE)


def _period(query: Query) -> Period:
    period = PERIODS.get(query.get("period", "5m"))
    if period is None:
        raise error("51000", "Parameter period error")
    return period


def _edges(query: Query, now: int, earliest: int, limit: int) -> Sequence[int]:
    """The periods newer than `begin` and older than `end`; of too many the newest."""
    period = _period(query)
    last = min(now, whole(query, "end", now + 1) - 1)
    oldest = period.after(period.start(now), 1 - _MOST_RECENT)
    first = max(whole(query, "begin", 0) + 1, earliest, oldest)
    return period.edges(first, last, limit, newest=True)


def _later(period: Period, times: Iterable[int], periods: int) -> list[int]:
    return [period.after(time, periods) for time in times]


def _times(market: Market, query: Query, now: int) -> Sequence[int]:
    """When samples were taken, from the listing on."""
    return _edges(query, now, market.listed, _page(query))[:-1]


def _markets_of_coin(world: World, query: Query) -> list[Market]:
    for name in ("ccy", "instType"):
        if not query.get(name):
            raise error("50014", f"Parameter {name} can not be empty.")
    kinds = _KINDS.get(query["instType"])
    if kinds is None:
        raise error("51000", "Parameter instType error")
    markets = [
        market
        for kind in kinds
        for market in world.listed("okx", kind)
        if market.base == query["ccy"] and market.closed is None
    ]
    if not markets:
        raise error("51000", "Parameter ccy error")
    return markets
