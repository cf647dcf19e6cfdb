"""The lines of /analysis that are shown first."""

from collections.abc import Collection, Iterator, Mapping

from crypto_assistant import view as v
from crypto_assistant.calculators.open_interest import heat
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Family
from crypto_assistant.subjects.analysis.answer import Analysis
from crypto_assistant.subjects.analysis.coverage import Coverage, coverage
from crypto_assistant.subjects.analysis.score import WINDOW
from crypto_assistant.subjects.bars.days import Day, Level
from crypto_assistant.subjects.bars.technicals import Technicals
from crypto_assistant.subjects.bars.trend import Indicators
from crypto_assistant.subjects.cvd.compact import amount
from crypto_assistant.subjects.cvd.flow import Sum
from crypto_assistant.subjects.price.figures import Perp, Spot
from crypto_assistant.subjects.volume.compact import named_rvol

FAMILIES = {Family.SPOT: "spot", Family.LINEAR: "perp", Family.INVERSE: "coin-M perp"}
LINEAR, INVERSE = ("usdt", "usdc"), ("coin_margined",)
PERPS = (*LINEAR, *INVERSE)
YESTERDAY = "yesterday's "
OF_TODAY = {"POC", "VAH", "VAL"}
"""Levels that both days have."""


def title(answer: Analysis, coin: Coin, view: v.View) -> v.Html:
    venue, family = _place(answer)
    if venue is None:
        return v.flowing([f"{coin.symbol} analysis", answer.timeframe], boldly=True)
    last, tick = _last(answer)
    where = f"{view.venue(venue)} {FAMILIES[family]}"
    return v.flowing(
        [f"{coin.symbol} {v.grouped(last, tick)}", where, answer.timeframe], boldly=True
    )


def compact(answer: Analysis, view: v.View) -> v.Html:
    return v.lines(
        [
            v.escape(_changes(answer)),
            v.labelled([*_trend(answer.primary), *_flow(answer), *_positions(answer)]),
            _levels(answer.primary),
            *_over(answer, view),
        ]
    )


def _place(answer: Analysis) -> tuple[str | None, Family]:
    """The primary market, or where none has told of its past the one that tells its price."""
    if seen := answer.primary:
        return seen.venue, seen.family
    venue = answer.price.primary_venue
    perp = answer.price.venues[venue].perp if venue else None
    is_spot = venue is not None and (perp is None or perp.other_coin)
    return venue, Family.SPOT if is_spot else Coin(answer.coin, answer.quote).perps


def _last(answer: Analysis) -> tuple[float | None, float | None]:
    """The last price and its tick."""
    market, seen = _market(answer), answer.primary
    if market:
        return market.last_price, market.tick_size
    return (seen.now.last_price if seen and seen.now else None), seen.tick_size if seen else None


def _market(answer: Analysis) -> Perp | Spot | None:
    venue, family = _place(answer)
    markets = answer.price.venues.get(venue or "")
    if markets is None:
        return None
    return markets.spot if family is Family.SPOT else markets.perp


def _changes(answer: Analysis) -> str:
    market, now = _market(answer), answer.primary.now if answer.primary else None
    day = v.percent(market.change_24h_fraction if market else None)
    return f"24h {day} · 15m {v.percent(now.change_15m_fraction if now else None)}"


Row = tuple[str, list[str]]


def _trend(seen: Technicals | None) -> Iterator[Row]:
    """How far the price is from its averages, in percent."""
    found, now, today = (seen.indicators, seen.now, seen.today) if seen else (None, None, None)
    away = {
        length: v.bare_percent(above(found, price))
        for length, price in (
            (20, found.ema_20_price if found else None),
            (50, found.ema_50_price if found else None),
            (200, found.ema_200_price if found else None),
        )
    }
    vwap = v.bare_percent(now.vwap_distance_fraction if now else None)
    yield (
        "trend",
        [
            f"EMA20 {away[20]} 50 {away[50]}",
            f"200 {away[200]}",
            f"VWAP{_since(today)} {vwap}",
            f"RSI {v.decimal(found.rsi_14 if found else None, 1)}",
            f"BB {v.decimal(found.bollinger_position_fraction if found else None, 2)}",
        ],
    )


def _since(today: Day | None) -> str:
    return "" if today is None or today.is_whole else f" since {v.minute(today.start_ms)}"


