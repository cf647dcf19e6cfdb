"""Profit and loss by hand: by average cost and FIFO, linear and inverse."""

from collections.abc import Callable
from math import inf, isnan, nan

import numpy as np
import pytest

from crypto_assistant.calculators.pnl import (
    FLAT,
    Ledger,
    Lot,
    average_cost,
    fifo,
    first_from_flat,
)
from tests.calculators.columns import floats

Method = Callable[..., Ledger]
either = pytest.mark.parametrize("method", [average_cost, fifo])


def rows(ledger: Ledger) -> list[tuple[float, float, float]]:
    """(realised, position, entry) after each fill, an entry of nan as inf so that it equals."""
    entry = np.where(np.isnan(ledger.entry), inf, ledger.entry).tolist()
    return list(zip(ledger.realised.tolist(), ledger.position.tolist(), entry, strict=True))


def test_a_long_bought_twice_and_sold_in_parts_at_average_cost() -> None:
    # 2 at 100 and 6 at 120 cost 920, 115 each. 4 sold at 130: 4 * 15. 4 sold at 105: 4 * -10.
    ledger = average_cost(floats(2, 6, -4, -4), floats(100, 120, 130, 105))
    assert rows(ledger) == [(0, 2, 100), (0, 8, 115), (60, 4, 115), (-40, 0, inf)]
    assert ledger.lots == ()


def test_the_same_long_by_fifo_realises_the_cheap_lot_first() -> None:
    # 4 sold at 130: 2 of 100 and 2 of 120, 2 * 30 + 2 * 10. Then 4 of 120 at 105: 4 * -15.
    ledger = fifo(floats(2, 6, -4, -4), floats(100, 120, 130, 105))
    assert rows(ledger) == [(0, 2, 100), (0, 8, 115), (80, 4, 120), (-60, 0, inf)]
    assert ledger.lots == ()


def test_a_short_earns_as_the_price_falls() -> None:
    # 1 sold at 50 and 3 at 70 are short at 65. 2 bought at 60: 2 * 5, by FIFO 1 * -10 + 1 * 10.
    size, price = floats(-1, -3, 2), floats(50, 70, 60)
    assert rows(average_cost(size, price)) == [(0, -1, 50), (0, -4, 65), (10, -2, 65)]
    assert rows(fifo(size, price)) == [(0, -1, 50), (0, -4, 65), (0, -2, 70)]
    assert average_cost(size, price).lots == (Lot(-2, 65),)
    assert fifo(size, price).lots == (Lot(-2, 70),)


@either
def test_a_fill_through_zero_closes_all_and_opens_the_rest_at_its_price(method: Method) -> None:
    # Long 3 at 10; 5 sold at 12: 3 * 2, short 2 at 12. 6 bought at 8: 2 * 4, long 4 at 8.
    ledger = method(floats(3, -5, 6), floats(10, 12, 8))
    assert rows(ledger) == [(0, 3, 10), (6, -2, 12), (8, 4, 8)]
    assert ledger.lots == (Lot(4, 8),)


def test_a_fill_through_zero_closes_every_lot() -> None:
    # Long 1 at 10, 1 at 14; 3 sold at 20: 10 + 6.
    ledger = fifo(floats(1, 1, -3), floats(10, 14, 20))
    assert rows(ledger) == [(0, 1, 10), (0, 2, 12), (16, -1, 20)]
    assert ledger.lots == (Lot(-1, 20),)


def test_an_inverse_long_earns_coins_and_its_mean_is_harmonic() -> None:
    # 100 USD at 200 and 300 USD at 400 are 0.5 + 0.75 coins: 400 / 1.25 = 320.
    # 200 USD sold at 500: 200 / 320 - 200 / 500 = 0.625 - 0.4.
    ledger = average_cost(floats(100, 300, -200), floats(200, 400, 500), inverse=True)
    assert ledger.realised.tolist() == pytest.approx([0, 0, 0.225], rel=1e-14)
    assert ledger.position.tolist() == [100, 400, 200]
    assert ledger.entry.tolist() == pytest.approx([200, 320, 320], rel=1e-14)
    # The last 200 USD at 250: 0.625 - 0.8.
    assert ledger.unrealised(250) == pytest.approx(-0.175, rel=1e-14)


