"""Realised PnL reckoned from trades, beside what the account log says, worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from crypto_assistant.models import Entry, Family, Fills, Flow, Instrument, Position, Side
from crypto_assistant.subjects.account.pnl.fills import TradesPnl, trades_pnl
from tests.subjects.account.test_derivatives import POSITION

USD = {"USDT": 1.0, "BTC": 50_000.0}.get
LINEAR = Instrument("okx", Family.LINEAR, "BTC-USDT", "BTC", "USDT", 1.0, 0.01, 0.1, False)
INVERSE = Instrument("okx", Family.INVERSE, "BTC-USD", "BTC", "USD", 1.0, 100.0, 0.1, False)
START = 1000

Row = tuple[int, float, float] | tuple[int, float, float, int]
"""Time, size, price and, in hedge mode, the leg."""


def traded(market: Instrument, rows: Sequence[Row]) -> Fills:
    columns = [(*row, 0)[:4] for row in rows]
    time_ms, size, price, leg = np.array(columns, float).reshape(-1, 4).T
    times, legs = time_ms.astype(np.int64), leg.astype(np.int64)
    return Fills(market, START, 9000, times, size, price, legs, 9000)


def open_position(market: Instrument, contracts: float, *, hedged: bool = False) -> Position:
    """`contracts`: + long, - short."""
    return replace(
        POSITION,
        family=market.family,
        symbol=market.symbol,
        instrument=market,
        side=Side.LONG if contracts > 0 else Side.SHORT,
        contracts=abs(contracts),
        hedged=hedged,
    )


def realised(market: Instrument, time_ms: int, coins: float) -> Entry:
    coin = "BTC" if market.family is Family.INVERSE else "USDT"
    return Entry(str(time_ms), Flow.REALISED, time_ms, market.family, market.symbol, coin, coins)


def test_a_position_opened_added_to_and_closed_in_part() -> None:
    """2 at 100 and 2 at 200 cost 150 on average; 2 sold at 180 bring 60, first in first out 160."""
    fills = traded(LINEAR, [(2000, 2, 100), (3000, 2, 200), (4000, -2, 180)])
    log = [realised(LINEAR, 4000, 60.0)]
    found = trades_pnl(fills, [open_position(LINEAR, 200)], log, USD)
    assert found == TradesPnl("BTC-USDT", 3, START, 60.0, 160.0, 60.0)


def test_what_came_before_nothing_was_open_is_left_out_on_both_sides() -> None:
    fills = traded(LINEAR, [(2000, -1, 90), (3000, 2, 100), (4000, -2, 110)])
    log = [realised(LINEAR, 2000, -77.0), realised(LINEAR, 4000, 20.0)]
    found = trades_pnl(fills, [], log, USD)
    assert found == TradesPnl("BTC-USDT", 3, 3000, 20.0, 20.0, 20.0)


def test_a_position_that_was_never_flat_cannot_be_reckoned() -> None:
    fills = traded(LINEAR, [(2000, 1, 100), (4000, -1, 110)])
    found = trades_pnl(fills, [open_position(LINEAR, 500)], [realised(LINEAR, 4000, 10.0)], USD)
    assert found == TradesPnl("BTC-USDT", 2, None, None, None, None)


def test_a_flip_through_zero_is_no_moment_without_a_position() -> None:
    """Long 1 before, sold 3: short 2."""
    fills = traded(LINEAR, [(2000, -3, 100)])
    found = trades_pnl(fills, [open_position(LINEAR, -200)], [realised(LINEAR, 2000, 5.0)], USD)
    assert found.since_ms is None


def test_one_order_that_closes_and_opens_in_one_moment_is_no_moment_without_a_position() -> None:
    """The log tells both trades at the same time, so what it says since then cannot be parted."""
    fills = traded(LINEAR, [(2000, -1, 100), (2000, -2, 100), (3000, 2, 90), (4000, 1, 80)])
    log = [realised(LINEAR, 2000, 33.0), realised(LINEAR, 3000, 20.0)]
    found = trades_pnl(fills, [open_position(LINEAR, 100)], log, USD)
    assert found == TradesPnl("BTC-USDT", 4, 4000, 0.0, 0.0, 0.0)


def test_inverse_contracts_are_reckoned_in_the_coin() -> None:
    """1000 USD bought at 40,000 and sold at 50,000: 0.025 - 0.02 BTC, at 50,000 each now."""
    fills = traded(INVERSE, [(2000, 1000, 40_000), (3000, -1000, 50_000)])
    found = trades_pnl(fills, [], [realised(INVERSE, 3000, 0.005)], USD)
    assert found.average_cost_usd == pytest.approx(250)
    assert found.fifo_usd == pytest.approx(250)
    assert found.log_usd == pytest.approx(250)


def test_an_inverse_position_is_measured_in_dollars() -> None:
    fills = traded(INVERSE, [(2000, 1000, 40_000), (3000, -400, 50_000)])
    found = trades_pnl(fills, [open_position(INVERSE, 6)], [], USD)
    assert found.since_ms == START
    assert found.average_cost_usd == pytest.approx(100)


def test_contracts_of_many_coins_are_counted_as_plain_coins() -> None:
    pepe = replace(LINEAR, symbol="1000PEPEUSDT", multiplier=1000.0, contract=1.0)
    fills = traded(pepe, [(2000, 5000, 0.01), (3000, -2000, 0.02)])
    found = trades_pnl(fills, [open_position(pepe, 3)], [], USD)
    assert found.since_ms == START
    assert found.average_cost_usd == pytest.approx(20)


def test_the_legs_of_hedge_mode_are_reckoned_apart() -> None:
    fills = traded(
        LINEAR,
        [(2000, 1, 100, 1), (2500, -1, 100, -1), (3000, -1, 130, 1), (3500, 1, 130, -1)],
    )
    log = [realised(LINEAR, 3000, 30.0), realised(LINEAR, 3500, -30.0)]
    found = trades_pnl(fills, [], log, USD)
    assert found == TradesPnl("BTC-USDT", 4, START, 0.0, 0.0, 0.0)


def test_both_legs_count_since_the_later_of_their_moments() -> None:
    """The short one was open before: known from 3000 on, when the long has lost 10 already."""
    fills = traded(
        LINEAR,
        [
            *((1500, 1, 100, 1), (2000, -1, 90, 1), (2500, 1, 95, -1)),
            *((3000, -1, 100, -1), (3500, 1, 80, -1), (4000, 1, 50, 1)),
        ],
    )
    log = [
        *(realised(LINEAR, 2000, -10.0), realised(LINEAR, 2500, 7.0)),
        realised(LINEAR, 3500, 20.0),
    ]
    held = [open_position(LINEAR, 100, hedged=True)]
    found = trades_pnl(fills, held, log, USD)
    assert found == TradesPnl("BTC-USDT", 6, 3000, 20.0, 20.0, 20.0)


def test_one_leg_that_was_never_flat_makes_the_market_unknown() -> None:
    fills = traded(LINEAR, [(2000, 1, 100, 1), (2500, -1, 90, 1), (3000, 1, 100, -1)])
    held = [open_position(LINEAR, -300, hedged=True)]
    assert trades_pnl(fills, held, [], USD).since_ms is None


def test_the_log_of_other_markets_other_reasons_and_other_times_does_not_count() -> None:
    fills = traded(LINEAR, [(2000, 1, 100), (3000, -1, 110)])
    log = [
        realised(LINEAR, 3000, 10.0),
        realised(INVERSE, 3000, 1.0),
        replace(realised(LINEAR, 3000, 99.0), symbol="BTC-USDC"),
        replace(realised(LINEAR, 3000, -0.5), flow=Flow.FEE),
    ]
    other = open_position(INVERSE, 7)
    assert trades_pnl(fills, [other], log, USD) == TradesPnl("BTC-USDT", 2, START, 10.0, 10.0, 10.0)


def test_what_the_log_settles_while_it_is_open_is_not_compared() -> None:
    fills = traded(LINEAR, [(2000, 1, 100), (3000, -1, 110)])
    found = trades_pnl(fills, [], [realised(LINEAR, 2500, 7.0)], USD, settled="daily")
    assert found == TradesPnl("BTC-USDT", 2, None, None, None, None, "daily")


def test_what_is_settled_in_a_coin_without_a_price_is_not_valued() -> None:
    fills = traded(replace(LINEAR, quote="NOPRICE"), [(2000, 1, 100), (3000, -1, 110)])
    found = trades_pnl(fills, [], [], USD)
    assert found == TradesPnl("BTC-USDT", 2, START, None, None, None)
