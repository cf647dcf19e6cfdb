"""The tables of /price that stand under its compact lines on request."""

from collections.abc import Iterator, Mapping, Sequence

from crypto_assistant import view as v
from crypto_assistant.models import Family
from crypto_assistant.subjects.bars import recent
from crypto_assistant.subjects.bars.recent import Recent
from crypto_assistant.subjects.cvd.flow import Sum
from crypto_assistant.subjects.cvd.flows import Flows
from crypto_assistant.subjects.price import figures
from crypto_assistant.subjects.price.answer import Details, Price
from crypto_assistant.subjects.price.figures import Perp, Spot


def details(answer: Price, details: Details, view: v.View) -> Iterator[v.Html]:
    perps = {venue: markets.perp for venue, markets in answer.venues.items()}
    spots = {venue: markets.spot for venue, markets in answer.venues.items()}
    yield v.lines([*_day_tables("perp", perps, view), *_day_tables("spot", spots, view)])
    yield v.lines(map(v.escape, [*_funding_lines(answer, view), *_gaps(answer, view)]))
    if seen := details.primary:
        kind = "spot" if seen.family is Family.SPOT else "perp"
        heading = v.bold(f"{view.venue(seen.venue)} {kind}")
        yield v.lines([heading, *map(v.escape, _recent_lines(seen))])
    yield v.lines(_takers(details.takers, answer.provenance.asked, view))


def _day_tables(
    kind: str, markets: Mapping[str, Perp | None] | Mapping[str, Spot | None], view: v.View
) -> list[v.Html]:
    rows = [
        [
            view.short(venue),
            v.scaled(market.turnover_24h_usd),
            v.short_price(market.high_24h_price, market.tick_size),
            v.short_price(market.low_24h_price, market.tick_size),
        ]
        for venue, market in markets.items()
        if market and not market.other_coin
    ]
    return v.tables([kind, "24h $", "high", "low"], rows) if rows else []


def _funding_lines(answer: Price, view: v.View) -> Iterator[str]:
    """When the perps pay next, said once where several pay at the same time."""
    venues: dict[int, list[str]] = {}
    for venue, markets in answer.venues.items():
        perp = markets.perp
        if perp and perp.next_funding_ms and not perp.other_coin:
            venues.setdefault(perp.next_funding_ms, []).append(venue)
    for time_ms, names in sorted(venues.items()):
        yield f"Funding {view.minute(time_ms)}: {' '.join(map(view.short, names))}"


def _gaps(answer: Price, view: v.View) -> Iterator[str]:
    """Between mark and index of each perp, and between the venues."""
    premiums = (
        f"{view.short(venue)} {v.points(fraction)}"
        for venue, markets in answer.venues.items()
        if markets.perp
        and not markets.perp.other_coin
        and (fraction := figures.premium(markets.perp)) is not None
    )
    if told := " ".join(premiums):
        yield f"Premium bp {told}"
    if spread := answer.spread:
        low, high = view.short(spread.low_venue), view.short(spread.high_venue)
        sides = "" if low == high else f": {low} low, {high} high"
        yield f"Spread {v.basis_points(spread.fraction)}{sides}"


def _recent_lines(seen: Recent) -> Iterator[str]:
    for timeframe in recent.TIMEFRAMES:
        found = seen.indicators.get(timeframe)
        atr, share = (found.atr_14_price, found.atr_14_fraction) if found else (None, None)
        percent = "" if share is None else f" ({v.share(share)})"
        yield f"ATR(14) {timeframe}: {v.price(atr, seen.tick_size)}{percent}"
    vwap = seen.today.vwap_price if seen.today else None
    away = seen.now.vwap_distance_fraction if seen.now else None
    late = seen.today is not None and not seen.today.is_whole
    since = (
        f"since {v.minute(seen.today.start_ms)} UTC" if late and seen.today else "of the UTC day"
    )
    yield f"VWAP {since} {v.price(vwap, seen.tick_size)}"
    yield f"last {v.percent(away)} from it" if away is not None else ""


def _takers(takers: Flows, asked: Sequence[str], view: v.View) -> Iterator[v.Html]:
    groups = _groups(takers)
    rows = [
        [
            f"{title} {window}",
            v.flow(flows.delta_usd),
            v.share(_buy_share(flows)),
            f"{len(_venues(flows))}/{len(asked)}",
        ]
        for title, sums in groups.items()
        for window, flows in sums.items()
    ]
    if rows:
        yield v.escape(f"Takers to {view.clock(takers.end_ms)}")
        yield v.table(["", "delta", "buys", "told"], rows)
        yield v.escape(_lacking(groups, asked, view))


def _groups(takers: Flows) -> dict[str, Mapping[str, Sum]]:
    """The sums by what they are over, spot last."""
    titles = {name: name.upper() for name in takers.kinds} | {"coin_margined": "coin-M"}
    groups = {titles[name]: kind.sums for name, kind in takers.kinds.items() if name != "spot"}
    return groups | {name: kind.sums for name, kind in takers.kinds.items() if name == "spot"}


def _lacking(groups: Mapping[str, Mapping[str, Sum]], asked: Sequence[str], view: v.View) -> str:
    """Which venues are not in the sums: said once where it is the same for several."""
    parts: dict[str, dict[str, None]] = {}
    for title, sums in groups.items():
        lacking = {
            window: view.venues(venue for venue in asked if venue not in _venues(flows))
            for window, flows in sums.items()
        }
        for window, names in lacking.items():
            label = title if len({*lacking.values()}) == 1 else f"{title} {window}"
            parts.setdefault(names, {})[label] = None
    return "; ".join(f"{', '.join(of)} without {names}" for names, of in parts.items() if names)


def _buy_share(flows: Sum) -> float | None:
    share = flows.delta_volume_fraction
    return None if share is None else (1 + share) / 2


def _venues(flows: Sum) -> set[str]:
    return {venue for venues in flows.delta_venues.values() for venue in venues}
