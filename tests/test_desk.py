"""Asking every exchange at once: who said what, who failed, and why."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.desk import Desk
from crypto_assistant.errors import (
    Cut,
    GeoBlocked,
    InternalError,
    NoAnswer,
    NotListed,
    RateLimited,
    Refused,
    Unreachable,
    Unsupported,
)
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.models import Family, Instruments, Provenance, Tickers
from crypto_assistant.net.api import Api
from crypto_assistant.net.deadline import due, outcome, question
from crypto_assistant.net.door import Timing
from crypto_assistant.net.limiter import Limiter
from crypto_assistant.net.unread import refused
from crypto_assistant.wave import Wave
from tests.markets import NOW, markets, tickers

NEVER = 3600.0


@dataclass(frozen=True)
class Told:
    """What the exchanges of these tests answer."""

    received_ms: int = NOW


class Stub:
    """An exchange that answers when the test lets it, with what the test says."""

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    hosts: ClassVar[Mapping[str, Api]] = {}

    def __init__(self, name: str) -> None:
        vars(self).update(name=name, title=name.title())
        self.asked: Counter[str] = Counter()
        self.fails: dict[str, Exception] = {}
        self.hangs = False
        self.coins = ["BTC"]
        self.received: Callable[[], int] = lambda: NOW
        self.limiter = Limiter(lambda: NOW)
        self._news: dict[str, asyncio.Future[Any]] = {}

    async def says(self, part: str) -> Any:
        """Waits for what the test says under this name."""
        return await self._news.setdefault(part, asyncio.get_running_loop().create_future())

    def say(self, part: str, told: object = None) -> None:
        news = self._news.setdefault(part, asyncio.get_running_loop().create_future())
        if isinstance(told, Exception):
            news.set_exception(told)
        else:
            news.set_result(told or Told())

    async def instruments(self, family: Family) -> Instruments:
        await self._asked(f"{family} list")
        names = [f"{coin}/USDT" for coin in self.coins]
        return markets(self.name, family, *names, received_ms=self.received())

    async def tickers(self, listed: Instruments) -> Tickers:
        await self._asked(f"{listed.family} tickers")
        return tickers(listed, {}, {"BTCUSDT": 1.0})

    async def _asked(self, what: str) -> None:
        self.asked[what] += 1
        if self.hangs:
            await asyncio.sleep(NEVER)
        if what in self.fails:
            raise self.fails[what]


def stubs(*names: str) -> list[Stub]:
    return [Stub(name) for name in names or ("binance", "bybit", "okx")]


def desk_of(exchanges: Iterable[Stub], clock: Callable[[], int] = lambda: NOW, **kw: Any) -> Desk:
    asked = [cast("Exchange", exchange) for exchange in exchanges]
    return Desk(asked, timing=kw.pop("timing", Timing()), clock_ms=clock, **kw)


def wave_of(desk: Desk, venue: str | None = None) -> Wave:
    return Wave(desk, desk.named(venue))


def says(part: str) -> Callable[[Exchange], Awaitable[Told]]:
    return lambda exchange: cast("Stub", exchange).says(part)


def silent() -> None:
    """Nobody needs a report."""


async def settled(wave: Wave) -> Provenance:
    await wave.settle(silent)
    return wave.provenance()


async def turns(count: int = 5) -> None:
    """Lets whatever can go on go on."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_answers_come_by_venue() -> None:
    binance, bybit, okx = exchanges = stubs()
    wave = wave_of(desk_of(exchanges, simulated=True))
    prices = wave.ask("price", says("price"))
    assert prices == {}
    for exchange, age in ((binance, 3), (bybit, 9), (okx, 5)):
        exchange.say("price", Told(NOW - age))
    known = await settled(wave)
    assert prices == {"binance": Told(NOW - 3), "bybit": Told(NOW - 9), "okx": Told(NOW - 5)}
    assert known == Provenance(
        asked=("binance", "bybit", "okx"),
        answered=("binance", "bybit", "okx"),
        simulated=True,
        time_ms=NOW,
        oldest_ms=NOW - 9,
    )


