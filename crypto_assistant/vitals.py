"""What the process knows of itself."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from crypto_assistant import __version__
from crypto_assistant.clocks import monotonic
from crypto_assistant.state.store import Store


@dataclass(frozen=True, slots=True)
class Process:
    """The process at one moment; what only the daemon has is None elsewhere.

    `models_deferred`: whether those of Telegram's library are built one by one, which saves memory.
    `poll_age_seconds`: since Telegram last told what is new. `telegram_failure`: why it did not the
    last time it was asked, "" where it did. `database_trouble`: what is not kept, and why.
    """

    version: str
    uptime_seconds: float
    memory_bytes: int | None
    models_deferred: bool | None
    poll_age_seconds: float | None
    telegram_failure: str
    inbox_questions: int | None
    database_bytes: int | None
    database_trouble: str | None


@dataclass(slots=True)
class Vitals:
    """What is noted on the way; times are those of `monotonic`.

    `polled`: when Telegram last told what is new. `failure`: why it did not since.
    """

    started: float = field(default_factory=monotonic)
    store: Store | None = None
    models_deferred: bool | None = None
    polled: float | None = None
    failure: str = ""

    async def process(self) -> Process:
        """How the process stands now."""
        now = monotonic()
        kept = await self.store.condition() if self.store else None
        return Process(
            version=__version__,
            uptime_seconds=now - self.started,
            memory_bytes=_resident_bytes(),
            models_deferred=self.models_deferred,
            poll_age_seconds=None if self.polled is None else now - self.polled,
            telegram_failure=self.failure,
            inbox_questions=kept.inbox if kept else None,
            database_bytes=kept.size_bytes if kept else None,
            database_trouble=kept.trouble if kept else None,
        )


def _resident_bytes() -> int | None:
    """As /proc/PID/statm counts it, in pages; None where there is none."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
