import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compare.verdict import Sample, judge

prices = st.floats(1e-9, 1e9)


@given(prices, prices, prices)
def test_whatever_lies_between_two_samples_agrees(one: float, two: float, three: float) -> None:
    low, ours, high = sorted((one, two, three))
    assert judge(ours, [Sample(low), Sample(high)]).agrees
    assert judge(ours, [Sample(high), Sample(low)]).agrees


@pytest.mark.parametrize(
    ("ours", "agrees"),
    [(97.4, False), (97.5, True), (100.0, True), (104.5, True), (104.6, False)],
)
def test_beyond_the_samples_it_may_be_as_far_as_they_moved_and_one_grain(
    ours: float, agrees: bool
) -> None:
    verdict = judge(ours, [Sample(102.0, 0.5), Sample(100.0, 0.5)])
    assert verdict.allowed == 2.5
    assert verdict.agrees is agrees


def test_what_did_not_move_may_be_off_by_a_grain() -> None:
    samples = [Sample(100.0, 0.1), Sample(100.0, 0.1)]
    assert judge(100.1, samples).agrees
    assert not judge(100.2, samples).agrees


@pytest.mark.parametrize("theirs", [1234.5678, -1234.5678, 1e-9, 8e10])
def test_the_past_agrees_to_the_ninth_digit(theirs: float) -> None:
    assert judge(theirs * (1 + 5e-10), [Sample(theirs)]).agrees
    assert not judge(theirs * (1 + 5e-9), [Sample(theirs)]).agrees
    assert not judge(theirs * (1 - 5e-9), [Sample(theirs)]).agrees


def test_zero_is_a_number_like_any_other() -> None:
    assert judge(0.0, [Sample(0.0)]).agrees
    assert not judge(1e-12, [Sample(0.0)]).agrees
