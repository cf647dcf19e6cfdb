"""One market is read: the next is asked where the first says nothing, and only there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from crypto_assistant.errors import Unreachable
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.models import Instrument, Timeframe
from crypto_assistant.net.door import Timing
from crypto_assistant.round import Round
from crypto_assistant.subjects.bars.primary import Primary, question, settle
from crypto_assistant.subjects.bars.primary import candles as current
from tests.subjects.venue import Venue, candles, round_of

MINUTE = 60_000
PARTS = ("today", "yesterday")
SHIPPED = Timing()


@dataclass(frozen=True)
class Told:
    part: str
    received_ms: int = 0


@dataclass
class Teller(Venue):
    """A venue that tells some parts, and is asked for all; `hangs`: it never answers."""

    tells: tuple[str, ...] = ()
    hangs: bool = False
    heard: list[str] = field(default_factory=list)

    async def part(self, name: str) -> Told:
        self.heard.append(name)
        if self.hangs:
            await asyncio.sleep(3600)
        if name not in self.tells:
            raise Unreachable("no connection")
        return Told(name)


def reading(asked: Round, venues: list[Teller]) -> Primary[str]:
    """Names the venue and what it told."""
    named = {venue.name: venue for venue in venues}

    def of(name: str, part: str) -> Callable[[Exchange], Awaitable[Told]]:
        return lambda _: named[name].part(part)

    def ask_all(market: Instrument) -> Callable[[], str | None]:
        builds = [question(asked, market, part, of(market.venue, part)) for part in PARTS]

        def build() -> str | None:
            told = [one.part for build in builds if (one := build())]
            return f"{market.venue}: {' '.join(told)}" if told else None

        return build

    return Primary(asked, [venue.market for venue in venues], ask_all)


def silent() -> None:
    """Nobody needs a report."""


async def answer(*venues: Teller) -> str | None:
    asked = round_of(*venues)
    read = reading(asked, list(venues))
    await read.settle(silent, spare=0.1)
    return read()


async def test_the_first_market_is_read_and_the_others_are_not_asked() -> None:
    first, second = Teller("binance", tells=PARTS), Teller("okx", tells=PARTS)
    assert await answer(first, second) == "binance: today yesterday"
    assert second.heard == []


async def test_one_part_is_enough_to_stay_with_a_market() -> None:
    first, second = Teller("binance", tells=("yesterday",)), Teller("okx", tells=PARTS)
    assert await answer(first, second) == "binance: yesterday"
    assert second.heard == []


async def test_the_next_market_is_asked_for_everything_where_the_first_said_nothing() -> None:
    venues = Teller("binance"), Teller("bybit"), Teller("okx", tells=("today",))
    assert await answer(*venues) == "okx: today"
    assert [venue.heard for venue in venues] == [[*PARTS]] * 3


async def test_with_nobody_there_nothing_is_known() -> None:
    assert await answer(Teller("binance"), Teller("okx")) is None
    assert await answer() is None


@pytest.mark.parametrize("hanging", [1, 2])
async def test_whoever_is_silent_leaves_time_for_the_next(hanging: int) -> None:
    silent_ones = [Teller(name, hangs=True) for name in ("binance", "bybit")[:hanging]]
    venues = [*silent_ones, Teller("okx", tells=PARTS)]
    asked = round_of(*venues)
    read = reading(asked, venues)
    reports: list[str | None] = []
    await read.settle(lambda: reports.append(read()), spare=SHIPPED.attempt)
    assert read() == "okx: today yesterday"
    assert set(reports) == {None}
    failed = asked.provenance().failed
    assert list(failed) == [venue.name for venue in silent_ones]
    assert failed["binance"] == "no answer in 5 s"


async def test_the_last_market_has_all_the_time() -> None:
    venue = Teller("okx", hangs=True)
    asked = round_of(venue)
    await reading(asked, [venue]).settle(silent, spare=SHIPPED.attempt)
    assert asked.provenance().failed == {"okx": "no answer in 8 s"}


async def test_two_readings_move_on_each_by_itself() -> None:
    first, second = Teller("binance", tells=("today",)), Teller("okx", tells=PARTS)
    asked = round_of(first, second)
    whole = reading(asked, [first, second])
    other = Primary(asked, [first.market, second.market], lambda one: _half(asked, one, first))
    await settle(asked, [whole, other], silent, spare=0.1)
    assert whole() == "binance: today"
    assert other() == "okx"


def _half(asked: Round, market: Instrument, lacking: Teller) -> Callable[[], str | None]:
    async def told(exchange: Exchange) -> Told:
        if exchange.name == lacking.name:
            raise Unreachable("no connection")
        return Told("half")

    build = question(asked, market, "half", told)
    return lambda: market.venue if build() else None


@pytest.mark.parametrize(
    ("late_ms", "is_now"), [(30 * MINUTE + 60_000, True), (46 * MINUTE, False)]
)
async def test_candles_that_ended_long_ago_are_no_answer(late_ms: int, is_now: bool) -> None:
    told = candles(Timeframe.M15, 0, [1.0, 2.0, 3.0])
    told = replace(told, received_ms=int(told.open_ms[-1]) + late_ms)
    asked = round_of(Venue(bars={Timeframe.M15: told}))
    build = current(asked, Venue().market, Timeframe.M15, 3)
    await asked.settle(lambda: None)
    assert (build() is not None) == is_now
    failed = asked.provenance().failed
    assert failed == ({} if is_now else {"binance": "candles of 15m end at 31 Dec 23:45 UTC"})
