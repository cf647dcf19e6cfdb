"""The lines of /oi that are shown first."""

from crypto_assistant import view as v
from crypto_assistant.calculators.open_interest import heat
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import total
from crypto_assistant.subjects.open_interest.answer import Oi
from crypto_assistant.subjects.open_interest.long_short import ALL_ACCOUNTS
from crypto_assistant.subjects.open_interest.totals import Venues, lacking_perps


def kinds(quote: str) -> str:
    """Of which perps the sums are."""
    return {"USDT": "all perps", "USD": "coin-M perps"}.get(quote, f"{quote} perps")


def compact(answer: Oi, coin: Coin, view: v.View) -> v.Html:
    if not answer.venues:
        return v.bold(f"{coin.name} OI · {kinds(coin.quote)}")
    return v.lines(
        [
            _head(answer, coin, view),
            v.escape(_shares(answer, view)),
            _windows(answer, view),
            v.escape(_split(answer)),
            _funding(answer, view),
            v.escape(_accounts(answer, view)),
        ]
    )


def _head(answer: Oi, coin: Coin, view: v.View) -> v.Html:
    """Over whom each sum is, where it is not over all that were asked."""
    totals = answer.totals
    usd, coins = (
        counted(venues, answer, view) for venues in (totals.oi_usd_venues, totals.oi_coins_venues)
    )
    whole = len(answer.provenance.listing)
    every = f"{whole}/{whole} venues"
    of_usd = "" if usd == coins else f" ({usd})"
    of_coins = "" if coins == every else f" ({coins})"
    return v.flowing(
        [
            f"{coin.name} OI {v.money(totals.oi_usd)}{of_usd}",
            f"{v.scaled(totals.oi_coins)} {coin.name}{of_coins}",
            kinds(coin.quote),
        ],
        boldly=True,
    )


def counted(venues: Venues, answer: Oi, view: v.View) -> str:
    """`2/3 venues` or `2/3, part of OKX`: whose perps are all in a sum, whose in part."""
    lacking = {venue for _, venue in lacking_perps(venues, answer.venues)}
    there = {venue for names in venues.values() for venue in names}
    partial = [venue for venue in answer.venues if venue in there & lacking]
    of = f"{len(there - lacking)}/{len(answer.provenance.listing)}"
    part = " ".join(map(view.short, partial))
    return f"{of}, part of {part}" if part else f"{of} venues"


def _shares(answer: Oi, view: v.View) -> str:
    if len(answer.venues) < 2:
        return ""
    shares = answer.totals.share_fractions
    return " · ".join(
        f"{view.short(venue)} {v.part(total(shares.get(venue, {}).values()))}"
        for venue in answer.venues
    )


def _windows(answer: Oi, view: v.View) -> v.Html:
    price = f"{view.short(answer.primary.venue)} px" if answer.primary else "px"
    rows = [
        [
            name,
            v.percent(quadrant.oi_change_fraction),
            v.percent(quadrant.price_change_fraction),
            quadrant.name or v.NOTHING,
        ]
        for name, quadrant in answer.quadrants.items()
    ]
    return v.table(["", "OI", price, "reading"], rows)


def _split(answer: Oi) -> str:
    """What a day's change in USD is made of."""
    day = answer.windows["24h"]
    if day.positions_usd is None:
        return ""
    return f"24h: positions {v.flow(day.positions_usd)} · price {v.flow(day.price_usd)}"


def _funding(answer: Oi, view: v.View) -> v.Html:
    totals = answer.totals
    rate, year = totals.funding_8h_fraction, totals.funding_year_fraction
    if rate is None:
        return v.escape("Funding n/a")
    over = counted(totals.funding_venues, answer, view)
    whole = over == counted(totals.oi_usd_venues, answer, view)
    named = f"Funding {v.rate(rate)}/8h {heat(rate)}".rstrip()
    return v.flowing([named, f"{v.percent(year)} a year", "" if whole else over])


def _accounts(answer: Oi, view: v.View) -> str:
    """The part of each venue's accounts that is long, by its own count."""
    counts = {
        venue: named[ALL_ACCOUNTS].long_fraction
        for venue, named in answer.long_shorts.items()
        if ALL_ACCOUNTS in named
    }
    told = (
        f"{view.short(venue)} {v.part(long).removesuffix('%')}" for venue, long in counts.items()
    )
    return f"Accounts long %: {' '.join(told)}" if counts else ""
