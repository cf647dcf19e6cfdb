"""The tables of /analysis that stand under its compact lines on request."""

from collections.abc import Iterator

from crypto_assistant import view as v
from crypto_assistant.listings.segments import TITLES
from crypto_assistant.subjects.analysis.answer import Analysis
from crypto_assistant.subjects.analysis.compact import above
from crypto_assistant.subjects.analysis.coverage import coverage
from crypto_assistant.subjects.analysis.score import WINDOW, Component, Score
from crypto_assistant.subjects.bars.technicals import Technicals
from crypto_assistant.subjects.bars.trend import Indicators
from crypto_assistant.subjects.cvd.flows import Flows

COMPONENTS = {
    "ema_50": "EMA 50",
    "vwap": "VWAP",
    "spot_cvd_4h": "spot CVD",
    "perp_cvd_4h": "perp CVD",
    "oi_quadrant_4h": "OI",
}
PRICES = {"ema_50", "vwap"}
"""Components of the score that hold a price against an average; takers are held against 0."""


def details(answer: Analysis, view: v.View) -> Iterator[v.Html]:
    seen = answer.primary
    yield _inputs(answer.score, seen.tick_size if seen else None)
    if seen and seen.indicators:
        yield _averages(seen.indicators, seen.tick_size)
    if seen and seen.volatility:
        year = v.share(seen.volatility.realised_year_fraction)
        yield v.escape(f"Volatility {year} a year, from 96 bars of 15m")
    if seen and (seen.today or seen.yesterday):
        yield _days(seen)
    yield _basis(answer, view)
    yield _volumes(answer, view)
    yield _takers(answer.takers)
    yield v.lines(map(v.escape, _missing_takers(answer, view)))
    yield _interest(answer, view)


def _inputs(score: Score, tick: float | None) -> v.Html:
    rows = [
        [COMPONENTS[name], v.signed(part.sign, 0), *_input(name, part, tick)]
        for name, part in score.components.items()
    ]
    title = f"signs {v.signed(score.sum, 0)} of {score.known}"
    return v.lines([v.escape(title), *v.tables(["", "", "is", "against"], rows)])


def _input(name: str, part: Component, tick: float | None) -> tuple[str, str]:
    if isinstance(part.input, str) or part.input is None:
        return part.input or v.NOTHING, ""
    if name in PRICES:
        return v.price(part.input, tick), v.price(part.reference, tick)
    return v.flow(part.input), "0"


def _averages(indicators: Indicators, tick: float) -> v.Html:
    prices = {
        "EMA 20": indicators.ema_20_price,
        "EMA 50": indicators.ema_50_price,
        "EMA 200": indicators.ema_200_price,
        "Bollinger up": indicators.bollinger_upper_price,
        "Bollinger mid": indicators.bollinger_mid_price,
        "Bollinger low": indicators.bollinger_lower_price,
    }
    rows = [
        [name, v.price(price, tick), v.percent(above(indicators, price))]
        for name, price in prices.items()
    ]
    atr = ["ATR 14", v.price(indicators.atr_14_price, tick), v.share(indicators.atr_14_fraction)]
    return v.lines(v.tables([f"{indicators.timeframe} bars", "price", "close"], [*rows, atr]))


def _days(seen: Technicals) -> v.Html:
    rows = [
        [
            name,
            *(
                v.price(getattr(day, f"{name.lower()}_price") if day else None, seen.tick_size)
                for day in (seen.today, seen.yesterday)
            ),
        ]
        for name in ("high", "low", "VWAP", "POC", "VAH", "VAL")
    ]
    late = [
        f"{name} since {v.minute(day.start_ms)} UTC"
        for name, day in (("today", seen.today), ("yesterday", seen.yesterday))
        if day and not day.is_whole
    ]
    table = v.tables(["UTC day", "today", "yesterday"], rows)
    return v.lines([*table, v.escape(", ".join(late))])


def _basis(answer: Analysis, view: v.View) -> v.Html:
    basis, spread, parts = answer.price.basis, answer.price.spread, []
    if basis:
        places = dict.fromkeys([basis.perp_venue, basis.spot_venue])
        parts.append(f"Basis {v.basis_points(basis.fraction)} ({view.venues(places)})")
    if spread:
        parts.append(f"spread {v.basis_points(spread.fraction)}")
    return v.escape(" · ".join(parts))


def _volumes(answer: Analysis, view: v.View) -> v.Html:
    kind, found = next(iter(answer.volume.items()))
    rows = [
        [
            f"{view.short(venue)} {TITLES[kind]}",
            v.scaled(market.bar.volume_coins),
            v.money(market.bar.turnover_usd),
            v.percent(market.bar.spike_fraction),
        ]
        for venue, market in found.venues.items()
    ]
    header = [f"{answer.timeframe} bar", "coins", "USD", "spike"]
    return v.lines(v.tables(header, rows)) if rows else v.EMPTY


def _takers(flows: Flows) -> v.Html:
    sums = {TITLES[kind]: found.sums for kind, found in flows.kinds.items()}
    if len(flows.kinds.keys() - {"spot"}) > 1:
        sums["perps"] = flows.perps
    rows = [
        [title, *(v.flow(part.delta_usd) for part in windows.values())]
        for title, windows in sums.items()
    ]
    header = ["CVD", *next(iter(sums.values()), {})]
    return v.lines(v.tables(header, rows)) if rows else v.EMPTY


def _missing_takers(answer: Analysis, view: v.View) -> Iterator[str]:
    """Who is not in the sums above, each once: `CVD without Bybit: spot, USDT (4h, 24h)`."""
    absent: dict[str, list[str]] = {}
    for kind, found in answer.takers.kinds.items():
        windows: dict[str, list[str]] = {}
        for name, part in found.sums.items():
            missing = coverage(part.delta_venues, {kind}, answer).missing(view)
            windows.setdefault(missing, []).append(name)
        for missing, names in windows.items():
            some = f" ({', '.join(names)})" if len(names) < len(found.sums) else ""
            absent.setdefault(missing, []).append(f"{TITLES[kind]}{some}")
    for missing, cells in absent.items():
        if missing:
            yield f"CVD {missing}: {', '.join(cells)}"


def _interest(answer: Analysis, view: v.View) -> v.Html:
    rows = [
        [
            f"{view.short(venue)} {TITLES[segment]}",
            v.scaled(market.oi_usd),
            v.percent(change.change_fraction if (change := market.changes[WINDOW]) else None),
            v.funding(market.funding_fraction, market.funding_hours),
        ]
        for venue, markets in answer.open_interest.venues.items()
        for segment, market in markets.items()
    ]
    return v.lines(v.tables(["OI", "USD", WINDOW, "fund %"], rows)) if rows else v.EMPTY
