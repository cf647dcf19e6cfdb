"""The truth of the simulated market: a pure function of seed, market and time, asked in any order.

Time moves in whole seconds. What a face prints is exactly what is true here.
"""

from collections import OrderedDict
from collections.abc import Sequence

from crypto_assistant.sandbox import catalog, coins
from crypto_assistant.sandbox.candles import Bars, candles, joined
from crypto_assistant.sandbox.catalog import MINUTE, Kind, Market, Venue
from crypto_assistant.sandbox.grid import Grid, funding_rate
from crypto_assistant.sandbox.tape import Quote, Tape


class World:
    """The simulated market. `now` (ms) only places listings, closings and deliveries in time.

    `extra` nameless coins, with perpetuals and spot markets on every venue, bring the lists up to
    real size: at 560 each venue lists some 600 perpetuals and Binance 3,400 spot symbols.
    """

    def __init__(self, seed: int, now: int, extra: int = 0) -> None:
        named, nameless = coins.named_coins(), coins.nameless_coins(extra)
        self.seed = seed
        self.coins = {coin.name: coin for coin in (*named, *nameless)}
        self.markets = catalog.markets(named, nameless, now)
        self._by_kind: dict[tuple[Venue, Kind], list[Market]] = {}
        for market in self.markets:
            self._by_kind.setdefault((market.venue, market.kind), []).append(market)
        self._by_symbol = {(m.venue, m.kind, m.symbol): m for m in self.markets}
        self._tapes: dict[tuple[Venue, Kind], Tape] = {}
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

    def openings(self, venue: Venue, kind: Kind, time: int) -> dict[str, float]:
        """The price of each live market at the start of the minute of `time`, or its first one."""
        return self._tape(venue, kind).openings(time // MINUTE)

    def bars(self, market: Market, edges: Sequence[int], now: int) -> Bars:
        """Candles between neighbouring edges (ms, whole minutes), those that have begun by now."""
        minute = now // MINUTE * MINUTE
        done = tuple(edge for edge in edges if edge <= minute)
        running = candles(self._grid(market), edges[max(0, len(done) - 1) :], now)
        return joined(self._whole_bars(market, done, minute), running)

    def funding(self, market: Market, paid_at: int) -> float:
        """The rate of the payment at `paid_at` (ms)."""
        return funding_rate(self.seed, market, paid_at)

    def _whole_bars(self, market: Market, edges: tuple[int, ...], now: int) -> Bars:
        """Closed bars never change: the latest asked for are kept."""
        key = market.venue, market.kind, market.symbol, edges
        if key not in self._closed:
            self._closed[key] = candles(self._grid(market), edges, now)
            if len(self._closed) > 128:
                self._closed.popitem(last=False)
        return self._closed[key]

    def _grid(self, market: Market) -> Grid:
        return Grid(self.seed, self.coins, [market])

    def _tape(self, venue: Venue, kind: Kind) -> Tape:
        if (venue, kind) not in self._tapes:
            markets = self._by_kind[venue, kind]
            self._tapes[venue, kind] = Tape(self.seed, self.coins, markets)
        return self._tapes[venue, kind]
