"""/price: one coin on every venue now, its totals, its basis and the spread between venues."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from crypto_assistant import view as v
from crypto_assistant.coins import is_same_coin, other_coins
from crypto_assistant.commands.base import Args, Command, Progress, Takes
from crypto_assistant.desk import Desk
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings import Coin, Listings
from crypto_assistant.models import (
    Family,
    Funding,
    Instrument,
    Mark,
    OpenInterest,
    Provenance,
    Ticker,
    total,
)

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

Spread = highest / lowest mid of the perps - 1. 1 bp is 0.01 %.

A market whose price is more than 10 % off the primary one is shown apart and never summed."""


@dataclass(frozen=True, slots=True)
class Perp:
    """One venue's perp. `other_coin`: its price says that it is another coin of that name."""

    symbol: str
    last_price: float | None
    mid_price: float | None
    mark_price: float | None
    index_price: float | None
    tick_size: float
    change_24h_fraction: float | None
    volume_24h_coins: float | None
    turnover_24h_usd: float | None
    oi_coins: float | None
    oi_usd: float | None
    funding_fraction: float | None
    funding_hours: float | None
    funding_8h_fraction: float | None
    next_funding_ms: int | None
    other_coin: bool = False


@dataclass(frozen=True, slots=True)
class Spot:
    """One venue's spot market."""

    symbol: str
    last_price: float | None
    mid_price: float | None
    tick_size: float
    change_24h_fraction: float | None
    volume_24h_coins: float | None
    turnover_24h_usd: float | None
    other_coin: bool = False


@dataclass(frozen=True, slots=True)
class Markets:
    """A venue's two markets of the coin; None where it has none or did not answer."""

    perp: Perp | None
    spot: Spot | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Each over the perps of the venues that sent the figure, which are named beside it."""

    oi_usd: float | None
    oi_usd_venues: tuple[str, ...]
    oi_coins: float | None
    oi_coins_venues: tuple[str, ...]
    turnover_24h_usd: float | None
    turnover_24h_usd_venues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """Mark of the primary perp over the mid of a spot market, less one."""

    perp_venue: str
    spot_venue: str
    fraction: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The highest mid over the lowest, less one."""

    high_venue: str
    low_venue: str
    fraction: float


@dataclass(frozen=True, slots=True)
class Price:
    coin: str
    quote: str
    tradfi: bool
    primary_venue: str | None
    venues: Mapping[str, Markets]
    totals: Totals
    basis: Basis | None
    spread: Spread | None
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Price]) -> Price:
    listings = await desk.listings()
    coin = listings.find(args.symbol or "BTC", tradfi="tradfi" in args.choices)
    wave = desk.wave(args.venue)

    def perp(exchange: Exchange) -> Instrument:
        return listings.market(exchange.name, coin.perps, coin)

    def spot(exchange: Exchange) -> Instrument:
        return listings.market(exchange.name, Family.SPOT, coin.at_spot)

    # Who has no perp is named for it once; who has no spot market only where there are no perps.
    perps = [v for v in listings.titles if listings.may_list(v, coin.perps, coin)]
    spots = [v for v in listings.titles if listings.may_list(v, Family.SPOT, coin.at_spot)]
    heard = _Heard(
        perps=wave.ask("perp", lambda ex: ex.ticker(perp(ex)), None if perps else ()),
        marks=wave.ask("mark price", lambda ex: ex.mark(perp(ex)), perps),
        fundings=wave.ask("funding", lambda ex: ex.funding(perp(ex)), perps),
        interests=wave.ask("open interest", lambda ex: ex.open_interest(perp(ex)), perps),
        spots=wave.ask("spot", lambda ex: ex.ticker(spot(ex)), spots if perps else None),
    )

    def build() -> Price:
        return assemble(coin, listings, heard, wave.provenance())

    await wave.settle(lambda: progress(build()))
    return build()


@dataclass(frozen=True, slots=True)
class _Heard:
    """What has arrived, by venue."""

    perps: Mapping[str, Ticker]
    marks: Mapping[str, Mark]
    fundings: Mapping[str, Funding]
    interests: Mapping[str, OpenInterest]
    spots: Mapping[str, Ticker]

    def tells(self, venue: str) -> bool:
        """Whether the venue has said anything of its perp."""
        return any(
            venue in part for part in (self.perps, self.marks, self.fundings, self.interests)
        )


def assemble(coin: Coin, listings: Listings, heard: _Heard, provenance: Provenance) -> Price:
    """The answer from what has arrived."""
    perps = {v: _perp(v, heard) for v in listings.by_turnover(coin.perps, coin) if heard.tells(v)}
    spots = {
        venue: _spot(heard.spots[venue])
        for venue in listings.by_turnover(Family.SPOT, coin.at_spot)
        if venue in heard.spots
    }
    others = other_coins(listings)
    other_perps = {venue for venue in perps if (venue, coin.perps, coin.name) in others}
    other_spots = {venue for venue in spots if (venue, Family.SPOT, coin.name) in others}
    prices = [_price(perp) for venue, perp in perps.items() if venue not in other_perps]
    prices += [_price(spot) for venue, spot in spots.items() if venue not in other_spots]
    reference = next(filter(None, prices), None)
    perps = _told_apart(perps, other_perps, reference)
    spots = _told_apart(spots, other_spots, reference)
    same_perps = {venue: perp for venue, perp in perps.items() if not perp.other_coin}
    same_spots = {venue: spot for venue, spot in spots.items() if not spot.other_coin}
    return Price(
        coin=coin.name,
        quote=coin.quote,
        tradfi=coin.tradfi,
        primary_venue=next(iter(same_perps or same_spots), None),
        venues={v: Markets(perps.get(v), spots.get(v)) for v in provenance.answered},
        totals=_totals(same_perps),
        basis=_basis(same_perps, same_spots),
        spread=_spread(same_perps or same_spots),
        provenance=provenance,
    )


