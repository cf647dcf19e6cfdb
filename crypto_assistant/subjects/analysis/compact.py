"""The lines of /analysis that are shown first."""

from collections.abc import Collection, Iterator, Mapping

from crypto_assistant import view as v
from crypto_assistant.calculators.open_interest import heat
from crypto_assistant.listings.lists import Coin
from crypto_assistant.listings.segments import TITLES
from crypto_assistant.models import Family
from crypto_assistant.subjects.analysis.answer import Analysis
from crypto_assistant.subjects.analysis.coverage import Coverage, coverage
from crypto_assistant.subjects.analysis.score import WINDOW
from crypto_assistant.subjects.bars.technicals import Technicals
from crypto_assistant.subjects.bars.trend import Indicators
from crypto_assistant.subjects.cvd.flow import Sum
from crypto_assistant.subjects.open_interest.totals import InterestTotals
from crypto_assistant.subjects.price.figures import Perp, Spot

FAMILIES = {Family.SPOT: "spot", Family.LINEAR: "perp", Family.INVERSE: "coin-M perp"}
LINEAR, INVERSE = ("usdt", "usdc"), ("coin_margined",)
PERPS = (*LINEAR, *INVERSE)


def title(answer: Analysis, coin: Coin, view: v.View) -> str:
    venue, family = _place(answer)
    where = [f"{view.venue(venue)} {FAMILIES[family]}"] if venue else []
    return " · ".join([f"{coin.symbol} analysis", *where, answer.timeframe])


def _place(answer: Analysis) -> tuple[str | None, Family]:
    """The primary market, or where none has told of its past the one that tells its price."""
    if seen := answer.primary:
        return seen.venue, seen.family
    venue = answer.price.primary_venue
    perp = answer.price.venues[venue].perp if venue else None
    is_spot = venue is not None and (perp is None or perp.other_coin)
    return venue, Family.SPOT if is_spot else Coin(answer.coin, answer.quote).perps


def compact(answer: Analysis, view: v.View) -> Iterator[str]:
    seen = answer.primary
    yield _price_line(answer)
    yield _indicator_line(seen)
    yield _averages_line(seen)
    yield _volume_line(answer, view)
    yield _takers_line(answer, view)
    if answer.open_interest.venues:
        yield from _interest_lines(answer, view)


def _price_line(answer: Analysis) -> str:
    market, seen = _market(answer), answer.primary
    now = seen.now if seen else None
    last = market.last_price if market else now.last_price if now else None
    tick = market.tick_size if market else seen.tick_size if seen else None
    change = v.percent(market.change_24h_fraction if market else None)
    quarter = v.percent(now.change_15m_fraction if now else None)
    return f"{v.price(last, tick)} · 24h {change} · 15m {quarter}"


def _market(answer: Analysis) -> Perp | Spot | None:
    venue, family = _place(answer)
    markets = answer.price.venues.get(venue or "")
    if markets is None:
        return None
    return markets.spot if family is Family.SPOT else markets.perp


def _indicator_line(seen: Technicals | None) -> str:
    indicators = seen.indicators if seen else None
    rsi = indicators.rsi_14 if indicators else None
    atr = v.share(indicators.atr_14_fraction if indicators else None)
    moved = seen.volatility if seen else None
    day = f"{v.share(moved.realised_day_fraction)} a day" if moved else v.NOTHING
    return f"RSI {v.decimal(rsi, 1)} · ATR {atr} · volatility {day}"


def _averages_line(seen: Technicals | None) -> str:
    indicators, now, today = (seen.indicators, seen.now, seen.today) if seen else (None, None, None)
    tick = seen.tick_size if seen else None
    ema = indicators.ema_50_price if indicators else None
    vwap, away = today.vwap_price if today else None, now.vwap_distance_fraction if now else None
    since = "" if today is None or today.is_whole else f" since {v.minute(today.start_ms)}"
    return " · ".join(
        name if price is None else f"{name} ({over} {v.percent(distance)})"
        for name, price, over, distance in (
            (f"EMA 50 {v.price(ema, tick)}", ema, "close", above(indicators, ema)),
            (f"VWAP{since} {v.price(vwap, tick)}", vwap, "last", away),
        )
    )


