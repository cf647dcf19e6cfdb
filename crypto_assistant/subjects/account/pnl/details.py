"""The details of /pnl: each venue by coin, by trades, and from the opening equity to now."""

from collections.abc import Iterator, Sequence

from crypto_assistant import view as v
from crypto_assistant.subjects.account import remarks
from crypto_assistant.subjects.account.pnl.answer import CoinPnl, Pnl, VenuePnl
from crypto_assistant.subjects.account.pnl.derivatives import Flows
from crypto_assistant.subjects.account.pnl.fills import TradesPnl
from crypto_assistant.subjects.account.pnl.phrases import (
    made_of,
    moment,
    on_margin,
    on_opening,
    unpriced,
)
from crypto_assistant.subjects.account.pnl.reconciliation import Reconciliation

LONGEST_NAME = 8
NARROW, WIDE = 6, 9
"""Characters of a sum where three stand beside the coin, and where two do."""
PER_TABLE = 30
"""Rows that are not torn apart."""


def details(venue: str, answer: Pnl, view: v.View) -> Iterator[v.Html]:
    one = answer.venues[venue]
    title = remarks.label(venue, answer.accounts, view)
    if one.flows is None:
        yield v.lines([v.bold(title), v.escape(f"account log {v.NOTHING}")])
        return
    head = v.head(title, f" {v.cents(one.flows.sum_usd, plus=True)}")
    yield v.lines([head, *map(v.flowing, _sums(one, one.flows))])
    yield from _coins(one.coins)
    if one.by_trades:
        yield v.lines(v.flowing(_by_trades(market, view)) for market in one.by_trades)
    if one.reconciliation:
        yield _added_up(one.reconciliation, view)


def _sums(one: VenuePnl, flows: Flows) -> Iterator[Sequence[str]]:
    yield [*unpriced(flows.unpriced_coins)]
    yield [*made_of(flows)]
    yield [*on_margin(one.open)]
    yield [*on_opening(one.realised_on_opening_fraction, one.opening_equity_usd)]


def _coins(coins: Sequence[CoinPnl]) -> Iterator[v.Html]:
    """Two tables, for want of room."""
    for i in range(0, len(coins), PER_TABLE):
        part = coins[i : i + PER_TABLE]
        yield v.table(["$", "sum", "fees", "open"], [_summed(one) for one in part])
        yield v.table(["$", "realised", "funding"], [_parts(one) for one in part])


def _summed(one: CoinPnl) -> list[str]:
    opened = one.open.unrealised_usd if one.open else None
    money = (one.flows.sum_usd, one.flows.fees_usd, opened)
    return [_name(one), *(v.fitted(usd, NARROW) for usd in money)]


def _parts(one: CoinPnl) -> list[str]:
    money = (one.flows.realised_usd, one.flows.funding_usd)
    return [_name(one), *(v.fitted(usd, WIDE) for usd in money)]


def _name(one: CoinPnl) -> str:
    return v.cut(one.coin or "other", LONGEST_NAME)


def _by_trades(one: TradesPnl, view: v.View) -> Iterator[str]:
    if one.average_cost_usd is None or one.since_ms is None:
        yield f"{one.symbol} by trades {v.NOTHING}"
        yield _why_not(one)
        return
    yield f"{one.symbol} by trades {v.cents(one.average_cost_usd, plus=True)}"
    yield f"FIFO {v.cents(one.fifo_usd, plus=True)}"
    yield f"log {v.cents(one.log_usd, plus=True)}"
    yield f"since {moment(one.since_ms, view)}"


def _why_not(one: TradesPnl) -> str:
    if one.settled:
        return f"the log settles it {one.settled}"
    if one.since_ms is None:
        return "never flat in this time"
    return "what it is settled in has no price"


def _added_up(found: Reconciliation, view: v.View) -> v.Html:
    """Line by line from the opening equity to that of now."""
    changes = {
        "realised": found.realised_usd,
        "fees": found.fees_usd,
        "funding": found.funding_usd,
        "other": found.other_usd,
        "unrealised": found.unrealised_change_usd,
        "transfers": found.transfers_usd,
        "revaluation": found.revaluation_usd,
        "residual": found.residual_usd,
    }
    rows = [
        ["opening", v.cents(found.opening_usd)],
        *([name, v.cents(usd, plus=True)] for name, usd in changes.items()),
        ["now", v.cents(found.now_usd)],
    ]
    head = v.escape(f"equity since {moment(found.since_ms, view)}")
    left = v.flowing(remarks.listed("left out, no price:", found.unpriced))
    return v.lines([head, left, v.table(["", "USD"], rows)])
