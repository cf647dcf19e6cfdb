"""/balance: every wallet that the owner's keys may read, coin by coin, in USD."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum

from crypto_assistant import view as v
from crypto_assistant import worth
from crypto_assistant.desk import Desk
from crypto_assistant.grammar import Args, Command, Parameters, Progress
from crypto_assistant.models import Provenance
from crypto_assistant.round import Round
from crypto_assistant.subjects.account import remarks, wallets
from crypto_assistant.subjects.account.environments import Environment, counted, environments
from crypto_assistant.subjects.account.onward import onward
from crypto_assistant.subjects.account.pnl.parameters import WINDOWS
from crypto_assistant.subjects.account.wallets import CoinTotal, Held, Purse, Purses, Total
from crypto_assistant.subjects.keyboard import Row, choice, keyboard

DUST_USD = 1.0
"""Coins worth less than this, held or owed, are one line."""
PARTIAL = "…"
"""Beside a sum that something is missing from."""
LARGEST = 5
"""Coins named in the compact answer."""
PER_TABLE = 40
"""Rows that are not torn apart."""
HEADER = ("coin", "amount", "$")
WIDTH = 30
"""Columns of a table."""
WIDEST = 12
"""Characters of a sum in the table of venues."""
LONGEST_NAME = AMOUNT = 10

EXPLAINS = """\
Every wallet that your keys may read: spot, funding, USD-M and COIN-M on Binance, unified and
funding on Bybit, trading and funding on OKX.

The total leads, and beside it stand:
- n/a for, without: venues, wallets or prices that did not arrive; what arrived of their venue is in
the total, and its row has a … then.
- not read: where else there may be money (Earn, bots ...), which is not in the total.
- without a price: coins that are in no sum, and how many of them.

A row a venue:
- equity: what is there, unrealised PnL of open positions included, less what is borrowed: a coin
that is owed has a minus and counts as one.
- unrealised: how much of it is unrealised PnL.

Below the largest coins over all venues. Dust: coins worth less than $1, held or owed, are one sum,
with their number.

Valued at the venue's own spot prices: USDT and USD are a dollar each; another coin is worth the mid
(half way between bid and ask) of COIN/USDT, else of COIN/USDC at the mid of USDC/USDT, else of
COIN/USD. Where there is none of these, at what the venue itself says that it is worth (Details
mark it with *). BNFCR is a dollar; LDBTC, in flexible Earn, is BTC. Where a venue tells no prices
now, those of the last ten minutes have to do.