async def test_one_exchange_down_the_others_still_answer() -> None:
    binance, bybit, okx = exchanges = stubs()
    wave = wave_of(desk_of(exchanges))
    prices = wave.ask("price", says("price"))
    binance.say("price")
    bybit.say("price", GeoBlocked())
    okx.say("price")
    known = await settled(wave)
    assert set(prices) == {"binance", "okx"}
    assert known.answered == ("binance", "okx")
    assert known.failed == {"bybit": "geo-blocked"}


async def test_every_exchange_down_is_an_answer_too() -> None:
    exchanges = stubs()
    wave = wave_of(desk_of(exchanges))
    wave.ask("price", says("price"))
    for exchange in exchanges:
        exchange.say("price", Unreachable("no connection"))
    known = await settled(wave)
    assert known.answered == ()
    assert known.failed == dict.fromkeys(known.asked, "no connection")
    assert known.oldest_ms is None


async def test_the_part_that_is_missing_is_named() -> None:
    (okx,) = exchanges = stubs("okx")
    wave = wave_of(desk_of(exchanges))
    for part in ("price", "funding", "mark", "volume"):
        wave.ask(part, says(part))
    okx.say("price")
    okx.say("funding", Unreachable("HTTP 503"))
    okx.say("mark", Unreachable("HTTP 503"))
    okx.say("volume", GeoBlocked())
    assert (await settled(wave)).failed == {"okx": "funding, mark: HTTP 503; volume: geo-blocked"}


async def test_who_tells_nothing_but_what_is_asked_aside_has_not_answered() -> None:
    okx, bybit = exchanges = stubs("okx", "bybit")
    wave = wave_of(desk_of(exchanges))
    wave.ask("wallet", says("wallet"))
    wave.ask("prices", says("prices"), aside=True)
    for exchange in exchanges:
        exchange.say("prices")
    okx.say("wallet")
    bybit.say("wallet", Refused("10005", "no permission"))
    known = await settled(wave)
    assert known.answered == ("okx",)
    assert known.failed == {"bybit": "refused: no permission (10005)"}


async def test_data_that_a_venue_does_not_offer_is_no_failure() -> None:
    (binance,) = exchanges = stubs("binance")
    wave = wave_of(desk_of(exchanges))
    wave.ask("price", says("price"))
    wave.ask("open interest", says("open interest"))
    binance.say("price")
    binance.say("open interest", Unsupported("one by one"))
    known = await settled(wave)
    assert known.failed == {}
    assert wave.lacks("open interest") == ["binance"]
    assert wave.lacks("price") == []


async def test_a_market_that_a_venue_does_not_list_is_named_though_another_answers() -> None:
    binance, bybit = exchanges = stubs("binance", "bybit")
    wave = wave_of(desk_of(exchanges))
    wave.ask("perp", says("perp"))
    wave.ask("spot", says("spot"))
    binance.say("perp", NotListed("XYZ"))
    binance.say("spot")
    bybit.say("perp", NotListed("XYZ"))
    bybit.say("spot", NotListed("XYZ"))
    known = await settled(wave)
    assert known.answered == ("binance",)
    assert known.failed == {"binance": "perp: does not list XYZ", "bybit": "does not list XYZ"}


async def test_what_failed_is_told_in_the_order_in_which_it_was_asked() -> None:
    (okx,) = exchanges = stubs("okx")
    wave = wave_of(desk_of(exchanges))
    for part in ("perp", "funding", "spot"):
        wave.ask(part, says(part))
    settling = asyncio.create_task(settled(wave))
    okx.say("spot", Unreachable("HTTP 503"))
    await turns()
    okx.say("funding", GeoBlocked())
    okx.say("perp")
    assert (await settling).failed == {"okx": "funding: geo-blocked; spot: HTTP 503"}


async def test_an_order_to_stop_is_told_once_until_its_latest_end() -> None:
    (okx,) = exchanges = stubs("okx")
    wave = wave_of(desk_of(exchanges))
    for part, until_ms in (("perp", NOW + 60_400), ("funding", NOW + 61_300)):
        wave.ask(part, says(part))
        okx.say(part, RateLimited(until_ms))
    assert (await settled(wave)).failed == {"okx": str(RateLimited(NOW + 61_300))}


