"""What goes wrong and when: drawn by a seed from everything that can, with calm between."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal, get_args

from crypto_assistant.sandbox import Fault
from crypto_assistant.sandbox.faults import Kind
from tests.soak.outages import OUTAGES

Signal = Literal["SIGKILL", "SIGTERM"]
TELEGRAM: Final = tuple(OUTAGES)
VENUES: Final = ("binance", "bybit", "okx")
GAPS: Final[tuple[Kind, ...]] = ("empty", "missing", "null", "null_fields", "nonsense")
"""Answers that say less. Of an account an empty list is nothing odd: market data alone."""
MARKET_PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "binance": (
        "/fapi/v1/ticker", "/fapi/v1/openInterest", "/fapi/v1/premiumIndex", "/fapi/v1/klines",
        "/api/v3/ticker", "/api/v3/klines", "/dapi/v1/ticker", "/futures/data",
    ),
    "bybit": ("/v5/market/tickers", "/v5/market/kline", "/v5/market/recent-trade", "/v5/market"),
    "okx": ("/api/v5/market", "/api/v5/public", "/api/v5/rubik", "/api/v5/market/ticker"),
}  # fmt: skip
ACCOUNT_PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "binance": ("/fapi/v3", "/api/v3/account", "/sapi"),
    "bybit": ("/v5/account", "/v5/position", "/v5/asset"),
    "okx": ("/api/v5/account", "/api/v5/asset"),
}
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "binance": ("lastPrice", "priceChangePercent", "quoteVolume", "markPrice", "openInterest"),
    "bybit": ("lastPrice", "price24hPcnt", "turnover24h", "fundingRate", "markPrice"),
    "okx": ("last", "open24h", "volCcy24h", "fundingRate", "markPx"),
}
TYPES: Final = ("text", "list")
"""Of no field that is a number."""
AMOUNTS: Final = ("negative", "nan", "infinite", "huge")
PRICES: Final = (*AMOUNTS, "none")
BARS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("1", "4"), PRICES),
    "2": (*PRICES, "thousandth"),
    "3": (*PRICES, "thousandfold"),
    "5": AMOUNTS,
    "rows": ("reversed", "twice"),
    "0": ("2010", "2099"),
}
"""Of candles: time, open, high, low, close, volume."""
IMPOSSIBLE: Final[Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]]] = {
    "binance": {
        "/fapi/v1/ticker/24hr": {
            "lastPrice": PRICES, "quoteVolume": AMOUNTS, "volume": AMOUNTS,
            "highPrice": (*PRICES, "thousandth"), "lowPrice": (*PRICES, "thousandfold"),
        },
        "/fapi/v1/ticker/bookTicker": {"bidPrice": PRICES, "askPrice": PRICES},
        "/fapi/v1/openInterest": {"openInterest": AMOUNTS},
        "/fapi/v1/premiumIndex": {
            "markPrice": PRICES, "indexPrice": PRICES, "lastFundingRate": ("five", "nan"),
        },
        "/fapi/v1/fundingInfo": {"fundingIntervalHours": ("none", "negative", "hundred")},
        "/fapi/v1/klines": {**BARS, "7": AMOUNTS, "9": (*AMOUNTS, "thousandfold")},
        "/api/v3/ticker/24hr": {"lastPrice": PRICES, "quoteVolume": AMOUNTS},
        "/api/v3/klines": {**BARS, "9": (*AMOUNTS, "thousandfold")},
        "/futures/data": {
            "sumOpenInterest": AMOUNTS, "sumOpenInterestValue": AMOUNTS,
            "longAccount": ("five", "negative"), "rows": ("reversed", "twice"),
        },
    },
    "bybit": {
        "/v5/market/tickers": {
            "lastPrice": PRICES, "turnover24h": AMOUNTS, "volume24h": AMOUNTS,
            "highPrice24h": (*PRICES, "thousandth"), "lowPrice24h": (*PRICES, "thousandfold"),
            "bid1Price": PRICES, "ask1Price": PRICES, "markPrice": PRICES,
            "openInterestValue": AMOUNTS, "singleOpenInterest": AMOUNTS,
            "fundingRate": ("five", "nan"), "fundingIntervalHour": ("none", "negative", "hundred"),
        },
        "/v5/market/kline": BARS,
        "/v5/market/recent-trade": {"size": AMOUNTS, "price": PRICES},
        "/v5/market/account-ratio": {"buyRatio": ("five", "negative")},
        "/v5/market/open-interest": {"openInterest": AMOUNTS},
    },
    "okx": {
        "/api/v5/market/ticker": {
            "last": PRICES, "volCcy24h": AMOUNTS, "high24h": (*PRICES, "thousandth"),
            "low24h": (*PRICES, "thousandfold"), "bidPx": PRICES, "askPx": PRICES,
        },
        "/api/v5/public/open-interest": {"oiCcy": AMOUNTS, "oiUsd": AMOUNTS, "oi": AMOUNTS},
        "/api/v5/public/mark-price": {"markPx": PRICES},
        "/api/v5/public/funding-rate": {"fundingRate": ("five", "nan")},
        "/api/v5/market/candles": BARS,
        "/api/v5/rubik": {"1": AMOUNTS, "2": AMOUNTS, "rows": ("reversed", "twice")},
    },
}  # fmt: skip
"""What no market's number can be, by path and field. What may be one, if another's, is not here."""
LINGERS: Final = 20.0
"""Seconds after the end of a fault until nothing is to be felt of it: lists are asked for anew."""
HOLDS: Final = 317.0
"""Seconds for which a venue stays silent towards who was locked out without being told."""


@dataclass(frozen=True)
class Trouble:
    """From `start` to `end` (s): a venue's fault, something of Telegram's, or a signal."""

    start: float
    end: float
    what: Fault | str

    @property
    def over(self) -> float:
        """When nothing is to be felt of it any more."""
        if not isinstance(self.what, Fault):
            return self.end + LINGERS
        told = self.what.kind in {"rate_limited", "banned"}
        return self.end + (float(self.what.value) if told else 0) + self._lingers(self.what)

    def _lingers(self, fault: Fault) -> float:
        return HOLDS if fault.kind == "waf" else LINGERS

    @property
    def family(self) -> str:
        return f"venue {self.what.kind}" if isinstance(self.what, Fault) else self.what

    def gaps(self, venue: str) -> bool:
        """Whether the venue says less, and no word of it."""
        return isinstance(self.what, Fault) and self.what.kind in GAPS and self.what.venue == venue


def forecast(random: Random, seconds: float, also: Sequence[str] = ()) -> list[Trouble]:
    """Storms of half a minute and calm of nearly one; each life of the daemon lasts minutes.

    `also`: what else may go wrong.
    """
    troubles: list[Trouble] = []
    time, last_end = 20.0, 0.0
    kinds = _in_turn(random, [*get_args(Kind), *get_args(Kind), *TELEGRAM, *also])
    while time < seconds - 20:
        storm = random.uniform(15, 30)
        for _ in range(random.randint(3, 6)):
            start = time + random.uniform(0, storm / 2)
            end = start + random.uniform(3, storm / 2)
            troubles.append(Trouble(start, end, _drawn(next(kinds), random)))
        if time - last_end > 100 and random.random() < 0.6:
            at, last_end = time + random.uniform(0, storm), time
            troubles.append(Trouble(at, at, random.choice(get_args(Signal))))
        time += storm + random.uniform(40, 55)
    return sorted((t for t in troubles if t.start < seconds), key=lambda trouble: trouble.start)


def squall(random: Random, seconds: float) -> list[Trouble]:
    """A handful of each, close together, and one SIGKILL in the middle."""
    kinds = [*random.sample(get_args(Kind), 6), *random.sample(TELEGRAM, 4)]
    each = seconds / (len(kinds) + 1)
    troubles = [
        Trouble(start, start + 1.5 * each, _drawn(kind, random))
        for n, kind in enumerate(kinds)
        for start in [each * (n + 0.5)]
    ]
    return [*troubles, Trouble(seconds / 2, seconds / 2, "SIGKILL")]


def _in_turn(random: Random, kinds: Sequence[str]) -> Iterator[str]:
    """Each once, in any order, before one comes again."""
    while True:
        yield from random.sample(kinds, len(kinds))


def _drawn(kind: str, random: Random) -> Fault | str:
    if kind not in get_args(Kind):
        return kind
    venue = random.choice(VENUES)
    known: Kind = next(one for one in get_args(Kind) if one == kind)
    if known == "nonsense":
        return _nonsense(venue, random)
    return Fault(venue, known, _value(known, venue, random), _path(known, venue, random))


def _nonsense(venue: str, random: Random) -> Fault:
    path = random.choice([*IMPOSSIBLE[venue]])
    field = random.choice([*IMPOSSIBLE[venue][path]])
    ways = IMPOSSIBLE[venue][path][field]
    way = random.choice(ways if field == "rows" else (*ways, *TYPES))
    return Fault(venue, "nonsense", f"{field} {way}", path)


def _value(kind: Kind, venue: str, random: Random) -> str | float:
    if kind in {"missing", "null"}:
        return random.choice(FIELDS[venue])
    return {
        "http": random.choice((500, 502, 503)),
        "slow": random.choice((0.5, 1.5, 2.5)),
        "rate_limited": random.choice((2, 5)),
        "banned": random.choice((3, 8)),
    }.get(kind, "")


def _path(kind: Kind, venue: str, random: Random) -> str:
    if kind in GAPS:
        return random.choice(MARKET_PATHS[venue])
    return random.choice(("", "", *MARKET_PATHS[venue], *ACCOUNT_PATHS[venue]))
