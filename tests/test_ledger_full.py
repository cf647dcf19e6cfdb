"""On a full disk questions about accounts that need the database say so, and the others go on."""

from pathlib import Path

from crypto_assistant.front import Front
from crypto_assistant.state.store import Store
from tests.clock import clock
from tests.floor import VENUES
from tests.owner import program
from tests.state.disks import limited

REASON = "account log: the database on this host failed: disk I/O error"


async def failures(front: Front, line: str) -> dict[str, str]:
    return dict((await front.ask(line)).provenance.failed)


async def test_pnl_names_the_disk_and_what_needs_no_database_is_answered(tmp_path: Path) -> None:
    with limited(tmp_path) as disk:
        async with Store.opened(tmp_path / "live.db", clock) as store, program(store) as (front, _):
            disk.fill()
            assert await failures(front, "/pnl") == dict.fromkeys(VENUES, REASON)
            text = (await front.reply("/pnl")).text
            assert REASON in text
            for line in ("/balance", "/positions", "/price"):
                assert await failures(front, line) == {}
            disk.free()
            assert await failures(front, "/pnl") == {}


async def test_after_a_start_on_a_full_disk_pnl_says_that_there_is_no_database(
    tmp_path: Path,
) -> None:
    with limited(tmp_path) as disk:
        disk.fill()
        async with Store.opened(tmp_path / "live.db", clock) as store, program(store) as (front, _):
            told = await failures(front, "/pnl")
            assert set(told) == set(VENUES)
            for reason in told.values():
                assert "database on this host failed: it cannot be opened: disk I/O" in reason
            assert await failures(front, "/balance") == {}
