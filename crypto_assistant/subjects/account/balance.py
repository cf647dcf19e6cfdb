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
from crypto_assistant.subjects.account.wallets import Held, Purse, Purses, Total
from crypto_assistant.subjects.keyboard import keyboard

DUST_USD = 1.0
"""Coins worth less than this, held or owed, are one line."""
PARTIAL = "…"
"""Beside a sum that something is missing from."""
LARGEST = 5
"""Coins named in the compact answer."""
PER_TABLE = 40
"""Rows that are not torn apart."""

EXPLAINS = """\
Every wallet that your keys may read: spot, funding, USDⓈ-M and COIN-M on Binance, unified and
funding on Bybit, trading and funding on OKX. Where else there may be money (Earn, bots ...) is
named beside the total: it is not read, and not in it.

Equity = what is there, unrealised PnL of open positions included, less what is borrowed: a coin
that is owed has a minus and counts as one.

Valued at the venue's own spot prices: USDT and USD are a dollar each; another coin is worth the mid
(half way between bid and ask) of COIN/USDT, else of COIN/USDC at the mid of USDC/USDT, else of
COIN/USD. Where there is none of these, at what the venue itself says that it is worth (Details
mark it with *). A coin without any price is listed, counted as "without a price", and in no sum.
BNFCR is a dollar; LDBTC, in flexible Earn, is BTC. Where a venue tells no prices now, those of the
last ten minutes have to do.

Dust: coins worth less than $1, held or owed, are one line.

The total is over the venues of which all wallets and prices arrived, as (2/3 venues) says; what
did not is named, what arrived of its venue is in the total. Play money (testnet, demo) is shown,
and added to real money nowhere."""

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
    shown = [_headline(answer), _venues(answer, view)]
    shown += [v.escape(text) for text in _below(answer, view) if text]
    shown += remarks.notes(answer.accounts, answer.keyless, view)
    blocks = [v.lines(shown)]
    if args.details:
        for venue, purses in answer.venues.items():
            blocks += _wallets(remarks.label(venue, answer.accounts, view), purses)
    buttons = keyboard(replace(args, page=1), PARAMETERS)
    return v.Page(tuple(blocks), buttons, footer=view.provenance(answer.provenance))


def _headline(answer: Balance) -> v.Html:
    """The total, over whom it is, and what it cannot know of."""
    total, real = answer.total, counted(answer.accounts)
    unread = list(dict.fromkeys(what for venue in real for what in answer.venues[venue].unread))
    over = f" ({len(total.venues)}/{len(real)} venues)"
    beside = f" · not read: {', '.join(unread)}" if unread else ""
    mark = PARTIAL if total.equity_usd is not None and len(total.venues) < len(real) else ""
    return v.head(f"Balance {v.cents(total.equity_usd)}{mark}", over + beside)


def _venues(answer: Balance, view: v.View) -> v.Html:
    rows = [
        [
            view.short(venue),
            v.cents(purses.equity_usd) + (PARTIAL if purses.wallets and _lacking(purses) else ""),
            v.cents(purses.unrealised_usd, plus=True),
        ]
        for venue, purses in answer.venues.items()
    ]
    return v.lines(v.tables(["", "equity", "unrealised"], rows))


def _below(answer: Balance, view: v.View) -> Iterator[str]:
    total = answer.total
    large = [coin for coin in total.coins if not _is_dust(coin.usd)]
    if large:
        more = f" · {len(large) - LARGEST} more" if len(large) > LARGEST else ""
        yield " · ".join(f"{one.coin} {v.cents(one.usd)}" for one in large[:LARGEST]) + more
    if coins := [*_unvalued(total, view)]:
        yield f"+ {len(coins)} {'coin' if len(coins) == 1 else 'coins'} without a price: " + (
            ", ".join(coins[:LARGEST]) + (" ..." if len(coins) > LARGEST else "")
        )
    yield _missing(answer, view)


def _unvalued(total: Total, view: v.View) -> Iterator[str]:
    """With the venue where another one has a price."""
    valued = {one.coin for one in total.coins}
    for coin, venues in total.unvalued_coins.items():
        yield f"{coin} ({view.venues(venues)})" if coin in valued else coin


def _missing(answer: Balance, view: v.View) -> str:
    """What the total is without: venues, or some of their wallets, or their prices."""
    parts = []
    for venue in counted(answer.accounts):
        purses = answer.venues[venue]
        if names := _lacking(purses):
            whole = f"{view.venue(venue)} {', '.join(names)}"
            parts.append(whole if purses.wallets else view.venue(venue))
    return f"{PARTIAL} without {'; '.join(parts)}" if parts else ""


def _lacking(purses: Purses) -> list[str]:
    prices = ["prices"] if purses.without_prices else []
    return [*map(wallets.title, purses.missing_wallets), *prices]


def _wallets(title: str, purses: Purses) -> Iterator[v.Html]:
    head = v.bold(f"{title} {v.cents(purses.equity_usd)}")
    for name, purse in purses.wallets.items():
        parts = _tables(purse)
        line = v.escape(f"{wallets.title(name)} {v.cents(purse.equity_usd)}")
        yield v.lines([head, line, *parts[:1]])
        yield from parts[1:]
        head = v.EMPTY
    missing = [f"{wallets.title(name)} {v.NOTHING}" for name in purses.missing_wallets]
    unread = f"not read: {', '.join(purses.unread)}" if purses.unread else ""
    yield v.lines([head, *map(v.escape, [*missing, unread])])


def _tables(purse: Purse) -> list[v.Html]:
    """Coin by coin, dust in one row."""
    dust = [held.usd for held in purse.coins.values() if _is_dust(held.usd)]
    rows = [_row(coin, held) for coin, held in purse.coins.items() if not _is_dust(held.usd)]
    if dust:
        rows.append([f"dust ({len(dust)})", "", v.cents(fsum(filter(None, dust)))])
    parts = [rows[i : i + PER_TABLE] for i in range(0, len(rows), PER_TABLE)]
    return [v.lines(v.tables(["coin", "amount", "USD"], part)) for part in parts]


def _row(coin: str, held: Held) -> Sequence[str]:
    mark = "*" if held.priced_by_venue else ""
    return [coin + mark, v.amount(held.coins), v.cents(held.usd)]


def _is_dust(usd: float | None) -> bool:
    return usd is not None and abs(usd) < DUST_USD


COMMAND = Command(
    name="balance",
    summary="your wallets, coin by coin, in USD",
    example="/balance",
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=PARAMETERS,
    private=True,
)
