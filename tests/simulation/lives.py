"""The daemon's lives on one loop: stopped, or killed at a write, and begun on what is left."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

from crypto_assistant.config import load
from crypto_assistant.daemon import Daemon
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.state.lock import held
from tests.botapi import TOKEN
from tests.simulation.death import Files, Loop
from tests.simulation.record import Record
from tests.simulation.telegram import Telegram

if TYPE_CHECKING:
    from tests.soak.daemon import Use

STOP: Final = 5.0
"""Seconds in which a stop is over."""
PAUSE: Final = 2.0, 15.0
"""Seconds after which systemd starts it again."""
LONGEST_WAIT: Final = 30.0
"""Seconds in which somebody who is to be killed may write."""


class Lives:
    """`directory`: of which each life that does not follow a stop gets a part of its own."""

    def __init__(
        self,
        settings: Mapping[str, str],
        *,
        loop: Loop,
        api: Telegram,
        host_ms: Callable[[], int],
        directory: Path,
        record: Record,
    ) -> None:
        self.lives = 0
        self.ends: list[str] = []
        self.uses: list[Use] = []
        self.listening: list[str] = []
        self._settings, self._host_ms, self._record = settings, host_ms, record
        self._loop, self._api, self._directory = loop, api, directory
        self._dead = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        loop.directory, loop.dies = directory / "0", self._died
        loop.directory.mkdir()

    async def start(self) -> None:
        self.lives += 1
        self._api.token = f"{TOKEN}-{self.lives}"
        self._dead.clear()
        settings = {
            **self._settings,
            "TELEGRAM_BOT_TOKEN": self._api.token,
            "STATE_DIRECTORY": str(self._loop.directory),
        }
        with patch.dict(os.environ, settings, clear=True):
            daemon = Daemon(load(EXCHANGES), self._host_ms)
        self._record.note(f"life {self.lives} begins in {self._loop.directory.name}")
        self._life = asyncio.create_task(_lived(daemon, self._loop.directory))

    async def end(self, number: signal.Signals) -> None:
        """Stops it, or kills it at one of its next writes."""
        if self._life is None or self._life.done():
            self.ends.append(f"left by itself: {self._life and self._life.exception()!r}")
            return
        self._record.note(f"{number.name} is on its way")
        await (self._killed() if number == signal.SIGKILL else self._stopped(self._life))
        gc.unfreeze()
        await asyncio.sleep(self._loop.random.uniform(*PAUSE))

    async def watch(self, _: float) -> None:
        """What the kernel knows of it is not told apart from the tests."""

    def loud(self) -> list[str]:
        return self._record.loud()

    async def _stopped(self, life: asyncio.Task[None]) -> None:
        life.cancel()
        if not (await asyncio.wait({life}, timeout=STOP))[0]:
            self.ends.append(f"did not end within {STOP:g} s")
        elif not life.cancelled():
            self.ends.append(f"ended with {life.exception()!r}")

    async def _killed(self) -> None:
        self._loop.death_nears()
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await self._dead.wait()
        except TimeoutError:
            self._loop.die()

    def _died(self, left: Files) -> None:
        """Whatever the old program does from now on, nobody sees."""
        assert self._life
        self._record.note(f"life {self.lives} is killed")
        self._life.cancel()
        self._life.add_done_callback(_forgotten)
        self._api.token = ""
        self._loop.directory = self._directory / str(self.lives)
        self._loop.directory.mkdir()
        for name, content in left.items():
            (self._loop.directory / name).write_bytes(content)
        self._dead.set()


async def _lived(daemon: Daemon, directory: Path) -> None:
    with held(directory):
        await daemon.serve()


def _forgotten(life: asyncio.Task[None]) -> None:
    if not life.cancelled():
        life.exception()
