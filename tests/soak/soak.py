"""Everything together: the exchanges, Telegram, the daemon, the weather, and who watches."""

import asyncio
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Final, Protocol

from crypto_assistant.clocks import monotonic
from crypto_assistant.sandbox import KEYS, Dates, Fault, Sandbox, World
from tests.botapi import TOKEN, BotApi
from tests.soak.chats import Chats
from tests.soak.daemon import Use, listening_by_ss
from tests.soak.judge import LONGEST_AGE, judge
from tests.soak.moments import Chronicle
from tests.soak.outages import OUTAGES, USERS, Outage
from tests.soak.report import Report
from tests.soak.traffic import Seen, Traffic
from tests.soak.weather import Trouble

log = logging.getLogger(__name__)

GAP_SECONDS: Final = 25.0
"""For so long what came half empty may still be used."""
DAWN: Final = 120.0
"""Seconds in which the daemon asks for updates for the first time."""


@dataclass
class Plan:
    """`drain`: seconds that the last answers may take when the faults are over. `settle`: seconds
    before the first question, in which a first start reads three months of the accounts' logs.
    `latency`: seconds that a venue takes to answer."""

    seed: int
    seconds: float
    rate: float
    troubles: Sequence[Trouble]
    settle: float = 0.0
    drain: float = 90.0
    look: float = 2.0
    latency: float = 0.0


class Supervised(Protocol):
    """The daemon and how it fares: a process of its own, as `tests.soak.daemon` has it, or not."""

    lives: int
    ends: list[str]
    uses: list[Use]
    listening: list[str]

    async def start(self) -> None: ...
    async def end(self, number: signal.Signals) -> None: ...
    async def watch(self, every: float) -> None: ...
    def loud(self) -> list[str]: ...


