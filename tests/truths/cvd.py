"""What /cvd must say, worked out trade by trade and bar by bar from the simulated market."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from math import fsum, log, sqrt
from statistics import fmean, stdev
from typing import Final, NamedTuple

from crypto_assistant.sandbox.catalog import Kind, Market
from tests.clock import NOW
from tests.floor import VENUES, world
from tests.truth import Fields, Truth, known_by

MINUTE: Final = 60_000
FIVE: Final = 5 * MINUTE
HOUR: Final = 60 * MINUTE
WINDOWS: Final = {"1h": HOUR, "4h": 4 * HOUR, "24h": 24 * HOUR}
MINUTES: Final = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30,
    "1h": 60, "2h": 120, "4h": 240, "6h": 360, "12h": 720, "1d": 1440,
}  # fmt: skip
SEGMENTS: Final[Mapping[str, tuple[Kind, str]]] = {
    "spot": ("spot", "USDT"),
    "usdt": ("linear", "USDT"),
    "usdc": ("linear", "USDC"),
    "coin_margined": ("inverse", "USD"),
}
TRADES: Final[Mapping[Kind, int]] = {"spot": 60, "linear": 1000, "inverse": 1000}
"""As many as Bybit tells."""
OKX_BARS: Final = {"spot": {"5m", "1h"}, "perps": MINUTES.keys() - {"1m", "3m"}}

Key = tuple[str, str]
"""A kind of market and a venue."""


class Row(NamedTuple):
    """What takers did in a bar, or with one trade."""

    start: int
    end: int
    bought: float
    sold: float
    bought_usd: float
    sold_usd: float


class Series(NamedTuple):
    """Rows in ascending order; of what was before `since` nothing is told."""

    rows: Sequence[Row]
    since: int
    until: int


def cvd(
    truth: Truth,
    coin: str,
    quote: str = "USDT",
    *,
    timeframe: str = "1h",
    asked: Collection[str] = VENUES,
    failed: Mapping[str, str] | None = None,
    lost: Collection[Key] = (),
    unknown: Collection[str] = (),
) -> Fields:
    """The whole of /cvd where the venues in `failed` and the markets in `lost` told nothing.

    Of a market that is lost neither takers nor candles came. The lists of the `unknown` venues
    never came: what only they list is not known to exist.
    """
    found = there(truth, coin, quote, asked=asked, failed=failed, lost=lost, unknown=unknown)
    told = flows(truth, found, timeframe=timeframe, interest=True)
    reading = _reading(
        _primary(truth, quote, found.answer),
        told["kinds"].get("spot"),
        told["perps"],
        told["bars"]["perps_delta_usd"],
        MINUTES[timeframe] * MINUTE,
    )
    named = {"coin": coin, "quote": quote, "tradfi": False}
    since = _since(told["kinds"])
    return named | told | {"since": since, "reading": reading} | known_by(asked, found.gone)


class There(NamedTuple):
    """The markets of a coin's name, those that are the coin, and those that answered."""

    listed: Mapping[Key, Market]
    same: Mapping[Key, Market]
    answer: Mapping[Key, Market]
    gone: Mapping[str, str]


def there(
    truth: Truth,
    coin: str,
    quote: str = "USDT",
    *,
    segments: Collection[str] = tuple(SEGMENTS),
    asked: Collection[str] = VENUES,
    failed: Mapping[str, str] | None = None,
    lost: Collection[Key] = (),
    unknown: Collection[str] = (),
) -> There:
    """Of the segments; what `cvd` says of the other arguments goes for these."""
    listed = _listed(truth, coin, quote, [venue for venue in asked if venue not in unknown])
    listed = {key: market for key, market in listed.items() if key[0] in segments}
    same = {key: market for key, market in listed.items() if truth.is_its_coin(market)}
    name = coin if quote == "USDT" else f"{coin}/{quote}"
    lists = {venue for _, venue in same}
    apart = {venue for _, venue in listed} - lists
    unlisted = [venue for venue in asked if venue not in lists]
    gone = {venue: "" if venue in apart else f"does not list {name}" for venue in unlisted}
    gone |= dict(failed or {})
    answer = {k: m for k, m in same.items() if k[1] not in gone and k not in lost}
    return There(listed, same, answer, gone)