def test_the_same_inverse_long_by_fifo() -> None:
    # 200 USD at 500: 100 of 200 and 100 of 400, (0.5 - 0.2) + (0.25 - 0.2). 200 of 400 stay open.
    ledger = fifo(floats(100, 300, -200), floats(200, 400, 500), inverse=True)
    assert ledger.realised.tolist() == pytest.approx([0, 0, 0.35], rel=1e-14)
    assert ledger.entry.tolist() == pytest.approx([200, 320, 400], rel=1e-14)
    assert ledger.lots[0] == pytest.approx((200, 400), rel=1e-14)
    # At 250: 0.5 - 0.8. Together 0.05, as by average cost: 0.225 - 0.175.
    assert ledger.unrealised(250) == pytest.approx(-0.3, rel=1e-14)


@either
def test_an_inverse_short_through_zero(method: Method) -> None:
    # Short 100 USD at 50; 300 bought at 40: 100 / 40 - 100 / 50 = 0.5 coins, long 200 USD at 40.
    ledger = method(floats(-100, 300), floats(50, 40), inverse=True)
    assert ledger.realised.tolist() == pytest.approx([0, 0.5], rel=1e-14)
    assert ledger.lots[0] == pytest.approx((200, 40), rel=1e-14)


@either
def test_unrealised_is_what_closing_at_the_mark_would_realise(method: Method) -> None:
    size, price = floats(2, 3, -1), floats(10, 20, 30)
    closed = method(np.append(size, -4), np.append(price, 7.0))
    assert method(size, price).unrealised(7) == closed.realised[-1]
    assert closed.unrealised(7) == 0


@either
def test_a_fill_of_nothing_does_nothing(method: Method) -> None:
    ledger = method(floats(0, 2, 0, -1, 0, -1, 0), floats(9, 10, 99, 12, 1, 13, 5))
    assert rows(ledger) == [
        *[(0, 0, inf), (0, 2, 10), (0, 2, 10), (2, 1, 10)],
        *[(0, 1, 10), (3, 0, inf), (0, 0, inf)],
    ]


@either
def test_what_floats_leave_over_is_flat(method: Method) -> None:
    assert 0.1 + 0.2 - 0.3 != 0
    ledger = method(floats(0.1, 0.2, -0.3, 1), floats(10, 10, 12, 50))
    assert ledger.position.tolist()[2:] == [0, 1]
    assert isnan(ledger.entry[2])
    assert ledger.realised.sum() == pytest.approx(0.6, rel=1e-14)
    assert ledger.lots == (Lot(1, 50),)


@either
def test_after_a_reversal_the_residue_of_the_larger_position_is_still_flat(method: Method) -> None:
    residue = 1e6 + 0.1 - 1e6 - 0.1
    assert abs(residue) > FLAT
    ledger = method(floats(1e6, 0.1, -1e6, -0.2, 0.1), floats(1, 1, 1, 1, 1))
    assert ledger.position[-1] == 0
    assert isnan(ledger.entry[-1])


@either
def test_the_smallest_lot_beside_a_huge_position_is_not_flat(method: Method) -> None:
    ledger = method(floats(1e9, -(1e9 - 1)), floats(2, 3))
    assert ledger.position[-1] == 1
    assert ledger.lots == (Lot(1, 2),)


@either
def test_once_flat_a_small_position_is_measured_by_itself(method: Method) -> None:
    ledger = method(floats(1e9, -1e9, 1e-4), floats(2, 3, 5))
    assert ledger.lots == (Lot(1e-4, 5),)


def test_fifo_keeps_no_crumbs_of_lots() -> None:
    # 0.3 closes 0.1 and 0.2, but 0.3 - 0.1 is less than 0.2.
    assert fifo(floats(0.1, 0.2, 1, -0.3), floats(5, 6, 7, 8)).lots == (Lot(1, 7),)


