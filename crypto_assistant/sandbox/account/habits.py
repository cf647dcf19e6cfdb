"""Which markets the owner trades at each venue, how large, and what money came in to do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from crypto_assistant.sandbox.account.events import Leg
from crypto_assistant.sandbox.catalog import Kind, Market, Venue
from crypto_assistant.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Habit:
    """One leg of one market. most: the largest position, native units. steady: never flat."""

    market: Market
    leg: Leg
    most: Decimal
    weight: int
    leverage: int
    isolated: bool
    steady: bool


class _Row(NamedTuple):
    kind: Kind
    coin: str
    quote: str
    usd: int
    weight: int
    leverage: int = 10
    leg: Leg = "net"
    steady: bool = False
    isolated: bool = False


# Binance's USD-M account is in hedge mode, the others one-way. What weighs nothing is traded once.
_HABITS: Final[Mapping[Venue, tuple[_Row, ...]]] = {
    "binance": (
        _Row("linear", "BTC", "USDT", 16000, 5, leg="long", steady=True),
        _Row("linear", "ETH", "USDT", 8000, 4, leg="long", steady=True),
        _Row("linear", "BTC", "USDT", 3000, 2, leg="short"),
        _Row("linear", "PEPE", "USDT", 1500, 2, 5, leg="long"),
        _Row("linear", "LTC", "USDT", 900, 1, 3, leg="short", steady=True, isolated=True),
        _Row("linear", "SOL", "USDC", 1200, 2, 5, leg="long"),
        _Row("inverse", "BTC", "USD", 6000, 3),
        _Row("linear", "WIF", "USDT", 400, 0, 50, leg="long", isolated=True),
        _Row("linear", "WIF", "USDT", 400, 0, 50, leg="short", isolated=True),
    ),
    "bybit": (
        _Row("linear", "BTC", "USDT", 16000, 5, steady=True),
        _Row("linear", "ETH", "USDT", 8000, 4, steady=True),
        _Row("linear", "PEPE", "USDT", 1500, 2, 5),
        _Row("linear", "BTC", "USDC", 3000, 2),
        _Row("inverse", "BTC", "USD", 6000, 2),
        _Row("inverse", "ETH", "USD", 2500, 2),
        _Row("spot", "SOL", "USDT", 1500, 1),
        _Row("linear", "WIF", "USDT", 400, 0, 50),
    ),
    "okx": (
        _Row("linear", "BTC", "USDT", 16000, 5, steady=True),
        _Row("linear", "ETH", "USDT", 8000, 4, steady=True),
        _Row("linear", "PEPE", "USDT", 1500, 2, 5),
        _Row("linear", "LTC", "USDT", 900, 1, 3, steady=True, isolated=True),
        _Row("inverse", "BTC", "USD", 6000, 3),
        _Row("spot", "ETH", "USDT", 1500, 1),
        _Row("linear", "WIF", "USDT", 400, 0, 50, isolated=True),
    ),
}

# Where money lies, in the order of deposits: wallet, coin, amount.
CASH: Final[Mapping[Venue, str]] = {"binance": "spot", "bybit": "funding", "okx": "funding"}
TRADING: Final[Mapping[Venue, str]] = {"binance": "usdm", "bybit": "unified", "okx": "trading"}
IDLE: Final[Mapping[Venue, tuple[tuple[str, str, str], ...]]] = {
    "binance": (
        ("spot", "USDT", "1840.55"), ("spot", "BTC", "0.0815"), ("spot", "BNB", "1.25"),
        ("spot", "NOPRICE", "12500"), ("spot", "TRX", "1.37"), ("spot", "1000SATS", "900"),
        ("funding", "USDT", "512.25"), ("funding", "USDC", "75"),
    ),
    "bybit": (
        ("funding", "USDT", "820.4"), ("funding", "USDC", "150"), ("funding", "NOPRICE", "3000"),
        ("funding", "DOGE", "2.5"),
    ),
    "okx": (
        ("funding", "USDT", "1210.75"), ("funding", "USDC", "64.2"), ("funding", "OKB", "4"),
        ("funding", "NOPRICE", "777"), ("funding", "TRX", "0.9"),
    ),
}  # fmt: skip
AT_WORK: Final[Mapping[Venue, tuple[tuple[str, str, str], ...]]] = {
    "binance": (
        ("usdm", "USDT", "10000"), ("usdm", "USDC", "3000"), ("usdm", "BNB", "8"),
        ("coinm", "BTC", "0.35"),
    ),
    "bybit": (
        ("unified", "USDT", "11000"), ("unified", "USDC", "4000"), ("unified", "BTC", "0.3"),
        ("unified", "ETH", "4"), ("unified", "SOL", "12"),
    ),
    "okx": (
        ("trading", "USDT", "9000"), ("trading", "BTC", "0.28"), ("trading", "ETH", "2.5"),
        ("trading", "USDC", "900"),
    ),
}  # fmt: skip


def wallet_of(market: Market) -> str:
    """The wallet that a trade of the market changes."""
    if market.venue == "binance":
        return {"linear": "usdm", "inverse": "coinm", "spot": "spot"}[market.kind]
    return TRADING[market.venue]


def habits(world: World, venue: Venue) -> list[Habit]:
    return [_habit(world, venue, row) for row in _HABITS[venue]]


def occasional(world: World, venue: Venue, count: int) -> list[Habit]:
    """Small positions in markets that are not traded otherwise, long and short in turns."""
    known = {habit.market.symbol for habit in habits(world, venue)}
    others = [
        market
        for market in world.listed(venue, "linear")
        if market.is_perpetual and market.closed is None and market.symbol not in known
    ]
    hedged: tuple[Leg, Leg] = ("long", "short") if venue == "binance" else ("net", "net")
    return [
        Habit(market, hedged[n % 2], _size(world, market, 60), 0, 10, False, False)
        for n, market in enumerate(others[:count])
    ]


def _habit(world: World, venue: Venue, row: _Row) -> Habit:
    market = next(
        market
        for market in world.listed(venue, row.kind)
        if (market.coin, market.quote, market.expires) == (row.coin, row.quote, None)
    )
    return Habit(
        market, row.leg, _size(world, market, row.usd), row.weight, row.leverage,
        row.isolated, row.steady,
    )  # fmt: skip


def _size(world: World, market: Market, usd: int) -> Decimal:
    """Whole steps worth about so much, at least one."""
    price = 1 if market.kind == "inverse" else world.coins[market.coin].price * market.multiplier
    steps = max(1, round(usd / (price * market.unit * float(market.step))))
    return steps * Decimal(market.step)
