# ruff: noqa: T201
"""The daemon's memory with thirty chats: a thousand questions at once, and thousands in a row."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from crypto_assistant.models import Timeframe
from crypto_assistant.sandbox import KEYS
from tests.bench.memory import SETTLED, print_resident
from tests.bench.upstream import upstream
from tests.botapi import TOKEN, BotApi
from tests.soak.questions import draw

CHATS = range(1001, 1031)
AT_ONCE = 1000
IN_A_ROW = (5_000, 10_000)
SCANS_EVERY = 60
"""Questions; one of so many is a scan, of each timeframe in turn."""
PATIENCE = 120.0
"""Seconds for one answer."""


async def report() -> None:
    async with _daemon() as crowd:
        await crowd.burst()
    async with _daemon() as crowd:
        await crowd.go_on()


class Crowd:
    """Who asks, and waits for whole answers."""

    def __init__(self, api: BotApi, pid: int) -> None:
        self._api = api
        self._pid = pid
        self._random = Random(1)  # noqa: S311
        self._asked = 0
        self._answers = {chat: asyncio.Queue[float]() for chat in CHATS}

    async def listen(self) -> None:
        while True:
            shown = await self._api.next_message(3600)
            if "waiting: " not in shown.text:
                self._answers[shown.chat].put_nowait(time.monotonic())

    async def burst(self) -> None:
        chats = [CHATS[number % len(CHATS)] for number in range(AT_ONCE)]
        began = time.monotonic()
        for chat in chats:
            self._api.say(draw(self._random).line, chat)
        came = sorted([await self._answers[chat].get() - began for chat in chats])
        print(
            f"{AT_ONCE} at once: p50 {came[AT_ONCE // 2]:.1f} s, p95 {came[-AT_ONCE // 20]:.1f} s"
        )
        print_resident(f"after {AT_ONCE} at once", self._pid)

    async def go_on(self) -> None:
        for most in IN_A_ROW:
            await asyncio.gather(*(self._ask(chat, most) for chat in CHATS))
            print_resident(f"after {most} in a row", self._pid)

    async def _ask(self, chat: int, most: int) -> None:
        while self._asked < most:
            self._asked += 1
            self._api.say(self._line(), chat)
            async with asyncio.timeout(PATIENCE):
                await self._answers[chat].get()

    def _line(self) -> str:
        turn, rest = divmod(self._asked, SCANS_EVERY)
        frames = list(Timeframe)
        return draw(self._random).line if rest else f"/volscan {frames[turn % len(frames)].value}"


@asynccontextmanager
async def _daemon() -> AsyncIterator[Crowd]:
    with TemporaryDirectory() as state:
        async with upstream(limits=False) as urls, BotApi() as api:
            settings = {
                **urls,
                **KEYS,
                "TELEGRAM_API_URL": api.url,
                "TELEGRAM_BOT_TOKEN": TOKEN,
                "TELEGRAM_CHAT_ID": ",".join(map(str, CHATS)),
                "STATE_DIRECTORY": state,
                "LOG_LEVEL": "ERROR",
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "PATH": os.environ.get("PATH", ""),
            }
            daemon = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "crypto_assistant", "run", env=settings, cwd=state
            )
            try:
                await api.called("getUpdates", seconds=60)
                await asyncio.sleep(SETTLED)
                crowd = Crowd(api, daemon.pid)
                listening = asyncio.create_task(crowd.listen())
                yield crowd
                listening.cancel()
            finally:
                daemon.terminate()
                await daemon.wait()
