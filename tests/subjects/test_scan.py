"""Scanning the market while venues and single coins fail, hang, and come late."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from math import inf, nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.desk import Desk
from crypto_assistant.errors import ExchangeError, Refused, Unreachable, Unsupported
from crypto_assistant.listings.lists import Listings
from crypto_assistant.models import Candles, Family, Instrument, TakerVolumes, Timeframe
from crypto_assistant.net.cache import Cache, Lifetime
from crypto_assistant.net.deadline import question
from crypto_assistant.net.door import Timing
from crypto_assistant.subjects.scan.answer import GIVE_UP, MOST_AT_ONCE, Scan, scan
from crypto_assistant.subjects.scan.spikes import universe
from tests.markets import NOW, markets, tickers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crypto_assistant.net.api import Api

STEP = Timeframe.M15.ms
AT = NOW // STEP * STEP - STEP
SETTLED_MS = 2000
"""After the end of a bar, by both."""


class Venue:
    """An exchange that answers for its bars as the test says, coin by coin."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = name.title()
        self.hosts: dict[str, Api] = {}
        self.asked: list[str] = []
        self.under_way = self.most_under_way = 0
        self.fails: dict[str, ExchangeError] = {}
        self.volumes: dict[str, list[float]] = {}
        self.is_asked, self.open = asyncio.Event(), asyncio.Event()
        self.open.set()
        self.clock: Callable[[], int] = lambda: NOW

    async def candles(
        self, market: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> Candles:
        self.asked.append(market.coin)
        self.is_asked.set()
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(0)
            await self.open.wait()
        finally:
            self.under_way -= 1
        if market.coin in self.fails:
            raise self.fails[market.coin]
        volumes = self.volumes.get(market.coin, [10.0] * 96 + [30.0])
        return replace(bars(market, timeframe, volumes, end_ms), received_ms=self.clock())

    async def taker_volumes(self, *_: object) -> TakerVolumes:
        raise Unsupported("no takers")


class Late(Venue):
    """Its bars are kept as adapters keep them; the last one comes and is whole after a while."""

    def __init__(self, *, there_ms: float = 0, whole_ms: float = 0) -> None:
        super().__init__("binance")
        self.there_ms, self.whole_ms = AT + STEP + there_ms, AT + STEP + whole_ms
        self.kept = Cache()

    async def candles(
        self, market: Instrument, timeframe: Timeframe, limit: int, end_ms: int
    ) -> Candles:
        async def fetch() -> Candles:
            now_ms = self.clock()
            last = 30.0 if now_ms >= self.whole_ms else 20.0
            found = bars(market, timeframe, [10.0] * (limit - 1) + [last], end_ms)
            is_there = now_ms >= self.there_ms
            return replace(found, closed=found.closed & is_there, received_ms=now_ms)

        self.asked.append(market.coin)
        return await self.kept.get((market, limit, end_ms), Lifetime.INDICATOR.value, fetch)


def bars(market: Instrument, timeframe: Timeframe, volumes: list[float], end_ms: int) -> Candles:
    column, ones = np.array(volumes), np.ones(len(volumes))
    return Candles(
        market,
        timeframe,
        open_ms=end_ms - timeframe.ms * np.arange(len(volumes), 0, -1),
        open=ones,
        high=ones,
        low=ones,
        close=ones * 1.1,
        volume=column,
        turnover=column * 10_000,
        taker_buy=None,
        taker_buy_turnover=None,
        closed=ones.astype(bool),
        received_ms=NOW,
    )


def listed(**coins: Iterable[str]) -> Listings:
    """Perps of ten million USD a day each, less the further back they stand."""
    lists = {
        (venue, Family.LINEAR): markets(
            venue, Family.LINEAR, "BTC/EUR", *(f"{coin}/USDT" for coin in names)
        )
        for venue, names in coins.items()
    }
    told = {}
    for place, each in lists.items():
        traded = {symbol: 1e7 - 1e3 * i for i, symbol in enumerate(each.symbols)}
        told[place] = tickers(each, dict.fromkeys(each.symbols, 1.0), traded)
    return Listings({venue: venue.title() for venue in coins}, lists, told)


def desk_of(*venues: Venue, clock: Callable[[], int] = lambda: NOW) -> Desk:
    for venue in venues:
        venue.clock = clock
    exchanges: Any = venues
    return Desk(exchanges, timing=Timing(), clock_ms=clock)


def from_the_close() -> Callable[[], int]:
    """A clock that runs from the moment at which the bar has ended."""
    begun = monotonic()
    return lambda: AT + STEP + round(1000 * (monotonic() - begun))


def coins(count: int) -> list[str]:
    return [f"C{n}" for n in range(count)]


async def scanned(desk: Desk, listings: Listings) -> Scan:
    with question(desk.timing.scan):
        return await scan(desk, listings, Timeframe.M15, None, lambda _: None)


async def test_a_venue_is_asked_for_a_few_coins_at_once() -> None:
    binance = Venue("binance")
    found = await scanned(desk_of(binance), listed(binance=coins(50)))
    assert binance.most_under_way == MOST_AT_ONCE
    assert sorted(binance.asked) == sorted(coins(50))
    assert {spike.spike_fraction for spike in found.spikes.values()} == {2.0}


async def test_the_most_traded_coins_come_first() -> None:
    binance = Venue("binance")
    await scanned(desk_of(binance), listed(binance=coins(50)))
    assert binance.asked == coins(50)


async def test_what_is_kept_of_a_scan_counts_for_each_coin() -> None:
    desk = desk_of(Venue("binance"))
    await scanned(desk, listed(binance=coins(50)))
    assert desk.kept.bytes > 50_000


async def test_a_venue_that_only_fails_is_given_up_and_the_others_are_not() -> None:
    binance, okx = Venue("binance"), Venue("okx")
    binance.fails = dict.fromkeys(coins(100), Unreachable("HTTP 503"))
    others = [f"X{n}" for n in range(30)]
    found = await scanned(desk_of(binance, okx), listed(binance=coins(100), okx=others))
    assert len(binance.asked) < MOST_AT_ONCE + GIVE_UP
    assert len(found.failures) == 100
    assert found.spikes.keys() == set(others)
    assert found.provenance().failed == {"binance": "HTTP 503"}
    assert found.provenance().answered == ("okx",)


async def test_a_coin_whose_venue_fails_is_scanned_on_its_next_one() -> None:
    binance, okx = Venue("binance"), Venue("okx")
    binance.fails = dict.fromkeys(coins(30), Unreachable("HTTP 503"))
    okx.fails = {"C3": Unreachable("HTTP 500")}
    listings = listed(binance=coins(30), okx=["A", *coins(20)])
    found = await scanned(desk_of(binance, okx), listings)
    first = {coin.name: coin.market.venue for coin in found.coins}
    assert first["C4"] == "binance"
    told = {name: spike.venue for name, spike in found.spikes.items()}
    assert told == dict.fromkeys(["A", *(name for name in coins(20) if name != "C3")], "okx")
    assert found.failures.keys() == {"C3", *coins(30)[20:]}
    assert found.provenance().failed["binance"] == "HTTP 503"
    assert "HTTP 500" in found.provenance().failed["okx"]


async def test_failures_that_do_not_follow_each_other_give_nobody_up() -> None:
    binance = Venue("binance")
    every_other = coins(100)[::2]
    binance.fails = dict.fromkeys(every_other, Refused("51001", "no such market"))
    binance.fails[every_other[7]] = Unreachable("HTTP 503")
    found = await scanned(desk_of(binance), listed(binance=coins(100)))
    assert len(binance.asked) == 100
    assert found.failures.keys() == set(every_other)
    assert found.provenance().failed == {
        "binance": "49 of 100 coins: refused: no such market (51001); 1 of 100 coins: HTTP 503"
    }


async def test_only_what_failed_is_asked_for_again() -> None:
    binance = Venue("binance")
    binance.fails = {"C3": Unreachable("HTTP 503")}
    desk, listings = desk_of(binance), listed(binance=coins(10))
    assert (await scanned(desk, listings)).failures.keys() == {"C3"}
    binance.fails, binance.asked = {}, []
    found = await scanned(desk, listings)
    assert binance.asked == ["C3"]
    assert (len(found.spikes), found.failures) == (10, {})
    await scanned(desk, listings)
    assert binance.asked == ["C3"]


async def test_the_next_bar_is_scanned_anew() -> None:
    binance, now = Venue("binance"), [NOW]
    desk, listings = desk_of(binance, clock=lambda: now[0]), listed(binance=coins(3))
    first = await scanned(desk, listings)
    now[0] = first.valid_until_ms - 1
    assert await scanned(desk, listings) is first
    now[0] = first.valid_until_ms + SETTLED_MS
    assert (await scanned(desk, listings)).at_ms == first.at_ms + STEP
    assert len(binance.asked) == 6


@pytest.mark.parametrize("closes", [0, 1])
async def test_a_bar_that_is_not_there_yet_is_a_failure_and_no_spike(closes: int) -> None:
    """Neither is one that the venue has not closed."""

    class Never(Venue):
        async def candles(self, market: Instrument, *_: Any) -> Candles:
            if not closes:
                return bars(market, Timeframe.M15, [10.0] * 96, AT)
            found = bars(market, Timeframe.M15, [10.0] * 97, AT + STEP)
            return replace(found, closed=found.open_ms < AT)

    found = await scanned(desk_of(Never("binance")), listed(binance=["A", "B"]))
    assert found.spikes == {}
    assert found.provenance().failed == {"binance": "its last bar is not there yet"}


async def test_a_bar_that_is_late_is_asked_for_again_and_gives_nobody_up() -> None:
    binance = Late(there_ms=3 * SETTLED_MS)
    desk = desk_of(binance, clock=from_the_close())
    found = await scanned(desk, listed(binance=coins(30)))
    assert found.is_whole
    assert len(found.spikes) == 30


async def test_a_bar_that_never_comes_is_not_waited_for_for_ever() -> None:
    binance = Late(there_ms=inf)
    found = await scanned(desk_of(binance, clock=from_the_close()), listed(binance=coins(30)))
    assert set(binance.asked) == set(coins(30))
    assert len(found.failures) == 30
    assert found.provenance().failed == {"binance": "its last bar is not there yet"}


@pytest.mark.parametrize("is_kept", [False, True])
async def test_a_bar_counts_when_it_was_received_some_time_after_its_end(is_kept: bool) -> None:
    """Also where somebody else has asked for it before that."""
    binance, listings = Late(whole_ms=SETTLED_MS), listed(binance=["A"])
    desk = desk_of(binance, clock=from_the_close())
    if is_kept:
        market = universe(listings)[0].market
        early = await binance.candles(market, Timeframe.M15, 97, AT + STEP)
        assert (early.volume[-1], early.closed[-1]) == (20, True)
    found = await scanned(desk, listings)
    assert found.is_whole
    assert found.spikes["A"].volume_coins == 30
    assert len(binance.asked) == (3 if is_kept else 1)


async def test_takers_count_when_they_were_received_some_time_after_the_end() -> None:
    class Early(Venue):
        async def taker_volumes(self, *_: object) -> TakerVolumes:
            ones = np.ones(1)
            return TakerVolumes(
                universe(listings)[0].market,
                Timeframe.M15,
                open_ms=np.array([AT]),
                bought=ones,
                sold=ones,
                bought_turnover=ones,
                sold_turnover=ones,
                closed=ones.astype(bool),
                since_ms=0,
                received_ms=received_ms[0],
            )

    received_ms = [AT + STEP + SETTLED_MS - 1]
    desk, listings = desk_of(Early("okx")), listed(okx=["A"])
    found = await scanned(desk, listings)
    assert (found.is_whole, found.spikes["A"].buy_fraction) == (False, None)
    received_ms[0] += 1
    await scanned(desk, listings)
    assert (found.is_whole, found.spikes["A"].buy_fraction) == (True, 0.5)


async def test_bars_without_volumes_have_failed_and_were_not_skipped() -> None:
    binance = Venue("binance")
    binance.volumes = {
        "C0": [nan] * 97,
        "C1": [10.0] * 96 + [nan],
        "C2": [nan] * 77 + [10.0] * 19 + [30.0],
        "C3": [nan] * 76 + [10.0] * 20 + [30.0],
    }
    found = await scanned(desk_of(binance), listed(binance=coins(4)))
    assert found.spikes.keys() == {"C3"}
    assert not found.without_baseline
    assert found.provenance().failed == {"binance": "3 of 4 coins: bars without their volumes"}


async def test_a_scan_is_not_whole_until_the_tickers_of_all_venues_were_there() -> None:
    """The coins whose most traded market is another one then are asked for there."""
    binance, okx = Venue("binance"), Venue("okx")
    whole = listed(binance=["A", "B"], okx=["X", "A"])
    place = "okx", Family.LINEAR
    desk, cold = desk_of(binance, okx), replace(whole, tickers={place: whole.tickers[place]})
    found = await scanned(desk, cold)
    assert found.spikes.keys() == {"X", "A"}
    assert not found.is_whole
    assert found.coins_by_venue == {"binance": 0, "okx": 2}
    okx.asked = []
    await scanned(desk, replace(cold, errors={("binance", Family.LINEAR): Unreachable("HTTP 503")}))
    assert found.provenance().failed == {"binance": "HTTP 503"}
    assert await scanned(desk, whole) is found
    assert (binance.asked, okx.asked) == (["A", "B"], [])
    assert {name: spike.venue for name, spike in found.spikes.items()} == {
        "X": "okx",
        "A": "binance",
        "B": "binance",
    }
    assert (found.provenance().failed, found.is_whole) == ({}, True)


async def test_what_was_found_is_ranked_by_the_turnover_of_all_venues() -> None:
    binance, okx = Venue("binance"), Venue("okx")
    whole = listed(binance=["A"], okx=["B", "A"])
    place = "binance", Family.LINEAR
    desk, cold = desk_of(binance, okx), replace(whole, tickers={place: whole.tickers[place]})
    first = (await scanned(desk, cold)).spikes["A"].turnover_24h_usd
    found = await scanned(desk, whole)
    assert binance.asked == ["A"]
    assert found.spikes["A"].turnover_24h_usd == found.coins[0].turnover_24h_usd > first


def test_stablecoins_and_fiat_are_no_coins() -> None:
    listings = listed(binance=["A", "USDC", "EUR", "B"])
    assert [coin.name for coin in universe(listings)] == ["A", "B"]


def test_a_perp_that_is_another_coin_than_the_spot_markets_of_its_name_is_left_out() -> None:
    listings = listed(bybit=["A", "B"])
    place = "binance", Family.SPOT
    spot = markets(*place, "A/USDT")
    told = tickers(spot, {"AUSDT": 2.0}, {"AUSDT": 1e9})
    listings = replace(
        listings,
        instruments={**listings.instruments, place: spot},
        tickers={**listings.tickers, place: told},
    )
    assert [coin.name for coin in universe(listings)] == ["B"]


async def test_a_coin_without_a_baseline_is_skipped() -> None:
    binance = Venue("binance")
    binance.volumes = {
        "C0": [10.0] * 19 + [500.0],
        "C1": [0.0] * 96 + [500.0],
        "C2": [10.0] * 20 + [500.0],
    }
    found = await scanned(desk_of(binance), listed(binance=coins(3)))
    assert found.without_baseline == {"C0", "C1"}
    assert found.spikes["C2"].spike_fraction == 49
    assert found.is_whole


async def test_what_has_not_come_in_time_has_failed() -> None:
    binance, okx = Venue("binance"), Venue("okx")
    okx.open.clear()
    found = await scanned(desk_of(binance, okx), listed(binance=["A", "B"], okx=coins(30)))
    assert found.spikes.keys() == {"A", "B"}
    assert len(found.failures) == 30
    assert found.provenance().failed == {"okx": "no answer in 57 s"}
    assert found.provenance().waiting == ()


async def test_two_at_once_share_what_is_asked_and_both_hear_how_far_it_is() -> None:
    binance, okx = Venue("binance"), Venue("okx")
    okx.open.clear()
    desk, listings = desk_of(binance, okx), listed(binance=["A", "B"], okx=["C"])
    heard: list[list[int]] = [[], []]

    async def one(n: int) -> Scan:
        def report(part: Scan) -> None:
            heard[n].append(len(part.spikes))
            assert "okx" in part.provenance().waiting
            if all(heard):
                okx.open.set()

        with question(desk.timing.scan):
            return await scan(desk, listings, Timeframe.M15, None, report)

    first, second = await asyncio.gather(one(0), one(1))
    assert first is second
    assert len(binance.asked) + len(okx.asked) == 3
    assert heard[0][-1] == heard[1][-1] == 2
    assert len(first.spikes) == 3


async def test_a_caller_that_leaves_does_not_end_the_scan_of_the_other() -> None:
    binance = Venue("binance")
    binance.open.clear()
    desk, listings = desk_of(binance), listed(binance=["A", "B"])
    first, second = (asyncio.create_task(scanned(desk, listings)) for _ in range(2))
    await binance.is_asked.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    binance.open.set()
    assert len((await second).spikes) == 2
    assert len(binance.asked) == 2


async def test_a_scan_ends_with_its_last_reader_and_what_was_found_stays() -> None:
    binance, okx = Venue("binance"), Venue("okx")
    okx.open.clear()
    desk = desk_of(binance, okx)
    listings, half = listed(binance=["A", "B"], okx=coins(30)), asyncio.Event()

    def report(part: Scan) -> None:
        if len(part.spikes) == 2:
            half.set()

    async def one() -> Scan:
        with question(desk.timing.scan):
            return await scan(desk, listings, Timeframe.M15, None, report)

    readers = [asyncio.create_task(one()) for _ in range(2)]
    await half.wait()
    readers[0].cancel()
    await asyncio.wait(readers[:1])
    assert okx.under_way == MOST_AT_ONCE
    readers[1].cancel()
    await asyncio.wait(readers)
    assert okx.under_way == 0
    okx.open.set()
    okx.asked = []
    assert len((await one()).spikes) == 32
    assert (sorted(okx.asked), binance.asked) == (sorted(coins(30)), ["A", "B"])
