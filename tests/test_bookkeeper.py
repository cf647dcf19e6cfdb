"""Who keeps the books: a snapshot a day, a minute after the owner's midnight, and the logs."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crypto_assistant.bookkeeper import keep
from crypto_assistant.desk import Desk
from crypto_assistant.errors import (
    Blocked,
    ExchangeError,
    Malformed,
    Refused,
    Unreachable,
    Unsupported,
)
from crypto_assistant.ledger import Ledger
from crypto_assistant.models import Balance, Holding, Wallet
from tests.account_log import DAY, MINUTE, SetClock, line
from tests.bookkept import BOOK, Written, clock_of, desk_of, snapshots
from tests.state.disks import limited

EVENING = "2026-10-23T21:30:00"
SETTLED = "00:01:10"


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def moments(times: list[int]) -> list[str]:
    return [f"{datetime.fromtimestamp(time / 1000, UTC):%d %H:%M:%S}" for time in times]


def account(start: str = EVENING) -> Written:
    return Written(clock=SetClock(ms(start)))


async def live(desk: Desk, account: Written, until: str) -> None:
    """Keeps the books until that time."""
    keeper = asyncio.create_task(keep(desk, lambda: None))
    await asyncio.wait([keeper], timeout=(ms(until) - clock_of(account).ms) / 1000)
    assert not keeper.done(), keeper.exception()
    keeper.cancel()
    await asyncio.wait([keeper])


def at(time: str, account: Written, change: Callable[[], None]) -> None:
    """Something happens then."""
    later = (ms(time) - clock_of(account).ms) / 1000
    asyncio.get_running_loop().call_later(later, change)


def hold(account: Written, told: Sequence[Holding] | Exception) -> None:
    """What is in the trading wallet from now on."""
    account.holdings[Wallet.TRADING] = told


async def taken(ledger: Ledger) -> list[str]:
    return moments([one.taken_ms for one in await snapshots(ledger)])


async def test_equity_is_written_down_at_the_start_and_after_each_midnight() -> None:
    owner = account()
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-26T12:00:00")
        assert await taken(ledger) == [
            "23 21:30:00",
            *(f"{day} {SETTLED}" for day in (24, 25, 26)),
        ]


async def test_a_snapshot_says_what_every_coin_was_worth() -> None:
    owner = account()
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-23T21:35:00")
        (one,) = await snapshots(ledger)
    usdt, btc, noprice = one.rows
    assert usdt == ("trading", "USDT", 1000.5, 20.25, 1.0)
    assert btc[:4] == ("trading", "BTC", 0.5, -0.01)
    assert btc.usd_per_coin is not None
    assert 1000 < btc.usd_per_coin < 1_000_000
    assert noprice == ("funding", "NOPRICE", 7.0, 0.0, None)


async def test_where_todays_is_there_none_is_taken_at_the_start() -> None:
    owner = account("2026-10-23T00:05:00")
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-23T04:00:00")
        await live(desk, owner, "2026-10-23T08:00:00")
        assert await taken(ledger) == ["23 00:05:00"]


@pytest.mark.parametrize("start", ["23T23:59:55", "24T00:00:00", "24T00:01:09"])
async def test_before_the_funding_of_midnight_is_paid_the_day_has_not_begun(start: str) -> None:
    owner = account(f"2026-10-{start}")
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-24T00:20:00")
        assert await taken(ledger) == [f"24 {SETTLED}"]


@pytest.mark.parametrize(
    ("start", "first"),
    [
        ("06:59:54", "06:59:54"),
        ("06:59:55", "07:01:10"),
        ("07:00:40", "07:01:10"),
        ("07:01:10", "07:01:10"),
    ],
)
async def test_while_the_funding_of_an_hour_is_paid_no_equity_is_written_down(
    start: str, first: str
) -> None:
    owner = account(f"2026-10-23T{start}")
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-23T08:30:00")
        assert await taken(ledger) == [f"23 {first}"]


async def test_after_an_outage_no_equity_is_written_down_while_funding_is_paid() -> None:
    owner = account("2026-10-23T06:58:30")
    whole = owner.holdings[Wallet.TRADING]
    hold(owner, Unreachable("HTTP 503"))
    async with desk_of(owner) as (desk, ledger):
        at("2026-10-23T06:59:59", owner, lambda: hold(owner, whole))
        await live(desk, owner, "2026-10-23T07:30:00")
        assert await taken(ledger) == ["23 07:01:10"]


@dataclass
class Trading(Written):
    """It trades each time that its wallets are read, so many ms from then on."""

    trades: list[int] = field(default_factory=list)

    async def balance(self, wallet: Wallet) -> Balance:
        told = await super().balance(wallet)
        if wallet in self.margined and self.trades:
            clock_of(self).ms += 40
            self.lines.append(line(str(len(self.lines)), clock_of(self).ms + self.trades.pop()))
        return told


@pytest.mark.parametrize("ago_ms", [0, -40, -4000])
async def test_equity_is_written_down_while_nothing_happens_in_the_account(
    ago_ms: int, caplog: pytest.LogCaptureFixture
) -> None:
    owner = Trading(clock=SetClock(ms(EVENING)))
    owner.trades = [ago_ms, ago_ms]
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-23T21:35:00")
        assert await taken(ledger) == ["23 21:30:20"]
    assert not caplog.records


async def test_a_second_try_waits_for_the_funding_of_an_hour_as_well() -> None:
    owner = Trading(clock=SetClock(ms("2026-10-23T06:59:50")))
    owner.trades = [0]
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-23T07:30:00")
        assert await taken(ledger) == ["23 07:01:10"]


async def test_an_account_that_never_rests_is_written_down_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner = Trading(clock=SetClock(ms(EVENING)))
    owner.trades = [0] * 9
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-23T21:35:00")
        assert await taken(ledger) == ["23 21:30:20"]
    assert [record.message for record in caplog.records] == [
        "okx: equity was written down while the account changed"
    ]


async def test_days_begin_at_the_owners_midnight_also_where_clocks_are_moved() -> None:
    owner = account("2026-10-23T23:30:00")
    async with desk_of(owner, ZoneInfo("Europe/Berlin")) as (desk, ledger):
        await live(desk, owner, "2026-10-27T00:00:00")
        assert await taken(ledger) == [
            "23 23:30:00",
            *("24 22:01:10", "25 23:01:10", "26 23:01:10"),
        ]


async def test_after_an_outage_equity_is_written_down_within_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner = account("2026-10-23T00:30:00")
    whole = owner.holdings[Wallet.TRADING]
    async with desk_of(owner) as (desk, ledger):
        at("2026-10-24T00:00:00", owner, lambda: hold(owner, Unreachable("HTTP 503")))
        at("2026-10-24T01:30:15", owner, lambda: hold(owner, whole))
        await live(desk, owner, "2026-10-25T12:00:00")
        found = await taken(ledger)
    assert found[0] == "23 00:30:00"
    assert "24 01:30:15" <= found[1] <= "24 01:31:15"
    assert found[2:] == [f"25 {SETTLED}"]
    assert [record.message for record in caplog.records] == [
        "okx: the books are not kept: HTTP 503"
    ]


@pytest.mark.parametrize(
    "error",
    [
        *(Refused("50113", "Invalid signature."), Unsupported("classic")),
        *(Malformed("a line without its change"), Blocked()),
    ],
)
async def test_what_a_minute_does_not_mend_is_tried_every_ten(
    error: ExchangeError, caplog: pytest.LogCaptureFixture
) -> None:
    owner = account()
    owner.refuses = error
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-24T02:29:00")
        first, *others = owner.checks
        assert others == [first + 10 * n * MINUTE for n in range(1, 30)]
        assert await taken(ledger) == []
        owner.refuses = None
        await live(desk, owner, "2026-10-24T02:50:00")
        assert await taken(ledger) == ["24 02:29:00"]
    assert len(caplog.records) == 1


async def test_nothing_is_asked_with_a_key_that_may_withdraw() -> None:
    owner = account()
    owner.withdraws = True
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-24T02:00:00")
        assert await taken(ledger) == []
    assert not owner.asked


async def test_a_funding_wallet_that_fails_does_not_spoil_the_snapshot() -> None:
    owner = account()
    owner.holdings[Wallet.FUNDING] = Unreachable("HTTP 503")
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-23T21:35:00")
        (one,) = await snapshots(ledger)
    assert {row.wallet for row in one.rows} == {"trading"}


async def test_the_log_is_read_as_far_as_it_reaches_with_half_of_the_limits() -> None:
    owner = account()
    start_ms = clock_of(owner).ms
    owner.lines = [line(str(days), start_ms - days * DAY) for days in (1, 40, 89, 95)]
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-23T22:30:00")
        kept = await ledger.entries(BOOK, 0, start_ms)
        assert [one.key for one in kept] == ["89", "40", "1"]
        looks = zip(owner.asked, owner.shares, strict=True)
        assert {part for (first, last), part in looks if last - first > MINUTE} == {0.5}
        owner.asked.clear()
        owner.late["late"] = ms("2026-10-24T00:00:00")
        owner.lines.append(line("late", start_ms - 2 * DAY))
        await live(desk, owner, "2026-10-24T12:00:00")
        assert ms(f"2026-10-21T{SETTLED}") in {first for first, _ in owner.asked}
        kept = await ledger.entries(BOOK, 0, start_ms)
        assert [one.key for one in kept] == ["89", "40", "late", "1"]


async def test_a_log_that_breaks_off_is_read_on_without_a_second_snapshot() -> None:
    owner = account()
    start_ms = clock_of(owner).ms
    owner.lines = [line("old", start_ms - 50 * DAY)]
    tries = iter([Unreachable("HTTP 503")])
    owner.fails = lambda first, _last: next(tries, None) if first < start_ms - 30 * DAY else None
    async with desk_of(owner) as (desk, ledger):
        await live(desk, owner, "2026-10-23T21:55:00")
        assert await taken(ledger) == ["23 21:30:00"]
        assert [one.key for one in await ledger.entries(BOOK, 0, start_ms)] == ["old"]
    assert max(end_ms for _, end_ms in owner.asked) == start_ms + MINUTE


async def test_a_mistake_of_ours_is_logged_and_does_not_end_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner = account()
    whole = owner.holdings[Wallet.TRADING]
    hold(owner, ZeroDivisionError("a mistake"))
    async with desk_of(owner) as (desk, ledger):
        at("2026-10-23T21:31:00", owner, lambda: hold(owner, whole))
        await live(desk, owner, "2026-10-23T21:50:00")
        assert await taken(ledger) == ["23 21:40:00"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "a mistake" in caplog.text


async def test_on_a_full_disk_the_books_wait_for_room_which_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    owner = account()
    owner.lines = [line("1", clock_of(owner).ms - DAY)]
    with limited(tmp_path) as disk:
        async with desk_of(owner, path=tmp_path / "live.db") as (desk, ledger):
            disk.fill()
            at("2026-10-23T22:29:00", owner, disk.free)
            await live(desk, owner, "2026-10-23T22:50:00")
            (first,) = await taken(ledger)
            assert "23 22:29:00" <= first <= "23 22:31:00"
            assert [one.key for one in await ledger.entries(BOOK, 0, clock_of(owner).ms)] == ["1"]
    said = [record.message.partition(": ")[::2] for record in caplog.records]
    assert [what for who, what in said if who == "okx"] == [
        "the books are not kept: the database on this host failed: disk I/O error"
    ]
