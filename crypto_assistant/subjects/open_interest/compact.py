"""The lines of /oi that are shown first."""

from crypto_assistant import view as v
from crypto_assistant.calculators.open_interest import heat
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import total
from crypto_assistant.subjects.open_interest.answer import Oi
from crypto_assistant.subjects.open_interest.totals import Quadrant, Venues, lacking_perps


def _title(coin: Coin) -> str:
    return f"{coin.name} coin-M perps" if coin.quote == "USD" else f"{coin.symbol} perps"


def compact(answer: Oi, coin: Coin, view: v.View) -> v.Html:
    if not answer.venues:
        return v.bold(_title(coin))
    totals = answer.totals
    coins = v.scaled(totals.oi_coins)
    over, coins_over = (
        counted(venues, answer, view) for venues in (totals.oi_usd_venues, totals.oi_coins_venues)
    )
    usd = v.money(totals.oi_usd) + (f" ({over})" if over != coins_over else "")
    size = f" OI {usd} · {coins} {coin.name} ({coins_over})"
    lines = [
        v.head(_title(coin), size),
        v.escape(_shares(answer, view)),
        _quadrants(answer, view),
        v.escape(_funding(answer, view)),
    ]
    return v.lines(lines)


def counted(venues: Venues, answer: Oi, view: v.View) -> str:
    """`2/3 venues, part of OKX`: of how many all perps are in a sum, of which only some."""
    lacking = {venue for _, venue in lacking_perps(venues, answer.venues)}
    there = {venue for names in venues.values() for venue in names}
    partial = [venue for venue in answer.venues if venue in there & lacking]
    part = f", part of {view.venues(partial)}" if partial else ""
    return f"{len(there - lacking)}/{len(answer.provenance.asked)} venues{part}"


def _shares(answer: Oi, view: v.View) -> str:
    if len(answer.venues) < 2:
        return ""
    shares = answer.totals.share_fractions
    return " · ".join(
        f"{view.venue(venue)} {v.part(total(shares.get(venue, {}).values()))}"
        for venue in answer.venues
    )


def _quadrants(answer: Oi, view: v.View) -> v.Html:
    unit = "OI USD" if answer.quote == "USD" else "OI coins"
    price = f"{view.short(answer.primary.venue)} px" if answer.primary else "px"
    rows = [
        [
            name,
            v.percent(quadrant.oi_change_fraction),
            v.percent(quadrant.price_change_fraction),
            _named(quadrant),
        ]
        for name, quadrant in answer.quadrants.items()
    ]
    return v.lines(v.tables(["", unit, price, "quadrant"], rows))


def _named(quadrant: Quadrant) -> str:
    if quadrant.name is None:
        return v.NOTHING
    return "-" if quadrant.name == "none" else quadrant.name


def _funding(answer: Oi, view: v.View) -> str:
    totals = answer.totals
    rate, year = totals.funding_8h_fraction, totals.funding_year_fraction
    if rate is None:
        return "Funding n/a"
    over = counted(totals.funding_venues, answer, view)
    whole = over == counted(totals.oi_usd_venues, answer, view)
    named = [f"{funding_rate(rate)} per 8h", f"{v.percent(year)} a year", "OI-weighted", heat(rate)]
    return f"Funding {', '.join(filter(None, named))}{'' if whole else f' ({over})'}"


def funding_rate(fraction: float) -> str:
    return f"{v.signed(fraction * 100, 4)}%"
