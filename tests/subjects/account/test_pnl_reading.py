"""What /pnl makes of what one venue told: what is reconciled, and what is in the totals."""

from dataclasses import replace

import pytest

from crypto_assistant.exchanges.base import LIVE
from crypto_assistant.ledger import Snapshot, SnapshotRow
from crypto_assistant.listings.lists import Listings
from crypto_assistant.models import Balance, Entry, Flow, Holding, Wallet
from crypto_assistant.subjects.account.environments import Environment
from crypto_assistant.subjects.account.markets import Markets
from crypto_assistant.subjects.account.pnl.answer import Lacks, Total, VenuePnl, summed, venue_pnl
from crypto_assistant.subjects.account.pnl.derivatives import Flows
from crypto_assistant.subjects.account.pnl.log import LogWindow
from crypto_assistant.subjects.account.pnl.question import Reply
from crypto_assistant.worth import NO_PRICES
from tests.bookkept import BOOK

START = 1_000_000
SNAPSHOT = Snapshot(*BOOK, START + 70_000, (SnapshotRow("trading", "USDT", 100.0, 0.0, 1.0),))
FEES = tuple(
    Entry(str(time_ms), Flow.FEE, time_ms, None, "", "USDT", -1.0)
    for time_ms in (START, SNAPSHOT.taken_ms - 1, SNAPSHOT.taken_ms)
)
END = START + 200_000
LOGGED = LogWindow(START, FEES, START, END, (SNAPSHOT,), SNAPSHOT.taken_ms, END)
BALANCE = Balance("okx", Wallet.TRADING, (Holding("USDT", 99.0),), END)
TOLD = Reply(LOGGED, (BALANCE,), (), None, NO_PRICES, Markets("okx", Listings({})))


def test_only_what_came_after_the_snapshot_is_added_to_it() -> None:
    found = venue_pnl(TOLD, None)
    assert found.flows is not None
    assert found.flows.fees_usd == -3
    assert found.reconciliation is not None
    assert found.reconciliation.fees_usd == -1
    assert found.reconciliation.residual_usd == 0
    assert found.opening_equity_usd == 100
    assert found.reconciliation_lacks is None


@pytest.mark.parametrize(
    ("told", "lacks"),
    [
        (replace(TOLD, balances=None), Lacks.WALLET),
        (
            replace(TOLD, logged=replace(LOGGED, snapshots=(), snapshots_since_ms=None)),
            Lacks.SNAPSHOT,
        ),
        (replace(TOLD, logged=replace(LOGGED, snapshots=())), Lacks.SNAPSHOT_THEN),
        (
            replace(TOLD, logged=replace(LOGGED, complete_since_ms=SNAPSHOT.taken_ms + 1)),
            Lacks.LOG,
        ),
        (
            replace(TOLD, balances=(replace(BALANCE, holdings=(Holding("USDT", 99.0, None),)),)),
            Lacks.UNREALISED,
        ),
    ],
)
def test_where_an_account_is_not_reconciled_it_is_said_why(told: Reply, lacks: Lacks) -> None:
    found = venue_pnl(told, None)
    assert found.reconciliation is None
    assert found.reconciliation_lacks is lacks
    assert found.flows is not None


def test_wallets_are_not_asked_about_for_one_coin() -> None:
    found = venue_pnl(TOLD, "BTC")
    assert {found.reconciliation, found.reconciliation_lacks, found.transfers_usd} == {None}
    assert found.flows is not None
    assert found.flows.fees_usd == 0


def test_an_opening_of_nothing_has_no_percentage() -> None:
    rows = (SnapshotRow("trading", "USDT", 0.0, 0.0, 1.0),)
    logged = replace(LOGGED, snapshots=(replace(SNAPSHOT, rows=rows),))
    found = venue_pnl(replace(TOLD, logged=logged), None)
    assert found.opening_equity_usd == 0
    assert found.realised_on_opening_fraction is None


LIVE_ONE = Environment(LIVE, None)
TEN = Flows(10.0, -1.0, 0.0, 0.0, 0.0, 9.0, {})


def test_realised_is_held_against_the_opening_equity_of_the_same_venues() -> None:
    known = VenuePnl(flows=TEN, opening_equity_usd=200.0)
    silent = VenuePnl(opening_equity_usd=1000.0)
    accounts = dict.fromkeys(("binance", "bybit", "okx"), LIVE_ONE)
    total = summed({"binance": known, "bybit": known, "okx": silent}, accounts)
    assert total.venues == ("binance", "bybit")
    assert total.flows is not None
    assert total.flows.realised_usd == 20
    assert total.opening_equity_usd == 400
    assert total.realised_on_opening_fraction == 0.05


def test_where_one_opening_is_not_known_the_sum_of_them_is_not() -> None:
    venues = {
        "binance": VenuePnl(flows=TEN, opening_equity_usd=200.0),
        "okx": VenuePnl(flows=TEN),
    }
    total = summed(venues, dict.fromkeys(venues, LIVE_ONE))
    assert total.opening_equity_usd is None
    assert total.realised_on_opening_fraction is None


def test_what_was_realised_in_a_coin_without_a_price_is_no_percentage() -> None:
    unknown = replace(TEN, realised_usd=None, sum_usd=None, unpriced_coins={"BTC": 0.1})
    venues = {
        "binance": VenuePnl(flows=TEN, opening_equity_usd=200.0),
        "okx": VenuePnl(flows=unknown, opening_equity_usd=200.0),
    }
    total = summed(venues, dict.fromkeys(venues, LIVE_ONE))
    assert total.flows is not None
    assert (total.flows.realised_usd, total.flows.fees_usd) == (10, -2)
    assert total.opening_equity_usd == 400
    assert total.realised_on_opening_fraction is None


def test_nothing_told_is_no_total() -> None:
    total = summed({"okx": VenuePnl()}, {"okx": LIVE_ONE})
    assert total == Total((), None, (), None, None, None)
