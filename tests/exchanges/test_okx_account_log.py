"""OKX's bills and the owner's trades: what they mean, page by page back into the past."""

from math import fsum
from typing import Any

import numpy as np
import pytest

from crypto_assistant.errors import Malformed, Refused
from crypto_assistant.exchanges.okx import Okx
from crypto_assistant.exchanges.okx.account import OkxAccount
from crypto_assistant.models import AccountLog, Family, Fills, Flow, Instrument
from tests.exchanges.conftest import NOW, Recorded
from tests.exchanges.okx_account_bodies import (
    BILLS,
    FILLS,
    KEY,
    OLD_BILLS,
    OLD_FILLS,
    History,
    Venue,
    bill,
    trade,
)
from tests.exchanges.okx_bodies import COIN_PERP, DELIVERY, PERP, SATS_PERP, SPOT, market

DAY = 86_400_000
HOUR = 3_600_000


@pytest.fixture
def host() -> Venue:
    return Venue()


@pytest.fixture
def account(okx: Okx) -> OkxAccount:
    return okx.account(KEY)


def keeps(host: Venue, *rows: dict[str, Any], **more: Any) -> tuple[History, History]:
    """The same bills on both of the venue's paths, as far back as each of them reaches."""
    new = host.tells(BILLS, History(rows, 7 * DAY, **more))
    return new, host.tells(OLD_BILLS, History(rows, 90 * DAY, **more))


async def flows(account: OkxAccount, host: Venue, *rows: dict[str, Any]) -> dict[Flow, float]:
    keeps(host, *rows)
    log = await account.log(NOW - HOUR, NOW)
    assert len({(entry.key, entry.flow) for entry in log.entries}) == len(log.entries)
    return {
        flow: fsum(entry.coins for entry in log.entries if entry.flow is flow)
        for flow in {entry.flow for entry in log.entries}
    }


def one(kind: str, change: str, pnl: str = "0", fee: str = "0", **more: Any) -> dict[str, Any]:
    return bill(1, NOW - 1000, kind, balChg=change, pnl=pnl, fee=fee, **more)


ISOLATED = {"mgnMode": "isolated"}
SPOT_PAIR = {"instType": "SPOT", "instId": "BTC-USDT", "mgnMode": "cash"}
NO_MARKET = {"instType": "", "instId": "", "mgnMode": ""}
OPTION = {"instType": "OPTION", "instId": "BTC-USD-261225-60000-C", "ccy": "BTC"}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (one("1", "1500", **NO_MARKET, subType="11"), {Flow.TRANSFER: 1500}),
        (one("1", "-20", **NO_MARKET, subType="12"), {Flow.TRANSFER: -20}),
        (one("12", "-300", **NO_MARKET, subType="203"), {Flow.TRANSFER: -300}),
        (one("2", "9.5", "10", "-0.5"), {Flow.REALISED: 10, Flow.FEE: -0.5}),
        (one("2", "-0.5", "0", "-0.5"), {Flow.FEE: -0.5}),
        (one("2", "0.02", "", "0.02", execType="M"), {Flow.FEE: 0.02}),
        (one("2", "-95.25", **SPOT_PAIR), {Flow.SPOT: -95.25}),
        (one("2", "0.000999", "0", "-0.000001", **SPOT_PAIR, ccy="BTC"), {Flow.SPOT: 0.000999}),
        (one("2", "-0.02", "0", "-0.0001", **OPTION), {Flow.OTHER: -0.02}),
        (one("3", "118.4", "120", "-1.6"), {Flow.REALISED: 120, Flow.FEE: -1.6}),
        (one("5", "-101.2", "-100", "-1.2"), {Flow.REALISED: -100, Flow.LIQUIDATION: -1.2}),
        (one("5", "-7", **{**SPOT_PAIR, "instType": "MARGIN"}), {Flow.SPOT: -7}),
        (one("6", "-50", posBalChg="50", **ISOLATED), {}),
        (one("7", "-0.33", interest="-0.33", **NO_MARKET), {Flow.OTHER: -0.33}),
        (one("8", "-1.25", "-1.25", subType="173"), {Flow.FUNDING: -1.25}),
        (one("8", "2.5", "2.5", subType="174"), {Flow.FUNDING: 2.5}),
        (one("8", "0", "-1.25", posBalChg="-1.25", **ISOLATED), {Flow.FUNDING: -1.25}),
        (one("9", "49.9", "50", "-0.1"), {Flow.REALISED: 50, Flow.FEE: -0.1}),
        (one("10", "-3", "0"), {Flow.OTHER: -3}),
        *[(one(kind, "1000", **NO_MARKET), {}) for kind in ("15", "16", "22", "33")],
        *[
            (one(kind, "250", **NO_MARKET), {Flow.SPOT: 250})
            for kind in ("4", "11", "27", "28", "29", "30")
        ],
        *[(one(kind, "250", **NO_MARKET), {Flow.TRANSFER: 250}) for kind in ("1", "12")],
        (one("34", "12.5", "0", instType="FUTURES"), {Flow.REALISED: 12.5}),
        (one("250", "-4", **NO_MARKET), {Flow.OTHER: -4}),
        (one("381", "0.01", **NO_MARKET, earnAmt="0.01"), {Flow.OTHER: 0.01}),
        (one("9999", "42", **NO_MARKET), {Flow.OTHER: 42}),
    ],
)
async def test_a_bill_says_why_the_account_changed(
    account: OkxAccount, host: Venue, row: dict[str, Any], told: dict[Flow, float]
) -> None:
    assert await flows(account, host, row) == told


