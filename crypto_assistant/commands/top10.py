"""/top10: ten coins over all venues together, by turnover, change, funding or open interest."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum

import numpy as np

from crypto_assistant import view as v
from crypto_assistant.coins import Market, Markets, by_coin, other_coins
from crypto_assistant.commands.base import Args, Command, Progress, Takes
from crypto_assistant.desk import Desk, Wave
from crypto_assistant.errors import Malformed, Refused, UsageError
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings import Listings, Place
from crypto_assistant.models import (
    Family,
    Fundings,
    Instruments,
    OpenInterest,
    OpenInterests,
    Provenance,
    Tickers,
    known,
    total,
)

MARKETS = ("perps", "spot", "tradfi")
ORDERS = ("volume", "gainers", "losers", "funding", "oi")
FAMILIES = {
    "perps": (Family.LINEAR, Family.INVERSE),
    "spot": (Family.SPOT,),
    "tradfi": (Family.LINEAR,),
}
PART = {Family.LINEAR: "perps", Family.INVERSE: "coin-margined perps", Family.SPOT: "spot"}
LEAST_TURNOVER_USD = {"perps": 10e6, "spot": 1e6, "tradfi": 10e6}
"""24 h turnover below which a coin is no gainer, no loser and no funding extreme."""
MOST_ONE_BY_ONE = 100
"""Perps asked for the order by open interest of a venue that tells it market by market."""
ONE_BY_ONE_SECONDS = 60.0
"""How long their open interest is kept."""

EXPLAINS = """\
Ten coins over all venues together. perps (the default): turnover and open interest in USD are
summed over USDT, USDC and coin-margined perps (OKX sends turnover in coins, valued at the last
price); price, 24h change and funding are those of the
primary market, the USDT perp with the highest 24h turnover. Funding is per 8 h.

spot: turnover summed over all quotes, each valued at its USDT price on the same venue; USD, USDC
and USDT count alike. tradfi: stock, metal, index and currency perps instead of coins.

volume, gainers, losers, funding (five highest, five lowest), oi: the order. gainers, losers and
funding leave out coins below $10M of 24h turnover ($1M for spot).

venues: of how many venues that list the coin all its open interest is in the sum.

Binance tells open interest market by market: it is asked for the ten coins shown, for the order
oi for its 100 perps with the highest turnover.

