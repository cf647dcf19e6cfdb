"""The daemon as systemd sees it: a process, a socket on which it reports, and signals."""

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import pytest

from crypto_assistant.telegram.poll import FULL_BATCH
from tests.botapi import TOKEN, BotApi, message_from

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[1]
ADA, BOB = 7, 8
NOBODY = "http://127.0.0.1:9"
"""Nothing listens on the port of the discard service: every exchange is down."""
WATCHDOG_USEC = 400_000
PATIENCE = 20.0
HELD_FOR = 3.0
"""Seconds; longer than the database waits for another process."""


@dataclass
class Service:
    """The daemon, started as the unit starts it."""

    process: asyncio.subprocess.Process
    api: BotApi
    conf: Path
    socket: socket.socket
    told: list[str] = field(default_factory=list)

    async def hears(self, wanted: str) -> str:
        """Reads what systemd is told until a message begins so; returns that one."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            while True:
                said = (await loop.sock_recv(self.socket, 4096)).decode()
                self.told.append(said)
                if said.startswith(wanted):
                    return said

    async def keep_asking(self) -> None:
        """So that a poll ends every now and then."""
        while True:
            self.api.say("/start")
            await asyncio.sleep(0.5)

    def forget(self) -> int:
        """Leaves unread what systemd was told up to now; how many messages."""
        number = 0
        with suppress(BlockingIOError):
            while self.socket.recv(4096):
                number += 1
        return number

    async def reload(self, text: str) -> str:
        """The settings' file is changed and read again; what is logged of it."""
        self.conf.write_text(text)
        self.process.send_signal(signal.SIGHUP)
        state = await self.hears("RELOADING=1")
        assert int(state.partition("MONOTONIC_USEC=")[2]) > 0
        line = await self.logs("reload: ")
        await self.hears("READY=1")
        return line

    async def logs(self, wanted: str) -> str:
        """The next line of the log with these words."""
        assert self.process.stderr
        async with asyncio.timeout(PATIENCE):
            async for line in self.process.stderr:
                if wanted in line.decode():
                    return line.decode().strip()
        raise AssertionError(f"the log ended without {wanted!r}")

    async def ends(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


def settings(tmp_path: Path, api: BotApi) -> Mapping[str, str]:
    venues = ("BINANCE_SPOT_URL", "BINANCE_USDM_URL", "BINANCE_COINM_URL", "BYBIT_URL", "OKX_URL")
    return {
        **dict.fromkeys(venues, NOBODY),
        "TELEGRAM_API_URL": api.url,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "CONFIGURATION_DIRECTORY": str(tmp_path),
        "STATE_DIRECTORY": str(tmp_path / "state"),
        "NOTIFY_SOCKET": f"@{tmp_path}/notify",
        "WATCHDOG_USEC": str(WATCHDOG_USEC),
        "PYTHONPATH": str(ROOT),
        "PATH": os.defpath,
    }


@asynccontextmanager
async def service(tmp_path: Path, text: str, **more: str) -> AsyncIterator[Service]:
    conf = tmp_path / "crypto-assistant.conf"
    conf.write_text(text)
    async with BotApi() as api:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(f"\0{tmp_path}/notify")
            systemd.setblocking(False)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "crypto_assistant", "run"),
                cwd=tmp_path,
                env={**settings(tmp_path, api), **more},
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                yield Service(process, api, conf, systemd)
            finally:
                if process.returncode is None:
                    process.kill()
                await process.communicate()


async def test_it_reports_that_it_is_ready_lives_and_stops(tmp_path: Path) -> None:
    async with service(tmp_path, f"TELEGRAM_CHAT_ID={ADA}\n") as daemon:
        await daemon.hears("READY=1")
        assert daemon.api.made("getUpdates")
        for _ in range(3):
            await daemon.hears("WATCHDOG=1")
        assert "STATUS=Answers in Telegram" in daemon.told
        daemon.process.terminate()
        await daemon.hears("STOPPING=1")
        assert await daemon.ends() == 0


@pytest.mark.slow
async def test_a_stopped_process_starves_the_watchdog(tmp_path: Path) -> None:
    """What hangs in a loop of its own feeds it no more than one that is stopped."""
    async with service(tmp_path, f"TELEGRAM_CHAT_ID={ADA}\n") as daemon:
        await daemon.hears("READY=1")
        await daemon.hears("WATCHDOG=1")
        daemon.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(WATCHDOG_USEC / 1e6)
        daemon.forget()
        await asyncio.sleep(2 * WATCHDOG_USEC / 1e6)
        assert daemon.forget() == 0


@pytest.mark.slow
async def test_an_outage_of_telegram_is_told_and_no_reason_to_starve(tmp_path: Path) -> None:
    async with service(tmp_path, f"TELEGRAM_CHAT_ID={ADA}\n") as daemon:
        await daemon.hears("READY=1")
        daemon.api.fail("getUpdates", 502, times=100)
        daemon.api.say("/start")  # Ends the request that waits for news.
        status = await daemon.hears("STATUS=No news from Telegram since ")
        assert status.endswith(" UTC: TelegramServerError: HTTP 502")
        for _ in range(3):
            await daemon.hears("WATCHDOG=1")
        daemon.api.recover("getUpdates")
        await daemon.hears("STATUS=Answers in Telegram")


