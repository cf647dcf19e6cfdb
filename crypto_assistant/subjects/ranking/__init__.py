"""/top10: ten coins over all venues together, by turnover, change, funding or open interest."""

from collections.abc import Iterator
from dataclasses import dataclass

from crypto_assistant import view as v
from crypto_assistant.desk import Desk
from crypto_assistant.errors import UsageError
from crypto_assistant.grammar import Args, Command, Parameters, Progress
from crypto_assistant.listings.coins import SAME_COIN
from crypto_assistant.models import Provenance
from crypto_assistant.round import Round
from crypto_assistant.subjects.keyboard import choice
from crypto_assistant.subjects.ranking.answer import (
    LEAST_TURNOVER_USD,
    MOST_ONE_BY_ONE,
    Ranking,
)
from crypto_assistant.subjects.ranking.rows import Row

MARKETS = ("perps", "spot", "tradfi")
ORDERS = ("volume", "gainers", "losers", "funding", "oi")


def _millions(market: str) -> str:
    return f"${v.plain(LEAST_TURNOVER_USD[market] / 1e6)}M"


EXPLAINS = f"""\
Ten coins over all venues together. perps (the default): turnover and open interest in USD are
summed over USDT, USDC and coin-margined perps (OKX sends turnover in coins, valued at the last
price); price, 24h change and funding are those of the primary market, the USDT perp with the
highest 24h turnover. Funding is per 8 h; where that market's venue did not tell it, the rate is
that of the next one, named.

spot: turnover summed over all quotes, each valued at its USDT price on the same venue; USD, USDC
and USDT count alike. tradfi: stock, metal, index and currency perps instead of coins.

volume, gainers, losers, funding (five highest, five lowest), oi: the order. gainers, losers and
funding leave out coins below {_millions("perps")} of 24h turnover ({_millions("spot")} for spot).

venues: of how many venues that list the coin all its open interest is in the sum.

Binance tells open interest market by market: it is asked for the ten coins shown, for the order oi
for its {MOST_ONE_BY_ONE} perps with the highest turnover.

Stablecoins and fiat (whatever a venue quotes bitcoin in) and leveraged tokens stay out. A market
whose price is more than {v.percents(SAME_COIN)} off the median of its name is another coin: named
below, not summed; of two that disagree neither is ranked."""


@dataclass(frozen=True, slots=True)
class Top:
    market: str
    order: str
    least_turnover_usd: float | None
    rows: tuple[Row, ...]
    one_by_one_venues: tuple[str, ...]
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Top]) -> Top:
    market, order = args.choices
    if market == "spot" and order in {"funding", "oi"}:
        raise UsageError(f"Spot has no {order}: ask /top10 perps {order}.")
    round = Round(desk, await desk.listings(), desk.named(args.venue))
    ranking = Ranking(round, market=market, order=order)

    def build() -> Top:
        found = ranking()
        return Top(
            market=market,
            order=order,
            least_turnover_usd=found.least_turnover_usd,
            rows=found.rows,
            one_by_one_venues=found.one_by_one_venues,
            provenance=round.provenance(),
        )

    await ranking.settle(lambda: progress(build()))
    return build()


def render(answer: Top, args: Args, view: v.View) -> v.Page:
    shown = [v.bold(f"Top 10 {answer.market} by {answer.order}"), *_prices(answer)]
    if answer.market != "spot":
        shown += _interests(answer)
    shown += [v.escape(note) for note in _notes(answer, view)]
    return v.Page(
        (v.lines(shown),), _buttons(answer, args), footer=view.provenance(answer.provenance)
    )


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
            v.scaled(row.oi_usd),
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
    rates: dict[str, list[str]] = {}
    for row in answer.rows:
        if row.funding_venue not in {None, row.primary_venue}:
            rates.setdefault(row.funding_venue or "", []).append(row.coin)
    for venue, coins in rates.items():
        yield f"funding of {view.venue(venue)}: {', '.join(coins)}"
    for row in answer.rows:
        if row.apart_venues:
            yield f"{row.coin} on {view.venues(row.apart_venues)}: another coin? Not counted"


def _buttons(answer: Top, args: Args) -> tuple[tuple[v.Button, ...], ...]:
    orders = ORDERS[:3] if answer.market == "spot" else ORDERS
    return (
        choice(orders, answer.order, lambda order: args.line(choices=(answer.market, order))),
        choice(MARKETS, answer.market, lambda market: args.line(choices=(market, "volume"))),
        (v.Button("Refresh", args.line()),),
    )


COMMAND = Command(
    name="top10",
    summary="ten coins by turnover, change, funding or open interest",
    example="/top10 perps gainers",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=Parameters(venue=True, choices=(MARKETS, ORDERS)),
)
