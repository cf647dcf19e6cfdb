"""The loop that the tests run on: time is skipped, nothing is lost, a deadlock is told."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from crypto_assistant.clocks import monotonic
from tests.virtual import Loop


@pytest.fixture
async def base() -> AsyncIterator[str]:
    """A host that answers with its path, after as many seconds as that says."""

    async def answer(request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(float(request.path[1:]))
        return web.Response(text=request.path)

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site.name
    await runner.cleanup()


async def test_an_hour_passes_at_once_and_to_the_second() -> None:
    began, real = monotonic(), time.monotonic()
    await asyncio.sleep(3600)
    assert monotonic() - began == pytest.approx(3600, abs=1e-5)
    assert time.monotonic() - real < 60


async def test_timers_go_off_in_their_order() -> None:
    ended: list[float] = []

    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds)
        ended.append(seconds)

    await asyncio.gather(*map(wait, (5, 0.001, 86_500, 1, 5.0001)))
    assert ended == [0.001, 1, 5, 5.0001, 86_500]


async def test_an_answer_over_http_takes_as_long_as_its_host_does(base: str) -> None:
    began = monotonic()
    async with aiohttp.ClientSession() as session, session.get(f"{base}/90.5") as response:
        assert await response.text() == "/90.5"
    assert monotonic() - began == pytest.approx(90.5, abs=1e-5)


async def test_a_silent_host_is_given_up_in_time(base: str) -> None:
    began = monotonic()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            await session.get(f"{base}/1e6", timeout=aiohttp.ClientTimeout(8))
    assert monotonic() - began == pytest.approx(8, abs=1e-5)


async def test_a_body_larger_than_any_buffer_arrives_whole() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(10_000_000))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(bytes(10_000_000))
        assert len(await reader.read(-1)) == 10_000_000
        writer.close()


async def test_where_nobody_listens_a_connection_is_refused() -> None:
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", 1)


async def test_a_job_on_a_thread_is_waited_for_before_time_goes_on() -> None:
    began, sleeping = monotonic(), asyncio.create_task(asyncio.sleep(5))
    await asyncio.to_thread(time.sleep, 0.05)
    assert monotonic() == began
    assert not sleeping.done()
    await sleeping


async def test_jobs_end_in_the_order_of_their_beginning() -> None:
    ended: list[float] = []

    async def work(seconds: float) -> None:
        await asyncio.to_thread(time.sleep, seconds)
        ended.append(seconds)

    await asyncio.gather(*map(work, (0.03, 0.0, 0.01)))
    assert ended == [0.03, 0.0, 0.01]


async def test_what_a_job_raises_is_raised_where_it_is_awaited() -> None:
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(lambda: 1 // 0)


def told(wait: Callable[[], Any]) -> str:
    """What a deadlock says while that waits."""
    loop = Loop()
    try:
        with pytest.raises(RuntimeError) as error:
            loop.run_until_complete(wait())
        return str(error.value)
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                loop.run_until_complete(task)
        loop.close()


async def deep_inside() -> None:
    await asyncio.Event().wait()


def test_a_deadlock_is_told_at_once_with_where_everybody_waits() -> None:
    async def outside() -> None:
        await deep_inside()

    assert "outside:" in told(outside)
    assert "> deep_inside:" in told(outside)


def test_timers_alone_that_renew_themselves_are_a_deadlock_after_weeks() -> None:
    async def renewed() -> None:
        while True:  # noqa: ASYNC110 (what is tested)
            await asyncio.sleep(3600)

    assert "renewed:" in told(renewed)


def test_every_loop_begins_on_a_later_day() -> None:
    one, other = Loop(), Loop()
    assert other.time() >= one._began + 86_400
    assert other.time() % 86_400 == 0
    one.close()
    other.close()
