"""systemd hears what the service tells it."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crypto_assistant.clocks import monotonic
from crypto_assistant.notify import ATTEMPT, PATIENCE, Supervisor

WATCHDOG = 30.0


class Systemd:
    """The end of the socket that systemd holds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name.replace("@", "\0", 1))
        self.socket.settimeout(1)

    def heard(self) -> str:
        return self.socket.recv(1000).decode()

    def silence(self) -> bool:
        """Whether nothing more was said."""
        self.socket.settimeout(0)
        try:
            return not self.heard()
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(1)


@contextmanager
def listening(name: str) -> Iterator[Systemd]:
    systemd = Systemd(name)
    with systemd.socket:
        yield systemd


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    with listening(f"{tmp_path}/notify") as systemd:
        yield systemd


async def test_systemd_is_told_in_its_own_words(systemd: Systemd) -> None:
    supervisor = Supervisor(systemd.name)
    supervisor.ready()
    assert systemd.heard() == "READY=1"
    supervisor.reloading()
    state, when = systemd.heard().split("\n")
    assert state == "RELOADING=1"
    assert int(when.removeprefix("MONOTONIC_USEC=")) == monotonic() * 1_000_000
    supervisor.stopping()
    assert systemd.heard() == "STOPPING=1"


async def test_the_abstract_namespace_is_known(tmp_path: Path) -> None:
    with listening(f"@{tmp_path}/notify") as systemd:
        Supervisor(systemd.name).ready()
        assert systemd.heard() == "READY=1"


async def test_a_status_is_told_once(systemd: Systemd) -> None:
    supervisor = Supervisor(systemd.name)
    for text in ("Answers", "Answers", "Waits", "Answers"):
        supervisor.status(text)
    told = [systemd.heard() for _ in range(3)]
    assert told == ["STATUS=Answers", "STATUS=Waits", "STATUS=Answers"]
    assert systemd.silence()


async def test_a_status_that_systemd_had_no_room_for_is_told_again(systemd: Systemd) -> None:
    supervisor = Supervisor(systemd.name)
    heard = 0
    for _ in range(1000):  # Until its queue is full: nobody reads.
        supervisor.ready()
    supervisor.status("Answers in Telegram")
    while not systemd.silence():
        heard += 1
    assert heard < 1000
    supervisor.status("Answers in Telegram")
    assert systemd.heard() == "STATUS=Answers in Telegram"


@pytest.mark.parametrize("address", [None, ""])
async def test_without_systemd_nothing_is_told(address: str | None) -> None:
    supervisor = Supervisor(address)
    supervisor.ready()
    await supervisor.feed()


async def test_nobody_at_the_other_end_is_no_reason_to_fail(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = Supervisor(f"{tmp_path}/gone")
    for _ in range(3):
        supervisor.ready()
    assert len(caplog.records) == 1
    assert "systemd was not told READY=1" in caplog.text


async def fed(supervisor: Supervisor, systemd: Systemd) -> bool:
    """Whether the watchdog is fed now."""
    feeding = asyncio.create_task(supervisor.feed())
    await asyncio.sleep(0)
    feeding.cancel()
    return not systemd.silence()


async def test_the_watchdog_starves_when_no_attempt_to_poll_has_ended_for_long(
    systemd: Systemd,
) -> None:
    supervisor = Supervisor(systemd.name, WATCHDOG)
    await asyncio.sleep(PATIENCE - 1)
    assert await fed(supervisor, systemd)
    supervisor.polled(pause=1)
    await asyncio.sleep(PATIENCE - 1)
    assert await fed(supervisor, systemd)
    await asyncio.sleep(2)
    assert not await fed(supervisor, systemd)


async def test_a_pause_that_telegram_ordered_is_waited_for(systemd: Systemd) -> None:
    supervisor = Supervisor(systemd.name, WATCHDOG)
    supervisor.polled(pause=300)
    await asyncio.sleep(300 + ATTEMPT - 1)
    assert await fed(supervisor, systemd)
    await asyncio.sleep(2)
    assert not await fed(supervisor, systemd)


async def test_the_watchdog_is_fed_twice_a_period(systemd: Systemd) -> None:
    feeding = asyncio.create_task(Supervisor(systemd.name, WATCHDOG).feed())
    await asyncio.sleep(2 * WATCHDOG - 1)
    feeding.cancel()
    assert [systemd.heard() for _ in range(4)] == ["WATCHDOG=1"] * 4
    assert systemd.silence()
