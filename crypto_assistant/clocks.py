"""The clocks that the program goes by: nothing else reads the time."""

import asyncio
import time


def monotonic() -> float:
    """Seconds on the clock of the running event loop, which nobody sets."""
    return asyncio.get_running_loop().time()


def clock_ms() -> int:
    """This host's time, right or wrong, in ms UTC."""
    return time.time_ns() // 1_000_000