def flows(
    truth: Truth,
    there: There,
    *,
    windows: Mapping[str, int] = WINDOWS,
    timeframe: str | None = None,
    interest: bool = False,
) -> Fields:
    """The part of an answer that tells of takers, in bars and with open interest if wanted."""
    listed, same, answer, _ = there
    step = MINUTES[timeframe or "15m"] * MINUTE
    fives = {key: told for key, m in answer.items() if (told := _series(m, FIVE, 294))}
    fits = step % FIVE == 0 and 96 * step <= 24 * HOUR
    bars = fives if timeframe is None or fits else _all_bars(answer, timeframe)
    end, bars_end = NOW // FIVE * FIVE, NOW // step * step
    spans = {window: (end - length, end) for window, length in windows.items()}
    if timeframe:
        spans["96_bars"] = (bars_end - 96 * step, bars_end)
    held = truth if interest else None
    markets = {
        key: _market(held, m, fives.get(key), bars.get(key), spans)
        for key, m in answer.items()
        if key in fives or key in bars
    }
    kinds = {
        segment: {
            "venues": {venue: m for (kind, venue), m in markets.items() if kind == segment},
            "sums": _sums(markets, [segment], spans),
            "silent_venues": [v for k, v in same if k == segment and (k, v) not in markets],
            "unsupported_venues": [v for k, v in answer if k == segment and (k, v) not in fives],
            "apart_venues": [v for k, v in listed if k == segment and (k, v) not in same],
        }
        for segment in SEGMENTS
        if any(kind == segment for kind, _ in listed)
    }
    newest = _newest({k: s for k, s in bars.items() if k[0] != "spot"}, bars_end, step)
    return {
        "end_ms": end,
        "kinds": kinds,
        "linear": _sums(markets, ["usdt", "usdc"], spans),
        "perps": _sums(markets, [segment for segment in SEGMENTS if segment != "spot"], spans),
        "bars": {
            "timeframe": timeframe,
            "end_ms": bars_end,
            "perps_delta_usd": [fsum(column) for column in zip(*newest.values(), strict=True)],
            "perps_venues": _by_kind(newest),
        }
        if timeframe
        else None,
    }


def _since(kinds: Mapping[str, Fields]) -> Fields:
    """After the windows, of the venues whose markets tell all of it, spot and perps apart."""
    found = {}
    for title, names in (("spot", {"spot"}), ("perps", kinds.keys() - {"spot"})):
        markets = {
            (kind, venue): {**market, "windows": {"since": market["since"]}}
            for kind, told in kinds.items()
            if kind in names
            for venue, market in told["venues"].items()
        }
        whole = {key for key, m in markets.items() if m["since"] and m["since"]["complete"]}
        lacking = {venue for _, venue in markets.keys() - whole}
        found[title] = _sum({k: m for k, m in markets.items() if k[1] not in lacking}, "since")
    return found


def _listed(truth: Truth, coin: str, quote: str, asked: Collection[str]) -> dict[Key, Market]:
    """Every market of the name, kind by kind."""
    found = {}
    for segment, (kind, currency) in SEGMENTS.items():
        if quote == "USDT" or segment in {"spot", {"USDC": "usdc", "USD": "coin_margined"}[quote]}:
            priced = "USDC" if (kind, quote) == ("spot", "USDC") else currency
            for venue in asked:
                if market := truth.find(venue, kind, coin, priced):
                    found[segment, venue] = market
    return found


