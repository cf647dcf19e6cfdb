"""A host whose clock is wrong tells the numbers of one whose clock is right."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.app import view_of
from crypto_assistant.commands import COMMANDS
from crypto_assistant.desk import Desk
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.front import Front
from crypto_assistant.net.door import Door
from crypto_assistant.net.venue_time import VenueTime
from tests.clock import NOW
from tests.clock import clock as right_clock
from tests.floor import SHIPPED, _exchanges, differences, leaves, numbers

LINES = (
    "/price BTC",
    "/price BTC details",
    "/top10",
    "/top10 funding",
    "/volume BTC 5m",
    "/cvd BTC 5m",
    "/oi BTC",
    "/oi BTC details",
    "/analysis BTC 5m",
    "/volume BTC 1m",
    "/analysis BTC 1m binance",
    "/volscan 150 5m",
)
CLOCKS = {"time_ms", "oldest_ms", "clock_ahead_seconds"}
"""What is told of this host's own time, and of what it received by that."""


@asynccontextmanager
async def asked_at(world: Callable[[], int], host: Callable[[], int]) -> AsyncIterator[Front]:
    """A front whose host reads another clock than the venues."""
    sandbox = _exchanges(0, world)
    sandbox.faults.clear()
    async with sandbox.serve() as urls, aiohttp.ClientSession() as session:
        door = Door(session, host, SHIPPED)
        desk = Desk([venue(door, urls) for venue in EXCHANGES], timing=SHIPPED, clock_ms=host)
        try:
            yield Front(COMMANDS, desk, view_of(EXCHANGES, None))
        finally:
            await desk.close()
            await door.close()


async def told(ahead_ms: int) -> Mapping[str, tuple[Any, str]]:
    """The numbers and the page of each line, at one second of the world."""
    async with asked_at(right_clock, lambda: NOW + ahead_ms) as front:
        found = {}
        for line in LINES:
            answer = await front.ask(line)
            found[line] = numbers(answer), front.sheet(line, answer).text
        return found


@pytest.mark.parametrize("ahead_ms", [25_000, -25_000, 1200, -1200, 500, -500])
async def test_every_number_is_that_of_a_right_clock(ahead_ms: int) -> None:
    right, wrong = await told(0), await told(ahead_ms)
    for line in LINES:
        found = differences(wrong[line][0], right[line][0])
        assert {path for path in found if not CLOCKS & set(path.split("/"))} == set(), line
        assert leaves(right[line][0])
        named = "this host's clock is" in wrong[line][1]
        assert named == (abs(ahead_ms) > 2000), line  # A Date tells no less than a second.
        if named:
            side = "ahead of" if ahead_ms > 0 else "behind"
            assert f"this host's clock is 25 s {side} Binance" in wrong[line][1]


@pytest.mark.parametrize("line", ["/volume BTC 1m", "/analysis BTC 1m", "/volume BTC 5m"])
async def test_a_bar_that_ends_between_two_questions_is_missing_in_neither(line: str) -> None:
    end_ms = -(-NOW // 300_000) * 300_000
    begun = asyncio.get_running_loop().time()

    def clock() -> int:
        return end_ms - 400 + round((asyncio.get_running_loop().time() - begun) * 1000)

    async with asked_at(clock, clock) as front:
        opens, missing = [], []
        for _ in range(40):
            asked_ms = clock()
            answer = numbers(await front.ask(line))
            opens.append((asked_ms - end_ms, answer["bar_open_ms"]))
            missing.append({path for path, value in leaves(answer).items() if value is None})
            await asyncio.sleep(0.2)
    later = {path for gone in missing for path in gone - missing[0]}
    assert {path.rsplit("/", 1)[0].rsplit("/", 1)[-1] for path in later} <= {"forming"}
    step_ms = opens[-1][1] - opens[0][1]
    assert step_ms in {60_000, 300_000}
    assert all(open_ms == end_ms - step_ms for at_ms, open_ms in opens if at_ms > 1000)


class Host:
    """A clock that is off, and a venue that answers after a while."""

    def __init__(self, ahead_ms: int) -> None:
        self.world_ms = float(NOW)
        self.ahead_ms = ahead_ms
        self.time = VenueTime(self.clock)

    def clock(self) -> int:
        return round(self.world_ms) + self.ahead_ms

    def hears(self, there_ms: float = 0.0, back_ms: float = 0.0, **headers: str) -> None:
        sent_ms = self.clock()
        self.world_ms += there_ms
        date = formatdate(self.world_ms // 1000, usegmt=True)
        self.world_ms += back_ms
        self.time.heard({"Date": date, **headers}, sent_ms)

    @property
    def width_ms(self) -> float:
        least, most = self.time.bounds_ms()
        return most - least


DELAY = st.floats(0, 3000)


@given(
    st.integers(-100_000_000, 100_000_000),
    st.lists(st.tuples(DELAY, DELAY, st.floats(0, 5_000_000)), min_size=1, max_size=40),
)
def test_the_true_offset_is_always_inside_and_never_certain_too_early(
    ahead_ms: int, answers: list[tuple[float, float, float]]
) -> None:
    host = Host(ahead_ms)
    for there_ms, back_ms, pause_ms in answers:
        host.world_ms += pause_ms
        host.hears(there_ms, back_ms)
        least, most = host.time.bounds_ms()
        assert least - 1 <= -ahead_ms <= most + 1
        assert host.time.past_ms() <= host.world_ms + 1


def test_ten_answers_know_the_clock_to_a_quarter_of_a_second_and_a_hundred_better() -> None:
    host, widths = Host(25_000), []
    for number in range(100):
        host.world_ms += 618.034 + 10_000 * (number % 2)
        host.hears(10, 10)
        widths.append(host.width_ms)
    assert widths[0] < 1021
    assert widths[9] < 240
    assert widths[99] < 90


def test_bounds_widen_with_time_by_fifty_millionths_on_each_side() -> None:
    host = Host(0)
    host.hears()
    before = host.width_ms
    host.world_ms += 1_000_000
    assert host.width_ms == pytest.approx(before + 100)


@pytest.mark.parametrize("step_ms", [3_600_000, -3_600_000])
def test_a_clock_that_was_set_begins_anew(step_ms: int) -> None:
    host = Host(0)
    host.hears()
    host.ahead_ms = step_ms
    host.hears()
    assert abs(host.time.now_ms() - host.world_ms) <= 1000
    assert host.width_ms == pytest.approx(1000)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Date": ""},
        {"Date": "yesterday"},
        {"Date": "Mon, 99 Foo 2026 99:99:99 GMT"},
        {"Date": "Mon, 21 Sep 99999999 14:13:49 GMT"},
        {"Date": "Mon, 21 Sep 2020 14:13:49 GMT", "Age": "0"},
    ],
)
def test_an_answer_without_a_time_of_its_own_tells_nothing(headers: dict[str, str]) -> None:
    host = Host(25_000)
    host.time.heard(headers, host.clock())
    assert host.time.now_ms() == host.time.past_ms() == host.clock()
    assert host.time.ahead_seconds == 0
