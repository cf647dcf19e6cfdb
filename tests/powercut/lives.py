"""`python -m tests.powercut.lives DIRECTORY MODE`: the program's own writes, each acknowledged."""

import asyncio
import sys
from pathlib import Path

from crypto_assistant.exchanges.base import LIVE
from crypto_assistant.holds import Holds
from crypto_assistant.ledger import Ledger, Snapshot
from crypto_assistant.net.limiter import Limiter
from crypto_assistant.state.store import Store
from tests.account_log import BOOK, DAY, NOW, PlayedAccount, SetClock, line, quiet
from tests.clock import clock
from tests.powercut.recording import acknowledge

LIVES, STEPS = 3, 25
BODY = b"question " * 1500
HOUR_SECONDS = 3600.0


class Still(SetClock):
    async def now_ms(self) -> int:
        return NOW


def window(number: int) -> tuple[int, int]:
    """Of the log that a step reads."""
    return NOW - (80 - number) * DAY, NOW - (79 - number) * DAY


def told_until_ms(number: int) -> int:
    return NOW + round(1000 * HOUR_SECONDS) + number * 120_000


async def step(store: Store, number: int) -> None:
    await store.keep({number: BODY}, number)
    if number and (number - 1) % 3 == 0:
        await store.forget([number - 1])
    ledger, (start_ms, end_ms) = Ledger(store), window(number)
    account = PlayedAccount([line(f"{number}", start_ms)], clock=Still(NOW))
    await ledger.update(BOOK, account, start_ms, end_ms, quiet)
    await ledger.keep_snapshot(Snapshot(*BOOK, number, ()))
    holds, limiter = Holds(store, clock), Limiter(lambda: told_until_ms(number) - 3_600_000)
    await holds.guard(LIVE, f"venue {number}", limiter)
    limiter.hold(HOUR_SECONDS)
    await holds.close()
    acknowledge(number)


async def live(path: Path, mode: str, first: int) -> None:
    async with Store.opened(path, clock) as store:
        await store.read(lambda db: db.execute(f"PRAGMA synchronous = {mode}"))
        for number in range(first, first + STEPS):
            await step(store, number)


if __name__ == "__main__":
    for life in range(LIVES):
        asyncio.run(live(Path(sys.argv[1]) / "state" / "live.db", sys.argv[2], life * STEPS))
