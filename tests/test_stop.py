"""A stop finishes what is under way, or leaves it in the inbox, and ends soon."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crypto_assistant.clocks import clock_ms, monotonic
from crypto_assistant.sandbox import Fault, Sandbox, World
from tests.test_daemon import ADA, Service, service

pytestmark = pytest.mark.real

LISTED = f"TELEGRAM_CHAT_ID={ADA}\n"


def left(tmp_path: Path) -> int:
    with closing(sqlite3.connect(tmp_path / "state" / "live.db")) as database:
        (number,) = database.execute("SELECT count(*) FROM inbox").fetchone()
    return int(number)


async def stopped(daemon: Service, times: int = 1) -> list[str]:
    """Its log, once it has ended well; it is told to stop so many times."""
    for _ in range(times):
        daemon.process.terminate()
        await daemon.hears("STOPPING=1")
    assert daemon.process.stderr
    log = await daemon.process.stderr.read()
    assert await daemon.ends() == 0
    return log.decode().splitlines()


def complaints(log: list[str]) -> list[str]:
    return [line for line in log if not line.startswith(("INFO", "WARNING"))]


@pytest.mark.slow
async def test_a_stop_while_it_starts_is_a_stop(tmp_path: Path) -> None:
    async with service(tmp_path, LISTED) as daemon:
        await daemon.logs("starts: live market")
        assert complaints(await stopped(daemon)) == []


@pytest.mark.timeout(180)
@pytest.mark.slow
async def test_what_a_silent_venue_holds_up_stays_in_the_inbox(tmp_path: Path) -> None:
    sandbox = Sandbox(World(5, clock_ms()), clock_ms, monotonic)
    async with sandbox.serve() as urls, service(tmp_path, LISTED, **urls) as daemon:
        daemon.api.say("/price BTC")
        while "waiting" in (await daemon.api.next_message(50)).text:
            pass
        sandbox.faults.append(Fault("okx", "timeout"))
        daemon.api.say("/price ETH")
        assert "waiting: OKX" in (await daemon.api.next_message(50)).text
        log = await stopped(daemon)
    assert (left(tmp_path), complaints(log)) == (1, [])
    assert [line.endswith("; broken off") for line in log if "/price ETH" in line] == [True]


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.slow
async def test_an_answer_that_telegram_does_not_take_stays_in_the_inbox(
    tmp_path: Path, times: int
) -> None:
    async with service(tmp_path, LISTED) as daemon:
        daemon.api.fail("sendMessage", 200, times=1000, trickle=0.1)
        for _ in range(3):
            daemon.api.say("/start")
        await daemon.api.called("sendMessage", times=3, seconds=20)
        log = await stopped(daemon, times)
    assert (left(tmp_path), complaints(log)) == (3, [])


@pytest.mark.slow
async def test_an_answer_under_way_is_sent_before_the_end(tmp_path: Path) -> None:
    async with service(tmp_path, LISTED) as daemon:
        arrives = daemon.api.hold("sendMessage")
        daemon.api.say("/start")
        await daemon.api.called("sendMessage", seconds=20)
        daemon.process.terminate()
        await daemon.hears("STOPPING=1")
        arrives.set()
        assert (await daemon.api.next_message()).chat == ADA
        assert await daemon.ends() == 0
    assert left(tmp_path) == 0
