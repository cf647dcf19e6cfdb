# ruff: noqa: T201
"""The daemon's resident memory and the time to its first poll, everything else elsewhere."""

import asyncio
import os
import re
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from crypto_assistant.sandbox import KEYS
from tests.bench.trading import LINES, OWNERS
from tests.bench.upstream import upstream
from tests.botapi import TOKEN, BotApi

TRADER = 7
SETTLED = 45.0
"""Seconds after which the lists and the accounts' logs have been read, bodies and all gone."""


async def report() -> None:
    with TemporaryDirectory() as state:
        async with upstream() as urls, BotApi() as api:
            settings = {
                **urls,
                **KEYS,
                "TELEGRAM_API_URL": api.url,
                "TELEGRAM_BOT_TOKEN": TOKEN,
                "TELEGRAM_CHAT_ID": str(TRADER),
                "STATE_DIRECTORY": state,
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "PATH": os.environ.get("PATH", ""),
            }
            start = time.monotonic()
            daemon = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "crypto_assistant", "run", env=settings, cwd=state
            )
            try:
                await _use(api, daemon.pid, start)
            finally:
                daemon.terminate()
                await daemon.wait()


async def _use(api: BotApi, pid: int, start: float) -> None:
    print("The daemon, lists of real size")
    await api.called("getUpdates", seconds=60)
    print(f"first poll after   {time.monotonic() - start:6.2f} s")
    await asyncio.sleep(SETTLED)
    print_resident("after start", pid)
    await _say(api, "/start", "/help", "/help price", *LINES, "/volscan", *OWNERS)
    print_resident("after every command", pid)
    await _say(api, *LINES, *OWNERS, *LINES, *OWNERS)
    print_resident("after two more rounds", pid)


async def _say(api: BotApi, *lines: str) -> None:
    for line in lines:
        api.say(line, TRADER)
        shown = await api.next_message(20)
        while "waiting: " in shown.text:
            shown = await api.next_message(60)
        await asyncio.sleep(1)  # As many as a chat may be sent.


def print_resident(when: str, pid: int) -> None:
    status = Path(f"/proc/{pid}/status").read_text()
    now, peak = (
        int(found[1]) / 1024
        for name in ("VmRSS", "VmHWM")
        if (found := re.search(rf"{name}:\s+(\d+) kB", status))
    )
    print(f"{when:26} {now:6.1f} MB resident, {peak:6.1f} MB at most so far")
