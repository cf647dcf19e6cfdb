"""One coin over all its markets, reckoned by hand."""

from math import isnan, nan

import pytest

from crypto_assistant.listings.coins import Markets, by_coin, other_coins, proven_others, usd_rates
from crypto_assistant.listings.lists import Listings
from crypto_assistant.models import Family, Tickers
from tests.markets import joined, markets, tickers

SPOT, LINEAR, INVERSE = Family.SPOT, Family.LINEAR, Family.INVERSE


def told(
    venue: str, family: Family, rows: dict[str, tuple[float, float]], *, tradfi: bool = False
) -> Tickers:
    """Last price and turnover by COIN/QUOTE."""
    listed = markets(venue, family, *rows, tradfi=tradfi)
    last = {name.replace("/", ""): price for name, (price, _) in rows.items()}
    turnover = {name.replace("/", ""): amount for name, (_, amount) in rows.items()}
    return tickers(listed, last, turnover)


def merged(*answers: Tickers, tradfi: bool = False, without: str = "") -> dict[str, Markets]:
    return by_coin(answers, tradfi=tradfi, without=without.split())


SPOT_ROWS = {
    "BTC/USDT": (100_000.0, 5e9),
    "BTC/EUR": (80_000.0, 8e7),
    "BTC/TRY": (4_000_000.0, 4e9),
    "BTC/FDUSD": (100_200.0, 1e9),
    "BTC/USDC": (100_100.0, 2e9),
    "ETH/BTC": (0.04, 1_000.0),
    "ETH/USDT": (4_000.0, 1e9),
    "EUR/USDT": (1.25, 1e8),
    "FDUSD/USDT": (0.998, 1e8),
    "USDT/TRY": (40.0, 1e9),
}


def test_a_quote_is_worth_its_own_price_in_usdt() -> None:
    rates = usd_rates(told("binance", SPOT, SPOT_ROWS))
    assert {quote: rates[quote] for quote in ("EUR", "FDUSD", "TRY", "BTC")} == {
        "EUR": 1.25,
        "FDUSD": 0.998,
        "TRY": 1 / 40,
        "BTC": 100_000.0,
    }


def test_the_dollar_coins_count_alike() -> None:
    rates = usd_rates(told("okx", SPOT, {"USDC/USDT": (0.97, 1.0), "USDT/USD": (1.02, 1.0)}))
    assert rates["USDT"] == rates["USDC"] == rates["USD"] == 1.0


def test_a_quote_of_its_own_market_is_not_reckoned_backwards() -> None:
    both = {"TRY/USDT": (0.026, 1.0), "USDT/TRY": (40.0, 1.0)}
    for rows in (both, dict(reversed(both.items()))):
        assert usd_rates(told("binance", SPOT, rows))["TRY"] == 0.026


@pytest.mark.parametrize("last", [nan, 0.0])
def test_a_quote_without_a_price_has_no_worth(last: float) -> None:
    rates = usd_rates(told("binance", SPOT, {"EUR/USDT": (last, 1.0), "USDT/TRY": (last, 1.0)}))
    assert "EUR" not in rates
    assert "TRY" not in rates


def test_turnover_of_every_quote_is_valued_in_dollars() -> None:
    coins = merged(told("binance", SPOT, SPOT_ROWS), without="USDT EUR FDUSD")
    assert set(coins) == {"BTC", "ETH"}
    worth = {market.quote: market.turnover_usd for market in coins["BTC"].same}
    assert worth == {"USDT": 5e9, "EUR": 1e8, "TRY": 1e8, "FDUSD": 0.998e9, "USDC": 2e9}
    prices = {market.symbol: market.price_usd for market in coins["ETH"].same}
    assert prices == {"ETHUSDT": 4_000.0, "ETHBTC": pytest.approx(4_000.0)}
    assert sum(market.turnover_usd for market in coins["ETH"].same) == 1e9 + 1_000 * 100_000


def test_the_usdt_market_with_the_highest_turnover_is_the_primary_one() -> None:
    coins = merged(
        told("binance", LINEAR, {"BTC/USDT": (100.0, 5.0), "BTC/USDC": (100.0, 99.0)}),
        told("bybit", LINEAR, {"BTC/USDT": (101.0, 7.0)}),
        told("okx", INVERSE, {"BTC/USD": (102.0, 98.0)}),
    )
    primary, *others = coins["BTC"].same
    assert (primary.venue, primary.symbol, primary.family) == ("bybit", "BTCUSDT", LINEAR)
    assert [market.venue for market in others] == ["binance", "binance", "okx"]


