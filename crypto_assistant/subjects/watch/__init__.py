"""/watch: the coins that a user keeps an eye on, a row each."""

from collections.abc import Iterator

from crypto_assistant import view as v
from crypto_assistant.grammar import Args, Command, Parameters
from crypto_assistant.subjects.keyboard import Row as Buttons
from crypto_assistant.subjects.keyboard import coins
from crypto_assistant.subjects.watch.answer import Board, run
from crypto_assistant.subjects.watch.chosen import MOST, ONLY

ELEVATED = 0.0003
"""Funding per 8h from which it is named, either side of zero."""
HEADER = ("", "price", "1h", "24h", "OI1h")
LONGEST_NAME = 6
MOST_BUTTONS = 15

EXPLAINS = f"""\
/watch BTC ETH SOL adds to your own list of at most {MOST} coins, -SOL takes one away, -all every
one; /watch alone shows it. /watch {ONLY} BTC ETH shows these and keeps nothing, as "btc eth" and
/price BTC ETH do.

A row a coin:
- price, 24h: last price and change of the primary market, the USDT perp with the highest 24h
turnover, as in /price
- 1h: its last price against the close of the five-minute bar that ended nearest to an hour ago,
as in /oi
- OI1h: change of open interest in coins over all USDT and USDC perps, as in /oi; a line below
names the venues that are not in it

Funding/8h: the coins that pay or receive {v.percents(ELEVATED)} or more, over all perps weighted
with open interest, as "all" in /price."""


def render(answer: Board, args: Args, view: v.View) -> v.Page:
    refresh = (v.Button("Refresh", "watch"),)
    if not answer.rows and not answer.unknown:
        text = v.lines(
            [v.bold("Watch list"), v.escape("Empty. Add coins: /watch BTC ETH SOL")],
        )
        return v.Page((text,), (refresh, (v.Button("BTC ETH SOL", "watch BTC ETH SOL"),)))
    name = "Watch list" if answer.kept else f"{len(answer.rows)} coins"
    venue = view.venue(args.venue) if args.venue else ""
    text = v.lines(
        [
            v.flowing([name, venue, "%, price of the primary"], boldly=True),
            _table(answer),
            *map(v.escape, _notes(answer, view)),
        ]
    )
    return v.Page((text,), _buttons(answer, args), footer=view.provenance(answer.provenance))


def _table(answer: Board) -> v.Html:
    rows = [
        [
            v.cut(row.coin, LONGEST_NAME),
            v.short_price(row.last_price, row.tick_size),
            v.bare_short_percent(row.change_1h_fraction),
            v.bare_short_percent(row.change_24h_fraction),
            v.bare_short_percent(row.oi_change_1h_fraction),
        ]
        for row in answer.rows
    ]
    if not v.fits(HEADER, rows):  # Somewhere a change of four digits.
        rows = [[v.cut(name, LONGEST_NAME - 1), *cells] for name, *cells in rows]
    return v.table(HEADER, rows) if rows else v.EMPTY


def _notes(answer: Board, view: v.View) -> Iterator[str]:
    rates = {row.coin: row.funding_8h_fraction or 0.0 for row in answer.rows}
    if named := [f"{coin} {v.rate(rate)}" for coin, rate in rates.items() if _is_high(rate)]:
        yield f"Funding/8h: {' · '.join(named)}"
    lacking: dict[tuple[str, ...], list[str]] = {}
    for row in answer.rows:
        if row.oi_change_1h_fraction is not None and row.uncompared_perps:
            venues = tuple(dict.fromkeys(venue for _, venue in row.uncompared_perps))
            lacking.setdefault(venues, []).append(row.coin)
    for venues, names in lacking.items():
        yield f"OI1h without all of {view.venues(venues)}: {' '.join(names)}"
    if answer.unknown:
        yield f"Not listed now: {' '.join(answer.unknown)}"


def _is_high(rate: float) -> bool:
    return abs(rate) >= ELEVATED


def _buttons(answer: Board, args: Args) -> tuple[Buttons, ...]:
    words = () if answer.kept else (ONLY, *(row.coin for row in answer.rows))
    names = [row.coin for row in answer.rows][:MOST_BUTTONS]
    return (
        (v.Button("Refresh", args.line(words=words)),),
        *coins(names, Args("price", venue=args.venue), "price"),
    )


PARAMETERS = Parameters(venue=True, words="COIN ...")
COMMAND = Command(
    name="watch",
    summary="the coins you keep an eye on",
    example="/watch BTC ETH SOL",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
    scans=True,
)