def above(indicators: Indicators | None, line: float | None) -> float | None:
    """The last close against a line."""
    close = indicators.close_price if indicators else None
    return close / line - 1 if close is not None and line else None


def _flow(answer: Analysis) -> Iterator[Row]:
    """What takers did, and which part of the volume that is."""
    parts = []
    for name, (flows, _) in _deltas(answer).items():
        share = flows.delta_volume_fraction
        of_volume = "" if share is None else f" {v.percent(share)}"
        parts.append(f"{name} {WINDOW} {amount(flows.delta_usd)}{of_volume}")
    if parts:
        yield "flow", parts


def _deltas(answer: Analysis) -> dict[str, tuple[Sum, Coverage]]:
    kinds, perps = answer.takers.kinds, answer.takers.kinds.keys() - {"spot"}
    groups: dict[str, tuple[Mapping[str, Sum], Collection[str]]] = {}
    if "spot" in kinds:
        groups["spot"] = kinds["spot"].sums, {"spot"}
    if perps:
        groups["perp"] = answer.takers.perps, perps
    return {
        name: (sums[WINDOW], coverage(sums[WINDOW].delta_venues, of, answer))
        for name, (sums, of) in groups.items()
    }


def _positions(answer: Analysis) -> Iterator[Row]:
    """Open interest, what it pays, and how much is traded and moved."""
    if answer.open_interest.venues:
        quadrant = answer.open_interest.quadrants[WINDOW]
        change = v.percent(quadrant.oi_change_fraction)
        yield "OI", [f"{WINDOW} {change} {quadrant.name or ''}".rstrip()]
        yield "fund", _funding(answer)
    _, found = next(iter(answer.volume.items()))
    seen = answer.primary
    atr = seen.indicators.atr_14_fraction if seen and seen.indicators else None
    day = seen.volatility.realised_day_fraction if seen and seen.volatility else None
    rvol = named_rvol(found.total.bar if found.total else None)
    yield "vol", [rvol, f"ATR {v.share(atr)}", f"day {v.share(day)}"]


def _funding(answer: Analysis) -> list[str]:
    totals = answer.open_interest.totals
    rate = totals.funding_8h_fraction
    if rate is None:
        return [v.NOTHING]
    paid = f"{v.rate(rate)}/8h {v.percent(totals.funding_year_fraction)}/y"
    return [paid, *filter(None, [heat(rate)])]


def _levels(seen: Technicals | None) -> v.Html:
    """Around the last price, which stands among them."""
    if seen is None or seen.now is None or not seen.levels:
        return v.EMPTY
    rows = [_level(level, seen.tick_size) for level in seen.levels]
    place = sum(level.distance_fraction >= 0 for level in seen.levels)
    last = ["last", v.short_price(seen.now.last_price, seen.tick_size), ""]
    return v.table(["Levels", "price", "away"], [*rows[:place], last, *rows[place:]])


def _level(level: Level, tick: float) -> list[str]:
    name = f"{level.name} today" if level.name in OF_TODAY else level.name
    short = name.replace(YESTERDAY, "y. ")
    return [short, v.short_price(level.price, tick), v.percent(level.distance_fraction)]


def _over(answer: Analysis, view: v.View) -> Iterator[v.Html]:
    """Who is not in a sum: said once for all sums that lack the same."""
    figures: dict[tuple[str, str], list[str]] = {}
    for name, over in _coverages(answer).items():
        if over.is_partial:
            figures.setdefault(over.named(view), []).append(name)
    for (inside, without), names in figures.items():
        yield v.flowing([f"{', '.join(names)}: {inside}", without])


def _coverages(answer: Analysis) -> dict[str, Coverage]:
    deltas = {name: over for name, (_, over) in _deltas(answer).items()}
    alike = len(deltas) > 1 and len({*deltas.values()}) == 1
    takers = {"CVD" if alike else f"CVD {name}": over for name, over in deltas.items()}
    held, inverse = answer.open_interest, answer.quote == "USD"
    change = held.changes[WINDOW]
    venues = change.inverse_venues if inverse else change.linear_venues
    kind, found = next(iter(answer.volume.items()))
    traded = {"RVOL": coverage({kind: found.total.venues}, {kind}, answer)} if found.total else {}
    return takers | {
        f"OI {WINDOW}": coverage(venues, INVERSE if inverse else LINEAR, answer),
        "funding": coverage(held.totals.funding_venues, PERPS, answer),
        **traded,
    }
