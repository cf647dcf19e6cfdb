"""The tables of /volume that stand under its compact lines on request."""

from collections.abc import Iterator

from crypto_assistant import view as v
from crypto_assistant.subjects.bars.baselines import BARS
from crypto_assistant.subjects.volume.compact import closed, rvols
from crypto_assistant.subjects.volume.volumes import Volumes


def details(found: Volumes, view: v.View) -> Iterator[v.Html]:
    """Of one kind of market: what is usual, and the bar that is forming."""
    bars = closed(found, view)
    if bars:
        rows = [
            [name, v.scaled(bar.usual_coins), v.signed(bar.robust_z, 2)]
            for name, bar in bars.items()
        ]
        yield v.table(["", "usual coins", f"z {BARS}"], rows)
    yield from _forming(found, view)


def _forming(found: Volumes, view: v.View) -> Iterator[v.Html]:
    forming = {
        view.short(venue): market.forming
        for venue, market in found.venues.items()
        if market.forming
    }
    if found.total and found.total.forming and len(found.venues) > 1:
        forming["all"] = found.total.forming
    if not forming:
        return
    head, *measured = rvols(closed(found, view), forming)
    rows = [
        [
            name,
            v.scaled(bar.volume_coins),
            v.scaled(bar.pace_coins),
            rvol,
            v.part(bar.elapsed_fraction),
        ]
        for (name, bar), rvol in zip(forming.items(), measured, strict=True)
    ]
    yield v.table(["now", "coins", "pace", head, "bar"], rows)
