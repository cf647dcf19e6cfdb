"""Audits the exchanges once a day, and again where something disagreed."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from random import uniform

from crypto_assistant.audit.findings import APART_SECONDS, Audits, Finding
from crypto_assistant.audit.run import audit
from crypto_assistant.clocks import monotonic
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.models import DAY_MS, HOUR_MS

log = logging.getLogger(__name__)

STARTED = 300.0, 900.0
"""Seconds after the start of the program, when its lists and its accounts' logs are read."""
JITTER = 600.0
DOUBTFUL_SECONDS = HOUR_MS / 1000
"""Between audits while something is doubtful: it is not marked so longer than it has to be."""
BUSY_MS = 5 * 60_000, HOUR_MS - 2 * 60_000
"""Between these, of an hour, it is quiet: on the hour funding is paid, and all programs ask."""


async def keep(
    exchanges: Sequence[Exchange],
    audits: Audits,
    clock_ms: Callable[[], int],
    done: Callable[[], None],
) -> None:
    """Audits for ever; `done` is called after each, when the bodies that it read are gone."""
    await asyncio.sleep(uniform(*STARTED))  # noqa: S311 (it parts hosts, no secret)
    while True:
        await asyncio.sleep(until_quiet(clock_ms()))
        try:
            await _once(exchanges, audits, clock_ms)
        except Exception:  # An audit that nobody makes would be missed by nobody.
            log.exception("the exchanges were not audited")
        done()
        await asyncio.sleep(pause(audits))


def until_quiet(now_ms: int) -> float:
    """Seconds until the quiet part of an hour begins, 0 within it."""
    past_ms, (first_ms, last_ms) = now_ms % HOUR_MS, BUSY_MS
    if first_ms <= past_ms < last_ms:
        return 0.0
    return ((first_ms - past_ms) % HOUR_MS) / 1000


def pause(audits: Audits) -> float:
    """Seconds until the next audit."""
    if audits.is_suspicious:
        return APART_SECONDS
    seconds = DOUBTFUL_SECONDS if audits.doubtful else DAY_MS / 1000
    return seconds + uniform(-JITTER, JITTER)  # noqa: S311


async def _once(exchanges: Sequence[Exchange], audits: Audits, clock_ms: Callable[[], int]) -> None:
    began, before = monotonic(), set(_names(audits.doubtful))
    found = await audit(exchanges, clock_ms)
    audits.note(found, began)
    log.info("audit: %s", found.verdict)
    for one in found.those(False):
        log.warning("audit: %s: %s: %s", one.venue, one.name, one.said)
    for name in before - set(_names(audits.doubtful)):
        log.info("audit: agrees again: %s", name)


def _names(findings: Sequence[Finding]) -> list[str]:
    return [f"{one.venue}: {one.name}" for one in findings]
