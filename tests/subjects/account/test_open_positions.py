"""What an open position is worth and how far it is from its end, by hand."""

from dataclasses import replace

import pytest

from crypto_assistant.models import Family, Funding, Instrument, Side
from crypto_assistant.subjects.account.exposure import Net, Open, nets, read, totals
from crypto_assistant.worth import NO_PRICES, Prices
from tests.played import position

LINEAR = Instrument("okx", Family.LINEAR, "BTCUSDT", "BTC", "USDT", 1.0, 0.01, 0.1, False)
USDC = replace(LINEAR, symbol="BTCUSDC", quote="USDC")
INVERSE = Instrument("okx", Family.INVERSE, "BTCUSD", "BTC", "USD", 1.0, 100.0, 0.1, False)
PRICES = Prices({("USDC", 1.0): 0.99})


def found(
    market: Instrument = LINEAR,
    side: Side = Side.LONG,
    size: float = 0.5,
    *,
    unrealised: float | None = 0.0,
    liquidation: float | None = None,
    atr: float | None = None,
    prices: Prices = PRICES,
) -> Open:
    """A position at a mark price of 60,000 that pays 0.02 % next."""
    opened = position(market, side, size, 60_000.0, liquidation=liquidation)
    funding = Funding(market, 0.0002, 8.0, 1_000, 0)
    return read(replace(opened, unrealised=unrealised), prices, funding, atr, other_coin=False)


@pytest.mark.parametrize(
    ("market", "size", "coins", "paid"),
    [(LINEAR, 0.5, 0.5, 6.0), (USDC, 0.5, 0.5, 6.0 * 0.99), (INVERSE, 30_000.0, 0.5, 6.0)],
)
def test_longs_pay_a_positive_rate_and_shorts_receive_it(
    market: Instrument, size: float, coins: float, paid: float
) -> None:
    long, short = (found(market, side, size) for side in Side)
    assert (long.coins, long.usd) == (coins, 30_000)
    assert long.next_funding_usd == pytest.approx(-paid)
    assert short.next_funding_usd == pytest.approx(paid)


def test_an_inverse_positions_profit_is_in_coins_worth_what_that_coin_is() -> None:
    at_spot = Prices({("BTC", 1.0): 59_000.0})
    one = found(INVERSE, size=30_000.0, unrealised=-0.01, prices=at_spot)
    assert (one.unrealised_usd, one.margin_usd) == (-590, 2_950)


def test_without_a_price_a_margin_coin_is_worth_the_positions_own_mark() -> None:
    one = found(INVERSE, size=30_000.0, unrealised=-0.01, prices=NO_PRICES)
    assert (one.unrealised_coins, one.unrealised_usd) == (-0.01, -600.0)
    assert (one.margin_coins, one.margin_usd) == (0.05, 3_000)
    assert one.unrealised_margin_fraction == pytest.approx(-0.2)


def test_what_is_margined_in_usdc_is_worth_what_usdc_is() -> None:
    one = found(USDC, unrealised=300.0)
    assert (one.unrealised_usd, one.margin_usd) == (297, 2_970)
    unknown = found(USDC, unrealised=300.0, prices=NO_PRICES)
    assert (unknown.unrealised_usd, unknown.next_funding_usd) == (None, None)
    assert unknown.unrealised_margin_fraction == pytest.approx(0.1)
    assert found(unrealised=300.0, prices=NO_PRICES).unrealised_usd == 300


def test_what_is_quoted_in_a_coin_is_worth_what_that_coin_is() -> None:
    market = replace(LINEAR, symbol="ETHBTC", coin="ETH", quote="BTC")
    opened = replace(position(market, Side.SHORT, 2.0, 0.05), usd=None, unrealised=0.01)
    prices = Prices({("BTC", 1.0): 60_000.0})
    one = read(opened, prices, Funding(market, 0.001, 8.0, 0, 0), None, other_coin=False)
    assert (one.usd, one.unrealised_usd, one.next_funding_usd) == (6_000, 600, 6)
    assert read(opened, NO_PRICES, None, None, other_coin=False).usd is None


