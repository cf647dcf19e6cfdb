"""A process that is killed while it reads a log leaves whole windows, and knows which."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

PROGRAM = """
import asyncio, sys
from pathlib import Path

from crypto_assistant.clocks import clock_ms
from crypto_assistant.ledger import Ledger
from crypto_assistant.state.store import Store
from tests.account_log import BOOK, DAY, HOUR, MINUTE, NOW, PlayedAccount, SetClock, line

class Still(SetClock):
    async def now_ms(self):
        return NOW

class Busy(PlayedAccount):
    log_window_ms = HOUR

    async def _told(self, start_ms, end_ms):
        return tuple(line(str(ms), ms) for ms in range(start_ms, end_ms, MINUTE))

async def main(path):
    async with Store.opened(path, clock_ms) as store:
        report = lambda done, total: print(done, flush=True)
        await Ledger(store).update(BOOK, Busy(clock=Still(NOW)), NOW - 80 * DAY, NOW, report)

asyncio.run(main(Path(sys.argv[1])))
"""
ROOT = Path(__file__).parents[1]


def killed_after(windows: int, path: Path) -> None:
    """Ends a process that fills the ledger, in the midst of some window after so many."""
    command = [sys.executable, "-c", PROGRAM, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        next(told for told in process.stdout if int(told) >= windows)
        process.kill()
    assert process.returncode < 0


def count(path: Path, sql: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (number,) = connection.execute(sql).fetchone()
    return int(number)


def test_a_killed_update_leaves_whole_windows(tmp_path: Path) -> None:
    path = tmp_path / "assistant.db"
    for windows in (3, 60):
        killed_after(windows, path)
        minutes = count(path, "SELECT sum(end_ms - start_ms) / 60000 FROM coverage")
        covered = count(
            path,
            """SELECT count(*) FROM entries JOIN coverage
            ON time_ms >= start_ms AND time_ms < end_ms""",
        )
        assert covered == minutes > 0
        # The last hour is never settled.
        assert count(path, "SELECT count(*) FROM entries") - covered in {0, 60}
