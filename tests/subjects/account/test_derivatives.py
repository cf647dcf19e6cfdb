"""What derivatives brought and cost, worked out by hand."""

from dataclasses import replace

import pytest

from crypto_assistant.ledger import Snapshot, SnapshotRow
from crypto_assistant.models import Entry, Family, Flow, Position, Side
from crypto_assistant.subjects.account.pnl import derivatives
from crypto_assistant.subjects.account.pnl.derivatives import Flows, Open, summed_flows, summed_open

USD = {"USDT": 1.0, "BTC": 50_000.0, "BNB": 600.0}.get
"""USD per coin; nothing tells what a NOPRICE is worth."""


def line(flow: Flow, coins: float, coin: str = "USDT") -> Entry:
    return Entry("1", flow, 0, Family.LINEAR, "BTCUSDT", coin, coins)


POSITION = Position(
    venue="binance",
    family=Family.LINEAR,
    symbol="BTCUSDT",
    instrument=None,
    side=Side.LONG,
    hedged=False,
    contracts=0.1,
    coins=0.1,
    usd=5000.0,
    entry=49_000.0,
    mark=50_000.0,
    liquidation=None,
    leverage=10.0,
    isolated=False,
    settle="USDT",
    margin=500.0,
    unrealised=100.0,
)
INVERSE = replace(POSITION, settle="BTC", margin=0.02, unrealised=-0.003)


def test_flows_are_summed_by_their_reason_at_prices_of_now() -> None:
    found = derivatives.flows(
        [
            line(Flow.REALISED, 120.5),
            line(Flow.REALISED, -20.25),
            line(Flow.REALISED, 0.001, "BTC"),
            line(Flow.FEE, -1.5),
            line(Flow.FEE, -0.002, "BNB"),
            line(Flow.FUNDING, -0.75),
            line(Flow.REBATE, 0.3),
            line(Flow.LIQUIDATION, -4.0),
        ],
        USD,
    )
    assert found.realised_usd == 150.25
    assert found.fees_usd == pytest.approx(-2.7)
    assert (found.funding_usd, found.rebates_usd, found.liquidation_usd) == (-0.75, 0.3, -4.0)
    assert found.sum_usd == pytest.approx(143.1)
    assert found.unpriced_coins == {}


def test_transfers_spot_and_the_rest_are_no_pnl_of_derivatives() -> None:
    others = [line(flow, 1000.0) for flow in (Flow.TRANSFER, Flow.SPOT, Flow.OTHER)]
    others.append(line(Flow.OTHER, 7.0, "NOPRICE"))
    assert derivatives.flows(others, USD) == Flows(0, 0, 0, 0, 0, 0, {})


def test_a_coin_without_a_price_is_named_beside_the_sum_of_the_rest() -> None:
    found = derivatives.flows(
        [
            line(Flow.REALISED, 10.0),
            line(Flow.REALISED, 3.0, "NOPRICE"),
            line(Flow.FEE, -0.5, "NOPRICE"),
            line(Flow.FUNDING, 1.25),
        ],
        USD,
    )
    assert found == Flows(10.0, None, 1.25, 0.0, 0.0, 11.25, {"NOPRICE": 2.5})


def test_what_came_for_one_reason_is_known_only_where_all_of_it_has_a_price() -> None:
    bought = [line(Flow.SPOT, -5000.0), line(Flow.SPOT, 0.0999, "BTC"), line(Flow.FEE, -1.0)]
    assert derivatives.flow_usd(bought, Flow.SPOT, USD) == pytest.approx(-5.0)
    assert derivatives.flow_usd(bought, Flow.TRANSFER, USD) == 0.0
    assert derivatives.flow_usd([*bought, line(Flow.SPOT, 1.0, "NOPRICE")], Flow.SPOT, USD) is None


