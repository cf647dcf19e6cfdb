"""/positions: everything that the owner has open on all venues, and what it adds up to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from crypto_assistant import view as v
from crypto_assistant import worth
from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Command, Parameters, Progress
from crypto_assistant.listings.lists import Coin
from crypto_assistant.models import Provenance
from crypto_assistant.round import Round
from crypto_assistant.subjects.account import exposure, remarks
from crypto_assistant.subjects.account.environments import Environment, counted, environments
from crypto_assistant.subjects.account.exposure import Net, Open, Totals
from crypto_assistant.subjects.account.open_positions import LARGEST, Question
from crypto_assistant.subjects.bars.trend import WARM_UP
from crypto_assistant.subjects.keyboard import keyboard

PER_TABLE = 30
"""Rows that are not torn apart."""

EXPLAINS = f"""\
Every open position, perps and dated futures, linear and coin-margined, the largest first. Sizes are
plain coins, and USD at the mark price; in the table a short has a minus.

Unrealised PnL is the venue's figure, in the coin that the position is margined with; in USD at that
coin's spot price there, as in /balance (/help balance): USDT counts as dollars. On margin =
unrealised / initial margin, both in that coin.

To liq = liquidation price / mark price - 1: how far the price may still go. Details give it in ATRs
of an hour, too (Wilder, 14 closed bars of 1h after {WARM_UP} of warm-up), for the {LARGEST} largest
positions. In cross margin it moves with everything else in the wallet; no liq: the venue says that
there is no such price.

Next funding = rate of now x size, with a minus where the position pays: longs pay a positive rate.
The rate may still change until it is paid.

