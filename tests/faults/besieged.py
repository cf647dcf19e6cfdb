# ruff: noqa: T201
"""The program in a process of its own, so that its memory can be measured.

`python -m tests.faults.besieged MS` takes its settings from the environment. For a line on stdin it
opens everything and says so; for the next it asks all at once and prints what came of it.
"""

import asyncio
import re
import sys
from pathlib import Path
from typing import Any, Final

import orjson

from crypto_assistant import config, daemon  # noqa: F401 (what the service has in its memory)
from crypto_assistant.app import give_memory_back, keep_memory_whole, open_front
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.front import Front
from crypto_assistant.grammar import encode

LINES: Final = (
    *("/price BTC", "/price BTC details", "/volume BTC", "/cvd BTC", "/oi BTC", "/analysis BTC"),
    *("/top10", "/top10 spot", "/top10 funding", "/top10 oi", "/top10 tradfi", "/volscan 1h"),
)


async def besieged(now_ms: int) -> None:
    keep_memory_whole()
    settings = config.load(EXCHANGES)
    while await asyncio.to_thread(sys.stdin.readline):
        _begin_anew()
        async with open_front(settings, "live", lambda: now_ms) as front:
            await front.desk.listings()
            print("open", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
            answers = await _asked(front)
            print(orjson.dumps({"megabytes": _most(), "answers": answers}).decode(), flush=True)


async def _asked(front: Front) -> dict[str, Any]:
    sheets = await asyncio.gather(*map(front.reply, LINES))
    return {
        line: {"text": sheet.text, **orjson.loads(encode(sheet.answer))}
        for line, sheet in zip(LINES, sheets, strict=True)
        if sheet.answer
    }


def _begin_anew() -> None:
    give_memory_back()
    Path("/proc/self/clear_refs").write_text("5")


def _most() -> float:
    """The most memory that it took since then, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


if __name__ == "__main__":
    asyncio.run(besieged(int(sys.argv[1])))
