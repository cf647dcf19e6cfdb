"""A card that takes a second for a sync lets answers flow while a write is under way."""

import asyncio
import shutil
import statistics
from pathlib import Path

import pytest

from crypto_assistant.clocks import monotonic
from tests.powercut.recording import Recorder
from tests.test_daemon import ADA, PATIENCE, service

FSYNC_MS = 1000
PAUSES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8)

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is missing: apt install gcc"),
]


@pytest.mark.parametrize("line", ["/help", "/price BTC"])
async def test_answers_keep_flowing_while_a_slow_disk_writes(tmp_path: Path, line: str) -> None:
    recorder = Recorder.built(tmp_path)
    watched = recorder.environment(tmp_path / "state", tmp_path / "record", FSYNC_MS)
    chats = range(ADA, ADA + 1 + len(PAUSES))  # Nobody waits for a second message in a second.
    text = f"TELEGRAM_CHAT_ID={','.join(map(str, chats))}\n"
    began = monotonic()
    async with service(tmp_path, text, MARKET="sandbox", **watched) as daemon:
        await daemon.hears("READY=1")
        assert monotonic() - began > FSYNC_MS / 1000, "the disk is not slow"
        daemon.api.say(line)
        await daemon.api.next_message(PATIENCE)  # The log is begun.
        waits = []
        for chat, pause in zip(chats[1:], PAUSES, strict=True):
            begun = monotonic()
            daemon.api.say(line, chat)
            await daemon.api.next_message(PATIENCE)
            waits.append(monotonic() - begun)
            await asyncio.sleep(pause)  # The answer is being taken out of the inbox meanwhile.
    told = f"{line}: {[round(wait, 2) for wait in waits]} s"
    assert statistics.median(waits) < FSYNC_MS / 1000, told
