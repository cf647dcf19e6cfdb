"""Death at a random write: into the database's directory, or to Telegram."""

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, Final

from tests import virtual

BEGINS: Final = 86_400.0
MOST_WRITES: Final = 12
"""That who is to be killed may still make."""
LOGS: Final = ("-wal", "-shm")

Files = Mapping[str, bytes]


class Loop(virtual.Loop):
    """What an executor is given is the database's work: at some of it comes death."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._latest = virtual.Loop.latest
        virtual.Loop.latest = self._began = BEGINS
        self.dies: Callable[[Files], None] = lambda _: None
        """Told what is left in the directory of who dies."""
        self.directory, self.random = Path(), random
        self._writes: int | None = None
        self._executor: Any = None

    def lasted(self) -> float:
        """Seconds since it began."""
        return self.time() - BEGINS

    def death_nears(self) -> None:
        """It comes within the next writes."""
        self._writes = self.random.randrange(MOST_WRITES)

    def strikes(self) -> bool:
        """Whether this write is the last; asked once at each."""
        if self._writes is None:
            return False
        self._writes = self._writes - 1 if self._writes else None
        return self._writes is None

    def die(self) -> None:
        """Now, whatever was to come."""
        self._writes = None
        self.dies(self._files())

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        if executor is None:  # No database's.
            return super().run_in_executor(executor, func, *args)
        self._executor = executor
        if not self.strikes():
            return super().run_in_executor(executor, func, *args)
        before = self._files()
        result = super().run_in_executor(executor, func, *args)
        self.dies(torn(before, self._files(), self.random))
        return result

    def close(self) -> None:
        super().close()
        virtual.Loop.latest = max(virtual.Loop.latest, self._latest)

    def _files(self) -> Files:
        """What is in the directory when the work under way is done."""
        self._executor.submit(int).result()
        return {path.name: path.read_bytes() for path in sorted(self.directory.iterdir())}


def torn(before: Files, after: Files, random: Random) -> Files:
    """What is left of work that breaks off: nothing, all, or a part of what went into the log."""
    name = next((name for name in after if name.endswith("-wal")), "")
    into_log_alone = _without_logs(before) == _without_logs(after)
    if not (name and into_log_alone and random.random() < 0.5):
        return random.choice((before, after))
    was, becomes = before.get(name, b""), after[name]
    differs = (n for n, (old, new) in enumerate(zip(was, becomes, strict=False)) if old != new)
    cut = random.randint(next(differs, min(len(was), len(becomes))), len(becomes))
    return {**before, name: becomes[:cut] + was[cut:]}


def _without_logs(files: Files) -> Files:
    return {name: content for name, content in files.items() if not name.endswith(LOGS)}
