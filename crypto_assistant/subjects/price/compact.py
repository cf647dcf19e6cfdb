"""The lines of /price that are shown first."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from crypto_assistant import view as v
from crypto_assistant.listings.segments import TITLES
from crypto_assistant.subjects.open_interest.totals import InterestTotals, Key
from crypto_assistant.subjects.price import figures
from crypto_assistant.subjects.price.answer import Price
from crypto_assistant.subjects.price.figures import Perp, Spot

MINUTE_MS = 60_000
M = TypeVar("M", Perp, Spot)
CHANGES = ("1h", "4h", "24h")
LONGEST_COUNTDOWN = 10
"""Hours from which on an interval leaves no room for the time to the next payment."""


def compact(answer: Price, view: v.View) -> v.Html:
    perps = {name: markets.perp for name, markets in answer.venues.items() if markets.perp}
    spots = {name: markets.spot for name, markets in answer.venues.items() if markets.spot}
    table = _perp_table(answer, _same(perps), view) if perps else _spot_table(_same(spots), view)
    below = _below(answer, _same(spots), view) if perps else ()
    apart = _apart(answer, view)
    return v.lines([_head(answer, view), table, *below, *map(v.escape, apart)])


def kind(answer: Price) -> str:
    """Of which market the figures are: `USDT perp`."""
    if answer.venues and not any(markets.perp for markets in answer.venues.values()):
        return "spot"
    return "coin-M perp" if answer.quote == "USD" else f"{answer.quote} perp"


def _head(answer: Price, view: v.View) -> v.Html:
    primary = _primary(answer)
    if primary is None:
        return v.bold(f"{answer.coin} {kind(answer)}")
    venue, market = primary
    tick, lately = market.tick_size, answer.changes_15m_fraction.get(venue)
    low, high = (v.grouped(one, tick) for one in (market.low_24h_price, market.high_24h_price))
    return v.flowing(
        [
            f"{answer.coin} {v.grouped(market.last_price, tick)}",
            f"24h {v.percent(market.change_24h_fraction)}",
            f"{view.venue(venue)} {kind(answer)}",
            f"15m {v.percent(lately)}",
            f"24h {low}–{high}",
            _traded(answer, market),
        ],
        boldly=True,
    )


def _primary(answer: Price) -> tuple[str, Perp | Spot] | None:
    markets = answer.venues.get(answer.primary_venue or "")
    market = markets and (markets.perp or markets.spot)
    return (answer.primary_venue, market) if answer.primary_venue and market else None


def _traded(answer: Price, primary: Perp | Spot) -> str:
    """Over all perps of the quote; over whom, where some of them did not tell."""
    if isinstance(primary, Spot):
        return f"{v.money(primary.turnover_24h_usd)} traded"
    totals = answer.totals
    shown = [m for m in answer.venues.values() if m.perp and not m.perp.other_coin]
    told = len(totals.turnover_24h_usd_venues)
    over = "" if told == len(shown) else f" by {told} of {len(shown)}"
    return f"{v.money(totals.turnover_24h_usd)} traded{over}"


def _perp_table(answer: Price, perps: Mapping[str, Perp], view: v.View) -> v.Html:
    first = perps.get(answer.primary_venue or "")
    rows = [
        [
            view.short(name),
            "-" if perp is first else v.points(figures.distance(perp, first)),
            v.scaled(perp.oi_usd),
            v.rate(perp.funding_8h_fraction),
            _next(perp, answer.provenance.time_ms),
        ]
        for name, perp in perps.items()
    ]
    if answer.other_perps:
        rows.append(_sum("oth", answer.other_perps))
    if len(rows) > 1:
        rows.append(_sum("all", answer.all_perps))
    return v.table(["", "bp", "OI $", "fund/8h", "iv h:mm"], rows) if perps else v.EMPTY


def _sum(name: str, totals: InterestTotals) -> list[str]:
    return [name, "", v.scaled(totals.oi_usd), v.rate(totals.funding_8h_fraction), ""]


def _next(perp: Perp, now_ms: int) -> str:
    """The funding interval, and how long it is to the next payment."""
    if perp.funding_fraction is None:
        return ""
    hours = perp.funding_hours
    interval = "?h" if hours is None else f"{v.plain(hours)}h"
    if perp.next_funding_ms is None or (hours or 0) >= LONGEST_COUNTDOWN:
        return f"{interval:<7}"
    minutes = max(0, perp.next_funding_ms - now_ms) // MINUTE_MS
    return f"{interval} {minutes // 60}:{minutes % 60:02d}"


def _spot_table(spots: Mapping[str, Spot], view: v.View) -> v.Html:
    first = next(iter(spots.values()), None)
    rows = [
        [view.short(name), v.points(figures.distance(spot, first)), v.scaled(spot.turnover_24h_usd)]
        for name, spot in spots.items()
    ]
    return v.table(["", "bp", "24h $"], rows) if len(rows) > 1 else v.EMPTY


def _below(answer: Price, spots: Mapping[str, Spot], view: v.View) -> Iterator[v.Html]:
    yield _without("all", answer.unsummed_perps, view)
    changes = (f"{name} {v.percent(_oi_change(answer, name))}" for name in CHANGES)
    yield v.flowing([f"OI {next(changes)}", *changes])
    lacking: dict[tuple[Key, ...], list[str]] = {}
    for name in CHANGES:
        lacking.setdefault(tuple(answer.uncompared_perps[name]), []).append(name)
    for perps, names in lacking.items():
        yield _without(f"OI {', '.join(names)}", perps, view)
    yield v.escape(_spot_line(answer, spots, view))


def _without(what: str, perps: Sequence[Key], view: v.View) -> v.Html:
    names = [f"{view.short(venue)} {TITLES[segment]}" for segment, venue in perps]
    return v.flowing([f"{what} without {names[0]}", *names[1:]]) if names else v.EMPTY


def _oi_change(answer: Price, window: str) -> float | None:
    """Of linear perps, of coin-margined ones where only those were asked for: as /oi."""
    change = answer.oi_windows[window]
    inverse = answer.quote == "USD"
    return change.change_inverse_fraction if inverse else change.change_linear_fraction


def _spot_line(answer: Price, spots: Mapping[str, Spot], view: v.View) -> str:
    """The spot market that the basis is reckoned with, or the first one that answered."""
    basis = answer.basis
    venue = basis.spot_venue if basis else next(iter(spots), None)
    if venue is None:
        return "Spot n/a"
    at = "" if venue == answer.primary_venue else f" ({view.short(venue)})"
    price = f"Spot {v.grouped(spots[venue].last_price, spots[venue].tick_size)}{at}"
    if basis is None:
        return f"{price} · basis n/a"
    of = "" if basis.perp_venue == answer.primary_venue else f"of {view.venue(basis.perp_venue)} "
    return f"{price} · perp {of}{v.basis_points(basis.fraction)}"


def _apart(answer: Price, view: v.View) -> Iterator[str]:
    for name, markets in answer.venues.items():
        for family, market in (("perp", markets.perp), ("spot", markets.spot)):
            if market and market.other_coin:
                price = v.price(market.last_price, market.tick_size)
                yield f"{view.venue(name)} {family} {price}: another coin? Not counted"


def _same(markets: Mapping[str, M]) -> dict[str, M]:
    return {venue: market for venue, market in markets.items() if not market.other_coin}
