"""What /volume must say, worked out from the simulated market's minutes in plain loops."""

from collections.abc import Collection, Mapping, Sequence
from math import log
from statistics import median
from typing import Any, Final, NamedTuple

from crypto_assistant.sandbox.catalog import Kind, Market
from tests.clock import NOW
from tests.floor import VENUES, world
from tests.truth import Fields, Truth, known_by

DAY: Final = 86_400_000
MINUTES: Final = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30,
    "1h": 60, "2h": 120, "4h": 240, "6h": 360, "12h": 720, "1d": 1440,
}  # fmt: skip
LEVELS: Final = ((5, "EXTREME"), (3, "HIGH"), (1.5, "MODERATE"), (0.5, "ELEVATED"))
BYBIT_TRADES: Final = {"spot": 60, "linear": 1000, "inverse": 1000}
OKX_TAKERS: Final = {
    "spot": {"5m", "1h", "1d"},
    "perps": {"5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"},
}

Row = list[float | None]


class Traded(NamedTuple):
    """One bar: coins, USD, coins that takers bought by the market's own count."""

    coins: float
    usd: float
    bought: float


class Heard(NamedTuple):
    """What one market has to say of the closed bar and of the forming one."""

    symbol: str
    closed: Traded | None
    bought: float | None
    slots: Row
    bars: Row
    forming: Traded | None
    forming_slots: Row
    forming_bars: Row


def traded(market: Market, edges: Sequence[int]) -> dict[int, Traded]:
    """The bars between neighbouring edges, by their opening."""
    found = world().bars(market, edges, NOW)
    rows = {}
    for i, start in enumerate(found.start.tolist()):
        size, bought = float(found.volume[i]), float(found.taker_buy[i])
        if market.kind == "inverse":
            coins, usd = float(found.turnover[i]), size * market.unit
            rows[start] = Traded(coins, usd, float(found.taker_buy_turnover[i]))
        else:
            each = market.unit * market.multiplier
            rows[start] = Traded(size * each, float(found.turnover[i]), bought * each)
    return rows


def heard(market: Market, timeframe: str, lacking: Collection[str] = ()) -> Heard:
    """`lacking`: takers, week."""
    step = MINUTES[timeframe] * 60_000
    at = NOW // step * step - step
    newest = traded(market, [at + n * step for n in range(-96, 3)])
    days = [traded(market, [at - n * DAY + m * step for m in range(3)]) for n in range(1, 8)]
    days = [{}] * 7 if "week" in lacking else days

    def coins(bars: Mapping[int, Traded], time: int) -> float | None:
        return bars[time].coins if time in bars else None

    closed = newest.get(at)
    told = closed and "takers" not in lacking
    share = bought_share(market, timeframe, at) if told else None
    return Heard(
        symbol=market.symbol,
        closed=closed,
        bought=None if share is None or not closed else share * closed.coins,
        slots=[coins(day, at - n * DAY) for n, day in enumerate(days, 1)],
        bars=[coins(newest, at - n * step) for n in range(96, 0, -1)],
        forming=newest.get(at + step),
        forming_slots=[coins(day, at + step - n * DAY) for n, day in enumerate(days, 1)],
        forming_bars=[coins(newest, at + step - n * step) for n in range(96, 0, -1)],
    )


def bought_share(market: Market, timeframe: str, at: int) -> float | None:
    """What takers bought of the bar's volume, as far as the venue tells."""
    edges = [at, at + MINUTES[timeframe] * 60_000]
    if market.venue == "bybit":
        return _share_of_trades(market, *edges)
    if market.venue == "okx":
        return _share_of_statistics(market, timeframe, edges)
    bar = traded(market, edges)[at]
    return bar.bought / bar.coins


