"""What cannot be is refused and counted, what can be is left as it was sent."""

from dataclasses import fields
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.exchanges import sound
from crypto_assistant.models import (
    Candles,
    Family,
    Fundings,
    Instruments,
    Ticker,
    Tickers,
    Timeframe,
)
from crypto_assistant.net.unread import watching
from tests.markets import NOW, markets

LISTED = markets("okx", Family.LINEAR, "A/USDT")
NONSENSE = [
    ("last", 0.0),
    ("last", -1.0),
    ("last", 1e12),
    ("bid", inf),
    ("high_24h", -3.0),
    ("change_24h", -1.0),
    ("volume_24h", -0.1),
    ("turnover_24h", -1e9),
]


def column(value: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([value])


def tickers(**changed: float) -> Tickers:
    usual = dict.fromkeys(("last", "bid", "ask", "high_24h", "low_24h"), 2.0)
    usual |= {"change_24h": 0.1, "volume_24h": 0.0, "turnover_24h": 9.0, **changed}
    columns = {name: column(value) for name, value in usual.items()}
    return Tickers(instruments=LISTED, received_ms=NOW, **columns)


@pytest.mark.parametrize(("name", "value"), NONSENSE)
def test_a_number_that_cannot_be_is_missing_and_counted_and_the_others_stand(
    name: str, value: float
) -> None:
    with watching() as refused:
        found = sound.tickers(tickers(**{name: value}))
    assert refused.fields == 1
    expected = tickers(**{name: nan})
    for field in fields(Tickers):
        if isinstance(sent := getattr(found, field.name), np.ndarray):
            np.testing.assert_array_equal(sent, getattr(expected, field.name))


@given(st.floats(allow_nan=True), st.floats(allow_nan=True))
def test_once_is_enough(last: float, volume: float) -> None:
    once = sound.tickers(tickers(last=last, volume_24h=volume))
    with watching() as refused:
        twice = sound.tickers(once)
    assert refused.fields == 0
    assert twice.last is once.last
    assert twice.volume_24h is once.volume_24h


@pytest.mark.parametrize(
    ("rate", "hours", "refused_fields"),
    [(0.1, 1, 0), (-0.1, 24, 0), (0.11, 8, 1), (0.01, 0, 1), (0.01, 25, 1), (3.0, 1000, 2)],
)
def test_funding_is_a_few_percent_of_one_to_24_hours(
    rate: float, hours: float, refused_fields: int
) -> None:
    with watching() as refused:
        sound.fundings(Fundings(LISTED, column(rate), column(hours), column(NOW), NOW))
    assert refused.fields == refused_fields


def candle(**changed: float) -> Candles:
    usual = {"open": 2.0, "high": 3.0, "low": 1.0, "close": 2.0, "volume": 5.0, "turnover": 9.0}
    usual |= {"taker_buy": 5.0, "taker_buy_turnover": 9.0, **changed}
    columns = {name: column(value) for name, value in usual.items()}
    opens, closed = np.array([0]), np.array([True])
    return Candles(
        LISTED[0], Timeframe.M1, open_ms=opens, closed=closed, received_ms=NOW, **columns
    )


@pytest.mark.parametrize(
    ("changed", "gone"),
    [
        ({}, set()),
        ({"high": 1.5}, {"open", "high", "low", "close"}),
        ({"low": 2.5}, {"open", "high", "low", "close"}),
        ({"close": -2.0}, {"close"}),
        ({"volume": -1.0}, {"volume"}),
        ({"taker_buy": 5.1}, {"taker_buy"}),
        ({"taker_buy": 5.0 + 1e-9}, set()),
        ({"taker_buy_turnover": -1.0}, {"taker_buy_turnover"}),
    ],
)
def test_a_bar_contradicts_itself_nowhere(changed: dict[str, float], gone: set[str]) -> None:
    found = sound.candles(candle(**changed))
    missing = {
        field.name
        for field in fields(Candles)
        if isinstance(sent := getattr(found, field.name), np.ndarray) and np.isnan(sent).any()
    }
    assert missing == gone


@pytest.mark.parametrize(
    ("bid", "ask", "mid"),
    [(1.0, 1.05, 1.025), (1.0, 1.06, 9.0), (1.1, 1.0, 9.0), (1.0, 1.0, 1.0), (None, 1.0, 9.0)],
)
def test_a_mid_is_of_a_narrow_book(bid: float | None, ask: float, mid: float) -> None:
    ticker = Ticker(LISTED[0], last=9.0, bid=bid, ask=ask)
    assert ticker.mid == pytest.approx(mid)
    columns = tickers(last=9.0, bid=nan if bid is None else bid, ask=ask)
    assert columns.mid[0] == pytest.approx(mid)


def test_an_empty_list_is_sound() -> None:
    none = Instruments.of("okx", Family.LINEAR, [], NOW)
    nothing = np.empty(0)
    assert len(sound.fundings(Fundings(none, nothing, nothing, nothing, NOW)).rate) == 0