async def test_of_many_parts_that_failed_for_one_reason_three_are_named() -> None:
    (okx,) = exchanges = stubs("okx")
    wave = wave_of(desk_of(exchanges))
    for part in ("perp", "mark price", "funding", "open interest", "spot"):
        wave.ask(part, says(part))
        okx.say(part, Unreachable("HTTP 503"))
    wave.ask("list", says("list"))
    okx.say("list")
    failed = (await settled(wave)).failed
    assert failed == {"okx": "perp, mark price, funding and 2 more: HTTP 503"}


@pytest.mark.parametrize("waited", [NoAnswer(8), Cut(), Unreachable("HTTP 503")])
async def test_one_outage_is_told_once_since_when_it_lasts(waited: Unreachable) -> None:
    """What was under way as it began waited for an answer; what came later was not sent."""
    (okx,) = exchanges = stubs("okx")
    wave = wave_of(desk_of(exchanges))
    for part in ("perp", "mark price", "funding"):
        wave.ask(part, says(part))
    okx.say("perp", waited)
    okx.say("mark price", waited.lasting(NOW, NOW))
    okx.say("funding", waited)
    assert (await settled(wave)).failed == {"okx": str(waited.lasting(NOW, NOW))}


async def test_a_bug_that_one_venue_meets_is_logged_and_the_others_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    binance, bybit = exchanges = stubs("binance", "bybit")
    wave = wave_of(desk_of(exchanges))
    wave.ask("price", says("price"))
    binance.say("price")
    bybit.say("price", ValueError("a bug"))
    told = await settled(wave)
    assert told.answered == ("binance",)
    assert told.failed == {"bybit": "an error in this program, see its log"}
    assert "a question to bybit (price) failed" in caplog.text
    assert "ValueError: a bug" in caplog.text


async def test_a_venue_whose_part_is_cancelled_alone_has_failed() -> None:
    async def cancelled(_: Exchange) -> Told:
        raise asyncio.CancelledError

    exchanges = stubs("binance", "bybit")
    wave = wave_of(desk_of(exchanges))
    wave.ask("price", says("price"), ["binance"])
    wave.ask("price", cancelled, ["bybit"])
    exchanges[0].say("price")
    told = await settled(wave)
    assert (told.answered, told.waiting) == (("binance",), ())
    assert told.failed == {"bybit": "an error in this program, see its log"}


async def test_whoever_goes_away_ends_his_question() -> None:
    wave = wave_of(desk_of(stubs("binance", "bybit")))
    wave.ask("price", says("price"))
    settling = asyncio.create_task(settled(wave))
    await asyncio.sleep(0.1)
    settling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await settling
    assert wave.provenance().failed == {}


async def test_a_question_that_raises_before_it_asks_fails_its_venue_alone() -> None:
    binance, _ = exchanges = stubs("binance", "bybit")

    def question(exchange: Exchange) -> Awaitable[Told]:
        if exchange.name == "bybit":
            raise NotListed("XYZ")
        return cast("Stub", exchange).says("price")

    wave = wave_of(desk_of(exchanges))
    wave.ask("price", question)
    binance.say("price")
    assert (await settled(wave)).failed == {"bybit": "does not list XYZ"}


async def test_a_venue_that_stays_silent_is_given_up() -> None:
    binance, _ = exchanges = stubs("binance", "bybit")
    wave = wave_of(desk_of(exchanges))
    wave.ask("price", says("price"))
    binance.say("price")
    assert (await settled(wave)).failed == {"bybit": "no answer in 8 s"}


async def test_a_wait_is_told_to_a_tenth_of_a_second() -> None:
    never: asyncio.Future[Tickers] = asyncio.Future()
    assert str(await outcome(never, 2.96)) == "no answer in 3 s"


def test_a_trader_waits_eight_seconds_and_sees_what_arrived_after_one() -> None:
    assert (Timing().answer, Timing().partial) == (8.0, 1.0)


