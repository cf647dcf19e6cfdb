"""What a coin of a wallet is worth: by the venue's own spot prices, or not at all."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from crypto_assistant.listings.names import per_plain_coin
from crypto_assistant.models import Family, Provenance, Tickers
from crypto_assistant.worth import NO_PRICES, Prices, dated, prices, whole
from tests.markets import markets, tickers

BOOKS = {
    "BTC/USDT": (100.0, 102.0),
    "BTC/USDC": (200.0, 202.0),
    "BTC/USD": (300.0, 302.0),
    "USDC/USDT": (0.998, 1.0),
    "USDC/USD": (0.5, 0.5),
    "SOL/USDC": (20.0, 20.2),
    "SOL/USD": (40.0, 40.0),
    "EUR/USD": (1.14, 1.16),
    "XRP/BTC": (0.1, 0.1),
}


def books(without: str = "") -> Tickers:
    """Spot markets with bid and ask far from their last price, but for one of them."""
    there = {name: book for name, book in BOOKS.items() if name != without}
    bids, asks = np.array(list(there.values())).T
    listed = markets("okx", Family.SPOT, *there)
    return replace(tickers(listed, dict.fromkeys(listed.symbols, 7.0)), bid=bids, ask=asks)


@pytest.mark.parametrize(
    ("coin", "usd"),
    [
        ("BTC", 101.0),
        ("USDC", 0.999),
        ("SOL", 20.1 * 0.999),
        ("EUR", 1.15),
        ("XRP", None),
        ("NOPRICE", None),
    ],
)
def test_a_coin_is_worth_its_mid_in_the_first_dollar_coin_it_trades_in(
    coin: str, usd: float | None
) -> None:
    assert prices(books()).usd(coin) == pytest.approx(usd)


def test_a_dollar_coin_that_is_none_has_a_price_like_any_other() -> None:
    assert prices(books(without="USDC/USDT")).usd("USDC") == 0.5
    assert prices(books(without="USDC/USDT")).usd("SOL") == pytest.approx(10.05)


@pytest.mark.parametrize("coin", ["USDT", "USD", "BNFCR"])
def test_dollars_are_dollars_even_where_nothing_has_a_price(coin: str) -> None:
    assert NO_PRICES.usd(coin) == 1.0
    assert prices(tickers(markets("okx", Family.SPOT, "USDT/USD"), {"USDTUSD": 0.9})).usd(coin) == 1


def test_without_a_book_the_last_price_has_to_do_and_without_a_trade_nothing_does() -> None:
    listed = markets("okx", Family.SPOT, "BTC/USDT", "ETH/USDT", "SOL/USDT")
    told = replace(
        tickers(listed, {"BTCUSDT": 7.0, "ETHUSDT": 0.0}),
        bid=np.array([6.0, nan, nan]),
        ask=np.array([nan, nan, nan]),
    )
    assert [prices(told).usd(coin) for coin in ("BTC", "ETH", "SOL")] == [7.0, None, None]


def test_a_wallets_thousand_is_worth_a_thousand_and_no_other_name_is() -> None:
    """Binance's spot wallet holds 1000SATS, one of which is 1000 SATS."""
    lists = per_plain_coin(
        {
            ("binance", Family.SPOT): markets(
                "binance", Family.SPOT, "1000SATS/USDT", "1INCH/USDT"
            ),
            ("okx", Family.SPOT): markets("okx", Family.SPOT, "SATS/USDT"),
        }
    )
    listed = lists["binance", Family.SPOT]
    assert listed.coins == ("SATS", "1INCH")
    per_plain = {"1000SATSUSDT": 0.0000002, "1INCHUSDT": 0.4}
    found = prices(tickers(listed, per_plain))
    assert found.usd("1000SATS") == pytest.approx(0.0002)
    assert found.usd("1INCH") == 0.4
    assert found.usd("SATS") is None


@pytest.mark.parametrize(
    ("coin", "usd"),
    [("LDBTC", 60_000.0), ("LDUSDT", 1.0), ("LDO", 2.0), ("LDNOPRICE", None), ("LD", None)],
)
def test_what_is_lent_out_is_worth_the_coin_unless_the_name_is_a_coin(
    coin: str, usd: float | None
) -> None:
    listed = markets("binance", Family.SPOT, "BTC/USDT", "LDO/USDT", "O/USDT")
    found = prices(tickers(listed, {"BTCUSDT": 60_000.0, "LDOUSDT": 2.0, "OUSDT": 9.0}), "LD")
    assert found.usd(coin) == usd


def test_only_binance_writes_lent_coins_so() -> None:
    found = prices(tickers(markets("okx", Family.SPOT, "BTC/USDT"), {"BTCUSDT": 60_000.0}))
    assert found.usd("LDBTC") is None


def test_prices_that_were_kept_are_the_oldest_datum_of_who_answered() -> None:
    known = Provenance(answered=("okx", "bybit"), oldest_ms=500)
    priced = {"okx": Prices({}, received_ms=400), "binance": Prices({}, received_ms=1)}
    assert dated(known, priced).oldest_ms == 400
    assert dated(known, {"bybit": NO_PRICES}).oldest_ms == 500
    assert dated(Provenance(), priced).oldest_ms is None


def test_a_whole_has_all_of_its_parts() -> None:
    assert whole([0.1] * 10) == 1.0
    assert whole([1.0, None]) is None
    assert whole([]) is None