def _perp(venue: str, heard: _Heard) -> Perp:
    ticker, funding = heard.perps.get(venue), heard.fundings.get(venue)
    mark, interest = heard.marks.get(venue), heard.interests.get(venue)
    if interest and mark:
        interest = interest.valued(mark.mark)
    instrument = next(part for part in (ticker, funding, mark, interest) if part).instrument
    return Perp(
        symbol=instrument.symbol,
        tick_size=instrument.tick,
        last_price=ticker.last if ticker else None,
        mid_price=ticker.mid if ticker else None,
        mark_price=mark.mark if mark else None,
        index_price=mark.index if mark else None,
        change_24h_fraction=ticker.change_24h if ticker else None,
        volume_24h_coins=ticker.volume_24h if ticker else None,
        turnover_24h_usd=ticker.turnover_24h if ticker else None,
        oi_coins=interest.coins if interest else None,
        oi_usd=interest.usd if interest else None,
        funding_fraction=funding.rate if funding else None,
        funding_hours=funding.hours if funding else None,
        funding_8h_fraction=funding.rate_8h if funding else None,
        next_funding_ms=funding.next_ms if funding else None,
    )


def _spot(ticker: Ticker) -> Spot:
    return Spot(
        symbol=ticker.instrument.symbol,
        tick_size=ticker.instrument.tick,
        last_price=ticker.last,
        mid_price=ticker.mid,
        change_24h_fraction=ticker.change_24h,
        volume_24h_coins=ticker.volume_24h,
        turnover_24h_usd=ticker.turnover_24h,
    )


M = TypeVar("M", Perp, Spot)


def _told_apart(
    markets: Mapping[str, M], others: Collection[str], reference: float | None
) -> dict[str, M]:
    """The markets with `other_coin` set on those in `others` or too far from the reference."""

    def is_other(venue: str, price: float | None) -> bool:
        off = price and reference and not is_same_coin(price, reference)
        return venue in others or bool(off)

    return {v: replace(m, other_coin=is_other(v, _price(m))) for v, m in markets.items()}


def _price(market: Perp | Spot) -> float | None:
    """Whatever the venue told of the price: enough to tell coins apart."""
    mark = market.mark_price if isinstance(market, Perp) else None
    return market.last_price or market.mid_price or mark


def _totals(perps: Mapping[str, Perp]) -> Totals:
    def over(figure: Callable[[Perp], float | None]) -> tuple[float | None, tuple[str, ...]]:
        parts = {venue: figure(perp) for venue, perp in perps.items()}
        venues = tuple(venue for venue, part in parts.items() if part is not None)
        return total(parts.values()), venues

    return Totals(
        *over(lambda perp: perp.oi_usd),
        *over(lambda perp: perp.oi_coins),
        *over(lambda perp: perp.turnover_24h_usd),
    )


def _basis(perps: Mapping[str, Perp], spots: Mapping[str, Spot]) -> Basis | None:
    marks = {venue: perp.mark_price for venue, perp in perps.items() if perp.mark_price}
    mids = {venue: spot.mid_price for venue, spot in spots.items() if spot.mid_price}
    if not marks or not mids:
        return None
    venue, mark = next(iter(marks.items()))
    spot_venue = venue if venue in mids else next(iter(mids))
    return Basis(venue, spot_venue, mark / mids[spot_venue] - 1)


def _spread(markets: Mapping[str, Perp] | Mapping[str, Spot]) -> Spread | None:
    mids = {venue: market.mid_price for venue, market in markets.items() if market.mid_price}
    if len(mids) < 2:
        return None
    high, low = max(mids, key=mids.__getitem__), min(mids, key=mids.__getitem__)
    return Spread(high, low, mids[high] / mids[low] - 1)


def render(answer: Price, args: Args, view: v.View) -> v.Page:
    perps = {name: markets.perp for name, markets in answer.venues.items() if markets.perp}
    spots = {name: markets.spot for name, markets in answer.venues.items() if markets.spot}
    shown = [v.bold(f"{answer.coin} {_market(answer)}")]
    shown += _perp_tables(perps, view) if perps else _spot_table(spots, view)
    shown += [v.escape(text) for text in _below(answer, perps, spots, view) if text]
    coin = Coin(answer.coin, answer.quote)
    refresh = v.Button("Refresh", args.line(symbol=coin.symbol))
    return v.Page((v.lines(shown), view.provenance(answer.provenance)), ((refresh,),))


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
        yield f"Spread {v.basis_points(spread.fraction)}: {low} low, {high} high"
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


COMMAND = Command(
    name="price",
    summary="price, open interest and funding on every venue",
    example="/price ETH",
    explains=EXPLAINS,
    run=run,
    render=render,
    takes=Takes(symbol=True, venue=True, choices=(("", "tradfi"),)),
)