async def test_nothing_is_waited_for_once_the_answer_is_due() -> None:
    desk = desk_of(stubs("okx"), timing=Timing(answer=NEVER))
    with question(desk.timing.answer):
        began = monotonic()
        due.set(began - 1)
        wave = wave_of(desk)
        wave.ask("price", says("price"))
        known = await settled(wave)
    assert monotonic() == began
    assert set(known.failed) == {"okx"}


@pytest.mark.parametrize("ages", [(7, 2), (2, 7)])
async def test_the_age_of_an_answer_is_that_of_its_oldest_part(ages: tuple[int, int]) -> None:
    (okx,) = exchanges = stubs("okx")
    wave = wave_of(desk_of(exchanges))
    for part, age in zip(("price", "funding"), ages, strict=True):
        wave.ask(part, says(part))
        okx.say(part, Told(NOW - age))
    assert (await settled(wave)).oldest_ms == NOW - 7


async def test_what_does_not_change_any_more_has_no_age() -> None:
    (okx,) = exchanges = stubs("okx")
    wave = wave_of(desk_of(exchanges))
    for part, age, past in (("price", 2, False), ("yesterday", 300_000, True)):
        wave.ask(part, says(part), past=past)
        okx.say(part, Told(NOW - age))
    known = await settled(wave)
    assert (known.answered, known.oldest_ms) == (("okx",), NOW - 2)


async def test_who_keeps_the_reader_waiting_is_reported_at_each_arrival() -> None:
    binance, bybit, okx = exchanges = stubs()
    wave = wave_of(desk_of(exchanges, timing=Timing(partial=0.0)))
    wave.ask("price", says("price"))
    waiting: list[tuple[str, ...]] = []
    settling = asyncio.create_task(wave.settle(lambda: waiting.append(wave.provenance().waiting)))
    await turns()
    assert waiting == [("binance", "bybit", "okx")]
    okx.say("price")
    await turns()
    assert waiting[1:] == [("binance", "bybit")]
    binance.say("price", GeoBlocked())
    await turns()
    assert waiting[2:] == [("bybit",)]
    bybit.say("price")
    await settling
    assert len(waiting) == 3
    assert wave.provenance().waiting == ()


async def test_nothing_is_reported_when_all_answer_soon() -> None:
    (okx,) = exchanges = stubs("okx")
    wave = wave_of(desk_of(exchanges, timing=Timing(partial=NEVER, answer=NEVER)))
    wave.ask("price", says("price"))
    reports: list[str] = []
    settling = asyncio.create_task(wave.settle(lambda: reports.append("late")))
    await turns()
    okx.say("price")
    await settling
    assert reports == []


async def test_a_venue_is_waited_for_until_its_last_part() -> None:
    (okx,) = exchanges = stubs("okx")
    wave = wave_of(desk_of(exchanges, timing=Timing(partial=0.0)))
    wave.ask("price", says("price"))
    wave.ask("funding", says("funding"))
    settling = asyncio.create_task(wave.settle(silent))
    okx.say("price")
    await turns()
    assert wave.provenance().waiting == ("okx",)
    assert wave.provenance().answered == ("okx",)
    okx.say("funding")
    await settling


async def test_a_wave_asks_one_venue_or_some() -> None:
    binance, bybit, okx = exchanges = stubs()
    desk = desk_of(exchanges)
    one = wave_of(desk, "okx")
    answers = one.ask("price", says("price"))
    okx.say("price")
    assert (await settled(one)).asked == ("okx",)
    assert set(answers) == {"okx"}

    some = wave_of(desk)
    answers = some.ask("funding", says("funding"), {"binance", "bybit"})
    binance.say("funding")
    bybit.say("funding")
    await some.settle(silent)
    assert set(answers) == {"binance", "bybit"}


async def test_a_wave_without_a_question_settles() -> None:
    wave = wave_of(desk_of(stubs()))
    wave.ask("price", says("price"), ())
    assert (await settled(wave)).answered == ()


async def test_numbers_that_cannot_be_are_named_beside_the_answer() -> None:
    okx, bybit = exchanges = stubs("okx", "bybit")
    wave = wave_of(desk_of(exchanges))

    async def question(exchange: Exchange) -> Told:
        told = await says("price")(exchange)
        if exchange.name == "okx":
            await asyncio.gather(_refusing(1), _refusing(2))
        return told

    wave.ask("price", question)
    okx.say("price")
    bybit.say("price")
    known = await settled(wave)
    assert set(known.answered) == {"okx", "bybit"}
    assert known.failed == {"okx": "price: 3 fields out of range"}


