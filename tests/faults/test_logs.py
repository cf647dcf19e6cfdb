"""A venue that fails while its log is read: a window of it is kept whole or not at all."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from crypto_assistant.ledger import Book
from crypto_assistant.models import Entry
from crypto_assistant.sandbox import Fault
from tests.clock import NOW
from tests.faults.accounts import moved
from tests.faults.matrix import TITLES, venues
from tests.faults.relay import Edit, relay
from tests.floor import Floor, differences, floor

if TYPE_CHECKING:
    from crypto_assistant.sandbox.faults import Kind

LOGS = {
    "binance": "/fapi/v1/income",
    "bybit": "/v5/account/transaction-log",
    "okx": "/api/v5/account/bills",
}
LINES = {"binance": "/pnl 30d binance", "bybit": "/pnl 7d bybit", "okx": "/pnl 7d okx"}
"""Windows of more than one page."""

_whole: dict[str, tuple[Any, list[Entry]]] = {}


async def kept(market: Floor, venue: str) -> list[Entry]:
    """What the ledger has of the account."""
    access = market.front.desk.accounts[venue]
    uid = (await access.permissions()).uid
    return await access.ledger.entries(Book(venue, "live", uid), 0, NOW)


async def whole(venue: str) -> tuple[Any, list[Entry]]:
    """The answer and the ledger where nothing is wrong."""
    if venue not in _whole:
        async with floor() as market:
            await market.open()
            _whole[venue] = await market.ask(LINES[venue]), await kept(market, venue)
    return _whole[venue]


def told(answer: Any) -> Any:
    """Without the bar of what there was to read."""
    return {name: value for name, value in answer.items() if name not in {"parts", "parts_read"}}


def windows(entries: list[Entry], longest_ms: int) -> Counter[int]:
    """How many lines each window has, by its number since 1970."""
    return Counter(entry.time_ms // longest_ms for entry in entries)


@pytest.mark.parametrize("after", [1, 2])
@venues
async def test_a_venue_that_goes_down_between_two_pages_leaves_no_half_of_them(
    venue: str, after: int
) -> None:
    answer, entries = await whole(venue)
    async with floor() as market:
        await market.open()
        account = await market.front.desk.accounts[venue].account()
        market.sandbox.faults = [Fault(venue, "http", 503, LOGS[venue], after=after)]
        sheet = await market.front.reply(LINES[venue])
        assert f"{TITLES[venue]}: account log: HTTP 503" in sheet.text.split("\n")
        found = windows(await kept(market, venue), account.log_window_ms)
        every = windows(entries, account.log_window_ms)
        assert found.total() < every.total()
        assert found.items() <= every.items()
        market.sandbox.faults = []
        assert differences(told(await market.ask(LINES[venue])), told(answer)) == {}
        assert await kept(market, venue) == entries


class OneStop(Fault):
    """Strikes once."""

    def strikes(self, venue: str, path: str, query: str = "") -> bool:
        concerned = self.venue == venue and path.startswith(self.path)
        return concerned and next(self._number) == self.after


async def test_a_stop_in_the_middle_of_pages_is_waited_for() -> None:
    """And what was read before it is not asked for again."""
    answer, entries = await whole("bybit")
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [OneStop("bybit", "rate_limited", 1, LOGS["bybit"], after=4)]
        assert differences(told(await market.ask(LINES["bybit"])), told(answer)) == {}
        assert await kept(market, "bybit") == entries


async def test_a_long_stop_in_the_middle_of_pages_is_told_at_once() -> None:
    async with floor() as market:
        await market.open()
        market.sandbox.faults = [Fault("okx", "rate_limited", 600, LOGS["okx"], after=1)]
        found = await market.ask("/pnl 7d okx")
        assert "account log" in found["failed"]["okx"]
        assert "rate-limited until 14:23:49 UTC" in found["failed"]["okx"]
        assert found["venues"]["okx"]["flows"] is None


GARBAGE = [
    ("binance", "income"),
    ("binance", "time"),
    ("binance", "tranId"),
    ("bybit", "change"),
    ("bybit", "transactionTime"),
    ("bybit", "id"),
    ("okx", "balChg"),
    ("okx", "ts"),
    ("okx", "billId"),
]


@pytest.mark.parametrize(("venue", "field"), GARBAGE)
async def test_lines_that_lack_a_field_are_told_and_not_kept(venue: str, field: str) -> None:
    kinds: tuple[Kind, ...] = ("missing", "null")
    async with floor() as market:
        await market.open()
        for kind in kinds:
            market.sandbox.faults = [Fault(venue, kind, field, LOGS[venue])]
            found = await market.ask(f"/pnl today {venue}")
            assert found["failed"][venue].startswith("account log: ")
            assert found["venues"][venue]["flows"] is None
            market.sandbox.faults = []
            assert await kept(market, venue) == []


def nan(target: str, answer: Any) -> Any:
    """Every amount of the log as no number."""
    rows = answer if isinstance(answer, list) else answer.get("data") or answer["result"]["list"]
    for row in rows:
        row.update({name: "NaN" for name in ("income", "change", "balChg") if name in row})
    return answer


@asynccontextmanager
async def edited(market: Floor, venue: str, edit: Edit) -> AsyncIterator[Floor]:
    """The floor with the answers of the venue's log as `edit` makes them."""
    setting = {"binance": "BINANCE_USDM_URL"}.get(venue, f"{venue.upper()}_URL")

    def only_log(target: str, answer: Any) -> Any:
        return edit(target, answer) if target.startswith(LOGS[venue]) else answer

    async with (
        relay(market.urls[setting], only_log) as url,
        moved(market, urls={setting: url}) as there,
    ):
        yield there


@venues
async def test_an_amount_that_is_no_number_is_not_kept(venue: str) -> None:
    async with floor() as market, edited(market, venue, nan) as there:
        found = await there.ask(f"/pnl today {venue}")
        assert found["failed"][venue].startswith("account log: ")
        assert await kept(there, venue) == []


def repeating() -> Edit:
    """The first page of each question again and again, whichever is asked for."""
    first: dict[str, Any] = {}

    def edit(target: str, answer: Any) -> Any:
        query = parse_qs(urlsplit(target).query)
        start = next(query[name][0] for name in ("startTime", "begin") if name in query)
        return first.setdefault(start, answer)

    return edit


@venues
async def test_pages_that_repeat_end_and_are_not_kept(venue: str) -> None:
    async with floor() as market, edited(market, venue, repeating()) as there:
        await there.ask(LINES[venue])
        account = await there.front.desk.accounts[venue].account()
        _, entries = await whole(venue)
        every = windows(entries, account.log_window_ms)
        assert windows(await kept(there, venue), account.log_window_ms).items() < every.items()