def test_open_positions_are_summed_in_dollars() -> None:
    found = derivatives.open_now([POSITION, INVERSE], USD)
    assert found.unrealised_usd == pytest.approx(100 - 150)
    assert found.margin_usd == pytest.approx(500 + 1000)
    assert found.on_margin_fraction == pytest.approx(-50 / 1500)


def test_nothing_open_is_zero_and_not_unknown() -> None:
    assert derivatives.open_now([], USD) == Open(0.0, 0.0, None)


@pytest.mark.parametrize(
    "unknown",
    [
        replace(POSITION, unrealised=None),
        replace(POSITION, unrealised=None, settle="BTC"),
    ],
)
def test_one_position_that_does_not_tell_makes_the_sum_unknown(unknown: Position) -> None:
    assert derivatives.open_now([POSITION, unknown], USD).unrealised_usd is None


def test_a_position_settled_in_a_coin_without_a_price_is_named_beside_the_rest() -> None:
    unpriced = replace(POSITION, settle="NOPRICE", unrealised=-3.0)
    found = derivatives.open_now([POSITION, unpriced], USD)
    assert found == replace(derivatives.open_now([POSITION], USD), unpriced_coins={"NOPRICE": -3.0})
    alone = derivatives.open_now([unpriced], USD)
    assert alone == Open(None, None, None, {"NOPRICE": -3.0})
    assert summed_open([found, alone]) == replace(found, unpriced_coins={"NOPRICE": -6.0})


def test_one_margin_that_is_not_told_leaves_the_unrealised_known() -> None:
    found = derivatives.open_now([POSITION, replace(POSITION, margin=None)], USD)
    assert found == Open(200.0, None, None)


def test_venues_are_summed_and_none_of_them_is_nothing_known() -> None:
    one = Flows(1.0, 2.0, 3.0, 4.0, 5.0, 15.0, {"X": 1.0})
    assert summed_flows([one, one]) == Flows(2, 4, 6, 8, 10, 30, {"X": 2.0})
    assert summed_flows([]) is None
    less = Flows(None, 2.0, 3.0, 4.0, 5.0, None, {"X": 1.0, "Y": 2.0})
    both = Flows(1, 4, 6, 8, 10, 29, {"X": 2.0, "Y": 2.0})
    assert summed_flows([one, less]) == both
    assert summed_open([Open(1.0, 2.0, 0.5), Open(1.0, 6.0, 1 / 6)]) == Open(2.0, 8.0, 0.25)
    assert summed_open([Open(1.0, 2.0, 0.5), Open(None, 2.0, None)]) == Open(None, 4.0, None)
    assert summed_open([]) is None


def snapshot(taken_ms: int, *rows: SnapshotRow) -> Snapshot:
    return Snapshot("binance", "live", "1", taken_ms, rows)


def test_the_opening_equity_is_that_of_then_at_prices_of_then() -> None:
    taken = snapshot(
        70_000,
        SnapshotRow("USD-M", "USDT", 1000.5, 10.0, 1.0),
        SnapshotRow("COIN-M", "BTC", 0.5, 0.01, 40_000.0),
    )
    assert derivatives.opening_usd(taken, 0) == 21_000.5


def test_a_snapshot_that_came_late_is_not_what_the_window_opened_with() -> None:
    row = SnapshotRow("USD-M", "USDT", 1000.5, 10.0, 1.0)
    assert derivatives.opening_usd(snapshot(3_600_000, row), 0) == 1000.5
    assert derivatives.opening_usd(snapshot(3_600_001, row), 0) is None
    assert derivatives.opening_usd(None, 0) is None


def test_an_opening_is_of_what_had_a_price_then() -> None:
    dollars = SnapshotRow("USD-M", "USDT", 1000.5, 10.0, 1.0)
    other = SnapshotRow("USD-M", "NOPRICE", 5.0, 0.0, None)
    assert derivatives.opening_usd(snapshot(0, dollars, other), 0) == 1000.5
    assert derivatives.opening_usd(snapshot(0, other), 0) is None
    assert derivatives.opening_usd(snapshot(0), 0) == 0
