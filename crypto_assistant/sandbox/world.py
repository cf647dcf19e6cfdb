"""The truth of the simulated market: a pure function of seed, market and time, asked in any order.

Time moves in whole seconds. What a face prints is exactly what is true here.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.sandbox import catalog, coins
from crypto_assistant.sandbox.candles import Bars, candles, joined
from crypto_assistant.sandbox.catalog import MINUTE, Kind, Market, Venue
from crypto_assistant.sandbox.grid import Grid, funding_rate
from crypto_assistant.sandbox.marks import PriceBars, price_bars
from crypto_assistant.sandbox.noise import Floats
from crypto_assistant.sandbox.tape import Quote, Tape
from crypto_assistant.sandbox.trades import Trades, trades


class Ratios(NamedTuple):
    """The part of a market's traders that is long: of accounts, of the top ones, of their size."""

    accounts: Floats
    top_accounts: Floats
    top_positions: Floats


class World:
    """The simulated market. `now` (ms) only places listings, closings and deliveries in time,
    and the accounts, which begin a while before it was `born`.

    `extra` nameless coins, with perpetuals and spot markets on every venue, bring the lists up to
    real size: at 560 each venue lists some 600 perpetuals and Binance 3,400 spot symbols.
    """

    def __init__(self, seed: int, now: int, extra: int = 0) -> None:
        named, nameless = coins.named_coins(now), coins.nameless_coins(extra)
        self.seed = seed
        self.born = now
        self.coins = {coin.name: coin for coin in (*named, *nameless)}
        self.markets = catalog.markets(named, nameless, now)
        self._by_kind: dict[tuple[Venue, Kind], list[Market]] = {}
        for market in self.markets:
            self._by_kind.setdefault((market.venue, market.kind), []).append(market)
        self._by_symbol = {(m.venue, m.kind, m.symbol): m for m in self.markets}
        self._tapes: dict[tuple[Venue, Kind], Tape] = {}
        self._grids: dict[tuple[Venue, Kind, str], Grid] = {}
        self._closed: OrderedDict[tuple[object, ...], Bars] = OrderedDict()

    def listed(self, venue: Venue, kind: Kind) -> list[Market]:
        """Every market of the kind, delisted ones too."""
        return self._by_kind[venue, kind]

    def market(self, venue: Venue, kind: Kind, symbol: str) -> Market | None:
        return self._by_symbol.get((venue, kind, symbol))

    def quotes(self, venue: Venue, kind: Kind, now: int) -> dict[str, Quote]:
        """All markets of the kind by symbol; a delisted one stands still at its last price."""
        return self._tape(venue, kind).quotes(now)

    def quote(self, market: Market, now: int) -> Quote:
        return self.quotes(market.venue, market.kind, now)[market.symbol]

    def mark(self, market: Market, now: int) -> float:
        """The mark price of its quote."""
        return self._tape(market.venue, market.kind).marks(now)[market.symbol]

    def openings(self, venue: Venue, kind: Kind, time: int) -> dict[str, float]:
        """The price of each live market at the start of the minute of `time`, or its first one."""
        return self._tape(venue, kind).openings(time // MINUTE)

    def bars(self, market: Market, edges: Sequence[int], now: int) -> Bars:
        """Candles between neighbouring edges (ms, whole minutes), those that have begun by now."""
        minute, grid = now // MINUTE * MINUTE, self._grid(market)
        done = tuple(edge for edge in edges if edge <= minute)
        key = market.venue, market.kind, market.symbol, done
        if key in self._closed:
            running = candles(grid, edges[max(0, len(done) - 1) :], now)
            return joined(self._closed[key], running)
        bars = candles(grid, edges, now)
        self._keep(key, bars.where(bars.end <= minute))
        return bars

    def trades(
        self,
        market: Market,
        start: int,
        end: int,
        now: int,
        *,
        limit: int | None = None,
        newest: bool = False,
    ) -> Trades:
        """Those in [start, end) (ms) up to now; of more than `limit` the newest or the oldest.

        Of each whole minute they add up to its bar, exactly.
        """
        start = max(start, market.listed)
        end = min(end, now + 1, market.closed or now + 1)
        return trades(self._grid(market), start, max(start, end), limit, newest)

    def interest(self, market: Market, times: Sequence[int]) -> Floats:
        """Open interest in the minute of each time (ascending ms): native units, one-sided."""
        grid, at = self._grid(market), np.array(times, np.int64)
        sizes: Floats = grid.size(grid.open_interest(at // MINUTE))[0]
        sizes[at < market.listed] = 0
        sizes[at >= (market.closed or np.inf)] = 0
        return sizes

    def traded(self, market: Market, times: Sequence[int], length: int) -> NDArray[np.bool_]:
        """Whether anybody traded in the `length` (ms, whole minutes) before each time (ms)."""
        at, count = np.array(times, np.int64) // MINUTE, length // MINUTE
        minutes = at[:, None] - np.arange(1, count + 1)
        traded = ~self._grid(market).quiet(minutes.ravel()).reshape(minutes.shape)
        any_in: NDArray[np.bool_] = np.logical_or.reduce(traded, axis=1)
        return any_in

    def prices(self, market: Market, times: Sequence[int]) -> Floats:
        """The price at which the minute of each time (ascending ms) opens."""
        grid, at = self._grid(market), np.array(times, np.int64)
        prices: Floats = grid.price(grid.lasts(at // MINUTE))[0]
        return prices

    def marks(self, market: Market, times: Sequence[int]) -> Floats:
        """The mark price at the start of the minute of each time (ascending ms)."""
        grid, at = self._grid(market), np.array(times, np.int64)
        prices: Floats = grid.price(grid.marks(at // MINUTE))[0]
        return prices

    def mark_bars(self, market: Market, edges: Sequence[int], now: int) -> PriceBars:
        """Candles of the mark price; each opens with one of `marks`."""
        grid, latest = self._grid(market), self.quote(market, now).mark_price
        return price_bars(grid, grid.marks, edges, now, latest)

    def index_bars(self, market: Market, edges: Sequence[int], now: int) -> PriceBars:
        """Candles of the index."""
        grid, latest = self._grid(market), self.quote(market, now).index_price
        return price_bars(grid, grid.indices, edges, now, latest)

    def ratios(self, market: Market, times: Sequence[int]) -> Ratios:
        """Shares in the minute of each time (ascending ms)."""
        grid, at = self._grid(market), np.array(times, np.int64)
        return Ratios(*(grid.long_share(salt, at // MINUTE)[0] for salt in (23, 29, 31)))

    def funding(self, market: Market, paid_at: int) -> float:
        """The rate of the payment at `paid_at` (ms)."""
        return funding_rate(self.seed, market, paid_at)

    def _keep(self, key: tuple[object, ...], bars: Bars) -> None:
        """Closed bars never change: the latest asked for are kept."""
        self._closed[key] = bars
        if len(self._closed) > 128:
            self._closed.popitem(last=False)

    def _grid(self, market: Market) -> Grid:
        name = market.venue, market.kind, market.symbol
        if name not in self._grids:
            self._grids[name] = Grid(self.seed, self.coins, [market])
        return self._grids[name]

    def _tape(self, venue: Venue, kind: Kind) -> Tape:
        if (venue, kind) not in self._tapes:
            markets = self._by_kind[venue, kind]
            self._tapes[venue, kind] = Tape(self.seed, self.coins, markets)
        return self._tapes[venue, kind]
