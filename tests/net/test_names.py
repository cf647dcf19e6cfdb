"""Hosts' names are looked up beside everything else, and nothing waits for it at the end."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from crypto_assistant.net.names import Names

ROOT = Path(__file__).parents[2]
ENDS_MEANWHILE = """
import asyncio, threading
from crypto_assistant.net.names import Names

begun = threading.Event()

def hang(*_, **__):
    begun.set()
    threading.Event().wait()

async def main():
    looking = asyncio.create_task(Names(hang).resolve("silent.example"))
    while not begun.is_set():
        await asyncio.sleep(0.001)
    looking.cancel()

asyncio.run(main())
print("ended")
"""


async def test_this_host_is_found_by_its_name() -> None:
    found = await Names().resolve("localhost", 80, socket.AF_INET)
    assert {(row["hostname"], row["host"], row["port"]) for row in found} == {
        ("localhost", "127.0.0.1", 80)
    }


@pytest.mark.parametrize("name", ["nobody.invalid", "a" * 64 + ".invalid"])
async def test_a_name_that_is_not_known_is_an_error(name: str) -> None:
    with pytest.raises((OSError, UnicodeError)):
        await Names().resolve(name)


async def test_a_host_that_has_no_thread_to_spare_is_an_error_like_any_other() -> None:
    usual = threading.stack_size(1 << 46)
    try:
        with pytest.raises(BlockingIOError, match="can't start new thread"):
            await Names().resolve("localhost")
    finally:
        threading.stack_size(usual)


@pytest.mark.real
def test_a_name_server_that_is_silent_does_not_hold_up_the_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDS_MEANWHILE],
        env={"PYTHONPATH": str(ROOT), "PATH": os.defpath},
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert (done.stdout, done.stderr) == (b"ended\n", b"")
