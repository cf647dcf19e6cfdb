"""The tables of /oi that stand under its compact lines on request, and what its sums lack."""

from collections.abc import Iterator, Mapping

from crypto_assistant import view as v
from crypto_assistant.calculators.open_interest import LEAST_ATR, LEAST_CHANGES, heat
from crypto_assistant.listings.segments import TITLES
from crypto_assistant.models import Family
from crypto_assistant.subjects.bars.windows import STEP, WINDOWS
from crypto_assistant.subjects.open_interest.answer import Oi
from crypto_assistant.subjects.open_interest.perps import Perp
from crypto_assistant.subjects.open_interest.totals import (
    Venues,
    WindowChange,
    lacking_perps,
)

COIN_MARGINED = "coin_margined"


def details(answer: Oi, view: v.View) -> Iterator[v.Html]:
    """Each kind of perp, the sums, the primary market, and what stands beside them."""
    yield from _kinds(answer, view)
    yield _sums(answer)
    yield _primary(answer, view)
    yield v.lines(map(v.escape, _beside(answer, view)))


def notes(answer: Oi, details: bool, view: v.View) -> v.Html:
    """What the numbers above are not over, and not of."""
    return v.lines(map(v.escape, [*_without(answer, details, view), *_notes(answer, view)]))


def _kinds(answer: Oi, view: v.View) -> Iterator[v.Html]:
    """Each kind of perp: its size now, its changes, its funding."""
    for segment, oi_usd in answer.totals.segment_oi_usd.items():
        markets = {venue: held[segment] for venue, held in answer.venues.items() if segment in held}
        unit = "USD" if segment == COIN_MARGINED else "coins"
        yield v.lines(
            [
                v.bold(f"{answer.coin} {TITLES[segment]} perps {v.money(oi_usd)}"),
                *_sizes(segment, markets, answer, view),
                v.escape(f"Change in {unit}, %"),
                *_changes(markets, view),
                *map(v.escape, _heats(markets, view)),
            ]
        )


def _sizes(segment: str, markets: Mapping[str, Perp], answer: Oi, view: v.View) -> list[v.Html]:
    shares = answer.totals.share_fractions
    rows = [
        [
            view.short(venue),
            v.scaled(market.oi_usd),
            v.scaled(market.oi_coins),
            v.part(shares.get(venue, {}).get(segment)),
            v.rate(market.funding_8h_fraction),
        ]
        for venue, market in markets.items()
    ]
    return v.tables(["", "OI $", "coins", "share", "fund/8h"], rows)


def _changes(markets: Mapping[str, Perp], view: v.View) -> list[v.Html]:
    rows = [
        [
            view.short(venue),
            *(v.bare_percent(change.change_fraction if change else None) for change in changes),
        ]
        for venue, market in markets.items()
        for changes in [market.changes.values()]
    ]
    return v.tables(["", *WINDOWS], rows)


def _heats(markets: Mapping[str, Perp], view: v.View) -> Iterator[str]:
    for venue, market in markets.items():
        rate = market.funding_8h_fraction
        if rate is not None and heat(rate):
            yield f"{view.venue(venue)} funding {v.rate(rate)}/8h: {heat(rate)}"


def _sums(answer: Oi) -> v.Html:
    """What changed over all venues, in the markets' own units and in USD."""
    inverse = COIN_MARGINED in answer.totals.segment_oi_usd
    linear = answer.totals.segment_oi_usd.keys() != {COIN_MARGINED}
    own = [
        [
            name,
            *(_linear(window) if linear else ()),
            *(_inverse(window) if inverse else ()),
        ]
        for name, window in answer.windows.items()
    ]
    usd = [
        [name, v.flow(window.delta_usd), v.flow(window.positions_usd), v.flow(window.price_usd)]
        for name, window in answer.windows.items()
    ]
    header = ["", *(("coins", "%") if linear else ()), *(("coin-M", "%") if inverse else ())]
    return v.lines(
        [
            v.bold("Change over all venues"),
            *v.tables(header, own),
            v.escape("In USD: opened, and by the price"),
            *v.tables(["", "OI $", "positions", "price"], usd),
        ]
    )


