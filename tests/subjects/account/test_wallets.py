"""What wallets add up to, and what they cannot."""

from dataclasses import replace

import pytest

from crypto_assistant.models import Holding
from crypto_assistant.subjects.account.wallets import Held, Purse, Purses, purse, summed
from crypto_assistant.worth import Prices

PRICES = Prices({("BTC", 1.0): 60_000.0, ("ETH", 1.0): 3_000.0, ("DOGE", 1.0): 0.1})


def test_what_is_borrowed_is_less_and_what_is_unrealised_is_part_of_it() -> None:
    found = purse(
        [Holding("USDT", 1_000.0, -200.0), Holding("BTC", 0.5, 0.1), Holding("ETH", -2.0)], PRICES
    )
    assert found.equity_usd == 1_000 + 30_000 - 6_000
    assert found.unrealised_usd == -200 + 6_000
    assert list(found.coins) == ["BTC", "ETH", "USDT"]
    assert found.coins["ETH"].usd == -6_000


def test_an_empty_wallet_holds_nothing_and_one_of_unknown_worth_holds_something() -> None:
    assert purse([], PRICES) == Purse(0.0, 0.0, {})
    unknown = purse([Holding("NOPRICE", 5.0, 0.0, venue_usd=0.0)], PRICES)
    assert (unknown.equity_usd, unknown.unrealised_usd) == (None, 0.0)
    assert unknown.coins == {"NOPRICE": Held(5.0, 0.0, None, None, priced_by_venue=False)}


def test_what_the_venue_says_counts_only_where_no_market_tells_a_price() -> None:
    told = purse([Holding("BTC", 1.0, 0.0, 1.0), Holding("FOO", 4.0, 1.0, 10.0)], PRICES)
    assert told.coins["BTC"].usd == 60_000
    assert told.coins["FOO"] == Held(4.0, 1.0, 2.5, 10.0, priced_by_venue=True)
    assert told.unrealised_usd == 2.5


def test_unrealised_pnl_that_is_not_told_is_not_nothing() -> None:
    found = purse([Holding("USDT", 10.0, None), Holding("BTC", 1.0, 0.1)], PRICES)
    assert (found.equity_usd, found.unrealised_usd) == (60_010, None)


def venue(*purses: Purse, missing: tuple[str, ...] = ()) -> Purses:
    there = {str(number): one for number, one in enumerate(purses)}
    equity = sum(one.equity_usd or 0.0 for one in purses) if purses else None
    return Purses(equity, 0.0 if purses else None, there, missing, False, ())


def coins(**usd: tuple[float, float]) -> Purse:
    """A wallet of coins, each with its amount and its price."""
    held = {
        coin: Held(amount, 0.0, price, amount * price, priced_by_venue=False)
        for coin, (amount, price) in usd.items()
    }
    return Purse(sum(one.usd or 0.0 for one in held.values()), 0.0, held)


def test_a_coin_is_added_up_over_wallets_and_venues_by_its_worth() -> None:
    one = venue(coins(USDT=(500.0, 1.0), BTC=(0.1, 60_000.0)), coins(BTC=(0.2, 60_000.0)))
    other = venue(coins(BTC=(-0.1, 61_000.0), ETH=(1.0, 3_000.0)))
    found = summed({"okx": one, "bybit": other})
    assert [(each.coin, each.coins, each.usd) for each in found.coins] == [
        ("BTC", pytest.approx(0.2), pytest.approx(11_900)),
        ("ETH", 1.0, 3_000),
        ("USDT", 500.0, 500),
    ]
    assert found.equity_usd == pytest.approx(500 + 18_000 - 6_100 + 3_000)


def test_another_coin_of_the_same_name_is_not_added() -> None:
    found = summed({v: venue(coins(NEIRO=(10.0, price))) for v, price in (("a", 1.0), ("b", 2.0))})
    assert [(each.coins, each.usd) for each in found.coins] == [(10.0, 20.0), (10.0, 10.0)]


def test_a_coin_that_has_a_price_at_one_venue_only_is_valued_there_and_not_elsewhere() -> None:
    unknown = purse([Holding("BTC", 1.0), Holding("NOPRICE", 1.0)], Prices({}))
    found = summed({"okx": venue(unknown, unknown), "bybit": venue(coins(BTC=(0.1, 60_000.0)))})
    assert [(each.coin, each.coins) for each in found.coins] == [("BTC", 0.1)]
    assert found.unvalued_coins == {"BTC": ("okx",), "NOPRICE": ("okx",)}


def test_a_venue_counts_as_there_only_with_its_prices() -> None:
    one = replace(venue(coins(USDT=(1.0, 1.0))), without_prices=True)
    found = summed({"okx": one, "bybit": venue(coins(USDT=(2.0, 1.0)))})
    assert (found.equity_usd, found.venues) == (3, ("bybit",))


def test_a_venue_counts_as_there_only_with_all_of_its_wallets() -> None:
    found = summed(
        {
            "binance": venue(coins(USDT=(1.0, 1.0))),
            "bybit": venue(coins(USDT=(10.0, 1.0)), missing=("funding",)),
            "okx": venue(missing=("trading", "funding")),
        }
    )
    assert (found.equity_usd, found.venues) == (11, ("binance",))
    nothing = summed({"okx": venue(missing=("trading",))})
    assert (nothing.equity_usd, nothing.unrealised_usd, nothing.venues) == (None, None, ())
