"""The picture of /pnl adds up to /pnl, in the owner's days; what is not told is a gap."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from crypto_assistant import bookkeeper
from crypto_assistant.charts.draw import draw, measure
from crypto_assistant.charts.figure import Figure, Line
from crypto_assistant.charts.layout import lay
from crypto_assistant.charts.style import STYLES
from crypto_assistant.commands import COMMANDS
from crypto_assistant.front import Front, Sheet
from crypto_assistant.grammar import parse
from crypto_assistant.ledger import Snapshot, SnapshotRow
from crypto_assistant.midnights import midnight_ms
from crypto_assistant.models import Flow
from crypto_assistant.sandbox import Fault
from crypto_assistant.state.store import Store
from crypto_assistant.subjects.account.pnl.daily import Daily, Told, daily
from crypto_assistant.worth import NO_PRICES
from tests.account_log import BOOK, DAY, HOUR, line
from tests.charts.seen import edges, pixels, rows
from tests.clock import NOW, clock
from tests.floor import VENUES
from tests.owner import program
from tests.subjects.account.test_pnl import account, midnight, take_snapshots
from tests.truths.pnl import fields

BERLIN = ZoneInfo("Europe/Berlin")
AUTUMN = round(datetime(2025, 10, 25, tzinfo=BERLIN).timestamp() * 1000)
"""The day before the one of 25 hours."""
NAMES = ["15 Sep", "17 Sep", "19 Sep", "21 Sep"]
TOLD = Told((), AUTUMN, AUTUMN + 3 * DAY, NO_PRICES.usd, (), None)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with Store.opened(None, clock) as store:
        yield store


async def figure(front: Front, line: str) -> Figure:
    command, args = front._parsed(line)
    found = command.figure and command.figure(await front.ask(line), args, front.view)
    assert found is not None
    return found


def lines(found: Figure) -> list[Line]:
    return [line for pane in found.panes for line in pane.lines]


def days(*told: Told) -> Daily:
    found = daily({f"{row}": one for row, one in enumerate(told)}, AUTUMN, BERLIN)
    assert found is not None
    return found


def taken(day: int, usd: float) -> Snapshot:
    at_ms = midnight_ms(AUTUMN, BERLIN, day) + bookkeeper.SETTLING_MS
    return Snapshot(*BOOK, at_ms, (SnapshotRow("trading", "USDT", usd, 0.0, 1.0),))


@pytest.mark.parametrize("asked", ["/pnl", "/pnl 7d", "/pnl 30d", "/pnl 30d BTC", "/pnl 7d okx"])
async def test_the_bars_add_up_to_the_sum_of_the_same_second(store: Store, asked: str) -> None:
    async with program(store, zone=BERLIN) as (front, _):
        answer = await front.ask(asked)
        bars, running, *_ = lines(await figure(front, f"{asked} chart"))
    whole = answer.total.flows.sum_usd  # type: ignore[attr-defined]
    assert np.nansum(bars.value) == pytest.approx(whole, abs=1e-9)
    assert running.value[-1] == pytest.approx(whole, abs=1e-9)
    assert running.value[0] == 0


async def test_each_bar_is_what_happened_on_its_day(store: Store) -> None:
    async with program(store) as (front, _):
        bars, *_ = lines(await figure(front, "/pnl 7d chart"))
    since = [
        sum(fields(account(venue).sums(midnight(day)))["sum_usd"] for venue in VENUES)
        for day in range(-6, 1)
    ]
    assert bars.time_ms.tolist() == [midnight(day) for day in range(-6, 1)]
    assert bars.value == pytest.approx(-np.diff([*since, 0.0]), abs=1e-6)


async def test_equity_is_that_of_the_snapshots_and_ends_as_the_page_reconciles_it(
    store: Store,
) -> None:
    moments = [midnight(day) + bookkeeper.SETTLING_MS for day in (-3, -1, 0)]
    for ms in moments:
        async with program(store, ms) as (front, _):
            await take_snapshots(front)
    async with program(store) as (front, _):
        answer = await front.ask("/pnl 7d")
        found = await figure(front, "/pnl 7d chart")
        assert len((await figure(front, "/pnl 7d BTC chart")).panes) == 2
    equity = lines(found)[-1]
    truth = [float(sum(account(venue, ms).equity() for venue in VENUES)) for ms in moments]
    known = np.isfinite(equity.value)
    assert known.tolist() == [False] * 3 + [True, False, True, True, True]
    assert equity.value[known][:-1] == pytest.approx(truth, abs=1e-6)
    now = [one.reconciliation.now_usd for one in answer.venues.values()]  # type: ignore[attr-defined]
    assert equity.value[-1] == pytest.approx(sum(now), abs=1e-9)
    assert found.panes[-1].title == "Equity in $ · BIN BYB OKX"


async def test_a_venue_whose_log_does_not_come_is_named_and_in_no_bar(store: Store) -> None:
    async with program(store, faults=[Fault("okx", "http", 451)]) as (front, _):
        found = await figure(front, "/pnl 7d chart")
        sheet = await front.reply("/pnl 7d chart")
    assert [pane.title.partition(" · ")[2] for pane in found.panes] == ["BIN BYB"] * 2
    assert "n/a for OKX" in found.notes
    assert "n/a for OKX" in sheet.text
    assert "OKX: geo-blocked" in sheet.text


async def test_where_no_log_comes_there_is_the_page_without_a_picture(store: Store) -> None:
    faults = [Fault(venue, "http", 451) for venue in VENUES]
    async with program(store, faults=faults) as (front, _):
        sheet = await front.reply("/pnl 7d chart")
    assert sheet.picture is None
    assert "PnL 7d n/a" in sheet.text


def test_a_day_of_25_hours_is_one_bar() -> None:
    ends = [DAY, DAY + 25 * HOUR, 2 * DAY + 25 * HOUR]
    late = [
        line(f"{end}", AUTUMN + end - 1, coins) for end, coins in zip(ends, (1, 2, 4), strict=True)
    ]
    found = days(replace(TOLD, entries=late, end_ms=AUTUMN + ends[-1] - 1))
    assert found.sum_usd.tolist() == [1, 2, 4]
    assert found.edge_ms.tolist() == [AUTUMN, *(AUTUMN + end for end in ends)]


@pytest.mark.parametrize(
    ("since_ms", "sums"),
    [
        (AUTUMN, [0, 0, -1.5, 0]),
        (AUTUMN + DAY, [None, 0, -1.5, 0]),
        (AUTUMN + DAY + 1, [None, None, -1.5, 0]),
        (AUTUMN + 2 * DAY + 2 * HOUR, [None, None, -1.5, 0]),
    ],
)
def test_a_day_is_a_gap_where_the_log_does_not_reach_and_0_where_nothing_was(
    since_ms: int, sums: Sequence[float | None]
) -> None:
    only = [line("only", AUTUMN + 3 * DAY)]
    found = days(replace(TOLD, entries=only, since_ms=since_ms, end_ms=AUTUMN + 4 * DAY))
    assert found.sum_usd == pytest.approx(np.array(sums, dtype=float), nan_ok=True)


def test_a_bar_is_the_sum_of_what_has_a_price() -> None:
    odd = line("odd", AUTUMN, 7.0, Flow.REALISED, "NOPRICE")
    found = days(replace(TOLD, entries=[odd, line("even", AUTUMN)]))
    assert found.sum_usd.tolist() == [-1.5, 0, 0]


def test_equity_is_over_those_whose_snapshots_reach_back_furthest() -> None:
    later = replace(taken(0, 7.0), taken_ms=AUTUMN + 5 * HOUR)
    old = replace(TOLD, snapshots=(taken(0, 10.0), later, taken(1, 11.0)), now_usd=12.0)
    new = replace(TOLD, snapshots=(taken(1, 100.0),), now_usd=100.0)
    found = days(old, old, new, TOLD).equity
    assert found is not None
    assert (found.venues, found.without) == (("0", "1"), ("2", "3"))
    assert found.usd == pytest.approx([20, 22, np.nan, 24], nan_ok=True)
    assert found.time_ms[0] == AUTUMN + bookkeeper.SETTLING_MS
    unsure = days(old, replace(old, now_usd=None)).equity
    assert unsure is not None
    assert np.isnan(unsure.usd[-1])


async def test_its_days_are_the_owners_whatever_zone_its_reader_has_chosen(store: Store) -> None:
    async with program(store, zone=BERLIN) as (front, _):
        before = await front.reply("/pnl 7d chart", user=7)
        await front.reply("/settings zone Asia/Tokyo", user=7)
        assert (await front.reply("/pnl 7d chart", user=7)).picture == before.picture
        found = await figure(front, "/pnl 7d chart")
    assert found.start_ms == midnight_ms(NOW, BERLIN, -6)
    assert [text for _, text in found.labels] == NAMES
    assert "CEST" in found.subtitle


async def test_its_buttons_lead_to_it_change_it_and_ask_for_the_file(store: Store) -> None:
    async with program(store) as (front, _):
        page = await front.reply("/pnl 7d btc okx")
        today = await front.reply("/pnl")
        sheet = await front.reply("/pnl 7d btc okx chart")
        file = await front.reply("pnl BTC okx 7d chart file")
    leads = {button.label: button.line for row in page.buttons for button in row}
    assert leads["Chart"] == "/pnl BTC okx 7d chart"
    assert "Chart" not in {button.label for row in today.buttons for button in row}
    assert {button.label: button.line for row in sheet.buttons for button in row} == {
        "Refresh": "pnl BTC okx 7d chart",
        "File": "pnl BTC okx 7d chart file",
        "today": "pnl BTC okx today chart",
        "• 7d": "pnl BTC okx 7d chart",
        "30d": "pnl BTC okx 30d chart",
    }
    for row in (*page.buttons, *sheet.buttons):
        for button in row:
            parse(button.line, COMMANDS, VENUES)
    assert file.picture == sheet.picture
    assert (sheet.as_file, file.as_file, file.buttons) == (False, True, ())
    assert sheet.text.count("\n") < 5


async def test_no_text_stands_meanwhile_where_the_picture_will_be(store: Store) -> None:
    shown: list[Sheet] = []
    async with program(store) as (front, sandbox):
        sandbox.latency = 2.0
        assert (await front.reply("/pnl 7d chart", shown.append)).picture
        assert not shown
        await front.reply("/pnl 7d", shown.append)
    assert shown


async def test_a_group_does_not_see_it(store: Store) -> None:
    async with program(store) as (front, sandbox):
        sheet = await front.reply("/pnl 30d chart", private=False)
        assert not sandbox.requests
    assert sheet.picture is None
    assert "ask in a private chat" in sheet.text


@pytest.mark.parametrize("style", STYLES)
async def test_the_bars_reach_their_values_and_todays_is_hollow(store: Store, style: str) -> None:
    async with program(store, zone=BERLIN) as (front, _):
        found = await figure(front, "/pnl 30d chart")
    seen, place = pixels(draw(found, style)), lay(found, measure)
    axis, colours = place.panes[0].scale, STYLES[style]
    bars = lines(found)[0]
    for at_ms, value in zip(bars.time_ms.tolist(), bars.value.tolist(), strict=True):
        x, role = place.time.x(at_ms + DAY / 2), colours.up if value > 0 else colours.down
        heights = sorted((axis.y(0), axis.y(value)))
        assert edges(seen, x, role, (axis.top, axis.bottom)) == pytest.approx(heights, abs=1)
        filled = len(rows(seen, x, role, *heights)) > heights[1] - heights[0] - 2
        assert filled == (at_ms < midnight_ms(NOW, BERLIN)) or abs(value) < 20


async def test_a_day_is_named_below_the_middle_of_its_bar(store: Store) -> None:
    async with program(store, zone=BERLIN) as (front, _):
        place = lay(await figure(front, "/pnl 7d chart"), measure)
    texts = {text.text: text.x + text.width / 2 for text in place.texts}
    for day, name in zip(range(-6, 1, 2), NAMES, strict=True):
        middle = place.time.x(midnight_ms(NOW, BERLIN, day) + DAY / 2)
        assert texts[name] == pytest.approx(middle, abs=1)
