"""One request for many callers, and for how long its answer is good."""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from crypto_assistant.errors import Unreachable
from crypto_assistant.models import Floats
from crypto_assistant.net.cache import FIELD_BYTES, MOST_BYTES, SWEEP_SECONDS, Cache, Lifetime, size


class Answer:
    """A value that can be watched."""


class Source:
    """Fetches when it is allowed to, and counts how often it was asked."""

    def __init__(self, *results: Any) -> None:
        self.asked = 0
        self.open = asyncio.Event()
        self._results: Iterator[Any] = iter(results)

    async def __call__(self) -> Any:
        self.asked += 1
        await self.open.wait()
        result = next(self._results)
        if isinstance(result, Exception):
            raise result
        return result


def opened(*results: Any) -> Source:
    source = Source(*results)
    source.open.set()
    return source


async def test_callers_at_the_same_time_share_one_request() -> None:
    cache, source = Cache(), Source("answer")
    callers = [asyncio.create_task(cache.get("key", 1, source)) for _ in range(3)]
    await asyncio.sleep(0)
    source.open.set()
    assert await asyncio.gather(*callers) == ["answer"] * 3
    assert source.asked == 1


async def test_a_caller_that_leaves_does_not_end_it_for_the_others() -> None:
    cache, source = Cache(), Source("answer")
    first, second = (asyncio.create_task(cache.get("key", 1, source)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    source.open.set()
    assert await second == "answer"
    assert first.cancelled()
    assert source.asked == 1


async def test_what_a_lone_caller_left_behind_is_kept_for_the_next() -> None:
    cache, source = Cache(), Source("answer")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cache.get("key", 1, source), 0.01)
    source.open.set()
    assert await cache.get("key", 1, source) == "answer"
    assert source.asked == 1


async def test_an_answer_lives_as_long_as_its_kind() -> None:
    cache, source = Cache(), opened("first", "second")
    assert await cache.get("key", Lifetime.RANKING.value, source) == "first"
    await asyncio.sleep(29.9)
    assert await cache.get("key", Lifetime.RANKING.value, source) == "first"
    await asyncio.sleep(0.1)
    assert await cache.get("key", Lifetime.RANKING.value, source) == "second"


async def test_keys_are_kept_apart() -> None:
    cache, source = Cache(), opened("first", "second")
    assert await cache.get(("url", 1), 1, source) == "first"
    assert await cache.get(("url", 2), 1, source) == "second"


async def test_an_error_reaches_all_callers_and_is_not_kept() -> None:
    cache, source = Cache(), Source(Unreachable("down"), "answer")
    callers = [asyncio.create_task(cache.get("key", 1, source)) for _ in range(2)]
    await asyncio.sleep(0)
    source.open.set()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["down"] * 2
    assert await cache.get("key", 1, source) == "answer"


async def test_who_joins_a_flight_that_has_long_been_under_way_is_not_failed_by_it() -> None:
    cache, source = Cache(), Source(Unreachable("down"), "answer")
    first = asyncio.create_task(cache.get("key", 1, source))
    await asyncio.sleep(5)
    late = asyncio.create_task(cache.get("key", 1, source))
    await asyncio.sleep(0)
    assert source.asked == 1
    source.open.set()
    with pytest.raises(Unreachable):
        await first
    assert await late == "answer"


async def test_an_error_that_nobody_waits_for_any_more_makes_no_noise() -> None:
    noise: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    cache, source = Cache(), Source(Unreachable("down"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cache.get("key", 1, source), 0.01)
    source.open.set()
    await asyncio.sleep(0.01)
    gc.collect()
    assert not noise


async def test_what_is_out_of_date_does_not_stay_in_memory_though_nobody_asks() -> None:
    cache = Cache()
    watched = await _watched(cache, "old")
    lasting = await cache.get("lasting", 60, opened("answer"))
    await asyncio.sleep(2 * SWEEP_SECONDS)
    gc.collect()
    assert watched() is None
    assert await cache.get("lasting", 60, opened("another")) is lasting
    await asyncio.sleep(60 + SWEEP_SECONDS)
    assert cache.bytes == 0


async def test_where_answers_take_more_than_there_is_room_for_the_oldest_go() -> None:
    cache, third = Cache(), np.zeros(MOST_BYTES // 25)
    for key in ("first", "second", "third"):
        await cache.get(key, 60, opened(third))
    await cache.get("first", 60, opened("as it was"))
    assert cache.bytes == 3 * (third.nbytes + FIELD_BYTES)
    await cache.get("fourth", 60, opened(third))
    assert cache.bytes == 3 * (third.nbytes + FIELD_BYTES)
    for key in ("second", "third", "fourth"):
        assert await cache.get(key, 60, opened("asked again")) is third
    assert await cache.get("first", 60, opened("asked again")) == "asked again"


async def test_what_is_asked_again_when_it_is_too_old_is_the_newest() -> None:
    cache, third = Cache(), np.zeros(MOST_BYTES // 25)
    for key, seconds in (("old", 1), ("second", 60), ("third", 60)):
        await cache.get(key, seconds, opened(third))
    await asyncio.sleep(1)
    await cache.get("old", 60, opened(third))
    await cache.get("fourth", 60, opened(third))
    assert await cache.get("old", 60, opened("asked again")) is third
    assert await cache.get("second", 60, opened("asked again")) == "asked again"


async def test_what_is_larger_than_all_room_is_told_and_not_kept() -> None:
    cache, large = Cache(), np.zeros(MOST_BYTES // 8)
    assert await cache.get("key", 60, opened(large)) is large
    assert cache.bytes == 0


@dataclass
class Bars:
    name: str
    close: Floats
    parts: tuple[Floats, ...] = ()


def test_an_answer_is_as_large_as_its_columns_and_its_fields() -> None:
    close = np.zeros(1000)
    assert size(Bars("BTC", close)) == 8000 + 3 * FIELD_BYTES
    assert size(Bars("BTC", close, (close, close))) == 24_000 + 4 * FIELD_BYTES
    assert size([Bars("BTC", close)] * 2) == 2 * size(Bars("BTC", close)) + FIELD_BYTES
    assert size(("BTC", "ETH")) == 2 * FIELD_BYTES


async def _watched(cache: Cache, key: str) -> Callable[[], Answer | None]:
    watched = weakref.ref(await cache.get(key, 1, opened(Answer())))
    assert watched() is not None
    return watched


async def test_closing_ends_what_is_under_way() -> None:
    cache, source = Cache(), Source("answer")
    caller: Awaitable[Any] = asyncio.create_task(cache.get("key", 1, source))
    await asyncio.sleep(0)
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_who_comes_late_in_the_moment_of_a_failure_asks_for_himself() -> None:
    """The flight has ended, and the event loop has not told so yet."""
    cache, source = Cache(), Source(Unreachable("HTTP 503"), "answer")
    first = asyncio.create_task(cache.get("key", 1, source))
    await asyncio.sleep(2)
    source.open.set()
    await asyncio.sleep(0)
    assert not first.done()
    source.open.clear()
    asyncio.get_running_loop().call_later(0.01, source.open.set)
    another = asyncio.create_task(cache.get("key", 1, source))
    assert await cache.get("key", 1, source) == await another == "answer"
    assert source.asked == 2
    with pytest.raises(Unreachable):
        await first
