"""How /pnl looks: a table of venues and what lies behind it."""

from collections.abc import Iterator
from dataclasses import replace

from crypto_assistant import view as v
from crypto_assistant.grammar import Args
from crypto_assistant.subjects.account import remarks
from crypto_assistant.subjects.account.environments import counted
from crypto_assistant.subjects.account.pnl.answer import Lacks, Pnl, VenuePnl
from crypto_assistant.subjects.account.pnl.derivatives import Flows, Open
from crypto_assistant.subjects.account.pnl.details import details
from crypto_assistant.subjects.account.pnl.parameters import PARAMETERS, WINDOWS
from crypto_assistant.subjects.account.pnl.phrases import (
    costs,
    day,
    moment,
    on_margin,
    on_opening,
    open_unpriced,
)
from crypto_assistant.subjects.keyboard import choice, keyboard


def render(answer: Pnl, args: Args, view: v.View) -> v.Page:
    if not answer.accounts:
        return remarks.without_keys(answer.keyless, view)
    shown = [_headline(answer, view), *_table(answer, view)]
    shown += [v.escape(line) for line in _lines(answer, view) if line]
    shown += remarks.notes(answer.accounts, answer.keyless, view)
    blocks = [v.lines(shown)]
    if args.details:
        for venue in answer.venues:
            blocks += details(venue, answer, view)
    asked = replace(args, symbol=answer.coin, page=1)
    windows = choice(WINDOWS, answer.window, lambda word: asked.line(choices=(word,)))
    buttons = (*keyboard(asked, PARAMETERS), windows)
    return v.Page(tuple(blocks), buttons, footer=view.provenance(answer.provenance))


def _headline(answer: Pnl, view: v.View) -> v.Html:
    what = f"PnL {answer.window}" + (f" of {answer.coin}" if answer.coin else "")
    return v.head(what, f" since {day(answer.start_ms, view)}")


def _table(answer: Pnl, view: v.View) -> list[v.Html]:
    rows = [_row(view.short(venue), one.flows, one.open) for venue, one in answer.venues.items()]
    if len(answer.venues) > 1:
        rows.append(_row("all", answer.total.flows, answer.total.open))
    return v.tables(["", "realised", "sum", "open"], rows)


def _row(name: str, flows: Flows | None, opened: Open | None) -> list[str]:
    return [
        name,
        v.cents(flows.realised_usd if flows else None, plus=True),
        v.cents(flows.sum_usd if flows else None, plus=True),
        v.cents(opened.unrealised_usd if opened else None, plus=True),
    ]


def _lines(answer: Pnl, view: v.View) -> Iterator[str]:
    total = answer.total
    if answer.parts_read < answer.parts and answer.provenance.waiting:
        yield f"reading the logs {v.progress(answer.parts_read, answer.parts)}"
    yield _over(answer, view)
    if total.flows:
        yield costs(total.flows)
    yield on_margin(total.open)
    yield open_unpriced(total.open)
    yield on_opening(total.realised_on_opening_fraction, total.opening_equity_usd)
    yield from _reaches(answer, view)
    if answer.coin is None:
        yield from _residuals(answer, view)
        yield _spot(answer, view)


def _over(answer: Pnl, view: v.View) -> str:
    """Whom the totals are over, where that is not everybody."""
    ours, total = counted(answer.accounts), answer.total
    lacking = [venue for venue in ours if venue not in total.venues]
    closed = [venue for venue in ours if venue not in total.open_venues and venue not in lacking]
    parts = [f"all: {len(total.venues)}/{len(ours)} venues"] if lacking else []
    if lacking and len(total.open_venues) != len(total.venues):
        parts.append(f"open {len(total.open_venues)}/{len(ours)}")
    elif closed:
        parts.append(f"open without {view.venues(closed)}")
    return " · ".join(parts)


def _reaches(answer: Pnl, view: v.View) -> Iterator[str]:
    """Who tells less than was asked for."""
    for venue, one in answer.venues.items():
        if one.log_since_ms is not None and one.log_since_ms > answer.start_ms:
            yield f"{view.venue(venue)} reaches back to {moment(one.log_since_ms, view)} only"


def _residuals(answer: Pnl, view: v.View) -> Iterator[str]:
    """Venues of which the same is to be said share a line."""
    said: dict[str, list[str]] = {}
    for venue, one in answer.venues.items():
        if one.flows is not None:
            said.setdefault(_residual(one, view), []).append(venue)
    yield from (f"{view.venues(venues)}: {text}" for text, venues in said.items())


def _residual(one: VenuePnl, view: v.View) -> str:
    found = one.reconciliation
    if found is not None:
        residual = v.cents(found.residual_usd, plus=True) + (" !" if found.flagged else "")
        left = f", without {', '.join(found.unpriced)}" if found.unpriced else ""
        return f"residual {residual} since {moment(found.since_ms, view)}{left}"
    text = f"reconciliation n/a, {one.reconciliation_lacks}"
    if one.reconciliation_lacks is Lacks.SNAPSHOT_THEN and one.snapshots_since_ms:
        return f"{text}, the first is of {moment(one.snapshots_since_ms, view)}"
    return text


def _spot(answer: Pnl, view: v.View) -> str:
    """That spot is left out, and what it did in wallets that derivatives share."""
    shared = [
        f"{view.venue(venue)} {v.cents(one.spot_usd, plus=True)}"
        for venue, one in answer.venues.items()
        if one.flows and one.spot_usd != 0
    ]
    text = "spot PnL is not computed"
    return f"{text}; spot changed the wallets: {', '.join(shared)}" if shared else text