@pytest.mark.parametrize(
    ("liquidation", "away", "ranges"), [(54_000.0, -0.1, 12.0), (75_000.0, 0.25, 30.0)]
)
def test_the_way_to_liquidation_is_how_far_the_price_may_go(
    liquidation: float, away: float, ranges: float
) -> None:
    """On the wrong side it may be, too: the legs of a hedge share one."""
    one = found(liquidation=liquidation, atr=500.0)
    assert one.liquidation_fraction == pytest.approx(away)
    assert one.liquidation_atr_1h == ranges
    assert found(liquidation=liquidation).liquidation_atr_1h is None
    assert found(atr=500.0).liquidation_atr_1h is None


def test_a_market_on_no_list_leaves_what_the_venue_says() -> None:
    opened = replace(
        position(LINEAR, Side.SHORT, 0.5, 60_000.0),
        instrument=None,
        coins=None,
        usd=None,
        mark=None,
        unrealised=12.0,
    )
    one = read(opened, PRICES, None, None, other_coin=False)
    assert (one.symbol, one.coin, one.contracts, one.usd) == ("BTCUSDT", None, 50, None)
    assert (one.unrealised_usd, one.next_funding_usd) == (12, None)


def test_positions_in_one_coin_have_a_net_over_venues_and_legs() -> None:
    long, short = found(size=0.5), found(side=Side.SHORT, size=0.2)
    inverse = found(INVERSE, Side.SHORT, 30_000.0)
    other = replace(found(size=7.0), coin="ETH")
    both = nets([long, short, other])
    assert both == {"BTC": Net(2, 0.3, 18_000)}
    assert nets([long, inverse]) == {"BTC": Net(2, 0.0, 0.0)}


def test_a_net_is_not_known_by_half_and_not_over_two_coins_of_one_name() -> None:
    long, unknown = found(), replace(found(), usd=None)
    assert nets([long, unknown]) == {"BTC": Net(2, 1.0, None)}
    assert nets([long, replace(long, other_coin=True)]) == {}
    assert nets([replace(long, coin=None)] * 2) == {}


def test_totals_say_of_how_many_positions_they_are() -> None:
    long, short = found(unrealised=10.0), found(side=Side.SHORT, size=0.1, unrealised=-3.0)
    silent = replace(long, usd=None, unrealised_usd=None, next_funding_usd=None)
    sums = totals([long, short, silent])
    assert (sums.positions, sums.sized_positions, sums.unrealised_positions) == (3, 2, 2)
    assert (sums.gross_usd, sums.net_usd, sums.unrealised_usd) == (36_000, 24_000, 7)
    assert sums.next_funding_usd == pytest.approx(-6.0 + 1.2)
    assert totals([]).gross_usd is None


def test_leverage_is_gross_over_equity_where_both_are_whole_and_something_is_left() -> None:
    long, short = found(), found(side=Side.SHORT, size=0.1)
    sums = totals([long, short], 18_000)
    assert (sums.effective_leverage, sums.up_1pct_usd) == (2.0, 240.0)
    weights = [
        totals([long, short], equity_usd, complete=complete).effective_leverage
        for equity_usd, complete in ((None, True), (0.0, True), (-5.0, True), (18_000, False))
    ]
    assert weights == [None] * 4
    assert totals([long], 1.0, complete=False).up_1pct_usd is None


def test_the_last_payment_is_the_latest_and_dated_futures_pay_none() -> None:
    later = replace(found(), next_funding_ms=2_000)
    dated = replace(found(), next_funding_usd=None, next_funding_ms=None, expires_ms=9_000)
    sums = totals([found(), later, dated])
    assert (sums.last_funding_ms, sums.perps, sums.funded_positions) == (2_000, 2, 2)