Stablecoins and fiat (whatever a venue quotes bitcoin in) and leveraged tokens stay out. A market
whose price is more than 10 % off the primary one is another coin: named below, not summed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One coin over all venues.

    `venues`: those asked that list it, or whose lists are not known. `turnover_venues` and
    `oi_venues`: those of which all markets are in the sum. `apart_venues`: where another coin goes
    by that name.
    """

    coin: str
    primary_venue: str
    symbol: str
    tick_size: float
    last_price: float
    change_24h_fraction: float | None
    turnover_24h_usd: float
    turnover_venues: tuple[str, ...]
    oi_usd: float | None = None
    oi_venues: tuple[str, ...] = ()
    funding_8h_fraction: float | None = None
    venues: tuple[str, ...] = ()
    apart_venues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Top:
    market: str
    order: str
    least_turnover_usd: float | None
    rows: tuple[Row, ...]
    one_by_one_venues: tuple[str, ...]
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class _Told:
    """Open interest in USD of the markets that were asked one by one."""

    usd: Mapping[tuple[Family, str], float]
    received_ms: int


@dataclass(slots=True)
class _Heard:
    """What has arrived, by family and by venue."""

    tickers: dict[Family, Mapping[str, Tickers]] = field(default_factory=dict)
    fundings: dict[Family, Mapping[str, Fundings]] = field(default_factory=dict)
    interests: dict[Family, Mapping[str, OpenInterests]] = field(default_factory=dict)
    told: dict[str, _Told] = field(default_factory=dict)

    def funding_8h(self, market: Market) -> float | None:
        told = self.fundings.get(market.family, {}).get(market.venue)
        return known(told.rate_8h[market.row]) if told else None

    def oi_usd(self, market: Market) -> float | None:
        bulk = self.interests.get(market.family, {}).get(market.venue)
        if bulk:
            return known(bulk.usd[market.row])
        told = self.told.get(market.venue)
        return told.usd.get((market.family, market.symbol)) if told else None


Coins = Mapping[str, Markets]


async def run(args: Args, desk: Desk, progress: Progress[Top]) -> Top:
    market, order = args.choices
    if market == "spot" and order in {"funding", "oi"}:
        raise UsageError(f"Spot has no {order}: ask /top10 perps {order}.")
    listings = await desk.listings()
    wave = desk.wave(args.venue)
    heard = _Heard()
    for family in FAMILIES[market]:
        _ask(wave, listings, family, heard)

    def build(coins: Coins | None = None) -> Top:
        merged = _merged(heard, listings, market) if coins is None else coins
        return _top(
            merged,
            market=market,
            order=order,
            heard=heard,
            listings=listings,
            provenance=wave.provenance(),
        )

    spare = 0.0 if market == "spot" else desk.timing.attempt
    await wave.settle(lambda: progress(build()), spare=spare)
    coins = _merged(heard, listings, market)
    silent = {venue for family in FAMILIES[market] for venue in wave.lacks(_interest(family))}
    if silent:
        shown = None if order == "oi" else {row.coin for row in build(coins).rows}
        wanted = _wanted(coins, silent, shown)

        async def told(exchange: Exchange) -> _Told:
            async def fetch() -> _Told:
                return await _one_by_one(exchange, wanted[exchange.name])

            if shown is not None:
                return await fetch()
            return await desk.kept.get((exchange.name, market), ONE_BY_ONE_SECONDS, fetch)

        heard.told = wave.ask("open interest", told, wanted)
        await wave.settle(lambda: progress(build(coins)))
    return build(coins)


def _merged(heard: _Heard, listings: Listings, market: str) -> Coins:
    answers = [tickers for told in heard.tickers.values() for tickers in told.values()]
    return by_coin(
        answers,
        tradfi=market == "tradfi",
        without=listings.money,
        others=other_coins(listings),
    )


def _ask(wave: Wave, listings: Listings, family: Family, heard: _Heard) -> None:
    def listed(exchange: Exchange) -> Instruments:
        return listings.listed(exchange.name, family)

    async def tickers(exchange: Exchange) -> Tickers:
        told = await exchange.tickers(listed(exchange))
        if np.isnan(told.last + told.turnover_24h).all():
            raise Malformed("no price or no turnover in any row")
        return told

    heard.tickers[family] = wave.ask(PART[family], tickers)
    if family is not Family.SPOT:
        heard.interests[family] = wave.ask(
            _interest(family), lambda ex: ex.open_interests(listed(ex))
        )
    if family is Family.LINEAR:
        heard.fundings[family] = wave.ask("funding", lambda ex: ex.fundings(listed(ex)))


def _interest(family: Family) -> str:
    return f"{PART[family]} open interest"


def _wanted(
    coins: Coins, venues: Collection[str], shown: Collection[str] | None
) -> dict[str, list[Market]]:
    """The markets to ask one by one: those of the coins shown, else the most traded ones.

    A venue that told no market is not asked.
    """
    wanted = {}
    for venue in venues:
        markets = [
            market
            for coin, markets in coins.items()
            if shown is None or coin in shown
            for market in markets.same
            if market.venue == venue
        ]
        markets.sort(key=lambda market: -market.turnover_usd)
        if markets:
            wanted[venue] = markets[:MOST_ONE_BY_ONE]
    return wanted


async def _one_by_one(exchange: Exchange, markets: Sequence[Market]) -> _Told:
    """Each market's open interest; coins are valued at the mark price.

    A market that the venue refuses, having delisted it since, is missing from the answer.
    """
    lists = {market.family: market.tickers.instruments for market in markets}
    answers, marks = await asyncio.gather(
        asyncio.gather(*(_unless_refused(exchange.open_interest(m.instrument)) for m in markets)),
        asyncio.gather(*(exchange.marks(listed) for listed in lists.values())),
    )
    mark = dict(zip(lists, marks, strict=True))
    usd = {}
    received = [told.received_ms for told in marks]
    for market, answer in zip(markets, answers, strict=True):
        if answer:
            received.append(answer.received_ms)
            valued = answer.valued(known(mark[market.family].mark[market.row]))
            if valued.usd is not None:
                usd[market.family, market.symbol] = valued.usd
    return _Told(usd, min(received))


async def _unless_refused(question: Awaitable[OpenInterest]) -> OpenInterest | None:
    try:
        return await question
    except Refused:
        return None


def _top(
    coins: Coins,
    *,
    market: str,
    order: str,
    heard: _Heard,
    listings: Listings,
    provenance: Provenance,
) -> Top:
    least = None if order in {"volume", "oi"} else LEAST_TURNOVER_USD[market]
    ranks = {
        coin: rank
        for coin, markets in coins.items()
        if (rank := _rank(order, markets.same, heard)) is not None
        if least is None or _turnover(markets.same) >= least
    }
    best = sorted(ranks, key=ranks.__getitem__, reverse=True)
    if order == "funding" and len(best) > 10:
        best = best[:5] + best[-5:]
    rows = []
    others = other_coins(listings)
    for coin in best[:10]:
        places = listings.places(coin, FAMILIES[market], market == "tradfi")
        asked = {place for place in places if place[0] in provenance.asked}
        asked -= {(venue, family) for venue, family, name in others if name == coin}
        rows.append(_row(coin, coins[coin], heard, asked))
    one_by_one = tuple(heard.told) if order == "oi" else ()
    return Top(market, order, least, tuple(rows), one_by_one, provenance)


def _rank(order: str, markets: Sequence[Market], heard: _Heard) -> float | None:
    """What coins are ordered by, the highest first; None leaves a coin out."""
    primary = markets[0]
    if order == "volume":
        return _turnover(markets)
    if order == "oi":
        return total(map(heard.oi_usd, markets))
    if order == "funding":
        return heard.funding_8h(primary)
    change = known(primary.tickers.change_24h[primary.row])
    return -change if change is not None and order == "losers" else change


def _turnover(markets: Sequence[Market]) -> float:
    return fsum(market.turnover_usd for market in markets)


def _row(coin: str, markets: Markets, heard: _Heard, asked: Collection[Place]) -> Row:
    primary = markets.same[0]
    asked = set(asked) - {(market.venue, market.family) for market in markets.apart}
    interests = [(market, heard.oi_usd(market)) for market in markets.same]
    return Row(
        coin=coin,
        primary_venue=primary.venue,
        symbol=primary.symbol,
        tick_size=float(primary.tickers.instruments.tick[primary.row]),
        last_price=float(primary.tickers.last[primary.row]),
        change_24h_fraction=known(primary.tickers.change_24h[primary.row]),
        turnover_24h_usd=_turnover(markets.same),
        turnover_venues=_whole(markets.same, asked),
        oi_usd=total(usd for _, usd in interests),
        oi_venues=_whole([market for market, usd in interests if usd is not None], asked),
        funding_8h_fraction=heard.funding_8h(primary),
        venues=_once(venue for venue, _ in asked),
        apart_venues=_once(market.venue for market in markets.apart),
    )


def _whole(markets: Sequence[Market], asked: Collection[Place]) -> tuple[str, ...]:
    """The venues of which every family that may list the coin is among the markets."""
    there = {(market.venue, market.family) for market in markets}
    partial = {venue for venue, _ in set(asked) - there}
    return _once(venue for venue, _ in there if venue not in partial)


def _once(venues: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(venues)))


def render(answer: Top, args: Args, view: v.View) -> v.Page:
    shown = [v.bold(f"Top 10 {answer.market} by {answer.order}"), *_prices(answer)]
    if answer.market != "spot":
        shown += _interests(answer)
    shown += [v.escape(note) for note in _notes(answer, view)]
    return v.Page((v.lines(shown), view.provenance(answer.provenance)), _buttons(answer, args))


def _prices(answer: Top) -> list[v.Html]:
    rows = [
        [
            row.coin,
            v.price(row.last_price, row.tick_size),
            v.percent(row.change_24h_fraction),
            v.scaled(row.turnover_24h_usd),
        ]
        for row in answer.rows
    ]
    return v.tables(["", "last", "24h", "24h $"], rows) if rows else []


def _interests(answer: Top) -> list[v.Html]:
    rows = [
        [
            row.coin,
            v.NOTHING if row.oi_usd is None else v.scaled(row.oi_usd),
            f"{len(row.oi_venues)}/{len(row.venues)}",
            v.NOTHING if row.funding_8h_fraction is None else v.funding(row.funding_8h_fraction, 8),
        ]
        for row in answer.rows
    ]
    return v.tables(["", "OI $", "venues", "fund %"], rows) if rows else []


def _notes(answer: Top, view: v.View) -> Iterator[str]:
    if answer.least_turnover_usd:
        yield f"24h turnover at least {v.money(answer.least_turnover_usd)}"
    if answer.one_by_one_venues:
        yield f"{view.venues(answer.one_by_one_venues)}: top {MOST_ONE_BY_ONE} by turnover"
    if lacking := {v for row in answer.rows for v in set(row.venues) - set(row.turnover_venues)}:
        yield f"24h $ lacks all or part of {view.venues(sorted(lacking))}"
    for row in answer.rows:
        if row.apart_venues:
            yield f"{row.coin} on {view.venues(row.apart_venues)}: another coin? Not counted"


def _buttons(answer: Top, args: Args) -> tuple[tuple[v.Button, ...], ...]:
    orders = ORDERS[:3] if answer.market == "spot" else ORDERS
    return (
        _choice(orders, answer.order, lambda order: args.line(choices=(answer.market, order))),
        _choice(MARKETS, answer.market, lambda market: args.line(choices=(market, "volume"))),
        (v.Button("Refresh", args.line()),),
    )


def _choice(words: Sequence[str], current: str, line: Callable[[str], str]) -> tuple[v.Button, ...]:
    return tuple(v.Button(f"• {word}" if word == current else word, line(word)) for word in words)


COMMAND = Command(
    name="top10",
    summary="ten coins by turnover, change, funding or open interest",
    example="/top10 perps gainers",
    explains=EXPLAINS,
    run=run,
    render=render,
    takes=Takes(venue=True, choices=(MARKETS, ORDERS)),
)
