"""`python -m tests.charts.measured`: what a picture costs: time, the loop's lag, memory, bytes."""
# ruff: noqa: T201

import asyncio
import time
from pathlib import Path
from statistics import median

from crypto_assistant.app import keep_memory_whole
from crypto_assistant.charts.studio import Studio
from tests.charts.figures import samples


def memory(name: str) -> float:
    """VmRSS or VmHWM in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


async def lag(worst: list[float]) -> None:
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(0.001)
        worst.append(time.perf_counter() - begun - 0.001)


async def main() -> None:
    keep_memory_whole()
    studio, figures = Studio(), samples()
    before = memory("VmRSS")
    late: list[float] = []
    watch = asyncio.create_task(lag(late))
    spent: list[float] = []
    sizes: dict[str, int] = {}
    for number in range(50):
        name = list(figures)[number % len(figures)]
        begun = time.perf_counter()
        sizes[name] = len(await studio.picture(figures[name], "dark"))
        spent.append(time.perf_counter() - begun)
        if number == 0:
            print(f"first {spent[0] * 1e3:.0f} ms, RSS {memory('VmRSS') - before:+.1f} MB")
    watch.cancel()
    print(f"ms: median {median(spent[1:]) * 1e3:.0f}, worst {max(spent[1:]) * 1e3:.0f}")
    print(f"loop lag: worst {max(late) * 1e3:.1f} ms")
    print(
        f"high water {memory('VmHWM') - before:+.1f} MB, after {memory('VmRSS') - before:+.1f} MB"
    )
    print(f"bytes: at most {max(sizes.values()):,} ({max(sizes, key=sizes.__getitem__)})")


if __name__ == "__main__":
    asyncio.run(main())
