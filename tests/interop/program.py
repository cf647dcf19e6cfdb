"""The program as it was installed, in an environment of its own, and exchanges for it."""

import os
import time
from pathlib import Path

from crypto_assistant.sandbox import Sandbox, World
from tests.interop.conftest import unlimited

PROGRAM = Path(os.environ["PROGRAM"]).absolute()


def clock() -> int:
    return time.time_ns() // 1_000_000


def exchanges() -> Sandbox:
    """In which time passes."""
    return Sandbox(World(seed=7, now=clock()), clock, unlimited())
