"""What /oi must say, worked out from the simulated market in plain loops.

Where an exchange prints fewer decimals than the market has, the truth is rounded as printed.
"""

from collections.abc import Callable, Collection, Mapping
from math import fsum, nan
from typing import Any, Final

from crypto_assistant.models import known
from crypto_assistant.sandbox.catalog import Kind, Market
from tests.clock import NOW
from tests.floor import VENUES, world
from tests.truth import Fields, Truth, known_by

STEP: Final = 300_000
AGES: Final = {"15m": 900_000, "1h": 3_600_000, "4h": 14_400_000, "24h": 86_400_000}
LEAST: Final = {"15m": 0.002, "1h": 0.005, "4h": 0.01, "24h": 0.02}
SEGMENTS: Final[dict[str, tuple[Kind, str]]] = {
    "usdt": ("linear", "USDT"),
    "usdc": ("linear", "USDC"),
    "coin_margined": ("inverse", "USD"),
}
BARS: Final = 350
"""Closed bars that the average true range is warmed up with."""
FEWEST: Final = 314

Perps = dict[str, dict[str, Market]]
Figures = dict[tuple[str, str], float]


def oi(
    truth: Truth,
    coin: str,
    quote: str = "USDT",
    *,
    asked: Collection[str] = VENUES,
    failed: Mapping[str, str] | None = None,
    tradfi: bool = False,
    details: bool = False,
) -> Fields:
    """The whole of /oi where the venues in `failed` said nothing."""
    kinds = {name: kind for name, kind in SEGMENTS.items() if quote in {"USDT", kind[1]}}
    perps, apart = _perps(truth, coin, kinds)
    name = coin if quote == "USDT" else f"{coin}/{quote}"
    unlisted = [venue for venue in asked if not perps[venue]]
    unheard = {v: "" if v in apart else f"does not list {name}" for v in unlisted}
    failed = unheard | dict(failed or {})
    alive = [venue for venue in asked if venue not in failed]
    first = next(iter(kinds))
    ranked = sorted(
        (venue for venue in alive if first in perps[venue]),
        key=lambda venue: -truth.turnover(perps[venue][first]),
    )
    primary = moves(truth, perps[ranked[0]][first]) if ranked else None
    held = {venue: {s: _market(truth, m) for s, m in perps[venue].items()} for venue in alive}
    return {
        "coin": coin,
        "quote": quote,
        "tradfi": tradfi,
        "apart_venues": [venue for venue in apart if venue in asked],
        "dated": _dated(truth, coin, kinds, alive) if details else None,
        "long_shorts": _long_shorts(perps, first, alive),
        **added_up(held, primary, quote),
    } | known_by(asked, failed)


def added_up(held: Mapping[str, Fields], primary: Fields | None, quote: str = "USDT") -> Fields:
    """What /oi makes of the venues' figures, whichever of them are missing."""
    windows = {name: _window(held, name) for name in AGES}
    own = "change_inverse_fraction" if quote == "USD" else "change_linear_fraction"
    return {
        "venues": held,
        "totals": totals(held),
        "windows": windows,
        "primary": primary,
        "quadrants": {name: _quadrant(windows[name][own], primary, name) for name in AGES},
    }


def _perps(
    truth: Truth, coin: str, kinds: Mapping[str, tuple[Kind, str]]
) -> tuple[Perps, list[str]]:
    """The coin's perps, and the venues where another coin goes by its name."""
    found: Perps = {}
    for venue in VENUES:
        listed = {name: truth.find(venue, *(kind, coin, q)) for name, (kind, q) in kinds.items()}
        found[venue] = {name: market for name, market in listed.items() if market}
    every = [market for markets in found.values() for market in markets.values()]
    largest = max(every, key=truth.turnover)
    apart = [
        venue
        for venue, markets in found.items()
        if any(abs(_price(truth, m) / _price(truth, largest) - 1) > 0.1 for m in markets.values())
    ]
    return found | {venue: {} for venue in apart}, apart


def _price(truth: Truth, market: Market) -> float:
    return truth.quote(market).last / market.multiplier


def _market(truth: Truth, market: Market) -> Fields:
    coins, usd = truth.interest(market)
    if market.venue == "bybit":
        usd = round(usd, 4)
    inverse = market.kind == "inverse"
    quote = truth.quote(market)
    return {
        "family": market.kind,
        "symbol": market.symbol,
        "oi_coins": coins,
        "oi_usd": usd,
        "funding_fraction": quote.funding,
        "funding_hours": market.interval,
        "funding_8h_fraction": truth.funding_8h(market),
        "next_funding_ms": quote.next_funding,
        "changes": {name: _change(market, age, coins, usd, inverse) for name, age in AGES.items()},
    }


