"""Cumulative volume delta of spot and of perps, over the venues that tell all of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.calculators.cvd import cumulative
from crypto_assistant.listings import segments
from crypto_assistant.models import Family, Floats, Timeframe
from crypto_assistant.round import CoinRound
from crypto_assistant.subjects.bars.windows import WINDOWS
from crypto_assistant.subjects.cvd import rows
from crypto_assistant.subjects.cvd.flow import by_kind, common_end, per_bar
from crypto_assistant.subjects.cvd.rows import BARS, Plan, TakerRows

ASKED = ("1h", "4h", "24h")
"""The windows of /cvd, whose rows are asked for, so that both tell the same."""


@dataclass(frozen=True, slots=True)
class Cvd:
    """What takers bought less what they sold in USD, up to each time; 0 at the first.

    `venues`: by kind of market, of whom it is.
    """

    time_ms: NDArray[np.int64]
    usd: Floats
    venues: Mapping[str, Sequence[str]]


def question(round: CoinRound, timeframe: Timeframe) -> Callable[[], Mapping[str, Cvd]]:
    """By `spot` and `perps`, where any venue tells all of it."""
    plan = Plan({name: WINDOWS[name] for name in ASKED}, timeframe, interest=False)
    coin = round.coin
    replies = [
        rows.question(round, segment, plan)
        for segment in (segments.spot(coin), *segments.perps(coin))
    ]

    def build() -> dict[str, Cvd]:
        series = [series for part in replies for series in part.bars.values()]
        end_ms = common_end(series, timeframe.ms, round.now_ms)
        kinds = {
            "spot": [part for part in replies if part.segment.family is Family.SPOT],
            "perps": [part for part in replies if part.segment.family is not Family.SPOT],
        }
        found = {name: _summed(parts, timeframe, end_ms) for name, parts in kinds.items()}
        return {name: cvd for name, cvd in found.items() if cvd}

    return build


def _summed(parts: Sequence[TakerRows], timeframe: Timeframe, end_ms: int) -> Cvd | None:
    deltas = {
        (part.segment.name, venue): column
        for part in parts
        for venue in part.listed
        if venue in part.bars
        and (column := per_bar(part.bars[venue], end_ms, timeframe.ms, BARS)) is not None
    }
    if not deltas:
        return None
    total = np.sum([*deltas.values()], axis=0)
    times = end_ms - timeframe.ms * np.arange(BARS, -1, -1, dtype=np.int64)
    return Cvd(times, np.concatenate([[0.0], cumulative(total)]), by_kind(deltas))