@dataclass
class Soak:
    """`supervise`: the daemon by its settings. `api` has the time that the world goes by.

    `outages`: what beside faults and signals a trouble may be. `ahead`: by how many ms the daemon's
    clock was ahead between two times in ms; by several where somebody set it.
    """

    plan: Plan
    supervise: Callable[[Mapping[str, str]], Supervised]
    api: Chats = field(default_factory=Chats)
    outages: Mapping[str, Outage] = field(default_factory=lambda: OUTAGES)
    ahead: Callable[[int, int], Sequence[int]] = lambda *_: (0,)
    wrong: list[str] = field(default_factory=list)

    async def run(self) -> Report:
        now = self.api.clock_ms()
        self.sandbox = Sandbox(World(self.plan.seed, now), self.api.clock_ms, monotonic)
        self.sandbox.dates = Dates(*map(int, f"{self.plan.seed % 4:02b}"))  # either way
        self.sandbox.latency = self.plan.latency
        self.chronicle = Chronicle(self.sandbox)
        self._warm(now)
        async with AsyncExitStack() as stack:
            urls = await stack.enter_async_context(self.sandbox.serve())
            await stack.enter_async_context(self.api)
            self.traffic = Traffic(self.api, Random(self.plan.seed))
            settings = {**urls, **KEYS, **_telegram(self.api)}
            self.daemon = self.supervise(settings)
            await self.daemon.start()
            stack.push_async_callback(self.daemon.end, signal.SIGTERM)
            await self.api.called("getUpdates", seconds=DAWN)
            await asyncio.sleep(self.plan.settle)
            return await self._weathered()

    def _warm(self, now: int) -> None:
        """What would hold everybody up at the first request."""
        for venue in self.sandbox.owners:
            self.sandbox.account(venue).book.events(0, now)
        self.chronicle.at(now // 1000)

    async def _weathered(self) -> Report:
        self.began_ms = self.api.clock_ms()
        self.began = monotonic()
        around = [
            asyncio.create_task(job)
            for job in (self._answers(), self.daemon.watch(self.plan.look), self._asks_ss())
        ]
        try:
            await self._storms()
            await self._drained()
        finally:
            await _ended(around)
        return self._report()

    async def _storms(self) -> None:
        flow = asyncio.create_task(self.traffic.flow(self.plan.rate))
        jobs = [asyncio.create_task(self._passes(trouble)) for trouble in self.plan.troubles]
        try:
            await asyncio.sleep(self.plan.seconds)
        finally:
            await _ended([flow])
            await asyncio.gather(*jobs)
            self._clears()

    def _clears(self) -> None:
        self.sandbox.faults.clear()
        self.api.blocked.clear()
        self.api.flooded.clear()
        for method in ("getUpdates", "sendMessage", "editMessageText"):
            self.api.recover(method)

    async def _passes(self, trouble: Trouble) -> None:
        """From its start to its end, whatever it is."""
        await self._until(trouble.start)
        log.info("for %.1f s: %s", trouble.end - trouble.start, trouble.what)
        if isinstance(trouble.what, Fault):
            self.sandbox.faults.append(trouble.what)
            await self._until(trouble.end)
            self.sandbox.faults.remove(trouble.what)
        elif trouble.what in {"SIGKILL", "SIGTERM"}:
            await self.daemon.end(signal.Signals[trouble.what])
            await self.daemon.start()
        else:
            random = Random(f"{self.plan.seed} {trouble}")
            await self.outages[trouble.what](self.api, random, partial(self._until, trouble.end))

    async def _until(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, self.began + seconds - monotonic()))

    async def _answers(self) -> None:
        """Judged as they come: a bug in the judging ends everything."""
        while True:
            shown = await self.api.next_shown()
            if seen := self.traffic.answered(shown):
                self._judge(seen)

    def _judge(self, seen: Seen) -> None:
        one = seen.asked
        between = one.asked_ms, seen.seen_ms
        answer = self.chronicle, one.question, seen.reading, between, self._gapped(*between)
        aheads = self.ahead(one.asked_ms - round(1000 * LONGEST_AGE), seen.seen_ms)
        least_age = LONGEST_AGE if len(aheads) > 1 else 0.0
        verdicts = [judge(*answer, ahead_ms=ahead, least_age=least_age) for ahead in aheads]
        verdict = min(verdicts, key=lambda verdict: len(verdict.wrong))
        one.verdict = one.verdict or verdict
        if verdict.wrong:
            told = "; ".join(verdict.wrong)
            log.info("wrong: %s", told)
            self.wrong.append(f"{one.question.line}: {told}\n{seen.reading.text}\n")

    def _gapped(self, asked_ms: int, seen_ms: int) -> set[str]:
        asked, seen = ((ms - self.began_ms) / 1000 for ms in (asked_ms, seen_ms))
        return {
            venue
            for venue in self.sandbox.owners
            for trouble in self.plan.troubles
            if trouble.gaps(venue) and trouble.start <= seen and asked <= trouble.end + GAP_SECONDS
        }

    async def _drained(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.plan.drain):
                await self.traffic.quiet()

    async def _asks_ss(self) -> None:
        while True:
            await asyncio.sleep(self.plan.look * 5)
            if self.daemon.uses:
                self.daemon.listening += await listening_by_ss(self.daemon.uses[-1].pid)

    def _report(self) -> Report:
        return Report(
            seed=self.plan.seed,
            seconds=self.plan.seconds,
            asked=self.traffic.asked,
            troubles=self.plan.troubles,
            began_ms=self.began_ms,
            strange=self.traffic.strange,
            wrong=self.wrong,
            rejected=[f"{seen.venue} {seen.path}" for seen in self.sandbox.rejected],
            listening=self.daemon.listening,
            loud=self.daemon.loud(),
            ends=self.daemon.ends,
            uses=self.daemon.uses,
            lives=self.daemon.lives,
        )


def _telegram(api: BotApi) -> dict[str, str]:
    return {
        "TELEGRAM_API_URL": api.url,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_CHAT_ID": ",".join(map(str, USERS)),
    }


async def _ended(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Stops them; whatever went wrong in one of them is raised."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
