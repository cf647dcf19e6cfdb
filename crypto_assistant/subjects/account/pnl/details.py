"""The details of /pnl: each venue by coin, by trades, and from the opening equity to now."""

from collections.abc import Iterator, Sequence

from crypto_assistant import view as v
from crypto_assistant.subjects.account import remarks
from crypto_assistant.subjects.account.pnl.answer import CoinPnl, Pnl, VenuePnl
from crypto_assistant.subjects.account.pnl.derivatives import Flows
from crypto_assistant.subjects.account.pnl.fills import TradesPnl
from crypto_assistant.subjects.account.pnl.phrases import costs, moment, on_margin, on_opening
from crypto_assistant.subjects.account.pnl.reconciliation import Reconciliation

COLUMNS = ["$", "realised", "fees", "funding", "sum", "open"]
WHOLE = (0, 1, 2, 3, 4, 5)
HALVES = [(0, 1, 2, 3), (0, 4, 5)]
PER_TABLE = 30
"""Rows that are not torn apart."""


def details(venue: str, answer: Pnl, view: v.View) -> Iterator[v.Html]:
    one = answer.venues[venue]
    title = v.bold(remarks.label(venue, answer.accounts, view))
    if one.flows is None:
        yield v.lines([title, v.escape(f"account log {v.NOTHING}")])
        return
    yield v.lines([title, *map(v.escape, _sums(one, one.flows))])
    yield from _coins(one.coins)
    if one.by_trades:
        yield v.lines(v.escape(_by_trades(market, view)) for market in one.by_trades)
    if one.reconciliation:
        yield _added_up(one.reconciliation, view)


def _sums(one: VenuePnl, flows: Flows) -> Iterator[str]:
    yield costs(flows)
    yield on_margin(one.open)
    yield on_opening(one.realised_on_opening_fraction, one.opening_equity_usd)


def _coins(coins: Sequence[CoinPnl]) -> Iterator[v.Html]:
    rows = [_coin(one) for one in coins]
    parts = [WHOLE] if v.fits(COLUMNS, rows) else HALVES
    for i in range(0, len(rows), PER_TABLE):
        for part in parts:
            header, *cells = [[row[n] for n in part] for row in [COLUMNS, *rows[i : i + PER_TABLE]]]
            yield v.lines(v.tables(header, cells))


def _coin(one: CoinPnl) -> list[str]:
    flows = one.flows
    parts = [flows.realised_usd, flows.fees_usd, flows.funding_usd, flows.sum_usd]
    opened = one.open.unrealised_usd if one.open else None
    money = [v.cents(usd, plus=True).replace("$", "") for usd in (*parts, opened)]
    return [one.coin or "other", *money]


def _by_trades(one: TradesPnl, view: v.View) -> str:
    if one.settled:
        return f"{one.symbol}: by trades n/a, the log settles it {one.settled}"
    if one.since_ms is None:
        return f"{one.symbol}: by trades n/a, never flat in this time"
    if one.average_cost_usd is None:
        return f"{one.symbol}: by trades n/a, what it is settled in has no price"
    average, fifo, log = (
        v.cents(usd, plus=True) for usd in (one.average_cost_usd, one.fifo_usd, one.log_usd)
    )
    since = moment(one.since_ms, view)
    return f"{one.symbol}: trades say {average} (FIFO {fifo}), the log {log} since {since}"


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
    left = f"without a price, left out: {', '.join(found.unpriced)}" if found.unpriced else ""
    head = v.escape(f"equity since {moment(found.since_ms, view)}")
    return v.lines([head, v.table(["", "USD"], rows), v.escape(left)])