@pytest.mark.slow
async def test_a_database_that_another_process_holds_costs_no_answer_and_is_told(
    tmp_path: Path,
) -> None:
    async with service(tmp_path, f"TELEGRAM_CHAT_ID={ADA}\n") as daemon:
        await daemon.hears("READY=1")
        with closing(sqlite3.connect(tmp_path / "state/live.db")) as other:
            other.execute("BEGIN EXCLUSIVE")
            for line in ("/help cvd", "/start", "/help price"):
                began = monotonic()
                daemon.api.say(line)
                assert (await daemon.api.next_message(PATIENCE)).text
                assert monotonic() - began < HELD_FOR
            asking = asyncio.create_task(daemon.keep_asking())
            await daemon.hears("STATUS=Answers in Telegram; the database: ")
            other.rollback()
        await daemon.hears("STATUS=Answers in Telegram")
        asking.cancel()
        with closing(sqlite3.connect(tmp_path / "state/live.db")) as kept:
            async with asyncio.timeout(PATIENCE):
                while kept.execute("SELECT count(*) FROM inbox").fetchone() != (0,):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)


@pytest.mark.slow
async def test_a_reload_lists_another_trader(tmp_path: Path) -> None:
    async with service(tmp_path, f"TELEGRAM_CHAT_ID={ADA}\n") as daemon:
        await daemon.hears("READY=1")
        daemon.api.say("/start", BOB)
        await daemon.logs(f"user {BOB} in chat {BOB} is not listed")
        told = await daemon.reload(f"TELEGRAM_CHAT_ID={BOB}\nTIMEZONE=Asia/Tokyo\n")
        assert told.endswith("reload: applied: TELEGRAM_CHAT_ID, TIMEZONE")
        daemon.api.say("/price BTC", BOB)
        shown = await daemon.api.next_message(PATIENCE)
        while "no connection" not in shown.text:
            shown = await daemon.api.next_message(PATIENCE)
        assert (shown.chat, " JST" in shown.text) == (BOB, True)
        daemon.api.say("/start", ADA)
        await daemon.logs(f"user {ADA} in chat {ADA} is not listed")


@pytest.mark.slow
async def test_a_reload_while_it_starts_is_applied_and_makes_nothing_ready(tmp_path: Path) -> None:
    async with service(tmp_path, f"TELEGRAM_CHAT_ID={ADA}\n") as daemon:
        await daemon.logs("starts: live market")
        await daemon.reload(f"TELEGRAM_CHAT_ID={ADA}\nTIMEZONE=Asia/Tokyo\n")
        assert daemon.api.made("getUpdates")
        daemon.api.say("/price BTC")
        shown = await daemon.api.next_message(PATIENCE)
        while "no connection" not in shown.text:
            shown = await daemon.api.next_message(PATIENCE)
        assert " JST" in shown.text


@pytest.mark.slow
async def test_a_reload_changes_what_is_logged(tmp_path: Path) -> None:
    listed = f"TELEGRAM_CHAT_ID={ADA}\n"
    async with service(tmp_path, f"{listed}LOG_LEVEL=WARNING\n") as daemon:
        await daemon.hears("READY=1")
        told = await daemon.reload(f"{listed}LOG_LEVEL=info\nMARKET=sandbox\nTIMEZONE=UTC\n")
        assert told.endswith("reload: applied: LOG_LEVEL, TIMEZONE")
        assert (await daemon.logs("reload")).endswith("reload: needs a restart: MARKET")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"TELEGRAM_CHAT_ID={BOB}\nTIMEZONE=Hush/Hush\n", "TIMEZONE: a time zone such as"),
        ("TELEGRAM_CHAT_ID=\nTIMEZONE=UTC\n", "TELEGRAM_CHAT_ID: not set"),
        (f"TELEGRAM_CHAT_ID={BOB}\nTELEGRAM_PROXY=hush\n", "TELEGRAM_PROXY: the address"),
    ],
)
@pytest.mark.slow
async def test_of_a_reload_with_something_wrong_nothing_is_applied(
    tmp_path: Path, text: str, complaint: str
) -> None:
    async with service(tmp_path, f"TELEGRAM_CHAT_ID={ADA}\n") as daemon:
        await daemon.hears("READY=1")
        told = await daemon.reload(text)
        assert f"reload: nothing is applied: {complaint}" in told
        assert "hush" not in told.lower()
        daemon.api.say("/start", BOB)
        await daemon.logs(f"user {BOB} in chat {BOB} is not listed")


@pytest.mark.slow
async def test_an_interrupt_in_a_terminal_is_told_by_the_exit_status(tmp_path: Path) -> None:
    async with service(tmp_path, f"TELEGRAM_CHAT_ID={ADA}\n") as daemon:
        await daemon.hears("READY=1")
        daemon.process.send_signal(signal.SIGINT)
        assert await daemon.ends() == 130


@pytest.mark.parametrize("text", ["", "TELEGRAM_CHAT_ID=hush\n"])
@pytest.mark.slow
async def test_a_configuration_that_restarting_cannot_help_ends_with_78(
    tmp_path: Path, text: str
) -> None:
    async with service(tmp_path, text) as daemon:
        assert await daemon.ends() == 78
        assert not daemon.api.calls


@pytest.mark.slow
async def test_three_thousand_updates_at_once_take_little_memory(tmp_path: Path) -> None:
    async with service(tmp_path, f"TELEGRAM_CHAT_ID={ADA}\nLOG_LEVEL=ERROR\n") as daemon:
        await daemon.hears("READY=1")
        api = daemon.api
        asked = [message_from(ADA, n, "/price BTC", api.clock_ms()) for n in range(1, 3001)]
        updates = [{"update_id": n, "message": message} for n, message in enumerate(asked, 1)]
        api.fail("getUpdates", 200, body=json.dumps({"ok": True, "result": updates}))
        api.say("/start")  # Ends the request that waits for news.
        await api.called("sendMessage", times=FULL_BATCH, seconds=PATIENCE)
        status = Path(f"/proc/{daemon.process.pid}/status").read_text()  # noqa: ASYNC240
        (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
        assert int(peak) < 140 * 1024
