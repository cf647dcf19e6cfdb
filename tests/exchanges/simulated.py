"""The simulated market as the adapters meet it, and what is true of one market in our units."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from crypto_assistant.clocks import monotonic
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.models import Family, Floats, Instrument
from crypto_assistant.sandbox import Sandbox, World
from crypto_assistant.sandbox.candles import Bars
from crypto_assistant.sandbox.catalog import Kind, Market, Venue

NOW = 1_790_000_029_000
"""2026-09-21 14:13:49 UTC, in the middle of a minute: that of the sandbox's own tests."""

Case = tuple[Venue, Kind, str]
Venues = dict[str, Exchange]

PLACES: list[tuple[Venue, Kind]] = [
    (venue, kind)
    for venue in ("binance", "bybit", "okx")
    for kind in ("spot", "linear", "inverse")
]  # fmt: skip
CONTRACTS = [place for place in PLACES if place[1] != "spot"]

SPOT: list[Case] = [
    ("binance", "spot", "BTCUSDT"),
    ("binance", "spot", "1000SATSUSDT"),
    ("bybit", "spot", "BTCUSDT"),
    ("okx", "spot", "BTC-USDT"),
]
PERPS: list[Case] = [
    ("binance", "linear", "BTCUSDT"),
    ("binance", "linear", "ETHUSDC"),
    ("binance", "linear", "1000PEPEUSDT"),
    ("binance", "inverse", "ETHUSD_PERP"),
    ("bybit", "linear", "BTCUSDT"),
    ("bybit", "linear", "ETHPERP"),
    ("bybit", "linear", "SHIB1000USDT"),
    ("bybit", "inverse", "BTCUSD"),
    ("okx", "linear", "BTC-USDT-SWAP"),
    ("okx", "linear", "ETH-USDC-SWAP"),
    ("okx", "linear", "PEPE-USDT-SWAP"),
    ("okx", "inverse", "BTC-USD-SWAP"),
]


@dataclass
class Clocks:
    """This host's time and that of the venues; a test sets them before it asks."""

    ours: int = NOW
    theirs: int = NOW


@dataclass(frozen=True)
class Simulation:
    """Shared by all tests, so that what is printed at one moment is printed once."""

    sandbox: Sandbox
    clocks: Clocks

    @classmethod
    def of(cls, world: World) -> "Simulation":
        clocks = Clocks()
        return cls(Sandbox(world, lambda: clocks.theirs, monotonic), clocks)


@dataclass(frozen=True)
class Fact:
    """One market, and what the program should say about it."""

    world: World
    market: Market
    instrument: Instrument

    @property
    def inverse(self) -> bool:
        return self.market.kind == "inverse"

    @property
    def decimals(self) -> int:
        """How many the venue prints of the coins and the money of its candles."""
        if self.market.venue == "okx":
            return 9
        return 5 if (self.market.venue, self.market.kind) == ("binance", "linear") else 8

    def bars(self, times: Sequence[int], step: int, now: int) -> Bars:
        return self.world.bars(self.market, [*times, times[-1] + step], now)

    def price(self, prices: Floats) -> Floats:
        return prices / self.market.multiplier

    def coins(self, sizes: Floats, turnovers: Floats) -> Floats:
        """Of native sizes and the turnover that belongs to them."""
        if self.inverse:
            return turnovers
        return sizes * self.market.unit * self.market.multiplier

    def money(self, sizes: Floats, turnovers: Floats) -> Floats:
        return sizes * self.market.unit if self.inverse else turnovers


def assert_printed(found: Floats | None, expected: Floats, decimals: int) -> None:
    """The same, but for what rounding to so many decimals takes away."""
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=0.5001 * 10.0**-decimals)


async def fact(world: World, venues: Venues, case: Case) -> Fact:
    venue, kind, symbol = case
    market, listed = world.market(*case), await venues[venue].instruments(Family(kind))
    assert market is not None
    found = listed[listed.row[symbol]]
    return Fact(world, market, replace(found, multiplier=float(market.multiplier)))


def last(time: int, step: int, count: int) -> list[int]:
    """The last `count` multiples of `step` up to a time."""
    newest = time // step * step
    return list(range(newest - (count - 1) * step, newest + 1, step))