def above(indicators: Indicators | None, line: float | None) -> float | None:
    """The last close against a line."""
    close = indicators.close_price if indicators else None
    return close / line - 1 if close is not None and line else None


def _volume_line(answer: Analysis, view: v.View) -> str:
    kind, found = next(iter(answer.volume.items()))
    market = kind if kind == "spot" else f"{TITLES[kind]} perps"
    if found.total is None:
        return f"Volume {market} n/a"
    bar, closed = found.total.bar, view.clock(answer.bar_open_ms + answer.timeframe.ms)
    usual = f"{v.percent(bar.spike_fraction)} vs usual {bar.level}".rstrip()
    against = "usual n/a" if bar.spike_fraction is None else usual
    over = coverage({kind: found.total.venues}, {kind}, answer).shown(view, " venues")
    size = f"Volume {market} {v.money(bar.turnover_usd)}"
    return f"{size} in the {answer.timeframe} bar to {closed}, {against}{over}"


def _takers_line(answer: Analysis, view: v.View) -> str:
    until, deltas = view.clock(answer.takers.end_ms), dict(_deltas(answer))
    return f"CVD {WINDOW} to {until}: {', '.join(_covered(deltas, view)) or v.NOTHING}"


def _deltas(answer: Analysis) -> Iterator[tuple[str, Coverage]]:
    kinds, perps = answer.takers.kinds, answer.takers.kinds.keys() - {"spot"}
    if "spot" in kinds:
        yield _delta("spot", kinds["spot"].sums[WINDOW], {"spot"}, answer)
    if perps:
        yield _delta("perps", answer.takers.perps[WINDOW], perps, answer)


def _delta(
    title: str, flows: Sum, kinds: Collection[str], answer: Analysis
) -> tuple[str, Coverage]:
    return f"{title} {v.flow(flows.delta_usd)}", coverage(flows.delta_venues, kinds, answer)


def _covered(deltas: Mapping[str, Coverage], view: v.View) -> Iterator[str]:
    """Each with how many venues it is over; who is missing from all alike is named once."""
    missing = {over.missing(view) for over in deltas.values()}
    if len(missing) > 1:
        yield from (f"{figure}{over.shown(view)}" for figure, over in deltas.items())
    else:
        yield from (f"{figure} ({over.count})" for figure, over in deltas.items())
        yield from filter(None, missing)


def _interest_lines(answer: Analysis, view: v.View) -> Iterator[str]:
    totals = answer.open_interest.totals
    over = coverage(totals.oi_usd_venues, PERPS, answer)
    change = _change(answer, over, view)
    yield f"OI {v.money(totals.oi_usd)}{over.shown(view, ' venues')} · {WINDOW} {change}"
    paid = coverage(totals.funding_venues, PERPS, answer)
    yield f"Funding {_funding(totals)}{_unlike(paid, over, view)}"


def _change(answer: Analysis, above: Coverage, view: v.View) -> str:
    """Of linear perps, of coin-margined ones where those were asked for."""
    found, inverse = answer.open_interest, answer.quote == "USD"
    change, quadrant = found.changes[WINDOW], found.quadrants[WINDOW]
    venues = change.inverse_venues if inverse else change.linear_venues
    over = coverage(venues, INVERSE if inverse else LINEAR, answer)
    name = f", {quadrant.name}" if quadrant.name else ""
    return f"{v.percent(quadrant.oi_change_fraction)}{_unlike(over, above, view)}{name}"


def _funding(totals: InterestTotals) -> str:
    rate = totals.funding_8h_fraction
    if rate is None:
        return v.NOTHING
    year = f"{v.percent(totals.funding_year_fraction)} a year"
    parts = [f"{v.signed(rate * 100, 4)}% per 8h", year, "OI-weighted", heat(rate)]
    return ", ".join(filter(None, parts))


def _unlike(over: Coverage, above: Coverage, view: v.View) -> str:
    """What a figure is over, where that is not what the figure before it is over."""
    return "" if over == above else over.shown(view)


def levels(seen: Technicals | None) -> v.Html:
    rows = [
        [level.name, v.price(level.price, seen.tick_size), v.percent(level.distance_fraction)]
        for level in (seen.levels if seen else ())
        if seen
    ]
    return v.lines(v.tables(["Levels", "price", "away"], rows)) if rows else v.EMPTY
