"""What /positions shows first: what all of it adds up to, and what is liquidated first."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from crypto_assistant import view as v
from crypto_assistant.models import Family
from crypto_assistant.subjects.account.environments import counted
from crypto_assistant.subjects.account.exposure import Net, Open
from crypto_assistant.subjects.account.positions.answer import Positions

T = TypeVar("T")

SHOWN = 8
"""Rows of a kind on the first page."""
PER_TABLE = 30
"""Rows that are not torn apart."""
LONGEST_NAME = 8
LONGEST_COINS = 11
FARTHEST = 9.995
"""Above, in whole, no way to liquidation is told apart."""
MARKS = {"$": "coin-M", "c": "USDC", "*": "another quote", "d": "dated"}
"""What stands behind a coin whose market is not its USDT perp."""


def compact(answer: Positions, view: v.View) -> list[v.Html]:
    """The first page, and what follows it."""
    shown, rest = answer.positions[:SHOWN], answer.positions[SHOWN:]
    nets = list(answer.nets.items())
    first = [*sums(answer, view), _table(shown, view), _below(answer, len(rest))]
    return [
        v.lines([*first, net_table(nets[:SHOWN]), v.escape(_more(len(nets) - SHOWN))]),
        *(_table(part, view) for part in parts(rest)),
        *(net_table(part) for part in parts(nets[SHOWN:])),
    ]


def sums(answer: Positions, view: v.View) -> Iterator[v.Html]:
    """The lines on top: of all positions of all venues."""
    yield _head(answer, view)
    if answer.totals.positions:
        yield from _totals(answer, view)
        yield _nearest(answer, view)
    if answer.positions and answer.flat_venues:
        yield v.escape(f"Flat: {view.venues(answer.flat_venues)}")
    for venue, count in answer.unread_positions.items():
        what = "1 position" if count == 1 else f"{count} positions"
        verb = "is" if count == 1 else "are"
        yield v.escape(f"{view.venue(venue)}: {what} in spot margin or options {verb} not read")


def _head(answer: Positions, view: v.View) -> v.Html:
    """What they bring now; one line says that there are none."""
    number, of = len(answer.positions), f"{answer.coin} " if answer.coin else ""
    if not number and answer.flat_venues:
        return v.bold(f"No open {of}positions on {view.venues(answer.flat_venues)}")
    real = counted(answer.accounts)
    whole = [venue for venue in answer.whole_venues if venue in real]
    over = "" if len(whole) == len(real) else f"{len(whole)}/{len(real)} venues"
    if not number:
        return v.flowing([f"Open {of}positions: {v.NOTHING}", over], boldly=True)
    sums = answer.totals
    pnl = v.cents(sums.unrealised_usd, plus=True)
    told = _over(sums.unrealised_positions, sums.positions)
    return v.flowing([f"{of}PnL {pnl}{told}", f"{number} open", over], boldly=True)


def _totals(answer: Positions, view: v.View) -> Iterator[v.Html]:
    sums = answer.totals
    sized = _over(sums.sized_positions, sums.positions)
    leverage = sums.effective_leverage
    weight = f"leverage {v.NOTHING}" if leverage is None else f"{v.decimal(leverage, 2)}x equity"
    yield v.flowing([f"Gross {v.money(sums.gross_usd)}{sized}", weight])
    up = f"1% of market = {v.money(sums.up_1pct_usd)}"
    yield v.flowing([f"Net {v.flow(sums.net_usd)}{sized}", up])
    if sums.perps:
        paid = v.cents(sums.next_funding_usd, plus=True)
        last = "" if sums.last_funding_ms is None else f" by {view.minute(sums.last_funding_ms)}"
        part = sums.funded_positions != sums.perps
        over = f"{sums.funded_positions} of {sums.perps} perps" if part else ""
        yield v.flowing([f"Next funding {paid}{last}", over])


def _over(count: int, of: int) -> str:
    return "" if count == of else f" ({count} of {of})"


def _nearest(answer: Positions, view: v.View) -> v.Html:
    """What is liquidated first, of what is in the totals."""
    real = counted(answer.accounts)
    one = next(one for one in answer.positions if one.venue in real)
    if one.liquidation_fraction is None:
        return v.EMPTY
    atrs = one.liquidation_atr_1h
    return v.flowing(
        [
            f"Nearest {_name(one)} {one.side} {view.short(one.venue)} {_away(one)}",
            f"{v.decimal(atrs, 1)} ATR",
        ]
    )


def _table(positions: Sequence[Open], view: v.View) -> v.Html:
    if not positions:
        return v.EMPTY
    longest = max(v.columns(_name(one)) for one in positions)
    rows = [
        [
            f"{_name(one)}{' ' * (longest - v.columns(_name(one)))} {view.short(one.venue)}",
            one.side if one.usd is None else v.tight(one.sign * one.usd),
            v.tight(one.unrealised_usd),
            _away(one),
        ]
        for one in positions
    ]
    return v.table(["", "size", "PnL", "liq"], rows)


def _below(answer: Positions, more: int) -> v.Html:
    """How many there are beside, of how many no liquidation is known, what the marks mean."""
    unknown = sum(not one.endless and one.liquidation_fraction is None for one in answer.positions)
    used = {mark for one in answer.positions for mark in _marks(one)}
    return v.flowing(
        [
            _more(more),
            f"{unknown} without known liq" if unknown else "",
            *(f"{mark} {meaning}" for mark, meaning in MARKS.items() if mark in used),
        ]
    )


def _more(count: int) -> str:
    return f"{count} more" if count > 0 else ""


def _name(one: Open) -> str:
    """The coin, marked where its market is not the USDT perp."""
    marks = _marks(one)
    return v.cut(one.coin or one.symbol, LONGEST_NAME - len(marks)) + marks


def _marks(one: Open) -> str:
    if one.quote is None:
        return ""
    quote = "$" if one.family is Family.INVERSE else {"USDT": "", "USDC": "c"}.get(one.quote, "*")
    return quote + ("" if one.expires_ms is None else "d")


def _away(one: Open) -> str:
    """By how much the price may still change, whichever way."""
    if one.endless:
        return "none"
    if one.liquidation_fraction is None:
        return v.NOTHING
    away = abs(one.liquidation_fraction)
    return v.share(away) if away < FARTHEST else ">999%"


def net_table(nets: Sequence[tuple[str, Net]]) -> v.Html:
    rows = [[v.cut(coin, LONGEST_NAME), _coins(net.coins), v.flow(net.usd)] for coin, net in nets]
    return v.table(["net", "coins", "USD"], rows) if rows else v.EMPTY


def _coins(coins: float | None) -> str:
    text = v.coins(coins, LONGEST_COINS)
    return f"+{text}" if coins is not None and coins > 0 else text


def parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many tables as are not torn apart."""
    yield from (rows[i : i + PER_TABLE] for i in range(0, len(rows), PER_TABLE))
