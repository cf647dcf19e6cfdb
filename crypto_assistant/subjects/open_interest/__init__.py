"""/oi: open interest of a coin's perps, how it changed with the price, and the funding it pays."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crypto_assistant import view as v
from crypto_assistant.calculators.open_interest import heat
from crypto_assistant.desk import Desk
from crypto_assistant.errors import UsageError
from crypto_assistant.grammar import Args, Command, Progress, Takes, coin_round
from crypto_assistant.listings import segments
from crypto_assistant.listings.coins import other_coins
from crypto_assistant.listings.lists import Coin, Listings
from crypto_assistant.listings.segments import TITLES, Segment
from crypto_assistant.models import Family, Provenance, total
from crypto_assistant.subjects.bars import moves
from crypto_assistant.subjects.bars.moves import Moves
from crypto_assistant.subjects.bars.primary import Primary
from crypto_assistant.subjects.bars.windows import STEP, WINDOWS
from crypto_assistant.subjects.keyboard import keyboard
from crypto_assistant.subjects.open_interest import dated_futures, long_short, perps, totals
from crypto_assistant.subjects.open_interest.dated_futures import DatedFutures
from crypto_assistant.subjects.open_interest.long_short import LongShortCounts
from crypto_assistant.subjects.open_interest.perps import Interest, Perp
from crypto_assistant.subjects.open_interest.totals import (
    InterestTotals,
    Quadrant,
    Venues,
    WindowChange,
)

COIN_MARGINED = "coin_margined"

EXPLAINS = """\
Open interest of all perps of the coin, one side counted: USDT, USDC and coin-margined (coin-M).
BTC/USDC and BTC/USD ask for one kind. Bybit's plain field counts both sides: its one-sided field
is used, or half. Binance sends coins, valued at the mark price; Bybit and OKX send USD themselves.
A venue's share is of the sum shown; n/a where only a part of its perps is in the sum.

Change = (now - then) / then over 15m, 1h, 4h, 24h before the question. then = the venue's
five-minute sample nearest to that time; where it is off by more than 2.5 min its true age is
printed, by more than 5 min and a tenth of the window: n/a. Binance has no sample where nobody
traded: if its bars say so (not of coin-M), it is as the one before, at the price of the nearest
that is near enough. Each market counts in its own unit: coins, coin-margined ones in USD (in coins
theirs moves with the price alone). Sums compare only the markets that are there at both ends; who
is missing is named.

Open interest in USD changes by positions = change in coins * price then, and by price = coins now
* change of the price: together exactly the change. Coin-margined: all of it is positions. The price
then is the venue's own (Bybit: its mark price).

Quadrant, of USDT and USDC perps together and the primary market's price (px): new longs (both up),
short covering (price up, open interest down), new shorts (price down, open interest up), long
unwinding (both down); a dash below 0.1 ATR(14) or 0.5 % of open interest. ATR: Wilder's, of closed
bars of 15m, 1h, 4h, 1d, warmed up for 300 of them, else n/a. Price: the last one against the close
of the five-minute bar that ended nearest to the start of the window. BTC/USD: of coin-M perps.

Funding: each perp's rate as if paid for 8 h (intervals 1, 2, 4, 8 h as the venue tells), weighted
with open interest in USD; per year = times 3 * 365. elevated from 0.03 % per 8 h, extreme from
0.10 %, either sign.

