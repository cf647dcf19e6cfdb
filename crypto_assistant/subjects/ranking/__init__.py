"""/top10: ten coins over all venues together, by turnover, change, funding or open interest."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from crypto_assistant import view as v
from crypto_assistant.desk import Desk
from crypto_assistant.errors import UsageError
from crypto_assistant.grammar import Args, Command, Parameters, Progress
from crypto_assistant.listings.coins import SAME_COIN
from crypto_assistant.models import Provenance
from crypto_assistant.round import Round
from crypto_assistant.subjects.keyboard import Row as Buttons
from crypto_assistant.subjects.keyboard import coins, keyboard
from crypto_assistant.subjects.ranking.answer import (
    LEAST_TURNOVER_USD,
    MOST_ONE_BY_ONE,
    Ranking,
)
from crypto_assistant.subjects.ranking.rows import Row

MARKETS = ("perps", "spot", "tradfi")
ORDERS = ("volume", "gainers", "losers", "funding", "oi")
TITLES = {
    "volume": "Volume, 24h",
    "gainers": "Gainers, 24h",
    "losers": "Losers, 24h",
    "funding": "Funding, % per 8h",
    "oi": "Open interest",
}
FUNDING = ("fund/8h", "at", "iv")
COLUMNS = {
    "volume": (("24h $", "last", "24h"), ("OI $", *FUNDING)),
    "gainers": (("24h", "last", "24h $"), ("OI $", *FUNDING)),
    "losers": (("24h", "last", "24h $"), ("OI $", *FUNDING)),
    "funding": (("fund/8h", "OI $", "at", "iv"), ("24h $", "last", "24h")),
    "oi": (("OI $", "last", "24h"), ("24h $", *FUNDING)),
}
"""By order: those that are shown first, the sort column the first, and those of Details."""
LONGEST_NAME = 8


def _millions(market: str) -> str:
    return f"${v.plain(LEAST_TURNOVER_USD[market] / 1e6)}M"


EXPLAINS = f"""\
Ten coins over all venues together, by one order:
- volume: turnover over 24 h in USD, summed over USDT, USDC and coin-margined (coin-M) perps; OKX
sends coins, valued at the last price
- gainers, losers: change over 24 h of the primary market
- funding: the five highest and the five lowest
- oi: open interest of all perps in USD

Gainers, losers and funding leave out coins below {_millions("perps")} of 24h turnover
({_millions("spot")} for spot).

perps (the default) are of coins; tradfi: stock, metal, index and currency perps instead. spot:
turnover over all quotes, each valued at its USDT price on the same venue; USD, USDC and USDT count
alike.

Columns:
- last, 24h: price and change of the primary market, the USDT perp with the highest 24h turnover
- 24h $: turnover, OI $: open interest; a line below names the venues of which a part is missing
- fund/8h: funding in percent, as if paid for 8 h
- at, iv: whose funding that is (the primary market's; where its venue did not tell it, that of the
next one), and in hours how often it is paid

Details: the columns that have no room.

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
    columns = COLUMNS[answer.order]
    shown = columns[:2] if args.details and answer.market != "spot" else columns[:1]
    parts = [
        _title(answer, args, view),
        *(_table(answer, names, view) for names in shown if answer.rows),
        *map(v.escape, _notes(answer, {name for names in shown for name in names}, view)),
    ]
    return v.Page(
        (v.lines(parts),), _buttons(answer, args), footer=view.provenance(answer.provenance)
    )


def _title(answer: Top, args: Args, view: v.View) -> v.Html:
    default = answer.order == "funding" and answer.market == "perps"
    least = f"from {_millions(answer.market)} a day" if answer.least_turnover_usd else ""
    venue = view.venue(args.venue) if args.venue else ""
    return v.flowing(
        [TITLES[answer.order], "" if default else answer.market, venue, least], boldly=True
    )


def _table(answer: Top, names: Sequence[str], view: v.View) -> v.Html:
    first, last = (
        [[v.cut(row.coin, LONGEST_NAME), *_cells(row, names, view)] for row in rows]
        for rows in _halves(answer)
    )
    apart = [["lowest", *names], *last] if last else []
    return v.table(["highest" if answer.order == "funding" else "", *names], [*first, *apart])


def _halves(answer: Top) -> tuple[Sequence[Row], Sequence[Row]]:
    """Of funding the highest and the lowest, from the most extreme one on; else all and none."""
    highest = (len(answer.rows) + 1) // 2 if answer.order == "funding" else len(answer.rows)
    return answer.rows[:highest], answer.rows[highest:][::-1]


def _cells(row: Row, names: Sequence[str], view: v.View) -> list[str]:
    hours = row.funding_hours
    cells = {
        "24h $": v.scaled(row.turnover_24h_usd),
        "24h": v.percent(row.change_24h_fraction),
        "last": v.short_price(row.last_price, row.tick_size),
        "OI $": v.scaled(row.oi_usd),
        "fund/8h": v.rate(row.funding_8h_fraction),
        "at": view.short(row.funding_venue) if row.funding_venue else "",
        "iv": "" if hours is None else f"{v.plain(hours)}h",
    }
    return [cells[name] for name in names]


def _notes(answer: Top, shown: Collection[str], view: v.View) -> Iterator[str]:
    if answer.one_by_one_venues:
        yield f"{view.venues(answer.one_by_one_venues)}: top {MOST_ONE_BY_ONE} by turnover"
    for column, told in (
        ("24h $", [row.turnover_venues for row in answer.rows]),
        ("OI $", [row.oi_venues for row in answer.rows]),
    ):
        every = zip(answer.rows, told, strict=True)
        lacking = {venue for row, there in every for venue in set(row.venues) - set(there)}
        if column in shown and lacking:
            yield f"{column} lacks all or part of {view.venues(sorted(lacking))}"
    for row in answer.rows:
        if row.apart_venues:
            yield f"{row.coin} on {view.venues(row.apart_venues)}: another coin? Not counted"


def _buttons(answer: Top, args: Args) -> tuple[Buttons, ...]:
    """Where to: the other kinds of market, the other orders, the coins shown."""
    spot = answer.market == "spot"
    (first,) = keyboard(args, replace(PARAMETERS, details=not spot))
    markets = (
        v.Button(market, args.line(choices=(market, "volume"), details=False))
        for market in MARKETS
        if market != answer.market
    )
    orders = [
        v.Button(order, args.line(choices=(answer.market, order)))
        for order in (ORDERS[:3] if spot else ORDERS)
        if order != answer.order
    ]
    names = [row.coin for rows in _halves(answer) for row in rows]
    words = ("tradfi",) if answer.market == "tradfi" else ()
    return (
        (*first, *markets),
        *v.button_rows(orders),
        *coins(names, replace(args, choices=words), "price"),
    )


PARAMETERS = Parameters(venue=True, choices=(MARKETS, ORDERS), details=True)
COMMAND = Command(
    name="top10",
    summary="ten coins by what you choose",
    example="/top10 perps gainers",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
)
