"""Open interest of a coin's perps on every venue: now, against earlier samples, and its funding."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from crypto_assistant.calculators import open_interest as calculate
from crypto_assistant.errors import ExchangeError
from crypto_assistant.listings.lists import Listings
from crypto_assistant.listings.segments import Segment
from crypto_assistant.models import (
    Family,
    Floats,
    Funding,
    OpenInterest,
    OpenInterestHistory,
    Timeframe,
    known,
)
from crypto_assistant.round import CoinRound
from crypto_assistant.subjects.bars.windows import STEP, WINDOWS, Windows, start

RECENT = 52
"""Samples of the newest history: four hours, and some for a venue that is late."""
AROUND = 3
"""Samples asked for around a time of the past."""


@dataclass(frozen=True, slots=True)
class Change:
    """A market's open interest against its sample `then`, which is `age_ms` old.

    Coins are of linear markets only: a coin-margined one's move with the price alone.
    `change_fraction` is of coins, of a coin-margined market of USD. `positions_usd` and
    `price_usd` add up to `delta_usd`.
    """

    then_ms: int
    age_ms: int
    then_coins: float | None
    then_usd: float | None
    delta_coins: float | None
    delta_usd: float | None
    change_fraction: float | None
    positions_usd: float | None
    price_usd: float | None


@dataclass(frozen=True, slots=True)
class Perp:
    """One perp; `changes` by window, None where no sample is near enough to its start."""

    family: Family
    symbol: str | None
    oi_coins: float | None
    oi_usd: float | None
    funding_fraction: float | None
    funding_hours: float | None
    funding_8h_fraction: float | None
    next_funding_ms: int | None
    changes: Mapping[str, Change | None]


Interest = Mapping[str, Mapping[str, Perp]]
"""By venue and by segment: every perp that the venue lists, if it told anything now of any."""


def question(
    round: CoinRound, wanted: Sequence[Segment], windows: Windows = WINDOWS
) -> Callable[[], Interest]:
    """The windows end at the round's time."""
    replies = [_replies(round, segment, windows) for segment in wanted]

    def build() -> Interest:
        return {
            venue: {
                one.segment.name: _market(one, round, venue, windows)
                for one in replies
                if venue in one.venues
            }
            for venue in round.listings.titles
            if any(one.tells(venue) for one in replies)
        }

    return build


@dataclass(frozen=True, slots=True)
class _Replies:
    """What has arrived of a segment, by venue."""

    segment: Segment
    venues: Sequence[str]
    interests: Mapping[str, OpenInterest]
    fundings: Mapping[str, Funding]
    histories: Sequence[Mapping[str, OpenInterestHistory]]

    def tells(self, venue: str) -> bool:
        """Whether the venue has said anything of its perp as it is now."""
        return venue in self.interests or venue in self.fundings


def _replies(round: CoinRound, segment: Segment, windows: Windows) -> _Replies:
    def history(limit: int, end_ms: int | None = None) -> Mapping[str, OpenInterestHistory]:
        return round.ask_market(
            segment,
            "open interest history",
            lambda exchange, market: exchange.open_interest_history(market, STEP, limit, end_ms),
            aside=True,
            past=True,
        )

    earlier = [window for window in windows.values() if window.ms > (RECENT - 3) * STEP.ms]
    return _Replies(
        segment,
        venues=round.listing(segment),
        interests=round.ask_market(
            segment, "open interest", lambda ex, market: ex.open_interest(market)
        ),
        fundings=round.ask_market(segment, "funding", lambda ex, market: ex.funding(market)),
        histories=[
            history(RECENT, _after(round.now_ms, min(windows.values(), key=lambda w: w.ms))),
            *(history(AROUND, _after(round.now_ms, window)) for window in earlier),
        ],
    )


def _after(now_ms: int, window: Timeframe) -> int:
    """An end, on the samples' grid, with the samples on both sides of the window's start."""
    return (now_ms - window.ms) // STEP.ms * STEP.ms + 2 * STEP.ms


def _market(replies: _Replies, round: CoinRound, venue: str, windows: Windows) -> Perp:
    segment = replies.segment
    interest, funding = replies.interests.get(venue), replies.fundings.get(venue)
    samples = _Samples.of([part[venue] for part in replies.histories if venue in part])
    inverse = segment.family is Family.INVERSE
    return Perp(
        family=segment.family,
        symbol=_symbol(round.listings, segment, venue),
        oi_coins=interest.coins if interest else None,
        oi_usd=interest.usd if interest else None,
        funding_fraction=funding.rate if funding else None,
        funding_hours=funding.hours if funding else None,
        funding_8h_fraction=funding.rate_8h if funding else None,
        next_funding_ms=funding.next_ms if funding else None,
        changes={
            name: _change(samples, window, interest, round.now_ms, inverse=inverse)
            for name, window in windows.items()
        },
    )


def _symbol(listings: Listings, segment: Segment, venue: str) -> str | None:
    try:
        return listings.market(venue, segment.family, segment.coin).symbol
    except ExchangeError:  # Its list is not known.
        return None


@dataclass(frozen=True, slots=True)
class _Samples:
    """A market's history, in ascending order."""

    time_ms: NDArray[np.int64]
    coins: Floats
    usd: Floats

    @classmethod
    def of(cls, parts: Sequence[OpenInterestHistory]) -> "_Samples":
        time_ms = np.concatenate([np.empty(0, np.int64), *(part.time_ms for part in parts)])
        order = np.argsort(time_ms, kind="stable")
        return cls(
            time_ms[order],
            np.concatenate([np.empty(0), *(part.coins for part in parts)])[order],
            np.concatenate([np.empty(0), *(part.usd for part in parts)])[order],
        )

    def price(self, window: Timeframe, now_ms: int) -> float:
        """In USD per coin, by the valued sample nearest to the window's start; nan for none."""
        valued = np.flatnonzero(self.usd * self.coins > 0)
        row = start(self.time_ms[valued], window, now_ms)
        return nan if row is None else float(self.usd[valued[row]] / self.coins[valued[row]])


def _change(
    samples: _Samples,
    window: Timeframe,
    interest: OpenInterest | None,
    now_ms: int,
    *,
    inverse: bool,
) -> Change | None:
    row = start(samples.time_ms, window, now_ms)
    if row is None:
        return None
    then, then_usd = float(samples.coins[row]), float(samples.usd[row])
    now, now_usd = _now(interest)
    if isnan(then_usd) and not inverse:
        then_usd = then * samples.price(window, now_ms)
    if inverse:
        then = now = nan
        change = calculate.change(now_usd, then_usd)
        positions, price = calculate.split_inverse(then_usd, now_usd)
    else:
        change = calculate.change(now, then)
        positions, price = calculate.split(then, _each(then_usd, then), now, _each(now_usd, now))
    time_ms = int(samples.time_ms[row])
    return Change(
        then_ms=time_ms,
        age_ms=now_ms - time_ms,
        then_coins=known(then),
        then_usd=known(then_usd),
        delta_coins=known(now - then),
        delta_usd=known(now_usd - then_usd),
        change_fraction=known(change),
        positions_usd=known(positions),
        price_usd=known(price) if known(positions) is not None else None,
    )


def _now(interest: OpenInterest | None) -> tuple[float, float]:
    """Coins and USD, nan where not known."""
    if interest is None:
        return nan, nan
    return _or_nan(interest.coins), _or_nan(interest.usd)


def _or_nan(value: float | None) -> float:
    return nan if value is None else value


def _each(usd: float, coins: float) -> float:
    """The price at which the coins are worth so much."""
    return usd / coins if coins else nan
