"""The nouns of the market: what is unknown stays unknown."""

from dataclasses import replace
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.models import (
    Family,
    Funding,
    Fundings,
    Instruments,
    OpenInterest,
    OpenInterests,
    Ticker,
    Timeframe,
    known,
    total,
)
from tests.markets import NOW, markets, tickers

LISTED = markets("okx", Family.LINEAR, "BTC/USDT", "ETH/USDT", tick=0.1)
BTC = LISTED[0]


def test_a_row_is_found_by_the_symbol_of_the_venue() -> None:
    assert LISTED.row == {"BTCUSDT": 0, "ETHUSDT": 1}
    assert len(LISTED) == 2
    assert (LISTED[1].coin, LISTED[1].quote, LISTED[1].tick) == ("ETH", "USDT", 0.1)


def test_a_list_of_one_holds_the_same_market() -> None:
    one = Instruments.one(BTC, NOW)
    assert one[0] == BTC
    assert one.row == {"BTCUSDT": 0}


def test_a_missing_number_of_a_column_is_none() -> None:
    ticker = tickers(LISTED, {"BTCUSDT": 100.0})[1]
    assert ticker.last is None
    assert ticker.turnover_24h is None
    assert ticker.instrument.coin == "ETH"
    assert known(nan) is None
    assert known(0.0) == 0.0


TICKER = Ticker(BTC, 100.0, 100.0, 102.0, None, None, None, None, None, NOW)


def test_mid_is_half_way_between_bid_and_ask_and_else_the_last_price() -> None:
    assert TICKER.mid == 101.0
    assert replace(TICKER, bid=None).mid == 100.0
    assert replace(TICKER, ask=None).mid == 100.0
    assert replace(TICKER, ask=None, last=None).mid is None


@pytest.mark.parametrize(
    ("rate", "hours", "rate_8h"),
    [
        (0.0001, 8, 0.0001),
        (0.0001, 4, 0.0002),
        (0.0001, 1, 0.0008),
        (0.0, 8, 0.0),
        (None, 8, None),
        (0.0001, None, None),
    ],
)
def test_funding_is_compared_per_eight_hours(
    rate: float | None, hours: float | None, rate_8h: float | None
) -> None:
    assert Funding(BTC, rate, hours, None, NOW).rate_8h == rate_8h


def test_funding_in_bulk_is_read_as_one_by_one() -> None:
    bulk = Fundings(
        LISTED, np.array([0.0001, nan]), np.array([4.0, nan]), np.array([NOW + 0.0, nan]), NOW
    )
    assert bulk[0] == Funding(BTC, 0.0001, 4.0, NOW, NOW)
    assert bulk[1] == Funding(LISTED[1], None, None, None, NOW)
    assert bulk.rate_8h[0] == bulk[0].rate_8h
    assert isnan(bulk.rate_8h[1])


@pytest.mark.parametrize(
    ("coins", "usd", "mark", "expected"),
    [
        (2.0, None, 100.0, (2.0, 200.0)),
        (None, 200.0, 100.0, (2.0, 200.0)),
        (2.0, 199.0, 100.0, (2.0, 199.0)),
        (0.0, None, 100.0, (0.0, 0.0)),
        (2.0, None, None, (2.0, None)),
        (2.0, None, 0.0, (2.0, None)),
        (None, None, 100.0, (None, None)),
    ],
)
def test_open_interest_is_valued_at_the_mark_where_the_venue_did_not_say(
    coins: float | None,
    usd: float | None,
    mark: float | None,
    expected: tuple[float | None, float | None],
) -> None:
    valued = OpenInterest(BTC, coins, usd, NOW).valued(mark)
    assert (valued.coins, valued.usd) == expected


def test_open_interest_in_bulk_keeps_what_is_missing_missing() -> None:
    bulk = OpenInterests(LISTED, np.array([1.0, nan]), np.array([nan, 0.0]), NOW)
    assert bulk[0] == OpenInterest(BTC, 1.0, None, NOW)
    assert bulk[1] == OpenInterest(LISTED[1], None, 0.0, NOW)


def test_a_total_of_nothing_known_is_not_zero() -> None:
    assert total([]) is None
    assert total([None, None]) is None
    assert total([None, 0.0]) == 0.0
    assert total([1.0, None, 2.0]) == 3.0


@given(st.lists(st.none() | st.floats(-1e12, 1e12)))
def test_a_total_does_not_depend_on_the_order(numbers: list[float | None]) -> None:
    assert total(numbers) == total(reversed(numbers))


def test_a_timeframe_knows_its_length() -> None:
    minutes = [1, 3, 5, 15, 30, 60, 120, 240, 360, 720, 1440]
    assert [timeframe.ms for timeframe in Timeframe] == [60_000 * count for count in minutes]