@pytest.mark.parametrize(
    ("changes", "pnl", "fee"),
    [
        (("-100.05", "100"), "0", "-0.05"),  # Opened: margin leaves the account for the position.
        (("104.95", "-100"), "5", "-0.05"),  # Closed: it comes back with what was earned.
        (("0", "-61.3"), "-60", "-1.3"),
        (("3333.333333333333", "-3333.233333333333"), "0.3", "-0.2"),
    ],
)
async def test_margin_that_moves_into_an_isolated_position_is_still_the_owners(
    account: OkxAccount, host: Venue, changes: tuple[str, str], pnl: str, fee: str
) -> None:
    row = one("2", changes[0], pnl, fee, posBalChg=changes[1], **ISOLATED)
    told = await flows(account, host, row)
    assert Flow.OTHER not in told
    assert told.get(Flow.REALISED, 0) == float(pnl)
    assert told[Flow.FEE] == float(fee)


async def test_what_a_trade_does_not_explain_is_kept_apart(
    account: OkxAccount, host: Venue
) -> None:
    told = await flows(account, host, one("2", "9", "10", "-0.5"))
    assert told == {Flow.REALISED: 10, Flow.FEE: -0.5, Flow.OTHER: -0.5}


async def test_entries_add_up_to_the_change_of_every_coin(account: OkxAccount, host: Venue) -> None:
    rows = [
        bill(1, NOW - 9000, "1", **NO_MARKET, balChg="1000", pnl="0", fee="0"),
        bill(2, NOW - 8000, balChg="-250.1", posBalChg="250", pnl="0", fee="-0.1", **ISOLATED),
        bill(3, NOW - 7000, "8", balChg="0", posBalChg="-0.7", pnl="-0.7", fee="0", **ISOLATED),
        bill(4, NOW - 6000, "5", balChg="0", posBalChg="-249.3", pnl="-240", fee="-2.5"),
        bill(5, NOW - 5000, **SPOT_PAIR, balChg="-64", pnl="0", fee="0"),
        bill(6, NOW - 5000, **SPOT_PAIR, ccy="BTC", balChg="0.000999", pnl="0", fee="-0.000001"),
        bill(7, NOW - 4000, "77", **NO_MARKET, balChg="-0.01", pnl="", fee=""),
    ]
    keeps(host, *rows)
    entries = (await account.log(NOW - HOUR, NOW)).entries
    for coin in ("USDT", "BTC"):
        mine = [row for row in rows if row["ccy"] == coin]
        change = fsum(float(row[name]) for row in mine for name in ("balChg", "posBalChg"))
        assert fsum(entry.coins for entry in entries if entry.coin == coin) == pytest.approx(change)


