"""What the simulated exchanges list: every market of every venue."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import floor, log10
from typing import Final, Literal

from crypto_assistant.sandbox.coins import Coin

Venue = Literal["binance", "bybit", "okx"]
Kind = Literal["spot", "linear", "inverse"]

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Market:
    """One market as its venue lists it.

    One native unit of size (what `step` counts) is `unit` of `base` where the contract is linear
    or spot, and `unit` USD where it is inverse. One `base` is `multiplier` coins (1000PEPE: 1000).
    `share` is its part of the coin's turnover; `interval` the hours between funding payments;
    `closed` when trading ended for good, `expires` when a dated future will be delivered, `renewed`
    when a perp that goes by the name of a future will be; in a `thin` one nobody trades for hours
    at a time.
    """

    venue: Venue
    kind: Kind
    symbol: str
    coin: str
    base: str
    quote: str
    settle: str
    tick: str
    step: str
    share: float
    listed: int
    unit: float = 1.0
    multiplier: int = 1
    interval: int | None = None
    expires: int | None = None
    closed: int | None = None
    category: str = "crypto"
    thin: bool = False
    renewed: int | None = None

    @property
    def is_perpetual(self) -> bool:
        return self.kind != "spot" and self.expires is None

    @property
    def price_decimals(self) -> int:
        return decimals(self.tick)

    @property
    def size_decimals(self) -> int:
        return decimals(self.step)


def decimals(step: str) -> int:
    return len(step.partition(".")[2])


_STABLE: Final = frozenset({"USDC", "FDUSD", "DAI", "EUR"})
_CASH: Final = frozenset({"USDT", "USD"})
_TRADFI: Final = {"TSLA": "stock", "XAU": "commodity", "BTCDOM": "index", "TEST01": "trial"}
_DELISTED: Final = frozenset({"MATIC", "FTT", "SRM"})
_THIN: Final = {("SEI", "binance")}
_NEW: Final = {"MON": 5 * HOUR, "LIT": 40 * MINUTE}
_ONLY: Final = {
    "MNT": "bybit", "OKB": "okx", "TEST01": "okx", "BTCDOM": "binance", "NEIROCTO": "bybit",
}  # fmt: skip
_NOT_ON: Final = {("BNB", "okx"), ("BABYDOGE", "okx"), ("LIT", "okx"), ("NEIRO", "bybit")}
_INVERSE: Final = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "LINK", "LTC")
_USDC_PERPS: Final = ("BTC", "ETH", "SOL")
_DATED: Final = ("BTC", "ETH")
_XPERPS: Final = ("BTC", "ETH", "DOGE")
_RENEWAL: Final = 1_933_056_000_000  # 2031-04-04 08:00 UTC
_INTERVALS: Final = {
    "PEPE": 4, "WIF": 4, "ENA": 4, "JUP": 4, "SUPER": 4, "TIA": 2, "MON": 1, "LIT": 1,
    "BABYDOGE": 4, "SATS": 4, "NEIRO": 4, "NEIROCTO": 2, "TSLA": 4, "XAU": 4,
    "JELLYJELLY": 1, "MOVE": 2,
}  # fmt: skip
_PREFIXED: Final[dict[tuple[str, str], dict[str, tuple[str, int]]]] = {
    ("binance", "spot"): {"SATS": ("1000SATS", 1000), "BABYDOGE": ("1MBABYDOGE", 1_000_000)},
    ("binance", "linear"): {
        "PEPE": ("1000PEPE", 1000), "SHIB": ("1000SHIB", 1000), "BONK": ("1000BONK", 1000),
        "FLOKI": ("1000FLOKI", 1000), "SATS": ("1000SATS", 1000),
        "BABYDOGE": ("1MBABYDOGE", 1_000_000),
    },
    ("bybit", "linear"): {
        "PEPE": ("1000PEPE", 1000), "SHIB": ("SHIB1000", 1000), "BONK": ("1000BONK", 1000),
        "FLOKI": ("1000FLOKI", 1000), "SATS": ("10000SATS", 10_000),
        "BABYDOGE": ("1000000BABYDOGE", 1_000_000),
    },
}  # fmt: skip
_SHARES: Final[dict[str, dict[str, float]]] = {
    "binance": {"linear": 0.30, "spot": 0.09, "inverse": 0.015},
    "bybit": {"linear": 0.16, "spot": 0.05, "inverse": 0.010},
    "okx": {"linear": 0.13, "spot": 0.04, "inverse": 0.012},
}
# Beside the USDT pair, where it is not a tenth of it. OKX counts takers of spot by coin: over all
# pairs of some coins nearly what the USDT pair alone trades, of others clearly more.
_SIDE_PAIRS: Final = {
    ("okx", "spot", "USDC"): 0.015,
    ("okx", "spot", "EUR"): 0.01,
    ("okx", "spot", "BTC"): 0.15,
}
# Perps that are traded the most elsewhere than at Binance.
_LED: Final = {("JELLYJELLY", "bybit"), ("MOVE", "bybit"), ("NOT", "okx"), ("STEP", "okx")}
_VENUES: Final[tuple[Venue, ...]] = ("binance", "bybit", "okx")


def markets(named: list[Coin], nameless: list[Coin], now: int) -> list[Market]:
    """Every market of every venue, its calendar placed around `now`."""
    shop = _Shop({coin.name: coin for coin in (*named, *nameless)}, now)
    known = (m for coin in named for venue in _VENUES for m in shop.known(venue, coin.name))
    xperps = (shop.xperp(name) for name in _XPERPS)
    return [*known, *xperps, *(m for coin in nameless for m in shop.nameless(coin.name))]


def quarter_ends(now: int) -> tuple[datetime, datetime]:
    """The next two quarterly deliveries at least a week away: last Fridays at 08:00 UTC."""
    earliest = datetime.fromtimestamp(now / 1000, UTC) + timedelta(days=7)
    ends = (
        _last_friday(year, month)
        for year in range(earliest.year, earliest.year + 2)
        for month in (3, 6, 9, 12)
    )
    current, following, *_ = (end for end in ends if end > earliest)
    return current, following


def _last_friday(year: int, month: int) -> datetime:
    last = datetime(year + month // 12, month % 12 + 1, 1, 8, tzinfo=UTC) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - 4) % 7)


class _Shop:
    """Builds markets with the names, ticks and contract sizes each venue uses."""

    def __init__(self, listed_coins: dict[str, Coin], now: int) -> None:
        self._coins = listed_coins
        self._now = now
        self._quarters = quarter_ends(now)

    def known(self, venue: Venue, name: str) -> Iterator[Market]:
        if _ONLY.get(name, venue) != venue or (name, venue) in _NOT_ON or name in _CASH:
            return
        if name in _STABLE:
            yield self._spot(venue, name)
        elif name in _TRADFI:
            yield self._linear(venue, name)
        else:
            yield from self._crypto(venue, name)

    def xperp(self, name: str) -> Market:
        """OKX's perps for Europe: smaller contracts, margined in dollars of any kind."""
        perp = self._linear("okx", name, "USD")
        return replace(
            perp, symbol=f"{name}-USD_UM_XPERP-310404", step="1", unit=perp.unit / 100,
            share=perp.share / 5, interval=8, renewed=_RENEWAL,
        )  # fmt: skip

    def nameless(self, name: str) -> Iterator[Market]:
        odd = ord(name[-1]) % 2 == 0
        for venue in _VENUES:
            yield self._spot(venue, name)
            yield self._linear(venue, name)
        for quote in ("BTC", "USDC")[: 1 + odd]:
            yield self._spot("binance", name, quote)
        for quote in ("ETH", "BNB", "DAI", "EUR")[: 3 + odd]:
            yield self._spot("binance", name, quote, closed=self._now - 200 * DAY)

    def _crypto(self, venue: Venue, name: str) -> Iterator[Market]:
        closed = self._now - 30 * DAY if name in _DELISTED else None
        if name != "BABYDOGE" or venue == "binance":
            yield self._spot(venue, name, closed=closed)
        if name != "OKB":
            yield self._linear(venue, name, closed=closed)
        if name in _DATED:
            for quote in ("USDC", "EUR", "FDUSD")[: 3 if venue == "binance" else 2]:
                yield self._spot(venue, name, quote)
            yield from (self._dated(venue, name, end) for end in self._quarters)
            yield from (self._dated_inverse(venue, name, end) for end in self._quarters)
        if name in ("ETH", "SOL", "XRP"):
            yield self._spot(venue, name, "BTC")
        if name in _USDC_PERPS:
            yield self._linear(venue, name, "USDC")
        if name in _INVERSE:
            yield self._inverse(venue, name)

    def _spot(
        self, venue: Venue, name: str, quote: str = "USDT", closed: int | None = None
    ) -> Market:
        base, multiplier = self._base(venue, "spot", name)
        sep = "-" if venue == "okx" else ""
        price = self._price(name, quote) * multiplier
        exponent = max(_tick_exponent(price), -8 if venue == "binance" else -15)
        return Market(
            venue, "spot", f"{base}{sep}{quote}", name, base, quote, quote,
            tick=_power(exponent), step=_power(min(0, -_magnitude(price) - 1)),
            share=self._share(venue, "spot", quote), listed=self._listed(name),
            multiplier=multiplier, closed=closed,
        )  # fmt: skip

    def _linear(
        self, venue: Venue, name: str, quote: str = "USDT", closed: int | None = None
    ) -> Market:
        base, multiplier = self._base(venue, "linear", name)
        symbol = {
            "binance": f"{base}{quote}",
            "bybit": f"{base}PERP" if quote == "USDC" else f"{base}{quote}",
            "okx": f"{base}-{quote}-SWAP",
        }[venue]
        return self._contract(
            venue, name, symbol, quote, prefixed=(base, multiplier),
            interval=_interval(venue, name), closed=closed,
        )  # fmt: skip

    def _dated(self, venue: Venue, name: str, end: datetime) -> Market:
        symbol = {
            "binance": f"{name}USDT_{end:%y%m%d}",
            "bybit": f"{name}USDT-{end:%d%b%y}".upper(),
            "okx": f"{name}-USDT-{end:%y%m%d}",
        }[venue]
        return self._contract(
            venue, name, symbol, "USDT", prefixed=(name, 1), expires=int(end.timestamp() * 1000)
        )

    def _contract(
        self,
        venue: Venue,
        name: str,
        symbol: str,
        quote: str,
        *,
        prefixed: tuple[str, int],
        interval: int | None = None,
        expires: int | None = None,
        closed: int | None = None,
    ) -> Market:
        base, multiplier = prefixed
        price = self._price(name, quote) * multiplier
        magnitude = _magnitude(price)
        contract = venue == "okx"
        step = ("0.01" if magnitude >= 3 else "0.1") if contract else _power(min(0, 1 - magnitude))
        share = self._share(venue, "linear", quote) * (0.02 if expires else 1)
        share *= 5 if (name, venue) in _LED else 1
        return Market(
            venue, "linear", symbol, name, base, quote, quote,
            tick=_power(_tick_exponent(price)), step=step, share=share, listed=self._listed(name),
            unit=10.0 ** (2 - magnitude) if contract else 1.0, multiplier=multiplier,
            interval=interval, expires=expires, closed=closed,
            category=_TRADFI.get(name, "crypto"), thin=(name, venue) in _THIN,
        )  # fmt: skip

    def _inverse(self, venue: Venue, name: str) -> Market:
        symbol = {
            "binance": f"{name}USD_PERP",
            "bybit": f"{name}USD",
            "okx": f"{name}-USD-SWAP",
        }[venue]
        return self._coin_margined(venue, name, symbol, interval=8)

    def _dated_inverse(self, venue: Venue, name: str, end: datetime) -> Market:
        symbol = {
            "binance": f"{name}USD_{end:%y%m%d}",
            "bybit": f"{name}USD{'HMUZ'[end.month // 3 - 1]}{end:%y}",
            "okx": f"{name}-USD-{end:%y%m%d}",
        }[venue]
        return self._coin_margined(venue, name, symbol, expires=int(end.timestamp() * 1000))

    def _coin_margined(
        self,
        venue: Venue,
        name: str,
        symbol: str,
        interval: int | None = None,
        expires: int | None = None,
    ) -> Market:
        unit = 1.0 if venue == "bybit" else 100.0 if name == "BTC" else 10.0
        tick = "0.5" if (venue, name) == ("bybit", "BTC") else None
        share = _SHARES[venue]["inverse"] * (0.05 if expires else 1)
        return Market(
            venue, "inverse", symbol, name, name, "USD", name,
            tick=tick or _power(_tick_exponent(self._price(name, "USD"))), step="1", share=share,
            listed=self._listed(name), unit=unit, interval=interval, expires=expires,
        )  # fmt: skip

    def _base(self, venue: Venue, kind: Kind, name: str) -> tuple[str, int]:
        return _PREFIXED.get((venue, kind), {}).get(name, (self._coins[name].ticker, 1))

    def _price(self, name: str, quote: str) -> float:
        return self._coins[name].price / self._coins[quote].price

    def _share(self, venue: Venue, kind: Kind, quote: str) -> float:
        usual = 1 if quote == "USDT" else 0.1
        side = _SIDE_PAIRS.get((venue, kind, quote), usual)
        return _SHARES[venue][kind] * side

    def _listed(self, name: str) -> int:
        age = _NEW.get(name) or (400 + len(name) * 90) * DAY
        return (self._now - age) // MINUTE * MINUTE


def _interval(venue: Venue, name: str) -> int:
    return 8 if venue == "okx" and name in {"PEPE", "JUP"} else _INTERVALS.get(name, 8)


def _magnitude(price: float) -> int:
    return floor(log10(price))


def _tick_exponent(price: float) -> int:
    return _magnitude(price) - (5 if price >= 1000 else 4)


def _power(exponent: int) -> str:
    return str(10**exponent) if exponent >= 0 else f"{10.0**exponent:.{-exponent}f}"
