"""Audits are made once a day at a quiet time, and again soon where something disagrees."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from crypto_assistant.app import alongside
from crypto_assistant.audit import keeper
from crypto_assistant.audit.findings import Audits
from crypto_assistant.clocks import monotonic
from crypto_assistant.config import load
from crypto_assistant.daemon import Daemon
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.models import DAY_MS, HOUR_MS
from crypto_assistant.sandbox import Fault
from tests.audit.bed import Bed, bed
from tests.botapi import TOKEN, BotApi
from tests.clock import NOW

MINUTE, HOUR, DAY = 60, 3600, 86_400
WRONG = Fault("okx", "shifted", "oiUsd*2")


class Kept(Bed):
    """`times`: when audits were done, in seconds from the start; `first`: one was."""

    audits: Audits
    times: list[float]
    first: asyncio.Event

    def gaps(self) -> list[float]:
        """Seconds between two audits."""
        return [later - earlier for earlier, later in pairwise(self.times)]


@asynccontextmanager
async def kept() -> AsyncIterator[Kept]:
    async with bed(moves=True) as simulated:
        found = Kept(simulated.sandbox, simulated.exchanges, simulated.clock, simulated.urls)
        found.audits, found.times, found.first = Audits(), [], asyncio.Event()
        began = monotonic()

        def done() -> None:
            found.times.append(monotonic() - began)
            found.first.set()

        keeping = keeper.keep(found.exchanges, found.audits, found.clock.ours, done)
        async with alongside(keeping):
            yield found


async def test_it_audits_when_the_start_is_over_and_then_once_a_day() -> None:
    async with kept() as found:
        await asyncio.sleep(3 * DAY + 2 * HOUR)
    assert 5 * MINUTE <= found.times[0] <= 25 * MINUTE
    assert all(DAY - 20 * MINUTE <= gap <= DAY + 20 * MINUTE for gap in found.gaps())
    assert len(found.times) == 4


async def test_what_disagrees_is_looked_at_again_ten_minutes_later_and_every_hour() -> None:
    async with kept() as found:
        found.sandbox.faults = [WRONG]
        await asyncio.sleep(45 * MINUTE)
        assert len(found.audits.doubtful) == 3
        await asyncio.sleep(3 * HOUR)
        found.sandbox.faults = []
        await asyncio.sleep(HOUR + 30 * MINUTE)
        assert found.audits.doubtful == []
        asked = len(found.times)
        await asyncio.sleep(20 * HOUR)
        assert len(found.times) == asked
    first, *later = found.gaps()
    assert 10 * MINUTE <= first <= 20 * MINUTE
    assert all(45 * MINUTE <= gap <= 80 * MINUTE for gap in later)


async def test_what_agrees_ten_minutes_later_was_nothing() -> None:
    async with kept() as found:
        found.sandbox.faults = [WRONG]
        await found.first.wait()
        found.sandbox.faults = []
        await asyncio.sleep(20 * MINUTE)
        assert len(found.times) == 2
        assert found.audits.doubtful == []
        await asyncio.sleep(20 * HOUR)
        assert len(found.times) == 2


async def test_an_audit_is_made_in_the_quiet_part_of_an_hour() -> None:
    async with kept() as found:
        found.sandbox.faults = [WRONG]
        await asyncio.sleep(12 * HOUR)
        minutes = [(NOW + 1000 * seconds) % HOUR_MS / 60_000 for seconds in found.times]
    assert len(minutes) > 8
    assert all(4.99 <= minute <= 59 for minute in minutes)


@pytest.mark.parametrize(
    ("past", "seconds"), [(0, 300), (4, 60), (5, 0), (57.9, 0), (58, 420), (59.5, 330)]
)
def test_the_quiet_part_begins_five_minutes_past(past: float, seconds: float) -> None:
    assert keeper.until_quiet(NOW // DAY_MS * DAY_MS + round(60_000 * past)) == seconds


async def test_what_was_found_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with kept() as found:
        found.sandbox.faults = [WRONG]
        await asyncio.sleep(45 * MINUTE)
        found.sandbox.faults = []
        await asyncio.sleep(2 * HOUR)
    assert "audit: 41 agree, 3 disagree" in caplog.text
    assert "audit: okx: open interest BTC-USDT-SWAP: 50.00 % off its own USD" in caplog.text
    assert "audit: agrees again: okx: open interest BTC-USDT-SWAP" in caplog.text


async def test_the_daemon_audits_and_tells_it_in_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bed(moves=True) as found, BotApi(clock_ms=found.clock.ours) as api:
        settings = {
            **found.urls,
            "TELEGRAM_API_URL": api.url,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_CHAT_ID": "7",
            "STATE_DIRECTORY": str(tmp_path),
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        daemon = Daemon(load(EXCHANGES), found.clock.ours)
        async with alongside(daemon.serve()):
            await asyncio.sleep(30 * MINUTE)
            api.say("/status")
            text = (await api.next_message(50)).text
            while "audit" not in text and "waiting" in text:
                text = (await api.next_message(50)).text
    assert re.search(r"audit [\d.]+ min ago: 44 of 44 agree", text)
