"""What must be read off one market, worked out bar by bar from the simulated market."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import fsum, log, sqrt
from statistics import fmean, pstdev, stdev
from typing import Final, NamedTuple

from crypto_assistant.sandbox.catalog import Kind, Market
from tests.clock import NOW
from tests.floor import VENUES, world
from tests.truth import Fields, Truth
from tests.truths.volume import DAY, MINUTES, is_other, traded

MINUTE: Final = 60_000
MIDNIGHT: Final = NOW // DAY * DAY
LONG: Final = 1200
"""Closed bars where an average of 200 is wanted; 350 where not."""
SHORT: Final = 350


class Bar(NamedTuple):
    """Prices of a plain coin."""

    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    coins: float


@cache
def bars(market: Market, start: int, end: int, step: int) -> Sequence[Bar]:
    """Those that open in [start, end) and have begun."""
    edges = list(range(start, end + step, step))
    found, each = world().bars(market, edges, NOW), market.multiplier
    times = found.start.tolist(), found.end.tolist()
    prices = (
        (column / each).tolist() for column in (found.open, found.high, found.low, found.close)
    )
    coins = [bar.coins for bar in traded(market, edges).values()]
    return [Bar(*row) for row in zip(*times, *prices, coins, strict=True)]


def primary(
    truth: Truth,
    coin: str,
    quote: str = "USDT",
    *,
    asked: Collection[str] = VENUES,
    failed: Collection[str] = (),
) -> Market | None:
    """The perp with the highest turnover, where no venue has one the spot market; of who is there.

    Markets of another coin of that name do not count.
    """
    perps: Kind = "inverse" if quote == "USD" else "linear"
    kinds: list[tuple[str, Kind, str]] = [
        ("perp", perps, quote),
        ("spot", "spot", "USDT" if quote == "USD" else quote),
    ]
    for part, kind, of in kinds:
        ranked = [v for v in truth.ranked(part, coin, quote) if v in asked]
        markets = [market for v in ranked if (market := truth.find(v, kind, coin, of))]
        if same := [market for market in markets if not is_other(truth, market)]:
            return next((market for market in same if market.venue not in failed), None)
    return None


def named(market: Market) -> Fields:
    return {
        "venue": market.venue,
        "symbol": market.symbol,
        "family": market.kind,
        "tick_size": float(market.tick) / market.multiplier,
    }


def indicators(market: Market, timeframe: str, most: int) -> Fields | None:
    """Of up to so many bars that have closed."""
    step = MINUTES[timeframe] * MINUTE
    end = NOW // step * step
    closed = bars(market, end - most * step, end, step)
    if not closed:
        return None
    close = [bar.close for bar in closed]
    last, count = close[-1], len(closed)
    atr = _wilder(_ranges(closed)) if count >= 314 else None
    middle = deviation = None
    if count >= 20:
        middle, deviation = fmean(close[-20:]), pstdev(close[-20:])
    return {
        "timeframe": timeframe,
        "bars": count,
        "close_price": last,
        "rsi_14": _rsi(close) if count >= 314 else None,
        "atr_14_price": atr,
        "atr_14_fraction": atr / last if atr is not None else None,
        "ema_20_price": _ema(close, 20) if count >= 320 else None,
        "ema_50_price": _ema(close, 50) if count >= 350 else None,
        "ema_200_price": _ema(close, 200) if count >= 1200 else None,
        "bollinger_mid_price": middle,
        "bollinger_upper_price": None if deviation is None else fmean(close[-20:]) + 2 * deviation,
        "bollinger_lower_price": None if deviation is None else fmean(close[-20:]) - 2 * deviation,
        "bollinger_position_fraction": (last - middle + 2 * deviation) / (4 * deviation)
        if middle is not None and deviation
        else None,
    }


def _ranges(closed: Sequence[Bar]) -> list[float]:
    return [
        max(bar.high, before.close) - min(bar.low, before.close) for before, bar in pairwise(closed)
    ]


def _wilder(values: Sequence[float]) -> float:
    mean = fmean(values[:14])
    for value in values[14:]:
        mean = (mean * 13 + value) / 14
    return mean


def _rsi(close: Sequence[float]) -> float:
    changes = [after - before for before, after in pairwise(close)]
    gain = _wilder([max(change, 0.0) for change in changes])
    loss = _wilder([max(-change, 0.0) for change in changes])
    return 100 - 100 / (1 + gain / loss)


def _ema(close: Sequence[float], length: int) -> float:
    mean = fmean(close[:length])
    for price in close[length:]:
        mean += (price - mean) * 2 / (length + 1)
    return mean


def volatility(market: Market) -> Fields | None:
    step = 15 * MINUTE
    end = NOW // step * step
    close = [bar.close for bar in bars(market, end - 97 * step, end, step)]
    if len(close) < 97:
        return None
    day = stdev(log(after / before) for before, after in pairwise(close)) * sqrt(96)
    return {"realised_day_fraction": day, "realised_year_fraction": day * sqrt(365)}


def now(market: Market) -> Fields:
    """14:13:49.5 less 15 minutes is nearest to 13:59:00."""
    last = bars(market, NOW // MINUTE * MINUTE, NOW, MINUTE)[-1].close
    then = bars(market, MIDNIGHT + (13 * 60 + 59) * MINUTE, MIDNIGHT + 14 * 60 * MINUTE, MINUTE)
    vwap = today(market)["vwap_price"]
    return {
        "last_price": last,
        "vwap_distance_fraction": last / vwap - 1,
        "change_15m_fraction": last / then[0].open - 1 if then else None,
    }


@cache
def today(market: Market) -> Fields:
    """With the minute that is forming."""
    return _day(bars(market, MIDNIGHT, NOW, MINUTE))


@cache
def yesterday(market: Market) -> Fields | None:
    minutes = bars(market, MIDNIGHT - DAY, MIDNIGHT, MINUTE)
    return _day(minutes) if minutes else None


def _day(minutes: Sequence[Bar]) -> Fields:
    coins = fsum(bar.coins for bar in minutes)
    paid = fsum((bar.high + bar.low + bar.close) / 3 * bar.coins for bar in minutes)
    poc, vah, val = _levels(minutes)
    return {
        "start_ms": minutes[0].start,
        "minutes": len(minutes),
        "high_price": max(bar.high for bar in minutes),
        "low_price": min(bar.low for bar in minutes),
        "vwap_price": paid / coins,
        "poc_price": poc,
        "vah_price": vah,
        "val_price": val,
    }


def _levels(minutes: Sequence[Bar]) -> tuple[float, float, float]:
    """Point of control, and the area that holds seven tenths."""
    low, high = min(bar.low for bar in minutes), max(bar.high for bar in minutes)
    height = (high - low) / 100
    rows = [0.0] * 100
    for bar in minutes:
        if bar.low == bar.high:
            rows[min(int((bar.low - low) / height), 99)] += bar.coins
            continue
        first, last = int((bar.low - low) / height), int((bar.high - low) / height)
        for row in range(max(first - 1, 0), min(last + 2, 100)):
            bottom, top = low + row * height, low + (row + 1) * height
            part = max(0.0, min(top, bar.high) - max(bottom, bar.low))
            rows[row] += bar.coins * part / (bar.high - bar.low)
    bottom = top = most = rows.index(max(rows))
    inside = rows[most]
    while inside < 0.7 * fsum(rows):
        below = rows[bottom - 1] if bottom > 0 else -1
        above = rows[top + 1] if top < 99 else -1
        inside += max(below, above)
        bottom, top = (bottom, top + 1) if above > below else (bottom - 1, top)
    return low + (most + 0.5) * height, low + (top + 1) * height, low + bottom * height


def outlook(market: Market, timeframe: str, lacking: Collection[str] = ()) -> Fields:
    """The whole reading; `lacking`: parts that did not arrive."""
    parts: Fields = {
        "indicators": indicators(market, timeframe, LONG),
        "volatility": volatility(market),
        "now": now(market),
        "today": today(market),
        "yesterday": yesterday(market),
    }
    parts |= dict.fromkeys(lacking)
    return named(market) | parts | {"levels": nearest(parts)}


def nearest(parts: Mapping[str, Fields | None]) -> list[Fields]:
    """Two above the last price and two below it."""
    prices: dict[str, float | None] = {}
    for day, whose in (("today", ""), ("yesterday", "yesterday's ")):
        if known := parts[day]:
            prices |= {whose + name: known[f"{name.lower()}_price"] for name in LEVELS}
    if known := parts["today"]:
        prices["VWAP"] = known["vwap_price"]
    if known := parts["yesterday"]:
        prices["yesterday's high"] = known["high_price"]
        prices["yesterday's low"] = known["low_price"]
    if known := parts["indicators"]:
        prices["EMA 200"] = known["ema_200_price"]
    if parts["now"] is None:
        return []
    last = parts["now"]["last_price"]
    found = sorted((price, name) for name, price in prices.items() if price is not None)
    above = [level for level in found if level[0] >= last][:2]
    below = [level for level in found if level[0] < last][-2:]
    return [
        {"name": name, "price": price, "distance_fraction": price / last - 1}
        for price, name in reversed(below + above)
    ]


LEVELS: Final = ("POC", "VAH", "VAL")
