"""The window of /pnl day by day: what each of the owner's days brought, and equity over them."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from crypto_assistant import worth
from crypto_assistant.ledger import Snapshot
from crypto_assistant.midnights import midnight_ms
from crypto_assistant.models import Entry, Floats
from crypto_assistant.subjects.account.pnl import derivatives
from crypto_assistant.subjects.account.pnl.derivatives import Flows, Usd

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Told:
    """What one venue has said: the lines that count, since when all are there, and equity.

    `now_usd`: equity of the margined wallets, None where it did not come or is not reconciled.
    """

    entries: Sequence[Entry]
    since_ms: int
    end_ms: int
    usd: Usd
    snapshots: Sequence[Snapshot]
    now_usd: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Equity:
    """Over the venues named, at the first snapshot of each day and now; NaN where one is missing.

    `without`: the others that count, whose snapshots begin on a later day, if at all.
    """

    venues: tuple[str, ...]
    without: tuple[str, ...]
    time_ms: Times
    usd: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Daily:
    """`edge_ms`: when each day begins, and when the last one, today, ends; `zone`: the owner's, ""
    for UTC. `now_ms`: by the venues' clocks.

    `sum_usd`: a number a day, as the sum of /pnl; NaN where no log reaches it.
    """

    zone: str
    edge_ms: Times
    now_ms: int
    sum_usd: Floats
    equity: Equity | None


def daily(venues: Mapping[str, Told], start_ms: int, zone: ZoneInfo | None) -> Daily | None:
    """From the window's start on; None where there is nothing to draw."""
    now_ms = max((one.end_ms for one in venues.values()), default=start_ms)
    edges = _edges(start_ms, now_ms, zone)
    columns = zip(*(_flows(one, edges) for one in venues.values()), strict=True)
    days = [derivatives.summed_flows(filter(None, column)) for column in columns]
    sums = np.array([day.sum_usd if day else None for day in days], dtype=float)
    if not np.isfinite(sums).any():
        return None
    return Daily(
        zone=zone.key if zone else "",
        edge_ms=np.array(edges),
        now_ms=now_ms,
        sum_usd=sums,
        equity=_equity(venues, edges, now_ms),
    )


def _edges(start_ms: int, now_ms: int, zone: ZoneInfo | None) -> list[int]:
    edges = [start_ms]
    while edges[-1] <= now_ms:
        edges.append(midnight_ms(start_ms, zone, len(edges)))
    return edges


def _flows(told: Told, edges: Sequence[int]) -> list[Flows | None]:
    """Of each day; None where the log does not tell all of it, nor anything."""
    days: list[list[Entry]] = [[] for _ in edges[1:]]
    for entry in told.entries:
        days[_day(entry.time_ms, edges)].append(entry)
    return [
        derivatives.flows(day, told.usd) if day or told.since_ms <= begin_ms else None
        for begin_ms, day in zip(edges, days, strict=False)
    ]


def _day(ms: int, edges: Sequence[int]) -> int:
    return bisect_right(edges, ms) - 1


def _equity(venues: Mapping[str, Told], edges: Sequence[int], now_ms: int) -> Equity | None:
    taken = {venue: _first_of_days(one.snapshots, edges) for venue, one in venues.items()}
    begin = {venue: min(days) for venue, days in taken.items() if days}
    if not begin:
        return None
    named = tuple(venue for venue, day in begin.items() if day == min(begin.values()))
    times, sums = [], []
    for day, begin_ms in enumerate(edges[:-1]):
        those = [taken[venue].get(day) for venue in named]
        times.append(max((one.taken_ms for one in those if one), default=begin_ms))
        sums.append(worth.whole(derivatives.equity_usd(one) if one else None for one in those))
    return Equity(
        venues=named,
        without=tuple(venue for venue in venues if venue not in named),
        time_ms=np.array([*times, now_ms]),
        usd=np.array([*sums, worth.whole(venues[venue].now_usd for venue in named)], dtype=float),
    )


def _first_of_days(snapshots: Sequence[Snapshot], edges: Sequence[int]) -> dict[int, Snapshot]:
    return {_day(one.taken_ms, edges): one for one in reversed(snapshots)}
