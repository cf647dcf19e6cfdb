"""How every adapter reads numbers."""

from math import isnan

import numpy as np
import pytest

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.payload import Table, matrix, number, numbers, price, rows


@pytest.mark.parametrize(
    ("cell", "value"), [("0.5", 0.5), (7, 7.0), (0.25, 0.25), ("-1e-8", -1e-8), ("0", 0.0)]
)
def test_numbers_come_as_strings_and_as_numbers(cell: object, value: float) -> None:
    assert number(cell) == value
    assert numbers([cell]).tolist() == [value]


@pytest.mark.parametrize("cell", [None, "", "nan", "inf", "-Infinity", float("nan"), "1e308"])
def test_what_is_not_there_is_nan_and_never_zero(cell: object) -> None:
    assert isnan(number(cell))
    assert np.isnan(numbers([cell])).tolist() == [True]


@pytest.mark.parametrize("cell", ["n/a", True, [], {}])
def test_what_is_no_number_is_malformed(cell: object) -> None:
    with pytest.raises(Malformed):
        number(cell)
    with pytest.raises(Malformed):
        numbers(["1", cell])


@pytest.mark.parametrize("payload", [None, {}, [], [1], "text", [{}, None]])
def test_only_a_list_of_objects_is_a_table(payload: object) -> None:
    with pytest.raises(Malformed):
        rows(payload)


def test_columns_follow_the_symbols_and_not_the_answer() -> None:
    payload = [{"s": "B", "p": "2"}, {"s": "C", "p": "3"}, {"s": "A", "p": ""}]
    (column,) = Table.read(payload, 0, "s", ["p"]).columns(["A", "B", "Z", "C"], "p")
    np.testing.assert_array_equal(column, [np.nan, 2, np.nan, 3])


def test_a_field_that_no_row_has_is_nan() -> None:
    (column,) = Table.read([{"s": "A"}], 0, "s", ["p"]).columns(["A"], "p")
    assert np.isnan(column).all()


def test_a_price_of_zero_is_a_placeholder() -> None:
    np.testing.assert_array_equal(price(np.array([0.0, 1.5, np.nan])), [np.nan, 1.5, np.nan])


@pytest.mark.parametrize(
    "payload",
    [[], [["1", "2"]], [["1", "2", "3"], ["1"]], [["", "2", "3"]], [["1", "x", "3"]]],
    ids=["empty", "narrow", "ragged", "without time", "text"],
)
def test_bars_of_another_shape_are_malformed(payload: list[list[object]]) -> None:
    with pytest.raises(Malformed):
        matrix(payload, 3)
