"""The lines of /price that are shown first."""

from collections.abc import Iterator, Mapping

from crypto_assistant import view as v
from crypto_assistant.subjects.price.answer import Price
from crypto_assistant.subjects.price.figures import Perp, Spot, Totals


def compact(answer: Price, view: v.View) -> v.Html:
    perps = {name: markets.perp for name, markets in answer.venues.items() if markets.perp}
    spots = {name: markets.spot for name, markets in answer.venues.items() if markets.spot}
    shown = [v.bold(f"{answer.coin} {_kind(answer)}")]
    shown += _perp_table(perps, view) if perps else _spot_table(spots, view)
    shown += [v.escape(text) for text in _below(answer, perps, spots, view) if text]
    return v.lines(shown)


def _kind(answer: Price) -> str:
    if answer.venues and not any(markets.perp for markets in answer.venues.values()):
        return "spot"
    return "coin-margined perps" if answer.quote == "USD" else f"{answer.quote} perps"


def _perp_table(perps: Mapping[str, Perp], view: v.View) -> list[v.Html]:
    rows = [
        [
            view.short(name),
            v.price(perp.last_price, perp.tick_size),
            v.percent(perp.change_24h_fraction),
            v.scaled(perp.oi_usd),
            v.funding(perp.funding_fraction, perp.funding_hours),
        ]
        for name, perp in perps.items()
        if not perp.other_coin
    ]
    return v.tables(["", "last", "24h", "OI $", "fund %"], rows) if rows else []


def _spot_table(spots: Mapping[str, Spot], view: v.View) -> list[v.Html]:
    rows = [
        [
            view.short(name),
            v.price(spot.last_price, spot.tick_size),
            v.percent(spot.change_24h_fraction),
            v.scaled(spot.turnover_24h_usd),
        ]
        for name, spot in spots.items()
        if not spot.other_coin
    ]
    return v.tables(["", "last", "24h", "24h $"], rows) if rows else []


def _below(
    answer: Price, perps: Mapping[str, Perp], spots: Mapping[str, Spot], view: v.View
) -> Iterator[str]:
    if perps:
        yield _totals_line(answer.totals, len(answer.provenance.asked))
        yield _spot_line(answer, spots, view)
    if spread := answer.spread:
        low, high = view.venue(spread.low_venue), view.venue(spread.high_venue)
        sides = "" if low == high else f": {low} low, {high} high"
        yield f"Spread {v.basis_points(spread.fraction)}{sides}"
    for name, markets in answer.venues.items():
        for kind, market in (("perp", markets.perp), ("spot", markets.spot)):
            if market and market.other_coin:
                price = v.price(market.last_price, market.tick_size)
                yield f"{view.venue(name)} {kind} {price}: another coin? Not counted"


def _totals_line(totals: Totals, asked: int) -> str:
    """Both sums, and over how many venues: said once where it is the same number."""
    interest, turnover = v.money(totals.oi_usd), v.money(totals.turnover_24h_usd)
    over = f" ({len(totals.oi_usd_venues)}/{asked} venues)"
    all_over = f" ({len(totals.turnover_24h_usd_venues)}/{asked} venues)"
    return f"OI {interest}{over if over != all_over else ''} · 24h {turnover}{all_over}"


def _spot_line(answer: Price, spots: Mapping[str, Spot], view: v.View) -> str:
    """The spot market that the basis is reckoned with, or the first one that answered."""
    basis = answer.basis
    venue = basis.spot_venue if basis else next(_same(spots), None)
    if venue is None:
        return "Spot n/a"
    price = v.price(spots[venue].last_price, spots[venue].tick_size)
    if basis is None:
        return f"Spot {price} ({view.venue(venue)}) · basis n/a"
    perp = "" if basis.perp_venue == venue else f" of {view.venue(basis.perp_venue)}"
    return f"Spot {price} ({view.venue(venue)}) · basis{perp} {v.basis_points(basis.fraction)}"


def _same(spots: Mapping[str, Spot]) -> Iterator[str]:
    return (venue for venue, spot in spots.items() if not spot.other_coin)
