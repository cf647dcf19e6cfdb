"""A program that is killed in the middle of writing has lost nothing that it had acknowledged."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

PROGRAM = """
import asyncio, os, sys
from pathlib import Path

from crypto_assistant.clocks import clock_ms
from crypto_assistant.state.store import Store

def say(*words):
    os.write(1, " ".join(map(str, words)).encode() + b"\\n")

def window(start):
    def write(db):
        row = ("okx", "live", "1")
        values = "VALUES (?, ?, ?, ?, 'fee', ?, NULL, '', 'USDT', -1.5)"
        lines = [(*row, f"{start}/{n}", start + n) for n in range(60)]
        db.executemany(f"INSERT INTO entries {values}", lines)
        db.execute("INSERT INTO coverage VALUES (?, ?, ?, ?, ?)", (*row, start, start + 60))
    return write

async def write(store, first):
    for n in range(first, first + 1000, 10):
        await store.keep({n + i: b"question %d" % (n + i) * 30 for i in range(5)}, n)
        say("kept", *range(n, n + 5))
        await store.write(window(n * 1000))
        say("window", n * 1000)
        await store.forget([n, n + 3])
        say("forgot", n, n + 3)

async def live(first):
    async with Store.opened(Path(sys.argv[1]), clock_ms) as store:
        await store.left()
        say("open", os.getpid())
        await write(store, first)

for first in range(0, 50_000, 1000):
    if not (pid := os.fork()):
        asyncio.run(live(first))
        os._exit(0)
    os.waitpid(pid, 0)
    say("dead")
    sys.stdin.readline()
"""
LIVES = 50
ROOT = Path(__file__).parents[2]


@dataclass
class Acknowledged:
    """What the program said that it had done; of what it was doing last, nothing is known."""

    kept: set[int] = field(default_factory=set)
    forgotten: set[int] = field(default_factory=set)
    windows: set[int] = field(default_factory=set)

    def note(self, words: list[str]) -> None:
        what, *numbers = words
        told = {"kept": self.kept, "forgot": self.forgotten, "window": self.windows}[what]
        told.update(map(int, numbers))


@contextmanager
def started(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has imported the store alone, and makes a new one for every life."""
    command = [sys.executable, "-c", PROGRAM, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def live_and_be_killed(process: subprocess.Popen[str], chance: random.Random) -> Acknowledged:
    """Reads what one life acknowledges, kills it, and reads what it had said until then."""
    assert process.stdout
    said = Acknowledged()
    word, pid = process.stdout.readline().split()
    assert word == "open"
    for _ in range(chance.randrange(40)):
        said.note(process.stdout.readline().split())
    time.sleep(chance.random() / 500)
    os.kill(int(pid), signal.SIGKILL)
    while (words := process.stdout.readline().split()) != ["dead"]:
        said.note(words)
    return said


def numbers(connection: sqlite3.Connection, sql: str) -> set[int]:
    return {number for (number,) in connection.execute(sql)}


def assert_all_there(path: Path, said: Acknowledged, first: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        inbox = numbers(connection, "SELECT update_id FROM inbox")
        windows = numbers(connection, "SELECT start_ms FROM coverage")
        lines = connection.execute(
            "SELECT time_ms / 1000 * 1000, count(*) FROM entries GROUP BY 1"
        ).fetchall()
    assert dict(lines) == dict.fromkeys(windows, 60), "a window and its lines go together"
    assert said.windows <= windows
    assert not said.forgotten & inbox
    # What was being forgotten when the program died is gone or there, together.
    begun = {n for n in said.kept - said.forgotten if n % 10 in {0, 3}}
    assert said.kept - said.forgotten - begun <= inbox
    assert len(begun & inbox) in {0, 2} if said.kept else not begun
    unheard = {n for n in inbox if n >= first} - said.kept
    assert len(unheard) in {0, 5}, "updates that came together are kept together"


@pytest.mark.slow
def test_fifty_killed_lives_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    chance = random.Random(4)  # noqa: S311
    everything = Acknowledged()
    with started(path) as process:
        assert process.stdin
        for life in range(LIVES):
            said = live_and_be_killed(process, chance)
            assert_all_there(path, said, first=life * 1000)
            everything.kept |= {n for n in said.kept - said.forgotten if n % 10 not in {0, 3}}
            everything.windows |= said.windows
            process.stdin.write("on\n")
            process.stdin.flush()
    assert len(everything.windows) > LIVES
    assert_all_there(path, everything, first=LIVES * 1000)
    assert list(tmp_path.glob("*corrupt*")) == []
