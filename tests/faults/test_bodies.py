"""Whatever venues send: a small host has enough memory, and the others' answers are whole."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from crypto_assistant.net.body import LIST, MB, OTHER, Size
from tests.bench.upstream import upstream
from tests.clock import NOW
from tests.faults.relay import relay
from tests.net.attacks import attacks
from tests.net.loopback import Reply
from tests.venues import ADDRESSES

MOST_MB: Final = 176.0
"""Beyond that the kernel takes pages back from the service; at 256 it ends."""
LONGEST_TEXT: Final = 4096
ALL: Final = frozenset(ADDRESSES)


@dataclass
class Siege:
    """`attacked`: the settings of the addresses that answer with `reply`; the others are well."""

    program: asyncio.subprocess.Process | None = None
    attacked: Collection[str] = ()
    reply: Reply = field(default_factory=Reply)

    def edit(self, setting: str, _: str, answer: Any) -> Any:
        return self.reply if setting in self.attacked else answer

    async def run(
        self, reply: Reply, attacked: Collection[str] = ALL, *, at_the_start: bool = False
    ) -> Any:
        """What came of it, where the lists came before, or not."""
        self.reply, self.attacked = reply, attacked if at_the_start else ()
        await self._next()
        self.attacked = attacked
        return orjson.loads(await self._next())

    async def _next(self) -> bytes:
        assert self.program
        assert self.program.stdin
        assert self.program.stdout
        self.program.stdin.write(b"\n")
        line = await self.program.stdout.readline()
        assert line, f"the program ended: {await self.program.wait()}"
        return line


@asynccontextmanager
async def siege(directory: Path, suspects: Collection[str] = ALL) -> AsyncIterator[Siege]:
    """The program over lists of real size, at one frozen moment; only `suspects` may attack."""
    around = Siege()
    async with upstream(frozen_ms=NOW, limits=False) as urls, AsyncExitStack() as stack:
        settings = {"STATE_DIRECTORY": str(directory), "PATH": os.environ["PATH"]}
        settings |= urls
        for name in suspects:
            edited = relay(urls[name], partial(around.edit, name))
            settings[name] = await stack.enter_async_context(edited)
        program = around.program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.besieged", str(NOW)),
            env=settings,
            cwd=Path(__file__).parents[2],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=64 * MB,
        )
        try:
            yield around
        finally:
            program.kill()
            await program.wait()


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("most", [LIST, OTHER], ids=["lists", "others"])
async def test_no_answers_take_the_memory_of_a_small_host(
    tmp_path: Path, most: Size, deep: bool
) -> None:
    async with siege(tmp_path) as program:
        for name, reply in _chosen(most, deep):
            for at_the_start in (False, True):
                found = await program.run(reply, at_the_start=at_the_start)
                assert found["megabytes"] < MOST_MB, name
                texts = [len(one["text"]) for one in found["answers"].values()]
                assert max(texts, default=0) <= LONGEST_TEXT, name


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("most", [LIST, OTHER], ids=["lists", "others"])
async def test_whatever_one_venue_sends_the_others_answers_are_whole(
    tmp_path: Path, most: Size, deep: bool
) -> None:
    async with siege(tmp_path, {"OKX_URL"}) as program:
        healthy = (await program.run(Reply(), ()))["answers"]
        for name, reply in _chosen(most, deep):
            answers = (await program.run(reply, {"OKX_URL"}))["answers"]
            assert answers.keys() == healthy.keys()
            for line, answer in answers.items():
                assert set(answer["failed"]) <= {"okx"}, (name, line, answer["failed"])
                assert {"binance", "bybit"} <= set(answer["answered"]), (name, line)
            assert _others(answers["/price BTC"]) == _others(healthy["/price BTC"]), name


def _chosen(most: Size, deep: bool) -> list[tuple[str, Reply]]:
    """All attacks, which takes many minutes, or every fifth."""
    every = list(attacks(most).items())
    return every if deep else every[::5]


def _others(answer: Any) -> Any:
    """What of it no word of OKX's is in."""
    return [answer["venues"][venue] for venue in ("binance", "bybit")]