@pytest.mark.parametrize(
    ("kind", "symbol", "family"),
    [
        ("SWAP", "BTC-USDT-SWAP", Family.LINEAR),
        ("SWAP", "BTC-USD_UM-SWAP", Family.LINEAR),
        ("SWAP", "BTC-USD-SWAP", Family.INVERSE),
        ("FUTURES", "BTC-USD-261225", Family.INVERSE),
        ("FUTURES", "BTC-USD_UM_XPERP-310404", Family.LINEAR),
        ("SPOT", "BTC-USDT", Family.SPOT),
        ("MARGIN", "BTC-USDT", Family.SPOT),
        ("OPTION", "BTC-USD-261225-60000-C", None),
        ("", "", None),
    ],
)
async def test_an_entry_names_its_bill_and_its_market(
    account: OkxAccount, host: Venue, kind: str, symbol: str, family: Family | None
) -> None:
    keeps(host, bill(623950854533513219, NOW - 5000, instType=kind, instId=symbol, ccy="BTC"))
    (entry, *_) = (await account.log(NOW - HOUR, NOW)).entries
    assert (entry.key, entry.time_ms, entry.coin) == ("623950854533513219", NOW - 5000, "BTC")
    assert (entry.family, entry.symbol) == (family, symbol if family else "")


def ids(log: AccountLog) -> list[int]:
    """The bills of a log of trades; each trade has a fee."""
    return [int(entry.key) for entry in log.entries if entry.flow is Flow.FEE]