def _linear(window: WindowChange) -> tuple[str, str]:
    return _signed(window.delta_linear_coins), v.bare_percent(window.change_linear_fraction)


def _inverse(window: WindowChange) -> tuple[str, str]:
    return v.flow(window.delta_inverse_usd), v.bare_percent(window.change_inverse_fraction)


def _primary(answer: Oi, view: v.View) -> v.Html:
    """The moves of the primary market that place the windows in quadrants."""
    if answer.primary is None:
        return v.EMPTY
    tick = answer.primary.tick_size
    rows = [
        [
            name,
            v.short_price(move.then_price, tick),
            v.percent(move.change_fraction),
            v.signed(atrs, 1),
        ]
        for name, move in answer.primary.windows.items()
        for atrs in [answer.quadrants[name].price_change_atrs]
    ]
    last = v.grouped(answer.primary.last_price, tick)
    return v.lines(
        [
            v.bold(f"{view.venue(answer.primary.venue)} {answer.primary.symbol} {last}"),
            *v.tables(["", "then", "change", "in ATRs"], rows),
            v.escape(f"small: below {LEAST_ATR} ATR or, of OI, {_least()}"),
        ]
    )


def _least() -> str:
    return ", ".join(f"{name} {v.percents(least)}" for name, least in LEAST_CHANGES.items())


def _beside(answer: Oi, view: v.View) -> Iterator[str]:
    if answer.dated:
        parts = (
            f"{view.short(name)} {v.money(of.oi_usd)}{' (part)' if of.is_part else ''}"
            for name, of in answer.dated.items()
        )
        yield f"Dated futures, in no sum: {', '.join(parts)}"
    for venue, counts in answer.long_shorts.items():
        parts = (f"{name} {v.part(count.long_fraction, 1)}" for name, count in counts.items())
        yield f"{view.venue(venue)} long: {', '.join(parts)}"
    yield "One side counted; Bybit's plain field counts both."


def _without(answer: Oi, details: bool, view: v.View) -> Iterator[str]:
    """Over whom the sums of a window are not; details show those of all kinds."""
    inverse = {name: window.inverse_venues for name, window in answer.windows.items()}
    if answer.quote == "USD":
        yield from _absent("", inverse, answer, Family.INVERSE, view)
        return
    linear = {name: window.linear_venues for name, window in answer.windows.items()}
    yield from _absent("", linear, answer, Family.LINEAR, view)
    if details:
        usd = {name: window.usd_venues for name, window in answer.windows.items()}
        yield from _absent("coin-M ", inverse, answer, Family.INVERSE, view)
        yield from _absent("USD ", usd, answer, None, view)


def _absent(
    kind: str, sums: Mapping[str, Venues], answer: Oi, family: Family | None, view: v.View
) -> Iterator[str]:
    lacking: dict[str, list[str]] = {}
    for name, over in sums.items():
        if over and (keys := lacking_perps(over, answer.venues, family)):
            absent = ", ".join(_market(*key, view) for key in keys)
            lacking.setdefault(absent, []).append(name)
    for absent, names in lacking.items():
        yield f"{kind}{', '.join(names)} without {absent}"


def _notes(answer: Oi, view: v.View) -> Iterator[str]:
    """What the numbers above are not."""
    for venue, markets in answer.venues.items():
        for segment, market in markets.items():
            for name, change in market.changes.items():
                if change and abs(change.age_ms - WINDOWS[name].ms) > STEP.ms / 2:
                    yield f"{_market(segment, venue, view)} {name}: over {_age(change.age_ms)}"
    for venue in answer.apart_venues:
        yield f"{view.venue(venue)} {answer.coin}: another coin? Not counted"


def _market(segment: str, venue: str, view: v.View) -> str:
    return f"{view.venue(venue)} {TITLES[segment]}"


def _age(ms: int) -> str:
    hours, minutes = divmod(round(ms / 60_000), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _signed(coins: float | None) -> str:
    text = v.scaled(coins)
    return f"+{text}" if coins is not None and coins > 0 and text != "0" else text
