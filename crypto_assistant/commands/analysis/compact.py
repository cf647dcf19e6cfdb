"""The lines of /analysis that are shown first."""

from collections.abc import Collection, Iterator, Mapping

from crypto_assistant import view as v
from crypto_assistant.calculators.open_interest import heat
from crypto_assistant.commands.analysis.reading import Analysis
from crypto_assistant.listings import Coin
from crypto_assistant.models import Family
from crypto_assistant.readings.interest_totals import Totals
from crypto_assistant.readings.outlook import Outlook
from crypto_assistant.readings.quotes import Perp, Spot
from crypto_assistant.readings.score import WINDOW, Score
from crypto_assistant.readings.spans import Sum
from crypto_assistant.readings.trend import Indicators

FAMILIES = {Family.SPOT: "spot", Family.LINEAR: "perp", Family.INVERSE: "coin-M perp"}
KINDS = {"spot": "spot", "usdt": "USDT", "usdc": "USDC", "coin_margined": "coin-M"}
COMPONENTS = {
    "ema_50": "EMA 50",
    "vwap": "VWAP",
    "spot_cvd_4h": "spot CVD",
    "perp_cvd_4h": "perp CVD",
    "oi_quadrant_4h": "OI",
}


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


def compact(answer: Analysis) -> Iterator[str]:
    seen = answer.primary
    yield _price_line(answer)
    yield _indicator_line(seen)
    yield _averages_line(seen)
    yield _volume_line(answer)
    yield _takers_line(answer)
    if answer.takers.kinds.keys() != {"spot"}:
        yield from _interest_lines(answer)
    yield _score_line(answer.score)


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


def _indicator_line(seen: Outlook | None) -> str:
    told = seen.indicators if seen else None
    rsi = told.rsi_14 if told else None
    atr = v.share(told.atr_14_fraction if told else None)
    day = v.share(seen.volatility.realised_day_fraction if seen and seen.volatility else None)
    return f"RSI {v.NOTHING if rsi is None else f'{rsi:.1f}'} · ATR {atr} · volatility {day} a day"


def _averages_line(seen: Outlook | None) -> str:
    told, now, today = (seen.indicators, seen.now, seen.today) if seen else (None, None, None)
    tick = seen.tick_size if seen else None
    ema = told.ema_50_price if told else None
    vwap, away = today.vwap_price if today else None, now.vwap_distance_fraction if now else None
    return " · ".join(
        name if price is None else f"{name} ({over} {v.percent(distance)})"
        for name, price, over, distance in (
            (f"EMA 50 {v.price(ema, tick)}", ema, "close", above(told, ema)),
            (f"VWAP {v.price(vwap, tick)}", vwap, "last", away),
        )
    )


def above(told: Indicators | None, line: float | None) -> float | None:
    """The last close against a line."""
    close = told.close_price if told else None
    return close / line - 1 if close is not None and line else None


def _volume_line(answer: Analysis) -> str:
    kind, found = next(iter(answer.volume.items()))
    market = kind if kind == "spot" else f"{KINDS[kind]} perps"
    if found.total is None:
        return f"Volume {market} n/a"
    bar = found.total.bar
    spike = f"{v.percent(bar.spike_fraction)} vs usual"
    level = f" {bar.level}" if bar.level else ""
    over = f"{len(found.total.venues)}/{len(answer.provenance.asked)} venues"
    return f"Volume {market} {v.money(bar.turnover_usd)}, {spike}{level} ({over})"


def _takers_line(answer: Analysis) -> str:
    kinds, parts = answer.takers.kinds, []
    if "spot" in kinds:
        parts.append(_delta("spot", kinds["spot"].sums[WINDOW], ["spot"], answer))
    if perps := kinds.keys() - {"spot"}:
        parts.append(_delta("perps", answer.takers.perps[WINDOW], perps, answer))
    return f"CVD {WINDOW} {', '.join(parts) or v.NOTHING}"


def _delta(title: str, told: Sum, kinds: Collection[str], answer: Analysis) -> str:
    there = {(kind, venue) for kind in kinds for venue in answer.takers.kinds[kind].venues}
    return f"{title} {v.flow(told.delta_usd)} ({_over(told.delta_venues, there, answer)})"


def _over(
    told: Mapping[str, Collection[str]], there: Collection[tuple[str, str]], answer: Analysis
) -> str:
    """`2/3`: of the venues asked those whose markets, by kind and venue, are all in a sum."""
    lacking = {venue for kind, venue in there if venue not in told.get(kind, ())}
    return f"{len({venue for _, venue in there} - lacking)}/{len(answer.provenance.asked)}"


def _interest_lines(answer: Analysis) -> Iterator[str]:
    totals = answer.open_interest.totals
    there = _there(answer, Family.LINEAR, Family.INVERSE)
    over = _over(totals.oi_usd_venues, there, answer)
    yield f"OI {v.money(totals.oi_usd)} ({over} venues) · {WINDOW} {_change(answer, over)}"
    paid = _unlike(_over(totals.funding_venues, there, answer), over)
    yield f"Funding {_funding(totals)}{paid}"


def _there(answer: Analysis, *families: Family) -> set[tuple[str, str]]:
    """The perps that told of their open interest, by kind and venue."""
    return {
        (kind, venue)
        for venue, markets in answer.open_interest.venues.items()
        for kind, market in markets.items()
        if market.family in families
    }


def _change(answer: Analysis, above: str) -> str:
    """Of linear perps, of coin-margined ones where those were asked for."""
    found, family = answer.open_interest, Coin(answer.coin, answer.quote).perps
    change, quadrant = found.changes[WINDOW], found.quadrants[WINDOW]
    venues = change.inverse_venues if family is Family.INVERSE else change.linear_venues
    over = _unlike(_over(venues, _there(answer, family), answer), above)
    name = {None: "", "none": ", no quadrant"}.get(quadrant.name, f", {quadrant.name}")
    return f"{v.percent(quadrant.oi_change_fraction)}{over}{name}"


def _funding(totals: Totals) -> str:
    rate = totals.funding_8h_fraction
    if rate is None:
        return v.NOTHING
    year = f"{v.percent(totals.funding_year_fraction)} a year"
    parts = [f"{v.signed(rate * 100, 4)}% per 8h", year, "OI-weighted", heat(rate)]
    return ", ".join(filter(None, parts))


def _unlike(over: str, above: str) -> str:
    """What a figure is over, where that is not what the figure before it is over."""
    return "" if over == above else f" ({over})"


def _score_line(told: Score) -> str:
    parts = (f"{COMPONENTS[name]} {sign(part.sign)}" for name, part in told.components.items())
    return f"Score {sign(told.sum)} of {told.known}: {', '.join(parts)}"


def sign(number: int | None) -> str:
    return v.NOTHING if number is None else v.signed(number, 0)


def levels(seen: Outlook | None) -> v.Html:
    rows = [
        [level.name, v.price(level.price, seen.tick_size), v.percent(level.distance_fraction)]
        for level in (seen.levels if seen else ())
        if seen
    ]
    return v.lines(v.tables(["Levels", "price", "away"], rows)) if rows else v.Html("")
