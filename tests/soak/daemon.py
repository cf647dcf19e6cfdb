"""The daemon in a process of its own: started, stopped, killed, and watched from outside."""

import asyncio
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 30.0
"""Seconds that a stop may take."""
LOUD: Final = re.compile(r"^(<[0-3]>|ERROR|CRITICAL)|Traceback \(most recent call last\)")
STATES: Final = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}
"""How the kernel calls listening, and of UDP not being connected."""


class Use(NamedTuple):
    """At `time` (monotonic s): resident memory in MB, open descriptors, threads."""

    time: float
    pid: int
    memory: float
    descriptors: int
    threads: int

    def __str__(self) -> str:
        return f"{self.memory:.1f} MB, {self.descriptors} descriptors, {self.threads} threads"


@dataclass
class Daemon:
    """`log`: where its output goes, of all its lives."""

    settings: Mapping[str, str]
    directory: Path
    uses: list[Use] = field(default_factory=list)
    listening: list[str] = field(default_factory=list)
    lives: int = 0
    ends: list[str] = field(default_factory=list)
    """How it ended where nobody had ended it."""

    def __post_init__(self) -> None:
        self.log = self.directory / "log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        environment = {
            **self.settings,
            "STATE_DIRECTORY": str(self.directory),
            "PYTHONPATH": str(ROOT),
            "PATH": os.environ.get("PATH", ""),
        }
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "crypto_assistant", "run"),
                env=environment,
                cwd=self.directory,
                stdout=log,
                stderr=log,
            )
        self.lives += 1

    async def end(self, number: signal.Signals) -> None:
        """Sends the signal and waits; a process that does not go is killed."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is not None:
            self.ends.append(f"left by itself with {process.returncode}")
            return
        process.send_signal(number)
        try:
            async with asyncio.timeout(PATIENCE):
                await process.wait()
        except TimeoutError:
            self.ends.append(f"did not end within {PATIENCE:g} s of {number.name}")
            process.kill()
            await process.wait()

    async def watch(self, every: float) -> None:
        """Looks at it again and again, for ever."""
        while True:
            if self._process and self._process.returncode is None:
                with suppress(FileNotFoundError, ProcessLookupError):
                    self._look(self._process.pid)
            await asyncio.sleep(every)

    def _look(self, pid: int) -> None:
        status = Path(f"/proc/{pid}/status").read_text()
        memory, threads = (
            int(found[1])
            for name in ("VmRSS", "Threads")
            if (found := re.search(rf"{name}:\s+(\d+)", status))
        )
        descriptors = len([*Path(f"/proc/{pid}/fd").iterdir()])
        self.uses.append(Use(time.monotonic(), pid, memory / 1024, descriptors, threads))
        self.listening += listening(pid)

    def loud(self) -> list[str]:
        """The lines of its output that tell of a bug."""
        if not self.log.exists():
            return []
        lines = self.log.read_text(errors="replace").split("\n")
        return [line for line in lines if LOUD.search(line)]


def listening(pid: int) -> list[str]:
    """What of a process waits for others to connect; asked of the kernel, as `ss -lntup` does."""
    inodes = {match[1] for match in map(_socket, Path(f"/proc/{pid}/fd").iterdir()) if match}
    return [
        f"{protocol} {address}"
        for protocol, state in STATES.items()
        for address, in_state, inode in _sockets(pid, protocol)
        if in_state == state and inode in inodes
    ]


def _socket(descriptor: Path) -> re.Match[str] | None:
    with suppress(OSError):
        return re.fullmatch(r"socket:\[(\d+)\]", str(descriptor.readlink()))
    return None


def _sockets(pid: int, protocol: str) -> Iterator[tuple[str, str, str]]:
    table = Path(f"/proc/{pid}/net/{protocol}")
    rows = table.read_text().split("\n")[1:] if table.exists() else []
    for columns in filter(None, map(str.split, rows)):
        yield columns[1], columns[3], columns[9]


async def listening_by_ss(pid: int) -> list[str]:
    """The same as `ss` tells it; nothing where there is no `ss`."""
    if shutil.which("ss") is None:
        return []
    asked = await asyncio.create_subprocess_exec(
        "ss", "-lntupH", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    told, _ = await asked.communicate()
    return [line for line in told.decode().split("\n") if f"pid={pid}," in line]
