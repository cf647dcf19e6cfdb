"""The picture of /pnl: what each day brought, what that adds up to, and equity."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from crypto_assistant import view as v
from crypto_assistant.charts.figure import Figure, Line, Pane
from crypto_assistant.grammar import Args
from crypto_assistant.subjects.account import remarks
from crypto_assistant.subjects.account.pnl.answer import Pnl
from crypto_assistant.subjects.account.pnl.daily import Daily, Equity
from crypto_assistant.subjects.account.pnl.page import reaches, without
from crypto_assistant.subjects.account.pnl.phrases import unpriced
from crypto_assistant.view.markup import SEPARATOR, rows_of

MOST_NAMED = 5
"""Days along the bottom."""
LONGEST_NOTE = 50
"""Letters of a line on the picture."""


def figure(answer: Pnl, args: Args, view: v.View) -> Figure | None:
    """In the owner's days, whatever zone its reader has chosen; None where there is nothing."""
    daily, flows = answer.daily, answer.total.flows
    if daily is None or flows is None:
        return None
    view = replace(view, zone=ZoneInfo(daily.zone) if daily.zone else None)
    of = f"{answer.coin} " if answer.coin else ""
    return Figure(
        title=f"{of}PnL {answer.window} {v.cents(flows.sum_usd, plus=True)}",
        subtitle=_subtitle(answer, view),
        start_ms=int(daily.edge_ms[0]),
        end_ms=int(daily.edge_ms[-1]),
        prices=None,
        panes=tuple(_panes(answer, daily, view)),
        zone=view.zone,
        notes=[SEPARATOR.join(row) for row in rows_of(_notes(answer, daily, view), LONGEST_NOTE)],
        simulated=answer.provenance.simulated,
        labels=tuple(_labels(daily, view)),
    )


def _subtitle(answer: Pnl, view: v.View) -> str:
    known = answer.provenance
    words = [view.clock(known.time_ms)]
    if known.oldest_ms is not None:
        words.append(f"{v.duration(known.time_ms - known.oldest_ms)} old")
    return " · ".join(words)


def _notes(answer: Pnl, daily: Daily, view: v.View) -> Iterator[str]:
    """What is missing, what the caption does not say first."""
    if daily.equity and daily.equity.without:
        yield f"equity n/a for {view.venues(daily.equity.without)}"
    if answer.total.flows:
        yield from unpriced(answer.total.flows.unpriced_coins)
    if lacking := without(answer, answer.total.venues, view):
        yield lacking
    for line in reaches(answer, view):
        yield from line


def _panes(answer: Pnl, daily: Daily, view: v.View) -> Iterator[Pane]:
    over = [remarks.short(venue, answer.accounts, view) for venue in answer.total.venues]
    yield Pane(" ".join(["PnL a day in $ ·", *over]), [_bars(daily)])
    whole = answer.total.flows.sum_usd if answer.total.flows else None
    yield Pane(" ".join(["PnL added up in $ ·", *over]), [_running(daily, whole)], from_zero=True)
    if daily.equity:
        yield _equity(answer, daily.equity, view)


def _bars(daily: Daily) -> Line:
    """Today's is not final."""
    begins, lengths = daily.edge_ms[:-1], np.diff(daily.edge_ms)
    shortest = int(lengths.min())
    today = int(begins[-1])
    return Line("", begins, daily.sum_usd, "first", "bars", today, shortest)


def _running(daily: Daily, sum_usd: float | None) -> Line:
    """From zero, where the first day that is told begins, from the end of one day to the next."""
    there = np.isfinite(daily.sum_usd)
    value = np.append(np.nan, np.where(there, np.nancumsum(daily.sum_usd), np.nan))
    value[there.argmax()] = 0.0
    times = np.append(daily.edge_ms[:-1], daily.now_ms)
    return Line(v.cents(sum_usd, plus=True), times, value)


def _equity(answer: Pnl, found: Equity, view: v.View) -> Pane:
    over = [remarks.short(venue, answer.accounts, view) for venue in found.venues]
    now = float(found.usd[-1])
    name = v.cents(now if np.isfinite(now) else None)
    line = Line(name, found.time_ms, found.usd, "third")
    return Pane(" ".join(["Equity in $ ·", *over]), [line])


def _labels(daily: Daily, view: v.View) -> Iterator[tuple[int, str]]:
    """In the middle of some days, today among them, what they are called."""
    begins, ends = daily.edge_ms[:-1].tolist(), daily.edge_ms[1:].tolist()
    step = -(-len(begins) // MOST_NAMED)
    for row in range((len(begins) - 1) % step, len(begins), step):
        local = datetime.fromtimestamp(begins[row] / 1000, view.zone or UTC)
        yield (begins[row] + ends[row]) // 2, f"{local.day} {local:%b}"
