"""What cannot be is refused and counted, what can be is left as it was sent."""

from dataclasses import fields, replace
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto_assistant.errors import Malformed
from crypto_assistant.exchanges import sound
from crypto_assistant.models import (
    DAY_MS,
    Candles,
    Family,
    Fills,
    FundingHistory,
    Fundings,
    Instruments,
    LongShort,
    LongShorts,
    OpenInterest,
    Position,
    Positions,
    Side,
    Ticker,
    Tickers,
    Timeframe,
    Trades,
    known,
)
from crypto_assistant.net.unread import watching
from tests.markets import NOW, markets

LISTED = markets("okx", Family.LINEAR, "A/USDT")
MINUTE = Timeframe.M1.ms
NONSENSE = [
    ("last", 0.0),
    ("last", -1.0),
    ("last", 1e12),
    ("bid", inf),
    ("high_24h", -3.0),
    ("change_24h", -1.0),
    ("change_24h", 1e4),
    ("volume_24h", -0.1),
    ("turnover_24h", -1e9),
    ("volume_24h", 1e19),
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


def test_a_payment_is_within_a_day_of_now_and_as_much_as_a_clock_may_be_off() -> None:
    days = np.array([-365.0, -2.1, -0.1, 0.3, 1.9, 2.1, 365.0])
    next_ms = NOW + days * DAY_MS
    none = np.full(len(days), nan)
    with watching() as refused:
        found = sound.fundings(Fundings(LISTED, none, none, next_ms, NOW))
    assert refused.fields == 4
    np.testing.assert_array_equal(found.next_ms[2:5], next_ms[2:5])
    assert np.isnan(found.next_ms).sum() == 4


def test_of_a_high_below_the_low_neither_is_known() -> None:
    with watching() as refused:
        found = sound.tickers(tickers(high_24h=1.0))
    assert refused.fields == 2
    assert np.isnan([found.high_24h[0], found.low_24h[0]]).all()


def test_a_contract_of_nothing_is_none() -> None:
    one = replace(LISTED, contract=column(1e12), tick=column(0.0))
    with watching() as refused:
        found = sound.instruments(one)
    assert refused.fields == 2
    assert np.isnan([found[0].contract, found[0].tick]).all()


TWO = [NOW - 2 * MINUTE, NOW - MINUTE]
BAR = {"open": 2.0, "high": 3.0, "low": 1.0, "close": 2.0, "volume": 5.0, "turnover": 9.0}


def candles(open_ms: list[int], changed: dict[str, float] | None = None) -> Candles:
    """Bars that open then, all as usual but what is changed of the last."""
    usual = {**BAR, "taker_buy": 5.0, "taker_buy_turnover": 9.0}
    rows = [usual] * (len(open_ms) - 1) + [usual | (changed or {})]
    columns = {name: np.array([row[name] for row in rows]) for name in usual}
    times, closed = np.array(open_ms, np.int64), np.ones(len(open_ms), bool)
    return Candles(
        LISTED[0], Timeframe.M1, open_ms=times, closed=closed, received_ms=NOW, **columns
    )


@pytest.mark.parametrize(
    ("changed", "gone"),
    [
        ({}, set()),
        ({"high": 1.5}, {"open", "high", "low", "close"}),
        ({"low": 2.5}, {"open", "high", "low", "close"}),
        ({"high": 1.5, "open": nan}, {"open", "high", "low", "close"}),
        ({"close": -2.0}, {"close"}),
        ({"volume": -1.0}, {"volume"}),
        ({"taker_buy": 5.1}, {"taker_buy"}),
        ({"taker_buy": 5.0 + 1e-9}, set()),
        ({"taker_buy_turnover": -1.0}, {"taker_buy_turnover"}),
    ],
)
def test_a_bar_contradicts_itself_nowhere(changed: dict[str, float], gone: set[str]) -> None:
    found = sound.candles(candles(TWO, changed))
    missing = {
        field.name
        for field in fields(Candles)
        if isinstance(sent := getattr(found, field.name), np.ndarray) and np.isnan(sent).any()
    }
    assert missing == gone


def test_bars_of_which_none_has_a_price_are_malformed() -> None:
    with pytest.raises(Malformed):
        sound.candles(candles(TWO[:1], {"high": 1.5}))


@pytest.mark.parametrize(
    ("minutes", "kept", "refused_fields"),
    [
        ([-3, -2, -1], [-3, -2, -1], 0),
        ([-3, -3, -1], [-3, -1], 1),
        ([-1, -2, -3], [-3, -2, -1], 2),
        ([-3, -600_000, -1], [-600_000, -3, -1], 1),
        ([-3, 60, 600_000], [-3, 60], 1),
    ],
)
def test_rows_are_in_order_each_once_and_none_is_to_come(
    minutes: list[int], kept: list[int], refused_fields: int
) -> None:
    sent = candles([NOW + minute * MINUTE for minute in minutes])
    with watching() as refused:
        found = sound.candles(sent)
    assert found.open_ms.tolist() == [NOW + minute * MINUTE for minute in kept]
    assert {len(found.close), len(found.closed)} == {len(kept)}
    assert refused.fields == refused_fields


def test_rows_that_are_all_to_come_are_malformed() -> None:
    with pytest.raises(Malformed):
        sound.candles(candles([NOW + 2 * DAY_MS, NOW + 3 * DAY_MS]))


@pytest.mark.parametrize(("rate", "kept"), [(-0.1, -0.1), (0.0, 0.0), (0.1001, nan), (-5.0, nan)])
def test_payments_are_within_the_caps_each_once_and_none_is_to_come(
    rate: float, kept: float
) -> None:
    time_ms = np.array([NOW - MINUTE, NOW - MINUTE, NOW, NOW + 2 * DAY_MS])
    with watching() as refused:
        found = sound.funding_history(
            FundingHistory(LISTED[0], time_ms, np.array([0.01, 0.02, rate, 0.03]), NOW)
        )
    assert found.time_ms.tolist() == [NOW - MINUTE, NOW]
    np.testing.assert_array_equal(found.rate, [0.01, kept])
    assert refused.fields == 2 + np.isnan(kept)


PRICES = st.floats(-1, 4) | st.sampled_from([nan, 0.0, 1e12])


@given(st.fixed_dictionaries(dict.fromkeys((*BAR, "taker_buy"), PRICES)))
def test_bars_that_are_sound_stay_as_they_are(changed: dict[str, float]) -> None:
    once = sound.candles(candles(TWO, changed))
    with watching() as refused:
        twice = sound.candles(once)
    assert refused.fields == 0
    for field in fields(Candles):
        assert getattr(twice, field.name) is getattr(once, field.name)


def trades(*sizes: float, price: float = 2.0) -> Trades:
    size, paid = np.array(sizes), np.full(len(sizes), price)
    time_ms = NOW - np.arange(len(sizes))
    bought = np.ones(len(sizes), bool)
    return Trades(LISTED[0], time_ms, paid, size, size * paid, bought, int(time_ms[-1]), NOW)


def test_trades_are_in_the_order_of_time() -> None:
    assert sound.trades(trades(1, 2, 3)).size.tolist() == [3, 2, 1]
    assert sound.trades(in_order := sound.trades(trades(1, 0))) is in_order


@pytest.mark.parametrize(
    "wrong",
    [
        *(trades(1, -1), trades(1e19), trades(1, price=0.0), trades(1, price=1e13)),
        replace(trades(1), time_ms=np.array([NOW + DAY_MS + 1])),
    ],
)
def test_trades_with_one_that_cannot_be_are_malformed(wrong: Trades) -> None:
    with pytest.raises(Malformed):
        sound.trades(wrong)


@pytest.mark.parametrize(("size", "price"), [(1e18, 2.0), (-1e19, 2.0), (1.0, 0.0), (1.0, 1e12)])
def test_fills_with_one_that_cannot_be_are_malformed(size: float, price: float) -> None:
    def of(size: float, price: float) -> Fills:
        none = np.array([0])
        return Fills(LISTED[0], 0, NOW, none, column(size), column(price), none, NOW)

    assert sound.fills(sold := of(-1.0, 2.0)) is sold
    with pytest.raises(Malformed):
        sound.fills(of(size, price))


def test_open_interest_is_what_it_can_be_in_both_units() -> None:
    with watching() as refused:
        found = sound.open_interest(OpenInterest(LISTED[0], 0.0, 1e18, NOW))
    assert (found.coins, found.usd, refused.fields) == (0.0, None, 1)


@pytest.mark.parametrize(
    ("long", "kept"), [(0.0, 0.0), (1.0, 1.0), (1.01, None), (-0.1, None), (None, None)]
)
def test_no_more_are_long_than_there_are(long: float | None, kept: float | None) -> None:
    sent = LongShorts(LISTED[0], (LongShort("all accounts", long, NOW),), NOW)
    with watching() as refused:
        found = sound.long_shorts(sent)
    assert found.counts[0].long == kept
    assert refused.fields == (long != kept)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("margin", -1.0), ("liquidation", -3.0), ("liquidation", 1e12), ("entry", 0.0)),
        *(("mark", -1.0), ("leverage", 0.0), ("coins", -1.0), ("usd", 1e18)),
    ],
)
def test_what_a_position_cannot_have_is_missing(name: str, value: float) -> None:
    one = Position(
        *("okx", Family.LINEAR, "A-USDT-SWAP", LISTED[0], Side.LONG),
        hedged=False,
        contracts=1.0,
        coins=1.0,
        usd=2.0,
        entry=2.0,
        mark=2.0,
        liquidation=1.0,
        leverage=3.0,
        isolated=True,
        settle="USDT",
        margin=0.0,
        unrealised=-1.0,
    )
    told = Positions("okx", Family.LINEAR, (one, replace(one, **{name: value})), NOW)  # type: ignore[arg-type]
    with watching() as refused:
        found = sound.positions(told)
    assert found.positions == (one, replace(one, **{name: None}))  # type: ignore[arg-type]
    assert refused.fields == 1