Details: wallet by wallet and coin by coin. What has no room for cents or for all of its digits has
three. Play money (testnet, demo) is shown, and added to real money nowhere."""

PARAMETERS = Parameters(venue=True, details=True)


@dataclass(frozen=True, slots=True)
class Balance:
    """`accounts`: of the venues that have a key; `keyless`: the others that were asked about."""

    accounts: Mapping[str, Environment]
    venues: Mapping[str, Purses]
    total: Total
    keyless: tuple[str, ...]
    provenance: Provenance


async def run(args: Args, desk: Desk, progress: Progress[Balance]) -> Balance:
    round = Round(desk, await desk.listings(), desk.owned(args.venue))
    read = wallets.question(round)
    prices = worth.question(round)

    def build() -> Balance:
        accounts, priced = environments(desk, round.asked), prices()
        venues = read(priced)
        real = counted(accounts)
        return Balance(
            accounts=accounts,
            venues=venues,
            total=wallets.summed({venue: venues[venue] for venue in real}),
            keyless=tuple(desk.keyless(args.venue)),
            provenance=worth.dated(round.provenance(), priced),
        )

    await round.settle(lambda: progress(build()))
    return build()


def render(answer: Balance, args: Args, view: v.View) -> v.Page:
    if not answer.accounts:
        return remarks.without_keys(answer.keyless, view)
    shown = [_head(answer, view), _unread(answer), v.flowing(_unvalued(answer, view))]
    shown += [_venues(answer, view), v.flowing(_coins(answer.total.coins))]
    shown += remarks.notes(answer.accounts, answer.keyless, view)
    blocks = [v.lines(shown)]
    if args.details:
        for venue, purses in answer.venues.items():
            blocks += _wallets(remarks.label(venue, answer.accounts, view), purses)
    buttons = (*keyboard(args, PARAMETERS), *_onward(args))
    return v.Page(tuple(blocks), buttons, footer=view.provenance(answer.provenance))


def _onward(args: Args) -> tuple[Row, ...]:
    pnl = replace(args, command="pnl", details=False, page=1)
    windows = choice(WINDOWS, "", lambda word: pnl.line(choices=(word,)))
    return (*v.button_rows([onward(args, "positions"), onward(args, "pnl")]), windows)


def _head(answer: Balance, view: v.View) -> v.Html:
    """The total, and whom it is without."""
    total = answer.total.equity_usd
    missing = () if total is None else _missing(answer, view)
    return v.flowing([f"Balance {v.cents(total)}", *missing], boldly=True)


def _unread(answer: Balance) -> v.Html:
    """What the total cannot know of."""
    venues = counted(answer.accounts)
    unread = dict.fromkeys(what for venue in venues for what in answer.venues[venue].unread)
    return v.flowing(remarks.listed("not read:", unread))


def _missing(answer: Balance, view: v.View) -> Iterator[str]:
    """What the total is without: venues, or some of their wallets, or their prices."""
    lacking = {v: names for v in counted(answer.accounts) if (names := _lacking(answer.venues[v]))}
    whole = [venue for venue in lacking if not answer.venues[venue].wallets]
    if whole:
        yield f"n/a for {view.venues(whole)}"
    for venue, names in lacking.items():
        if venue not in whole:
            yield f"without {view.venue(venue)} {', '.join(names)}"


def _lacking(purses: Purses) -> list[str]:
    prices = ["prices"] if purses.without_prices else []
    return [*map(wallets.title, purses.missing_wallets), *prices]


def _unvalued(answer: Balance, view: v.View) -> Iterator[str]:
    """What has no price, in coins; with the venue where another one has."""
    total = answer.total
    valued = {one.coin for one in total.coins}
    held = [
        v.amount(_held(answer, coin, venues))
        + f" {coin}"
        + (f" ({view.venues(venues)})" if coin in valued else "")
        for coin, venues in total.unvalued_coins.items()
    ]
    yield from remarks.listed("without a price:", held[:LARGEST])
    if len(held) > LARGEST:
        yield f"{len(held) - LARGEST} more"


def _held(answer: Balance, coin: str, venues: Sequence[str]) -> float:
    """Of a coin without a price, in all wallets of the venues."""
    purses = (purse for venue in venues for purse in answer.venues[venue].wallets.values())
    held = (purse.coins[coin] for purse in purses if coin in purse.coins)
    return fsum(one.coins for one in held if one.usd is None)


def _venues(answer: Balance, view: v.View) -> v.Html:
    rows = [
        [
            view.short(venue),
            v.fitted(purses.equity_usd, WIDEST, plus=False)
            + (PARTIAL if purses.wallets and _lacking(purses) else ""),
            v.fitted(purses.unrealised_usd, WIDEST),
        ]
        for venue, purses in answer.venues.items()
    ]
    return v.table(["$", "equity", "unrealised"], rows)


def _coins(coins: Sequence[CoinTotal]) -> Iterator[str]:
    """The largest over all venues, and what is dust."""
    large = [one for one in coins if not _is_dust(one.usd)]
    dust = [one.usd for one in coins if _is_dust(one.usd)]
    yield from (f"{one.coin} {v.cents(one.usd)}" for one in large[:LARGEST])
    if len(large) > LARGEST:
        yield f"{len(large) - LARGEST} more"
    if dust:
        yield f"dust {v.cents(fsum(dust))} ({len(dust)})"


def _wallets(title: str, purses: Purses) -> Iterator[v.Html]:
    head = v.bold(f"{title} {v.cents(purses.equity_usd)}")
    for name, purse in purses.wallets.items():
        parts = _tables(purse)
        line = v.escape(f"{wallets.title(name)} {v.cents(purse.equity_usd)}")
        yield v.lines([head, line, *parts[:1]])
        yield from parts[1:]
        head = v.EMPTY
    missing = [f"{wallets.title(name)} {v.NOTHING}" for name in purses.missing_wallets]
    unread = v.flowing(remarks.listed("not read:", purses.unread))
    yield v.lines([head, *map(v.escape, missing), unread])


def _tables(purse: Purse) -> list[v.Html]:
    """Coin by coin, dust in one row."""
    dust = [held.usd for held in purse.coins.values() if _is_dust(held.usd)]
    large = [(coin, held) for coin, held in purse.coins.items() if not _is_dust(held.usd)]
    rows = [(_name(coin, held), v.coins(held.coins, AMOUNT), held.usd) for coin, held in large]
    if dust:
        rows.append((f"dust ({len(dust)})", "", fsum(filter(None, dust))))
    return [_table(rows[i : i + PER_TABLE]) for i in range(0, len(rows), PER_TABLE)]


def _table(rows: Sequence[tuple[str, str, float | None]]) -> v.Html:
    """The dollars have what room names and amounts leave."""
    names = max(v.columns(name) for name, _, _ in [HEADER, *rows])
    amounts = max(len(amount) for _, amount, _ in [HEADER, *rows])
    room = WIDTH - names - amounts - 2
    told = [[name, amount, v.fitted(usd, room, plus=False)] for name, amount, usd in rows]
    return v.table(HEADER, told)


def _name(coin: str, held: Held) -> str:
    mark = "*" if held.priced_by_venue else ""
    return v.cut(coin, LONGEST_NAME - len(mark)) + mark


def _is_dust(usd: float | None) -> bool:
    return usd is not None and abs(usd) < DUST_USD


COMMAND = Command(
    name="balance",
    summary="your wallets in USD",
    example="/balance",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
    private=True,
)
