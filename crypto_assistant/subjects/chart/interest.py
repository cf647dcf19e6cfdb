"""Open interest of a coin's perps over time, venue by venue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.listings import segments
from crypto_assistant.models import Family, Floats, OpenInterest, OpenInterestHistory, Timeframe
from crypto_assistant.round import CoinRound
from crypto_assistant.subjects.bars.windows import STEP

LONGEST = Timeframe.H4
"""The venues keep samples of no longer steps."""
MOST = 500
"""Samples that one request brings everywhere."""


@dataclass(frozen=True, slots=True)
class InterestLines:
    """By venue over its USDT and USDC perps in coins, of a coin-margined question in USD.

    At the same times, the last of them now; NaN where a perp's sample is missing.
    """

    in_usd: bool
    time_ms: NDArray[np.int64]
    venues: Mapping[str, Floats]

    @property
    def total(self) -> Floats:
        """Over all venues."""
        every: Floats = np.sum([*self.venues.values()], axis=0)
        return every


def question(
    round: CoinRound, timeframe: Timeframe, bars: int
) -> Callable[[], InterestLines | None]:
    """Over as much of the last `bars` as all venues tell; None where none tells anything."""
    family = round.coin.perps
    in_usd = family is Family.INVERSE
    step = min(max(timeframe, STEP, key=_length), LONGEST, key=_length)
    limit = min(MOST, bars * timeframe.ms // step.ms + 2)
    now, before = list[Mapping[str, OpenInterest]](), list[Mapping[str, OpenInterestHistory]]()
    for segment in segments.perps(round.coin):
        if segment.family is not family:
            continue
        now.append(round.ask_market(segment, "open interest", lambda ex, m: ex.open_interest(m)))
        before.append(
            round.ask_market(
                segment,
                "open interest history",
                lambda ex, m: ex.open_interest_history(m, step, limit),
                aside=True,
                past=True,
            )
        )

    def build() -> InterestLines | None:
        first_ms = round.now_ms - bars * timeframe.ms
        parts: dict[str, list[tuple[OpenInterest, OpenInterestHistory]]] = {}
        for current, history in zip(now, before, strict=True):
            for venue, one in current.items():
                size = one.usd if in_usd else one.coins
                if size is not None and venue in history and len(history[venue]):
                    parts.setdefault(venue, []).append((one, history[venue]))
        if not parts:
            return None
        every = [history.time_ms for pairs in parts.values() for _, history in pairs]
        start_ms = max(first_ms, *(int(times[0]) for times in every))
        times = np.unique(np.concatenate(every))
        times = np.append(times[times >= start_ms], round.now_ms)
        found = {venue: _sum(pairs, times, in_usd=in_usd) for venue, pairs in parts.items()}
        return InterestLines(in_usd, times, found)

    return build


def _sum(
    pairs: list[tuple[OpenInterest, OpenInterestHistory]],
    times: NDArray[np.int64],
    *,
    in_usd: bool,
) -> Floats:
    total = np.zeros(len(times))
    for now, history in pairs:
        column = np.full(len(times), np.nan)
        _, here, there = np.intersect1d(times, history.time_ms, return_indices=True)
        column[here] = (history.usd if in_usd else history.coins)[there]
        column[-1] = now.usd if in_usd else now.coins
        total += column
    return total


def _length(timeframe: Timeframe) -> int:
    return timeframe.ms
