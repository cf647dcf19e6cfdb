"""How /pnl looks: the sum, what it is made of, a table of venues, and what is not clean."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from crypto_assistant import view as v
from crypto_assistant.grammar import Args
from crypto_assistant.subjects.account import remarks
from crypto_assistant.subjects.account.environments import counted
from crypto_assistant.subjects.account.onward import onward
from crypto_assistant.subjects.account.pnl.answer import Lacks, Pnl, VenuePnl
from crypto_assistant.subjects.account.pnl.derivatives import Flows, Open
from crypto_assistant.subjects.account.pnl.details import details
from crypto_assistant.subjects.account.pnl.parameters import CHART, FILE, PARAMETERS, WINDOWS
from crypto_assistant.subjects.account.pnl.phrases import (
    day,
    made_of,
    moment,
    on_margin,
    on_opening,
    unpriced,
)
from crypto_assistant.subjects.keyboard import Row, choice, keyboard

WIDEST = 8
"""Characters of a sum in the table."""
LONGEST_LINE = 200
"""Letters of what a venue says, of which a caption has room for a few lines."""


def render(answer: Pnl, args: Args, view: v.View) -> v.Page:
    if not answer.accounts:
        return remarks.without_keys(answer.keyless, view)
    asked = replace(args, symbol=answer.coin)
    if answer.daily:
        return _caption(answer, asked, view)
    shown = [_head(answer, view), *map(v.flowing, _above(answer, view)), _table(answer, view)]
    shown += map(v.flowing, _below(answer, view))
    shown += remarks.notes(answer.accounts, answer.keyless, view)
    blocks = [v.lines(shown)]
    if args.details:
        for venue in answer.venues:
            blocks += details(venue, answer, view)
    leads = v.button_rows([onward(asked, "positions"), onward(asked, "balance")])
    (first,) = keyboard(asked, PARAMETERS)
    buttons = ((*first, *_chart(asked)), _windows(asked), *leads)
    return v.Page(tuple(blocks), buttons, footer=view.provenance(answer.provenance))


def _chart(args: Args) -> Iterator[v.Button]:
    """A message of its own, which replies to the answer; not of a single day."""
    window, *_ = args.choices
    if window != WINDOWS[0]:
        line = args.line(choices=(window, CHART), details=False, page=1)
        yield v.Button("Chart", f"/{line}")


def _windows(args: Args) -> Row:
    current, *rest = args.choices
    return choice(WINDOWS, current, lambda word: args.line(choices=(word, *rest), page=1))


def _caption(answer: Pnl, args: Args, view: v.View) -> v.Page:
    """Of the picture: the sum, and who is missing from it."""
    shown = [_head(answer, view), *map(v.flowing, reaches(answer, view))]
    shown += remarks.notes(answer.accounts, answer.keyless, view)
    asked = replace(args, choices=(answer.window, CHART), details=False, page=1)
    file = v.Button("File", asked.line(choices=(*asked.choices, FILE)))
    buttons = ((v.Button("Refresh", asked.line()), file), _windows(asked))
    known = answer.provenance
    short = replace(known, failed={name: why[:LONGEST_LINE] for name, why in known.failed.items()})
    return v.Page(
        (v.lines(shown),),
        () if FILE in args.choices else buttons,
        footer=view.provenance(short),
    )


def _head(answer: Pnl, view: v.View) -> v.Html:
    """The sum, whom it is without, and since when it is."""
    flows, of = answer.total.flows, f"{answer.coin} " if answer.coin else ""
    whole = v.cents(flows.sum_usd if flows else None, plus=True)
    return v.flowing(
        [
            f"{of}PnL {answer.window} {whole}",
            without(answer, answer.total.venues, view) if flows else "",
            f"since {day(answer.start_ms, view)}",
        ],
        boldly=True,
    )


def without(answer: Pnl, venues: Sequence[str], view: v.View) -> str:
    """Of those whose money is counted together."""
    lacking = [venue for venue in counted(answer.accounts) if venue not in venues]
    return f"n/a for {view.venues(lacking)}" if lacking else ""


def _above(answer: Pnl, view: v.View) -> Iterator[Sequence[str]]:
    total = answer.total
    if answer.parts_read < answer.parts and answer.provenance.waiting:
        yield [f"reading the logs {v.progress(answer.parts_read, answer.parts)}"]
    if total.flows:
        yield [*unpriced(total.flows.unpriced_coins)]
        yield [*made_of(total.flows)]
    if total.open:
        lacking = without(answer, total.open_venues, view)
        same = total.open_venues == total.venues or not lacking
        yield [*on_margin(total.open), "" if same else f"open {lacking}"]
    yield [*on_opening(total.realised_on_opening_fraction, total.opening_equity_usd)]


def _table(answer: Pnl, view: v.View) -> v.Html:
    rows = [_row(view.short(venue), one.flows, one.open) for venue, one in answer.venues.items()]
    if len(rows) > 1:
        rows.append(_row("all", answer.total.flows, answer.total.open))
    return v.table(["$", "sum", "realised", "open"], rows)


def _row(name: str, flows: Flows | None, opened: Open | None) -> list[str]:
    return [
        name,
        v.fitted(flows.sum_usd if flows else None, WIDEST),
        v.fitted(flows.realised_usd if flows else None, WIDEST),
        v.fitted(opened.unrealised_usd if opened else None, WIDEST),
    ]


def _below(answer: Pnl, view: v.View) -> Iterator[Sequence[str]]:
    yield from reaches(answer, view)
    if answer.coin is None:
        yield from _residuals(answer, view)
        yield _spot(answer, view)


def reaches(answer: Pnl, view: v.View) -> Iterator[Sequence[str]]:
    """Who tells less than was asked for."""
    for venue, one in answer.venues.items():
        if one.log_since_ms is not None and one.log_since_ms > answer.start_ms:
            yield [f"{view.venue(venue)} tells since {moment(one.log_since_ms, view)} only"]


def _residuals(answer: Pnl, view: v.View) -> Iterator[Sequence[str]]:
    """What does not add up; venues of which the same is to be said share a line."""
    said: dict[tuple[str, ...], list[str]] = {}
    for venue, one in answer.venues.items():
        if one.flows is not None and not _is_clean(one):
            said.setdefault((*_residual(one, view),), []).append(venue)
    for (what, *rest), venues in said.items():
        yield [f"{what} {view.venues(venues)}", *rest]


def _is_clean(one: VenuePnl) -> bool:
    found = one.reconciliation
    return found is not None and not found.flagged and not found.unpriced


def _residual(one: VenuePnl, view: v.View) -> Iterator[str]:
    """The first part is followed by the venues' names."""
    found = one.reconciliation
    if found is not None:
        yield "Residual of"
        yield v.cents(found.residual_usd, plus=True) + (" !" if found.flagged else "")
        yield f"since {moment(found.since_ms, view)}"
        yield from remarks.listed("without", found.unpriced)
        return
    yield "Not reconciled:"
    yield f"{one.reconciliation_lacks}"
    if one.reconciliation_lacks is Lacks.SNAPSHOT_THEN and one.snapshots_since_ms:
        yield f"the first is of {moment(one.snapshots_since_ms, view)}"


def _spot(answer: Pnl, view: v.View) -> Sequence[str]:
    """That spot is left out, and what it did in wallets that derivatives share."""
    shared = (
        f"{view.venue(venue)} {v.cents(one.spot_usd, plus=True)}"
        for venue, one in answer.venues.items()
        if one.flows and one.spot_usd != 0
    )
    return ["Spot PnL is not computed", *remarks.listed("its flows:", shared)]