def _share_of_trades(market: Market, start: int, end: int) -> float | None:
    """Of Bybit's last trades, if they reach back to the start of the bar."""
    most = BYBIT_TRADES[market.kind]
    last = world().trades(market, 0, NOW + 1, NOW, limit=most, newest=True)
    if int(last.time.min()) + (len(last) == most) > start:
        return None
    coins = {True: 0.0, False: 0.0}
    rows = zip(
        last.time.tolist(), last.size.tolist(), last.price.tolist(), last.bought, strict=True
    )
    for time, size, price, bought in rows:
        if start <= time < end:
            coins[bool(bought)] += size / price if market.kind == "inverse" else size
    return coins[True] / (coins[True] + coins[False])


def _share_of_statistics(market: Market, timeframe: str, edges: list[int]) -> float | None:
    """OKX counts contracts, which of inverse perps are USD, and at spot all pairs of the coin."""
    if timeframe not in OKX_TAKERS["spot" if market.kind == "spot" else "perps"]:
        return None
    pairs = [market]
    if market.kind == "spot":
        listed = world().listed("okx", "spot")
        pairs = [m for m in listed if m.coin == market.coin and m.closed is None]
    bars = [world().bars(pair, edges, NOW) for pair in pairs]
    volume = sum(float(bar.volume[0]) for bar in bars)
    return sum(float(bar.taker_buy[0]) for bar in bars) / volume


def usual(slots: Row, bars: Row) -> tuple[str | None, list[float]]:
    """The kind of the baseline and its volumes."""
    week = [volume for volume in slots if volume is not None]
    there = [volume for volume in bars if volume is not None]
    if len(week) == 7 and median(week) > 0:
        return "slot", week
    return ("bars" if len(there) >= 20 and median(there) > 0 else None), there


def bar(found: Heard) -> Fields:
    kind, baseline = usual(found.slots, found.bars)
    closed = found.closed
    rvol = closed.coins / median(baseline) if closed and kind else None
    level = next((name for least, name in LEVELS if rvol and rvol - 1 >= least), "")
    return {
        "volume_coins": closed.coins if closed else None,
        "turnover_usd": closed.usd if closed else None,
        "buy_fraction": None if not closed or found.bought is None else found.bought / closed.coins,
        "baseline": kind,
        "baseline_bars": len(baseline),
        "usual_coins": median(baseline) if kind else None,
        "rvol": rvol,
        "spike_fraction": None if rvol is None else rvol - 1,
        "level": None if rvol is None else level,
        "robust_z": robust_z(closed, found.bars),
    }


def robust_z(closed: Traded | None, bars: Row) -> float | None:
    there = [volume for volume in bars if volume is not None]
    logs = [log(volume) for volume in there if volume > 0]
    if not closed or closed.coins <= 0 or len(there) < 20 or not logs:
        return None
    deviation = median(abs(value - median(logs)) for value in logs)
    return (log(closed.coins) - median(logs)) / (1.4826 * deviation) if deviation else None


def forming(found: Heard, timeframe: str) -> Fields | None:
    if found.forming is None:
        return None
    step = MINUTES[timeframe] * 60_000
    elapsed = NOW % step / step
    pace = found.forming.coins / elapsed if elapsed >= 0.1 else None
    kind, _ = usual(found.slots, found.bars)
    week = [volume for volume in found.forming_slots if volume is not None]
    there = [volume for volume in found.forming_bars if volume is not None]
    baseline = week if kind == "slot" else there
    return {
        "elapsed_fraction": elapsed,
        "volume_coins": found.forming.coins,
        "turnover_usd": found.forming.usd,
        "pace_coins": pace,
        "rvol": pace / median(baseline) if kind and pace is not None else None,
    }


def total(markets: Mapping[str, Heard], timeframe: str) -> Fields | None:
    """Of the venues that have all seven slots, else of those that have twenty bars, else of all."""
    there = {venue: found for venue, found in markets.items() if found.closed}
    whole = {venue: found for venue, found in there.items() if None not in found.slots}
    some = {v: found for v, found in there.items() if 96 - found.bars.count(None) >= 20}
    chosen = whole or some or there
    if not chosen:
        return None
    buyers = {venue: found for venue, found in chosen.items() if found.bought is not None}
    summed = _sum(list(chosen.values()))
    fields = bar(summed)
    fields["buy_fraction"] = None
    if buyers:
        volume = sum(found.closed.coins for found in buyers.values() if found.closed)
        fields["buy_fraction"] = sum(found.bought or 0 for found in buyers.values()) / volume
    return {
        "venues": list(chosen),
        "buy_venues": list(buyers),
        "bar": fields,
        "forming": forming(summed, timeframe),
    }


