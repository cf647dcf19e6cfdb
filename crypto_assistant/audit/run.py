"""One audit: every check of every venue, at once, within sixty requests over the three of them."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain
from math import isnan

from crypto_assistant.audit.check import Check, Looked
from crypto_assistant.audit.checks import CHECKS
from crypto_assistant.audit.clock import CLOCK, told
from crypto_assistant.audit.findings import Audit, Finding
from crypto_assistant.errors import ExchangeError, NotListed, Unsupported
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.listings.lists import Coin, Listing, Listings
from crypto_assistant.listings.names import per_plain_coin
from crypto_assistant.models import DAY_MS, Family, Instruments
from crypto_assistant.net.deadline import once, outcome, question
from crypto_assistant.net.limiter import sharing
from crypto_assistant.net.signed import VenueClock

SETTLED_MS = 1_800_000
"""After its end by when a day is whole everywhere: statistics come minutes late."""
LONGEST = 60.0
"""Seconds that an audit may take."""
PART_OF_LIMITS = 0.5


async def audit(exchanges: Sequence[Exchange], clock_ms: Callable[[], int]) -> Audit:
    """Asks the venues, each question once; what fails is found not to be audited."""
    with question(LONGEST), sharing(PART_OF_LIMITS), once():
        # Who does not tell the time is asked for nothing else.
        clocks = await asyncio.gather(*(_clock(exchange, clock_ms) for exchange in exchanges))
        there = {
            exchange: clock
            for exchange, clock in zip(exchanges, clocks, strict=True)
            if isinstance(clock, VenueClock)
        }
        listings = await _listings(list(there))
        found = await asyncio.gather(
            *(_venue(exchange, clock, listings) for exchange, clock in there.items())
        )
    silent = [
        Finding(exchange.name, "", "", None, str(error))
        for exchange, error in zip(exchanges, clocks, strict=True)
        if isinstance(error, ExchangeError)
    ]
    return Audit(clock_ms(), tuple(chain(*found, silent)))


async def _clock(exchange: Exchange, clock_ms: Callable[[], int]) -> VenueClock | ExchangeError:
    return await outcome(told(exchange, clock_ms), LONGEST, f"{exchange.name} (audit)")


async def _listings(exchanges: Sequence[Exchange]) -> Listings:
    """The perps of all venues, under the names of plain coins."""
    places = [
        (exchange, family) for exchange in exchanges for family in (Family.LINEAR, Family.INVERSE)
    ]
    answers = await asyncio.gather(
        *(
            outcome(exchange.instruments(family), LONGEST, f"{exchange.name} (audit)")
            for exchange, family in places
        )
    )
    lists: dict[Listing, Instruments] = {}
    errors: dict[Listing, ExchangeError] = {}
    for (exchange, family), answer in zip(places, answers, strict=True):
        if isinstance(answer, ExchangeError):
            errors[exchange.name, family] = answer
        else:
            lists[exchange.name, family] = answer
    plain = per_plain_coin(lists)
    return Listings(
        {exchange.name: exchange.title for exchange in exchanges},
        instruments={place: listed.where(~listed.dated) for place, listed in plain.items()},
        errors=errors,
    )


async def _venue(exchange: Exchange, clock: VenueClock, listings: Listings) -> list[Finding]:
    ahead = abs(clock.ahead_seconds or 0.0)
    end_ms = (clock.estimate_ms() - SETTLED_MS) // DAY_MS * DAY_MS
    asked = [(check, coin) for check in CHECKS.values() for coin in check.coins]
    found = await asyncio.gather(
        *(_look(exchange, check, coin, listings, end_ms) for check, coin in asked)
    )
    return [_found(exchange, CLOCK, "", ahead), *filter(None, found)]


async def _look(
    exchange: Exchange, check: Check, coin: Coin, listings: Listings, end_ms: int
) -> Finding | None:
    """None where there is no such market, or no second way to its number."""
    try:
        market = listings.market(exchange.name, coin.perps, coin)
    except NotListed:
        return None
    except ExchangeError as error:
        return Finding(exchange.name, check.name, coin.symbol, None, str(error))
    whom = f"{exchange.name} (audit of {check.name} of {market.symbol})"
    off = await outcome(check.off(Looked(exchange, market, end_ms)), LONGEST, whom)
    if isinstance(off, Unsupported):
        return None
    if isinstance(off, ExchangeError):
        return Finding(exchange.name, check.name, market.symbol, None, str(off))
    if isnan(off):
        return Finding(exchange.name, check.name, market.symbol, None, "numbers are missing")
    return _found(exchange, check, market.symbol, off)


def _found(exchange: Exchange, check: Check, market: str, off: float) -> Finding:
    return Finding(
        exchange.name, check.name, market, off, f"{check.words(off)} off {check.against}"
    )