async def test_numbers_that_cannot_be_are_logged_once_an_hour_of_each_venue(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exchanges = stubs("okx", "bybit")
    desk = desk_of(exchanges)
    for exchange in exchanges:
        exchange.say("price")

    async def question(exchange: Exchange) -> Told:
        refused(1)
        return await says("price")(exchange)

    for seconds in (0.0, 3599.0, 1.0):
        await asyncio.sleep(seconds)
        wave = wave_of(desk)
        wave.ask("price", question)
        await settled(wave)
    told = [f"{venue}: price: 1 field out of range" for venue in ("okx", "bybit")]
    assert caplog.messages == told * 2


async def _refusing(fields: int) -> None:
    refused(fields)


async def test_a_long_reason_is_cut() -> None:
    (okx,) = exchanges = stubs("okx")
    wave = wave_of(desk_of(exchanges))
    wave.ask("price", says("price"))
    okx.say("price", Unreachable("x" * 5000))
    assert len((await settled(wave)).failed["okx"]) < 200


class Clock:
    """The host's clock on the wall, which somebody may set."""

    def __init__(self) -> None:
        self.set_by_ms = 0
        self._began = monotonic()

    def __call__(self) -> int:
        return NOW + self.set_by_ms + round(1000 * (monotonic() - self._began))


LISTS = {f"{family} list": 1 for family in Family}


async def test_the_first_question_waits_for_the_lists_and_later_ones_do_not() -> None:
    exchanges = stubs()
    desk = desk_of(exchanges)
    listings = await desk.listings()
    assert set(listings.instruments) == {(ex.name, family) for ex in exchanges for family in Family}
    assert set(listings.tickers) == set(listings.instruments)
    assert await desk.listings() is listings
    assert all(exchange.asked[name] == 1 for exchange in exchanges for name in LISTS)


async def test_a_list_that_failed_is_missing_alone_and_asked_again_alone() -> None:
    binance, bybit = exchanges = stubs("binance", "bybit")
    bybit.fails["spot list"] = Unreachable("HTTP 503")
    desk = desk_of(exchanges)
    listings = await desk.listings()
    assert set(listings.errors) == {("bybit", Family.SPOT)}
    assert ("bybit", Family.SPOT) not in listings.instruments
    assert len(listings.instruments) == 5

    bybit.fails.clear()
    await desk.keeper.load(1)
    listings = await desk.listings()
    assert not listings.errors
    assert len(listings.instruments) == 6
    assert bybit.asked["spot list"] == 2
    assert bybit.asked["linear list"] == 1
    assert all(binance.asked[name] == 1 for name in LISTS)


async def test_while_no_list_at_all_arrives_every_question_says_why() -> None:
    exchanges = stubs()
    for exchange in exchanges:
        exchange.hangs = True
    desk = desk_of(exchanges)
    listings = await desk.listings()
    assert {str(error) for error in listings.errors.values()} == {"no answer in 3 s"}
    assert len(listings.errors) == 9


async def test_an_old_list_is_asked_again_and_kept_where_that_fails() -> None:
    clock = Clock()
    binance, bybit = exchanges = stubs("binance", "bybit")
    desk = desk_of(exchanges, clock)
    await desk.keeper.load(1)
    await asyncio.sleep(60)
    await desk.keeper.load(1)
    assert binance.asked["linear list"] == 1

    await asyncio.sleep(600)
    binance.coins = ["BTC", "NEW"]
    binance.received = clock
    bybit.fails["linear list"] = Unreachable("HTTP 503")
    await desk.keeper.load(1)
    listings = await desk.listings()
    assert listings.listed("binance", Family.LINEAR).coins == ("BTC", "NEW")
    assert listings.listed("bybit", Family.LINEAR).coins == ("BTC",)
    assert not listings.errors


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000, 0])
async def test_a_clock_that_is_set_changes_nothing_about_when_a_list_is_old(step_ms: int) -> None:
    clock = Clock()
    (okx,) = exchanges = stubs("okx")
    desk = desk_of(exchanges, clock)
    await desk.keeper.load(1)
    clock.set_by_ms += step_ms
    await asyncio.sleep(300)
    await desk.keeper.load(1)
    assert okx.asked["linear list"] == 1
    await asyncio.sleep(300)
    await desk.keeper.load(1)
    assert okx.asked["linear list"] == 2


