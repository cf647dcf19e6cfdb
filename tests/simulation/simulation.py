"""One seed: the host, the weather, the questions, and whether all came right."""

import asyncio
import random as everywhere
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

from crypto_assistant.sandbox import Fault
from tests.simulation.clock import Clock
from tests.simulation.death import Loop
from tests.simulation.lives import Lives
from tests.simulation.record import Record
from tests.simulation.telegram import Telegram, unheard
from tests.soak.outages import OUTAGES
from tests.soak.report import Report
from tests.soak.soak import Plan, Soak
from tests.soak.weather import Trouble, forecast

RATE: Final = 0.5
"""Questions a second."""
SETTLE: Final = 5.0
DRAIN: Final = 300.0
LATENCIES: Final = 0.02, 0.08, 0.3
"""Seconds that the venues of a seed take to answer."""
WRONG: Final = 20.0, 180.0
"""Seconds for which a clock is."""
DYING: Final = 45.0
"""Seconds in which somebody is killed, and begins anew."""
MOST_SHOWN: Final = 8
FAILED: Final = "FAILED"
WIDEST: Final = 500
"""Characters of a failure."""


@dataclass(frozen=True)
class Simulated:
    """What came of a seed. `digest`: of all messages. `seconds`: of CPU. `log`: all that happened;
    `last`: until it failed."""

    seed: int
    minutes: float
    digest: str
    extent: str
    seconds: float
    failures: Sequence[str]
    last: Sequence[str]
    log: Sequence[str]
    planted: str = ""

    @property
    def command(self) -> str:
        """That lives it again."""
        planted = f" PLANT='{self.planted}'" if self.planted else ""
        return f"make simulate SEED={self.seed} SEEDS=1 MINUTES={self.minutes:g}{planted}"

    def lines(self) -> Iterator[str]:
        verdict = FAILED if self.failures else "passed"
        yield f"seed {self.seed}: {verdict}; {self.extent}; {self.seconds:.0f} s; {self.digest}"
        if self.failures:
            yield from self.last
            yield from (failure[:WIDEST] for failure in self.failures[:MOST_SHOWN])
            yield f"again: {self.command}"


def simulate(seed: int, minutes: float, planted: str = "") -> Simulated:
    """Lives one seed; the same again is the same to the byte.

    `planted`: what a venue says wrong all the time, as `VENUE PATH FIELD WAY`.
    """
    began = time.process_time()
    with ExitStack() as stack:
        loop = Loop(Random(seed))
        runner = stack.enter_context(asyncio.Runner(loop_factory=lambda: loop))
        # By these it is told whether a connection still lives, and how long a pause is.
        stack.enter_context(patch("aiohttp.connector.monotonic", loop.time))
        everywhere.seed(seed)
        record = Record(loop.lasted)
        stack.enter_context(record.kept())
        clock = Clock(loop)
        api = Telegram(clock_ms=clock.world_ms, loop=loop)
        supervise = partial(
            Lives,
            loop=loop,
            api=api,
            host_ms=clock.host_ms,
            directory=Path(stack.enter_context(TemporaryDirectory())),
            record=record,
        )
        outages = {**OUTAGES, "clock": clock.step, "unheard": unheard}
        soak = Soak(
            _plan(seed, minutes, loop.random, planted), supervise, api, outages, clock.ahead
        )
        extent, signs = "broken off", list[str]()
        try:
            report = runner.run(soak.run())
        except Exception:  # noqa: BLE001 (it is shown with what came before)
            failures = [traceback.format_exc()]
        else:
            failures, extent, signs = report.failures(), _extent(report), _signs(report)
    return Simulated(
        seed,
        minutes,
        api.told.hexdigest()[:12],
        extent,
        time.process_time() - began,
        failures,
        record.before(signs),
        record.lines,
        planted,
    )


def _plan(seed: int, minutes: float, random: Random, planted: str) -> Plan:
    troubles = forecast(random, 60 * minutes, ("clock", "clock", "unheard"))
    if planted:
        venue, path, value = planted.split(maxsplit=2)
        troubles.append(Trouble(0.0, 60 * minutes, Fault(venue, "nonsense", value, path)))
    return Plan(
        seed,
        60 * minutes,
        RATE,
        [_drawn_out(trouble, random) for trouble in troubles],
        settle=SETTLE,
        drain=DRAIN,
        latency=random.choice(LATENCIES),
    )


def _drawn_out(trouble: Trouble, random: Random) -> Trouble:
    lasts = {"clock": random.uniform(*WRONG), "SIGKILL": DYING, "SIGTERM": DYING}
    return replace(trouble, end=trouble.end + lasts.get(trouble.family, 0.0))


def _extent(report: Report) -> str:
    return (
        f"{len(report.asked)} questions, {report.checked.total()} numbers,"
        f" {len(report.troubles)} troubles, {report.lives} lives"
    )


def _signs(report: Report) -> list[str]:
    """By which the first thing that went wrong is known in the log."""
    lost = [f"chat {one.chat} asks {one.question.line}" for one in report.lost]
    return [" wrong: ", " strange: ", *report.loud, *lost]