Net: long less short, for a coin with more than one position. Gross: all sizes without sign. The
total is over the venues of which all kinds of positions arrived, as (2/3 venues) says, and which
have none in spot margin or options (OKX), which are not read; "No open positions" is said of those
alone. Play money (testnet, demo) is shown, and in no total."""

PARAMETERS = Parameters(symbol=True, venue=True, details=True)


@dataclass(frozen=True, slots=True)
class Positions:
    """`coin`: the only one asked about. `keyless`: the venues asked about that have no key.

    `unread_positions`: how many a venue has in spot margin or options.
    """

    coin: str | None
    accounts: Mapping[str, Environment]
    totals: Totals
    nets: Mapping[str, Net]
    positions: tuple[Open, ...]
    whole_venues: tuple[str, ...]
    flat_venues: tuple[str, ...]
    unread_positions: Mapping[str, int]
    keyless: tuple[str, ...]
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Positions]) -> Positions:
    round = Round(desk, await desk.listings(), desk.owned(args.venue))
    coin = remarks.coin(round.listings, args.symbol) if args.symbol else None
    question = Question(round, coin)

    def build() -> Positions:
        accounts, found = environments(desk, round.asked), question()
        real = counted(accounts)
        summed = [one for one in found.positions if one.venue in real]
        return Positions(
            coin=coin,
            accounts=accounts,
            totals=exposure.totals(summed),
            nets=exposure.nets(summed),
            positions=found.positions,
            whole_venues=found.whole_venues,
            flat_venues=found.flat_venues,
            unread_positions=found.unread,
            keyless=tuple(desk.keyless(args.venue)),
            provenance=worth.dated(round.provenance(), found.priced),
        )

    await question.settle(lambda: progress(build()))
    return build()


def render(answer: Positions, args: Args, view: v.View) -> v.Page:
    if not answer.accounts:
        return remarks.without_keys(answer.keyless, view)
    blocks = [v.lines([_headline(answer, view), *map(v.escape, _sums(answer, view))])]
    if args.details:
        blocks += [_position(one, answer, view) for one in answer.positions]
    else:
        blocks += _table(answer.positions, view)
    blocks += _nets(answer.nets)
    blocks.append(v.lines(remarks.notes(answer.accounts, answer.keyless, view)))
    buttons = keyboard(replace(args, symbol=answer.coin, page=1), PARAMETERS)
    return v.Page(tuple(filter(None, blocks)), buttons, footer=view.provenance(answer.provenance))


def _headline(answer: Positions, view: v.View) -> v.Html:
    """How many there are, and of how many venues that is all; one line says that there are none."""
    number, of = len(answer.positions), f"{answer.coin} " if answer.coin else ""
    if not number and answer.flat_venues:
        return v.bold(f"No open {of}positions on {view.venues(answer.flat_venues)}")
    real = counted(answer.accounts)
    whole = [venue for venue in answer.whole_venues if venue in real]
    head = f"{number} open {of}position{'' if number == 1 else 's'}"
    words = head if number else f"Open {of}positions: {v.NOTHING}"
    return v.head(words, f" ({len(whole)}/{len(real)} venues)")


def _sums(answer: Positions, view: v.View) -> Iterator[str]:
    sums = answer.totals

    def over(count: int) -> str:
        return "" if count == sums.positions else f" ({count} of {sums.positions})"

    if sums.positions:
        net = v.cents(sums.net_usd, plus=True)
        yield f"Gross {v.cents(sums.gross_usd)} · net {net}{over(sums.sized_positions)}"
        unrealised = v.cents(sums.unrealised_usd, plus=True)
        yield f"Unrealised {unrealised}{over(sums.unrealised_positions)}"
        funding = v.cents(sums.next_funding_usd, plus=True)
        yield f"Next funding {funding}{over(sums.funded_positions)}"
    if answer.positions and answer.flat_venues:
        yield f"Flat: {view.venues(answer.flat_venues)}"
    for venue, count in answer.unread_positions.items():
        what = "1 position" if count == 1 else f"{count} positions"
        verb = "is" if count == 1 else "are"
        yield f"{view.venue(venue)}: {what} in spot margin or options {verb} not read"


def _table(positions: Sequence[Open], view: v.View) -> Iterator[v.Html]:
    rows = [
        [
            f"{_market(one)} {view.short(one.venue)}",
            one.side if one.usd is None else v.scaled(one.sign * one.usd),
            v.cents(one.unrealised_usd, plus=True).replace("$", ""),
            "no liq" if one.endless else v.percent(one.liquidation_fraction),
        ]
        for one in positions
    ]
    for i in range(0, len(rows), PER_TABLE):
        yield v.lines(v.tables(["", "size $", "PnL $", "to liq"], rows[i : i + PER_TABLE]))


def _market(one: Open) -> str:
    """The coin, with its quote where that is not USDT, and when it is delivered."""
    if one.coin is None or one.quote is None:
        return one.symbol
    name = Coin(one.coin, one.quote).symbol
    if one.expires_ms is None:
        return name
    return f"{name} {datetime.fromtimestamp(one.expires_ms / 1000, UTC):%d%b}"


def _position(one: Open, answer: Positions, view: v.View) -> v.Html:
    venue = remarks.label(one.venue, answer.accounts, view)
    head = v.head(f"{_market(one)} {one.side}", f" {venue} {one.symbol}")
    return v.lines([head, *map(v.escape, _lines(one, answer.provenance.time_ms, view))])


def _lines(one: Open, now_ms: int, view: v.View) -> Iterator[str]:
    if one.other_coin:
        yield "another coin of that name? Not in the net"
    yield f"{_size(one)} · {' '.join(_margin(one))}"
    entry, mark = (v.price(price, one.tick_size) for price in (one.entry_price, one.mark_price))
    yield f"entry {entry} · mark {mark}"
    yield _liquidation(one)
    share = v.percent(one.unrealised_margin_fraction)
    unrealised = v.cents(one.unrealised_usd, plus=True)
    yield f"unrealised {unrealised} ({share} on margin {v.cents(one.margin_usd)})"
    if one.expires_ms is None:
        yield _funding(one, now_ms, view)


def _size(one: Open) -> str:
    if one.coin is None or one.coins is None:
        return f"{v.amount(one.contracts)} contracts = {v.cents(one.usd)}"
    return f"{v.amount(one.coins)} {one.coin} = {v.cents(one.usd)}"


def _margin(one: Open) -> Iterator[str]:
    if one.isolated is not None:
        yield "isolated" if one.isolated else "cross"
    if one.leverage is not None:
        yield f"{v.plain(one.leverage)}x"
    if one.hedged:
        yield "hedge mode"


def _liquidation(one: Open) -> str:
    if one.endless:
        return "no liquidation price"
    if one.liquidation_price is None:
        return f"liquidation {v.NOTHING}"
    atrs = one.liquidation_atr_1h
    ranges = "" if atrs is None else f", {v.decimal(atrs, 1)} ATR(1h)"
    price = v.price(one.liquidation_price, one.tick_size)
    return f"liquidation {price} ({v.percent(one.liquidation_fraction)}{ranges})"


def _funding(one: Open, now_ms: int, view: v.View) -> str:
    paid = f"funding {v.cents(one.next_funding_usd, plus=True)}"
    if one.funding_fraction is None or one.next_funding_ms is None:
        return paid
    left = v.duration(one.next_funding_ms - now_ms)
    rate = v.funding(one.funding_fraction, one.funding_hours).replace("/", "%/")
    return f"{paid} in {left}, at {view.clock(one.next_funding_ms)} ({rate})"


def _nets(nets: Mapping[str, Net]) -> Iterator[v.Html]:
    rows = [
        [
            f"{coin} ({net.positions})",
            v.amount(net.coins),
            v.cents(net.usd, plus=True),
        ]
        for coin, net in nets.items()
    ]
    for i in range(0, len(rows), PER_TABLE):
        yield v.lines(v.tables(["net", "coins", "USD"], rows[i : i + PER_TABLE]))


COMMAND = Command(
    name="positions",
    summary="your open positions and what they add up to",
    example="/positions BTC",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
    private=True,
)