@pytest.mark.parametrize(
    ("bid", "ask", "last", "mid"),
    [
        *((1.0, 1.05, 9.0, 1.025), (1.0, 1.0, 9.0, 1.0)),
        *((1.0, 1.06, 1.02, 1.02), (1.1, 1.0, 0.96, 0.96), (1.0, 50.0, 9.0, 9.0)),
        *((1.0, 1.06, 9.0, None), (1.1, 1.0, 0.94, None), (1.0, 1.06, None, None)),
        *((None, 1.0, 9.0, 9.0), (1.0, None, 9.0, 9.0)),
    ],
)
def test_a_mid_is_of_a_narrow_book_or_of_a_last_that_is_near_a_wide_one(
    bid: float | None, ask: float | None, last: float | None, mid: float | None
) -> None:
    assert Ticker(LISTED[0], last=last, bid=bid, ask=ask).mid == pytest.approx(mid)
    sent = {"bid": bid, "ask": ask, "last": last}
    columns = tickers(**{name: nan if value is None else value for name, value in sent.items()})
    assert known(columns.mid[0]) == pytest.approx(mid)


def test_an_empty_list_is_sound() -> None:
    none = Instruments.of("okx", Family.LINEAR, [], NOW)
    nothing = np.empty(0)
    assert len(sound.fundings(Fundings(none, nothing, nothing, nothing, NOW)).rate) == 0