def _sample(listed: int, age: int) -> int | None:
    """The time on the grid of five minutes that is nearest to so long ago, the earlier of two."""
    first = -(-listed // STEP) * STEP
    times = range(first, NOW + 1, STEP)
    if not times:
        return None
    at = NOW - age
    time = min(max(at // STEP * STEP, first), times[-1])
    if time + STEP <= NOW and abs(time + STEP - at) < abs(time - at):
        time += STEP
    return time if abs(time - at) <= max(STEP, age / 10) else None


def _valued(market: Market, time: int, age: int) -> int | None:
    """When the venue valued what was open at that time, or as near to it as may be."""
    if not market.thin:
        return time
    at, reach = NOW - age, max(STEP, age // 10)
    near = range(-(-(at - reach) // STEP) * STEP, at + reach + 1, STEP)
    told = [time for time in near if world().traded(market, [time], STEP)[0]]
    return min(told, key=lambda time: abs(time - at), default=None)


def _change(market: Market, age: int, coins: float, usd: float, inverse: bool) -> Fields | None:
    time = _sample(market.listed, age)
    if time is None:
        return None
    size = float(world().interest(market, [time])[0]) * market.unit
    valued = _valued(market, time, age)
    mark = nan if valued is None else float(world().marks(market, [valued])[0])
    then_coins = None if inverse else size * market.multiplier
    then_usd = size if inverse else size * mark
    fields = {
        "then_ms": time,
        "age_ms": NOW - time,
        "then_coins": then_coins,
        "then_usd": known(then_usd),
        "delta_usd": known(usd - then_usd),
    }
    if then_coins is None:
        return fields | {
            "delta_coins": None,
            "change_fraction": usd / then_usd - 1,
            "positions_usd": usd - then_usd,
            "price_usd": 0.0,
        }
    return fields | {
        "delta_coins": coins - then_coins,
        "change_fraction": coins / then_coins - 1,
        "positions_usd": known((coins - then_coins) * mark / market.multiplier),
        "price_usd": known(coins * (usd / coins - mark / market.multiplier)),
    }


def _figures(held: Mapping[str, Fields], figure: Callable[[Fields], Any]) -> Figures:
    return {
        (segment, venue): figure(market)
        for venue, markets in held.items()
        for segment, market in markets.items()
        if figure(market) is not None
    }


def _by_segment(figures: Collection[tuple[str, str]]) -> dict[str, list[str]]:
    return {
        name: [venue for segment, venue in figures if segment == name]
        for name in SEGMENTS
        if any(segment == name for segment, _ in figures)
    }


def _sum(figures: Collection[float]) -> float | None:
    return fsum(figures) if figures else None


def totals(held: Mapping[str, Fields]) -> Fields:
    usd = _figures(held, lambda market: market["oi_usd"])
    coins = _figures(held, lambda market: market["oi_coins"])
    rates = _figures(held, lambda market: market["funding_8h_fraction"])
    paid = {key: rate * usd[key] for key, rate in rates.items() if key in usd}
    funding = fsum(paid.values()) / fsum(usd[key] for key in paid) if paid else None
    whole = _sum(usd.values())
    shares: dict[str, dict[str, float]] = {}
    for venue, markets in held.items():
        if markets and all(market["oi_usd"] is not None for market in markets.values()):
            shares[venue] = {name: market["oi_usd"] / whole for name, market in markets.items()}
    return {
        "oi_usd": whole,
        "oi_usd_venues": _by_segment(usd),
        "oi_coins": _sum(coins.values()),
        "oi_coins_venues": _by_segment(coins),
        "segment_oi_usd": {
            name: _sum([part for (segment, _), part in usd.items() if segment == name])
            for name in SEGMENTS
            if any(name in markets for markets in held.values())
        },
        "share_fractions": shares,
        "funding_8h_fraction": funding,
        "funding_year_fraction": None if funding is None else funding * 1095,
        "funding_venues": _by_segment(paid),
    }


def _window(held: Mapping[str, Fields], name: str) -> Fields:
    def deltas(kind: str, field: str) -> Figures:
        return _figures(
            held,
            lambda market: (
                (market["changes"][name] or {}).get(field)
                if kind in {market["family"], ""} and _own(market, name) is not None
                else None
            ),
        )

    linear, inverse = deltas("linear", "delta_coins"), deltas("inverse", "delta_usd")
    split = deltas("", "price_usd")
    return {
        "delta_linear_coins": _sum(linear.values()),
        "change_linear_fraction": _over(linear, deltas("linear", "then_coins")),
        "linear_venues": _by_segment(linear),
        "delta_inverse_usd": _sum(inverse.values()),
        "change_inverse_fraction": _over(inverse, deltas("inverse", "then_usd")),
        "inverse_venues": _by_segment(inverse),
        "delta_usd": _sum([deltas("", "delta_usd")[key] for key in split]),
        "positions_usd": _sum([deltas("", "positions_usd")[key] for key in split]),
        "price_usd": _sum(split.values()),
        "usd_venues": _by_segment(split),
    }


def _own(market: Fields, name: str) -> float | None:
    change: Fields = market["changes"][name] or {}
    return change.get("change_fraction")


def _over(deltas: Figures, before: Figures) -> float | None:
    return fsum(deltas.values()) / fsum(before.values()) if deltas else None


def moves(truth: Truth, market: Market) -> Fields:
    last = _price(truth, market)
    moves = {}
    for name, age in AGES.items():
        end = _sample(market.listed // STEP * STEP + STEP, age)
        then = None
        if end is not None:
            bar = world().bars(market, [end - STEP, end], NOW)
            then = float(bar.close[0]) / market.multiplier
        moves[name] = {
            "then_price": then,
            "change_price": None if then is None else last - then,
            "change_fraction": None if then is None else last / then - 1,
            "atr_14_price": _atr(market, age),
        }
    return {
        "venue": market.venue,
        "symbol": market.symbol,
        "tick_size": float(market.tick) / market.multiplier,
        "last_price": last,
        "windows": moves,
    }


def _atr(market: Market, length: int) -> float | None:
    """Wilder's average of 14 true ranges, of the bars that have closed."""
    end = NOW // length * length
    edges = range(end - BARS * length, end + 2 * length, length)
    bars = world().bars(market, list(edges), NOW)
    closed = [row for row, close in enumerate(bars.end.tolist()) if close <= NOW]
    if len(closed) < FEWEST:
        return None
    ranges = [
        max(bars.high[row], bars.close[row - 1]) - min(bars.low[row], bars.close[row - 1])
        for row in closed[1:]
    ]
    average = fsum(ranges[:14]) / 14
    for one in ranges[14:]:
        average = (average * 13 + one) / 14
    return float(average) / market.multiplier


def _quadrant(change: float | None, primary: Fields | None, name: str) -> Fields:
    move = primary["windows"][name] if primary else {}
    moved, atr = move.get("change_price"), move.get("atr_14_price")
    atrs = None if moved is None or atr is None else moved / atr
    return {
        "price_change_fraction": move.get("change_fraction"),
        "price_change_atrs": atrs,
        "oi_change_fraction": change,
        "name": None if change is None or atrs is None else _name(change, atrs, LEAST[name]),
    }


def _name(change: float, atrs: float, least: float) -> str:
    if abs(change) < least or abs(atrs) < 0.25:
        return "small"
    if change > 0:
        return "new longs" if atrs > 0 else "new shorts"
    return "shorts out" if atrs > 0 else "longs out"


def _dated(
    truth: Truth, coin: str, kinds: Mapping[str, tuple[Kind, str]], alive: Collection[str]
) -> Fields:
    found: Fields = {}
    for market in sorted(world().markets, key=lambda market: market.expires or 0):
        wanted = market.expires and (market.kind, market.quote) in kinds.values()
        if wanted and truth.ticker(market) == coin and market.venue in alive:
            coins, usd = truth.interest(market)
            found.setdefault(market.venue, {})[market.symbol] = {
                "expires_ms": market.expires,
                "oi_coins": coins,
                "oi_usd": usd,
            }
    return {
        venue: {
            "oi_usd": fsum(contract["oi_usd"] for contract in contracts.values()),
            "is_part": False,
            "contracts": contracts,
        }
        for venue, contracts in found.items()
    }


def _long_shorts(perps: Perps, segment: str, alive: Collection[str]) -> Fields:
    """The newest sample. Binance and Bybit print four decimals."""
    time = NOW // STEP * STEP
    counts = {
        "binance": ("all accounts", "top 20 % accounts", "top 20 % positions"),
        "bybit": ("all accounts",),
        "okx": ("all accounts", "top 5 % accounts", "top 5 % positions"),
    }
    return {
        venue: {
            name: {
                "long_fraction": round(float(part[0]), 16 if venue == "okx" else 4),
                "time_ms": time,
            }
            for name, part in zip(
                counts[venue], world().ratios(perps[venue][segment], [time]), strict=False
            )
        }
        for venue in alive
        if segment in perps[venue] and not (venue == "bybit" and segment == "usdc")
    }