@pytest.mark.parametrize("count", [99, 100, 101, 200, 250])
async def test_all_pages_of_a_window_are_read(account: OkxAccount, host: Venue, count: int) -> None:
    # Several bills in a millisecond: they must not be lost where a page ends among them.
    rows = [bill(1000 + i, NOW - 50_000 + i // 7) for i in range(count)]
    new, old = keeps(host, *rows)
    log = await account.log(NOW - HOUR, NOW)
    assert ids(log) == list(range(1000, 1000 + count))
    assert [entry.time_ms for entry in log.entries] == sorted(e.time_ms for e in log.entries)
    assert len(new.asked) == count // 100 + 1
    assert not old.asked
    assert all(received.is_signed() for received in host.signed)


@pytest.mark.parametrize("ends_count", [True, False])
async def test_a_window_has_its_start_and_not_its_end(
    account: OkxAccount, host: Venue, ends_count: bool
) -> None:
    start, end = NOW - HOUR, NOW - 1000
    times = [start - 1, start, start + 1, end - 1, end, end + 1]
    keeps(host, *(bill(10 + i, time) for i, time in enumerate(times)), ends_count=ends_count)
    log = await account.log(start, end)
    assert (log.start_ms, log.end_ms) == (start, end)
    assert ids(log) == [11, 12, 13]


@pytest.mark.parametrize("far", [NOW - 2 * HOUR, NOW, 1_275_350_400_000, 4_083_955_200_000])
async def test_a_bill_of_another_time_than_asked_for_fails_the_window(
    account: OkxAccount, host: Venue, far: int
) -> None:
    rows = [bill(10, NOW - 2000), bill(11, far)]
    host.plays(BILLS, {"code": "0", "msg": "", "data": rows})
    with pytest.raises(Malformed, match="another time"):
        await account.log(NOW - HOUR, NOW - 1000)


@pytest.mark.parametrize("days", [1, 5, 6, 7, 8, 29])
async def test_new_bills_and_old_ones_come_from_paths_of_their_own(
    account: OkxAccount, host: Venue, days: int
) -> None:
    rows = [bill(5000 - age, NOW - age * DAY // 10 - 1) for age in range(29 * 10)]
    new, old = keeps(host, *rows)
    log = await account.log(NOW - days * DAY, NOW)
    assert ids(log) == [5000 - age for age in range(days * 10)][::-1]
    assert bool(old.asked) is (days > 6)
    assert all(int(asked["begin"]) >= NOW - 7 * DAY for asked in new.asked)


async def test_a_window_of_old_bills_is_asked_for_once(account: OkxAccount, host: Venue) -> None:
    new, old = keeps(host, bill(1, NOW - 50 * DAY))
    assert ids(await account.log(NOW - 60 * DAY, NOW - 30 * DAY)) == [1]
    assert (len(new.asked), len(old.asked)) == (0, 1)


async def test_a_page_that_fails_fails_the_window(account: OkxAccount, host: Venue) -> None:
    keeps(host, *(bill(i, NOW - 9000) for i in range(150)), broken_after=1)
    with pytest.raises(Refused):
        await account.log(NOW - HOUR, NOW)


async def test_a_venue_that_repeats_a_page_is_not_asked_for_ever(
    account: OkxAccount, host: Venue
) -> None:
    keeps(host, *(bill(i, NOW - 9000) for i in range(150)), stuck=True)
    with pytest.raises(Malformed, match="same page"):
        await account.log(NOW - HOUR, NOW)


async def test_a_quiet_window_is_an_answer(account: OkxAccount, host: Venue) -> None:
    keeps(host)
    assert (await account.log(NOW - HOUR, NOW)).entries == ()


@pytest.mark.parametrize("ago_ms", [0, DAY, 30 * DAY])
async def test_an_empty_stretch_is_an_empty_answer(
    account: OkxAccount, host: Venue, ago_ms: int
) -> None:
    edge = NOW - ago_ms
    log, trades = await account.log(edge, edge), await account.fills(PERP, edge, edge)
    assert (log.entries, log.received_ms, len(trades.time_ms)) == ((), edge, 0)


@pytest.mark.parametrize("gap", [{"balChg": None}, {"pnl": "soon"}, {"fee": None}, {"ts": ""}])
async def test_a_bill_that_cannot_be_read_fails_the_window(
    account: OkxAccount, host: Venue, gap: dict[str, Any]
) -> None:
    host.plays(BILLS, {"code": "0", "msg": "", "data": [bill(1, NOW - 9000) | gap]})
    with pytest.raises(Malformed):
        await account.log(NOW - HOUR, NOW)


async def test_recorded_bill(account: OkxAccount, host: Venue, recorded: Recorded) -> None:
    host.plays(OLD_BILLS, recorded("okx/bills/006")["httpResponse"])
    time_ms = 1_695_033_476_167
    (entry,) = (await account.log(time_ms, time_ms + 1)).entries
    assert (entry.key, entry.flow) == ("623950854533513219", Flow.SPOT)
    assert (entry.coin, entry.coins) == ("USDT", 0.021933823221)
    assert (entry.family, entry.symbol) == (Family.SPOT, "BTC-USDT")


async def traded(
    account: OkxAccount, host: Venue, instrument: Instrument, *rows: dict[str, Any]
) -> Fills:
    host.tells(FILLS, History(rows, 3 * DAY))
    host.tells(OLD_FILLS, History(rows, 90 * DAY))
    return await account.fills(instrument, NOW - HOUR, NOW)


async def test_fills_are_contracts_and_told_in_coins(account: OkxAccount, host: Venue) -> None:
    rows = [trade(2, NOW - 5000, side="sell", fillSz="2.5"), trade(1, NOW - 9000)]
    fills = await traded(account, host, PERP, *rows)
    np.testing.assert_allclose(fills.size, [0.07, -0.025])
    assert fills.price.tolist() == [64_000, 64_000]
    assert fills.time_ms.tolist() == [NOW - 9000, NOW - 5000]
    assert (fills.instrument, fills.start_ms, fills.end_ms) == (PERP, NOW - HOUR, NOW)


async def test_fills_of_an_inverse_market_are_dollars(account: OkxAccount, host: Venue) -> None:
    row = trade(1, NOW - 9000, instId="BTC-USD-SWAP", side="sell")
    fills = await traded(account, host, COIN_PERP, row)
    assert (fills.size.tolist(), fills.price.tolist()) == ([-700], [64_000])


async def test_fills_of_a_thousand_coins_are_told_in_plain_ones(
    account: OkxAccount, host: Venue
) -> None:
    row = trade(1, NOW - 9000, instId="1000SATS-USDT-SWAP", fillPx="0.0002")
    fills = await traded(account, host, SATS_PERP, row)
    np.testing.assert_allclose((fills.size[0], fills.price[0]), (7e6, 2e-7))


async def test_a_fill_belongs_to_the_leg_that_it_changes(account: OkxAccount, host: Venue) -> None:
    legs = [("sell", "long"), ("buy", "short"), ("sell", "short"), ("buy", "net")]
    rows = [trade(i, NOW - 9000 + i, side=side, posSide=leg) for i, (side, leg) in enumerate(legs)]
    fills = await traded(account, host, PERP, *rows)
    assert fills.leg.tolist() == [1, -1, -1, 0]
    assert np.sign(fills.size).tolist() == [-1, 1, -1, 1]


@pytest.mark.parametrize(
    ("instrument", "kind"),
    [
        (PERP, "SWAP"),
        (SPOT, "SPOT"),
        (market(Family.LINEAR, "BTC-USDT-261225", 0.01, expires_ms=DELIVERY), "FUTURES"),
        (market(Family.LINEAR, "BTC-USD_UM_XPERP-310404", 0.0001), "FUTURES"),
    ],
)
async def test_fills_are_asked_for_by_kind_and_market(
    account: OkxAccount, host: Venue, instrument: Instrument, kind: str
) -> None:
    history = host.tells(FILLS, History([], 3 * DAY))
    assert not len((await account.fills(instrument, NOW - HOUR, NOW)).size)
    assert history.asked[0]["instType"] == kind
    assert history.asked[0]["instId"] == instrument.symbol


@pytest.mark.parametrize("days", [1, 2, 3, 30])
async def test_all_pages_of_new_fills_and_old_ones_are_read(
    account: OkxAccount, host: Venue, days: int
) -> None:
    times = [NOW - 1 - i * DAY // 20 for i in range(20 * 30)]
    rows = [trade(9000 - i, time) for i, time in enumerate(times)]
    others = [trade(20_000 + i, NOW - 5, instId="ETH-USDT-SWAP") for i in range(3)]
    new = host.tells(FILLS, History([*rows, *others], 3 * DAY))
    old = host.tells(OLD_FILLS, History(rows, 90 * DAY))
    fills = await account.fills(PERP, NOW - days * DAY, NOW)
    assert fills.time_ms.tolist() == times[: 20 * days][::-1]
    assert bool(old.asked) is (days > 2)
    assert all(int(asked["begin"]) >= NOW - 3 * DAY for asked in new.asked)


async def test_fills_of_a_millisecond_keep_their_order(account: OkxAccount, host: Venue) -> None:
    rows = [trade(number, NOW - 9000, fillSz=str(number)) for number in (9, 10, 100)]
    fills = await traded(account, host, SPOT, *(row | {"instId": "BTC-USDT"} for row in rows))
    assert fills.size.tolist() == [9, 10, 100]


@pytest.mark.parametrize("gap", [{"fillSz": ""}, {"fillPx": "0"}, {"side": "hold"}])
async def test_a_fill_that_cannot_be_read_fails_the_window(
    account: OkxAccount, host: Venue, gap: dict[str, Any]
) -> None:
    with pytest.raises(Malformed):
        await traded(account, host, PERP, trade(1, NOW - 9000, **gap))


async def test_recorded_fill(account: OkxAccount, host: Venue, recorded: Recorded) -> None:
    host.plays(OLD_FILLS, recorded("okx/fills/003")["httpResponse"])
    time_ms = 1_708_587_373_362
    fills = await account.fills(SPOT, time_ms, time_ms + 1)
    assert (fills.size.tolist(), fills.price.tolist()) == ([0.00192834], [51_858])