async def test_a_list_that_was_kept_while_its_tickers_failed_is_as_old_as_it_is() -> None:
    clock = Clock()
    (okx,) = exchanges = stubs("okx")
    okx.fails["linear tickers"] = Unreachable("HTTP 503")
    desk = desk_of(exchanges, clock)
    await desk.keeper.load(1)
    clock.set_by_ms -= 3_600_000
    await asyncio.sleep(400)
    okx.fails.clear()
    await desk.keeper.load(1)
    asked = okx.asked["linear list"]
    await asyncio.sleep(120)
    await desk.keeper.load(1)
    assert okx.asked["linear list"] == asked + 1


async def test_a_list_that_is_seen_late_is_as_old_as_it_says() -> None:
    """Some of its pages may have been kept for minutes while others failed."""
    clock = Clock()
    (okx,) = exchanges = stubs("okx")
    okx.received = lambda: NOW - 400_000
    desk = desk_of(exchanges, clock)
    for passed, times in ((0, 1), (103.9, 1), (0.2, 2)):
        await asyncio.sleep(passed)
        await desk.keeper.load(1)
        assert okx.asked["linear list"] == times


async def test_a_market_that_is_listed_no_more_vanishes_with_its_ticker() -> None:
    clock = Clock()
    (okx,) = exchanges = stubs("okx")
    okx.coins = ["BTC", "GONE"]
    desk = desk_of(exchanges, clock)
    await desk.keeper.load(1)
    await asyncio.sleep(600)
    okx.coins, okx.received = ["BTC"], clock
    await desk.keeper.load(1)
    listings, place = await desk.listings(), ("okx", Family.LINEAR)
    assert listings.instruments[place].coins == ("BTC",)
    assert listings.tickers[place].instruments.coins == ("BTC",)


@pytest.mark.parametrize(
    "trouble", ["none", "another venue is down", "another was down", "slow", "clock set back"]
)
async def test_a_new_market_is_known_within_ten_minutes(trouble: str) -> None:
    """It is listed just after a list was asked for, at the worst moment."""
    clock, later = Clock(), asyncio.get_running_loop().call_later
    okx, bybit = exchanges = stubs("okx", "bybit")
    okx.received = bybit.received = clock
    if trouble.startswith("another"):
        bybit.fails = {f"{family} list": Unreachable("HTTP 503") for family in Family}
    desk = desk_of(exchanges, clock)
    keeper = asyncio.create_task(desk.keeper.keep(silent))
    await turns()
    okx.coins = ["BTC", "NEW"]
    if trouble == "another was down":
        later(480, bybit.fails.clear)
    if trouble == "slow":  # The list goes on arriving, and is there soon.
        later(500, setattr, okx, "hangs", True)
        later(570, setattr, okx, "hangs", False)
    if trouble == "clock set back":
        clock.set_by_ms -= 3_600_000
    async with asyncio.timeout(600):
        while "NEW" not in (await desk.listings()).listed("okx", Family.LINEAR).coins:  # noqa: ASYNC110
            await asyncio.sleep(1)
    keeper.cancel()


async def test_a_list_that_waits_for_the_end_of_an_order_to_stop_is_late_for_that() -> None:
    (okx,) = exchanges = stubs("okx")
    okx.hangs = True
    okx.limiter.hold(5)
    desk = desk_of(exchanges)
    await desk.keeper.load(3)
    errors = (await desk.listings()).errors
    assert {str(error)[:18] for error in errors.values()} == {"rate-limited until"}


