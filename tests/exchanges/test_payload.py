"""How every adapter reads numbers."""

from math import isnan

import numpy as np
import pytest

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges.payload import (
    EARLIEST_MS,
    LATEST_MS,
    Table,
    every,
    in_turn,
    key,
    kind,
    matrix,
    moment,
    name,
    number,
    numbers,
    price,
    readable,
    rows,
    series,
    times,
    uid,
)
from crypto_assistant.net.unread import counting

NOW = 1_790_000_000_000
NEVER = 4_133_404_800_000
"""When Binance says that a perp is delivered: on 25 December 2100."""


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


@pytest.mark.parametrize("payload", [None, {}, [], [{}] * 30 + [None]])
def test_a_sum_is_made_of_every_row_or_of_none(payload: object) -> None:
    with pytest.raises(Malformed):
        every(payload)


def test_columns_follow_the_symbols_and_not_the_answer() -> None:
    payload = [{"s": "B", "p": "2"}, {"s": "C", "p": "3"}, {"s": "A", "p": ""}]
    (column,) = Table.read(payload, 0, "s", ["p"]).columns(["A", "B", "Z", "C"], "p")
    np.testing.assert_array_equal(column, [np.nan, 2, np.nan, 3])


def test_a_field_that_no_row_has_is_nan() -> None:
    (column,) = Table.read([{"s": "A"}], 0, "s", ["p"]).columns(["A"], "p")
    assert np.isnan(column).all()


def test_a_price_of_zero_is_a_placeholder() -> None:
    sent = np.array([0.0, 1.5, np.nan, -1.0])
    np.testing.assert_array_equal(price(sent), [np.nan, 1.5, np.nan, -1.0])


@pytest.mark.parametrize("value", ["BTC", "1000PEPE", "BTC-USD_UM-SWAP", "币安人生", "B" * 40])
def test_a_name_is_what_a_venue_may_call_a_market(value: str) -> None:
    assert name(value) == value


@pytest.mark.parametrize(
    "value", [None, "", 7, True, [], {}, "B" * 41, "<b>", "A&B", "B\nTC", "B\x1b[2JTC", "B\u202eTC"]
)
def test_what_could_not_be_shown_is_no_name(value: object) -> None:
    with pytest.raises(Malformed):
        name(value)


@pytest.mark.parametrize(
    ("value", "found"), [("", ""), ("TRADE", "TRADE"), (None, None), (7, None)]
)
def test_a_kind_of_thing_may_have_no_word(value: object, found: str | None) -> None:
    if found is None:
        with pytest.raises(Malformed):
            kind(value)
    else:
        assert kind(value) == found


@pytest.mark.parametrize("value", [0, 7, 2**63, "", "7", "592324_XRPUSDT_161440249321", "-:%" * 33])
def test_rows_are_told_apart_by_a_number_or_a_text(value: object) -> None:
    assert key(value) == str(value)


@pytest.mark.parametrize("value", [None, True, 1.5, [], {}, "x" * 101, "a\nb", "<b>", "\u202e"])
def test_what_could_be_any_row_tells_none_apart(value: object) -> None:
    with pytest.raises(Malformed):
        key(value)


@pytest.mark.parametrize("value", [None, "", 0, "0", True, [], "abc", "1.5", -1, "9" * 41])
def test_an_account_of_no_number_is_nobodys(value: object) -> None:
    assert uid(354937868) == uid("354937868") == "354937868"
    with pytest.raises(Malformed, match="without its id"):
        uid(value)


@pytest.mark.parametrize("value", [NOW, str(NOW), float(NOW), EARLIEST_MS, LATEST_MS - 1])
def test_a_time_is_told_in_ms(value: object) -> None:
    assert moment(value) == int(str(value).removesuffix(".0"))


@pytest.mark.parametrize(
    "value",
    [None, "", 0, "0", -1, NOW // 1000, NOW * 1000, 2**63, NEVER, EARLIEST_MS - 1, LATEST_MS],
)
def test_a_time_of_no_market_is_none(value: object) -> None:
    with pytest.raises(Malformed):
        moment(value)
    assert np.isnan(times(numbers([value]))).all()


@pytest.mark.parametrize(("unread", "of"), [(1, 10), (10, 100), (0, 0)])
def test_a_row_that_cannot_be_read_is_left_out_and_counted(unread: int, of: int) -> None:
    sent = ["1"] * (of - unread) + ["a text"] * unread
    with counting() as told:
        assert readable(sent, number) == [1.0] * (of - unread)
    assert told.rows == unread


@pytest.mark.parametrize(("unread", "of"), [(1, 9), (11, 100), (1, 1)])
def test_a_list_of_which_more_than_a_tenth_cannot_be_read_is_malformed(
    unread: int, of: int
) -> None:
    sent = ["1"] * (of - unread) + ["a text"] * unread
    with pytest.raises(Malformed, match="rows cannot be read"):
        readable(sent, number)


@pytest.mark.parametrize("broken", [{"s": None, "p": "1"}, {"s": "X", "p": []}, None, {}, "X"])
def test_a_table_goes_on_without_the_row_that_cannot_be_read(broken: object) -> None:
    payload = [*({"s": f"C{n}", "p": str(n)} for n in range(1, 11)), broken]
    with counting() as told:
        (column,) = Table.read(payload, 0, "s", ["p"]).columns(["C1", "X", "C10"], "p")
    np.testing.assert_array_equal(column, [1, np.nan, 10])
    assert told.rows == 1


@pytest.mark.parametrize(
    "broken",
    [[NOW, "1"], [None, "1", "2"], [0, "1", "2"], [NOW * 1000, "1", "2"], None, "text", {}],
)
def test_bars_go_on_without_the_one_that_cannot_be_read(broken: object) -> None:
    good = [[NOW + n, "1", str(n)] for n in range(10)]
    with counting() as told:
        bars = matrix([*good, broken], 3, newest=0)
    assert bars[:, 2].tolist() == list(range(10))
    assert told.rows == 1
    for sent, newest in (([*good, broken], -1), ([broken, *good], 0)):
        with pytest.raises(Malformed):
            matrix(sent, 3, newest)


@pytest.mark.parametrize("broken", [{"time": None, "size": "1"}, {}, None, "text"])
def test_samples_do_not_go_on_without_the_newest(broken: object) -> None:
    good = [{"time": NOW + n, "size": str(n)} for n in range(10)]
    assert series([*good, broken], ["time", "size"], 0)[1].tolist() == list(range(10))
    for sent, newest in (([*good, broken], -1), ([broken, *good], 0)):
        with pytest.raises(Malformed):
            series(sent, ["time", "size"], newest)


@pytest.mark.parametrize(
    "payload",
    [[], [["1", "2"]], [["1", "2", "3"], ["1"]], [["", "2", "3"]], [[NOW, "x", "3"]]],
    ids=["empty", "narrow", "ragged", "without time", "text"],
)
def test_bars_of_another_shape_are_malformed(payload: list[list[object]]) -> None:
    with pytest.raises(Malformed):
        matrix(payload, 3)


def test_trades_go_back_in_time_by_a_minute_at_most() -> None:
    inside, beyond = np.array([0.0, 90_000, 30_000, 90_001]), np.array([0.0, 90_000, 29_999])
    assert in_turn(inside) is inside
    with pytest.raises(Malformed, match="out of order"):
        in_turn(beyond)
