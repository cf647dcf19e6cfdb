"""Open interest of a coin's dated futures, contract by contract."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from crypto_assistant.errors import NotListed, Unsupported
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings.coins import other_coins
from crypto_assistant.listings.lists import Listings
from crypto_assistant.listings.segments import Segment
from crypto_assistant.models import Instruments, OpenInterest, total
from crypto_assistant.round import CoinRound, each


@dataclass(frozen=True, slots=True)
class Contract:
    expires_ms: int | None
    oi_coins: float | None
    oi_usd: float | None


@dataclass(frozen=True, slots=True)
class DatedFutures:
    """One venue's contracts that told their open interest, by symbol, and their sum.

    `is_part`: whether that is not over all contracts that the venue lists.
    """

    oi_usd: float | None
    is_part: bool
    contracts: Mapping[str, Contract]


def question(
    round: CoinRound, wanted: Sequence[Segment]
) -> Callable[[], Mapping[str, DatedFutures]]:
    """Asks the venues that list futures of the segments' coin, quotes and margins."""
    replies = [_ask(round, _listed(round.listings, segment), segment) for segment in wanted]

    def build() -> Mapping[str, DatedFutures]:
        return {
            venue: _dated_futures([part[venue] for part in replies if venue in part])
            for venue in round.listings.titles
            if any(venue in part for part in replies)
        }

    return build


class _Replies(NamedTuple):
    each: Sequence[OpenInterest]
    listed: int
    received_ms: int


def _ask(
    round: CoinRound, listed: Mapping[str, Instruments], segment: Segment
) -> Mapping[str, _Replies]:
    async def asked(exchange: Exchange) -> _Replies:
        return await _all(exchange, listed[exchange.name])

    return round.ask(f"{segment.title} dated futures", asked, listed)


def _listed(listings: Listings, segment: Segment) -> Mapping[str, Instruments]:
    """Each venue's futures that are margined like the segment."""
    coin, others = segment.coin, other_coins(listings)
    found = {}
    for (venue, family), dated in listings.dated.items():
        if family is segment.family and (venue, family, coin.name) not in others:
            rows = [
                market == (coin.name, coin.quote, coin.tradfi)
                for market in zip(dated.coins, dated.quotes, dated.tradfi.tolist(), strict=True)
            ]
            if any(rows):
                found[venue] = dated.where(np.array(rows))
    return found


async def _all(exchange: Exchange, listed: Instruments) -> _Replies:
    try:
        bulk = await exchange.open_interests(listed)
    except Unsupported:
        answers = await each(exchange.open_interest(listed[row]) for row in range(len(listed)))
        replies = [answer for answer in answers if answer]
        if not replies:
            raise NotListed(listed.coins[0]) from None
        return _Replies(replies, len(listed), min(one.received_ms for one in replies))
    return _Replies([bulk[row] for row in range(len(listed))], len(listed), bulk.received_ms)


def _dated_futures(parts: Sequence[_Replies]) -> DatedFutures:
    replies = [one for part in parts for one in part.each]
    valued = [one.usd for one in replies if one.usd is not None]
    return DatedFutures(
        oi_usd=total(valued),
        is_part=len(valued) < sum(part.listed for part in parts),
        contracts={
            one.instrument.symbol: Contract(one.instrument.expires_ms, one.coins, one.usd)
            for one in sorted(replies, key=lambda one: one.instrument.expires_ms or 0)
        },
    )
