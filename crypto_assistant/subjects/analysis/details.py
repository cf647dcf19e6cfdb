"""The tables of /analysis that stand under its compact lines on request."""

from collections.abc import Iterator, Mapping

from crypto_assistant import view as v
from crypto_assistant.listings.segments import TITLES
from crypto_assistant.subjects.analysis.answer import Analysis
from crypto_assistant.subjects.analysis.compact import above
from crypto_assistant.subjects.analysis.coverage import coverage
from crypto_assistant.subjects.analysis.score import WINDOW, Component, Score
from crypto_assistant.subjects.bars.technicals import Technicals
from crypto_assistant.subjects.bars.trend import Indicators, Volatility
from crypto_assistant.subjects.cvd.compact import amount
from crypto_assistant.subjects.cvd.flows import Flows
from crypto_assistant.subjects.volume.compact import TITLES as MARKETS
from crypto_assistant.subjects.volume.compact import closed, rvols

COMPONENTS = {
    "ema_50": "EMA 50",
    "vwap": "VWAP",
    "spot_cvd_4h": "spot 4h",
    "perp_cvd_4h": "perp 4h",
    "oi_quadrant_4h": "OI 4h",
}
PRICES = {"ema_50", "vwap"}
"""Components of the score that hold a price against an average; takers are held against 0."""


def details(answer: Analysis, view: v.View) -> Iterator[v.Html]:
    seen = answer.primary
    yield _signs(answer.score, seen.tick_size if seen else None)
    if seen and seen.indicators:
        yield _averages(seen.indicators, answer.trends or {}, seen.tick_size)
    yield _spread(answer, seen.volatility if seen else None, view)
    if seen and (seen.today or seen.yesterday):
        yield _days(seen)
    yield _volumes(answer, view)
    yield _interest(answer, view)
    yield _takers(answer.takers)
    yield v.lines(_missing_takers(answer, view))


def _signs(score: Score, tick: float | None) -> v.Html:
    rows = [
        [COMPONENTS[name], _sign(part.sign), *_input(name, part, tick)]
        for name, part in score.components.items()
    ]
    head = v.bold(f"signs {_sign(score.sum)} of {score.known}")
    return v.lines([head, v.table(["", "", "is", "against"], rows)])


def _sign(number: int | None) -> str:
    return v.signed(number, 0)


def _input(name: str, part: Component, tick: float | None) -> tuple[str, str]:
    if isinstance(part.input, str) or part.input is None:
        return part.input or v.NOTHING, ""
    if name in PRICES:
        return v.short_price(part.input, tick), v.short_price(part.reference, tick)
    return v.flow(part.input), "0"


def _averages(indicators: Indicators, trends: Mapping[str, Indicators], tick: float) -> v.Html:
    prices = {
        "EMA 20": indicators.ema_20_price,
        "EMA 50": indicators.ema_50_price,
        "EMA 200": indicators.ema_200_price,
        "BB upper": indicators.bollinger_upper_price,
        "BB middle": indicators.bollinger_mid_price,
        "BB lower": indicators.bollinger_lower_price,
    }
    rows = [
        [name, v.short_price(price, tick), v.percent(above(indicators, price))]
        for name, price in prices.items()
    ]
    atr = indicators.atr_14_price
    rows.append(["ATR 14", v.short_price(atr, tick), v.share(indicators.atr_14_fraction)])
    longer = [
        [f"EMA 50 {name}", v.short_price(ema, tick), v.percent(above(found, ema))]
        for name, found in trends.items()
        for ema in [found.ema_50_price]
    ]
    return v.table([f"{indicators.timeframe} bars", "price", "close"], [*rows, *longer])


def _spread(answer: Analysis, moved: Volatility | None, view: v.View) -> v.Html:
    """How much the price moves, and how far the markets are apart."""
    basis, spread, parts = answer.price.basis, answer.price.spread, []
    if moved:
        day, year = v.share(moved.realised_day_fraction), v.share(moved.realised_year_fraction)
        parts.append(f"Volatility {day} a day, {year} a year")
    if basis:
        places = dict.fromkeys([basis.perp_venue, basis.spot_venue])
        parts.append(f"Basis {v.basis_points(basis.fraction)} ({view.venues(places)})")
    if spread:
        parts.append(f"spread {v.basis_points(spread.fraction)}")
    return v.flowing(parts)


def _days(seen: Technicals) -> v.Html:
    rows = [
        [
            name,
            *(
                v.short_price(
                    getattr(day, f"{name.lower()}_price") if day else None, seen.tick_size
                )
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
    return v.lines([v.table(["UTC day", "today", "yesterday"], rows), v.flowing(late)])


def _volumes(answer: Analysis, view: v.View) -> v.Html:
    kind, found = next(iter(answer.volume.items()))
    bars = closed(found, view)
    if not bars:
        return v.EMPTY
    head, *measured = rvols(bars)
    rows = [
        [name, v.scaled(bar.volume_coins), v.scaled(bar.turnover_usd), rvol]
        for (name, bar), rvol in zip(bars.items(), measured, strict=True)
    ]
    ended = view.minute(answer.bar_open_ms + answer.timeframe.ms)
    above = v.flowing([f"Volume {MARKETS[kind]}", f"bar to {ended}"])
    return v.lines([above, v.table([answer.timeframe, "coins", "$", head], rows)])


def _interest(answer: Analysis, view: v.View) -> v.Html:
    rows = [
        [
            f"{view.short(venue)} {TITLES[segment]}",
            v.scaled(market.oi_usd),
            v.bare_percent(change.change_fraction if (change := market.changes[WINDOW]) else None),
            v.rate(market.funding_8h_fraction),
        ]
        for venue, markets in answer.open_interest.venues.items()
        for segment, market in markets.items()
    ]
    if not rows:
        return v.EMPTY
    total = v.escape(f"OI {v.money(answer.open_interest.totals.oi_usd)}")
    return v.lines([total, v.table(["", "OI $", f"{WINDOW} %", "fund/8h"], rows)])


def _takers(flows: Flows) -> v.Html:
    sums = {TITLES[kind]: found.sums for kind, found in flows.kinds.items()}
    if len(flows.kinds.keys() - {"spot"}) > 1:
        sums["perps"] = flows.perps
    rows = [
        [title, *(amount(part.delta_usd) for part in windows.values())]
        for title, windows in sums.items()
    ]
    header = ["CVD $", *next(iter(sums.values()), {})]
    return v.table(header, rows) if rows else v.EMPTY


def _missing_takers(answer: Analysis, view: v.View) -> Iterator[v.Html]:
    """Who is not in the sums above, each once: `CVD without Bybit: spot, USDT (4h, 24h)`."""
    absent: dict[str, list[str]] = {}
    for kind, found in answer.takers.kinds.items():
        windows: dict[str, list[str]] = {}
        for name, part in found.sums.items():
            over = coverage(part.delta_venues, {kind}, answer)
            windows.setdefault(view.venues(over.without) if over.whole else "", []).append(name)
        for missing, names in windows.items():
            some = f" ({', '.join(names)})" if len(names) < len(found.sums) else ""
            absent.setdefault(missing, []).append(f"{TITLES[kind]}{some}")
    for missing, cells in absent.items():
        if missing:
            yield v.flowing([f"CVD without {missing}: {cells[0]}", *cells[1:]])