Details: each market, the split, dated futures (apart, in no sum), and who is long by each
exchange's own counts: all accounts, the top 20 % (Binance) or 5 % (OKX) of accounts, their
positions. They count different people and are not averaged."""


@dataclass(frozen=True, slots=True)
class Oi:
    """`dated` and `long_shorts` are None where they were not asked for: without details.

    `apart_venues`: where another coin goes by that name.
    """

    coin: str
    quote: str
    tradfi: bool
    venues: Interest
    totals: InterestTotals
    windows: Mapping[str, WindowChange]
    quadrants: Mapping[str, Quadrant]
    primary: Moves | None
    dated: Mapping[str, DatedFutures] | None
    long_shorts: LongShortCounts | None
    apart_venues: tuple[str, ...]
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Oi]) -> Oi:
    round = await coin_round(args, desk)
    coin, listings = round.coin, round.listings
    wanted = segments.perps(coin)
    if not any(map(round.listing, wanted)) and not any(map(listings.unread, listings.titles)):
        raise UsageError(f"No venue lists perps of {coin.symbol}.")
    held = perps.question(round, wanted)
    dated = dated_futures.question(round, wanted) if args.details else None
    long = long_short.question(round, wanted[0]) if args.details else None
    round.name_absent(wanted)
    ranked = [market for market in round.primaries() if market.family is coin.perps]
    primary = Primary(round, ranked, lambda market: moves.question(round, market))

    def build() -> Oi:
        venues, moved, known = held(), primary(), round.provenance()
        windows = totals.changes(venues)
        return Oi(
            coin=coin.name,
            quote=coin.quote,
            tradfi=coin.tradfi,
            venues=venues,
            totals=totals.totals(venues),
            windows=windows,
            quadrants=totals.quadrants(windows, moved, inverse=coin.quote == "USD"),
            primary=moved,
            dated=dated() if dated else None,
            long_shorts=long() if long else None,
            apart_venues=tuple(v for v in _apart(listings, coin, wanted) if v in known.asked),
            provenance=known,
        )

    await primary.settle(lambda: progress(build()), spare=desk.timing.attempt)
    return build()


def _apart(listings: Listings, coin: Coin, wanted: Sequence[Segment]) -> Iterator[str]:
    """The venues where another coin goes by that name."""
    others = other_coins(listings)
    for venue in listings.titles:
        if any((venue, segment.family, coin.name) in others for segment in wanted):
            yield venue


def render(answer: Oi, args: Args, view: v.View) -> v.Page:
    coin = Coin(answer.coin, answer.quote, answer.tradfi)
    blocks = [_compact(answer, coin, view)]
    if args.details and answer.venues:
        blocks += [*_kinds(answer, view), _sums(answer), _price(answer, view)]
        blocks.append(v.lines(map(v.escape, _details(answer, view))))
    notes = [*_without(answer, args.details, view), *_notes(answer, view)]
    blocks.append(v.lines(map(v.escape, notes)))
    return v.Page(
        tuple(filter(None, blocks)),
        keyboard(replace(args, symbol=coin.symbol), TAKES),
        footer=view.provenance(answer.provenance),
    )


def _title(coin: Coin) -> str:
    return f"{coin.name} coin-M perps" if coin.quote == "USD" else f"{coin.symbol} perps"


def _compact(answer: Oi, coin: Coin, view: v.View) -> v.Html:
    if not answer.venues:
        return v.bold(_title(coin))
    totals = answer.totals
    coins = v.NOTHING if totals.oi_coins is None else v.scaled(totals.oi_coins)
    over, coins_over = (
        _over(venues, answer, view) for venues in (totals.oi_usd_venues, totals.oi_coins_venues)
    )
    usd = v.money(totals.oi_usd) + (f" ({over})" if over != coins_over else "")
    head = f" OI {usd} · {coins} {coin.name} ({coins_over})"
    lines = [
        v.Html(v.bold(_title(coin)) + v.escape(head)),
        v.escape(_shares(answer, view)),
        _quadrants(answer, view),
        v.escape(_funding(answer, view)),
    ]
    return v.lines(lines)


def _over(venues: Venues, answer: Oi, view: v.View) -> str:
    """`2/3 venues, part of OKX`: of how many all perps are in a sum, of which only some."""
    lacking = {venue for _, venue in _lacking(venues, answer)}
    there = {venue for names in venues.values() for venue in names}
    partial = [venue for venue in answer.venues if venue in there & lacking]
    part = f", part of {view.venues(partial)}" if partial else ""
    return f"{len(there - lacking)}/{len(answer.provenance.asked)} venues{part}"


def _lacking(venues: Venues, answer: Oi, family: Family | None = None) -> list[tuple[str, str]]:
    """The perps that a sum is not over, by segment and venue."""
    return [
        (segment, venue)
        for venue, markets in answer.venues.items()
        for segment, market in markets.items()
        if family in {None, market.family} and venue not in venues.get(segment, ())
    ]


def _shares(answer: Oi, view: v.View) -> str:
    if len(answer.venues) < 2:
        return ""
    shares = answer.totals.share_fractions
    return " · ".join(
        f"{view.venue(venue)} {_part(total(shares.get(venue, {}).values()))}"
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
    over = _over(totals.funding_venues, answer, view)
    whole = over == _over(totals.oi_usd_venues, answer, view)
    named = [f"{_rate(rate)} per 8h", f"{v.percent(year)} a year", "OI-weighted", heat(rate)]
    return f"Funding {', '.join(filter(None, named))}{'' if whole else f' ({over})'}"


def _kinds(answer: Oi, view: v.View) -> Iterator[v.Html]:
    """Each kind of perp: its size now, its changes, its funding."""
    for segment, oi_usd in answer.totals.segment_oi_usd.items():
        markets = {venue: held[segment] for venue, held in answer.venues.items() if segment in held}
        unit = "USD" if segment == COIN_MARGINED else "coins"
        yield v.lines(
            [
                v.bold(f"{answer.coin} {TITLES[segment]} perps {v.money(oi_usd)}"),
                *_sizes(segment, markets, answer, view),
                v.escape(f"Change in {unit}"),
                *_changes(markets, view),
                *map(v.escape, _heats(markets, view)),
            ]
        )


def _sizes(segment: str, markets: Mapping[str, Perp], answer: Oi, view: v.View) -> list[v.Html]:
    shares = answer.totals.share_fractions
    rows = [
        [
            view.short(venue),
            _scaled(market.oi_usd),
            _scaled(market.oi_coins),
            _part(shares.get(venue, {}).get(segment)),
            v.funding(market.funding_fraction, market.funding_hours),
        ]
        for venue, market in markets.items()
    ]
    return v.tables(["", "OI $", "coins", "share", "fund %"], rows)


def _changes(markets: Mapping[str, Perp], view: v.View) -> list[v.Html]:
    rows = [
        [
            view.short(venue),
            *(v.percent(change.change_fraction if change else None) for change in changes),
        ]
        for venue, market in markets.items()
        for changes in [market.changes.values()]
    ]
    return v.tables(["", *WINDOWS], rows)


def _heats(markets: Mapping[str, Perp], view: v.View) -> Iterator[str]:
    for venue, market in markets.items():
        rate = market.funding_8h_fraction
        if rate is not None and heat(rate):
            yield f"{view.venue(venue)} funding {_rate(rate)} per 8h: {heat(rate)}"


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
            v.escape("In USD: what was opened, what the price did"),
            *v.tables(["", "OI $", "positions", "price"], usd),
        ]
    )


def _linear(window: WindowChange) -> tuple[str, str]:
    return _signed(window.delta_linear_coins), v.percent(window.change_linear_fraction)


def _inverse(window: WindowChange) -> tuple[str, str]:
    return v.flow(window.delta_inverse_usd), v.percent(window.change_inverse_fraction)


def _price(answer: Oi, view: v.View) -> v.Html:
    """The moves of the primary market that place the windows in quadrants."""
    if answer.primary is None:
        return v.Html("")
    tick = answer.primary.tick_size
    rows = [
        [
            name,
            v.price(move.then_price, tick),
            v.percent(move.change_fraction),
            v.NOTHING if atrs is None else v.signed(atrs, 1),
        ]
        for name, move in answer.primary.windows.items()
        for atrs in [answer.quadrants[name].price_change_atrs]
    ]
    last = v.price(answer.primary.last_price, tick)
    return v.lines(
        [
            v.bold(f"{view.venue(answer.primary.venue)} {answer.primary.symbol} {last}"),
            *v.tables(["", "then", "change", "in ATRs"], rows),
        ]
    )


def _details(answer: Oi, view: v.View) -> Iterator[str]:
    if answer.dated:
        parts = (f"{view.short(name)} {v.money(of.oi_usd)}" for name, of in answer.dated.items())
        yield f"Dated futures, in no sum: {', '.join(parts)}"
    for venue, counts in (answer.long_shorts or {}).items():
        parts = (f"{name} {_part(count.long_fraction, 1)}" for name, count in counts.items())
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
        if over and (keys := _lacking(over, answer, family)):
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


def _part(fraction: float | None, digits: int = 0) -> str:
    return v.NOTHING if fraction is None else f"{fraction:.{digits}%}"


def _scaled(value: float | None) -> str:
    return v.NOTHING if value is None else v.scaled(value)


def _signed(coins: float | None) -> str:
    text = _scaled(coins)
    return f"+{text}" if coins is not None and coins > 0 and text != "0" else text


def _rate(fraction: float) -> str:
    return f"{v.signed(fraction * 100, 4)}%"


TAKES = Takes(symbol=True, venue=True, choices=(("", "tradfi"),), details=True)

COMMAND = Command(
    name="oi",
    summary="open interest: changes, quadrants, funding",
    example="/oi ETH",
    explains=EXPLAINS,
    run=run,
    render=render,
    takes=TAKES,
)
