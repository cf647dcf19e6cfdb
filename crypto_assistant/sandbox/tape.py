"""Tickers: the last price, the book's top, 24 hours and open interest of all markets of a kind."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from crypto_assistant.sandbox.catalog import HOUR, MINUTE, Market
from crypto_assistant.sandbox.coins import Coin
from crypto_assistant.sandbox.grid import Grid, Minutes, funding_rate, mark
from crypto_assistant.sandbox.noise import Floats, run

_BATCH: Final = 1 << 17  # market-minutes worked on at once: the temporaries stay small
_WINDOW: Final = 1439  # whole minutes that 24 hours hold besides the running one


class Quote(NamedTuple):
    """One market at one second.

    Prices: quote per base as listed. open, high, low, volume, turnover, trades: the 24 h window,
    which is the running minute and the 1439 before it; hour_ago: the price 60 minutes before the
    running one began. volume, bid_size, ask_size, open_interest: native units (see Market), open
    interest one-sided. turnover: quote units, where inverse the coin. coins, open_interest_coins:
    plain coins (a 1000PEPE counts 1000). funding: for the payment at next_funding (ms, 0: none).
    """

    last: float
    bid: float
    ask: float
    mark_price: float
    index_price: float
    open: float
    high: float
    low: float
    hour_ago: float
    volume: float
    turnover: float
    coins: float
    trades: float
    bid_size: float
    ask_size: float
    open_interest: float
    open_interest_coins: float
    funding: float
    next_funding: int


class Tape:
    """All markets of one venue and kind, second by second; remembers the latest only."""

    def __init__(self, seed: int, coins: Mapping[str, Coin], markets: Sequence[Market]) -> None:
        self._seed = seed
        self._live = [market for market in markets if market.closed is None]
        self._grid = Grid(seed, coins, self._live)
        self._stopped = _stopped(seed, coins, markets)
        self._hours: dict[int, _Sum] = {}
        self._openings: dict[int, dict[str, float]] = {}
        self._minute: tuple[int, _Frame] | None = None
        self._second: tuple[int, dict[str, Quote]] | None = None
        self._marks: tuple[int, dict[str, float]] | None = None

    def quotes(self, now: int) -> dict[str, Quote]:
        second = now // 1000
        if self._second is None or self._second[0] != second:
            frame, rows = self._frame(second // 60), dict(self._stopped)
            for market, quote in zip(self._live, frame.at(second), strict=True):
                rows[market.symbol] = quote
            self._second = second, rows
        return self._second[1]

    def marks(self, now: int) -> dict[str, float]:
        """The mark price of every quote; costs less than they do."""
        second = now // 1000
        if self._marks is None or self._marks[0] != second:
            marks = {symbol: quote.mark_price for symbol, quote in self._stopped.items()}
            found = self._frame(second // 60).marks(second)
            marks.update(zip([market.symbol for market in self._live], found, strict=True))
            self._marks = second, marks
        return self._marks[1]

    def openings(self, minute: int) -> dict[str, float]:
        if minute not in self._openings:
            prices = self._grid.price(self._grid.opens(minute)).tolist()
            if len(self._openings) == 4:
                self._openings.pop(next(iter(self._openings)))
            self._openings[minute] = dict(zip([m.symbol for m in self._live], prices, strict=True))
        return self._openings[minute]

    def _frame(self, minute: int) -> "_Frame":
        if self._minute is None or self._minute[0] != minute:
            self._minute = minute, _Frame(self._seed, self._grid, minute, self._day)
        return self._minute[1]

    def _day(self, minute: int) -> "_Sum":
        """The whole minutes of the window; its whole hours are kept for the minutes to come."""
        start = minute - _WINDOW
        hours = range(-(-start // 60), minute // 60)
        self._hours = {hour: total for hour, total in self._hours.items() if hour in hours}
        self._fill([hour for hour in hours if hour not in self._hours])
        head = _sums(self._grid, start, hours.start * 60)
        tail = _sums(self._grid, hours.stop * 60, minute)
        return _merge([*head, *(self._hours[hour] for hour in hours), *tail])

    def _fill(self, missing: Sequence[int]) -> None:
        """Missing hours are neighbours: the window only moves, forwards or backwards."""
        batch = max(1, _BATCH // (60 * len(self._live)))
        for n in range(0, len(missing), batch):
            hours = missing[n : n + batch]
            totals = _sums(self._grid, hours[0] * 60, hours[-1] * 60 + 60)
            self._hours.update(zip(hours, totals, strict=True))


class _Sum(NamedTuple):
    """Some minutes of every market together. Prices in ticks, lots in steps."""

    high: Floats
    low: Floats
    lots: Floats
    turnover: Floats
    trades: Floats


def _sums(grid: Grid, start: int, end: int) -> list[_Sum]:
    """One for each hour, or part of an hour, from minute `start` to before `end`."""
    if start == end:
        return []
    bars = grid.minutes(start, end - start)
    traded = np.arange(start, end) >= grid.listed[:, None]
    bars = bars._replace(lots=bars.lots * traded)
    high, low = np.where(traded, bars.high, -np.inf), np.where(traded, bars.low, np.inf)
    at = np.arange(0, end - start, 60)
    columns = (
        np.maximum.reduceat(high, at, axis=1),
        np.minimum.reduceat(low, at, axis=1),
        np.add.reduceat(bars.lots, at, axis=1),
        np.add.reduceat(grid.turnover(bars), at, axis=1),
        np.add.reduceat(grid.trades(bars.lots), at, axis=1),
    )
    return [_Sum(*(column[:, n] for column in columns)) for n in range(len(at))]


def _merge(parts: Sequence[_Sum]) -> _Sum:
    high, low, *sums = (np.stack(column) for column in zip(*parts, strict=True))
    return _Sum(high.max(axis=0), low.min(axis=0), *(column.sum(axis=0) for column in sums))


class _Frame:
    """What does not change within a minute, and from it each second."""

    def __init__(self, seed: int, grid: Grid, minute: int, day: Callable[[int], _Sum]) -> None:
        self._seed = seed
        self._grid = grid
        self._minute = minute
        self._reckoned = day
        self._bars = grid.minutes(minute, 1).at(0)
        self._index = grid.ticks(grid.index(run(minute, 2)))

    @cached_property
    def _day(self) -> _Sum:
        return self._reckoned(self._minute)

    @cached_property
    def _interest(self) -> Floats:
        return self._grid.size(self._grid.open_interest(run(self._minute, 1))[:, 0])

    @cached_property
    def _open(self) -> Floats:
        return self._grid.opens(self._minute - _WINDOW)

    @cached_property
    def _hour_ago(self) -> Floats:
        return self._grid.opens(self._minute - 60)

    @cached_property
    def _funding(self) -> list[tuple[float, int]]:
        now = self._minute * MINUTE
        return [_funding(self._seed, market, now) for market in self._grid.markets]

    def marks(self, second: int) -> list[float]:
        phase = second % 60 / 60
        marks: list[float] = self._grid.price(self._mark(so_far(self._bars, phase), phase)).tolist()
        return marks

    def at(self, second: int) -> list[Quote]:
        phase = second % 60 / 60
        bars = so_far(self._bars, phase)
        columns = (
            *self._prices(bars, phase, second),
            *self._sizes(bars),
            *self._book_sizes(second),
        )
        interest = self._interest, self._coins(self._interest, self._interest_in_coin(bars, phase))
        rows = zip(*(column.tolist() for column in (*columns, *interest)), strict=True)
        return [Quote._make((*row, *due)) for row, due in zip(rows, self._funding, strict=True)]

    def _prices(self, bars: Minutes, phase: float, second: int) -> list[Floats]:
        """Quote.last to Quote.hour_ago."""
        last, asked = bars.close, self._asked(second)
        spread = np.maximum(np.rint(last * 2e-5), 1)
        high, low = np.maximum(self._day.high, bars.high), np.minimum(self._day.low, bars.low)
        bid, ask = last - spread * asked, last + spread * (1 - asked)
        mark, index = self._mark(bars, phase), self._fair(phase)
        ticks = last, bid, ask, mark, index, self._open, high, low, self._hour_ago
        return [self._grid.price(column) for column in ticks]

    def _sizes(self, bars: Minutes) -> tuple[Floats, Floats, Floats, Floats]:
        """Quote.volume to Quote.trades."""
        volume = self._grid.size(self._day.lots + bars.lots)
        turnover = self._day.turnover + self._grid.turnover(bars)
        trades = self._day.trades + self._grid.trades(bars.lots)
        return volume, turnover, self._coins(volume, turnover), trades

    def _book_sizes(self, second: int) -> tuple[Floats, Floats]:
        lots = np.maximum(self._bars.lots // 7, 1)
        return self._grid.size(lots), self._grid.size(lots + self._asked(second))

    def _asked(self, second: int) -> Floats:
        """1 where the last trade took the ask, 0 where it hit the bid."""
        taken: Floats = ((second + np.arange(len(self._bars.lots))) % 2).astype(np.float64)
        return taken

    def _fair(self, phase: float) -> Floats:
        return self._index[:, 0] + np.rint((self._index[:, 1] - self._index[:, 0]) * phase)

    def _mark(self, bars: Minutes, phase: float) -> Floats:
        return mark(self._fair(phase), bars.close)

    def _interest_in_coin(self, bars: Minutes, phase: float) -> Floats:
        usd = self._interest * self._grid.unit
        coins: Floats = usd / self._grid.price(self._mark(bars, phase))
        return coins

    def _coins(self, native: Floats, if_inverse: Floats) -> Floats:
        linear = native * self._grid.unit * self._grid.multiplier
        coins: Floats = np.where(self._grid.inverse, if_inverse, linear)
        return coins


def so_far(bars: Minutes, phase: float) -> Minutes:
    """A minute of which `phase` (0 to 1) has passed.

    The price goes to one extreme in the first third, to the other in the second, then to the
    close; a rising minute makes its low first.
    """
    turns, leg = turning_points(bars), int(phase * 3)
    passed, target = turns[: leg + 1], turns[leg + 1]
    last = np.rint(passed[-1] + (target - passed[-1]) * (phase * 3 - leg))
    seen = np.stack([*passed, last])
    lots = np.floor(bars.lots * phase)
    return Minutes(bars.open, seen.max(axis=0), seen.min(axis=0), last, lots)


def turning_points(bars: Minutes) -> tuple[Floats, Floats, Floats, Floats]:
    """Where the price of each minute is at its start, after each third, and at its end."""
    rising = bars.close >= bars.open
    first, second = np.where(rising, bars.low, bars.high), np.where(rising, bars.high, bars.low)
    return bars.open, first, second, bars.close


def _funding(seed: int, market: Market, now: int) -> tuple[float, int]:
    if market.interval is None:
        return 0.0, 0
    period = market.interval * HOUR
    due = (now // period + 1) * period
    return funding_rate(seed, market, due), due


def _stopped(seed: int, coins: Mapping[str, Coin], markets: Sequence[Market]) -> dict[str, Quote]:
    """Delisted markets: their last price, no volume."""
    together: dict[int, list[Market]] = {}
    for market in markets:
        if market.closed is not None:
            together.setdefault(market.closed // MINUTE, []).append(market)
    quotes = {}
    for minute, stopped in together.items():
        grid = Grid(seed, coins, stopped)
        lasts = grid.price(grid.minutes(minute - 1, 1).close[:, 0]).tolist()
        for market, last in zip(stopped, lasts, strict=True):
            quotes[market.symbol] = Quote(last, 0, 0, *(last,) * 6, *(0.0,) * 9, 0)
    return quotes