def _primary(truth: Truth, quote: str, answer: Mapping[Key, Market]) -> tuple[str, Market] | None:
    """The most traded perp of the quote; of a coin without any the most traded spot market."""
    segment = {"USDT": "usdt", "USDC": "usdc", "USD": "coin_margined"}[quote]
    for kind in (segment, "spot"):
        if markets := {v: market for (k, v), market in answer.items() if k == kind}:
            venue = max(markets, key=lambda venue: truth.turnover(markets[venue]))
            return venue, markets[venue]
    return None


def _all_bars(answer: Mapping[Key, Market], timeframe: str) -> dict[Key, Series]:
    found = {}
    for (segment, venue), market in answer.items():
        told = OKX_BARS["spot" if segment == "spot" else "perps"]
        if venue != "okx" or timeframe in told:
            series = _series(market, MINUTES[timeframe] * MINUTE, 98)
            if series:
                found[segment, venue] = series
    return found


def _series(market: Market, step: int, count: int) -> Series | None:
    """What the venue tells of its takers: bars of Binance and OKX, trades of Bybit."""
    if market.venue == "bybit":
        return _trades(market)
    forming = market.venue == "binance"
    last = NOW // step * step + forming * step
    edges = [last - n * step for n in range(count, -1, -1)]
    bars = _cells(market, edges)
    rows = [_binance(market, bar) if forming else _okx(market, bar) for bar in bars]
    if (market.venue, market.kind) == ("okx", "spot"):
        rows = _of_coin(market, rows, edges)
    return Series(rows, rows[0].start, NOW if forming else last) if rows else None


class Cell(NamedTuple):
    """A bar in the market's own units, `buy` what takers bought of it."""

    start: int
    end: int
    size: float
    value: float
    buy: float
    buy_value: float


def _cells(market: Market, edges: Sequence[int]) -> list[Cell]:
    bars = world().bars(market, edges, NOW)
    columns = bars.start, bars.end, bars.volume, bars.turnover, bars.taker_buy
    cells = zip(*(c.tolist() for c in (*columns, bars.taker_buy_turnover)), strict=True)
    return [Cell(*cell) for cell in cells]


def _binance(market: Market, bar: Cell) -> Row:
    digits = 5 if market.kind == "linear" else 8
    value, buy_value = round(bar.value, digits), round(bar.buy_value, digits)
    each = market.unit if market.kind == "inverse" else market.multiplier
    sizes, values = (bar.buy * each, (bar.size - bar.buy) * each), (buy_value, value - buy_value)
    coins, usd = (values, sizes) if market.kind == "inverse" else (sizes, values)
    return Row(bar.start, bar.end, *coins, *usd)


def _okx(market: Market, bar: Cell) -> Row:
    """One unit is told, the other is worth the average price of the bar."""
    buy, sell = bar.buy * market.unit, (bar.size - bar.buy) * market.unit
    if market.kind == "inverse":
        price = bar.size * market.unit / bar.value
        return Row(bar.start, bar.end, buy / price, sell / price, buy, sell)
    price = bar.value / (bar.size * market.unit)
    return Row(bar.start, bar.end, buy, sell, buy * price, sell * price)


def _of_coin(market: Market, rows: Sequence[Row], edges: Sequence[int]) -> list[Row]:
    """The coins of all pairs at the price of this one; none where they are too many."""
    pairs = [m for m in world().listed("okx", "spot") if (m.base, m.closed) == (market.base, None)]
    every = [_cells(pair, edges) for pair in pairs]
    found = []
    for row, *cells in zip(rows, *every, strict=True):
        price = (row.bought_usd + row.sold_usd) / (row.bought + row.sold)
        buy, size = fsum(bar.buy for bar in cells), fsum(bar.size for bar in cells)
        sell = size - buy
        found.append(Row(row.start, row.end, buy, sell, buy * price, sell * price))
    counted = fsum(row.bought + row.sold for row in rows)
    told = fsum(row.bought + row.sold for row in found)
    return found if abs(told / counted - 1) <= 0.1 else []


