"""A ledger of the version before gets back the lines of Binance's that it had lost."""

from pathlib import Path
from typing import Any

import pytest

from crypto_assistant.exchanges.base import LIVE, Account
from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.ledger import Book, Ledger
from crypto_assistant.models import Family, Flow
from crypto_assistant.state.store import Store
from tests.account_log import quiet
from tests.clock import clock
from tests.exchanges.binance_account_bodies import (
    COINM_INCOME,
    DAY,
    HOUR,
    KEY,
    USDM_INCOME,
    Rows,
    Venue,
    line,
)
from tests.exchanges.conftest import NOW
from tests.state import former

BOOK = Book("binance", LIVE, "365859102")
PAID: dict[str, Any] = {"tranId": 7, "tradeId": "", "time": NOW - 3 * DAY}
FUNDING = [
    line("FUNDING_FEE", "-1.25", 1, **PAID, symbol="BTCUSDT"),
    line("FUNDING_FEE", "-0.5", 2, **PAID, symbol="ETHUSDT"),
]
DIVIDEND = line("SPECIAL_FUNDING_FEE", "2", 3, symbol="TSLAUSDT")
TRANSFER = line("TRANSFER", "100", 4, symbol="", tradeId="")
OLD = line("FUNDING_FEE", "-3", 5, symbol="SOLUSDT", time=NOW - 150 * DAY)


def kept(row: dict[str, Any], flow: Flow) -> former.Row:
    """As the version before wrote it down."""
    key = f"usdm:{row['incomeType']}:{row['tranId']}:{row['tradeId']}:{row['asset']}"
    family = Family.LINEAR if row["symbol"] else None
    told = row["time"], family, row["symbol"], row["asset"], float(row["income"])
    return (*BOOK, key, flow, *told)


LOST_ONE = [
    kept(OLD, Flow.FUNDING),
    kept(FUNDING[0], Flow.FUNDING),
    kept(DIVIDEND, Flow.OTHER),
    kept(TRANSFER, Flow.TRANSFER),
]
LAST = NOW - HOUR
OTHERS = [
    ("binance", "testnet", "1", LAST - 9 * DAY, LAST - 8 * DAY),
    ("bybit", LIVE, "2", LAST - 200 * DAY, LAST),
]


@pytest.fixture
def host() -> Venue:
    """It has forgotten what is older than three months."""
    host = Venue()
    host.tells(USDM_INCOME, Rows([*FUNDING, DIVIDEND, TRANSFER]))
    host.tells(COINM_INCOME, Rows([]))
    return host


@pytest.fixture
def account(binance: Binance) -> Account:
    return binance.account(KEY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


async def test_a_line_that_another_of_its_number_had_swallowed_is_read_again(
    account: Account, path: Path
) -> None:
    former.write(path, entries=LOST_ONE, coverage=[(*BOOK, LAST - 200 * DAY, LAST), *OTHERS])
    async with Store.opened(path, clock) as store:
        ledger = Ledger(store)
        start_ms = NOW - 190 * DAY
        assert await ledger.update(BOOK, account, start_ms, NOW, quiet) == start_ms
        entries = await ledger.entries(BOOK, 0, NOW)
    assert [(entry.symbol, entry.flow, entry.coins) for entry in entries] == [
        ("SOLUSDT", Flow.FUNDING, -3),
        ("BTCUSDT", Flow.FUNDING, -1.25),
        ("ETHUSDT", Flow.FUNDING, -0.5),
        ("TSLAUSDT", Flow.FUNDING, 2),
        ("", Flow.TRANSFER, 100),
    ]


@pytest.mark.parametrize(
    ("covered", "left"),
    [
        ([(200, 0)], [(200, 87)]),
        ([(200, -9)], [(200, 78)]),  # Our clock is behind.
        ([(300, 250), (200, 100), (50, 0)], [(300, 250), (200, 100)]),
        ([(300, 250), (200, 60), (50, 0)], [(300, 250), (200, 87)]),
        ([(30, 0)], []),
        ([(200, 46)], [(200, 87)]),
        ([(200, 100)], [(200, 100)]),
    ],
)
async def test_what_the_venue_still_tells_is_not_taken_for_read(
    path: Path, covered: list[tuple[int, int]], left: list[tuple[int, int]]
) -> None:
    def stretches(days: list[tuple[int, int]]) -> list[former.Row]:
        return [(*BOOK, LAST - first * DAY, LAST - last * DAY) for first, last in days]

    former.write(path, coverage=[*stretches(covered), *OTHERS])
    async with Store.opened(path, lambda: LAST):
        pass
    assert sorted(former.rows(path, "coverage")) == sorted([*stretches(left), OTHERS[1]])


async def test_other_venues_lines_are_left_as_they_are(path: Path) -> None:
    entry = ("okx", LIVE, "3", "77", "funding", NOW, "linear", "BTC-USDT-SWAP", "USDT", 1.0)
    former.write(path, entries=[entry])
    async with Store.opened(path, clock):
        pass
    assert former.rows(path, "entries") == [entry]
