"""/price: one coin on every venue now, its totals, its basis and the spread between venues."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crypto_assistant import view as v
from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Command, Progress, Takes, coin_round
from crypto_assistant.listings import segments
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Family, Provenance
from crypto_assistant.subjects.bars import recent
from crypto_assistant.subjects.bars.primary import Primary
from crypto_assistant.subjects.bars.recent import Recent
from crypto_assistant.subjects.cvd import flows
from crypto_assistant.subjects.cvd.flow import Sum
from crypto_assistant.subjects.cvd.flows import Flows
from crypto_assistant.subjects.keyboard import keyboard
from crypto_assistant.subjects.price import quotes
from crypto_assistant.subjects.price.quotes import Basis, Markets, Perp, Spot, Spread, Totals

EXPLAINS = """\
One row a venue: last price of the perp, change over 24 h, open interest in USD, funding in percent
with its interval. Prices and sizes are per plain coin: 1000PEPE counts as 1000 PEPE.

Markets: USDT perps; BTC/USDC asks for USDC perps, BTC/USD for coin-margined ones.

Open interest is one-sided (Bybit's plain field counts both sides). Binance sends coins, valued
here at the mark price; Bybit and OKX send USD themselves.

24h turnover: Binance and Bybit as sent; OKX sends coins, valued at the last price.

Primary market: the venue with the highest 24h turnover.

Basis = mark of the primary perp / spot mid - 1. Mid = half way between bid and ask; the last price
where a venue sent no bid or no ask.

Spread = highest / lowest mid of the perps - 1. 1 bp is 0.01 %. Venues are named where mids differ.

Details: turnover, high and low over 24 h of each market, and the next funding. Of the primary
market the change over 15m (the last price against the open of the minute that began nearest to 15
minutes ago), ATR(14) of 15m and 1h (Wilder, closed bars, after 300 of warm-up; % of the last close)
and the VWAP since 00:00 UTC: (high + low + close) / 3 of 1m bars weighted with volume, with the
forming one; last = the last price against it. Takers: what they bought less what they sold and the
share of their buys in USD, in the perps of this quote and in spot, to the five-minute boundary that
is printed, over the venues that tell all of it (/help cvd); the others are named.

A market whose price is more than 10 % off the primary one is shown apart and never summed."""


TAKES = Takes(symbol=True, venue=True, choices=(("", "tradfi"),), details=True)
WINDOWS = ("15m", "24h")


@dataclass(frozen=True, slots=True)
class Details:
    """The primary market lately, and takers over 15 minutes and a day."""

    primary: Recent | None
    takers: Flows


@dataclass(frozen=True, slots=True)
class Price:
    """`details`: None where they were not asked for."""

    coin: str
    quote: str
    tradfi: bool
    primary_venue: str | None
    venues: Mapping[str, Markets]
    totals: Totals
    basis: Basis | None
    spread: Spread | None
    details: Details | None
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Price]) -> Price:
    round = await coin_round(args, desk)
    coin = round.coin
    read = quotes.question(round)
    markets = round.primaries() if args.details else []
    lately = Primary(round, markets, lambda market: recent.question(round, market))
    kinds = (segments.spot(coin), segments.perps(coin)[0])
    takers = flows.question(round, kinds, windows=WINDOWS) if args.details else None

    def build() -> Price:
        found = read()
        return Price(
            coin=coin.name,
            quote=coin.quote,
            tradfi=coin.tradfi,
            primary_venue=found.primary_venue,
            venues=found.venues,
            totals=found.totals,
            basis=found.basis,
            spread=found.spread,
            details=Details(lately(), takers()) if takers else None,
            provenance=round.provenance(),
        )

    await lately.settle(lambda: progress(build()), spare=desk.timing.attempt)
    return build()


def render(answer: Price, args: Args, view: v.View) -> v.Page:
    perps = {name: markets.perp for name, markets in answer.venues.items() if markets.perp}
    spots = {name: markets.spot for name, markets in answer.venues.items() if markets.spot}
    shown = [v.bold(f"{answer.coin} {_market(answer)}")]
    shown += _perp_tables(perps, view) if perps else _spot_table(spots, view)
    shown += [v.escape(text) for text in _below(answer, perps, spots, view) if text]
    blocks = [v.lines(shown)]
    if answer.details:
        blocks += _details(answer, answer.details, view)
    buttons = keyboard(replace(args, symbol=Coin(answer.coin, answer.quote).symbol, page=1), TAKES)
    return v.Page(tuple(filter(None, blocks)), buttons, footer=view.provenance(answer.provenance))


def _market(answer: Price) -> str:
    if answer.venues and not any(markets.perp for markets in answer.venues.values()):
        return "spot"
    return "coin-margined perps" if answer.quote == "USD" else f"{answer.quote} perps"


def _perp_tables(perps: Mapping[str, Perp], view: v.View) -> list[v.Html]:
    rows = [
        [
            view.short(name),
            v.price(perp.last_price, perp.tick_size),
            v.percent(perp.change_24h_fraction),
            v.NOTHING if perp.oi_usd is None else v.scaled(perp.oi_usd),
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
            v.NOTHING if spot.turnover_24h_usd is None else v.scaled(spot.turnover_24h_usd),
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


def _details(answer: Price, details: Details, view: v.View) -> Iterator[v.Html]:
    perps = {venue: markets.perp for venue, markets in answer.venues.items()}
    spots = {venue: markets.spot for venue, markets in answer.venues.items()}
    yield v.lines([*_day_tables("perp", perps, view), *_day_tables("spot", spots, view)])
    yield v.lines(map(v.escape, _funding_lines(answer, view)))
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
            v.NOTHING if market.turnover_24h_usd is None else v.scaled(market.turnover_24h_usd),
            v.price(market.high_24h_price, market.tick_size),
            v.price(market.low_24h_price, market.tick_size),
        ]
        for venue, market in markets.items()
        if market and not market.other_coin
    ]
    return v.tables([kind, "24h $", "high", "low"], rows) if rows else []


def _funding_lines(answer: Price, view: v.View) -> Iterator[str]:
    """When the perps pay next: said once where several pay at the same time."""
    venues: dict[int, list[str]] = {}
    for venue, markets in answer.venues.items():
        perp = markets.perp
        if perp and perp.next_funding_ms and not perp.other_coin:
            venues.setdefault(perp.next_funding_ms, []).append(venue)
    for time_ms, names in sorted(venues.items()):
        left = v.duration(time_ms - answer.provenance.time_ms)
        yield f"Funding in {left}, at {view.clock(time_ms)}: {view.venues(names)}"


def _recent_lines(seen: Recent) -> Iterator[str]:
    change = seen.now.change_15m_fraction if seen.now else None
    yield f"Over 15m: {v.percent(change)}"
    for timeframe in recent.TIMEFRAMES:
        told = seen.indicators.get(timeframe)
        atr, share = (told.atr_14_price, told.atr_14_fraction) if told else (None, None)
        percent = "" if share is None else f" ({v.share(share)})"
        yield f"ATR(14) {timeframe}: {v.price(atr, seen.tick_size)}{percent}"
    vwap = seen.today.vwap_price if seen.today else None
    away = seen.now.vwap_distance_fraction if seen.now else None
    percent = "" if away is None else f" (last {v.percent(away)})"
    since = v.minute(seen.today.start_ms if seen.today else 0)
    yield f"VWAP since {since} UTC: {v.price(vwap, seen.tick_size)}{percent}"


def _takers(takers: Flows, asked: Sequence[str], view: v.View) -> Iterator[v.Html]:
    groups = _groups(takers)
    rows = [
        [
            f"{title} {window}",
            v.flow(told.delta_usd),
            v.share(_buy_share(told)),
            f"{len(_told(told))}/{len(asked)}",
        ]
        for title, sums in groups.items()
        for window, told in sums.items()
    ]
    if rows:
        yield v.escape(f"Takers to {view.clock(takers.end_ms)}")
        yield v.table(["", "delta", "buys", "venues"], rows)
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
            window: view.venues(venue for venue in asked if venue not in _told(told))
            for window, told in sums.items()
        }
        for window, names in lacking.items():
            label = title if len({*lacking.values()}) == 1 else f"{title} {window}"
            parts.setdefault(names, {})[label] = None
    return "; ".join(f"{', '.join(of)} without {names}" for names, of in parts.items() if names)


def _buy_share(told: Sum) -> float | None:
    share = told.delta_volume_fraction
    return None if share is None else (1 + share) / 2


def _told(told: Sum) -> set[str]:
    return {venue for venues in told.delta_venues.values() for venue in venues}


COMMAND = Command(
    name="price",
    summary="price, open interest and funding on every venue",
    example="/price ETH",
    explains=EXPLAINS,
    run=run,
    render=render,
    takes=TAKES,
)