def _trades(market: Market) -> Series:
    most = TRADES[market.kind]
    trades = world().trades(market, 0, NOW + 1, NOW, limit=most, newest=True)
    columns = (trades.time, trades.price, trades.size, trades.bought)
    cells = list(zip(*(column.tolist() for column in columns), strict=True))
    since = cells[0][0] + (len(cells) == most)
    rows = []
    for time, price, size, bought in cells:
        coins, usd = size * market.multiplier, size * price
        if market.kind == "inverse":
            coins, usd = size / price, size
        if time >= since:
            parts = (coins, 0.0, usd, 0.0) if bought else (0.0, coins, 0.0, usd)
            rows.append(Row(time, time, *parts))
    return Series(rows, since, NOW)


def _market(
    truth: Truth | None,
    market: Market,
    fives: Series | None,
    bars: Series | None,
    spans: Mapping[str, tuple[int, int]],
) -> Fields:
    coins = usd = None
    if truth and market.kind != "spot":
        coins, usd = truth.interest(market)
    windows = {
        name: _flow(told, start, end, usd) if told else None
        for name, (start, end) in spans.items()
        for told in [bars if name == "96_bars" else fives]
    }
    since = None
    if fives and fives.until == NOW:
        since = _flow(fives, NOW // FIVE * FIVE, NOW, usd)
    return {
        "symbol": market.symbol,
        "oi_usd": usd,
        "oi_coins": coins,
        "windows": windows,
        "since": since,
    }


def _flow(series: Series, start: int, end: int, oi_usd: float | None) -> Fields:
    first = max(start, series.since)
    covered = max(0, min(end, series.until) - first)
    rows = [row for row in series.rows if start <= row.start and row.start < end]
    figures: Fields = dict.fromkeys((*SIZES, "delta_volume_fraction", "delta_oi_fraction"))
    if covered:
        bought, sold, bought_usd, sold_usd = (fsum(c) for c in list(zip(*rows, strict=True))[2:])
        figures |= _figures(
            bought - sold, bought + sold, bought_usd - sold_usd, bought_usd + sold_usd
        )
        figures["delta_oi_fraction"] = figures["delta_usd"] / oi_usd if oi_usd else None
    return {**figures, "covered_ms": covered, "complete": first == start}


SIZES: Final = ("delta_usd", "delta_coins", "volume_usd", "volume_coins")


def _figures(delta: float, volume: float, delta_usd: float, volume_usd: float) -> Fields:
    return {
        "delta_usd": delta_usd,
        "delta_coins": delta,
        "volume_usd": volume_usd,
        "volume_coins": volume,
        "delta_volume_fraction": delta_usd / volume_usd if volume_usd else None,
    }


def _sums(
    markets: Mapping[Key, Fields], segments: Collection[str], spans: Collection[str]
) -> dict[str, Fields]:
    return {
        name: _sum({k: m for k, m in markets.items() if k[0] in segments}, name) for name in spans
    }


def _sum(markets: Mapping[Key, Fields], name: str) -> Fields:
    flows = {
        key: market["windows"][name]
        for key, market in markets.items()
        if market["windows"][name] and market["windows"][name]["complete"]
    }
    held = {key: markets[key]["oi_usd"] for key in flows if markets[key]["oi_usd"] is not None}
    figures: Fields = dict.fromkeys((*SIZES, "delta_volume_fraction", "delta_oi_fraction"))
    if flows:
        figures |= {size: fsum(flow[size] for flow in flows.values()) for size in SIZES}
        figures["delta_volume_fraction"] = figures["delta_usd"] / figures["volume_usd"]
    if held:
        part = fsum(flows[key]["delta_usd"] for key in held)
        figures["delta_oi_fraction"] = part / fsum(held.values())
    return {**figures, "delta_venues": _by_kind(flows), "delta_oi_venues": _by_kind(held)}


def _by_kind(keys: Collection[Key]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, venue in keys:
        found.setdefault(kind, []).append(venue)
    return found


def _newest(bars: Mapping[Key, Series], end: int, step: int) -> dict[Key, list[float]]:
    """USD of each of the last twenty bars, where all of them are told."""
    start = end - 20 * step
    found = {}
    for key, series in bars.items():
        if series.since <= start:
            found[key] = [
                fsum(
                    row.bought_usd - row.sold_usd
                    for row in series.rows
                    if at <= row.start < at + step
                )
                for at in range(start, end, step)
            ]
    return found


def _reading(
    primary: tuple[str, Market] | None,
    spot: Fields | None,
    perps: Mapping[str, Fields],
    deltas: Sequence[float],
    step: int,
) -> Fields:
    atr = side = None
    changes: dict[str, float | None] = dict.fromkeys(WINDOWS)
    if primary:
        changes = {name: _moved(primary[1], length) for name, length in WINDOWS.items()}
        atr = _atr(primary[1])
        closes = _closes(primary[1], NOW // step * step, step, 21)
        side = _divergence(closes, deltas)
    mine = spot["sums"]["1h"]["delta_volume_fraction"] if spot else None
    theirs, change = perps["1h"]["delta_volume_fraction"], changes["1h"]
    absorbed = None
    if theirs is not None and change is not None and atr is not None:
        absorbed = abs(theirs) >= 0.1 and abs(change) < 0.25 * atr
    return {
        "primary_venue": primary[0] if primary else None,
        "primary_symbol": primary[1].symbol if primary else None,
        "price_change_1h_fraction": change,
        "price_changes_fraction": changes,
        "atr_14_1h_fraction": atr,
        "led_by": None if mine is None or theirs is None else _leader(mine, theirs),
        "absorption": absorbed,
        "divergence": side,
    }


def _moved(market: Market, length: int) -> float | None:
    """From close to close of the five minutes at both ends."""
    count = length // FIVE + 1
    closes = _closes(market, NOW // FIVE * FIVE, FIVE, count)
    return closes[-1] / closes[0] - 1 if len(closes) == count else None


def _leader(spot: float, perps: float) -> str:
    if spot * perps > 0 and abs(spot) >= 0.05 and abs(spot) >= 2 * abs(perps):
        return "spot-led"
    if spot * perps > 0 and abs(perps) >= 0.05 and abs(perps) >= 2 * abs(spot):
        return "perp-led"
    return "none"


def _divergence(closes: Sequence[float], deltas: Sequence[float]) -> str | None:
    if len(closes) < 21 or len(deltas) < 20:
        return None
    returns = [log(b / a) for a, b in pairwise(closes)]
    trend, flow = (fmean(column) / (stdev(column) / sqrt(20)) for column in (returns, deltas))
    if min(abs(trend), abs(flow)) <= 2 or trend * flow > 0:
        return "none"
    return "bullish" if flow > 0 else "bearish"


def _closes(market: Market, end: int, step: int, count: int) -> list[float]:
    edges = [end - n * step for n in range(count, -1, -1)]
    bars = world().bars(market, edges, NOW)
    return [float(close) for close in bars.close]


def _atr(market: Market) -> float | None:
    """As a fraction of the last close; after 314 hours only."""
    end = NOW // HOUR * HOUR
    bars = world().bars(market, [end - n * HOUR for n in range(350, -1, -1)], NOW)
    columns = bars.high, bars.low, bars.close
    high, low, close = ([float(price) for price in column] for column in columns)
    if len(close) < 314:
        return None
    ranges = [max(high[n], close[n - 1]) - min(low[n], close[n - 1]) for n in range(1, len(close))]
    atr = fmean(ranges[:14])
    for each in ranges[14:]:
        atr = (atr * 13 + each) / 14
    return atr / close[-1]