async def test_lists_that_keep_failing_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    (okx,) = exchanges = stubs("okx")
    desk = desk_of(exchanges)
    for why in (NoAnswer(8), NoAnswer(8, NOW), NoAnswer(8, NOW)):
        okx.fails = {f"{family} list": why for family in Family}
        await desk.keeper.load(1)
    assert caplog.messages == ["okx: listings not loaded (spot, linear, inverse): no answer in 8 s"]


async def test_tickers_that_failed_leave_the_lists_usable_and_are_asked_again() -> None:
    (okx,) = exchanges = stubs("okx")
    okx.fails["linear tickers"] = Unreachable("HTTP 503")
    desk = desk_of(exchanges)
    listings = await desk.listings()
    assert listings.by_turnover(Family.LINEAR, listings.find("BTC")) == ["okx"]
    assert ("okx", Family.LINEAR) not in listings.tickers

    okx.fails.clear()
    await desk.keeper.load(1)
    assert ("okx", Family.LINEAR) in (await desk.listings()).tickers


async def test_tickers_rank_markets_for_ten_minutes() -> None:
    """Which of them trades another coin, they tell for longer."""
    (okx,) = exchanges = stubs("okx")
    desk = desk_of(exchanges)
    await desk.listings()
    okx.fails = {f"{family} tickers": Unreachable("HTTP 503") for family in Family}
    await asyncio.sleep(599)
    await desk.keeper.load(1)
    assert len((await desk.listings()).recent_tickers) == len(Family)
    await asyncio.sleep(2)
    found = await desk.listings()
    assert (found.recent_tickers, len(found.tickers)) == ({}, len(Family))
    assert found.by_turnover(Family.LINEAR, found.find("BTC")) == ["okx"]


async def test_loads_at_the_same_time_are_one() -> None:
    (okx,) = exchanges = stubs("okx")
    desk = desk_of(exchanges)
    await asyncio.gather(desk.listings(), desk.keeper.load(1), desk.listings())
    assert okx.asked["linear list"] == 1


async def test_a_question_that_is_given_up_leaves_the_load_to_the_others() -> None:
    (okx,) = exchanges = stubs("okx")
    desk = desk_of(exchanges)
    impatient = asyncio.create_task(desk.listings())
    patient = asyncio.create_task(desk.listings())
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).instruments
    assert okx.asked["linear list"] == 1


async def test_the_keeper_loads_and_says_so() -> None:
    exchanges = stubs("okx")
    desk = desk_of(exchanges)
    loaded = asyncio.Event()
    keeper = asyncio.create_task(desk.keeper.keep(loaded.set))
    await loaded.wait()
    assert (await desk.listings()).instruments
    assert exchanges[0].asked["linear list"] == 1
    keeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeper


async def test_a_bug_in_a_load_is_logged_and_does_not_end_the_keeper(
    caplog: pytest.LogCaptureFixture,
) -> None:
    okx, _ = exchanges = stubs("okx", "bybit")
    okx.fails["linear list"] = ValueError("a bug")
    desk = desk_of(exchanges)
    loaded = asyncio.Event()
    keeper = asyncio.create_task(desk.keeper.keep(loaded.set))
    await loaded.wait()
    assert not keeper.done()
    assert "a bug" in caplog.text
    listings = await desk.listings()
    assert ("bybit", Family.LINEAR) in listings.instruments
    assert isinstance(listings.errors["okx", Family.LINEAR], InternalError)
    assert "a question to okx (linear listings) failed" in caplog.text
    keeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeper


async def test_kept_tickers_follow_when_a_later_list_says_what_a_plain_coin_is() -> None:
    """As long as nobody else lists it, 1000PEPE may be a name like any other."""
    okx, bybit = exchanges = stubs("okx", "bybit")
    okx.coins, bybit.coins = ["PEPE"], ["1000PEPE"]
    okx.fails = {f"{family} list": Unreachable("HTTP 503") for family in Family}
    desk = desk_of(exchanges)
    await desk.keeper.load(1)
    place = "bybit", Family.LINEAR
    assert (await desk.listings()).tickers[place].instruments.coins == ("1000PEPE",)

    okx.fails.clear()
    await desk.keeper.load(1)
    listings = await desk.listings()
    assert listings.instruments[place].coins == ("PEPE",)
    assert listings.tickers[place].instruments.coins == ("PEPE",)
