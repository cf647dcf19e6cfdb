"""An order to stop is obeyed by the next life of the program, too."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from crypto_assistant.errors import RateLimited, StateFailed
from crypto_assistant.holds import LOOK_SECONDS, Holds, lift, standing
from crypto_assistant.net.limiter import LONGEST_HOLD, Limiter
from crypto_assistant.state.store import Store
from tests.clock import clock

NOON_MS = 1_789_992_000_000
HOUR_MS = 3_600_000
YEARS_MS = 20 * 365 * 24 * HOUR_MS


class Life:
    """One run of the program, by clocks that the test sets."""

    def __init__(self, path: Path | None, now_ms: int = NOON_MS) -> None:
        self.now_ms = now_ms
        self.limiter = Limiter(lambda: self.now_ms)
        self._path = path

    @asynccontextmanager
    async def lived(self, venue: str = "bybit", environment: str = "live") -> AsyncIterator[Store]:
        async with Store.opened(self._path, clock) as store:
            holds = Holds(store, lambda: self.now_ms)
            await holds.guard(environment, venue, self.limiter)
            yield store
            await holds.close()


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """The database of a life that Bybit told to stop for an hour at noon."""
    path = tmp_path / "live.db"
    life = Life(path)
    async with life.lived():
        life.limiter.hold(3600)
    return path


async def held_until_ms(path: Path, now_ms: int, *whose: str) -> int | None:
    """What the next life, begun at that time, is held back until."""
    life = Life(path, now_ms)
    async with life.lived(*whose):
        return life.limiter.held_until_ms


async def test_an_order_to_stop_outlives_the_program(path: Path) -> None:
    begun_ms = NOON_MS + 10 * 60_000
    assert await held_until_ms(path, begun_ms) == NOON_MS + HOUR_MS
    life = Life(path, begun_ms)
    async with life.lived():
        with pytest.raises(RateLimited, match="rate-limited until 13:00:00 UTC"):
            life.limiter.check(600.0)


async def test_an_order_that_has_ended_holds_nobody(path: Path) -> None:
    assert await held_until_ms(path, NOON_MS + HOUR_MS) is None


async def test_an_order_is_of_one_venue_and_one_kind_of_money(path: Path) -> None:
    assert await held_until_ms(path, NOON_MS, "okx") is None
    assert await held_until_ms(path, NOON_MS, "bybit", "testnet") is None
    assert await held_until_ms(path, NOON_MS, "bybit") == NOON_MS + HOUR_MS


@pytest.mark.parametrize("back_ms", [HOUR_MS, YEARS_MS])
async def test_a_clock_that_was_set_back_makes_no_order_longer(path: Path, back_ms: int) -> None:
    begun_ms = NOON_MS - back_ms
    assert await held_until_ms(path, begun_ms) == begun_ms + HOUR_MS


async def test_no_order_lasts_for_years(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    async with Store.opened(path, clock) as store:
        insert, row = "INSERT INTO holds VALUES (?, ?, ?, ?)", ("live", "bybit", NOON_MS)
        await store.write(lambda file: file.execute(insert, (*row, NOON_MS + YEARS_MS)))
    assert await held_until_ms(path, NOON_MS) == NOON_MS + round(1000 * LONGEST_HOLD)


async def test_an_order_that_grows_longer_is_kept_as_it_became(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    life = Life(path)
    async with life.lived():
        life.limiter.hold(60)
        life.limiter.hold(7200)
        life.limiter.hold(30)
    assert await held_until_ms(path, NOON_MS) == NOON_MS + 2 * HOUR_MS


async def test_one_order_that_many_requests_are_told_of_is_written_once(tmp_path: Path) -> None:
    life = Life(None)
    ends: list[int] = []
    life.limiter.on_hold = ends.append
    for seconds in (60, 60.2, 59.9, 60.4):
        life.limiter.hold(seconds)
    life.limiter.hold(0)
    assert ends == [NOON_MS + 60_000]


async def test_an_order_is_lifted_while_the_daemon_runs(path: Path) -> None:
    life = Life(path, NOON_MS + 60_000)
    async with life.lived():
        assert [hold.venue for hold in standing([path], life.now_ms)] == ["bybit"]
        await asyncio.sleep(60)
        assert life.limiter.held_until_ms is not None
        assert lift([path], "okx", life.now_ms) == 0
        assert lift([path], "bybit", life.now_ms) == 1
        await asyncio.sleep(LOOK_SECONDS + 1)
        assert life.limiter.held_until_ms is None
        assert standing([path], life.now_ms) == []
        life.limiter.hold(1800)
        await asyncio.sleep(60)
        assert life.limiter.held_until_ms is not None
        assert lift([path], "bybit", life.now_ms) == 1
        await asyncio.sleep(LOOK_SECONDS + 1)
        assert life.limiter.held_until_ms is None
    assert await held_until_ms(path, NOON_MS + 120_000) is None


async def test_an_order_is_lifted_while_nobody_runs(path: Path) -> None:
    assert lift([path], "bybit", NOON_MS) == 1
    assert lift([path], "bybit", NOON_MS) == 0
    assert await held_until_ms(path, NOON_MS) is None


async def test_what_is_no_database_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "live.db").write_bytes(b"no database" * 100)
    with pytest.raises(StateFailed, match="file is not a database"):
        standing([tmp_path / "live.db"], NOON_MS)


async def test_a_database_that_fails_is_told_and_costs_no_answer(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE holds")
    life = Life(path)
    async with life.lived():
        assert life.limiter.held_until_ms is None
        assert str(life.limiter.hold(60)) == "rate-limited until 12:01:00 UTC"
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "bybit: it is not known whether it said stop: no such table: holds"),
        (logging.WARNING, "bybit: its order to stop is not kept: no such table: holds"),
    ]