def test_a_market_more_than_a_tenth_off_the_median_is_another_coin() -> None:
    coins = merged(
        told("binance", LINEAR, {"A/USDT": (100.0, 9.0)}),
        told("bybit", LINEAR, {"A/USDT": (109.9, 1.0)}),
        told("okx", LINEAR, {"A/USDT": (110.2, 8.0), "A/USDC": (89.9, 8.0)}),
        told("okx", INVERSE, {"A/USD": (90.1, 1.0)}),
    )
    assert [(market.venue, market.quote) for market in coins["A"].same] == [
        ("binance", "USDT"),
        ("bybit", "USDT"),
        ("okx", "USD"),
    ]
    assert [(market.venue, market.quote) for market in coins["A"].apart] == [
        ("okx", "USDT"),
        ("okx", "USDC"),
    ]


def test_another_coin_does_not_take_the_name_while_the_primary_market_is_away() -> None:
    answers = {
        ("binance", LINEAR): told("binance", LINEAR, {"A/USDT": (100.0, 9.0)}),
        ("bybit", LINEAR): told("bybit", LINEAR, {"A/USDT": (101.0, 1.0)}),
        ("okx", LINEAR): told("okx", LINEAR, {"A/USDT": (3.0, 8.0), "B/USDT": (2.0, 8.0)}),
    }
    others = other_coins(Listings({}, tickers=answers))
    assert others == {("okx", LINEAR, "A")}
    left = by_coin([answers["okx", LINEAR]], tradfi=False, others=others)
    assert set(left) == {"B"}


@pytest.mark.parametrize("times", [0.1, 10.0])
def test_one_venue_that_is_off_by_ten_and_boasts_of_its_turnover_changes_nobody_else(
    times: float,
) -> None:
    rows = {"A/USDT": (100.0 * times, 1e12), "A/USDC": (100.0 * times, 1e12)}
    right = told("bybit", LINEAR, {"A/USDT": (100.0, 2.0)}), told("okx", SPOT, {"A/USDT": (101, 1)})
    coins = merged(told("binance", LINEAR, rows), told("binance", SPOT, rows), *right)
    assert [market.venue for market in coins["A"].same] == ["bybit", "okx"]
    assert coins["A"].same == merged(*right)["A"].same
    assert {market.venue for market in coins["A"].apart} == {"binance"}


def test_of_two_that_disagree_neither_is_right() -> None:
    answers = [
        told("binance", LINEAR, {"A/USDT": (100.0, 9.0), "B/USDT": (1.0, 1.0)}),
        told("okx", LINEAR, {"A/USDT": (112.0, 1e9), "B/USDT": (1.09, 1.0)}),
    ]
    assert set(merged(*answers)) == {"B"}
    lists = Listings({}, tickers={(one.instruments.venue, LINEAR): one for one in answers})
    assert other_coins(lists) == {("binance", LINEAR, "A"), ("okx", LINEAR, "A")}
    assert proven_others(lists) == set()
    third = told("bybit", LINEAR, {"A/USDT": (113.0, 1.0)})
    now = by_coin([*answers, third], tradfi=False, others=proven_others(lists))
    assert [market.venue for market in now["A"].same] == ["okx", "bybit"]


def test_of_two_venues_the_more_markets_are_right() -> None:
    coins = merged(
        told("binance", LINEAR, {"A/USDT": (100.0, 1.0), "A/USDC": (100.5, 1.0)}),
        told("okx", LINEAR, {"A/USDT": (10.0, 9.0)}),
    )
    assert [market.venue for market in coins["A"].same] == ["binance", "binance"]


def test_a_market_without_price_or_turnover_is_left_out() -> None:
    rows = {"A/USDT": (nan, 1.0), "B/USDT": (1.0, nan), "C/USDT": (1.0, 0.0), "D/XYZ": (1.0, 9.0)}
    coins = merged(told("binance", LINEAR, rows))
    assert set(coins) == {"C"}
    assert not isnan(coins["C"].same[0].turnover_usd)


def test_a_coin_without_a_market_in_dollars_is_left_out() -> None:
    rows = {"BTC/USDT": (100_000.0, 1.0), "ODD/BTC": (0.1, 1.0), "USDT/TRY": (40.0, 1.0)}
    assert set(merged(told("binance", SPOT, rows), without="USDT")) == {"BTC"}


def test_stocks_and_coins_are_never_mixed() -> None:
    crypto = markets("okx", LINEAR, "BTC/USDT")
    mixed = tickers(
        joined(crypto, markets("okx", LINEAR, "XAU/USDT", tradfi=True)),
        {"BTCUSDT": 100.0, "XAUUSDT": 4_000.0},
        {"BTCUSDT": 1.0, "XAUUSDT": 1.0},
    )
    assert set(merged(mixed)) == {"BTC"}
    assert set(merged(mixed, tradfi=True)) == {"XAU"}


def test_money_is_no_coin() -> None:
    rows = {"BTC/USDT": (1.0, 1.0), "FDUSD/USDT": (1.0, 1.0)}
    assert set(merged(told("binance", SPOT, rows), without="FDUSD USDT")) == {"BTC"}