@either
def test_an_opening_position_is_closed_by_the_fills(method: Method) -> None:
    # 5 at 100 from before; 2 sold at 110: 20. 1 bought at 104 makes 4 at 101. 4 sold at 103: 8.
    ledger = method(floats(-2, 1, -4), floats(110, 104, 103), [Lot(5, 100)])
    assert rows(ledger) == [(20, 3, 100), (0, 4, 101), (8, 0, inf)]


def test_opening_lots_are_closed_in_their_order() -> None:
    opening = [Lot(1, 10), Lot(1, 30)]
    assert fifo(floats(-1), floats(40), opening).realised.tolist() == [30]
    assert average_cost(floats(-1), floats(40), opening).realised.tolist() == [20]


@either
def test_without_fills_the_opening_position_stays(method: Method) -> None:
    ledger = method(floats(), floats(), [Lot(-3, 20)])
    assert rows(ledger) == []
    assert ledger.lots == (Lot(-3, 20),)
    assert ledger.unrealised(18) == 6
    assert method(floats(), floats()).unrealised(18) == 0


@either
@pytest.mark.parametrize("turn", [(-5, 2), (-7, 0)], ids=["flat", "reversed"])
def test_an_unknown_entry_is_unknown_until_flat_or_reversed(
    method: Method, turn: tuple[float, float]
) -> None:
    ledger = method(floats(-1, 1, *turn, 2), floats(10, 11, 12, 13, 12), [Lot(5, nan)])
    assert np.isnan(ledger.realised).tolist() == [True, False, True, False, False]
    assert np.isnan(ledger.entry[:2]).all()
    assert ledger.entry[3] == (13 if turn[1] else 12)


@either
def test_a_fill_of_unknown_size_makes_unknown_what_follows(method: Method) -> None:
    ledger = method(floats(2, nan, -1), floats(10, 11, 12))
    assert np.isnan(ledger.realised).tolist() == [False, True, True]
    assert np.isnan(ledger.position).tolist() == [False, True, True]
    assert np.isnan(ledger.entry).tolist() == [False, True, True]
    assert isnan(ledger.unrealised(13))


@either
def test_columns_of_different_lengths_are_refused(method: Method) -> None:
    with pytest.raises(ValueError, match="shorter"):
        method(floats(1, 2), floats(10))


def test_legs_of_hedge_mode_are_told_apart() -> None:
    # Long 2 at 100, short 2 at 110, both closed at 105: 10 each. As one leg they would be 20 too,
    # but realised by the second fill.
    long = average_cost(floats(2, -2), floats(100, 105))
    short = average_cost(floats(-2, 2), floats(110, 105))
    assert long.realised.tolist() == short.realised.tolist() == [0, 10]


@pytest.mark.parametrize(
    ("size", "position", "first"),
    [
        # Long 3 before; sold, then 1 bought from flat.
        ((-1, -2, 1), 1, 2),
        ((1, 2, -1), 2, 0),
        # Several: the earliest.
        ((-3, 1, -1, 2), 2, 1),
        # Reversed from long 1 to short 1 without a fill from flat.
        ((-2, -1), -2, None),
        # Never flat; flat only after the last; no fills.
        ((1, -1, 1), 5, None),
        ((-1, -1), 0, None),
        ((), 0, None),
        ((), 4, None),
        # Residues of floats.
        ((-0.3, 0.1, 0.2, -0.1), 0.2, 1),
        ((0.3,), 0.1 + 0.2, 0),
        # A fill of nothing from flat is one from flat.
        ((-1, 0, 2), 2, 1),
        # What came before an unknown size is unknown, and so are all positions.
        ((1, nan, 2), 2, None),
    ],
)
def test_the_first_fill_that_found_no_position(
    size: tuple[float, ...], position: float, first: int | None
) -> None:
    assert first_from_flat(floats(*size), position) == first


@either
def test_from_the_first_fill_from_flat_on_the_past_does_not_matter(method: Method) -> None:
    size, price = floats(-3, 1, 2, -1, -2, 4), floats(9, 10, 13, 11, 14, 12)
    known = method(size, price, [Lot(3, 7)])
    first = first_from_flat(size, known.position[-1])
    assert first == 1
    later = method(size[first:], price[first:])
    assert later.realised.tolist() == known.realised[first:].tolist()
    assert later.lots == known.lots