def _sum(parts: Sequence[Heard]) -> Heard:
    def rows(name: str) -> Row:
        columns = zip(*(getattr(part, name) for part in parts), strict=True)
        return [None if None in column else sum(column) for column in columns]

    def one(name: str) -> Traded | None:
        bars = [getattr(part, name) for part in parts]
        return None if None in bars else Traded(*map(sum, zip(*bars, strict=True)))

    columns = ("slots", "bars", "forming_slots", "forming_bars")
    sums: dict[str, Any] = {name: rows(name) for name in columns}
    return Heard("", one("closed"), None, forming=one("forming"), **sums)


def kind_of_market(kind: Kind, quote: str) -> str:
    return {"spot": "spot", "inverse": "coin_margined"}.get(kind, quote.lower())


def volume(
    truth: Truth,
    coin: str,
    quote: str = "USDT",
    *,
    timeframe: str = "15m",
    asked: Collection[str] = VENUES,
    failed: Mapping[str, str] | None = None,
    details: bool = False,
    tradfi: bool = False,
    lacking: Mapping[str, Collection[str]] | None = None,
) -> Fields:
    """The whole of /volume where the venues in `failed` said nothing.

    `lacking`: what a venue did not tell, `takers` or the `week` before.
    """
    perps: Kind = "inverse" if quote == "USD" else "linear"
    at_spot = "USDT" if quote == "USD" else quote
    kinds: list[tuple[Kind, str]] = [(perps, quote)]
    if not any(truth.find(venue, perps, coin, quote) for venue in asked):
        kinds = [("spot", at_spot)]
    elif details:
        kinds.append(("spot", at_spot))
    listed = {
        (kind, venue): market
        for kind, of in kinds
        for venue in asked
        if (market := truth.find(venue, kind, coin, of))
    }
    apart = {place for place, market in listed.items() if is_other(truth, market)}
    name = coin if quote == "USDT" else f"{coin}/{quote}"
    absent = [v for v in asked if not any((k, v) in listed.keys() - apart for k, _ in kinds)]
    others = {venue for _, venue in apart}
    unheard = {v: "" if v in others else f"does not list {name}" for v in absent}
    failed = unheard | dict(failed or {})
    step = MINUTES[timeframe] * 60_000
    markets = {}
    for kind, of in kinds:
        found = {
            venue: heard(listed[kind, venue], timeframe, (lacking or {}).get(venue, ()))
            for venue in asked
            if (kind, venue) in listed.keys() - apart and venue not in failed
        }
        markets[kind_of_market(kind, of)] = {
            "venues": {
                venue: {"symbol": h.symbol, "bar": bar(h), "forming": forming(h, timeframe)}
                for venue, h in found.items()
            },
            "total": total(found, timeframe),
            "apart_venues": [venue for venue in asked if (kind, venue) in apart],
        }
    return {
        "coin": coin,
        "quote": quote,
        "tradfi": tradfi,
        "timeframe": timeframe,
        "bar_open_ms": NOW // step * step - step,
        "markets": markets,
    } | known_by(asked, failed)


def is_other(truth: Truth, market: Market) -> bool:
    """A price more than a tenth off that of the most traded USDT perp of the name."""

    def price(one: Market) -> float:
        return truth.quote(one).last / one.multiplier

    name = truth.ticker(market)
    perps = [truth.find(venue, "linear", name, "USDT") for venue in VENUES]
    named = [perp for perp in perps if perp]
    if not named:
        return False
    return abs(price(market) / price(max(named, key=truth.turnover)) - 1) > 0.1
